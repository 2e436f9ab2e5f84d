"""Build a program anew, call by call."""

from collections.abc import Callable
from typing import Any

from pente.core.graph import Graph
from pente.core.node import Node, ancestors, is_abstract, spec_of
from pente.core.primitives import Primitive
from pente.core.state import Position

__all__ = ["called", "remade", "rewrite"]

Rule = Callable[[Node, tuple[Node, ...]], Node]


def rewrite(graph: Graph, rule: Rule) -> Graph:
    """The program in which every call is what ``rule`` makes of it and of its inputs, which are rewritten already.

    A rule may put several calls for one; they stand where the one stood. Calls that nobody reads any more are left.
    """
    changed: dict[Node, Node] = {}
    new = _Program(graph)
    for node in graph.nodes:
        inputs = node.inputs
        if not changed.keys().isdisjoint(inputs):
            inputs = tuple([changed.get(x, x) for x in inputs])
        result = rule(node, inputs)
        if result is node:
            new.keep(node)
        else:
            changed[node] = result
            new.hold(result)
    outputs = tuple([changed.get(x, x) for x in graph.outputs])
    assigned = {variable: changed.get(x, x) for variable, x in graph.assigned.items()}
    return Graph(graph.inputs, tuple(new.captured), tuple(new.nodes), outputs, assigned)


class _Program:
    """The calls of the new program, in order."""

    def __init__(self, graph: Graph) -> None:
        self.captured = list(graph.captured)
        self.nodes: list[Node] = []
        self.known = {*graph.inputs, *graph.captured}

    def keep(self, node: Node) -> None:
        """Take over a call of the old program; what it needs came before it."""
        if node not in self.known:
            self.known.add(node)
            self.nodes.append(node)

    def hold(self, node: Node) -> None:
        """Take the call into the program, after what it needs and is not there yet."""
        if node in self.known:
            return
        if self.known.issuperset(node.inputs):
            self._append(node)
            return
        for part in ancestors([node], stop=lambda x: x in self.known or not is_abstract(x.value)):
            if part not in self.known:
                self._append(part)

    def _append(self, node: Node) -> None:
        self.known.add(node)
        (self.nodes if is_abstract(node.value) else self.captured).append(node)


def remade(node: Node, inputs: tuple[Node, ...], op: Any = None, params: Any = None) -> Node:
    """The call on other inputs; the same node where nothing changed."""
    if op is None and params is None and (inputs is node.inputs or inputs == node.inputs):
        return node
    position: Position | None = None if node.code is None else (node.code, node.offset)
    params = node.params if params is None else params
    return Node(op or node.op, inputs, params, node.value, node.tracked, node.path, position)


def called(op: Primitive, like: Node, *inputs: Node, **params: Any) -> Node:
    """A new call, made where ``like`` was."""
    return Node(
        op, inputs, params, op.spec(*[spec_of(x.value) for x in inputs], **params), False, like.path, like.position
    )
