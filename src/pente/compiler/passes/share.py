"""Compute once what is computed twice."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from pente.compiler.emit import EMIT
from pente.compiler.passes.rewrite import remade, rewrite
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node

__all__ = ["share_equal", "signature"]

_VIEWS = {p.reshape, p.broadcast_to, p.transpose, p.strided_slice, p.flip}
_CHEAP = {*EMIT, *_VIEWS} - {p.divide}  # what a normalisation divides is what its gradient wants, too


def share_equal(graph: Graph) -> Graph:
    """Two calls of one operation on the same inputs with the same parameters become one. Not across remat.

    A reduction, say, also becomes one with another whose inputs are only equal: computed alike, from equal constants.
    An element-wise call does not, since to compute it again from what is at hand is cheaper than to keep it; but a
    division does.
    """
    known: dict[Hashable, Node] = {}
    equal = _equal_numbers(graph.captured)  # a node to the first that has the same value

    def shared(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = remade(node, inputs)
        if node.op is p.remat:
            return new
        first = known.setdefault(signature(new, [equal.get(x, x) for x in inputs]), new)
        if first.inputs == inputs or node.op not in _CHEAP:
            return first
        equal[new] = first
        return new

    return rewrite(graph, shared)


def _equal_numbers(constants: Sequence[Node]) -> dict[Node, Node]:
    """Each single number, and the first that has the same bits: a call on a plain number brings one of its own."""
    first: dict[Hashable, Node] = {}
    numbers = [(node, np.asarray(node.value)) for node in constants if np.size(node.value) == 1]
    return {node: first.setdefault((x.dtype, x.shape, x.tobytes()), node) for node, x in numbers}


def signature(node: Node, inputs: Sequence[Node]) -> Hashable:
    """Equal for calls of one operation with the same parameters, if the inputs are the same."""
    return node.op, tuple(inputs), tuple([(name, _key(value)) for name, value in sorted(node.params.items())])


def _key(value: Any) -> Hashable:
    """Parameters are compared by their text; programs and functions by themselves."""
    plain = isinstance(value, (int, float, str, bool, tuple)) or value is None
    return (type(value).__name__, repr(value)) if plain or hasattr(value, "itemsize") else ("object", str(id(value)))
