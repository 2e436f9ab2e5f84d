"""Convolutions, their gradients of the input and of the weights, as products: nothing is unfolded in memory.

Where Winograd's method takes fewer multiplications it is taken; all else is done directly, with the padding laid out
before (the pass ``unroll_windows`` sees to it).
"""

from itertools import product
from math import ceil, gcd, prod

from pente.compiler.gemm import ROWS, Product, Step, gemm_kernel
from pente.compiler.packing import turn_function
from pente.compiler.views import View
from pente.compiler.winograd import Call, buffer, is_winograd, winograd_calls
from pente.compiler.writer import Kernel, Writer
from pente.core import primitives as p
from pente.core.node import Node
from pente.shapes import Shape

__all__ = ["has_window", "lacking", "window_calls"]

SUMMED = 256  # places over which a weight's gradient is added up before it is written
FILLED = 4096  # zeros that are written at a time


def has_window(node: Node) -> bool:
    """Whether kernels do it: floats in one group, not empty, padded before where that is wanted."""
    if node.op not in (p.conv, p.conv_input, p.conv_kernel) or node.dtype.name not in ("float32", "float64"):
        return False
    full = all(node.shape) and all(all(x.shape) for x in node.inputs)
    return full and node.params["groups"] == 1 and (is_winograd(node) or not any(map(any, lacking(node))))


