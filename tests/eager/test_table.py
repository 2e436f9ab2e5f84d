"""The NumPy table: a row for every primitive, exact where NumPy has no function of its own."""

from typing import Any

import numpy as np
import pytest
from scipy import special

import pente
from pente.core.primitives import PRIMITIVES
from pente.eager.philox import random_bits
from pente.eager.places import gather, scatter_add, scatter_set
from pente.eager.scalars import SCALAR
from pente.eager.special import erf
from pente.eager.table import EVALUATE
from pente.errors import BoundsError
from tests.core.completeness import OPERATIONS, samples


def test_every_primitive_has_a_row_and_every_row_a_primitive() -> None:
    assert set(EVALUATE) == set(PRIMITIVES.values())
    assert all(op.evaluate is row for op, row in EVALUATE.items())


def test_every_row_for_plain_floats_belongs_to_an_operation() -> None:
    assert set(SCALAR) <= set(OPERATIONS)
    assert all(OPERATIONS[name].scalar is row for name, row in SCALAR.items())


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_evaluation_is_repeated_bit_for_bit(name: str) -> None:
    op = OPERATIONS[name]
    for (inputs, params), (again, _) in zip(samples(op), samples(op), strict=True):
        first, second = op.evaluate(*inputs, **params), op.evaluate(*again, **params)
        for a, b in zip(first, second, strict=True) if isinstance(first, tuple) else [(first, second)]:
            np.testing.assert_array_equal(a, b)


def test_the_error_function_is_exact_to_the_last_digits() -> None:
    x = np.concatenate([np.linspace(-7, 7, 20_001), np.logspace(-320, 300, 2000), [0.46875, 4.0, 6.0]])
    np.testing.assert_allclose(erf(x), special.erf(x), rtol=1e-15)
    narrow = x[np.abs(x) < 1e30].astype(np.float32)
    np.testing.assert_allclose(erf(narrow), special.erf(narrow), rtol=2e-7)
    assert erf(narrow).dtype == np.float32


def test_the_error_function_keeps_signs_infinities_and_nan() -> None:
    ends = np.array([0.0, -0.0, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(np.signbit(erf(ends))[:4], [False, True, False, True])
    np.testing.assert_array_equal(erf(ends), special.erf(ends))


@pytest.mark.parametrize("row", [gather, scatter_add, scatter_set])
@pytest.mark.parametrize("place", [-1, 3])
def test_a_place_outside_of_the_axis_is_named(row: Any, place: int) -> None:
    updates = [] if row is gather else [np.zeros(2)]
    with pytest.raises(BoundsError, match=rf"index {place} .*3 places \(0 to 2\)"):
        row(np.zeros(3), np.array([0, place]), *updates, axis=0)


def test_a_counter_leads_to_words_that_no_other_counter_draws() -> None:
    key = np.array([1, 2], np.uint64)
    drawn = [random_bits(key, np.uint64(i), (1000,), np.dtype("uint64")) for i in range(4)]
    assert len(np.unique(np.concatenate(drawn))) == 4000
    wanted = np.random.Philox(counter=[0, 0, 3, 0], key=key).random_raw(1000)
    np.testing.assert_array_equal(drawn[3], wanted)


def test_operations_on_arrays_give_arrays_and_leave_no_trace() -> None:
    p = pente.core.primitives
    found = p.add(np.ones(2), np.ones(2))
    assert type(found) is np.ndarray
    assert isinstance(p.add(1.0, 2.0), float)
    assert isinstance(p.add(np.ones(2), pente.ones(2)), pente.Tensor)
    assert isinstance(p.add(pente.Value(1.0), 2.0), pente.Value)


def test_no_operation_warns_where_numpy_would() -> None:
    zero, big = pente.tensor(np.zeros(2)), pente.tensor(np.full(2, 1e300))
    for y in (1.0 / zero, zero / zero, zero.log(), big * big, (-big).sqrt(), big.exp(), big % zero):
        assert not np.isfinite(y.numpy()).any()


def test_no_gradient_warns_where_numpy_would() -> None:
    for function in (pente.sqrt, pente.log, lambda x: 1.0 / x, lambda x: x**0.5, pente.linalg.norm):
        x = pente.tensor(np.zeros(2), requires_grad=True)
        function(x).sum().backward()
        assert x.grad.shape == (2,)


def test_the_users_own_numpy_settings_are_left_alone() -> None:
    with np.errstate(divide="raise"):
        assert (pente.tensor([1.0]) / 0.0).item() == np.inf
        with pytest.raises(FloatingPointError):
            np.ones(1) / 0.0
