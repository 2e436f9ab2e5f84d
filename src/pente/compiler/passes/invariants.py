"""Compute before a loop what is the same in all of its steps."""

from collections.abc import Collection, Sequence

from pente.compiler.passes.loops import Loop, part, rewrite_loops
from pente.compiler.passes.rewrite import remade
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node

__all__ = ["compute_before"]


def compute_before(graph: Graph) -> Graph:
    """The calls of a loop that depend on its constants alone stand before it."""
    return rewrite_loops(graph, _without_invariants)


def _without_invariants(loop: Loop, asked: Collection[int]) -> Sequence[Node | None] | None:
    outside = _invariants(loop)
    if not outside:
        return None
    read = {*loop.after, *loop.given, *[x for call in loop.calls if call not in outside for x in call.inputs]}
    loop.replace({call: loop.constant(outer) for call, outer in outside.items() if call in read})
    scan = loop.built()
    return [part(scan, i) for i in range(len(scan.value))]


def _invariants(loop: Loop) -> dict[Node, Node]:
    """The calls, and what they are outside of the loop. A loop of no steps would not have made them."""
    known = dict(loop.constants)
    found = {}
    for call in loop.calls if loop.node.params["length"] else ():
        if call.value.__class__ is not tuple and call.op is not p.part and all(x in known for x in call.inputs):
            known[call] = found[call] = remade(call, tuple([known[x] for x in call.inputs]))
    return found
