"""Build a program anew, call by call."""

from collections.abc import Callable
from typing import Any

from pente.core.graph import Graph, graph_of
from pente.core.node import Node
from pente.core.state import Position

__all__ = ["remade", "rewrite"]

Rule = Callable[[Node, tuple[Node, ...]], Node]


def rewrite(graph: Graph, rule: Rule) -> Graph:
    """The program in which every call is what ``rule`` makes of it and of its inputs, which are rewritten already.

    A rule may put several calls for one: whatever the outputs lead to belongs to the new program.
    """
    found: dict[Node, Node] = {node: node for node in (*graph.inputs, *graph.captured)}
    for node in graph.nodes:
        found[node] = rule(node, tuple(found[x] for x in node.inputs))
    outputs = tuple(found[node] for node in graph.outputs)
    assigned = {variable: found[node] for variable, node in graph.assigned.items()}
    return graph_of(graph.inputs, outputs, assigned, since=0)


def remade(node: Node, inputs: tuple[Node, ...], op: Any = None, params: Any = None) -> Node:
    """The call on other inputs; the same node where nothing changed."""
    if inputs == node.inputs and op is None and params is None:
        return node
    position: Position | None = None if node.code is None else (node.code, node.offset)
    params = node.params if params is None else params
    return Node(op or node.op, inputs, params, node.value, node.tracked, node.path, position)
