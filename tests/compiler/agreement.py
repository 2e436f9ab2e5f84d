"""Compiled against eager: the same calls both ways, and how far they may lie apart.

float64 agrees to 1e-12 of the largest number of the result, float32 to 8 units of its last place there; whole numbers
and truths agree exactly. An infinity, a NaN and a zero stand at the same places.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import pente
from pente import tree
from pente.compiler import jit
from pente.compiler.capture import capture
from pente.compiler.pipeline import FOR_KERNELS, PASSES
from pente.compiler.program import Table
from pente.core.graph import Graph
from pente.core.node import Spec
from pente.core.primitives import Primitive
from pente.core.verify import verify
from tests.core.completeness import OPERATIONS, PARTS, as_function, is_float, moving, outputs, samples

TOLERANCE = {"float64": 1e-12, "float32": 8 * 2.0**-23, "float16": 8 * 2.0**-10, "complex64": 1e-6, "complex128": 1e-12}
KINDS = ["float64", "float32"]
CALLABLE = [name for name in OPERATIONS if name not in PARTS]
HOLD_PROGRAMS = {"scan", "cond", "remat"}  # their samples are programs written for float64


def assert_agree(got: Any, wanted: Any, least: float = 0.0) -> None:
    """Same shape, same dtype, the same numbers within the tolerance of the dtype.

    ``least`` is the size of what went into sums in which large numbers cancel.
    """
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape
    assert got.dtype == wanted.dtype
    if wanted.dtype.kind not in "fc":
        np.testing.assert_array_equal(got, wanted)
        return
    size = np.abs(wanted[np.isfinite(wanted)]).max(initial=least)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=TOLERANCE[wanted.dtype.name] * size, equal_nan=True)


def assert_same_bits(got: Any, wanted: Any) -> None:
    """Bit for bit, but that one NaN is as good as another."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_array_equal(got, wanted)
    if wanted.dtype.kind == "f":
        known = ~np.isnan(wanted)
        np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(wanted[known]))


def numbers(result: Any) -> list[Any]:
    """The leaves of a result as NumPy arrays."""
    return [x.numpy() for x in tree.leaves(result)]


def agree(function: Callable[..., Any], *args: Any, check: Callable[[Any, Any], None] = assert_agree) -> None:
    """The compiled function gives what the function gives, also when it runs again."""
    compiled = jit(function)
    wanted = numbers(tree.map_leaves(pente.asarray, function(*map(pente.asarray, args))))
    for _ in range(2):
        found = numbers(compiled(*args))
        assert len(found) == len(wanted)
        for got, expected in zip(found, wanted, strict=True):
            check(got, expected)


def traced(function: Callable[..., Any], args: Sequence[Any]) -> Graph:
    """The program of a function as it was traced."""
    arrays = [np.asarray(x) for x in args]
    return capture(function, [Spec(x.shape, x.dtype) for x in arrays], [f"x{i}" for i in range(len(arrays))]).graph


def passes_keep_bits(function: Callable[..., Any], args: Sequence[Any]) -> None:
    """After each pass the program is legal and gives, in NumPy, the same bits as before.

    Before those that kernels want, which add up in another order, and after them.
    """
    graph = verify(traced(function, args))
    arrays = [np.asarray(x) for x in args]
    first = Table(graph).run(arrays)
    _follow(graph, PASSES, arrays, first)
    for step in FOR_KERNELS:
        graph = verify(step(graph))
    other = Table(graph).run(arrays)
    for got, expected in zip(other, first, strict=True):
        assert_agree(got, expected, least=1.0)
    _follow(graph, PASSES, arrays, other)


def _follow(graph: Graph, passes: Sequence[Any], arrays: list[Any], wanted: list[Any]) -> None:
    for step in passes:
        graph = verify(step(graph))
        for got, expected in zip(Table(graph).run(arrays), wanted, strict=True):
            assert got.tobytes() == expected.tobytes()


def narrowed(x: Any, kind: str) -> Any:
    return x.astype(kind) if is_float(x) else x


def calls(op: Primitive, kind: str) -> tuple[Callable[..., Any], list[Any]]:
    """All samples of an operation as one function, and its arguments."""
    drawn = [(tuple(narrowed(x, kind) for x in inputs), params) for inputs, params in samples(op)]

    def function(*values: Any) -> Any:
        supply = iter(values)
        return [outputs(op, [next(supply) for _ in inputs], params) for inputs, params in drawn]

    return function, [x for inputs, _ in drawn for x in inputs]


def slopes(op: Primitive, kind: str) -> tuple[Callable[..., Any], list[Any]]:
    """The value and the gradients of a weighted sum of what each sample gives, as one function, and its arguments."""
    parts: list[tuple[Any, int]] = []
    points: list[Any] = []
    for inputs, params in samples(op):
        given = [narrowed(x, kind) for x in inputs]
        places = moving(op, given)
        if places and not op.stops:
            parts.append((as_function(op, given, params), len(places)))
            points += [given[i] for i in places]

    def function(*values: Any) -> Any:
        supply = iter(values)
        return [_slope(part, [next(supply) for _ in range(count)]) for part, count in parts]

    return function, points


def _slope(part: Any, xs: list[Any]) -> Any:
    def weighted(*values: Any) -> Any:
        y = part(*values)
        return (y * np.linspace(0.5, 1.5, y.shape[0]).astype(y.dtype)).sum()

    return pente.value_and_grad(weighted, tuple(range(len(xs))))(*xs)


def check_values(name: str, kind: str = "float64") -> None:
    """What an operation gives is the same compiled and eager."""
    function, args = calls(OPERATIONS[name], kind)
    agree(function, *args)


def _assert_slopes_agree(got: Any, wanted: Any) -> None:
    """The gradient that comes in is of size 1."""
    assert_agree(got, wanted, least=1.0)


def check_slopes(name: str, kind: str = "float64") -> None:
    """So are its gradients."""
    function, args = slopes(OPERATIONS[name], kind)
    agree(function, *args, check=_assert_slopes_agree)
