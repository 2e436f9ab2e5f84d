"""Training and test data that have no row in common."""

import math
from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pente.data.seeds import generator
from pente.errors import DataError, UsageError

__all__ = ["train_test_split"]

Array = NDArray[Any]
Rows = NDArray[np.intp]
HABITS = {"random_state": "write seed={}", "train_size": "write test_size=, the share of the other side"}


def train_test_split(
    *arrays: ArrayLike,
    test_size: float | int = 0.25,
    seed: int = 0,
    stratify: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    shuffle: bool = True,
    **habits: Any,
) -> list[Array]:
    """Split arrays of N rows in two, so that no test row was ever seen in training.

    Returns [first_train, first_test, second_train, second_test, …], as scikit-learn does. Rows of the first array
    that are equal stay together on one side, so give the inputs first. (NaN equals NaN here, and −0 equals 0.)

    `test_size` is a share of the rows, of which ⌈share · N⌉ are tested, or a number of rows. Where equal rows make
    that size impossible, it is missed by less than one group of equal rows, and neither side is empty.

    `stratify` gives a label for each row: each class gets its share of the test rows to within one row (more only where
    equal rows must stay together), and of the roundings possible, one that puts each class on both sides if it can.
    An input that comes with several labels counts as the first of them.

    ``groups`` gives a label for each row, such as the patient that a scan is of: rows of a group stay together, too.

    The seed decides everything random. With `shuffle=False` the rows keep their order, and the test rows are the last
    that do not occur earlier.

    Raises DataError for no arrays, arrays of different lengths or without values, a size that leaves a side empty,
    rows that all belong together, a class with fewer than two distinct rows, a side with fewer rows than classes, and
    ``stratify`` with ``groups``, which ``k_fold`` does.

    >>> x, y = np.arange(20).reshape(10, 2), np.arange(10)
    >>> x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, seed=1)
    >>> x_train.shape, x_test.shape, sorted([*y_train.tolist(), *y_test.tolist()])
    ((7, 2), (3, 2), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    for name, value in habits.items():
        raise UsageError(f"train_test_split takes no {name}=: {HABITS.get(name, 'leave it out').format(value)}.")
    columns = [np.asarray(array) for array in arrays]
    count = _common_length(columns)
    test_count = _test_count(test_size, count)
    rng = generator(seed)
    together = _group_equal_rows(columns[0]) if groups is None else _joined(columns[0], groups, stratify)
    # Unshuffled, the last rows are tested: so the groups are offered last first.
    offered = rng.permutation(len(together.sizes)) if shuffle else np.arange(len(together.sizes))[::-1]
    strata = [(offered, test_count)]
    if stratify is not None:
        strata = _strata(together, offered, _labels(stratify, count, shuffle), test_count)
    tested = np.zeros(len(together.sizes), dtype=bool)
    for members, wanted in strata:
        tested[_choose(members, together.sizes[members], wanted)] = True
    rows = rng.permutation(count) if shuffle else np.arange(count)
    in_test = tested[together.of_row[rows]]
    return [column[rows[side]] for column in columns for side in (~in_test, in_test)]


class _Groups(NamedTuple):
    """Rows that must stay together, numbered as they first appear: only which rows are equal decides a split."""

    of_row: Rows
    """(N,): the group that each row belongs to."""
    first: Rows
    """(G,): the first row of each group."""
    sizes: Rows
    """(G,): how many rows each group has."""


def _group_equal_rows(array: Array) -> _Groups:
    of_row = _numbers_of_rows(array)
    if not of_row.any():
        raise DataError(
            f"all {len(array)} rows of the first array are equal, so every test row would be one of the training rows; "
            "expected at least 2 different rows"
        )
    return _groups_of(of_row)


def _groups_of(of_row: Rows) -> _Groups:
    _, first, sizes = np.unique(of_row, return_index=True, return_counts=True)
    return _Groups(of_row, first, sizes)


def _numbers_of_rows(array: Array) -> Rows:
    """Equal rows get the same number, counted from 0 as they first appear."""
    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(key, len(seen)) for key in _row_keys(array)])


def _joined(array: Array, groups: ArrayLike, stratify: ArrayLike | None) -> _Groups:
    """Rows that are equal or of one group, or linked by a chain of such rows, belong together."""
    labels = np.asarray(groups)
    if labels.shape != (len(array),):
        raise DataError(f"groups must give one label for each of the {len(array)} rows, got shape {labels.shape}")
    if stratify is not None:
        raise DataError(
            "stratify and groups at once need several tries: train, test = next(k_fold(x, stratify=y, groups=groups))"
        )
    links = _numbers_of_rows(array), np.unique(labels, return_inverse=True)[1]
    of_row, before = np.arange(len(array)), None
    while before is None or (of_row != before).any():  # each row takes the smallest number of those it is linked to
        before = of_row
        for link in links:
            smallest = np.full(link.max() + 1, len(array))
            np.minimum.at(smallest, link, of_row)
            of_row = smallest[link]
    if not of_row.any():
        raise DataError("all rows are linked by equal rows or groups, so that none can be tested apart from the others")
    return _groups_of(np.unique(of_row, return_inverse=True)[1])


def _row_keys(array: Array) -> Iterator[Hashable]:
    """Yield a key for each row; equal keys mean equal rows."""
    if array.dtype.kind == "O":
        return (repr(np.asarray(row, dtype=object).tolist()) for row in array)
    if array.dtype.kind in "fc":
        array = array + 0  # so that -0.0 has the bytes of 0.0
        array[np.isnan(array)] = np.nan  # and every NaN the same
    return (row.tobytes() for row in array)


def _strata(groups: _Groups, offered: Rows, labels: Array, test_count: int) -> list[tuple[Rows, int]]:
    """Return, for each class, its groups in the order offered and how many of its rows to test."""
    names, class_of_group = np.unique(labels[groups.first], return_inverse=True)
    _check_classes(names, np.bincount(class_of_group), test_count, len(labels))
    sizes = np.bincount(class_of_group, weights=groups.sizes).astype(np.int64)
    wanted = _apportion(test_count, sizes).tolist()
    return [(offered[class_of_group[offered] == k], wanted[k]) for k in range(len(names))]


def _check_classes(names: Array, distinct: Rows, test_count: int, count: int) -> None:
    if distinct.min() < 2:
        raise DataError(
            f"class {names[np.argmin(distinct)]} has a single distinct row, and stratify needs 2 of each class, "
            "one for each side: collect more of it, leave it out, or split without stratify"
        )
    if min(test_count, count - test_count) < len(names):
        raise DataError(
            f"{count - test_count} rows for training and {test_count} for the test cannot each hold all {len(names)} "
            "classes: choose another test_size, or split without stratify"
        )


def _apportion(total: int, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Share out a total in proportion to sizes, each share rounded down or up, so that the sum is exact.

    Rounding up goes first to shares that would be 0, last to those that would take all of a class, and otherwise to
    the largest remainders.
    """
    shares, remainders = np.divmod(sizes * total, sizes.sum())
    most_deserving = np.lexsort((-remainders, shares + 1 >= sizes, shares > 0))
    shares[most_deserving[: total - shares.sum()]] += 1
    return shares


