"""Build a program anew, call by call."""

from collections.abc import Callable
from typing import Any

from pente.core.graph import Graph
from pente.core.node import Node
from pente.core.state import Position

__all__ = ["remade", "rewrite"]

Rule = Callable[[Node, tuple[Node, ...]], Node]


def rewrite(graph: Graph, rule: Rule) -> Graph:
    """The program in which every call is what ``rule`` makes of it and of its inputs, which are rewritten already."""
    found: dict[Node, Node] = {node: node for node in (*graph.inputs, *graph.captured)}
    nodes: dict[Node, None] = {}
    for node in graph.nodes:
        new = rule(node, tuple(found[x] for x in node.inputs))
        found[node] = new
        if new not in graph.inputs and new not in graph.captured:
            nodes[new] = None
    outputs = tuple(found[node] for node in graph.outputs)
    assigned = {variable: found[node] for variable, node in graph.assigned.items()}
    return Graph(graph.inputs, graph.captured, tuple(nodes), outputs, assigned)


def remade(node: Node, inputs: tuple[Node, ...], op: Any = None, params: Any = None) -> Node:
    """The call on other inputs; the same node where nothing changed."""
    if inputs == node.inputs and op is None and params is None:
        return node
    position: Position | None = None if node.code is None else (node.code, node.offset)
    params = node.params if params is None else params
    return Node(op or node.op, inputs, params, node.value, node.tracked, node.path, position)
