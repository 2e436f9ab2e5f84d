"""Drop what nobody asks for."""

from pente.core.graph import Graph
from pente.core.node import Node

__all__ = ["drop_dead"]


def drop_dead(graph: Graph) -> Graph:
    """Every call that leads to no output and to no state is gone."""
    needed: set[Node] = {*graph.outputs, *graph.assigned.values()}
    kept = []
    for node in reversed(graph.nodes):
        if node in needed:
            needed.update(node.inputs)
            kept.append(node)
    captured = tuple(node for node in graph.captured if node in needed)
    return Graph(graph.inputs, captured, tuple(reversed(kept)), graph.outputs, graph.assigned)
