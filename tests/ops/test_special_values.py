"""Infinities, NaN and nothing at all: NumPy says what comes out, and no warning is given."""

import itertools
from typing import Any

import numpy as np
import pytest

import pente

ENDS = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-310, 1e308, -1e308, np.inf, -np.inf, np.nan])
UNARY = {
    **{name: name for name in "exp expm1 log log1p sqrt sin cos tan sinh cosh tanh sign floor ceil trunc".split()},
    **{name: name for name in "abs negative square reciprocal isnan isinf isfinite log2 log10 round".split()},
    **{name: f"arc{name[1:]}" for name in "asin acos atan asinh acosh atanh".split()},
}
BINARY = {
    **{name: name for name in "add subtract multiply divide maximum minimum remainder floor_divide logaddexp".split()},
    **{name: name for name in "equal not_equal less less_equal greater greater_equal hypot".split()},
    "pow": "power",
    "atan2": "arctan2",
}
REDUCTIONS = "sum prod max min mean std var any all argmax argmin cumulative_sum".split()


@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_number_at_the_ends_of_the_line(name: str) -> None:
    with np.errstate(all="ignore"):
        wanted = getattr(np, UNARY[name])(ENDS)
    np.testing.assert_allclose(getattr(pente, name)(ENDS).numpy(), wanted, rtol=1e-14)


@pytest.mark.parametrize("name", BINARY)
def test_a_function_of_two_numbers_at_the_ends_of_the_line(name: str) -> None:
    a, b = map(np.array, zip(*itertools.product(ENDS, ENDS), strict=True))
    with np.errstate(all="ignore"):
        wanted = getattr(np, BINARY[name])(a, b)
    if name == "hypot":  # NumPy, as C, gives ∞ for one infinite side and one unknown: here the unknown wins, as in max
        wanted = np.where(np.isnan(a) | np.isnan(b), np.nan, wanted)
    np.testing.assert_allclose(getattr(pente, name)(a, b).numpy(), wanted, rtol=1e-14)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction_over_infinities_and_nan(name: str) -> None:
    for x in (ENDS, ENDS[:-1], ENDS[:-2], ENDS[:-3]):
        with np.errstate(all="ignore"):
            wanted = getattr(np, name, np.cumsum)(x)
        np.testing.assert_allclose(getattr(pente, name)(x).numpy(), wanted, rtol=1e-14)


@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_nothing_is_nothing(name: str) -> None:
    found = getattr(pente, name)(np.zeros((0, 3), np.float32))
    assert found.shape == (0, 3)


@pytest.mark.parametrize("name", ["sum", "prod", "any", "all"])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_a_reduction_of_nothing_is_what_numpy_says(name: str, axis: Any) -> None:
    x = np.zeros((0, 3))
    np.testing.assert_array_equal(getattr(pente, name)(x, axis=axis).numpy(), getattr(np, name)(x, axis=axis))


@pytest.mark.parametrize("name", ["mean", "var", "std"])
def test_the_mean_of_nothing_is_not_a_number(name: str) -> None:
    assert np.isnan(getattr(pente, name)(np.zeros((0, 3)), axis=0).numpy()).tolist() == [True] * 3
    assert getattr(pente, name)(np.zeros((0, 3)), axis=1).shape == (0,)


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_the_largest_of_nothing_raises_and_says_so(name: str) -> None:
    with pytest.raises(pente.errors.ShapeError, match="of nothing does not exist"):
        getattr(pente, name)(np.zeros((0, 3)), axis=0)
    assert getattr(pente, name)(np.zeros((0, 3)), axis=1).shape == (0,)


def _batch(*shape: int) -> Any:
    return pente.tensor(np.zeros((0, *shape)), requires_grad=True)


