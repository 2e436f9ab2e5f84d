"""What Pente exports: lists written by hand, names that exist, namespaces that import, a docstring on each thing."""

import ast
import importlib
import importlib.metadata
import tomllib
from types import ModuleType

import pytest

import pente
from tests.house.source import MODULES, ROOT, Module

# The names under which the field looks for these namespaces.
KNOWN = """
callbacks data initializers keras layers linalg losses metrics models optimizers random regularizers
"""
NAMESPACES = [name for name in pente.__all__ if isinstance(getattr(pente, name, None), ModuleType)]
PUBLIC = ["pente", *(f"pente.{name}" for name in NAMESPACES)]


def exported(module: Module) -> list[ast.expr]:
    """The right-hand sides of every assignment to ``__all__``."""
    return [
        statement.value
        for statement in module.tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign)
        and statement.value is not None
        and "__all__" in ast.unparse(statement).split("=")[0]
    ]


@pytest.mark.parametrize("module", [m for m in MODULES if exported(m)], ids=lambda module: module.name)
def test_export_lists_are_literal_and_name_what_exists(module: Module) -> None:
    (value,) = exported(module)
    names = ast.literal_eval(value)  # ruff's RUF022 holds the order
    assert len(names) == len(set(names))
    loaded = importlib.import_module(module.name)
    assert [name for name in names if not hasattr(loaded, name)] == []


def test_the_namespaces_that_the_field_knows_are_here() -> None:
    assert sorted(set(KNOWN.split()) - set(NAMESPACES)) == []


@pytest.mark.parametrize("name", NAMESPACES)
def test_a_namespace_is_a_module_that_imports(name: str) -> None:
    module = importlib.import_module(f"pente.{name}")
    assert getattr(pente, name) is module


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_module_says_what_it_exports(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    assert module.__all__


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_function_and_class_has_a_docstring_of_its_own(name: str) -> None:
    module = importlib.import_module(name)
    things = {export: getattr(module, export) for export in module.__all__}
    assert [export for export, thing in things.items() if callable(thing) and not thing.__doc__] == []


def test_the_version_is_the_one_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert pente.__version__ == project["version"] == importlib.metadata.version("pente")


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "src" / "pente" / "py.typed").exists()
