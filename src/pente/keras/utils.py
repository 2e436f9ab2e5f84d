"""What Keras keeps under utils."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pente.errors import DataError, UsageError
from pente.random import set_seed as set_random_seed

__all__ = ["normalize", "pad_sequences", "set_random_seed", "to_categorical"]


def to_categorical(x: Any, num_classes: int | None = None) -> NDArray[np.float32]:
    """Labels as one-hot rows: 1 at the label's place, 0 elsewhere.

    Shapes: x (...) or (..., 1) of whole numbers from 0 up, the result (..., num_classes).

    >>> to_categorical([1, 0, 2]).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    whole = labels.astype(np.int64)
    classes = int(whole.max(initial=-1)) + 1 if num_classes is None else num_classes
    if (whole != labels).any() or (whole < 0).any() or (whole >= classes).any():
        raise DataError(
            f"labels are whole numbers from 0 to {classes - 1}, got values from {labels.min()} to {labels.max()}."
        )
    return np.eye(classes, dtype=np.float32)[whole]


def normalize(x: Any, axis: int = -1, order: float = 2) -> NDArray[Any]:
    """x divided by its norm along an axis; where that is 0, x as it is.

    >>> normalize([[3.0, 4.0], [0.0, 0.0]]).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    values = np.asarray(x)
    norm = np.atleast_1d(np.linalg.norm(values, order, axis, keepdims=True))
    return np.asarray(values / np.where(norm == 0, 1, norm))


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> NDArray[Any]:
    """Sequences of several lengths as one array: the short are filled up, the long are cut, "pre" at the front.

    ``maxlen`` is the length of all, by default that of the longest. Shapes: (N, maxlen, ...).

    >>> pad_sequences([[1, 2, 3], [4]]).tolist(), pad_sequences([[1, 2, 3], [4]], maxlen=2, padding="post").tolist()
    ([[1, 2, 3], [0, 0, 4]], [[2, 3], [4, 0]])
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise UsageError(f"{name} is 'pre' or 'post', got {side!r}.")
    rows = [np.asarray(row) for row in sequences]
    length = max(map(len, rows), default=0) if maxlen is None else maxlen
    inner = next((row.shape[1:] for row in rows if len(row)), ())
    padded = np.full((len(rows), length, *inner), value, dtype)
    for place, row in zip(padded, rows, strict=True):
        kept = row[:length] if truncating == "post" else row[max(len(row) - length, 0) :]
        begin = 0 if padding == "post" else length - len(kept)
        place[begin : begin + len(kept)] = kept
    return padded
