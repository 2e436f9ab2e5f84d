"""With PENTE_NATIVE=0, or without llvmlite, programs run as NumPy calls and keep the same promises."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pente.compiler.program import Table
from tests.compiler.agreement import CALLABLE, OPERATIONS, assert_agree, calls, traced

ROOT = Path(__file__).parents[2]


def _run(*command: str, **more: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "PENTE_NATIVE": "0", **more}
    return subprocess.run([sys.executable, *command], env=env, cwd=ROOT, capture_output=True, text=True, timeout=500)


@pytest.mark.parametrize("file", ["test_operations.py", "test_jit.py", "test_numbers.py"])
def test_the_promises_hold_without_native_code(file: str) -> None:
    run = _run("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"tests/compiler/{file}")
    assert run.returncode == 0, run.stdout[-3000:]


def test_it_is_the_same_where_llvmlite_is_missing() -> None:
    code = """
import sys
sys.modules["llvmlite"] = sys.modules["llvmlite.binding"] = None
import pente
from pente.compiler import jit, llvm
from pente.compiler.program import Table
f = jit(lambda x: (x * 2).sum())
assert f(pente.tensor([1.0, 2.0])).item() == 6.0
assert not llvm.available()
assert isinstance(next(iter(f.programs.values())).table, Table)
"""
    run = _run("-c", code, PENTE_NATIVE="1")
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", CALLABLE)
def test_a_table_of_numpy_calls_gives_what_the_operation_gives(name: str) -> None:
    function, args = calls(OPERATIONS[name], "float64")
    graph = traced(function, args)
    table = Table(graph)
    wanted = [np.asarray(x) for outs in function(*args) for x in outs]
    for _ in range(2):
        for got, expected in zip(table.run([np.asarray(x) for x in args]), wanted, strict=True):
            assert_agree(got, expected)


def test_a_table_lets_go_of_what_nobody_reads_again() -> None:
    graph = traced(lambda x: ((x * 2 + 1).exp() - 1).sum(), [np.ones(3)])
    freed = [place for row in Table(graph).rows for place in row.free]
    assert len(freed) == len(set(freed))
    assert len(freed) == len(graph.nodes) - 1
