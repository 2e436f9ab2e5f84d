"""The layered order of a graph, as found by fast-sugiyama: who stands in which column, and how high.

An edge that is longer than one column gets a bend in each column that it passes; the bend has room there like a box.
Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

__all__ = ["Layers", "layered"]

Link = tuple[int, int]


@dataclass(slots=True)
class Layers:
    """One connected part: the column and the height of each vertex and bend, and the bends of each link in order."""

    column: dict[int, int]
    height: dict[int, float]
    bends: dict[Link, list[int]] = field(default_factory=dict)


def layered(vertices: Collection[int], links: Iterable[Link], spacing: float, bend_spacing: float) -> list[Layers]:
    """The connected parts, in the order of their first vertices; neighbours in a column are ``spacing`` apart."""
    from fast_sugiyama import from_edges  # loaded only when something is drawn

    # The library numbers the ends by their order in a set; as 0, 1, 2, ... that is the same in every process.
    unique = sorted(set(links))
    linked = sorted({end for link in unique for end in link})
    number = {vertex: i for i, vertex in enumerate(linked)}
    edges = [(number[tail], number[head]) for tail, head in unique]
    found = from_edges(edges, vertex_spacing=spacing, dummy_size=bend_spacing) if edges else []
    # A bend is a number past the last vertex; below zero it cannot meet another vertex.
    name = dict(enumerate(linked))
    parts = [
        _part(
            {name.get(i, ~i): place for i, place in sorted(places)},
            [(name.get(s, ~s), name.get(t, ~t)) for s, t in pairs or []],
        )
        for places, _, _, pairs in found
    ]
    parts += [Layers({vertex: 0}, {vertex: 0.0}) for vertex in vertices if vertex not in number]
    return sorted(parts, key=lambda part: min(vertex for vertex in part.column if vertex >= 0))


def _part(places: dict[int, tuple[float, float]], pairs: list[Link]) -> Layers:
    """The library draws from top to bottom with y upwards; the drawing goes from left to right."""
    depths = {depth: i for i, depth in enumerate(sorted({y for _, y in places.values()}, reverse=True))}
    return Layers(
        column={vertex: depths[y] for vertex, (_, y) in places.items()},
        height={vertex: x for vertex, (x, _) in places.items()},
        bends=_bends(pairs),
    )


def _bends(pairs: list[Link]) -> dict[Link, list[int]]:
    after = {tail: head for tail, head in pairs if tail < 0}
    bends = {}
    for tail, head in pairs:
        if tail >= 0:
            path = []
            while head < 0:
                path.append(head)
                head = after[head]
            bends[tail, head] = path
    return bends
