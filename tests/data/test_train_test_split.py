import math

import numpy as np
import pytest
import sklearn.model_selection
from hypothesis import assume, given
from hypothesis import strategies as st

from pente.data import load_digits, train_test_split
from pente.errors import DataError, UsageError

shares = st.floats(0.05, 0.95)
seeds = st.integers(0, 2**64 - 1)
repeated_rows = st.lists(st.integers(0, 9), min_size=2, max_size=60).filter(lambda rows: len(set(rows)) > 1)


def possible(count, share):
    assume(math.ceil(share * count) < count)


@given(rows=repeated_rows, share=shares, seed=seeds, shuffle=st.booleans())
def test_sides_are_disjoint_complete_and_never_share_a_row(rows, share, seed, shuffle):
    possible(len(rows), share)
    x, index = np.array(rows), np.arange(len(rows))
    x_train, x_test, i_train, i_test = train_test_split(x, index, test_size=share, seed=seed, shuffle=shuffle)
    assert sorted([*i_train, *i_test]) == index.tolist()
    assert set(x_train).isdisjoint(x_test)
    assert len(x_train)
    assert len(x_test)
    np.testing.assert_array_equal(x[i_train], x_train)
    np.testing.assert_array_equal(x[i_test], x_test)


@given(rows=repeated_rows, share=shares, seed=seeds, shuffle=st.booleans())
def test_equal_rows_move_the_size_by_less_than_one_group(rows, share, seed, shuffle):
    possible(len(rows), share)
    _, x_test = train_test_split(rows, test_size=share, seed=seed, shuffle=shuffle)
    assert abs(len(x_test) - math.ceil(share * len(rows))) < np.bincount(rows).max()


@pytest.mark.parametrize(
    ("sizes", "wanted", "tested"),
    [
        ([5, 5], 1, {5}),  # too many rather than none
        ([1, 10], 8, {1}),  # too few rather than all
        ([3, 3, 3, 3], 5, {6}),  # one group more comes nearer
        ([3, 3, 3, 3], 4, {3}),  # one group less does
        ([4, 1, 1, 1], 3, {3}),
    ],
)
def test_groups_of_equal_rows_come_as_near_to_the_size_as_they_can(sizes, wanted, tested):
    rows = np.repeat(np.arange(len(sizes)), sizes)
    assert {len(train_test_split(rows, test_size=wanted, seed=seed)[1]) for seed in range(10)} == tested


@given(count=st.integers(2, 80), share=shares, seed=seeds, shuffle=st.booleans())
def test_sizes_are_scikit_learns_when_no_rows_are_equal(count, share, seed, shuffle):
    possible(count, share)
    ours = train_test_split(np.arange(count), test_size=share, seed=seed, shuffle=shuffle)
    theirs = sklearn.model_selection.train_test_split(np.arange(count), test_size=share, shuffle=shuffle)
    assert [len(side) for side in ours] == [len(side) for side in theirs]
    if not shuffle:
        np.testing.assert_array_equal(np.concatenate(ours), np.concatenate(theirs))


