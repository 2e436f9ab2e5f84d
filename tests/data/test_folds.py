"""Folds: each row tested once, shares of classes, groups that stay together, and tests that are later."""

from typing import Any

import numpy as np
import pytest
import sklearn.model_selection
from hypothesis import assume, given
from hypothesis import strategies as st

from pente.data import k_fold, time_series_split, train_test_split
from pente.errors import DataError, UsageError

seeds = st.integers(0, 2**64 - 1)
folds = st.integers(2, 8)


def check_each_row_is_tested_once(splits: Any, count: int) -> None:
    tested = []
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(count))
        tested += test.tolist()
    assert sorted(tested) == list(range(count))


@given(count=st.integers(2, 80), n_splits=folds, shuffle=st.booleans(), seed=seeds)
def test_each_row_is_tested_once(count: int, n_splits: int, shuffle: bool, seed: int) -> None:
    assume(n_splits <= count)
    splits = list(k_fold(count, n_splits, shuffle=shuffle, seed=seed))
    check_each_row_is_tested_once(splits, count)
    theirs = list(sklearn.model_selection.KFold(n_splits).split(np.zeros(count)))
    assert [len(test) for _, test in splits] == [len(test) for _, test in theirs]
    if not shuffle:
        for (train, test), (their_train, their_test) in zip(splits, theirs, strict=True):
            np.testing.assert_array_equal(test, their_test)
            np.testing.assert_array_equal(train, their_train)


@given(sizes=st.lists(st.integers(8, 30), min_size=2, max_size=5), n_splits=folds, shuffle=st.booleans(), seed=seeds)
def test_each_fold_has_its_share_of_each_class(sizes: list[int], n_splits: int, shuffle: bool, seed: int) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.array(["a", "b", "c", "d", "e"])[: len(sizes)], sizes))
    splits = list(k_fold(labels, n_splits, stratify=labels, shuffle=shuffle, seed=seed))
    check_each_row_is_tested_once(splits, len(labels))
    for name, size in zip("abcde", sizes, strict=False):
        shares = [np.count_nonzero(labels[test] == name) for _, test in splits]
        assert set(shares) <= {size // n_splits, -(-size // n_splits)}
    lengths = [len(test) for _, test in splits]
    assert max(lengths) - min(lengths) <= 1


@given(labels=st.lists(st.integers(0, 12), min_size=4, max_size=80), n_splits=folds, seed=seeds)
def test_groups_stay_together_and_no_fold_is_empty(labels: list[int], n_splits: int, seed: int) -> None:
    groups = np.array(labels)
    assume(len(set(labels)) >= n_splits)
    splits = list(k_fold(groups, n_splits, groups=groups, seed=seed))
    check_each_row_is_tested_once(splits, len(groups))
    for train, test in splits:
        assert set(groups[train]).isdisjoint(groups[test])
        assert len(test)
    theirs = sklearn.model_selection.GroupKFold(n_splits).split(groups, groups=groups)
    ours = sorted(len(test) for _, test in splits)
    assert ours == sorted(len(test) for _, test in theirs)  # both place the largest first, where there is least


def test_groups_and_classes_come_as_near_as_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    spreads = []
    for trial in range(20):
        groups = rng.integers(0, 40, 400)
        labels = (rng.random(400) < 0.15 + 0.5 * (groups % 4 == 0)).astype(int)
        ours = k_fold(400, 5, stratify=labels, groups=groups, seed=trial)
        theirs = sklearn.model_selection.StratifiedGroupKFold(5, shuffle=True, random_state=trial)
        spreads.append(
            [
                np.std([labels[test].mean() for _, test in splits])
                for splits in (ours, theirs.split(groups, labels, groups))
            ]
        )
    ours, theirs = np.mean(spreads, axis=0)
    assert ours < 1.25 * theirs


def test_the_seed_decides() -> None:
    def tests(seed: int, **more: Any) -> Any:
        return [test.tolist() for _, test in k_fold(40, 4, seed=seed, **more)]

    for more in ({}, {"stratify": np.arange(40) % 3}, {"groups": np.arange(40) // 2}):
        assert tests(1, **more) == tests(1, **more)
        assert tests(1, **more) != tests(2, **more)


@given(
    count=st.integers(3, 80),
    n_splits=folds,
    test_size=st.none() | st.integers(1, 12),
    gap=st.integers(0, 5),
)
def test_tests_in_time_are_scikit_learns(count: int, n_splits: int, test_size: int | None, gap: int) -> None:
    theirs = sklearn.model_selection.TimeSeriesSplit(n_splits, test_size=test_size, gap=gap)
    try:
        expected = list(theirs.split(np.zeros(count)))
    except ValueError:
        with pytest.raises(DataError, match="nothing is left"):
            time_series_split(count, n_splits, test_size=test_size, gap=gap)
        return
    assume(len(expected[0][0]))
    for (train, test), (their_train, their_test) in zip(
        time_series_split(np.zeros(count), n_splits, test_size=test_size, gap=gap), expected, strict=True
    ):
        np.testing.assert_array_equal(train, their_train)
        np.testing.assert_array_equal(test, their_test)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: k_fold(3, 5), DataError, "3 rows cannot make 5 folds"),
        (lambda: k_fold(9, 1), UsageError, "n_splits is a whole number of at least 2"),
        (lambda: k_fold(9, 3, stratify=[0] * 7 + [1] * 2), DataError, "smallest class has 2 rows"),
        (lambda: k_fold(9, 3, groups=[0] * 7 + [1] * 2), DataError, "2 groups cannot make 3 folds"),
        (lambda: k_fold(9, 3, groups=[0] * 7), DataError, "one label for each of the 9 rows"),
    ],
)
def test_what_cannot_be_split_is_told_at_once(wrong: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        wrong()


# Groups of train_test_split.


@given(
    rows=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), min_size=4, max_size=60),
    share=st.floats(0.1, 0.9),
    seed=seeds,
    shuffle=st.booleans(),
)
def test_neither_a_group_nor_an_equal_row_is_on_both_sides(rows: Any, share: float, seed: int, shuffle: bool) -> None:
    x, groups = np.array(rows).T
    try:
        sides = train_test_split(x, groups, test_size=share, groups=groups, seed=seed, shuffle=shuffle)
    except DataError:
        return
    x_train, x_test, g_train, g_test = sides
    assert set(x_train).isdisjoint(x_test)
    assert set(g_train).isdisjoint(g_test)
    assert len(x_train)
    assert len(x_test)
    assert sorted([*x_train, *x_test]) == sorted(x)


def test_the_size_is_met_to_within_a_group() -> None:
    groups = np.repeat(np.arange(50), 4)
    for seed in range(5):
        _, test = train_test_split(np.arange(200), test_size=0.2, groups=groups, seed=seed)
        assert abs(len(test) - 40) < 4


def test_links_through_equal_rows_are_told() -> None:
    with pytest.raises(DataError, match="all rows are linked"):
        train_test_split([1, 2, 2, 3, 3, 4], groups=[0, 0, 1, 1, 2, 2], test_size=2)
    with pytest.raises(DataError, match="one label for each"):
        train_test_split([1, 2, 3], groups=[0, 1])
    with pytest.raises(DataError, match=r"next\(k_fold"):
        train_test_split([1, 2, 3], groups=[0, 1, 2], stratify=[0, 1, 0])
