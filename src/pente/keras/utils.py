"""What Keras keeps under utils."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pente.errors import DataError
from pente.random import set_seed as set_random_seed

__all__ = ["set_random_seed", "to_categorical"]


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
