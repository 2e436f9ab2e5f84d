"""Windows that slide over every axis, as kernels: the largest of each, their sums, and the way back.

Forward a number of the result looks at the places of its window, back a place looks at the windows that saw it. So
every number is written once, by one thread, and added up in the order in which NumPy adds. Sixteen neighbours of the
last axis are done at a time.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from pente.compiler.lanes import TYPES, Lanes
from pente.compiler.places import SHARED, moved
from pente.compiler.views import View, contiguous
from pente.compiler.writer import Kernel, Writer
from pente.core import primitives as p
from pente.core.node import Node
from pente.dtypes import DType
from pente.shapes import Shape

__all__ = ["has_windows", "is_taken", "is_way_back", "largest_kernel", "sum_kernel", "way_back_kernel"]

LONG, SHORT = np.dtype(np.int64), np.dtype(np.int32)
NOWHERE = -1


class _Axis(NamedTuple):
    """How windows slide along an axis of x: ``number`` of them."""

    length: int
    window: int
    stride: int
    low: int
    number: int

    @property
    def still(self) -> bool:
        return self.window == self.stride == 1 and self.low == 0 and self.number == self.length

    def seen(self, to: Writer, i: str) -> "list[_Look]":
        """The places that window i sees, in order."""
        start = to.put(f"sub i64 {_times(to, i, self.stride)}, {self.low}")
        places = [to.put(f"add i64 {start}, {k}") for k in range(self.window)]
        if not self.low and (self.number - 1) * self.stride + self.window <= self.length:
            return [_Look(place, "") for place in places]
        return [_Look(place, to.put(f"icmp ult i64 {place}, {self.length}")) for place in places]

    def inside(self, to: Writer, i: str) -> "list[_Look]":
        """The same, but a place in the padding is the nearest one of the axis, which the window sees as well."""
        out = []
        for place, known in self.seen(to, i):
            low = to.put(f"select i1 {to.put(f'icmp sgt i64 {place}, 0')}, i64 {place}, i64 0") if known else place
            end = self.length - 1
            near = to.put(f"select i1 {to.put(f'icmp slt i64 {low}, {end}')}, i64 {low}, i64 {end}") if known else low
            out.append(_Look(near, ""))
        return out

    def seers(self, to: Writer, i: str) -> "list[_Look]":
        """The windows that see place i, the last one first."""
        place = to.put(f"add i64 {i}, {self.low}")
        last = to.put(f"udiv i64 {place}, {self.stride}")
        rest = to.put(f"urem i64 {place}, {self.stride}")
        out = []
        for t in range(-(-self.window // self.stride)):
            window = to.put(f"sub i64 {last}, {t}")
            known = to.put(f"icmp ult i64 {window}, {self.number}")
            if t * self.stride + self.stride > self.window:
                within = to.put(f"icmp slt i64 {rest}, {self.window - t * self.stride}")
                known = to.put(f"and i1 {known}, {within}")
            out.append(_Look(window, known))
        return out


class _Look(NamedTuple):
    """A place to look at, and whether it is there; nothing stands for yes."""

    at: str
    known: str


def _axes(shape: Shape, counts: Shape, node: Node) -> list[_Axis]:
    lows = [low for low, _ in node.params["padding"]]
    return list(map(_Axis, shape, node.params["window"], node.params["strides"], lows, counts))


def has_windows(node: Node) -> bool:
    """Whether there is a kernel: for numbers, where no window lies in the padding altogether."""
    if node.op not in (p.window_argmax, p.window_sum, p.window_spread):
        return False
    x, kind = node.inputs[0], node.inputs[0].dtype.name
    if node.op is not p.window_argmax:
        return kind in ("float32", "float64", "int32", "int64")
    axes = _axes(x.shape, node.shape, node)
    meet = all(a.low < a.window and (a.number - 1) * a.stride - a.low < a.length for a in axes)
    return meet and kind in ("float32", "float64") and prod(x.shape) < 2**31  # places of a window differ by a short


def is_taken(node: Node, places: Node) -> bool:
    """Whether it takes the largest of each window from these places: max pooling."""
    return node.op is p.gather and node.inputs[1] is places and _bare(node.inputs[0]) is _bare(places.inputs[0])


def is_way_back(node: Node) -> bool:
    """Whether it adds numbers to zeros at the places of the largest, one for each window: max pooling's gradient."""
    if node.op is not p.scatter_add or node.inputs[1].op is not p.window_argmax:
        return False
    zeros, places, updates = node.inputs
    whole = zeros.shape == (prod(places.inputs[0].shape),) and places.shape == updates.shape
    blank = isinstance(zeros.value, np.ndarray) and not zeros.value.any()
    return blank and whole and has_windows(places) and updates.dtype.name in ("float32", "float64")


