"""Put what remat holds in its place."""

from collections.abc import Callable

from pente.compiler.passes.drop import drop_dead
from pente.compiler.passes.loops import with_bodies
from pente.compiler.passes.rewrite import remade, rewrite
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node

__all__ = ["open_remat"]


def open_remat(graph: Graph, change: Callable[[Graph], Graph]) -> Graph:
    """What remat holds stands in the program, and so it does in loops; ``change`` is what is done to it before.

    After this nothing may be shared, or what is to be computed again would be kept.
    """
    if not _holds_remat(graph):
        return graph
    found: dict[Node, tuple[Node, ...]] = {}

    def opened(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.op is p.remat:
            found[node] = _outputs(open_remat(change(node.params["body"]), change), inputs)
        elif node.op is p.part and node.inputs[0] in found:
            output: Node = found[node.inputs[0]][node.params["index"]]
            return output
        return remade(node, inputs)

    graph = drop_dead(rewrite(graph, opened))
    return with_bodies(graph, lambda body: open_remat(body, change))


def _holds_remat(graph: Graph) -> bool:
    return any(node.op is p.remat or (node.op is p.scan and _holds_remat(node.params["body"])) for node in graph.nodes)


def _outputs(body: Graph, inputs: tuple[Node, ...]) -> tuple[Node, ...]:
    """What the program gives for these inputs, by calls of its own."""
    new = dict(zip(body.inputs, inputs, strict=True))
    for node in body.nodes:
        new[node] = remade(node, tuple([new.get(x, x) for x in node.inputs]))
    return tuple([new.get(x, x) for x in body.outputs])
