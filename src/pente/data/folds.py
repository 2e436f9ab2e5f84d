"""Several splits of the same rows, so that each of them is tested once."""

from collections.abc import Iterator, Sized

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pente.data.pipeline import require_count
from pente.data.seeds import generator
from pente.errors import DataError

__all__ = ["k_fold", "time_series_split"]

Rows = NDArray[np.int64]


def k_fold(
    rows: int | Sized,
    n_splits: int = 5,
    *,
    stratify: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    shuffle: bool = True,
    seed: int = 0,
) -> Iterator[tuple[Rows, Rows]]:
    """Give the numbers of the training rows and of the test rows, ``n_splits`` times; each row is tested once.

    ``rows`` is how many there are, or anything with a length. Folds differ in size by at most one row. ``stratify`` is
    a label for each row: each fold has its share of each class to within one row. With ``groups``, a label for each
    row, those of a group stay together, and folds are as near in size, and with ``stratify`` in shares of the classes,
    as the groups allow: the largest are placed first, each where it fits best.

    The seed decides everything random. With ``shuffle=False`` rows are taken in their order.

    Raises DataError for fewer rows, groups, or rows of a class than folds.

    >>> for train, test in k_fold(6, n_splits=3, shuffle=False):
    ...     print(train, test)
    [2 3 4 5] [0 1]
    [0 1 4 5] [2 3]
    [0 1 2 3] [4 5]
    """
    count = _count(rows)
    if require_count("n_splits", n_splits, 2) > count:
        raise DataError(f"{count} rows cannot make {n_splits} folds: each needs one at least.")
    classes = np.zeros(count, np.int64) if stratify is None else _numbered(stratify, "stratify", count)
    order = generator(seed).permutation(count) if shuffle else np.arange(count)
    if groups is None:
        fold = _dealt(classes, order, n_splits)
    else:
        fold = _grouped(classes, _numbered(groups, "groups", count), order, n_splits)
    everyone = np.arange(count)
    return ((everyone[fold != k], everyone[fold == k]) for k in range(n_splits))


def _numbered(labels: ArrayLike, name: str, count: int) -> Rows:
    array = np.asarray(labels)
    if array.shape != (count,):
        raise DataError(f"{name} must give one label for each of the {count} rows, got shape {array.shape}.")
    return np.unique(array, return_inverse=True)[1]


def _dealt(classes: Rows, order: Rows, n_splits: int) -> Rows:
    """Rows sorted by class and dealt out like cards, so that shares differ by one at most; without classes, runs."""
    smallest = np.bincount(classes).min()
    if smallest < n_splits:
        raise DataError(f"the smallest class has {smallest} rows, and each of {n_splits} folds needs one of it.")
    by_class = order[np.argsort(classes[order], kind="stable")]
    runs = [by_class[k::n_splits] for k in range(n_splits)] if classes.any() else np.array_split(by_class, n_splits)
    fold = np.empty(len(order), np.int64)
    for k, run in enumerate(runs):
        fold[run] = k
    return fold


def _grouped(classes: Rows, groups: Rows, order: Rows, n_splits: int) -> Rows:
    """Groups in turn, the largest first, each to the fold where the shares of the classes stay the most even."""
    counts = np.zeros((groups.max() + 1, classes.max() + 1), np.int64)  # rows of each group, by class
    np.add.at(counts, (groups, classes), 1)
    if len(counts) < n_splits:
        raise DataError(f"{len(counts)} groups cannot make {n_splits} folds: each needs one at least.")
    shares = counts / counts.sum(axis=0)
    offered = groups[order][np.sort(np.unique(groups[order], return_index=True)[1])]
    held = np.zeros((n_splits, counts.shape[1]))
    fold_of = np.empty(len(counts), np.int64)
    for group in offered[np.argsort(-counts[offered].sum(axis=1), kind="stable")].tolist():
        # What the sum over folds of squared shares grows by is 2 · held · shares and a constant.
        fold_of[group] = fold = int(np.lexsort((held.sum(axis=1), held @ shares[group]))[0])
        held[fold] += shares[group]
    return fold_of[groups]


def time_series_split(
    rows: int | Sized, n_splits: int = 5, *, test_size: int | None = None, gap: int = 0
) -> Iterator[tuple[Rows, Rows]]:
    """Give the numbers of training and test rows, ``n_splits`` times, so that the test is always later.

    The tests are the last ``n_splits`` runs of ``test_size`` rows (without it, all rows in n_splits + 1 runs), and
    training is on everything before, without the last ``gap`` rows: as many as a window looks ahead. As scikit-learn's
    TimeSeriesSplit.

    >>> for train, test in time_series_split(6, n_splits=3):
    ...     print(train, test)
    [0 1 2] [3]
    [0 1 2 3] [4]
    [0 1 2 3 4] [5]
    """
    count = _count(rows)
    require_count("gap", gap, 0)
    size = (
        count // (require_count("n_splits", n_splits) + 1)
        if test_size is None
        else require_count("test_size", test_size)
    )
    first = count - n_splits * size
    if not size or first - gap < 1:
        raise DataError(
            f"{count} rows are too few for {n_splits} tests of {size} rows after a gap of {gap}: nothing is left "
            "to train on before the first."
        )
    return (
        (np.arange(start - gap), np.arange(start, start + size))
        for start in range(first, first + n_splits * size, size)
    )


def _count(rows: int | Sized) -> int:
    return int(rows) if isinstance(rows, int | np.integer) else len(rows)