def _choose(groups: Rows, sizes: Rows, wanted: int) -> Rows:
    """Take groups in turn, leaving out what does not fit, until about the wanted number of rows is taken."""
    taken = np.zeros(len(groups), dtype=bool)
    missing = wanted
    for i, size in enumerate(sizes.tolist()):
        if size <= missing:
            taken[i] = True
            missing -= size
    # What is left is larger than what is missing. The smallest of it may still come nearer; an empty side never does.
    left = np.flatnonzero(~taken)
    if missing and len(left) > 1:
        smallest = left[np.argmin(sizes[left])]
        taken[smallest] = sizes[smallest] < 2 * missing or not taken.any()
    return groups[taken]


def _common_length(columns: list[Array]) -> int:
    if not columns:
        raise DataError("there is nothing to split: give at least one array")
    for i, column in enumerate(columns):
        if column.ndim == 0 or column.size == 0:
            hint = f". For the size of the test write test_size={column}" if i and column.ndim == 0 else ""
            raise DataError(
                f"array {i} is empty or a single number (shape {column.shape}); expected at least 2 rows{hint}"
            )
        if len(column) != len(columns[0]):
            raise DataError(f"array {i} has {len(column)} rows and array 0 has {len(columns[0])}; expected as many")
    return len(columns[0])


def _test_count(test_size: float | int, count: int) -> int:
    share = isinstance(test_size, float | np.floating)
    if not 0 < test_size < (1 if share else count) or (share and math.ceil(test_size * count) == count):
        raise DataError(
            f"test_size={test_size} of {count} rows leaves none for training or none for the test; "
            f"expected a share between 0 and 1, or a number of rows from 1 to {count - 1}"
        )
    return math.ceil(test_size * count) if share else int(test_size)


def _labels(stratify: ArrayLike, count: int, shuffle: bool) -> Array:
    if not shuffle:
        raise DataError("stratify draws from each class, which changes the order; use it with shuffle=True")
    labels = np.asarray(stratify)
    if labels.shape != (count,):
        raise DataError(f"stratify must give one label for each of the {count} rows, got shape {labels.shape}")
    return labels
