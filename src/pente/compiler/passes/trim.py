"""Take out of loops what nobody asks for."""

from collections.abc import Collection, Iterable, Sequence

from pente.compiler.passes.loops import Loop, part, rewrite_loops
from pente.core.graph import Graph
from pente.core.node import Node, ancestors

__all__ = ["trim_loops"]


def trim_loops(graph: Graph) -> Graph:
    """A loop gives only what is asked for, and carries only what that needs."""
    return rewrite_loops(graph, _trimmed)


def _trimmed(loop: Loop, asked: Collection[int]) -> Sequence[Node | None] | None:
    count = len(loop.starts)
    given = [i for i in range(len(loop.given)) if count + i in asked]
    carried = _carried(loop, {i for i in range(count) if i in asked}, [loop.given[i] for i in given])
    if len(given) == len(loop.given) and len(carried) == count:
        return None
    starts = list(loop.starts.items())
    loop.starts = dict(starts[i] for i in carried)
    loop.after, loop.given = [loop.after[i] for i in carried], [loop.given[i] for i in given]
    kept = [*carried, *[count + i for i in given]]
    scan = loop.built()
    places = {old: new for new, old in enumerate(kept)}
    return [part(scan, places[i]) if i in places else None for i in range(len(loop.node.value))]


def _carried(loop: Loop, asked: Iterable[int], given: Iterable[Node]) -> list[int]:
    """The carries that are asked for at the end, or that other steps need."""
    found, roots = set(asked), list(given)
    while True:
        needed = set(ancestors([*roots, *[loop.after[i] for i in found]]))
        more = {i for i, x in enumerate(loop.starts) if x in needed}
        if more <= found:
            return sorted(found)
        found |= more