def _bare(node: Node) -> Node:
    while node.op is p.reshape:
        node = node.inputs[0]
    return node


# Forward.


def largest_kernel(node: Node, x: View, valued: bool) -> Kernel:
    """The flat place of the first largest number of each window; NaN wins. Operands: x, the places, the numbers."""
    to = Writer()
    source = to.pointer(0, TYPES[x.dtype], x.offset)
    targets = [to.pointer(1, "i64", 0), *([to.pointer(2, TYPES[x.dtype], 0)] if valued else [])]
    axes = _axes(x.shape, node.shape, node)

    def place(lanes: Lanes, spots: list[_Look], at: str, c: str) -> None:
        kind, first = x.dtype, to.put(f"add i64 {spots[0].at}, {c}")
        best, further = _load(lanes, kind, source, first), lanes.constant(0, SHORT)
        for spot in spots[1:]:
            value = _load(lanes, kind, source, to.put(f"add i64 {spot.at}, {c}"))
            by = to.put(f"trunc i64 {to.put(f'sub i64 {spot.at}, {spots[0].at}')} to i32")
            above, known = lanes.op("fcmp ugt", kind, value, best), lanes.op("fcmp ord", kind, best, best)
            better = lanes.op("and", "i1", above, known)  # larger, or NaN; but after a NaN nothing is
            best = lanes.select(kind, better, value, best)
            further = lanes.select(SHORT, better, lanes.repeat(by, SHORT), further)
        number = to.put(f"sext {lanes.type(SHORT)} {further} to {lanes.type(LONG)}")
        number = lanes.op("add", LONG, number, lanes.op("add", LONG, lanes.repeat(first, LONG), _steps(lanes)))
        there = to.put(f"add i64 {at}, {c}")
        for dtype, value, target in zip((LONG, kind), (number, best), targets, strict=False):
            _store(lanes, dtype, value, target, there)

    _each(to, axes, node.shape, x.shape, _Axis.inside, place)
    return to.kernel()


def sum_kernel(node: Node, x: View) -> Kernel:
    """The sum of each window; or of a spread, the sum of the windows that see each place. Operands: x, the result."""
    to = Writer()
    kind, back = TYPES[x.dtype], node.op is p.window_spread
    source, target = to.pointer(0, kind, x.offset), to.pointer(1, kind, 0)
    axes = _axes(node.shape, x.shape, node) if back else _axes(x.shape, node.shape, node)
    nothing = _block(to, x.dtype, 0)

    def place(lanes: Lanes, spots: list[_Look], at: str, c: str) -> None:
        total = lanes.constant(0, x.dtype)
        for spot in spots:
            value = _load(lanes, x.dtype, source, to.put(f"add i64 {spot.at}, {c}"), (spot.known, nothing))
            total = lanes.op("fadd" if x.dtype.kind == "f" else "add", x.dtype, total, value)
        _store(lanes, x.dtype, total, target, to.put(f"add i64 {at}, {c}"))

    _each(to, axes, node.shape, x.shape, _Axis.seers if back else _Axis.seen, place)
    return to.kernel()


# Back.


def way_back_kernel(node: Node, places: View, updates: View) -> Kernel:
    """Each place takes the numbers of those windows whose largest it was. Operands: places, updates, the result."""
    to, found = Writer(), node.inputs[1]
    kind = updates.dtype
    where, source = to.pointer(0, "i64", places.offset), to.pointer(1, TYPES[kind], updates.offset)
    target = to.pointer(2, TYPES[kind], 0)
    shape = found.inputs[0].shape
    nowhere, nothing = _block(to, LONG, NOWHERE), _block(to, kind, 0)

    def place(lanes: Lanes, spots: list[_Look], at: str, c: str) -> None:
        own = to.put(f"add i64 {at}, {c}")
        number = lanes.op("add", LONG, lanes.repeat(own, LONG), _steps(lanes))
        total = zero = lanes.constant(0, kind)
        for spot in reversed(spots):
            there = to.put(f"add i64 {spot.at}, {c}")
            chosen = lanes.op("icmp eq", LONG, _load(lanes, LONG, where, there, (spot.known, nowhere)), number)
            value = lanes.select(kind, chosen, _load(lanes, kind, source, there, (spot.known, nothing)), zero)
            total = lanes.op("fadd", kind, total, value)
        _store(lanes, kind, total, target, own)

    _each(to, _axes(shape, found.shape, found), shape, places.shape, _Axis.seers, place)
    return to.kernel()


