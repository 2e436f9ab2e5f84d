import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pente.data.batches import batches, permutation
from pente.errors import DataError

counts = st.integers(1, 200)


@given(n=counts, batch_size=counts)
def test_slices_cover_the_rows_in_order_and_only_the_last_is_smaller(n, batch_size):
    plan = list(batches(n, batch_size))
    assert all(isinstance(window, slice) for window in plan)
    taken = [np.arange(n)[window] for window in plan]
    np.testing.assert_array_equal(np.concatenate(taken), np.arange(n))
    assert [len(rows) for rows in taken[:-1]] == [batch_size] * (n // batch_size - (n % batch_size == 0))
    assert 1 <= len(taken[-1]) <= batch_size


@given(n=counts, batch_size=counts, seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 10**6))
def test_shuffled_batches_follow_the_order(n, batch_size, seed, epoch):
    order = permutation(n, seed, epoch)
    plan = list(batches(n, batch_size, order))
    np.testing.assert_array_equal(np.concatenate(plan), order)
    assert [len(rows) for rows in plan] == [window.stop - window.start for window in batches(n, batch_size)]


@given(n=counts, seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 10**6))
def test_the_order_depends_on_seed_and_epoch_alone(n, seed, epoch):
    order = permutation(n, seed, epoch)
    permutation(n, seed, epoch + 1)
    np.testing.assert_array_equal(order, permutation(n, seed, epoch))
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    assert order.dtype == np.int64


def test_every_epoch_and_every_seed_has_an_order_of_its_own():
    orders = {tuple(permutation(50, seed, epoch)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


def test_the_order_is_uniform():
    first = [permutation(4, 0, epoch)[0] for epoch in range(4000)]
    np.testing.assert_allclose(np.bincount(first) / 4000, 0.25, atol=0.03)


def test_batches_without_an_order_read_without_copying():
    data = np.arange(10)
    assert all(np.shares_memory(data, data[window]) for window in batches(10, 3))


@pytest.mark.parametrize("n", [0, -1])
def test_no_rows_are_refused_at_once(n):
    with pytest.raises(DataError, match="at least 1 row"):
        batches(n, 4)
    with pytest.raises(DataError, match="at least 1 row"):
        permutation(n, 0, 0)


def test_an_empty_batch_size_is_refused_at_once():
    with pytest.raises(DataError, match="batch_size"):
        batches(10, 0)


def test_an_order_of_other_rows_is_refused_at_once():
    with pytest.raises(DataError, match=r"shape \(9,\)"):
        batches(10, 4, np.arange(9))
