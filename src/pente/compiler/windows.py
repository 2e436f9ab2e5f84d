"""The largest of each window, as a kernel."""

import operator
from collections.abc import Sequence
from functools import partial
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from pente.compiler.lanes import TYPES, Lanes
from pente.compiler.places import SHARED, moved, over, pointers
from pente.compiler.views import View, contiguous
from pente.compiler.writer import Kernel, Writer
from pente.core import primitives as p
from pente.core.node import Node

__all__ = ["has_window_argmax", "window_argmax_kernel"]


class _Search(NamedTuple):
    """What every step of a search needs to know."""

    to: Writer
    x: View
    source: str
    target: str
    taps: list[int]
    step: int


def has_window_argmax(node: Node) -> bool:
    """Whether there is a kernel for the largest of each window."""
    plain = not any(map(any, node.params["padding"])) if node.op is p.window_argmax else False
    return plain and node.inputs[0].dtype.name in ("float32", "float64") and all(node.shape)


def window_argmax_kernel(node: Node, x: View) -> Kernel:
    """The flat place of the first largest number of each window; sixteen neighbours of the last axis at a time."""
    to = Writer()
    source, target = pointers(to, [x, x._replace(offset=0, dtype=np.dtype(np.int64))])
    steps, out = node.params["strides"], contiguous(node.shape)
    taps = [sum(map(operator.mul, tap, x.strides)) for tap in product(*map(range, node.params["window"]))]
    last = len(x.shape) - 1
    axes = [(n, (s * x.strides[i], out[i])) for i, (n, s) in enumerate(zip(node.shape, steps, strict=True)) if i < last]
    side_by_side = node.params["window"][last] == 1 == steps[last]
    whole = node.shape[last] // 16 * 16 if side_by_side else 0

    def row(at: Sequence[str]) -> None:
        for width, start, stop in ((16, 0, whole), (1, whole, node.shape[last])):
            if start < stop:
                body = partial(_largest, at, width, _Search(to, x, source, target, taps, steps[last]))
                to.loop(str(start), str(stop), width, body)

    over(to, axes, ["0", "0"], row, shared=prod(x.shape) >= SHARED)
    return to.kernel()


def _largest(at: Sequence[str], width: int, of: "_Search", i: str, _: Any) -> list[str]:
    """Compare what every tap of the window sees; strictly larger, or the first NaN, takes over."""
    to, x, lanes, long = of.to, of.x, Lanes(of.to, width), np.dtype(np.int64)
    first = to.put(f"add i64 {at[0]}, {i if of.step == 1 else to.put(f'mul i64 {i}, {of.step}')}")
    numbers = lanes.repeat(first, long)
    if width > 1:
        numbers = lanes.op("add", long, numbers, "<" + ", ".join(f"i64 {n}" for n in range(width)) + ">")
    value, number = _tap(of, lanes, first, numbers, of.taps[0])
    for tap in of.taps[1:]:
        new, place = _tap(of, lanes, first, numbers, tap)
        past = lanes.op("fcmp ogt", x.dtype, new, value)
        known = lanes.op("fcmp ord", x.dtype, value, value)
        fresh = lanes.op("and", "i1", lanes.op("fcmp uno", x.dtype, new, new), known)
        better = lanes.op("or", "i1", past, fresh)
        value, number = lanes.select(x.dtype, better, new, value), lanes.select(long, better, place, number)
    there = moved(to, of.target, "i64", to.put(f"add i64 {at[1]}, {i}"))
    to.do(f"store {lanes.type(long)} {number}, ptr {there}, align 8")
    return []


def _tap(of: "_Search", lanes: Lanes, first: str, numbers: str, tap: int) -> tuple[str, str]:
    """What one place of the window holds, and where that is."""
    place = moved(of.to, of.source, TYPES[of.x.dtype.name], of.to.put(f"add i64 {first}, {tap}"))
    value = of.to.put(f"load {lanes.type(of.x.dtype)}, ptr {place}, align {of.x.dtype.itemsize}")
    long = np.dtype(np.int64)
    return value, lanes.op("add", long, numbers, lanes.constant(tap, long))
