"""Functions and files stay short enough to be read in one go. Docstrings do not count against a function."""

import ast
import statistics

import pytest

from tests.house.source import MODULES, Module, functions

LONGEST_FUNCTION = 60
LONGEST_FILE = 550

# Tables are as long as what they list: a row an entry, nothing to follow from line to line.
TABLE_FILES: set[str] = set()
TABLE_FUNCTIONS: set[str] = set()


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the end, without the docstring."""
    first = function.body[0]
    docstring = ast.get_docstring(function, clean=False) is not None
    return last_line(function) - function.lineno + 1 - docstring * (last_line(first) - first.lineno + 1)


def last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def long_functions(module: Module) -> list[str]:
    return [
        f"{module.name}:{function.lineno} {function.name} has {length(function)} lines"
        for function in functions(module)
        if length(function) > LONGEST_FUNCTION and f"{module.name}.{function.name}" not in TABLE_FUNCTIONS
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_function_is_longer_than_a_screen(module: Module) -> None:
    assert long_functions(module) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_file_is_too_long_to_read(module: Module) -> None:
    assert module.name in TABLE_FILES or module.text.count("\n") <= LONGEST_FILE


def test_most_functions_are_very_short() -> None:
    lengths = sorted(length(function) for module in MODULES for function in functions(module))
    if len(lengths) < 100:
        pytest.skip("too few functions to speak of most of them")
    assert statistics.median(lengths) <= 8
    assert lengths[len(lengths) * 9 // 10] < 30


def test_every_listed_table_exists() -> None:
    names = {module.name for module in MODULES}
    names_of_functions = {f"{module.name}.{function.name}" for module in MODULES for function in functions(module)}
    assert names >= TABLE_FILES
    assert names_of_functions >= TABLE_FUNCTIONS


def test_a_long_function_is_seen_and_its_docstring_is_free() -> None:
    body = "    x = 1\n" * LONGEST_FUNCTION
    docstring = '    """' + "line\n" * LONGEST_FUNCTION + '    """\n'
    assert len(long_functions(Module("m", "def f():\n" + body))) == 1
    assert long_functions(Module("m", "def f():\n" + docstring + body[: -len("    x = 1\n")])) == []
