"""Indexing against NumPy and torch: basic, whole numbers, bools, and writing to a copy."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, basic_indices, integer_array_indices

import pente
from pente.errors import BoundsError, DTypeError, ShapeError, TraceError
from tests.ops.oracle import agree, close, normal

X = normal(4, 5, 6)
PLACES, MORE = np.array([3, 0, -1, 0]), np.array([[1, -2], [0, 4]])
MASK = np.array([True, False, True, True])
WIDE_MASK = np.arange(20).reshape(4, 5) % 3 == 0

INDICES: dict[str, Any] = {
    "number": 2,
    "negative": -1,
    "two numbers": (1, -2),
    "all numbers": (1, 2, 3),
    "slice": slice(1, 3),
    "open slice": slice(None),
    "step": slice(None, None, 2),
    "backwards": slice(None, None, -1),
    "backwards with a step": (slice(None), slice(4, 0, -2)),
    "beyond the end": slice(2, 100),
    "nothing": slice(3, 1),
    "dots": (..., 0),
    "dots in the middle": (1, ..., slice(0, 2)),
    "new axis": (None, 1),
    "new axes everywhere": (None, slice(None), None, ..., None),
    "places": PLACES,
    "list": ([0, 2],),
    "places behind": (slice(None), PLACES),
    "places of two axes": (..., MORE),
    "two places": (PLACES, PLACES),
    "two places that broadcast": (PLACES[:2, None], np.array([1, 2, -3])),
    "places apart": (PLACES, slice(None), PLACES),
    "places and a number": (PLACES, slice(1, 3), 0),
    "places and a new axis": (None, PLACES),
    "mask": MASK,
    "mask of two axes": WIDE_MASK,
    "mask and slice": (MASK, slice(1, 4)),
    "mask of nothing": np.zeros(4, bool),
    "true": True,
    "a mask without axes": np.True_,
    "no for everything": (..., False),
    "true between": (slice(1, 3), True, 2),
    "true and places": (True, PLACES),
    "empty places": np.zeros(0, np.int64),
}


def _torch_index(index: Any) -> Any:
    items = index if isinstance(index, tuple) else (index,)
    return tuple(torch.tensor(i) if isinstance(i, (np.ndarray, np.bool_)) else i for i in items)


def _torch_can(index: Any) -> bool:
    items = index if isinstance(index, tuple) else (index,)
    return not any(isinstance(i, slice) and (i.step or 1) < 0 for i in items)


@pytest.mark.parametrize("name", INDICES)
def test_reading_agrees_with_numpy(name: str) -> None:
    np.testing.assert_array_equal(pente.tensor(X)[INDICES[name]].numpy(), X[INDICES[name]])


@pytest.mark.parametrize("name", [n for n, index in INDICES.items() if _torch_can(index)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_gradient_of_reading_agrees_with_torch(name: str, dtype: Any) -> None:
    index = INDICES[name]
    agree(lambda x: x[index], lambda x: x[_torch_index(index)], X, dtype=dtype)


@pytest.mark.parametrize("name", INDICES)
def test_the_gradient_of_reading_goes_back_to_every_place_that_was_read(name: str) -> None:
    leaf = pente.tensor(X, requires_grad=True)
    y = leaf[INDICES[name]]
    weights = np.arange(1.0, y.size + 1).reshape(y.shape)
    (y * weights).sum().backward()
    wanted = np.zeros_like(X)
    np.add.at(wanted, INDICES[name], weights)
    np.testing.assert_allclose(leaf.grad.numpy(), wanted)


@pytest.mark.parametrize("name", INDICES)
def test_adding_at_places_agrees_with_numpy(name: str) -> None:
    wanted = X.copy()
    np.add.at(wanted, INDICES[name], 2.5)
    np.testing.assert_allclose(pente.tensor(X).at[INDICES[name]].add(2.5).numpy(), wanted)


@pytest.mark.parametrize("name", INDICES)
def test_setting_places_agrees_with_numpy_and_leaves_the_tensor_alone(name: str) -> None:
    x, wanted = pente.tensor(X), X.copy()
    wanted[INDICES[name]] = 7.0
    np.testing.assert_array_equal(x.at[INDICES[name]].set(7.0).numpy(), wanted)
    np.testing.assert_array_equal(x.numpy(), X)


@pytest.mark.parametrize("name", ["number", "step", "mask", "places and a number", "dots"])
def test_the_gradients_of_setting_agree_with_torch(name: str) -> None:
    index = INDICES[name] if name != "places and a number" else (np.array([3, 0]), slice(1, 3), 0)

    def theirs(x: Any, u: Any) -> Any:
        y = x.clone()
        y[_torch_index(index)] = u
        return y

    agree(lambda x, u: x.at[index].set(u), theirs, X, normal(*X[index].shape, seed=5), dtype=np.float64)
    agree(lambda x, u: x.at[index].set(u), theirs, X, np.array(2.0), dtype=np.float64)


def test_an_empty_list_picks_nothing() -> None:
    assert pente.tensor(X)[[]].shape == (0, 5, 6)


def test_of_two_numbers_set_at_one_place_the_last_stays_and_has_the_gradient() -> None:
    x = pente.tensor([1.0, 2.0], requires_grad=True)
    u = pente.tensor([10.0, 20.0, 30.0], requires_grad=True)
    y = x.at[np.array([0, 0, 0])].set(u)
    assert y.tolist() == [30.0, 2.0]
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 1.0]
    assert u.grad.tolist() == [0.0, 0.0, 1.0]


def test_of_two_numbers_added_at_one_place_both_count() -> None:
    u = pente.tensor([10.0, 20.0], requires_grad=True)
    y = pente.zeros(3).at[np.array([1, 1])].add(u)
    assert y.tolist() == [0.0, 30.0, 0.0]
    (y * y).sum().backward()
    assert u.grad.tolist() == [60.0, 60.0]


shapes = array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)


@given(st.data())
def test_every_basic_index_agrees_with_numpy(data: st.DataObject) -> None:
    x = normal(*data.draw(shapes))
    index = data.draw(basic_indices(x.shape, allow_newaxis=True))
    np.testing.assert_array_equal(pente.tensor(x)[index].numpy(), x[index])


@given(st.data())
def test_every_index_of_whole_numbers_agrees_with_numpy(data: st.DataObject) -> None:
    x = normal(*data.draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)))
    index = data.draw(integer_array_indices(x.shape))
    np.testing.assert_array_equal(pente.tensor(x)[index].numpy(), x[index])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint64"])
def test_places_in_small_integers_reach_as_far_as_the_axes_do(dtype: str) -> None:
    """i·n + j must not be computed in the integers that i and j are given in."""
    x = np.arange(300.0 * 300).reshape(300, 300)
    i, j = np.array([120, 99, 0], dtype), np.array([1, 127, 100], dtype)
    np.testing.assert_array_equal(pente.tensor(x)[i, j].numpy(), x[i, j])
    np.testing.assert_array_equal(pente.take(x, j, axis=0).numpy(), x[j])
    np.testing.assert_array_equal(pente.take_along_axis(x[:3], i[:, None], axis=1).numpy()[:, 0], x[[0, 1, 2], i])
    np.testing.assert_array_equal(pente.vmap(lambda row, k: row[k])(x[:3], i).numpy(), x[[0, 1, 2], i])


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32"])
def test_negative_places_in_small_integers_are_counted_from_the_end(dtype: str) -> None:
    x = np.arange(300.0)
    np.testing.assert_array_equal(pente.tensor(x)[np.array([-1, -100], dtype)].numpy(), x[[-1, -100]])


def test_take_agrees_with_numpy_and_torch() -> None:
    for axis in (0, 1, -1):
        np.testing.assert_array_equal(pente.take(X, PLACES, axis=axis).numpy(), np.take(X, PLACES, axis=axis))
    np.testing.assert_array_equal(pente.take(X, MORE).numpy(), np.take(X, MORE))
    agree(
        lambda x: pente.take(x, np.array([0, 2, 0]), axis=1),
        lambda x: torch.index_select(x, 1, torch.tensor([0, 2, 0])),
        X,
        dtype=np.float64,
    )


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take_along_axis_agrees_with_torch(axis: int) -> None:
    order = np.argsort(X, axis=axis)
    agree(
        lambda x: pente.take_along_axis(x, order, axis=axis),
        lambda x: torch.take_along_dim(x, torch.tensor(order), dim=axis),
        X,
        dtype=np.float64,
    )


def test_nonzero_agrees_with_numpy() -> None:
    for found, wanted in zip(pente.nonzero(WIDE_MASK), np.nonzero(WIDE_MASK), strict=True):
        close(found.numpy(), wanted)


@pytest.mark.parametrize("index", [4, -5, (0, 5), (..., 6), np.array([0, 4]), np.array([-5]), (0, np.array([5]))])
def test_an_index_outside_of_its_axis_raises(index: Any) -> None:
    for tensor in (pente.tensor(X), pente.tensor(X, requires_grad=True)):
        with pytest.raises(BoundsError, match="outside"):
            tensor[index]
        with pytest.raises(BoundsError, match="outside"):
            tensor.at[index].set(0.0)


def test_too_many_indices_raise() -> None:
    with pytest.raises(BoundsError, match="4 indices for a tensor with 3 axes"):
        pente.tensor(X)[0, 0, 0, 0]
    with pytest.raises(BoundsError, match="only once"):
        pente.tensor(X)[..., ...]


@pytest.mark.parametrize("index", [1.5, "a", np.array([0.5])])
def test_an_index_that_is_no_whole_number_raises(index: Any) -> None:
    with pytest.raises(DTypeError):
        pente.tensor(X)[index]


@pytest.mark.parametrize("mask", [np.ones(3, bool), np.ones((4, 4), bool), (slice(None), np.ones(4, bool))])
def test_a_mask_of_another_shape_raises(mask: Any) -> None:
    with pytest.raises(BoundsError, match="does not fit"):
        pente.tensor(X)[mask]


def test_a_tensor_is_an_index() -> None:
    x = pente.tensor(X)
    np.testing.assert_array_equal(x[pente.tensor([1, -1])].numpy(), X[[1, -1]])
    np.testing.assert_array_equal(x[x > 0].numpy(), X[X > 0])
    np.testing.assert_array_equal(X[pente.tensor(2)], X[2])


def test_a_mask_of_a_traced_tensor_raises_and_shows_where() -> None:
    with pytest.raises(TraceError, match=r"pente\.where"):
        pente.vmap(lambda x: x[x > 0].sum())(X)


def test_iterating_walks_along_the_first_axis() -> None:
    assert [row.shape for row in pente.tensor(X)] == [(5, 6)] * 4
    with pytest.raises(ShapeError, match="no length"):
        list(pente.tensor(1.0))
