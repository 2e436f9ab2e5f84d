"""Reading and writing at places along one axis. An index outside of the axis raises; nothing wraps around."""

from typing import Any

import numpy as np

from pente.errors import BoundsError

__all__ = ["gather", "scatter_add", "scatter_set"]


def _check(indices: Any, length: int, axis: int) -> None:
    if np.size(indices) and (np.min(indices) < 0 or np.max(indices) >= length):
        bad = np.asarray(indices)[(np.asarray(indices) < 0) | (np.asarray(indices) >= length)].flat[0]
        raise BoundsError(f"index {bad} is outside of axis {axis}, which has {length} places (0 to {length - 1}).")


def gather(x: Any, indices: Any, axis: int) -> Any:
    _check(indices, x.shape[axis], axis)
    return np.take(x, indices, axis=axis)


def scatter_add(x: Any, indices: Any, updates: Any, axis: int) -> Any:
    """Every update is added, in order, also where a place comes twice."""
    _check(indices, x.shape[axis], axis)
    out = np.array(x)
    np.add.at(out, (*[slice(None)] * axis, indices), updates)
    return out


def scatter_set(x: Any, indices: Any, updates: Any, axis: int) -> Any:
    """Where a place comes twice the last update stays."""
    _check(indices, x.shape[axis], axis)
    out = np.array(x)
    out[(*[slice(None)] * axis, indices)] = updates
    return out
