"""What must not stand in Pente's source: asserts, code from data, and other frameworks."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.source import MODULES, Module, imports

CODE_FROM_DATA = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "runpy", "imp"}
FRAMEWORKS = {"torch", "jax", "tensorflow", "keras", "sklearn", "micrograd"}
# `pente train` shows scikit-learn's score beside its own; the models come from there, when they are asked for.
COMPARED = {("pente.cli.beside", "sklearn")}
CALLS = {"eval", "exec", "__import__"}


def offences(module: Module) -> Iterator[str]:
    for line, target in imports(module):
        package = target.split(".")[0]
        if package in CODE_FROM_DATA | FRAMEWORKS and (module.name, package) not in COMPARED:
            yield f"{module.name}:{line} import of {target}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assert):
            yield f"{module.name}:{node.lineno} assert, which vanishes under python -O"
        if isinstance(node, ast.Call):
            yield from (f"{module.name}:{node.lineno} {offence}" for offence in call_offences(module, node))
    yield from eager_plots(module)


def call_offences(module: Module, call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func)
    if name in CALLS or name.removeprefix("builtins.") in CALLS:
        yield f"call of {name}"
    if any(keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False" for keyword in call.keywords):
        yield "allow_pickle"
    if name.endswith("import_module") and not module.is_package and not isinstance(call.args[0], ast.Constant):
        yield "import of a module whose name is computed"


def eager_plots(module: Module) -> Iterator[str]:
    """matplotlib is an extra: it may be imported inside a function, never where the module is loaded."""
    for statement in module.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom) and "matplotlib" in ast.unparse(statement):
            yield f"{module.name}:{statement.lineno} import of matplotlib at load time"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_nothing_forbidden_stands_in_the_source(module: Module) -> None:
    assert list(offences(module)) == []


@pytest.mark.parametrize(
    "text",
    [
        "assert x",
        "import pickle",
        "from marshal import loads",
        "def f():\n    import torch",
        "from sklearn.base import clone",
        "import matplotlib.pyplot as plt",
        "eval('1')",
        "builtins.exec(text)",
        "__import__(name)",
        "importlib.import_module(name)",
        "np.load(file, allow_pickle=True)",
        "np.load(file, allow_pickle=unsafe)",
    ],
)
def test_each_forbidden_thing_is_seen(text: str) -> None:
    assert len(list(offences(Module("pente.core.node", text)))) == 1
