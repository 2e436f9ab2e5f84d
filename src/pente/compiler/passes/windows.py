"""Convolutions as the one form that has a kernel: valid, of one group, forward or for the weights."""

from typing import Any

from pente.compiler.passes.rewrite import remade, rewrite
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node
from pente.core.state import layer_path
from pente.core.tensor import Tensor

__all__ = ["unroll_windows"]


def unroll_windows(graph: Graph) -> Graph:
    """Padding becomes a call of its own; the gradient of the input becomes a convolution with the turned kernel.

    With several groups a convolution stays what it is.
    """
    return rewrite(graph, _plainer)


def _plainer(node: Node, inputs: tuple[Node, ...]) -> Node:
    if node.op not in (p.conv, p.conv_kernel, p.conv_input) or node.params["groups"] != 1:
        return remade(node, inputs)
    tensors = [Tensor(x.value, x) for x in inputs]
    with layer_path(node.path):
        out = _input_gradient(node, *tensors) if node.op is p.conv_input else _padded(node, *tensors)
    found: Node = out.node
    return found


def _padded(node: Node, x: Any, other: Any) -> Any:
    padding = node.params["padding"]
    if any(map(any, padding)):
        x = p.pad(x, widths=((0, 0, 0), *[(low, high, 0) for low, high in padding], (0, 0, 0)), value=0.0)
    settings = {**node.params, "padding": ((0, 0),) * len(padding)}
    return node.op(x, other, **settings)  # type: ignore[misc]


def _input_gradient(node: Node, grad: Any, kernel: Any) -> Any:
    """Spread the gradient by the strides, surround it by the window's reach, and slide the turned kernel over it."""
    params, window = node.params, kernel.shape[:-2]
    widths = []
    settings = (grad.shape[1:-1], params["places"], window, params["strides"], params["padding"], params["dilation"])
    for count, n, k, stride, (low, _), dilation in zip(*settings, strict=True):
        reach = (k - 1) * dilation
        before = reach - low
        widths.append((before, n + reach - ((count - 1) * stride + 1) - before, stride - 1))
    spread = p.pad(grad, widths=((0, 0, 0), *widths, (0, 0, 0)), value=0.0)
    rank = len(window)
    turned = p.transpose(p.flip(kernel, axes=tuple(range(rank))), axes=(*range(rank), rank + 1, rank))
    plain = {"strides": (1,) * rank, "padding": ((0, 0),) * rank, "dilation": params["dilation"], "groups": 1}
    return p.conv(spread, turned, **plain)
