"""One group as a nest of loops in LLVM IR.

The innermost axis is walked in vectors of 16 numbers, then one by one. A reduction along the innermost axis keeps 16
sums side by side and adds them in a tree at the end; along outer axes it keeps one sum for each number of the result.
So the order of additions follows from the shape alone, whatever the width of the machine's registers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

from pente.compiler.emit import EMIT
from pente.compiler.fuse import Group
from pente.compiler.lanes import TYPES, Lanes, Operand
from pente.compiler.views import View, broadcast
from pente.compiler.writer import Function, Kernel, Span, Writer
from pente.core import primitives as p
from pente.core.node import Node
from pente.core.primitives import Primitive
from pente.dtypes import DType
from pente.shapes import Shape

__all__ = [
    "LANES",
    "Axis",
    "Call",
    "Loop",
    "Outline",
    "Place",
    "axes_of",
    "loop_kernel",
    "outline_of",
    "reduced_view",
    "stored_type",
    "tile_function",
]

LANES = 16


@dataclass(frozen=True)
class Loop:
    """A group with the places of what it reads and writes: views of one shape, by their order in the table's row."""

    group: Group
    reads: tuple[tuple[Node, View], ...]
    writes: tuple[tuple[Node, View], ...]


class Call(NamedTuple):
    """A call of a group. Values have numbers: first what the group reads, then what each call gives."""

    op: Primitive
    dtype: DType
    inputs: tuple[int, ...]


class Place(NamedTuple):
    """How an operand lies in memory along the axes of the loops."""

    offset: int
    strides: Shape
    dtype: DType


class Outline(NamedTuple):
    """All that the text of a kernel depends on: groups that look alike share it. ``axes`` are reduced by the root."""

    shape: Shape
    axes: Shape | None
    calls: tuple[Call, ...]
    reads: tuple[Place, ...]
    writes: tuple[tuple[int, Place], ...]


@dataclass(frozen=True)
class Axis:
    """One loop: how far, how each operand moves with it, and whether it is reduced."""

    length: int
    strides: tuple[int, ...]
    reduced: bool


def outline_of(loop: Loop) -> Outline:
    """The group without its nodes."""
    group, numbers, calls = loop.group, {node: i for i, (node, _) in enumerate(loop.reads)}, []
    for node in group.nodes:
        calls.append(Call(node.op, node.dtype, tuple([numbers[x] for x in node.inputs])))  # type: ignore[arg-type]
        numbers[node] = len(numbers)
    reads = tuple([_place(view) for _, view in loop.reads])
    writes = tuple([(numbers[node], _place(view)) for node, view in loop.writes])
    return Outline(group.shape, group.root.params["axes"] if group.reduces else None, tuple(calls), reads, writes)


def _place(view: View) -> Place:
    return Place(view.offset, view.strides, view.dtype)


@lru_cache(1024)
def loop_kernel(outline: Outline) -> Kernel:
    """The group as a kernel. Operands: what it reads, then what it writes."""
    return _Nest(outline).written()


