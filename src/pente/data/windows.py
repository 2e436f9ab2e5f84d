"""Pieces of a long series as samples: views of it, which hold no copy until a batch is taken."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pente.data.dataset import Dataset
from pente.data.pipeline import require_count
from pente.errors import DataError

__all__ = ["text_windows", "time_series_windows"]

Array = NDArray[Any]


def time_series_windows(
    series: ArrayLike,
    length: int,
    *,
    horizon: int = 1,
    stride: int = 1,
    targets: ArrayLike | None = None,
) -> Dataset:
    """Windows of a series, and what comes ``horizon`` steps after the last step of each.

    Window i is x[i] = series[i·stride : i·stride + length], and y[i] = targets[i·stride + length − 1 + horizon].
    ``targets`` has a row for each step of the series; without it they are the series itself. With ``horizon=0`` the
    target is that of the window's last step.

    series: (T,) or (T, features); x: (N, length) or (N, length, features), a view; y: (N,) or (N, …).
    Raises DataError where no window fits or the lengths disagree.

    >>> x, y = time_series_windows(np.arange(6), length=3, horizon=2)
    >>> x.tolist(), y.tolist()
    ([[0, 1, 2], [1, 2, 3]], [4, 5])
    """
    steps = _series(series, "series")
    aims = steps if targets is None else _series(targets, "targets")
    if len(aims) != len(steps):
        raise DataError(f"targets has {len(aims)} steps and series has {len(steps)}; expected as many.")
    require_count("horizon", horizon, 0)
    last = len(steps) - horizon
    x = _windows(steps[: max(last, 0)], length, stride, len(steps), horizon)
    return Dataset(x, aims[length - 1 + horizon :: stride][: len(x)])


def text_windows(ids: ArrayLike, length: int, *, stride: int | None = None) -> Dataset:
    """Windows of a text for a language model: each position of y is the symbol that follows that of x.

    x[i] = ids[i·stride : i·stride + length], and y[i] is the same one later. Without a stride the windows follow each
    other; stride 1 gives every one there is.

    ids: (T,) whole numbers, such as ``CharacterSet.encode`` gives; x and y: (N, length), views.

    >>> x, y = text_windows(np.arange(7), length=3)
    >>> x.tolist(), y.tolist()
    ([[0, 1, 2], [3, 4, 5]], [[1, 2, 3], [4, 5, 6]])
    """
    numbers = _series(ids, "ids")
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        raise DataError(
            f"ids is one row of whole numbers, got shape {numbers.shape} and dtype {numbers.dtype}: "
            "write CharacterSet.of(text).encode(text)."
        )
    step = length if stride is None else stride
    x = _windows(numbers[:-1], length, step, len(numbers), 1)
    return Dataset(x, _windows(numbers[1:], length, step, len(numbers), 1))


def _series(values: ArrayLike, name: str) -> Array:
    array = np.asarray(values)
    if array.ndim == 0 or len(array) == 0:
        raise DataError(f"{name} is empty or a single number (shape {array.shape}); expected one row for each step.")
    return array


def _windows(steps: Array, length: int, stride: int, count: int, ahead: int) -> Array:
    require_count("length", length)
    require_count("stride", stride)
    if len(steps) < length:
        raise DataError(
            f"no window fits: a window of {length} steps and {ahead} ahead of it need {length + ahead}, and there are "
            f"{count}."
        )
    view = np.lib.stride_tricks.sliding_window_view(steps, length, axis=0)[::stride]
    return np.moveaxis(view, -1, 1)
