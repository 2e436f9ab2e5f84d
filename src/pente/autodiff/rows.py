"""Pieces that several rows of the gradient table share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pente.core import primitives as p

__all__ = ["Call", "Joint", "back_from_slice", "others", "split_back", "spread", "unbroadcast"]


class Call(NamedTuple):
    """A recorded call as a row sees it: the operation, its inputs and output as arrays or tensors, who needs what."""

    op: p.Primitive
    inputs: tuple[Any, ...]
    params: Mapping[str, Any]
    out: Any
    needed: tuple[bool, ...]


class Joint(NamedTuple):
    """A row that gives the gradients of all inputs at once: back(g, call) -> one gradient, or None, for each input.

    For operations with any number of inputs, or with several outputs: then g is a list of one gradient or None each.
    """

    back: Callable[[Any, Call], Sequence[Any]]


def split_back(g: Any, call: Call) -> list[Any]:
    """Every part of a concatenation gets its own piece."""
    axis, start, pieces = call.params["axis"], 0, []
    for x in call.inputs:
        starts = tuple(start if i == axis else 0 for i in range(g.ndim))
        stops = tuple(start + x.shape[axis] if i == axis else n for i, n in enumerate(g.shape))
        pieces.append(p.strided_slice(g, starts=starts, stops=stops, steps=(1,) * g.ndim))
        start += x.shape[axis]
    return pieces


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """The sum over all axes along which a tensor of this shape was repeated."""
    extra = g.ndim - len(shape)
    axes = tuple(i for i, n in enumerate(g.shape) if i < extra or shape[i - extra] == 1 != n)
    summed = p.reduce_sum(g, axes=axes, keepdims=True)
    return p.reshape(summed, shape=shape) if extra else summed


def spread(g: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """Repeat what was reduced over ``axes`` back to the shape of x."""
    if g.ndim:
        g = p.reshape(g, shape=tuple([1 if i in axes else n for i, n in enumerate(x.shape)]))
    return p.broadcast_to(g, shape=x.shape)


def back_from_slice(g: Any, x: Any, starts: Any, steps: Any) -> Any:
    """Put a slice back to its places in a tensor of zeros."""
    ends = [start + (n - 1) * step + 1 if n else start for start, n, step in zip(starts, g.shape, steps, strict=True)]
    widths = [
        (start, n - end, step - 1) if end > start else (n, 0, 0)
        for start, end, n, step in zip(starts, ends, x.shape, steps, strict=True)
    ]
    return p.pad(g, widths=tuple(widths), value=0.0)


def others(x: Any, axes: tuple[int, ...]) -> Any:
    """For every element the product of all others along the axes, without dividing: exact at zeros, to any order."""
    rest = [i for i in range(x.ndim) if i not in axes]
    order = (*axes, *rest)
    moved = p.transpose(x, axes=order)
    count = int(np.prod([x.shape[a] for a in axes], dtype=np.int64))
    flat = p.reshape(moved, shape=(count, *[x.shape[i] for i in rest]))
    back = p.reshape(_others_along_first(flat), shape=moved.shape)
    return p.transpose(back, axes=tuple(map(int, np.argsort(order))))


def _others_along_first(x: Any) -> Any:
    """In a tree of pairs: the others of an element are its partner and the others of the pair."""
    n = x.shape[0]
    if n < 2:
        return p.broadcast_to(np.ones((), x.dtype), shape=x.shape)
    even = n + n % 2
    x = p.pad(x, widths=((0, even - n, 0), *((0, 0, 0),) * (x.ndim - 1)), value=1.0) if even > n else x
    first, second = (_every_second(x, start) for start in (0, 1))
    outside = _others_along_first(first * second)
    pairs = [p.reshape(outside * partner, shape=(even // 2, 1, *x.shape[1:])) for partner in (second, first)]
    woven = p.reshape(p.concatenate(*pairs, axis=1), shape=x.shape)
    return p.strided_slice(woven, starts=(0,) * x.ndim, stops=(n, *x.shape[1:]), steps=(1,) * x.ndim)


def _every_second(x: Any, start: int) -> Any:
    starts, steps = (start, *(0,) * (x.ndim - 1)), (2, *(1,) * (x.ndim - 1))
    return p.strided_slice(x, starts=starts, stops=x.shape, steps=steps)