def lacking(node: Node) -> list[tuple[int, int]]:
    """How many places the direct form wants before and after the first input along each axis, beyond what there is.

    The gradient of the input is done from all places of the result's gradient that a window could start from.
    """
    if node.op is not p.conv_input:
        return [(low, high) for low, high in node.params["padding"]]
    (grad, kernel), params = (x.shape for x in node.inputs), node.params
    found = []
    settings = (grad[1:-1], params["places"], kernel[:-2], params["strides"], params["padding"], params["dilation"])
    for count, n, k, stride, (low, _), hole in zip(*settings, strict=True):
        first, last = -((((k - 1) * hole) - low) // stride), (n - 1 + low) // stride
        found.append((max(-first, 0), max(last + 1 - count, 0)))
    return found


def window_calls(node: Node, a: View, b: View) -> list[Call]:
    """What computes it, call after call."""
    if is_winograd(node):
        return winograd_calls(node, a, b)
    if node.op is p.conv_input:
        return _input_calls(node, a, b)
    return [_call(node, (_forward if node.op is p.conv else _weights)(node, a, b), a, b)]


def _call(node: Node, of: Product, *reads: View) -> Call:
    return Call(gemm_kernel(of), list(reads), node, of.work / 50, (of, None))


def _kind(node: Node) -> str:
    return "float" if node.dtype.itemsize == 4 else "double"


def _strides(shape: Shape) -> list[int]:
    """Strides of (batch, *places, channels) in order: of the batch, and of each place axis."""
    strides, size = [], 1
    for n in reversed(shape):
        strides.append(size)
        size *= n
    return strides[::-1][:-1]


def _forward(node: Node, x: View, kernel: View) -> Product:
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
    places = list(zip(node.shape[1:-1], across, steps, out, strict=True))
    walks = [Step(x.shape[0], image, 0, own), *[Step(n, a * s, 0, c) for n, a, s, c in places]]
    return _placed(node, walks, [*depth, Step(channels, 1, filters)], filters, (x.offset, kernel.offset, 0))


def _placed(node: Node, walks: list[Step], depth: list[Step], columns: int, offsets: tuple[int, int, int]) -> Product:
    """A row is a place along the last axis; of narrow images it is the same place in each."""
    rows = walks.pop(0 if walks[-1].length < ROWS < walks[0].length else -1)
    sizes = (rows.length, columns, rows.a, rows.c, _side_by_side(depth), _kind(node), tuple(walks))
    return Product(*sizes, offsets=offsets[:2], c_offset=offsets[2])


def _side_by_side(depth: list[Step]) -> tuple[Step, ...]:
    """Two loops that walk A and B as one are one."""
    *rest, outer, inner = depth
    if (outer.a, outer.b) == (inner.a * inner.length, inner.b * inner.length):
        return (*rest, Step(outer.length * inner.length, inner.a, inner.b))
    return tuple(depth)


def _weights(node: Node, x: View, grad: View) -> Product:
    """Rows are the channels (with the window's last axis, where it has no holes); k runs over places, then images."""
    window, (channels, filters) = node.shape[:-2], node.shape[-2:]
    steps, holes = node.params["strides"], node.params["dilation"]
    image, *across = _strides(x.shape)
    own, *inside = _strides(grad.shape)
    depth = [Step(n, a * s, g) for n, a, s, g in zip(grad.shape[1:-1], across, steps, inside, strict=True)]
    rows, taps = channels, channels * filters
    batch: list[Step] = []
    for i in reversed(range(len(window))):
        if i == len(window) - 1 and holes[i] == 1:
            rows *= window[i]
        else:
            batch.insert(0, Step(window[i], across[i] * holes[i], 0, taps))
        taps *= window[i]
    together = max(SUMMED // prod(grad.shape[1:-1]), 1)
    levels = (Step(x.shape[0], image, own), *depth)
    return Product(rows, filters, 1, filters, levels, _kind(node), tuple(batch), together, (x.offset, grad.offset))


# The gradient of the input. Places i and i + stride meet the same weights of the window: so it is as many convolutions
# with a part of the window as the stride has places, and nothing is multiplied with the zeros between them.


def _input_calls(node: Node, grad: View, kernel: View) -> list[Call]:
    turned = buffer(node, prod(kernel.shape))
    calls = [Call(_turning(node, kernel), [kernel], turned.buffer, prod(kernel.shape) / 4)]
    phases = list(product(*map(range, node.params["strides"])))
    parts = [part for phase in phases if (part := _phase(node, grad, kernel, phase))]
    if len(parts) < len(phases):  # no weight reaches some places
        calls.append(Call(_zeros(node), [], node, prod(node.shape) / 8))
    return [*calls, *[_call(node, part, grad, turned) for part in parts]]


def _phase(node: Node, grad: View, kernel: View, phase: tuple[int, ...]) -> Product | None:
    """Every place i = q·stride + phase. It meets weight k at place (i + low - k·dilation) / stride of the gradient.

    The kernel is turned round: its channels are the columns, and the weights run backwards.
    """
    params, (channels, filters) = node.params, kernel.shape[-2:]
    image, *across = _strides(grad.shape)
    own, *out = _strides(node.shape)
    taps = _strides((1, *kernel.shape[:-2], channels * filters))[1:]
    walks, depth, offsets = [Step(grad.shape[0], image, 0, own)], [], [grad.offset, 0, 0]
    settings = (phase, params["places"], kernel.shape[:-2], params["strides"], params["padding"], params["dilation"])
    for i, (at, n, k, stride, (low, _), hole) in enumerate(zip(*settings, strict=True)):
        hits = [tap for tap in range(k) if (at + low - tap * hole) % stride == 0]
        if not hits or at >= n:
            return None
        apart = gcd(stride, hole)
        walks.append(Step(ceil((n - at) / stride), across[i], 0, out[i] * stride))
        depth.append(Step(len(hits), hole // apart * across[i], stride // apart * taps[i]))
        first = (at + low - hits[-1] * hole) // stride, k - 1 - hits[-1], at
        offsets = [o + f * s for o, f, s in zip(offsets, first, (across[i], taps[i], out[i]), strict=True)]
    a, b, c = offsets
    return _placed(node, walks, [*depth, Step(filters, 1, channels)], channels, (a, b, c))


def _turning(node: Node, kernel: View) -> Kernel:
    """The window backwards, and of each weight channels and filters in the other order."""
    to, kind = Writer(), _kind(node)
    count, (channels, filters) = prod(kernel.shape[:-2]), kernel.shape[-2:]
    source, target = to.pointer(0, kind, kernel.offset), to.pointer(1, kind, 0)
    turn = turn_function(kind, 64 // node.dtype.itemsize)

    def weight(i: str) -> None:
        size = channels * filters
        own = to.shifted(kind, source, to.put(f"mul i64 {i}, {size}"))
        there = to.shifted(kind, target, to.put(f"mul i64 {to.put(f'sub i64 {count - 1}, {i}')}, {size}"))
        sizes = (filters, channels, channels, 1, filters, channels, 0)
        to.call(turn, f"ptr {there}", f"ptr {own}", *[f"i64 {n}" for n in sizes])

    to.some(*to.share(count), 1, weight)
    return to.kernel()


def _zeros(node: Node) -> Kernel:
    to, kind, size = Writer(), _kind(node), prod(node.shape)
    target = to.pointer(0, kind, 0)
    vector = f"<16 x {kind}>"
    whole = size // FILLED
    first, last = to.share(max(whole, 1))

    def store(at: str, full: str) -> None:
        to.do(f"store {full} zeroinitializer, ptr {to.shifted(kind, target, at)}, align {node.dtype.itemsize}")

    begin, end = (to.put(f"mul i64 {i}, {to.number(FILLED if whole else 0)}") for i in (first, last))
    to.some(begin, end, 16, lambda i: store(i, vector))
    ends = to.put(f"icmp eq i64 {last}, {to.number(max(whole, 1))}")
    rest = to.put(f"select i1 {ends}, i64 {to.number(size)}, i64 0")
    to.some(to.number(whole * FILLED), rest, 1, lambda i: store(i, kind))
    return to.kernel()