EMPTY = {
    "matmul": (lambda x: x @ np.ones((3, 2)), (3,)),
    "batched matmul": (lambda x: x @ np.ones((3, 2)), (4, 3)),
    "softmax": (pente.softmax, (3,)),
    "log_softmax": (pente.log_softmax, (3,)),
    "logsumexp": (lambda x: pente.logsumexp(x, axis=1), (3,)),
    "layer_norm": (lambda x: pente.layer_norm(x, np.ones(3), np.zeros(3)), (3,)),
    "cross_entropy": (lambda x: pente.cross_entropy(x, np.zeros(0, np.int64)), (3,)),
    "conv": (lambda x: pente.conv(x, np.ones((2, 2, 1, 4))), (5, 5, 1)),
    "conv_transpose": (lambda x: pente.conv_transpose(x, np.ones((2, 2, 4, 1))), (5, 5, 1)),
    "max_pool": (lambda x: pente.max_pool(x, 2), (4, 4, 2)),
    "avg_pool": (lambda x: pente.avg_pool(x, 2), (4, 4, 2)),
    "attention": (lambda x: pente.attention(x, x, x, causal=True), (3, 4)),
    "gather": (lambda x: x[:, np.array([0, 2])], (3,)),
    "concat": (lambda x: pente.concat([x, x], axis=1), (3,)),
    "cumulative_sum": (lambda x: pente.cumulative_sum(x, axis=1), (3,)),
    "inv": (pente.linalg.inv, (3, 3)),
    "solve": (lambda x: pente.linalg.solve(x, np.ones((0, 3, 1))), (3, 3)),
    "cholesky": (pente.linalg.cholesky, (3, 3)),
    "einsum": (lambda x: pente.einsum("bij,jk->bik", x, np.ones((3, 2))), (2, 3)),
    "max": (lambda x: x.max(axis=1), (3,)),
    "prod": (lambda x: x.prod(axis=1), (3,)),
    "flip": (lambda x: pente.flip(x, axis=1), (3,)),
    "pad": (lambda x: pente.pad(x, [(0, 0), (1, 2)]), (3,)),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_batch_of_none_goes_forward_and_back(name: str) -> None:
    function, shape = EMPTY[name]
    x = _batch(*shape)
    y = function(x)
    assert y.shape[0] == 0
    y.sum().backward()
    assert x.grad.shape == x.shape


@pytest.mark.parametrize("name", EMPTY)
def test_vmap_over_a_batch_of_none(name: str) -> None:
    function, shape = EMPTY[name]
    found = pente.vmap(lambda x: function(pente.expand_dims(x, axis=0)[:0]))(np.zeros((0, *shape)))
    assert found.shape[0] == 0


def test_softmax_of_a_large_number_is_not_nan() -> None:
    x = pente.tensor([1000.0, 0.0], requires_grad=True)
    y = pente.softmax(x)
    assert y.tolist() == [1.0, 0.0]
    y[0].backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_a_softmax_over_a_place_that_is_masked_out_gives_it_nothing() -> None:
    assert pente.softmax([0.0, -np.inf]).tolist() == [1.0, 0.0]
    assert pente.log_softmax([0.0, -np.inf]).tolist() == [0.0, -np.inf]


@pytest.mark.parametrize("shift", [1000.0, -1000.0, 0.0])
def test_logsumexp_is_shifted_by_what_shifts_its_inputs(shift: float) -> None:
    x = np.array([0.1, 0.2, -0.3])
    wanted = np.log(np.exp(x).sum()) + shift
    np.testing.assert_allclose(pente.logsumexp(x + shift).item(), wanted, rtol=1e-12)


@pytest.mark.parametrize("values", [[np.inf, 0.0], [-np.inf, -np.inf], [np.nan, 0.0], [np.inf, -np.inf]])
def test_logsumexp_at_infinity_is_what_numpys_logaddexp_says(values: list[float]) -> None:
    with np.errstate(all="ignore"):
        wanted = float(np.logaddexp(*values))
    np.testing.assert_equal(pente.logsumexp(np.array(values)).item(), wanted)


@pytest.mark.parametrize("x", [1000.0, -1000.0, np.inf, -np.inf])
def test_steady_functions_stay_finite_where_the_textbook_formula_overflows(x: float) -> None:
    tensor = pente.tensor([x], requires_grad=True)
    for function, value, slope in [
        (pente.tanh, np.sign(x), 0.0),
        (pente.sigmoid, float(x > 0), 0.0),
        (pente.softplus, max(x, 0.0), float(x > 0)),
        (pente.log_sigmoid, min(x, 0.0), float(x < 0)),
    ]:
        tensor = pente.tensor([x], requires_grad=True)
        y = function(tensor)
        y.sum().backward()
        assert y.item() == value
        assert tensor.grad.item() == slope


def test_an_integer_divided_by_zero_gives_an_infinity_and_its_whole_part_raises() -> None:
    assert pente.divide(1, 0).item() == np.inf
    with pytest.raises(ZeroDivisionError):
        pente.floor_divide(1, 0)
    with pytest.raises(ZeroDivisionError):
        pente.remainder(1, 0)


def test_an_integer_to_a_negative_power_raises() -> None:
    with pytest.raises(pente.errors.DTypeError, match="cast the base first"):
        pente.pow(pente.tensor([2, 3]), -1)


def test_hypot_does_not_overflow() -> None:
    assert pente.hypot(np.array(3e300), np.array(4e300)).item() == pytest.approx(5e300)
