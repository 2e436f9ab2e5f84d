"""What a drawing shows: boxes and arrows, before anything has a place or a colour."""

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal, NamedTuple

from pente.errors import GraphError

__all__ = ["Box", "Description", "Edge", "Kind", "Row"]

Kind = Literal["leaf", "inner", "result", "constant", "op"]


class Row(NamedTuple):
    """One labelled line in a box; ``gradient`` rows are drawn in the colour of gradients."""

    label: str
    text: str
    gradient: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A value or an op; ``note`` is the longer text that appears under the pointer."""

    id: int
    kind: Kind
    name: str = ""
    rows: tuple[Row, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow. Arrows into one box arrive from top to bottom by their ``order``; those of equal order as they come.

    So the arrows into a minus have the orders 0 and 1, and those into a plus need none.
    """

    source: int
    target: int
    order: int = 0


@dataclass(frozen=True, slots=True)
class Description:
    """Boxes and the arrows between them, without cycles; the same pair may be joined more than once.

    >>> a, plus, b = Box(0, "leaf", "a"), Box(1, "op", "+"), Box(2, "result", "b")
    >>> len(Description((a, plus, b), (Edge(0, 1), Edge(0, 1), Edge(1, 2))).edges)
    3
    """

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        for fault in _faults(self.boxes, self.edges):
            raise GraphError(fault)


def _faults(boxes: tuple[Box, ...], edges: tuple[Edge, ...]) -> Iterator[str]:
    known: dict[int, set[int]] = {}
    for box in boxes:
        if box.id in known:
            yield f"each box of a drawing needs its own id, and {box.id} is given twice."
        known[box.id] = set()
    for edge in edges:
        for end in (edge.source, edge.target):
            if end not in known:
                yield f"the edge {edge.source} -> {edge.target} ends at {end}, which is not the id of a box."
        known[edge.target].add(edge.source)
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        path = " -> ".join(map(str, error.args[1]))
        yield f"a drawing goes from inputs to results, and the edges {path} come back to where they began."
