"""Copies of parts of A and B in the order in which a matrix product reads them.

What is read again and again shall lie side by side: a stripe of B as rows of one block's width, the rows of A without
gaps of thousands of bytes, which would all fall into the same few places of the cache.
"""

from collections.abc import Callable
from functools import cache

from pente.compiler.microkernel import size_of
from pente.compiler.writer import Function, Writer

__all__ = ["rows_function", "turn_function"]


ARGUMENTS = ", ".join([
    "ptr %to, ptr %from",
    *[f"i64 %{x}" for x in ("n", "columns", "to_step", "from_step", "from_column", "width", "apart")],
])  # fmt: skip


def _stripes(to: Writer, kind: str, body: Callable[[str, str, str], None]) -> None:
    """For each stripe of so many columns: where it goes, where it comes from, and how many columns it has."""
    to.declare("i64 @llvm.smin.i64(i64, i64)")
    far = to.put("mul i64 %width, %from_column")

    def stripe(j: str, at: list[str]) -> list[str]:
        left = to.put(f"sub i64 %columns, {j}")
        target, source = at
        body(target, source, to.put(f"call i64 @llvm.smin.i64(i64 {left}, i64 %width)"))
        return [to.shifted(kind, target, "%apart"), to.shifted(kind, source, far)]

    to.loop("0", "%columns", "%width", stripe, [("ptr", "%to"), ("ptr", "%from")])


@cache
def rows_function(kind: str, lanes: int) -> Function:
    """``(to, from, n, columns, to_step, from_step, 1, width, apart)``: n rows of so many numbers side by side.

    It is called like ``turn_function``, of which it is the case that needs no turning.
    """
    to = Writer()

    def stripe(target: str, source: str, columns: str) -> None:
        whole = to.put(f"and i64 {columns}, {-lanes}")

        def row(_: str, at: list[str]) -> list[str]:
            target, source = at
            to.some("0", whole, lanes, lambda i: _move(to, kind, lanes, target, source, i))
            to.some(whole, columns, 1, lambda i: _move(to, kind, 1, target, source, i))
            return [to.shifted(kind, target, "%to_step"), to.shifted(kind, source, "%from_step")]

        to.loop("0", "%n", 1, row, [("ptr", target), ("ptr", source)])

    _stripes(to, kind, stripe)
    return to.function("rows", ARGUMENTS)


def _move(to: Writer, kind: str, width: int, target: str, source: str, i: str) -> None:
    """Copy a vector, or one number."""
    full, size = kind if width == 1 else f"<{width} x {kind}>", 4 if kind == "float" else 8
    value = to.put(f"load {full}, ptr {to.shifted(kind, source, i)}, align {size}")
    to.do(f"store {full} {value}, ptr {to.shifted(kind, target, i)}, align {size}")


@cache
def turn_function(kind: str, lanes: int) -> Function:
    """``(to, from, n, columns, to_step, from_step, from_column, width, apart)``: n rows of so many columns.

    They have any strides, and are written as stripes of ``width`` columns, which lie ``apart``. Where the numbers of a
    column lie side by side, vectors of columns are turned in registers.
    """
    to = Writer()
    few = 16 // size_of(kind)  # numbers in 128 bits
    side = to.put("icmp eq i64 %from_step, 1")
    rows = to.put(f"select i1 {side}, i64 {to.put(f'and i64 %n, {-few}')}, i64 0")

    def stripe(target: str, source: str, columns: str) -> None:
        at = target, source
        turned = to.put(f"select i1 {side}, i64 {to.put(f'and i64 {columns}, {-lanes}')}, i64 0")
        to.some("0", turned, lanes, lambda j: to.some("0", rows, few, lambda k: _turn(to, kind, lanes, at, k, j)))
        to.some("0", rows, 1, lambda k: to.some(turned, columns, 1, lambda j: _single(to, kind, at, k, j)))
        to.some(rows, "%n", 1, lambda k: to.some("0", columns, 1, lambda j: _single(to, kind, at, k, j)))

    _stripes(to, kind, stripe)
    return to.function("turn", ARGUMENTS)


def _places(to: Writer, kind: str, at: tuple[str, str], k: str, j: str) -> tuple[str, str]:
    """Where row k and column j go, and where they come from."""
    target = to.put(f"add i64 {to.put(f'mul i64 {k}, %to_step')}, {j}")
    down, across = to.put(f"mul i64 {k}, %from_step"), to.put(f"mul i64 {j}, %from_column")
    return to.shifted(kind, at[0], target), to.shifted(kind, at[1], to.put(f"add i64 {down}, {across}"))


def _single(to: Writer, kind: str, at: tuple[str, str], k: str, j: str) -> None:
    target, source = _places(to, kind, at, k, j)
    to.do(f"store {kind} {to.put(f'load {kind}, ptr {source}')}, ptr {target}")


def _turn(to: Writer, kind: str, lanes: int, at: tuple[str, str], k: str, j: str) -> None:
    """A vector of columns, and of each as many numbers as 128 bits hold: four floats, or two doubles.

    Part p of vector m holds numbers of column few·p + m. They change places inside the parts, which a riffle of the
    vectors does, or two.
    """
    target, source = _places(to, kind, at, k, j)
    few, size = 16 // size_of(kind), size_of(kind)
    parts = [
        to.put(f"load <{few} x {kind}>, ptr {place}, align {size}")
        for place in [to.shifted(kind, source, to.put(f"mul i64 %from_column, {i}")) for i in range(lanes)]
    ]
    vectors = [_joined(to, kind, few, parts[m::few]) for m in range(few)]
    for _ in range(few.bit_length() - 1):
        half = len(vectors) // 2
        pairs = zip(vectors[:half], vectors[half:], strict=True)
        vectors = [_riffled(to, kind, lanes, few, *pair, high) for pair in pairs for high in (False, True)]
    for i, vector in enumerate(vectors):
        place = to.shifted(kind, target, to.put(f"mul i64 %to_step, {i}"))
        to.do(f"store <{lanes} x {kind}> {vector}, ptr {place}, align {size}")


def _joined(to: Writer, kind: str, width: int, parts: list[str]) -> str:
    """One vector of several."""
    while len(parts) > 1:
        vector, mask = f"<{width} x {kind}>", ", ".join(f"i32 {i}" for i in range(2 * width))
        parts = [
            to.put(f"shufflevector {vector} {a}, {vector} {b}, <{2 * width} x i32> <{mask}>")
            for a, b in zip(parts[::2], parts[1::2], strict=True)
        ]
        width *= 2
    return parts[0]


def _riffled(to: Writer, kind: str, lanes: int, few: int, a: str, b: str, high: bool) -> str:
    """In each 128 bits the numbers of the lower halves of a and b in turn, or of the higher."""
    first = few // 2 * high
    order = [p + first + i // 2 + i % 2 * lanes for p in range(0, lanes, few) for i in range(few)]
    mask = ", ".join(f"i32 {i}" for i in order)
    vector = f"<{lanes} x {kind}>"
    return to.put(f"shufflevector {vector} {a}, {vector} {b}, <{lanes} x i32> <{mask}>")
