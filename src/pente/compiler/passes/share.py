"""Compute once what is computed twice."""

from collections.abc import Hashable
from typing import Any

from pente.compiler.passes.rewrite import remade, rewrite
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node

__all__ = ["share_equal"]


def share_equal(graph: Graph) -> Graph:
    """Two calls of one operation on the same inputs with the same parameters become one. Not across remat."""
    known: dict[Hashable, Node] = {}

    def shared(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = remade(node, inputs)
        return new if node.op is p.remat else known.setdefault(_signature(new), new)

    return rewrite(graph, shared)


def _signature(node: Node) -> Hashable:
    return node.op, node.inputs, tuple([(name, _key(value)) for name, value in sorted(node.params.items())])


def _key(value: Any) -> Hashable:
    """Parameters are compared by their text; programs and functions by themselves."""
    plain = isinstance(value, (int, float, str, bool, tuple)) or value is None
    return (type(value).__name__, repr(value)) if plain or hasattr(value, "itemsize") else ("object", str(id(value)))
