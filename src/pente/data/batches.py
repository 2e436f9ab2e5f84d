"""Which rows make up each batch of an epoch."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pente.data.seeds import generator
from pente.errors import DataError

__all__ = ["batches", "permutation"]

Rows = NDArray[np.int64]


def permutation(n: int, seed: int, epoch: int) -> Rows:
    """Return the order in which an epoch reads n rows, as a function of (n, seed, epoch) alone.

    No state is carried from one epoch to the next, so a run that resumes needs only its epoch and its place in it.

    >>> order = permutation(5, seed=0, epoch=3)
    >>> bool((order == permutation(5, seed=0, epoch=3)).all()), sorted(order.tolist())
    (True, [0, 1, 2, 3, 4])
    """
    _check_rows(n)
    return generator(seed, epoch).permutation(n)


def batches(n: int, batch_size: int, order: Rows | None = None) -> Iterator[slice] | Iterator[Rows]:
    """Plan one epoch: what to index n rows with to get each batch, the last one smaller where n asks for it.

    Without an order the batches are slices, which read without copying; with one they are pieces of that order.
    A wrong size raises DataError at once, not at the first batch.

    >>> list(batches(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    >>> [rows.tolist() for rows in batches(5, 2, np.array([3, 0, 4, 1, 2]))]
    [[3, 0], [4, 1], [2]]
    """
    _check_rows(n)
    if batch_size < 1:
        raise DataError(f"batch_size must be at least 1, got {batch_size}")
    windows = (slice(start, min(start + batch_size, n)) for start in range(0, n, batch_size))
    if order is None:
        return windows
    if order.shape != (n,):
        raise DataError(f"the order must name each of the {n} rows once, got an order of shape {order.shape}")
    return (order[window] for window in windows)


def _check_rows(n: int) -> None:
    if n < 1:
        raise DataError(f"there are no batches without data: expected at least 1 row, got {n}")
