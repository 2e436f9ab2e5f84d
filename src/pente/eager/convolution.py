"""Convolution and its two transposes as a sum over the places of the kernel: one matrix product each, no im2col.

y[n, i, o] = Σ_k Σ_c x[n, i·stride + k·dilation - low, c] · w[k, c, o], channels last, in groups of channels.
"""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

__all__ = ["conv", "conv_input", "conv_kernel"]

Array = Any
Index = tuple[Any, ...]


def _padded(x: Array, padding: Any) -> Array:
    if not any(map(any, padding)):
        return x
    return np.pad(x, [(0, 0), *[(max(low, 0), max(high, 0)) for low, high in padding], (0, 0)])[_cut(padding)]


def _cut(padding: Any) -> Index:
    """Where the padding is negative, that many places are left out."""
    return (slice(None), *[slice(max(-low, 0), -max(-high, 0) or None) for low, high in padding])


def _taps(window: Any, places: Any, strides: Any, dilation: Any) -> Iterator[tuple[Index, Index]]:
    """For every place of the kernel: its index, and the part of the padded input that it meets."""
    for tap in product(*map(range, window)):
        starts = [k * d for k, d in zip(tap, dilation, strict=True)]
        ends = [start + (n - 1) * s + 1 for start, n, s in zip(starts, places, strides, strict=True)]
        yield tap, (slice(None), *map(slice, starts, ends, strides))


def _split(x: Array, groups: int) -> Array:
    """(N, *places, C) as (groups, N·places, C / groups)."""
    rows = x.reshape(prod(x.shape[:-1]), groups, x.shape[-1] // groups)
    return rows.transpose(1, 0, 2)


def _grouped(kernel: Array, groups: int) -> Array:
    """(c, O) as (groups, c, O / groups)."""
    return kernel.reshape(kernel.shape[0], groups, -1).transpose(1, 0, 2)


def conv(x: Array, kernel: Array, strides: Any, padding: Any, dilation: Any, groups: int) -> Array:
    window, filters = kernel.shape[:-2], kernel.shape[-1]
    x = _padded(x, padding)
    spans = zip(x.shape[1:-1], window, strides, dilation, strict=True)
    places = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in spans]
    if min(places) < 1 and x.size:
        raise ValueError("no window fits")  # the rule says which
    total = np.zeros((groups, x.shape[0] * prod(places), filters // groups), np.result_type(x, kernel))
    for tap, part in _taps(window, places, strides, dilation):
        total += _split(x[part], groups) @ _grouped(kernel[tap], groups)
    return np.ascontiguousarray(total.transpose(1, 0, 2)).reshape(x.shape[0], *places, filters)


def conv_input(
    grad: Array, kernel: Array, places: Any, strides: Any, padding: Any, dilation: Any, groups: int
) -> Array:
    wide = [max(n + low + high, 0) for n, (low, high) in zip(places, padding, strict=True)]
    channels = kernel.shape[-2] * groups
    out = np.zeros((grad.shape[0], *wide, channels), np.result_type(grad, kernel))
    rows = _split(grad, groups)
    for tap, part in _taps(kernel.shape[:-2], grad.shape[1:-1], strides, dilation):
        sums = rows @ _grouped(kernel[tap], groups).transpose(0, 2, 1)
        out[part] += sums.transpose(1, 0, 2).reshape(*grad.shape[:-1], channels)
    back = [(-low, -high) for low, high in padding]
    return _padded(out, back)


def conv_kernel(x: Array, grad: Array, window: Any, strides: Any, padding: Any, dilation: Any, groups: int) -> Array:
    filters = grad.shape[-1]
    x = _padded(x, padding)
    out = np.empty((*window, x.shape[-1] // groups, filters), np.result_type(x, grad))
    rows = _split(grad, groups)
    for tap, part in _taps(window, grad.shape[1:-1], strides, dilation):
        sums = _split(x[part], groups).transpose(0, 2, 1) @ rows
        out[tap] = sums.transpose(1, 0, 2).reshape(-1, filters)
    return out