@given(rows=repeated_rows, share=shares, seed=seeds)
def test_same_seed_gives_the_same_split(rows, share, seed):
    possible(len(rows), share)
    for one, other in zip(
        train_test_split(rows, test_size=share, seed=seed),
        train_test_split(rows, test_size=share, seed=seed),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


@given(
    sizes=st.lists(st.integers(2, 30), min_size=1, max_size=6),
    share=shares,
    seed=seeds,
)
def test_stratify_keeps_each_class_to_within_one_row_of_its_share(sizes, share, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    wanted = math.ceil(share * len(labels))
    assume(len(sizes) <= wanted <= len(labels) - len(sizes))
    x = np.arange(len(labels))
    _, _, y_train, y_test = train_test_split(x, labels, test_size=share, seed=seed, stratify=labels)
    assert len(y_test) == wanted
    exact = np.array(sizes) * wanted / len(labels)
    assert np.abs(np.bincount(y_test, minlength=len(sizes)) - exact).max() <= 1
    assert len(y_train) == len(labels) - wanted


@given(rows=repeated_rows, seed=seeds)
def test_stratify_never_shares_a_row_either(rows, seed):
    x = np.concatenate([rows, 10 + np.array(rows)])
    labels = (x >= 10).astype(int)
    x_train, x_test, y_train, y_test = train_test_split(x, labels, test_size=0.5, seed=seed, stratify=labels)
    assert set(x_train).isdisjoint(x_test)
    assert set(y_train) == set(y_test) == {0, 1}


def test_a_rare_class_is_put_on_both_sides():
    labels = np.repeat([0, 1], [50, 2])  # the largest remainder alone would leave it off the smaller side
    for share in (0.1, 0.5, 0.9):
        _, _, y_train, y_test = train_test_split(np.arange(52), labels, test_size=share, stratify=labels)
        assert set(y_train) == {0, 1}, share
        assert set(y_test) == {0, 1}, share


def test_digits_split_in_the_proportions_of_scikit_learn():
    x, y = load_digits()
    assert len(np.unique(x.reshape(len(x), -1), axis=0)) == len(x)
    _, _, _, ours = train_test_split(x, y, test_size=0.2, stratify=y)
    _, _, _, theirs = sklearn.model_selection.train_test_split(x, y, test_size=0.2, stratify=y)
    assert np.abs(np.bincount(ours) - np.bincount(theirs)).max() <= 1


def test_every_row_is_tested_as_often_as_its_share_says():
    tested = np.zeros(20)
    for seed in range(2000):
        tested[train_test_split(np.arange(20), test_size=0.3, seed=seed)[1]] += 1
    np.testing.assert_allclose(tested / 2000, 0.3, atol=0.05)


def test_the_split_does_not_depend_on_the_scale_of_the_inputs():
    x = np.random.default_rng(0).normal(size=(50, 3))
    index = np.arange(50)
    np.testing.assert_array_equal(train_test_split(x, index)[3], train_test_split(-x / 255, index)[3])


@pytest.mark.parametrize(
    "equal",
    [(0.0, -0.0), (float("nan"), -float("nan")), (complex(0.0, 1.0), complex(-0.0, 1.0)), ("a", "a"), (None, None)],
)
def test_values_that_count_as_equal_stay_together(equal):
    x = np.array([*equal] * 6 + [type(equal[0])(7) if equal[0] is not None else 7])
    _, _, i_train, i_test = train_test_split(x, np.arange(13), test_size=6)
    assert sorted([sorted(i_train), sorted(i_test)]) == [list(range(12)), [12]]


def test_mixed_columns_are_compared_row_by_row():
    x = np.array([["red", 1.5], ["blue", 2.0], ["red", 1.5], ["red", 2.0]], dtype=object)
    for seed in range(10):
        _, _, i_train, _ = train_test_split(x, np.arange(4), test_size=0.5, seed=seed)
        assert (0 in i_train) == (2 in i_train)


def test_wide_object_rows_are_compared_to_the_end():
    x = np.zeros((4, 3000), dtype=object)
    x[:, 1500] = [1, 2, 3, 4]
    assert [len(side) for side in train_test_split(x, test_size=0.5)] == [2, 2]


def test_equal_images_stay_together():
    x, _ = load_digits()
    doubled = np.concatenate([x, x])
    _, _, i_train, i_test = train_test_split(doubled, np.arange(len(doubled)) % len(x))
    assert set(i_train).isdisjoint(i_test)


def test_test_size_may_be_a_number_of_rows():
    for size in (3, np.int64(3)):
        assert [len(side) for side in train_test_split(np.arange(10), test_size=size)] == [7, 3]


def test_rows_are_shuffled_unless_told_otherwise():
    train, test = train_test_split(np.arange(100))
    assert not np.array_equal(train, np.sort(train))
    assert not np.array_equal(test, np.sort(test))
    train, test = train_test_split(np.arange(100), shuffle=False)
    np.testing.assert_array_equal(np.concatenate([train, test]), np.arange(100))


def test_inputs_are_not_changed():
    x = np.array([-0.0, np.nan, 1.0])
    before = x.tobytes()
    train_test_split(x)
    assert x.tobytes() == before


@pytest.mark.parametrize("test_size", [0, 0.0, 1.0, 10, 1.5, -0.1, -1, 0.95, float("nan"), float("inf")])
def test_sizes_that_leave_a_side_empty_are_refused(test_size):
    with pytest.raises(DataError, match="test_size"):
        train_test_split(np.arange(10), test_size=test_size)


def test_different_lengths_are_refused_and_named():
    with pytest.raises(DataError, match="array 1 has 9 rows and array 0 has 10"):
        train_test_split(np.arange(10), np.arange(9))


@pytest.mark.parametrize("arrays", [(), ([],), (np.zeros((5, 0)),), (3.0,)])
def test_nothing_to_split_is_refused(arrays):
    with pytest.raises(DataError, match=r"nothing to split|is empty"):
        train_test_split(*arrays)


def test_habits_of_scikit_learn_are_answered():
    with pytest.raises(UsageError, match=r"takes no random_state=: write seed=42\."):
        train_test_split(np.arange(9), random_state=42)
    with pytest.raises(DataError, match=r"array 1 .* write test_size=0\.2"):
        train_test_split(np.arange(9), 0.2)


def test_rows_that_are_all_equal_are_refused():
    with pytest.raises(DataError, match="all 8 rows"):
        train_test_split(np.ones((8, 3)))


def test_a_class_with_one_distinct_row_is_refused_and_named():
    x, labels = [1, 2, 3, 4, 4], ["a", "a", "a", "b", "b"]
    with pytest.raises(DataError, match="class b has a single distinct row"):
        train_test_split(x, test_size=2, stratify=labels)


@pytest.mark.parametrize("test_size", [2, 4])
def test_a_side_too_small_for_all_classes_is_refused(test_size):
    with pytest.raises(DataError, match="all 3 classes"):
        train_test_split(np.arange(6), test_size=test_size, stratify=[0, 0, 1, 1, 2, 2])


def test_labels_that_do_not_fit_the_rows_are_refused():
    with pytest.raises(DataError, match=r"got shape \(3,\)"):
        train_test_split(np.arange(6), stratify=[0, 1, 1])


def test_stratify_without_shuffle_is_refused():
    with pytest.raises(DataError, match="shuffle=True"):
        train_test_split(np.arange(6), stratify=[0, 0, 0, 1, 1, 1], shuffle=False)
