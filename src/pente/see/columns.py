"""From columns and heights to places in pixels, for one connected part of a graph."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, pairwise

from pente.see.geometry import Rect, Size
from pente.see.layers import Layers, Link

__all__ = ["BEND_ROOM", "ROOM", "Placed", "place"]

ROOM = 22.0  # between two boxes in a column
BEND_ROOM = 14.0  # between two edges in a column
OP_GAP = 20.0  # between an op and its result
GAP = (44.0, 150.0)  # between two columns: least and most
SLOPE = 0.16  # a gap is this share of the steepest climb in it, so that climbing edges stay readable

Units = Mapping[int, tuple[int, ...]]
"""Boxes that are laid out as one, side by side: an op and its result, or any other box alone."""


@dataclass(slots=True)
class Placed:
    """The places of the boxes, and for each link the strips of columns that it crosses level."""

    rects: dict[int, Rect] = field(default_factory=dict)
    strips: dict[Link, list[Rect]] = field(default_factory=dict)

    @property
    def frame(self) -> Rect:
        everything = [*self.rects.values(), *chain.from_iterable(self.strips.values())]
        left, right = min((r.x for r in everything), default=0.0), max((r.right for r in everything), default=0.0)
        top, bottom = min((r.y for r in everything), default=0.0), max((r.bottom for r in everything), default=0.0)
        return Rect(left, top, right - left, bottom - top)

    def moved(self, dx: float, dy: float) -> "Placed":
        return Placed(
            {box: rect.moved(dx, dy) for box, rect in self.rects.items()},
            {link: [strip.moved(dx, dy) for strip in strips] for link, strips in self.strips.items()},
        )


def place(part: Layers, units: Units, sizes: Mapping[int, Size]) -> Placed:
    """The boxes of one part: columns side by side, values of a column under each other."""
    heights = _settled(part, {v: max(sizes[box][1] for box in units[v]) if v >= 0 else 0.0 for v in part.column})
    placed, left = Placed(), 0.0
    columns: list[Rect] = []
    for members, gap in zip(_columns(part), _gaps(part, heights), strict=True):
        full = [units[v] for v in members if v >= 0]
        before = max((sizes[unit[0]][0] + OP_GAP for unit in full if len(unit) > 1), default=0.0)
        column = Rect(left, 0.0, before + max((sizes[unit[-1]][0] for unit in full), default=0.0), 0.0)
        for v in members:
            if v >= 0:
                placed.rects |= _side_by_side(units[v], sizes, left + before, heights[v])
        columns.append(column)
        left = column.right + gap
    for (tail, head), bends in part.bends.items():
        on_the_way = (tail, *bends, head)
        placed.strips[tail, head] = [columns[part.column[v]].moved(0.0, heights[v]) for v in on_the_way]
    return placed


def _columns(part: Layers) -> list[list[int]]:
    columns: dict[int, list[int]] = defaultdict(list)
    for v in sorted(part.column, key=lambda v: (part.height[v], v)):
        columns[part.column[v]].append(v)
    return [columns[i] for i in range(len(columns))]


def _settled(part: Layers, size: Mapping[int, float]) -> dict[int, float]:
    """The heights, where whatever stands too close to its upper neighbour is pushed down.

    The algorithm is known to let boxes overlap in rare cases (Brandes, Walter, Zink, "Erratum: Fast and Simple
    Horizontal Coordinate Assignment", 2020).
    """
    heights = dict(part.height)
    for column in _columns(part):
        for above, v in pairwise(column):
            room = ROOM if above >= 0 and v >= 0 else BEND_ROOM
            heights[v] = max(heights[v], heights[above] + (size[above] + size[v]) / 2 + room)
    return heights


def _gaps(part: Layers, heights: Mapping[int, float]) -> list[float]:
    """The gap after each column: wide where an edge climbs high, so that it stays readable."""
    climbs = [0.0] * (max(part.column.values()) + 1)
    for (tail, head), bends in part.bends.items():
        for v, w in pairwise([tail, *bends, head]):
            climbs[part.column[v]] = max(climbs[part.column[v]], abs(heights[w] - heights[v]))
    return [min(max(SLOPE * climb, GAP[0]), GAP[1]) for climb in climbs]


def _side_by_side(unit: tuple[int, ...], sizes: Mapping[int, Size], left: float, middle: float) -> dict[int, Rect]:
    """The last box begins at ``left``; an op before it ends one gap earlier."""
    *ops, value = unit
    rects = {value: Rect(left, middle - sizes[value][1] / 2, *sizes[value])}
    for op in ops:
        width, height = sizes[op]
        rects[op] = Rect(left - OP_GAP - width, middle - height / 2, width, height)
    return rects
