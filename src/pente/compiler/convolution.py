"""A valid convolution and its weight gradient as products: nothing is unfolded in memory."""

from pente.compiler.gemm import ROWS, Product, Step
from pente.compiler.views import View
from pente.core.node import Node
from pente.shapes import Shape

__all__ = ["forward_product", "weight_product"]


def _kind(node: Node) -> str:
    return "float" if node.dtype.itemsize == 4 else "double"


def _strides(shape: Shape) -> list[int]:
    """Strides of (batch, *places, channels) in order: of the batch, and of each place axis."""
    strides, size = [], 1
    for n in reversed(shape):
        strides.append(size)
        size *= n
    return strides[::-1][:-1]


def forward_product(node: Node, x: View, kernel: View) -> Product:
    """Rows are the places along the last place axis, or the images; k runs over the window and the channels.

    Where the window has no holes its last axis and the channels lie side by side, and are one loop.
    """
    window, (channels, filters) = kernel.shape[:-2], kernel.shape[-2:]
    steps, holes = node.params["strides"], node.params["dilation"]
    image, *across = _strides(x.shape)
    own, *out = _strides(node.shape)
    depth: list[Step] = []
    taps = channels * filters
    for n, stride, hole in reversed(list(zip(window, across, holes, strict=True))):
        depth.insert(0, Step(n, stride * hole, taps))
        taps *= n
    loops = _side_by_side([*depth, Step(channels, 1, filters)])
    places = list(zip(node.shape[1:-1], across, steps, out, strict=True))
    images = Step(x.shape[0], image, 0, own)
    walks = [images, *[Step(n, a * s, 0, c) for n, a, s, c in places]]
    rows = walks.pop(0 if node.shape[-2] < ROWS < x.shape[0] else -1)  # of narrow images the same place in each
    offsets = (x.offset, kernel.offset)
    return Product(rows.length, filters, rows.a, rows.c, loops, _kind(node), tuple(walks), None, offsets)


def _side_by_side(depth: list[Step]) -> tuple[Step, ...]:
    """Two loops that walk A and B as one are one."""
    *rest, outer, inner = depth
    if (outer.a, outer.b) == (inner.a * inner.length, inner.b * inner.length):
        return (*rest, Step(outer.length * inner.length, inner.a, inner.b))
    return tuple(depth)


def weight_product(node: Node, x: View, grad: View) -> Product:
    """Rows are the channels (with the window's last axis, where it has no holes); k runs over places, then images."""
    window, (channels, filters) = node.shape[:-2], node.shape[-2:]
    steps, holes = node.params["strides"], node.params["dilation"]
    image, *across = _strides(x.shape)
    own, *inside = _strides(grad.shape)
    depth = tuple(Step(n, a * s, g) for n, a, s, g in zip(grad.shape[1:-1], across, steps, inside, strict=True))
    rows, taps = channels, channels * filters
    batch: list[Step] = []
    for i in reversed(range(len(window))):
        if i == len(window) - 1 and holes[i] == 1:
            rows *= window[i]
        else:
            batch.insert(0, Step(window[i], across[i] * holes[i], 0, taps))
        taps *= window[i]
    passes = Step(x.shape[0], image, own)
    return Product(rows, filters, 1, filters, depth, _kind(node), tuple(batch), passes, (x.offset, grad.offset))