# The loops.

_Body = Callable[[Lanes, list[_Look], str, str], None]


def _each(
    to: Writer, axes: list[_Axis], shape: Shape, source: Shape, look: Callable[..., list[_Look]], body: _Body
) -> None:
    """The body for every place of the result, with what it looks at: positions of the source.

    The last axis is walked in vectors where the windows stand still on it; else it is one more axis to slide over.
    """
    if not axes[-1].still:
        axes, shape, source = [*axes, _Axis(1, 1, 1, 0, 1)], (*shape, 1), (*source, 1)
    steps, strides = contiguous(shape), contiguous(source)
    *outer, inner = shape[:-1] if len(shape) > 1 else (1,)
    size = shape[-1]

    def point(indices: list[str]) -> None:
        looks = [[_Look(i, "")] if axis.still else look(axis, to, i) for axis, i in zip(axes, indices, strict=False)]
        spots = [_joined(to, spot, strides) for spot in product(*looks)]
        at = _total(to, [_times(to, i, step) for i, step in zip(indices, steps, strict=False)])
        for width, start, stop in ((16, 0, size // 16 * 16), (1, size // 16 * 16, size)):
            if start < stop:
                to.some(str(start), str(stop), width, partial(body, Lanes(to, width), spots, at))

    def row(i: str) -> None:
        indices: list[str] = []
        for n in reversed(outer[1:]):
            indices.insert(0, to.put(f"urem i64 {i}, {n}"))
            i = to.put(f"udiv i64 {i}, {n}")
        to.some("0", str(inner), 1, lambda j: point([i, *indices, j] if outer else [j]))

    rows = prod(outer)
    first, last = to.share(rows) if prod(shape) >= SHARED else ("0", to.number(rows))
    to.some(first, last, 1, row)


def _joined(to: Writer, parts: Sequence[_Look], strides: Shape) -> _Look:
    """A place along every axis as one position; it is there if it is there along each."""
    known = ""
    for part in parts:
        known = to.put(f"and i1 {known}, {part.known}") if known and part.known else known or part.known
    return _Look(_total(to, [_times(to, part.at, s) for part, s in zip(parts, strides, strict=False)]), known)


def _total(to: Writer, parts: list[str]) -> str:
    total = parts[0]
    for part in parts[1:]:
        total = to.put(f"add i64 {total}, {part}")
    return total


def _times(to: Writer, i: str, n: int) -> str:
    return i if n == 1 else to.put(f"mul i64 {i}, {n}")


def _block(to: Writer, dtype: DType, value: int) -> str:
    """Sixteen equal numbers in memory, to be read where there is nothing."""
    lanes = Lanes(to, 16)
    place = to.put(f"alloca {lanes.type(dtype)}, align 64")
    to.do(f"store {lanes.type(dtype)} {lanes.constant(value, dtype)}, ptr {place}, align 64")
    return place


def _steps(lanes: Lanes) -> str:
    """0, 1, 2 and so on."""
    return "0" if lanes.width == 1 else "<" + ", ".join(f"i64 {n}" for n in range(lanes.width)) + ">"


def _load(lanes: Lanes, dtype: DType, source: str, at: str, otherwise: tuple[str, str] = ("", "")) -> str:
    """The numbers from here on; where that is not there, those of another place."""
    known, nothing = otherwise
    place = moved(lanes.to, source, TYPES[dtype], at)
    if known:
        place = lanes.to.put(f"select i1 {known}, ptr {place}, ptr {nothing}")
    return lanes.to.put(f"load {lanes.type(dtype)}, ptr {place}, align {dtype.itemsize}")


def _store(lanes: Lanes, dtype: DType, value: str, target: str, at: str) -> None:
    place = moved(lanes.to, target, TYPES[dtype], at)
    lanes.to.do(f"store {lanes.type(dtype)} {value}, ptr {place}, align {dtype.itemsize}")
