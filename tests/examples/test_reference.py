"""The reference names what exists, and every namespace there is."""

import importlib
import re
from types import ModuleType

import pente
from tests.house.source import ROOT

TEXT = (ROOT / "docs" / "reference.md").read_text("utf-8")
API = (ROOT / "docs" / "api.rst").read_text("utf-8")
NAMESPACES = [name for name in pente.__all__ if isinstance(getattr(pente, name, None), ModuleType)]


def exists(path: str) -> bool:
    thing: object = pente
    for name in path.split("."):
        thing = getattr(thing, name, None)
    return thing is not None


def test_every_name_in_the_reference_exists() -> None:
    full = re.findall(r"`pente\.([\w.]+)`", TEXT)
    short = re.findall(r"`([A-Za-z_]\w*)`", TEXT.split("## In `pente` itself")[1])
    assert len(full) > 20
    assert len(short) > 100
    assert [name for name in (*full, *short) if name != "pente" and not exists(name)] == []


def test_every_namespace_is_in_the_reference_and_in_the_list_of_every_name() -> None:
    modules = re.findall(r"automodule:: pente\.(\w+)", API)
    assert [name for name in NAMESPACES if f"| `pente.{name}` |" not in TEXT] == []
    assert sorted({*NAMESPACES, "keras"}) == sorted({*modules, "keras"})  # Keras's paths hold the same names again
    for name in modules:
        assert importlib.import_module(f"pente.{name}").__doc__
