"""Regularizers: the penalty is the formula, its gradient too, and weights of no size cost nothing."""

import numpy as np
import pytest

import pente
from pente import regularizers
from pente.errors import UnknownNameError, UsageError

X = np.array([[1.0, -2.0], [0.5, 3.0]])


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [
        (regularizers.L1(0.1), 0.1 * np.abs(X).sum()),
        (regularizers.L2(0.1), 0.1 * np.square(X).sum()),
        (regularizers.L1L2(0.1, 0.2), 0.1 * np.abs(X).sum() + 0.2 * np.square(X).sum()),
        (regularizers.L1L2(), 0.0),
    ],
)
def test_the_penalty_is_that_of_the_formula(regularizer: regularizers.Regularizer, expected: float) -> None:
    assert regularizer(pente.tensor(X)).item() == pytest.approx(expected)


def test_the_penalty_has_the_dtype_of_the_weight_and_its_gradient_flows() -> None:
    w = pente.Variable(X, dtype="float32")
    penalty = regularizers.L1L2(0.1, 0.2)(w)
    penalty.backward()
    assert penalty.dtype == np.float32
    assert w.grad is not None
    np.testing.assert_allclose(w.grad.numpy(), 0.1 * np.sign(X) + 0.4 * X, rtol=1e-6)


def test_get_knows_names_configs_objects_and_functions() -> None:
    assert regularizers.get(None) is None
    assert regularizers.get("l2") == regularizers.L2(0.01)
    assert regularizers.get({"class_name": "L1L2", "config": {"l1": 0.1}}) == regularizers.L1L2(0.1, 0.0)
    assert regularizers.l2 is regularizers.L2
    kept = regularizers.L1(0.3)
    assert regularizers.get(kept) is kept
    assert regularizers.get(len) is len


def test_the_name_of_both_regularizes() -> None:
    assert regularizers.get("l1_l2") == regularizers.L1L2(0.01, 0.01)


def test_what_cannot_be_a_factor_is_refused() -> None:
    for factor in [-0.1, float("nan"), float("inf"), "0.1", None]:
        with pytest.raises(UsageError, match="l2 is a number from 0 up"):
            regularizers.L2(factor)
    with pytest.raises(UnknownNameError, match="'l2'"):
        regularizers.get("l22")
