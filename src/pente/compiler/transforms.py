"""The linear maps of Winograd's convolution as functions in IR, on sixteen channels at a time.

Four neighbours of a convolution with three weights are y = Aᵀ[(G w) ⊙ (Bᵀ x)], six products where the sum takes
twelve; along both axes of an image 36 where it takes 144. Read as polynomials: G and A evaluate at the points 0, ±5/8,
±3/2 and ∞, where ∞ stands for the leading coefficient; the rows of Bᵀ are the polynomials that are 0 at all points but
one. (Toom, 1963; Winograd, 1980; Lavin and Gray, 2016.) These points keep the error at twice that of the plain sum,
where 0, ±1, ±2 have five times that (Barabasz et al., 2020, on how to choose them); their squares are exact.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain

import numpy as np

from pente.compiler.lanes import Lanes
from pente.compiler.writer import Function, Writer

__all__ = [
    "LANES",
    "OUT",
    "POINTS",
    "TAPS",
    "fetch_function",
    "image_function",
    "kernel_function",
    "result_function",
    "slope_function",
    "spread_function",
]

LANES = 16
OUT = 4  # places of a tile
POINTS = 6  # and of what it sees
TAPS = 3
NEAR, FAR = 5 / 8, 3 / 2
LINE = 16  # numbers that the cache holds together
FLOAT = np.dtype(np.float32)

Line = list[str]
Block = list[list[str]]


def _scales() -> list[float]:
    """1 / Π (p - q) over the other points q, for each point p."""
    near, far = NEAR * NEAR, FAR * FAR
    first, second = 1 / (2 * near * (near - far)), 1 / (2 * far * (far - near))
    return [1 / (near * far), first, first, second, second, 1.0]


class _Maps:
    """Writes the maps of a line of vectors, and of a block of them: its columns first, then its rows."""

    def __init__(self, to: Writer) -> None:
        self.to, self.lanes = to, Lanes(to, LANES)

    def add(self, x: str, y: str) -> str:
        return self.lanes.op("fadd", FLOAT, x, y)

    def subtract(self, x: str, y: str) -> str:
        return self.lanes.op("fsub", FLOAT, x, y)

    def times(self, c: float, x: str) -> str:
        return self.lanes.op("fmul", FLOAT, x, self.lanes.constant(c, FLOAT))

    def plus(self, y: str, c: float, x: str) -> str:
        """y + c·x, rounded once."""
        return self.lanes.intrinsic("fma", FLOAT, x, self.lanes.constant(c, FLOAT), y)

    def load(self, place: str) -> str:
        return self.to.put(f"load {self.lanes.type(FLOAT)}, ptr {place}, align 4")

    def store(self, value: str, place: str) -> None:
        self.to.do(f"store {self.lanes.type(FLOAT)} {value}, ptr {place}, align 4")

    def both(self, line: Callable[[Line], Line], block: Block) -> Block:
        columns = [line(list(column)) for column in zip(*block, strict=True)]
        return [line(list(row)) for row in zip(*columns, strict=True)]

    def seen(self, x: Line) -> Line:
        """Bᵀ x. For 0 and ∞ (x² - near²)(x² - far²), moved by one; for ±a (x ± a)·x·(x² - b²)."""
        total, product = -(NEAR**2 + FAR**2), (NEAR * FAR) ** 2
        ends = [self.plus(self.plus(x[i + 4], product, x[i]), total, x[i + 2]) for i in (0, 1)]
        inner: Line = []
        for a, b in ((NEAR, FAR), (FAR, NEAR)):
            even, odd = self.plus(x[4], -b * b, x[2]), self.plus(x[3], -b * b, x[1])
            inner += [self.plus(even, a, odd), self.plus(even, -a, odd)]
        return [ends[0], *inner, ends[1]]

    def unseen(self, u: Line) -> Line:
        """Its transpose B u: what the points give back to the places."""
        total, product = -(NEAR**2 + FAR**2), (NEAR * FAR) ** 2
        near, far = (self.add(u[1], u[2]), self.add(u[3], u[4]))
        one, other = (self.times(a, self.subtract(u[i], u[i + 1])) for a, i in ((NEAR, 1), (FAR, 3)))
        even = self.plus(self.plus(self.times(total, u[0]), -FAR * FAR, near), -NEAR * NEAR, far)
        odd = self.plus(self.plus(self.times(product, u[5]), -FAR * FAR, one), -NEAR * NEAR, other)
        last = self.plus(self.add(one, other), total, u[5])
        return [self.times(product, u[0]), odd, even, last, self.add(u[0], self.add(near, far)), u[5]]

    def evaluated(self, c: Line) -> Line:
        """A c, or G c without its scales: the polynomial c₀ + c₁·x + c₂·x² (+ c₃·x³) at the points."""
        inner: Line = []
        for a in (NEAR, FAR):
            even = self.plus(c[0], a * a, c[2])
            odd = self.plus(c[1], a * a, c[3]) if len(c) > TAPS else c[1]
            inner += [self.plus(even, a, odd), self.plus(even, -a, odd)]
        return [c[0], *inner, c[-1]]

    def collected(self, u: Line, count: int) -> Line:
        """Its transpose: Σ over the points p of pⁱ·u, for each power i; ∞ counts for the last one."""
        sums = [self.add(u[1], u[2]), self.add(u[3], u[4])]
        apart = [self.subtract(u[1], u[2]), self.subtract(u[3], u[4])]
        out = [self.add(u[0], self.add(*sums))]
        for i in range(1, count):
            one, other = apart if i % 2 else sums
            out.append(self.plus(self.times(NEAR**i, one), FAR**i, other))
        return [*out[:-1], self.add(out[-1], u[5])]

    def scaled(self, u: Line) -> Line:
        return [x if c == 1 else self.times(c, x) for c, x in zip(_scales(), u, strict=True)]


@cache
def image_function(places: int) -> Function:
    """``(to, from, nothing, top, bottom, left, right, down, channels, apart, further)``: a tile of an image.

    Of POINTS places along each axis what the tile sees, Bᵀ x B; of OUT places a tile of the result's gradient as it
    acts on the weights, A h Aᵀ. Place (0, 0) is at ``from``; only rows from top to bottom and columns from left to
    right are in the image, the others are read from ``nothing``, which holds zeros. The 36 results lie ``apart`` from
    each other, those of the next sixteen channels ``further``.
    """
    to = Writer()
    maps = _Maps(to)
    rows, columns = (_inside(to, places, low, high) for low, high in (("%top", "%bottom"), ("%left", "%right")))
    spots = _spots(to, "%from", "%nothing", ("%down", "%channels"), rows, columns)

    def sixteen(i: str, target: list[str]) -> list[str]:
        x = [[maps.load(to.shifted("float", spot, i)) for spot in row] for row in spots]
        _put(maps, maps.both(maps.seen if places == POINTS else maps.evaluated, x), target[0])
        return [to.shifted("float", target[0], "%further")]

    to.loop("0", "%channels", LANES, sixteen, [("ptr", "%to")])
    bounds = "i64 %top, i64 %bottom, i64 %left, i64 %right"
    arguments = f"ptr %to, ptr %from, ptr %nothing, {bounds}, i64 %down, i64 %channels, i64 %apart, i64 %further"
    return to.function("image", arguments)


@cache
def result_function() -> Function:
    """``(to, from, nowhere, bottom, right, down, across, channels, apart)``: a tile of the result, Aᵀ u A.

    What lies below the image or right of it is written ``nowhere``.
    """
    to = Writer()
    maps = _Maps(to)
    rows, columns = (_inside(to, OUT, "", high) for high in ("%bottom", "%right"))
    spots = _spots(to, "%to", "%nowhere", ("%down", "%across"), rows, columns)

    def sixteen(i: str, source: list[str]) -> list[str]:
        y = maps.both(lambda u: maps.collected(u, OUT), _taken(maps, source[0]))
        for row, places in zip(y, spots, strict=True):
            for value, place in zip(row, places, strict=True):
                maps.store(value, to.shifted("float", place, i))
        return [to.shifted("float", source[0], str(LANES))]

    to.loop("0", "%channels", LANES, sixteen, [("ptr", "%from")])
    sizes = "i64 %bottom, i64 %right, i64 %down, i64 %across, i64 %channels, i64 %apart"
    return to.function("result", f"ptr %to, ptr %from, ptr %nowhere, {sizes}")


@cache
def spread_function() -> Function:
    """``(to, from, nowhere, top, bottom, left, right, down, channels, apart)``: B u Bᵀ comes to what a tile saw.

    Only rows from top to bottom and columns from left to right are in the image.
    """
    to = Writer()
    maps = _Maps(to)
    rows, columns = (_inside(to, POINTS, low, high) for low, high in (("%top", "%bottom"), ("%left", "%right")))
    spots = _spots(to, "%to", "%nowhere", ("%down", "%channels"), rows, columns)

    def sixteen(i: str, source: list[str]) -> list[str]:
        x = maps.both(maps.unseen, _taken(maps, source[0]))
        for value, spot in zip(chain(*x), chain(*spots), strict=True):
            place = to.shifted("float", spot, i)
            maps.store(maps.add(maps.load(place), value), place)
        return [to.shifted("float", source[0], str(LANES))]

    to.loop("0", "%channels", LANES, sixteen, [("ptr", "%from")])
    bounds = "i64 %top, i64 %bottom, i64 %left, i64 %right"
    return to.function("spread", f"ptr %to, ptr %from, ptr %nowhere, {bounds}, i64 %down, i64 %channels, i64 %apart")


@cache
def kernel_function() -> Function:
    """``(to, from, down, across, count, row, apart, further)``: G w Gᵀ for so many input channels by 16 filters."""
    to = Writer()
    maps = _Maps(to)

    rows, columns = ([_times(to, step, i) for i in range(TAPS)] for step in ("%down", "%across"))

    def channel(_: str, at: list[str]) -> list[str]:
        target, source = at
        w = [[maps.load(_reached(to, source, row, column)) for column in columns] for row in rows]
        _put(maps, maps.both(lambda c: maps.scaled(maps.evaluated(c)), w), target)
        return [to.shifted("float", target, "%further"), to.shifted("float", source, "%row")]

    to.loop("0", "%count", 1, channel, [("ptr", "%to"), ("ptr", "%from")])
    sizes = "i64 %down, i64 %across, i64 %count, i64 %row, i64 %apart, i64 %further"
    return to.function("kernel", f"ptr %to, ptr %from, {sizes}")


@cache
def slope_function() -> Function:
    """``(to, from, adding, count, row, apart)``: the weights' gradient Gᵀ u G, for so many channels by 16 filters.

    In ``to`` rows of channels lie so far from each other, and the weights of a window ``apart``. With ``adding`` it
    comes to what is there.
    """
    to = Writer()
    maps = _Maps(to)
    vector = maps.lanes.type(FLOAT)

    def channel(_: str, at: list[str]) -> list[str]:
        target, source = at
        w = maps.both(lambda u: maps.collected(maps.scaled(u), TAPS), _taken(maps, source, str(LANES)))
        place = target
        for value in chain(*w):
            old = to.put(f"select i1 %adding, {vector} {maps.load(place)}, {vector} zeroinitializer")
            maps.store(maps.add(old, value), place)
            place = to.shifted("float", place, "%apart")
        return [to.shifted("float", target, "%row"), to.shifted("float", source, str(POINTS * POINTS * LANES))]

    to.loop("0", "%count", 1, channel, [("ptr", "%to"), ("ptr", "%from")])
    return to.function("slope", "ptr %to, ptr %from, i1 %adding, i64 %count, i64 %row, i64 %apart")


@cache
def fetch_function(write: bool) -> Function:
    """``(from, count, apart, length)``: so many rows of so many numbers will soon be read, or written."""
    to = Writer()
    to.declare("void @llvm.prefetch.p0(ptr, i32, i32, i32)")
    near = f"i32 {int(write)}, i32 2, i32 1"  # the cache of the core

    def row(i: str) -> None:
        place = to.shifted("float", "%from", to.put(f"mul i64 {i}, %apart"))
        one = lambda k: to.do(f"call void @llvm.prefetch.p0(ptr {to.shifted('float', place, k)}, {near})")  # noqa: E731
        to.some("0", "%length", LINE, one)

    to.some("0", "%count", 1, row)
    return to.function("fetch", "ptr %from, i64 %count, i64 %apart, i64 %length")


def _times(to: Writer, stride: str, n: int) -> str:
    return "0" if n == 0 else stride if n == 1 else to.put(f"mul i64 {stride}, {n}")


def _reached(to: Writer, pointer: str, *steps: str) -> str:
    for step in steps:
        pointer = to.shifted("float", pointer, step)
    return pointer


def _inside(to: Writer, places: int, low: str, high: str) -> list[str]:
    """Whether each of the places is one of those from low to high."""
    below = [to.put(f"icmp slt i64 {i}, {high}") for i in range(places)]
    if not low:
        return below
    return [to.put(f"and i1 {to.put(f'icmp sge i64 {i}, {low}')}, {yes}") for i, yes in enumerate(below)]


def _spots(
    to: Writer, base: str, outside: str, steps: tuple[str, str], rows: Sequence[str], columns: Sequence[str]
) -> Block:
    """Where each place of a tile lies, or ``outside``."""
    down, across = steps
    found: Block = []
    for i, row in enumerate(rows):
        line = to.shifted("float", base, _times(to, down, i))
        places = [to.shifted("float", line, _times(to, across, j)) for j in range(len(columns))]
        inside = [to.put(f"and i1 {row}, {column}") for column in columns]
        pairs = zip(inside, places, strict=True)
        found.append([to.put(f"select i1 {yes}, ptr {place}, ptr {outside}") for yes, place in pairs])
    return found


def _put(maps: _Maps, block: Block, target: str) -> None:
    """Write vectors, each ``apart`` from the last."""
    for value in chain(*block):
        maps.store(value, target)
        target = maps.to.shifted("float", target, "%apart")


def _taken(maps: _Maps, source: str, apart: str = "%apart") -> Block:
    """Read a block of vectors, each so far from the last."""
    block: Block = [[] for _ in range(POINTS)]
    for i in range(POINTS * POINTS):
        block[i // POINTS].append(maps.load(source))
        source = maps.to.shifted("float", source, apart)
    return block
