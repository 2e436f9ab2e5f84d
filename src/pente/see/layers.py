"""The layered order of a graph, as found by fast-sugiyama: who stands in which column, and how high.

An edge that is longer than one column gets a bend in each column that it passes; the bend has room there like a box.
Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981.
"""

import threading
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from pente.errors import GraphError

__all__ = ["Layers", "Link", "layered"]

LARGEST = 100_000  # boxes and bends; a few seconds
TRANSPOSED = 300  # up to so many links the costliest search for fewer crossings pays
STACK = 256 << 20  # bytes; the library recurses along the columns, and a full stack would end the process

Link = tuple[int, int]


@dataclass(slots=True)
class Layers:
    """One connected part: the column and the height of each vertex and bend, and the bends of each link in order."""

    column: dict[int, int]
    height: dict[int, float]
    bends: dict[Link, list[int]] = field(default_factory=dict)


def layered(vertices: Collection[int], links: Iterable[Link], spacing: float, bend_spacing: float) -> list[Layers]:
    """The connected parts, in the order of their first vertices; neighbours in a column are ``spacing`` apart.

    Vertices are numbers from 0 on, bends are numbers below 0.
    """
    unique = sorted(set(links))
    _check_size(vertices, unique)
    # One part at a time: of several at once, version 0.5.3 of the library can give a bend the number of a vertex.
    parts = _connected(vertices, unique)
    return _on_a_deep_stack(lambda: [_solved(part, own, spacing, bend_spacing) for part, own in parts])


def _solved(part: list[int], links: list[Link], spacing: float, bend_spacing: float) -> Layers:
    """One connected part. The library draws from top to bottom with y upwards, and numbers bends after the vertices."""
    from fast_sugiyama import from_edges  # loaded only when something is drawn

    if not links:
        return Layers(dict.fromkeys(part, 0), dict.fromkeys(part, 0.0))
    # The library goes through the ends in the order of a set; as 0, 1, 2, ... that is the same in every process.
    number = {vertex: i for i, vertex in enumerate(part)}
    edges = [(number[tail], number[head]) for tail, head in links]
    fewer_crossings = len(edges) <= TRANSPOSED
    ((places, _, _, pairs),) = from_edges(
        edges, vertex_spacing=spacing, dummy_size=bend_spacing, transpose=fewer_crossings
    )
    name = {i: part[i] if i < len(part) else ~i for i, _ in places}
    columns = {y: i for i, y in enumerate(sorted({y for _, (_, y) in places}, reverse=True))}
    return Layers(
        column={name[i]: columns[y] for i, (_, y) in places},
        height={name[i]: x for i, (x, _) in places},
        bends=_bends([(name[tail], name[head]) for tail, head in pairs or ()]),
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


def _connected(vertices: Collection[int], links: list[Link]) -> list[tuple[list[int], list[Link]]]:
    """The vertices and the links of each connected part."""
    beside: dict[int, list[int]] = {vertex: [] for vertex in vertices}
    for tail, head in links:
        beside[tail].append(head)
        beside[head].append(tail)
    part_of: dict[int, int] = {}
    for first in vertices:
        stack = [first] if first not in part_of else []
        while stack:
            vertex = stack.pop()
            if part_of.setdefault(vertex, first) == first:
                stack += [v for v in beside[vertex] if v not in part_of]
    parts: dict[int, tuple[list[int], list[Link]]] = {first: ([], []) for first in part_of.values()}
    for vertex, first in sorted(part_of.items()):
        parts[first][0].append(vertex)
    for link in links:
        parts[part_of[link[0]]][1].append(link)
    return list(parts.values())


def _on_a_deep_stack(work: Callable[[], list[Layers]]) -> list[Layers]:
    before = threading.stack_size(STACK)
    try:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()
    finally:
        threading.stack_size(before)


def _check_size(vertices: Collection[int], links: list[Link]) -> None:
    """Refuse what would take minutes. The library finds the columns with the fewest bends, so no more than here."""
    column = _simple_columns(vertices, links)
    bends = sum(column[head] - column[tail] - 1 for tail, head in links)
    if len(vertices) + bends > LARGEST:
        raise GraphError(
            f"this graph is too large to be drawn: it has {len(vertices):,} boxes and {bends:,} bends of long edges, "
            f"and at most {LARGEST:,} of both can be laid out. Draw a part of it, such as one layer or one sample."
        )


def _simple_columns(vertices: Collection[int], links: list[Link]) -> dict[int, int]:
    """As far left as the inputs allow; then, what has more outputs than inputs, as far right as the outputs allow."""
    inputs: dict[int, list[int]] = {vertex: [] for vertex in vertices}
    outputs: dict[int, list[int]] = {vertex: [] for vertex in vertices}
    for tail, head in links:
        inputs[head].append(tail)
        outputs[tail].append(head)
    order = list(TopologicalSorter(inputs).static_order())
    column: dict[int, int] = {}
    for vertex in order:
        column[vertex] = max((column[tail] + 1 for tail in inputs[vertex]), default=0)
    for vertex in reversed(order):
        if len(outputs[vertex]) > len(inputs[vertex]):
            column[vertex] = min(column[head] for head in outputs[vertex]) - 1
    return column
