"""Kernels that look for places and go to places: argmax and argmin, gather and scatter."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from pente.compiler.lanes import TYPES
from pente.compiler.views import View
from pente.compiler.writer import Kernel, Span, Writer
from pente.core import primitives as p
from pente.core.node import Node
from pente.shapes import Shape

SHARED = 8192  # fewer numbers are done before another thread has begun

__all__ = [
    "SHARED",
    "argmax_kernel",
    "gather_kernel",
    "has_argmax",
    "has_places",
    "moved",
    "over",
    "pointers",
    "rows_kernel",
    "scatter_kernel",
]


Axes = Sequence[tuple[int, Sequence[int]]]


def has_argmax(node: Node) -> bool:
    """Whether there is a kernel for this search."""
    return node.op in (p.argmax, p.argmin) and node.inputs[0].dtype.name in _SEARCHED and all(node.inputs[0].shape)


_SEARCHED = ("float32", "float64", "int32", "int64")


def argmax_kernel(node: Node, x: View, out: View) -> Kernel:
    """The first largest (or smallest) along one axis; NaN wins, as in NumPy."""
    to, axis = Writer(), node.params["axis"]
    source, target = pointers(to, [x, out])
    kind, step = TYPES[x.dtype], x.strides[axis]
    rest = [i for i in range(len(x.shape)) if i != axis]
    axes = [(x.shape[i], (x.strides[i], out.strides[k])) for k, i in enumerate(rest)]

    def search(at: Sequence[str]) -> None:
        first = to.put(f"load {kind}, ptr {moved(to, source, kind, at[0])}")

        def look(i: str, held: list[str]) -> list[str]:
            place = to.put(f"add i64 {at[0]}, {to.put(f'mul i64 {i}, {step}')}")
            value = to.put(f"load {kind}, ptr {moved(to, source, kind, place)}")
            better = _better(to, node, kind, value, held[0])
            best = to.put(f"select i1 {better}, {kind} {value}, {kind} {held[0]}")
            return [best, to.put(f"select i1 {better}, i64 {i}, i64 {held[1]}")]

        _, found = to.loop("0", to.number(x.shape[axis]), 1, look, [(kind, first), ("i64", "0")])
        to.do(f"store i64 {found}, ptr {moved(to, target, 'i64', at[1])}")

    over(to, axes, ["0", "0"], search, shared=prod(x.shape) >= SHARED)
    return to.kernel()


def _better(to: Writer, node: Node, kind: str, value: str, best: str) -> str:
    """Strictly past the best; or the first NaN."""
    if kind in ("float", "double"):
        past = to.put(f"fcmp {'ogt' if node.op is p.argmax else 'olt'} {kind} {value}, {best}")
        fresh = to.put(
            f"and i1 {to.put(f'fcmp uno {kind} {value}, {value}')}, {to.put(f'fcmp ord {kind} {best}, {best}')}"
        )
        return to.put(f"or i1 {past}, {fresh}")
    return to.put(f"icmp {'sgt' if node.op is p.argmax else 'slt'} {kind} {value}, {best}")


def pointers(to: Writer, views: Sequence[View]) -> list[str]:
    """Where each operand begins."""
    return [to.pointer(i, _memory_type(view), view.offset) for i, view in enumerate(views)]


def moved(to: Writer, pointer: str, kind: str, by: str) -> str:
    return to.put(f"getelementptr {kind}, ptr {pointer}, i64 {by}")


def over(to: Writer, axes: Axes, at: list[str], body: Callable[[list[str]], Any], shared: bool = False) -> None:
    """Loops over all axes, each moving the operands by its strides; the first may be shared between threads."""
    if not axes:
        body(at)
        return
    (length, strides), *rest = axes

    def step(i: str) -> None:
        steps = [to.put(f"mul i64 {i}, {to.number(s)}") for s in strides]
        own = [to.put(f"add i64 {a}, {step}") for a, step in zip(at, steps, strict=True)]
        over(to, rest, own, body)

    first, last = to.share(length) if shared else ("0", to.number(length))
    to.some(first, last, 1, step)


# Going to places. An index is checked: a bad one is taken as 0 and told through a word of memory, and the run raises.

_WORD = View(None, 0, (1,), (1,), np.dtype(np.int64))  # type: ignore[arg-type]


def has_places(node: Node) -> bool:
    """Whether there is a kernel that reads or writes at these places."""
    return node.op in (p.gather, p.scatter_add, p.scatter_set) and node.dtype in TYPES and all(node.shape)


def gather_kernel(node: Node, x: View, indices: View) -> Kernel:
    """Copy the rows that the indices name. Operands: x, indices, the result, the word."""
    to = Writer()
    source, places, target, word = pointers(to, [x, indices, x._replace(offset=0), _WORD])
    *sizes, after = _around(x.shape, node.params["axis"], indices.shape)
    kind, (_, length, count) = _memory_type(x), map(to.number, sizes)

    def one(at: str, i: str) -> None:
        index = _checked(to, places, indices, i, length, word)
        own = moved(to, source, kind, _row(to, at, length, index, after))
        _copy_row(to, kind, moved(to, target, kind, _row(to, at, count, i, after)), own, after)

    _pairs(to, sizes[0], sizes[2], one, shared=prod(node.shape) >= SHARED)
    return to.kernel()


def rows_kernel(node: Node, parts: int = 1) -> Kernel:
    """Copy the rows that make up a batch: first the first part of all of them, then the second, and so on.

    Operands: the data, the numbers of the rows (they are right), the node.
    """
    to = Writer()
    view = View(node, 0, node.shape, (), node.dtype)
    source, places, target = pointers(to, [view, _WORD, view])
    kind, (rows, *shape) = _memory_type(view), node.shape
    size, count = prod(shape), to.number(rows)

    def one(piece: str) -> None:
        i, part = (to.put(f"{division} i64 {piece}, {count}") for division in ("urem", "udiv"))
        row = to.put(f"load i64, ptr {moved(to, places, 'i64', i)}")
        begin = to.put(f"mul i64 {part}, {size // parts}")
        here, there = (to.put(f"add i64 {begin}, {to.put(f'mul i64 {n}, {size}')}") for n in (row, i))
        _copy_row(to, kind, moved(to, target, kind, there), moved(to, source, kind, here), size // parts)

    to.some(*to.share(rows * parts), 1, one)
    return to.kernel()._replace(spans=(None, None, Span(1, size) if parts == 1 else None))


def scatter_kernel(node: Node, indices: View, updates: View) -> Kernel:
    """Write or add rows at places of what is there already. Operands: indices, updates, the result, the word."""
    to = Writer()
    places, source, target, word = pointers(to, [indices, updates, updates._replace(offset=0), _WORD])
    *sizes, after = _around(node.shape, node.params["axis"], indices.shape)
    kind, (_, length, count) = _memory_type(updates), map(to.number, sizes)
    write = _copy_row if node.op is p.scatter_set else _add_row

    def one(at: str, i: str) -> None:
        index = _checked(to, places, indices, i, length, word)
        own = moved(to, target, kind, _row(to, at, length, index, after))
        write(to, kind, own, moved(to, source, kind, _row(to, at, count, i, after)), after)

    _pairs(to, sizes[0], sizes[2], one)
    return to.kernel()


def _around(shape: Shape, axis: int, indices: Shape) -> tuple[int, int, int, int]:
    """How many numbers lie before the axis, on it, among the indices, and behind it."""
    return prod(shape[:axis]), shape[axis], prod(indices), prod(shape[axis + 1 :])


def _memory_type(view: View) -> str:
    return "i8" if view.dtype.kind == "b" else TYPES[view.dtype]


def _row(to: Writer, at: str, length: str, i: str, after: int) -> str:
    """Where row i of block ``at`` begins."""
    block = to.put(f"mul i64 {at}, {length}")
    return to.put(f"mul i64 {to.put(f'add i64 {block}, {i}')}, {after}")


def _pairs(to: Writer, before: int, count: int, one: Callable[[str, str], None], shared: bool = False) -> None:
    """For every block before the axis, and every index; the longer of the two may be shared between threads."""
    outer = to.share(before) if shared and before >= count else ("0", to.number(before))
    inner = to.share(count) if shared and before < count else ("0", to.number(count))
    to.some(*outer, 1, lambda at: to.some(*inner, 1, lambda i: one(at, i)))


def _checked(to: Writer, places: str, view: View, i: str, length: str, word: str) -> str:
    """The index, or 0 with a note in the word where it lies outside."""
    kind = TYPES[view.dtype]
    raw = to.put(f"load {kind}, ptr {moved(to, places, kind, i)}")
    wide = raw if kind == "i64" else to.put(f"{'zext' if view.dtype.kind == 'u' else 'sext'} {kind} {raw} to i64")
    good = to.put(f"icmp ult i64 {wide}, {length}")
    told = to.put(f"load i64, ptr {word}")
    to.do(f"store i64 {to.put(f'select i1 {good}, i64 {told}, i64 1')}, ptr {word}")
    return to.put(f"select i1 {good}, i64 {wide}, i64 0")


def _copy_row(to: Writer, kind: str, target: str, source: str, length: int) -> None:
    _by_vectors(to, kind, length, target, source, lambda full, old, new: new)


def _add_row(to: Writer, kind: str, target: str, source: str, length: int) -> None:
    word = "fadd" if kind in ("float", "double") else "add"
    _by_vectors(to, kind, length, target, source, lambda full, old, new: to.put(f"{word} {full} {old}, {new}"))


def _by_vectors(
    to: Writer, kind: str, length: int, target: str, source: str, do: Callable[[str, str, str], str]
) -> None:
    """target[i] = do(target[i], source[i]), sixteen at a time and then one by one."""
    whole = length // 16 * 16
    for width, start, stop in ((16, 0, whole), (1, whole, length)):
        full = kind if width == 1 else f"<{width} x {kind}>"

        def step(i: str, _: list[str], full: str = full) -> list[str]:
            there, here = moved(to, target, kind, i), moved(to, source, kind, i)
            old, new = (to.put(f"load {full}, ptr {place}, align 1") for place in (there, here))
            to.do(f"store {full} {do(full, old, new)}, ptr {there}, align 1")
            return []

        if start < stop:
            to.loop(str(start), str(stop), width, step)