class _Nest:
    """Writes one kernel."""

    def __init__(self, outline: Outline) -> None:
        self.of, self.to = outline, Writer()
        self.root, self.reduces = outline.calls[-1], outline.axes is not None
        self.places = [*outline.reads, *[place for _, place in outline.writes]]
        self.pointers: list[str] = []
        self.strides: dict[Axis, dict[int, str]] = {}  # that are no part of the text: of loops around the innermost one
        axes = axes_of(outline)
        inner, rest = axes[-1], axes[:-1]
        self.outer = [a for a in rest if not a.reduced]
        self.deep = [a for a in rest if a.reduced]
        self.inner = inner

    def written(self) -> Kernel:
        self.pointers = [
            self.to.pointer(i, stored_type(place.dtype), place.offset) for i, place in enumerate(self.places)
        ]
        for axis in (*self.outer, *self.deep):
            far = [stride for stride in dict.fromkeys(axis.strides) if stride not in (0, 1)]
            self.strides[axis] = {stride: self.to.number(stride) for stride in far}
        self._outside(0, ["0"] * len(self.places))
        return self.to.kernel()._replace(spans=tuple(map(self._span, range(len(self.places)))))

    def _span(self, i: int) -> Span | None:
        """Which numbers of an operand belong to a piece: those of a step along the axis that is shared."""
        axes = [*self.outer, *self.deep, self.inner]
        if self.places[i].offset or any(axis.strides[i] < 0 for axis in axes):
            return None
        if not self.outer:
            flat = self.inner.strides[i] == 1 and not self.inner.reduced and not any(a.strides[i] for a in self.deep)
            return Span(1, LANES) if flat and self.inner.length >= LANES else None
        step = axes[0].strides[i]
        reach = sum((axis.length - 1) * axis.strides[i] for axis in axes[1:])
        return Span(1, step) if reach < step else None

    # The loops around the innermost one.

    def _outside(self, level: int, at: list[str]) -> None:
        if level == len(self.outer):
            return self._innermost(at)
        axis = self.outer[level]
        if level == 0:
            first, last = self.to.share(axis.length)
            return self.to.some(first, last, 1, lambda i: self._outside(1, self._moved(at, axis, i)))

        def body(i: str, _: list[str]) -> list[str]:
            self._outside(level + 1, self._moved(at, axis, i))
            return []

        self.to.loop("0", self.to.number(axis.length), 1, body)
        return None

    def _moved(self, at: list[str], axis: Axis, i: str) -> list[str]:
        """The operands' positions, i steps along an axis."""
        steps: dict[int, str] = {}
        known, out = self.strides.get(axis, {}), []
        for position, stride in zip(at, axis.strides, strict=True):
            if stride and stride not in steps:
                steps[stride] = i if stride == 1 else self.to.put(f"mul i64 {i}, {known.get(stride, stride)}")
            if not stride:
                out.append(position)
            else:
                out.append(steps[stride] if position == "0" else self.to.put(f"add i64 {position}, {steps[stride]}"))
        return out

    def _innermost(self, at: list[str]) -> None:
        if not self.reduces:
            self._vectors(at, lambda lanes, position: self._point(lanes, position))
        elif self.inner.reduced:
            self._row(at)
        else:
            self._vectors(at, self._column)

    def _vectors(self, at: list[str], body: Any) -> None:
        """The innermost axis in whole vectors, then what is left; shared between threads if no loop around it is."""
        vectors = self.inner.length // LANES if self._stores_side_by_side() else 0
        wide, one = Lanes(self.to, LANES), Lanes(self.to, 1)
        shared = vectors if not self.outer else 0
        if vectors:
            first, last = self.to.share(vectors) if shared else ("0", self.to.number(vectors))
            self.to.some(first, last, 1, lambda i: body(wide, self._moved(at, self.inner, self._times(i))))
        if vectors * LANES < self.inner.length:
            start, stop = self.to.number(vectors * LANES), self.to.number(self.inner.length)
            numbers = partial(self.to.some, start, stop, 1, lambda i: body(one, self._moved(at, self.inner, i)))
            if shared:  # they belong to the last piece
                self.to.when(self.to.put(f"icmp eq i64 %last, {self.to.number(vectors)}"), numbers)
            else:
                numbers()

    def _times(self, i: str) -> str:
        return self.to.put(f"mul i64 {i}, {LANES}")

    def _stores_side_by_side(self) -> bool:
        return all(stride == 1 for stride in self.inner.strides[len(self.of.reads) :])

    # One place: what the group computes there.

    def _point(self, lanes: Lanes, at: Sequence[str]) -> Operand:
        """Compute all calls of the group at one position; returns what the last element-wise call gives."""
        of = self.of
        values = [Operand(self._load(lanes, i, x.dtype, at[i]), x.dtype) for i, x in enumerate(of.reads)]
        for call in of.calls[:-1] if self.reduces else of.calls:
            given = [values[i] for i in call.inputs]
            text = EMIT[call.op](lanes, call, given)  # type: ignore[arg-type]  # of the node it asks the dtype alone
            values.append(Operand(text, call.dtype))
        for i, (number, place) in enumerate(of.writes, len(of.reads)):
            if number < len(values):  # else it is the reduction, which ends after all places
                self._store(lanes, i, place.dtype, at[i], values[number])
        return values[self.root.inputs[0] if self.reduces else -1]

    def _load(self, lanes: Lanes, i: int, dtype: DType, at: str) -> str:
        plain, stride = stored_type(dtype), self.inner.strides[i]
        place = self.to.put(f"getelementptr {plain}, ptr {self.pointers[i]}, i64 {at}")
        size = dtype.itemsize
        if lanes.width > 1 and stride == 1:
            raw = self.to.put(f"load {lanes.type(plain)}, ptr {place}, align {size}")
            return self._truth(lanes, raw) if dtype.kind == "b" else raw
        if lanes.width == 1 or stride == 0:
            raw = self.to.put(f"load {plain}, ptr {place}, align {size}")
            one = Lanes(self.to, 1)
            return lanes.repeat(self._truth(one, raw) if dtype.kind == "b" else raw, dtype)
        out = "poison"
        for lane in range(lanes.width):
            own = self.to.put(f"getelementptr {plain}, ptr {place}, i64 {lane * stride}")
            raw = self.to.put(f"load {plain}, ptr {own}, align {size}")
            out = self.to.put(f"insertelement {lanes.type(plain)} {out}, {plain} {raw}, i32 {lane}")
        return self._truth(lanes, out) if dtype.kind == "b" else out

    def _truth(self, lanes: Lanes, raw: str) -> str:
        return lanes.op("icmp ne", "i8", raw, lanes.splat("0", "i8"))

    def _store(self, lanes: Lanes, i: int, dtype: DType, at: str, value: Operand) -> None:
        plain, name = stored_type(dtype), value.name
        if dtype.kind == "b":
            name = self.to.put(f"zext {lanes.type('i1')} {name} to {lanes.type('i8')}")
        place = self.to.put(f"getelementptr {plain}, ptr {self.pointers[i]}, i64 {at}")
        self.to.do(f"store {lanes.type(plain)} {name}, ptr {place}, align {dtype.itemsize}")

    # Reductions.

    def _row(self, at: list[str]) -> None:
        """Along the innermost axis: 16 running results, a tree over them, then the numbers that are left."""
        root, wide, one = self.root, Lanes(self.to, LANES), Lanes(self.to, 1)
        kind, whole = root.dtype, self.inner.length // LANES * LANES
        totals = [
            (wide.type(kind), wide.constant(_neutral(root), kind)),
            (one.type(kind), one.constant(_neutral(root), kind)),
        ]

        def walk(level: int, at: list[str], carried: list[str]) -> list[str]:
            if level < len(self.deep):
                axis = self.deep[level]
                body = lambda i, c: walk(level + 1, self._moved(at, axis, i), c)  # noqa: E731
                return self._loop(axis.length, body, carried, totals)
            vector, scalar = carried
            if whole:
                step = self._adding(wide, at)
                vector = self.to.loop("0", self.to.number(whole), LANES, step, [(totals[0][0], vector)])[0]
            if whole < self.inner.length:
                step = self._adding(one, at)
                start, stop = self.to.number(whole), self.to.number(self.inner.length)
                scalar = self.to.loop(start, stop, 1, step, [(totals[1][0], scalar)])[0]
            return [vector, scalar]

        vector, scalar = walk(0, at, [first for _, first in totals])
        total = _combine(one, root, self._tree(vector, root), scalar) if whole else scalar
        self._finish(one, at, total)

    def _loop(self, length: int, body: Any, carried: list[str], totals: Any) -> list[str]:
        kinds = [(kind, value) for (kind, _), value in zip(totals, carried, strict=True)]
        return self.to.loop("0", self.to.number(length), 1, body, kinds)

    def _adding(self, lanes: Lanes, at: list[str]) -> Any:
        def step(i: str, carried: list[str]) -> list[str]:
            value = self._point(lanes, self._moved(at, self.inner, i))
            return [_combine(lanes, self.root, carried[0], value.name)]

        return step

    def _tree(self, vector: str, root: Call) -> str:
        """The sixteen results as one: eight with eight, four with four, two with two, one with one."""
        plain, width = TYPES[root.dtype], LANES
        while width > 1:
            half = width // 2
            kind = f"<{width} x {plain}>"
            sides = []
            for first in (0, half):
                mask = ", ".join(f"i32 {i}" for i in range(first, first + half))
                sides.append(self.to.put(f"shufflevector {kind} {vector}, {kind} poison, <{half} x i32> <{mask}>"))
            if half == 1:
                sides = [self.to.put(f"extractelement <1 x {plain}> {side}, i32 0") for side in sides]
            vector, width = _combine(Lanes(self.to, half), root, *sides), half
        return vector

    def _column(self, lanes: Lanes, at: Sequence[str]) -> None:
        """Along outer axes: one running result for each lane."""
        root = self.root
        kind = lanes.type(root.dtype)

        def walk(level: int, at: list[str], carried: list[str]) -> list[str]:
            if level == len(self.deep):
                return [_combine(lanes, root, carried[0], self._point(lanes, at).name)]
            axis = self.deep[level]
            body = lambda i, c: walk(level + 1, self._moved(at, axis, i), c)  # noqa: E731
            return self.to.loop("0", self.to.number(axis.length), 1, body, [(kind, carried[0])])

        total = walk(0, list(at), [lanes.constant(_neutral(root), root.dtype)])[0]
        self._finish(lanes, list(at), total)

    def _finish(self, lanes: Lanes, at: list[str], total: str) -> None:
        last = len(self.places) - 1
        self._store(lanes, last, self.places[last].dtype, at[last], Operand(total, self.root.dtype))


