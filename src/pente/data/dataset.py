"""What every data set here comes as: a pair that unpacks."""

from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dataset"]

STAGES = ("batch", "prefetch", "select", "shuffle", "skip", "take")


class Dataset(NamedTuple):
    """Inputs and targets, row by row: `x, y = dataset`, and `model.fit(*dataset)`.

    >>> from pente.data import make_xor
    >>> points = make_xor(8)
    >>> points.x.shape, points.y.shape
    ((8, 2), (8,))
    """

    x: NDArray[np.float32]
    """Inputs; the first axis counts the samples."""
    y: NDArray[Any]
    """Targets: int64 labels of shape (N,), or float32 values of shape (N, 1)."""

    def __getattr__(self, name: str) -> NoReturn:
        hint = f" For stages write ArrayDataset(*dataset).{name}(...)." if name in STAGES else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}.{hint}")
