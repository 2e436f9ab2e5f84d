import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pente.data.seeds import generator, permutation
from pente.errors import DataError

counts = st.integers(1, 200)
seeds = st.integers(0, 2**64 - 1)
epochs = st.integers(0, 10**6)


@given(n=counts, seed=seeds, epoch=epochs)
def test_the_order_depends_on_seed_and_epoch_alone(n, seed, epoch):
    order = permutation(n, seed, epoch)
    permutation(n, seed, epoch + 1)
    np.testing.assert_array_equal(order, permutation(n, seed, epoch))
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    assert order.dtype == np.int64


@given(n=counts, block=counts, seed=seeds, epoch=epochs)
def test_in_blocks_every_row_comes_once_and_neighbours_stay_near(n, block, seed, epoch):
    order = permutation(n, seed, epoch, block)
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    np.testing.assert_array_equal(order, permutation(n, seed, epoch, block))
    changes = np.count_nonzero(np.diff(order // block))
    assert changes == -(-n // block) - 1  # one block is read to its end before the next one is begun


def test_blocks_and_the_rows_in_them_are_shuffled():
    order = permutation(1000, 0, 0, 100)
    assert (order // 100)[::100].tolist() != list(range(10))
    assert all((np.diff(order[i : i + 100]) != 1).any() for i in range(0, 1000, 100))


def test_every_epoch_and_every_seed_has_an_order_of_its_own():
    orders = {tuple(permutation(50, seed, epoch)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


def test_the_order_is_uniform():
    first = [permutation(4, 0, epoch)[0] for epoch in range(4000)]
    np.testing.assert_allclose(np.bincount(first) / 4000, 0.25, atol=0.03)


def test_the_parts_of_a_stream_are_different():
    drawn = {generator(0, 0, part).integers(2**62) for part in range(100)}
    assert len(drawn) == 100


@pytest.mark.parametrize("n", [0, -1])
def test_no_rows_are_refused(n):
    with pytest.raises(DataError, match="at least 1 row"):
        permutation(n, 0, 0)
