"""``import pente`` costs little more than ``import numpy``: sub-packages and their libraries load on first use."""

import subprocess
import sys

import pytest

SLOW_STANDARD_LIBRARY = {"asyncio", "email", "http", "multiprocessing", "sqlite3", "tkinter", "unittest", "xml"}

ADDED = """
import sys, numpy
before = set(sys.modules)
import {module}
print(*sorted({{name.split(".")[0] for name in set(sys.modules) - before}}))
"""


def loaded_beside_numpy(module: str) -> set[str]:
    command = [sys.executable, "-W", "error", "-c", ADDED.format(module=module)]
    return set(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split())


def heavy(loaded: set[str]) -> set[str]:
    return {name for name in loaded - {"pente"} if name not in sys.stdlib_module_names} | loaded & SLOW_STANDARD_LIBRARY


def test_importing_pente_loads_only_itself_and_light_parts_of_the_standard_library() -> None:
    assert heavy(loaded_beside_numpy("pente")) == set()


@pytest.mark.parametrize("module", ["rich", "unittest.mock"])
def test_a_heavy_module_is_seen(module: str) -> None:
    assert module.split(".")[0] in heavy(loaded_beside_numpy(module))
