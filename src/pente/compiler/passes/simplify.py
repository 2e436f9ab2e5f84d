"""Take out calls that change no number."""

from pente.compiler.passes.rewrite import remade, rewrite
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node

__all__ = ["simplify"]

_MARKS = {p.identity, p.stop_gradient}
_REDUCTIONS = {p.reduce_sum, p.reduce_max, p.reduce_min, p.reduce_prod}
_SHAPED = {p.reshape, p.broadcast_to}


def simplify(graph: Graph) -> Graph:
    """Marks, sums over no axis, casts to the same dtype, reshapes and broadcasts to the same shape vanish.

    Reshapes of reshapes become one.
    """
    return rewrite(graph, _simpler)


def _simpler(node: Node, inputs: tuple[Node, ...]) -> Node:
    if node.op in _MARKS:
        return inputs[0]
    if node.op is p.cast and inputs[0].dtype == node.dtype:
        return inputs[0]
    if node.op in _SHAPED and inputs[0].shape == node.shape:
        return inputs[0]
    if node.op in _REDUCTIONS and not node.params["axes"]:
        return inputs[0]
    if node.op is p.reshape and inputs[0].op is p.reshape:
        return remade(node, inputs[0].inputs)
    if node.op is p.transpose and node.params["axes"] == tuple(range(len(node.shape))):
        return inputs[0]
    return remade(node, inputs)
