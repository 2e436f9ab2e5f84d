"""Convolutions as the forms that have kernels: of one group, and with the border laid out where that is wanted."""

from pente.compiler.convolution import lacking
from pente.compiler.passes.rewrite import remade, rewrite
from pente.compiler.winograd import is_winograd
from pente.core import primitives as p
from pente.core.dispatch import node_of
from pente.core.graph import Graph
from pente.core.node import Node
from pente.core.state import layer_path
from pente.core.tensor import Tensor

__all__ = ["unroll_windows"]


def unroll_windows(graph: Graph) -> Graph:
    """Padding becomes a call of its own where a convolution, or a gradient of one, is done directly.

    With several groups a convolution stays what it is.
    """
    return rewrite(graph, _laid_out)


def _laid_out(node: Node, inputs: tuple[Node, ...]) -> Node:
    if node.op not in (p.conv, p.conv_kernel, p.conv_input) or node.params["groups"] != 1 or is_winograd(node):
        return remade(node, inputs)
    sides = lacking(node)
    if not any(map(any, sides)):
        return remade(node, inputs)
    first, second = (Tensor(x.value, x) for x in inputs)
    with layer_path(node.path):
        wider = p.pad(first, widths=((0, 0, 0), *[(*side, 0) for side in sides], (0, 0, 0)), value=0.0)
        return node_of(node.op(wider, second, **{**node.params, "padding": _padding(node, sides)}))


def _padding(node: Node, sides: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The padding that is left; where the gradient has more places, their windows begin in as much more padding."""
    if node.op is not p.conv_input:
        return ((0, 0),) * len(sides)
    pairs = zip(node.params["padding"], sides, node.params["strides"], strict=True)
    return tuple((low + before * s, high + after * s) for (low, high), (before, after), s in pairs)
