"""Copies of parts of A and B in the order in which a matrix product reads them.

What is read again and again shall lie side by side: a stripe of B as rows of one block's width, the rows of A without
gaps of thousands of bytes, which would all fall into the same few places of the cache.
"""

from functools import cache

from pente.compiler.microkernel import size_of
from pente.compiler.writer import Function, Writer

__all__ = ["fetch_function", "rows_function", "turn_function"]

LINE = 64  # bytes that come into the cache together


@cache
def rows_function(kind: str, lanes: int) -> Function:
    """``(to, from, rows, length, to_step, from_step)``: so many rows of so many numbers side by side."""
    to = Writer()
    whole = to.put(f"and i64 %length, {-lanes}")

    def row(_: str, at: list[str]) -> list[str]:
        target, source = at
        to.some("0", whole, lanes, lambda i: _move(to, kind, lanes, target, source, i))
        to.some(whole, "%length", 1, lambda i: _move(to, kind, 1, target, source, i))
        return [to.shifted(kind, target, "%to_step"), to.shifted(kind, source, "%from_step")]

    to.loop("0", "%rows", 1, row, [("ptr", "%to"), ("ptr", "%from")])
    return to.function("rows", "ptr %to, ptr %from, i64 %rows, i64 %length, i64 %to_step, i64 %from_step")


def _move(to: Writer, kind: str, width: int, target: str, source: str, i: str) -> None:
    """Copy a vector, or one number."""
    full, size = kind if width == 1 else f"<{width} x {kind}>", 4 if kind == "float" else 8
    value = to.put(f"load {full}, ptr {to.shifted(kind, source, i)}, align {size}")
    to.do(f"store {full} {value}, ptr {to.shifted(kind, target, i)}, align {size}")


@cache
def fetch_function(kind: str) -> Function:
    """``(from, rows, length, from_step)``: ask for so many rows of so many numbers, which will be needed soon."""
    to = Writer()
    to.declare("void @llvm.prefetch.p0(ptr, i32, i32, i32)")
    line = LINE // size_of(kind)

    def row(_: str, at: list[str]) -> list[str]:
        def ask(i: str) -> None:
            to.do(f"call void @llvm.prefetch.p0(ptr {to.shifted(kind, at[0], i)}, i32 0, i32 2, i32 1)")

        to.some("0", "%length", line, ask)
        return [to.shifted(kind, at[0], "%from_step")]

    to.loop("0", "%rows", 1, row, [("ptr", "%from")])
    return to.function("fetch", "ptr %from, i64 %rows, i64 %length, i64 %from_step")


@cache
def turn_function(kind: str, lanes: int) -> Function:
    """``(to, from, n, columns, to_step, from_step, from_column)``: n rows of so many columns, with any strides.

    Where the numbers of a column lie side by side, vectors of columns are turned in registers.
    """
    to = Writer()
    few = 16 // size_of(kind)  # numbers in 128 bits
    side = to.put("icmp eq i64 %from_step, 1")
    rows = to.put(f"select i1 {side}, i64 {to.put(f'and i64 %n, {-few}')}, i64 0")
    columns = to.put(f"and i64 %columns, {-lanes}")
    turned = to.put(f"select i1 {side}, i64 {columns}, i64 0")
    to.some("0", turned, lanes, lambda j: to.some("0", rows, few, lambda k: _turn(to, kind, lanes, k, j)))
    to.some("0", rows, 1, lambda k: to.some(turned, "%columns", 1, lambda j: _single(to, kind, k, j)))
    to.some(rows, "%n", 1, lambda k: to.some("0", "%columns", 1, lambda j: _single(to, kind, k, j)))
    return to.function(
        "turn", "ptr %to, ptr %from, i64 %n, i64 %columns, i64 %to_step, i64 %from_step, i64 %from_column"
    )


def _places(to: Writer, kind: str, k: str, j: str) -> tuple[str, str]:
    """Where row k and column j go, and where they come from."""
    target = to.put(f"add i64 {to.put(f'mul i64 {k}, %to_step')}, {j}")
    down, across = to.put(f"mul i64 {k}, %from_step"), to.put(f"mul i64 {j}, %from_column")
    return to.shifted(kind, "%to", target), to.shifted(kind, "%from", to.put(f"add i64 {down}, {across}"))


def _single(to: Writer, kind: str, k: str, j: str) -> None:
    target, source = _places(to, kind, k, j)
    to.do(f"store {kind} {to.put(f'load {kind}, ptr {source}')}, ptr {target}")


def _turn(to: Writer, kind: str, lanes: int, k: str, j: str) -> None:
    """A vector of columns, and of each as many numbers as 128 bits hold: four floats, or two doubles.

    Part p of vector m holds numbers of column few·p + m. They change places inside the parts, which a riffle of the
    vectors does, or two.
    """
    target, source = _places(to, kind, k, j)
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