class _Tile(_Nest):
    """Writes one function: a group without a reduction on a part of a matrix, of which the size is not known yet."""

    def __init__(self, outline: Outline, columns: tuple[int, ...]) -> None:
        super().__init__(outline)
        self.inner = Axis(0, columns, False)

    def function(self) -> Function:
        pointers, self.steps = self._found("ptr", 0), self._found("i64", 1)
        self.to.loop("0", "%rows", 1, self._row_by_row, [("ptr", x) for x in pointers])
        return self.to.function("tile", "ptr %operands, i64 %rows, i64 %columns")

    def _found(self, kind: str, at: int) -> list[str]:
        """Of each operand where it begins, or its stride."""
        places = [self.to.shifted("i64", "%operands", str(2 * i + at)) for i in range(len(self.places))]
        return [self.to.put(f"load {kind}, ptr {place}") for place in places]

    def _row_by_row(self, _: str, rows: list[str]) -> list[str]:
        self.pointers = rows
        self._walked()
        return [self.to.shifted("i8", *x) for x in zip(rows, self.steps, strict=True)]

    def _walked(self) -> None:
        at = ["0"] * len(self.places)
        whole = self.to.put(f"and i64 %columns, {-LANES}") if self._stores_side_by_side() else "0"

        def points(start: str, stop: str, lanes: Lanes) -> None:
            def point(j: str) -> None:
                self._point(lanes, self._moved(at, self.inner, j))

            self.to.some(start, stop, lanes.width, point)

        points("0", whole, Lanes(self.to, LANES))
        points(whole, "%columns", Lanes(self.to, 1))


