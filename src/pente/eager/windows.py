"""Windows that slide over every axis: their sums, the transpose of that, and the place of the largest in each."""

from itertools import product
from math import prod
from typing import Any

import numpy as np

__all__ = ["window_argmax", "window_spread", "window_sum"]

Array = Any


def _places(shape: Any, window: Any, strides: Any) -> list[int]:
    places = [max((n - k) // s + 1, 0) for n, k, s in zip(shape, window, strides, strict=True)]
    if min(places, default=1) < 1 and prod(shape) > 0:
        raise ValueError("no window fits")  # the rule says which
    return places


def _taps(window: Any, places: Any, strides: Any) -> Any:
    """For every place inside a window, what all windows see there."""
    for tap in product(*map(range, window)):
        yield tuple(slice(k, k + (n - 1) * s + 1, s) for k, n, s in zip(tap, places, strides, strict=True))


def window_sum(x: Array, window: Any, strides: Any, padding: Any) -> Array:
    x = np.pad(x, padding)
    places = _places(x.shape, window, strides)
    out = np.zeros(places, x.dtype)
    for part in _taps(window, places, strides):
        out += x[part]
    return out


def window_spread(x: Array, shape: Any, window: Any, strides: Any, padding: Any) -> Array:
    """Give every window's number to each place the window saw; the transpose of window_sum."""
    wide = [n + low + high for n, (low, high) in zip(shape, padding, strict=True)]
    out = np.zeros(wide, x.dtype)
    for part in _taps(window, x.shape, strides):
        out[part] += x
    return out[tuple(slice(low, low + n) for n, (low, _) in zip(shape, padding, strict=True))]


def window_argmax(x: Array, window: Any, strides: Any, padding: Any) -> Array:
    """The flat place in ``x`` of the first largest number of each window; padding never wins; NaN does."""
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    values = np.pad(x, padding, constant_values=lowest)
    origin = np.pad(np.arange(prod(x.shape)).reshape(x.shape), padding, constant_values=-1)
    places = _places(values.shape, window, strides)
    best, found = np.full(places, lowest, x.dtype), np.full(places, -1)
    for part in _taps(window, places, strides):
        value, place = values[part], origin[part]
        better = ((value > best) | (np.isnan(value) & ~np.isnan(best)) | (found < 0)) & (place >= 0)
        best, found = np.where(better, value, best), np.where(better, place, found)
    return found
