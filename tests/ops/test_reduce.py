"""Reductions against torch and NumPy."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from tests.ops.oracle import DTYPES, agree, close, normal

AXES: list[Any] = [None, 0, 1, -1, (0, 2), (1, -1), (0, 1, 2)]
X = normal(2, 3, 4)


def _axis(axis: Any) -> dict[str, Any]:
    return {} if axis is None else {"dim": axis}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("sum", "sum"), ("mean", "mean"), ("max", "amax"), ("min", "amin"), ("logsumexp", "logsumexp")],
)
def test_a_reduction_agrees_with_torch(ours: str, theirs: str, axis: Any, keepdims: bool, dtype: Any) -> None:
    every = (0, 1, 2) if axis is None else axis
    agree(
        lambda x: getattr(pente, ours)(x, axis=axis, keepdims=keepdims),
        lambda x: getattr(torch, theirs)(x, dim=every, keepdim=keepdims),
        X,
        dtype=dtype,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("correction", [0, 1])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", ["var", "std"])
def test_a_spread_agrees_with_torch(name: str, axis: Any, correction: int, dtype: Any) -> None:
    agree(
        lambda x: getattr(pente, name)(x, axis=axis, correction=correction),
        lambda x: getattr(torch, name)(x, dim=axis, correction=correction),
        X,
        dtype=dtype,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_product_agrees_with_torch(axis: int, dtype: Any) -> None:
    agree(lambda x: pente.prod(x, axis=axis), lambda x: torch.prod(x, dim=axis), X, dtype=dtype)


@pytest.mark.parametrize("zeros", [[], [1], [1, 3], [0, 1, 2, 3, 4]])
def test_the_gradient_of_a_product_is_exact_where_factors_are_zero(zeros: list[int]) -> None:
    x = normal(5)
    x[zeros] = 0.0
    agree(pente.prod, torch.prod, x, dtype=np.float64)
    assert pente.gradcheck(pente.prod, (x,), order=2) < 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_cumulative_sum_agrees_with_torch(axis: int, dtype: Any) -> None:
    agree(lambda x: pente.cumulative_sum(x, axis=axis), lambda x: torch.cumsum(x, dim=axis), X, dtype=dtype)


def test_a_cumulative_sum_may_start_with_nothing_and_needs_no_axis() -> None:
    np.testing.assert_allclose(pente.cumulative_sum(X).numpy(), np.cumsum(X))
    found = pente.cumulative_sum(X, axis=1, include_initial=True)
    assert found.shape == (2, 4, 4)
    np.testing.assert_allclose(found.numpy()[:, 1:], np.cumsum(X, axis=1))
    assert not found.numpy()[:, 0].any()


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_a_place_agrees_with_numpy(name: str, axis: Any, keepdims: bool) -> None:
    x = np.round(X, 1)
    found, wanted = (getattr(lib, name)(x, axis=axis, keepdims=keepdims) for lib in (pente, np))
    close(found.numpy(), wanted)


@pytest.mark.parametrize("name", ["any", "all", "count_nonzero"])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("dtype", [bool, np.int64, np.float32])
def test_counting_agrees_with_numpy(name: str, axis: Any, dtype: Any) -> None:
    x = (X > 0.3).astype(dtype)
    close(getattr(pente, name)(x, axis=axis).numpy(), getattr(np, name)(x, axis=axis))


def test_equal_extremes_share_the_gradient() -> None:
    agree(pente.max, torch.amax, np.array([1.0, 3.0, 3.0, 2.0]), dtype=np.float64)
    agree(pente.min, torch.amin, np.array([1.0, 3.0, 1.0, 1.0]), dtype=np.float64)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "uint8", "uint64"])
@pytest.mark.parametrize("name", ["sum", "prod", "cumulative_sum"])
def test_small_whole_numbers_are_summed_in_wide_ones(name: str, dtype: str) -> None:
    x = np.array([1, 0, 3, 100]).astype(dtype)
    close(getattr(pente, name)(x).numpy(), getattr(np, {"cumulative_sum": "cumsum"}.get(name, name))(x))


def test_a_sum_may_be_asked_for_in_another_dtype() -> None:
    assert pente.sum(np.ones(3, np.float32), dtype="float64").dtype == np.float64
    assert pente.prod([2, 3], dtype="float32").dtype == np.float32


def test_the_gradient_of_a_sum_is_spread_without_a_copy_and_still_may_be_used() -> None:
    x = pente.tensor(X, requires_grad=True)
    x.sum().backward()
    np.testing.assert_array_equal((x.grad + 1.0).numpy(), np.full_like(X, 2.0))
    assert x.grad.numpy().shape == X.shape


@pytest.mark.parametrize("axis", [3, -4, (0, 3)])
def test_an_axis_that_does_not_exist_raises_and_says_which_do(axis: Any) -> None:
    with pytest.raises(pente.errors.ShapeError, match="does not exist"):
        pente.sum(X, axis=axis)


def test_an_axis_named_twice_raises() -> None:
    with pytest.raises(pente.errors.ShapeError, match="twice"):
        pente.sum(X, axis=(0, -3))


@pytest.mark.parametrize(
    "name", ["sum", "prod", "max", "min", "mean", "var", "std", "any", "all", "argmax", "argmin", "count_nonzero"]
)
@pytest.mark.parametrize(("word", "own"), [("dim", "axis"), ("keepdim", "keepdims")])
def test_words_of_torch_are_answered_with_the_word_that_works(name: str, word: str, own: str) -> None:
    with pytest.raises(pente.errors.UsageError, match=rf"{own}="):
        getattr(pente, name)(X, **{word: 1})


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "prod", "var", "std", "argmax", "argmin"])
def test_a_method_is_the_function(name: str) -> None:
    x = pente.tensor(X)
    np.testing.assert_array_equal(getattr(x, name)(axis=1).numpy(), getattr(pente, name)(x, axis=1).numpy())