@lru_cache(1024)
def tile_function(outline: Outline, columns: tuple[int, ...]) -> Function:
    """``(operands, rows, columns)``: the group on so many rows and columns.

    Of each operand ``operands`` tell where it begins and how many bytes lie between its rows, and ``columns`` how many
    numbers between its columns.
    """
    return _Tile(outline, columns).function()


def stored_type(dtype: DType) -> str:
    """The type in memory: a bool takes a byte."""
    return "i8" if dtype.kind == "b" else TYPES[dtype]


def _neutral(root: Call) -> Any:
    """What changes no result: 0 for sums, 1 for products, the far end for the largest and smallest."""
    import numpy as np

    if root.op is p.reduce_sum:
        return -0.0 if root.dtype.kind == "f" else 0
    if root.op is p.reduce_prod:
        return 1
    sign = -1 if root.op is p.reduce_max else 1
    if root.dtype.kind == "f":
        return sign * np.inf
    bounds = np.iinfo(root.dtype)
    return bounds.min if sign < 0 else bounds.max


def _combine(lanes: Lanes, root: Call, a: str, b: str) -> str:
    op = {p.reduce_sum: p.add, p.reduce_prod: p.multiply, p.reduce_max: p.maximum, p.reduce_min: p.minimum}
    pair = [Operand(a, root.dtype), Operand(b, root.dtype)]
    return EMIT[op[root.op]](lanes, root, pair)  # type: ignore[arg-type]


def axes_of(outline: Outline) -> list[Axis]:
    """The loops, outermost first: axes of length 1 are gone, and neighbours that every operand walks as one are one."""
    places = [*outline.reads, *[place for _, place in outline.writes]]
    found: list[Axis] = []
    for i, length in enumerate(outline.shape):
        if length == 1:
            continue
        axis = Axis(length, tuple([place.strides[i] for place in places]), i in (outline.axes or ()))
        if found and found[-1].reduced == axis.reduced and _joins(found[-1], axis):
            found[-1] = Axis(found[-1].length * length, axis.strides, axis.reduced)
        else:
            found.append(axis)
    return found or [Axis(1, (0,) * len(places), outline.axes is not None)]


def _joins(outer: Axis, inner: Axis) -> bool:
    return all(a == b * inner.length for a, b in zip(outer.strides, inner.strides, strict=True))


def reduced_view(view: View, group: Group) -> View:
    """The result of a reduction as a view of the walked shape: it stands still along the reduced axes."""
    axes = group.root.params["axes"]
    kept = tuple(1 if i in axes else n for i, n in enumerate(group.shape))
    strides, supply = [], iter([s for n, s in zip(view.shape, view.strides, strict=True)])
    keepdims = len(view.shape) == len(group.shape)
    for i in range(len(group.shape)):
        if i in axes:
            if keepdims:
                next(supply)
            strides.append(0)
        else:
            strides.append(next(supply))
    return broadcast(view._replace(shape=kept, strides=tuple(strides)), group.shape)
