"""Places for boxes and ways for edges, from left to right.

The graph is laid out in columns. An edge runs level through a column and bends only in the gap between two columns, so
that it cannot cross a box. An op stands directly before its result: the two are laid out as one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from pente.see.columns import BEND_ROOM, ROOM, Placed, Units, place
from pente.see.description import Description
from pente.see.geometry import Rect, Size, Way
from pente.see.layers import layered
from pente.see.ways import find_ways

__all__ = ["Layout", "arrange"]

PART_ROOM = 36.0  # between unconnected parts
ASPECT = 1.8  # unconnected parts are packed to about this width over height


@dataclass(frozen=True, slots=True)
class Layout:
    """A place for each box by its id, and a way for each edge in order; the upper left corner is (0, 0)."""

    rects: dict[int, Rect]
    ways: tuple[Way, ...]
    width: float
    height: float


def arrange(description: Description, sizes: Mapping[int, Size]) -> Layout:
    """The layout of a description whose boxes have the given sizes (width, height)."""
    units = _units(description)
    unit_of = {box: unit for unit, boxes in units.items() for box in boxes}
    links = [(unit_of[edge.source], unit_of[edge.target]) for edge in description.edges]
    tallest = max((height for _, height in sizes.values()), default=0.0)
    parts = layered(units, (link for link in links if link[0] != link[1]), tallest + ROOM, BEND_ROOM)
    whole = _packed([place(part, units, sizes) for part in parts])
    ways = find_ways(description, whole.rects, [whole.strips.get(link, []) for link in links])
    frame = whole.frame
    return Layout(whole.rects, ways, frame.right, frame.bottom)


def _units(description: Description) -> Units:
    """Each op with its result, where the two have only each other; all other boxes alone."""
    results = {edge.source: edge.target for edge in description.edges}
    outgoing = Counter(edge.source for edge in description.edges)
    incoming = Counter(edge.target for edge in description.edges)
    kinds = {box.id: box.kind for box in description.boxes}
    paired = {
        op: result
        for op, result in results.items()
        if kinds[op] == "op" != kinds[result] and outgoing[op] == 1 == incoming[result]
    }
    alone = kinds.keys() - paired.values()
    members = [(box, paired[box]) if box in paired else (box,) for box in kinds if box in alone]
    return dict(enumerate(members))


def _packed(parts: Sequence[Placed]) -> Placed:
    """The parts in rows, from left to right and then down, each row as long as the wanted width allows."""
    frames = [part.frame for part in parts]
    area = sum((frame.width + PART_ROOM) * (frame.height + PART_ROOM) for frame in frames)
    limit = max([sqrt(ASPECT * area), *(frame.width for frame in frames)])
    whole, x, y, bottom = Placed(), 0.0, 0.0, 0.0
    for part, frame in zip(parts, frames, strict=True):
        if x and x + frame.width > limit:
            x, y = 0.0, bottom + PART_ROOM
        moved = part.moved(x - frame.x, y - frame.y)
        whole.rects |= moved.rects
        whole.strips |= moved.strips
        x, bottom = x + frame.width + PART_ROOM, max(bottom, y + frame.height)
    return whole
