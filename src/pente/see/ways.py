"""The ways of the edges: where each leaves, which level stretches it passes, and where it arrives."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from math import sqrt

from pente.see.description import Description
from pente.see.geometry import Point, Rect, Way

__all__ = ["find_ways"]

PORT_STEP = 13.0  # between two edges that meet the same box
PORT_SHARE = 0.62  # of the height of a box is there for them


def find_ways(description: Description, rects: Mapping[int, Rect], strips: Sequence[Sequence[Rect]]) -> tuple[Way, ...]:
    """The way of each edge, given the strips that it crosses level: none from an op to its result."""
    edges = description.edges
    rounded = {box.id for box in description.boxes if box.kind == "op"}
    came_from = [own[-2] if own else rects[edge.source] for edge, own in zip(edges, strips, strict=True)]
    order = sorted(range(len(edges)), key=lambda i: (edges[i].order, came_from[i].middle, i))
    # A value goes out from one point, but for arrows to the same target, which run side by side.
    leave = _offsets({i: (edges[i].source, edges[i].target) for i in order}, [rects[e.source].height for e in edges])
    arrive = _offsets({i: edges[i].target for i in order}, [rects[e.target].height for e in edges])
    return tuple(
        _way(
            _port(rects[edge.source], leave[i], "right", edge.source in rounded),
            _port(rects[edge.target], arrive[i], "left", edge.target in rounded),
            strips[i],
        )
        for i, edge in enumerate(edges)
    )


def _way(start: Point, end: Point, strips: Sequence[Rect]) -> Way:
    if not strips:
        return start, end
    between = [point for strip in strips[1:-1] for point in ((strip.x, strip.middle), (strip.right, strip.middle))]
    return start, (strips[0].right, start[1]), *between, (strips[-1].x, end[1]), end


def _offsets(meeting: Mapping[int, Hashable], heights: Sequence[float]) -> dict[int, float]:
    """How far from the middle each edge meets its box, where edges with the same key share the room."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, key in meeting.items():
        groups[key].append(i)
    offsets: dict[int, float] = {}
    for group in groups.values():
        step = min(PORT_STEP, PORT_SHARE * heights[group[0]] / max(len(group) - 1, 1))
        offsets |= {i: (k - (len(group) - 1) / 2) * step for k, i in enumerate(group)}
    return offsets


def _port(rect: Rect, offset: float, side: str, rounded: bool) -> Point:
    """The point on the outline, which at the ends of an op is half a circle."""
    radius = rect.height / 2
    inset = radius - sqrt(radius**2 - offset**2) if rounded else 0.0
    return (rect.right - inset if side == "right" else rect.x + inset, rect.middle + offset)
