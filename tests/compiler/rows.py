"""Each row of the table of instructions on each kind of number: in whole vectors, and past them one by one."""

from typing import Any

import numpy as np

from pente.compiler import jit
from pente.compiler.emit import EMIT, can_emit
from pente.core import primitives as p
from pente.core.primitives import Primitive
from pente.errors import PenteError
from tests.compiler.agreement import TOLERANCE, traced
from tests.core.completeness import samples

LENGTH = 47  # two vectors of sixteen, and fifteen more
KINDS = ["float32", "float64", "int8", "int32", "int64", "uint8", "uint64", "bool"]


def arguments(op: Primitive, kind: str) -> tuple[Any, ...]:
    """Numbers that the operation is defined on: its own samples, or small whole numbers."""
    given = samples(op)[0][0]
    rng = np.random.default_rng(1)
    if np.dtype(kind).kind == "f":
        return tuple(np.resize(x, LENGTH) if x.dtype.kind == "b" else np.resize(x, LENGTH).astype(kind) for x in given)
    whole = [rng.integers(0, 2 if kind == "bool" else 7, LENGTH).astype(kind) for _ in given]
    return (whole[0] > 2, *whole[1:]) if op is p.select else tuple(whole)


def function(op: Primitive, kind: str) -> Any:
    """The operation as a function of these arguments."""
    if op is p.cast:
        return lambda x: p.cast(x, dtype=np.dtype("int16" if np.dtype(kind).kind == "f" else "float32"))
    if op is p.identity:  # the row that copies a view
        return lambda x: p.reshape(p.broadcast_to(x, shape=(2, LENGTH)), shape=(2 * LENGTH,))
    return op


def has_row(op: Primitive, kind: str) -> bool:
    """Whether the operation takes such numbers, and native code computes it."""
    try:
        graph = traced(function(op, kind), arguments(op, kind))
    except PenteError:
        return False
    return op is p.identity or any(node.op is op and can_emit(node) for node in graph.nodes)


ROWS = [(op, kind) for op in EMIT for kind in KINDS if has_row(op, kind)]


def check_row(op: Primitive, kind: str) -> None:
    """Compiled gives what NumPy gives, number by number."""
    args = arguments(op, kind)
    got, wanted = jit(function(op, kind))(*args).numpy(), np.asarray(function(op, kind)(*args))
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    if wanted.dtype.kind == "f":
        np.testing.assert_allclose(got, wanted, rtol=TOLERANCE[wanted.dtype.name], atol=0)
    else:
        np.testing.assert_array_equal(got, wanted)
