"""Imports point one way: each unit of the house imports only from the units above it."""

import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.house.source import MODULES, PACKAGE, ROOT, Module, imports, unit_of

# The house, from the ground up to the user, in the order in which data flows through it. Units of one line are peers:
# they may use each other where no circle arises. `pente` is the face, the package's own __init__, which loads the
# others on first use.
HOUSE = """
dtypes shapes tree errors archive config plots
core
ops
linalg fft random
eager
autodiff
compiler
initializers regularizers losses schedules optimizers metrics data
layers
train
models
see
callbacks keras
zoo
tables images tuning labels drift ensemble distributed interop
pente
cli __main__
"""
LEVEL = {unit: level for level, line in enumerate(HOUSE.strip().splitlines()) for unit in line.split()}
UNITS = {module.unit for module in MODULES}


def own_imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and unit of each import of Pente by Pente; ``from pente import x`` is unit x or, where none is, the face."""
    for line, target in imports(module):
        if target.split(".")[0] == "pente":
            unit = unit_of(target)
            yield line, unit if unit in LEVEL or unit in UNITS else "pente"


def upward(modules: Iterable[Module]) -> list[str]:
    return [
        f"{module.name}:{line} imports {unit}, which stands below {module.unit}"
        for module in modules
        if module.unit in LEVEL.keys() - {"pente"}
        for line, unit in own_imports(module)
        if LEVEL.get(unit, 0) > LEVEL[module.unit]
    ]


def uses(modules: Iterable[Module]) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for module in modules:
        if module.name != "pente":
            graph.setdefault(module.unit, set()).update(unit for _, unit in own_imports(module) if unit != module.unit)
    return graph


def test_every_unit_has_its_place_in_the_house() -> None:
    assert sorted(UNITS - LEVEL.keys()) == []


def test_every_folder_is_a_package() -> None:
    """Without an ``__init__`` a folder's modules could be loaded a second time, under another name."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").exists()) == []


def test_the_layout_document_shows_the_units_in_their_order() -> None:
    rows = re.findall(r"^\| `([\w/.]+)`", (ROOT / "docs" / "layout.md").read_text(encoding="utf-8"), re.MULTILINE)
    shown = [row.removesuffix(".py").removesuffix("/") for row in rows]
    assert shown == [unit for unit in LEVEL if unit in UNITS - {"pente", "__main__"}]


def test_no_module_imports_from_below() -> None:
    assert upward(MODULES) == []


def test_no_circle_of_imports_between_units() -> None:
    TopologicalSorter(uses(MODULES)).prepare()


@pytest.mark.parametrize(
    "text",
    [
        "from pente.layers import Dense",
        "from pente import layers",
        "import pente.layers.base",
        "from ..layers import Dense",
        "def late():\n    from pente import layers",
        "import pente",
        "from pente import tensor",
    ],
)
def test_an_upward_import_is_seen_in_every_form(text: str) -> None:
    assert len(upward([Module("pente.core.node", text)])) == 1


def test_a_circle_of_peers_is_seen() -> None:
    circle = [Module("pente.losses", "from pente import metrics"), Module("pente.metrics", "import pente.losses")]
    assert upward(circle) == []
    with pytest.raises(CycleError):
        TopologicalSorter(uses(circle)).prepare()


def test_imports_for_types_alone_are_free() -> None:
    text = "if TYPE_CHECKING:\n    from pente.layers import Dense\nelse:\n    from pente.errors import ShapeError"
    assert list(imports(Module("pente.core.node", text))) == [(4, "pente.errors.ShapeError")]
