"""Matrices against torch."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente.errors import ShapeError
from tests.ops.oracle import DTYPES, agree, normal

PRODUCTS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2,), (2, 3)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((6, 1, 2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("a", "b"), PRODUCTS)
def test_a_matrix_product_agrees_with_torch(a: Any, b: Any, dtype: Any) -> None:
    agree(pente.matmul, torch.matmul, normal(*a), normal(*b, seed=2), dtype=dtype)
    agree(lambda x, y: x @ y, torch.matmul, normal(*a), normal(*b, seed=2), dtype=dtype)


def test_an_array_on_the_left_of_a_matrix_product_keeps_the_gradient() -> None:
    w = pente.tensor(normal(3, 2), requires_grad=True)
    y = normal(4, 3) @ w
    assert isinstance(y, pente.Tensor)
    y.sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), np.tile(normal(4, 3).sum(axis=0)[:, None], 2))


def test_a_matrix_product_of_whole_numbers_and_bools_agrees_with_numpy() -> None:
    a, b = np.arange(6).reshape(2, 3), np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(pente.matmul(a, b).numpy(), a @ b)
    assert pente.matmul(a, b).dtype == np.int64


def _square(*shape: int) -> Any:
    return normal(*shape) + 3 * np.eye(shape[-1])


def _positive(*shape: int) -> Any:
    a = normal(*shape)
    return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (2, 3, 2, 2), (1, 1)])
def test_an_inverse_agrees_with_torch(shape: Any, dtype: Any) -> None:
    agree(pente.linalg.inv, torch.linalg.inv, _square(*shape), dtype=dtype, loose=10)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("a", "b"), [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 1)), ((3, 3), (4, 3, 2)), ((4, 3, 3), (3, 2))]
)
def test_a_system_agrees_with_torch(a: Any, b: Any, dtype: Any) -> None:
    def theirs(x: Any, y: Any) -> Any:
        batch = max(x.shape[:-2], y.shape[:-2])
        wide = y.expand(*batch, -1, -1) if y.ndim > 1 else y
        return torch.linalg.solve(x.expand(*batch, -1, -1), wide)

    agree(pente.linalg.solve, theirs, _square(*a), normal(*b), dtype=dtype, loose=10)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (1, 1)])
@pytest.mark.parametrize("upper", [False, True])
def test_a_cholesky_factor_agrees_with_torch(shape: Any, upper: bool, dtype: Any) -> None:
    agree(
        lambda x: pente.linalg.cholesky((x + x.mT) / 2.0, upper=upper),
        lambda x: torch.linalg.cholesky((x + x.mT) / 2.0, upper=upper),
        _positive(*shape),
        dtype=dtype,
        loose=10,
    )


SUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    ("bij,kj->bik", (5, 2, 3), (4, 3)),
    ("i,i->", (3,), (3,)),
    ("i,j->ij", (3,), (2,)),
    ("i,j->ji", (3,), (2,)),
    ("ij->ji", (2, 3)),
    ("ij->i", (2, 3)),
    ("ij->", (2, 3)),
    ("ijk,k->ij", (2, 3, 4), (4,)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("ab,bc,cd->ad", (2, 3), (3, 4), (4, 5)),
    ("abc,cd,ad->b", (2, 3, 4), (4, 5), (2, 5)),
    ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("ij,k->k", (2, 3), (4,)),
    ("...i,i->...", (2, 3, 4), (4,)),
    ("...ij,...jk->...ik", (5, 1, 2, 3), (4, 3, 2)),
    ("i...->...i", (2, 3, 4)),
    ("i...,i...", (2, 3, 1), (2, 1, 4)),
    ("...,...,...->...", (2, 3), (3,), ()),
    ("a...b,...->b...a", (2, 1, 1, 3), (1,)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", SUMS, ids=lambda case: case[0])
def test_einsum_agrees_with_torch(case: Any, dtype: Any) -> None:
    subscripts, *shapes = case
    arrays = [normal(*shape, seed=i) for i, shape in enumerate(shapes)]
    agree(lambda *xs: pente.einsum(subscripts, *xs), lambda *xs: torch.einsum(subscripts, *xs), *arrays, dtype=dtype)


@pytest.mark.parametrize("axes", [0, 1, 2, ([1, 2], [0, 1]), ([2], [1])])
def test_tensordot_agrees_with_torch(axes: Any) -> None:
    a, b = normal(2, 3, 4), normal(3, 4, 5)
    if axes == 2:
        a, b = normal(5, 3, 4), normal(3, 4, 2)
    elif axes == 1:
        b = normal(4, 2)
    agree(
        lambda x, y: pente.tensordot(x, y, axes=axes),
        lambda x, y: torch.tensordot(x, y, dims=axes),
        a,
        b,
        dtype=np.float64,
    )


def test_vecdot_and_outer_agree_with_torch() -> None:
    agree(pente.vecdot, torch.linalg.vecdot, normal(2, 3), normal(2, 3, seed=4), dtype=np.float64)
    agree(pente.linalg.outer, torch.outer, normal(2), normal(3), dtype=np.float64)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ord", [1, 2, 3, float("inf")])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_a_norm_agrees_with_torch(ord: float, axis: Any, dtype: Any) -> None:
    def theirs(x: Any) -> Any:
        return torch.linalg.vector_norm(x, ord=ord, dim=axis)

    agree(lambda x: pente.linalg.norm(x, axis=axis, ord=ord), theirs, normal(3, 4), dtype=dtype)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: pente.matmul(np.ones((2, 3)), np.ones((2, 3))), r"\(2, 3\) and \(2, 3\) cannot be multiplied"),
        (lambda: pente.matmul(np.ones((2, 3)), np.ones(2)), r"3 numbers meet 2"),
        (lambda: pente.matmul(np.ones(()), np.ones(2)), r"use \*"),
        (lambda: pente.linalg.inv(np.ones((2, 3))), "square"),
        (lambda: pente.linalg.solve(np.ones((2, 2)), np.ones((3, 1))), "right side"),
        (lambda: pente.linalg.cholesky(np.ones(3)), "square"),
        (lambda: pente.einsum("ij,jk->ik", np.ones((2, 3)), np.ones((4, 2))), "letter 'j'"),
        (lambda: pente.einsum("ij->i", np.ones(3)), "2 letters"),
        (lambda: pente.einsum("ii->i", np.ones((3, 3))), "repeated"),
        (lambda: pente.einsum("...i->i", np.ones((3, 3))), r"axes of \.\.\. must be there, and stand in the result"),
        (lambda: pente.einsum("...ij->...", np.ones(3)), r"axes of \.\.\. must be there"),
        (lambda: pente.einsum("...i,...i->...", np.ones((2, 3)), np.ones((4, 3))), "letter 'a'"),
    ],
)
def test_matrices_that_do_not_fit_raise_and_say_why(function: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        function()


def test_a_matrix_without_an_inverse_raises() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        pente.linalg.inv(np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError):
        pente.linalg.cholesky(-np.eye(2))


def test_a_letter_of_the_result_that_no_operand_has_raises() -> None:
    with pytest.raises(ShapeError, match="'z'"):
        pente.einsum("ij->iz", np.ones((2, 2)))
