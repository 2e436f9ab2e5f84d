"""Every row of the table of instructions is right, and every row that is broken on purpose is found out."""

from types import ModuleType
from typing import Any

import pytest

from pente.compiler import functions, llvm, loops, power, rows, trigonometry
from pente.compiler.arithmetic import Both
from pente.compiler.emit import EMIT
from pente.compiler.lanes import Lanes, Operand
from pente.core import primitives as p
from pente.core.node import Node
from pente.core.primitives import Primitive
from tests.compiler.rows import ROWS, check_row

WORDS = {"f": "fadd", "i": "add", "u": "add", "b": "xor"}


@pytest.mark.parametrize(("op", "kind"), ROWS, ids=str)
def test_a_row_gives_what_numpy_gives(op: Primitive, kind: str) -> None:
    check_row(op, kind)


def test_every_row_is_tried() -> None:
    assert {op for op, _ in ROWS} == set(EMIT)


def _spoilt(row: Any, width: int) -> Any:
    """The row that gives one more (or the opposite), in vectors of this width only."""

    def wrong(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
        right: str = row(lanes, node, xs)
        if lanes.width != width:
            return right
        return lanes.op(WORDS[node.dtype.kind], node.dtype, right, lanes.constant(1, node.dtype))

    return wrong


@pytest.mark.skipif(not llvm.available(), reason="the rows of native code")
@pytest.mark.parametrize("width", [1, 16])
@pytest.mark.parametrize(("op", "kind"), ROWS, ids=str)
def test_a_broken_row_is_found_out(op: Primitive, kind: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        rows, "loop_kernel", loops.loop_kernel.__wrapped__
    )  # kernels are written anew, and none is kept
    monkeypatch.setitem(EMIT, op, _spoilt(EMIT[op], width))
    with pytest.raises(AssertionError):
        check_row(op, kind)


TABLES = [
    *[(functions, "EXP", p.exp, kind) for kind in ("float32", "float64")],
    (functions, "_LOG", p.log, "float32"),
    (functions, "ATANH", p.log, "float64"),
    *[(functions, "_ERF", p.erf, kind) for kind in ("float32", "float64")],
    *[(power, "EXP", p.power, kind) for kind in ("float32", "float64")],
    (power, "ATANH", p.power, "float64"),
    *[
        (trigonometry, f"_{op.name.upper()}", op, kind)
        for op in (p.sin, p.cos, p.atan, p.asin)
        for kind in ("float32", "float64")
    ],
]


@pytest.mark.skipif(not llvm.available(), reason="the rows of native code")
@pytest.mark.parametrize(("module", "table", "op", "kind"), TABLES)
def test_a_polynomial_one_part_in_a_thousand_wrong_is_found_out(
    module: ModuleType, table: str, op: Primitive, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        rows, "loop_kernel", loops.loop_kernel.__wrapped__
    )  # kernels are written anew, and none is kept
    right = getattr(module, table)
    monkeypatch.setattr(module, table, Both(*([c * 1.001 for c in coefficients] for coefficients in right)))
    with pytest.raises(AssertionError):
        check_row(op, kind)
