"""Value: Python's numbers with a gradient."""

import itertools
import math
import operator
from typing import Any

import micrograd.engine
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import pente
from pente import Value
from pente.errors import DTypeError, GradientError, UsageError

BINARY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow}
UNARY = ["exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu", "abs"]


def _torch_slopes(function: Any, *numbers: float) -> tuple[float, list[float]]:
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    y = function(*leaves)
    y.backward()
    return y.item(), [x.grad.item() for x in leaves]


def _slopes(function: Any, *numbers: float) -> tuple[float, list[float]]:
    leaves = [Value(x) for x in numbers]
    y = function(*leaves)
    y.backward()
    return y.data, [x.grad for x in leaves]


def _agree(function: Any, *numbers: float) -> None:
    found, slopes = _slopes(function, *numbers)
    wanted, other = _torch_slopes(function, *numbers)
    np.testing.assert_allclose([found, *slopes], [wanted, *other], rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("sign", BINARY)
@pytest.mark.parametrize(("a", "b"), list(itertools.product([2.0, 0.5, 3.0], repeat=2)))
def test_an_operator_between_values_agrees_with_torch(sign: str, a: float, b: float) -> None:
    _agree(BINARY[sign], a, b)


@pytest.mark.parametrize("sign", BINARY)
@pytest.mark.parametrize("number", [2, 3.0, 0.5, -1])
def test_an_operator_takes_a_plain_number_on_either_side(sign: str, number: Any) -> None:
    f = BINARY[sign]
    _agree(lambda x: f(x, number), 1.7)
    if number != -1 or sign != "**":
        plain = torch.tensor(float(number), dtype=torch.float64)
        found, (slope,) = _slopes(lambda x: f(number, x), 1.7)
        wanted, (other,) = _torch_slopes(lambda x: f(plain, x), 1.7)
        assert (found, slope) == pytest.approx((wanted, other), rel=1e-13)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("x", [0.3, 1.0, 2.5, 30.0])
def test_a_function_agrees_with_torch(name: str, x: float) -> None:
    for number in (x,) if name in ("log", "sqrt") else (x, -x):
        _agree(lambda v: getattr(v, name)(), number)


def test_signs_and_absolute_value() -> None:
    _agree(lambda x: -x, 2.0)
    _agree(lambda x: abs(x), -2.0)
    x = Value(2.0)
    assert +x is x


def test_the_absolute_value_and_relu_have_slope_zero_at_zero() -> None:
    assert _slopes(abs, 0.0) == (0.0, [0.0])
    assert _slopes(lambda x: x.relu(), 0.0) == (0.0, [0.0])


def test_the_formula_of_the_contract() -> None:
    a, b, c, f = (Value(v, name=n) for v, n in [(2.0, "a"), (-3.0, "b"), (10.0, "c"), (-2.0, "f")])
    e = (a * b).named("e")
    d = (e + c).named("d")
    loss = (d * f).named("L")
    loss.backward()
    assert (loss.data, a.grad, b.grad, e.grad) == (-8.0, 6.0, -4.0, -2.0)
    assert isinstance(loss.data, float)


INFINITE: list[tuple[Any, float]] = [
    (lambda: Value(1.0) / 0.0, math.inf),
    (lambda: Value(-1.0) / 0.0, -math.inf),
    (lambda: Value(1.0) / -0.0, -math.inf),
    (lambda: 1.0 / Value(0.0), math.inf),
    (lambda: Value(0.0) / 0.0, math.nan),
    (lambda: Value(0.0).log(), -math.inf),
    (lambda: Value(-1.0).log(), math.nan),
    (lambda: Value(-1.0).sqrt(), math.nan),
    (lambda: Value(1000.0).exp(), math.inf),
    (lambda: Value(-1000.0).exp(), 0.0),
    (lambda: Value(1e200) * 1e200, math.inf),
    (lambda: Value(1e200) ** 2, math.inf),
    (lambda: Value(-1e200) ** 3, -math.inf),
    (lambda: Value(0.0) ** -1, math.inf),
    (lambda: Value(0.0) ** 0, 1.0),
    (lambda: Value(-1.0) ** 0.5, math.nan),
    (lambda: Value(math.inf).sin(), math.nan),
    (lambda: Value(-1000.0).sigmoid(), 0.0),
    (lambda: Value(1000.0).sigmoid(), 1.0),
    (lambda: Value(1000.0).tanh(), 1.0),
]


@pytest.mark.parametrize(("compute", "wanted"), INFINITE)
def test_where_python_raises_a_value_is_what_ieee_754_says(compute: Any, wanted: float) -> None:
    found = compute().data
    assert math.copysign(1.0, found) == math.copysign(1.0, wanted) or math.isnan(wanted)
    np.testing.assert_equal(found, wanted)


@pytest.mark.parametrize(("compute", "wanted"), INFINITE)
def test_going_back_from_an_infinity_raises_nothing(compute: Any, wanted: float) -> None:
    compute().backward()


def test_a_value_that_is_used_often_gets_all_gradients() -> None:
    a = Value(3.0)
    (a + a).backward()
    assert a.grad == 2.0
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_a_chain_of_a_hundred_thousand_goes_back_without_recursion() -> None:
    x = Value(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert x.grad == 1.0


def test_backward_twice_adds_up_and_inner_gradients_are_not_counted_again() -> None:
    x = Value(2.0)
    y = x * x
    z = y * y
    z.backward()
    assert (x.grad, y.grad, z.grad) == (32.0, 8.0, 1.0)
    z.backward()
    assert (x.grad, y.grad, z.grad) == (64.0, 16.0, 2.0)


def test_micrograds_loop_learns_the_same_as_in_micrograd() -> None:
    def losses(kind: Any) -> list[float]:
        w, b, seen = kind(0.5), kind(-0.3), []
        for _ in range(30):
            terms = [(w * x + b - y) ** 2 for x, y in [(1.0, 2.0), (2.0, 3.5), (-1.0, 0.0)]]
            loss = sum(terms, kind(0.0))
            seen.append(loss.data)
            for p in (w, b):
                p.grad = 0.0
            loss.backward()
            for p in (w, b):
                p.data -= 0.05 * p.grad
        return seen

    mine, theirs = losses(Value), losses(micrograd.engine.Value)
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    assert mine[-1] < 0.05 * mine[0]


def test_a_leafs_data_that_was_set_after_it_was_used_is_refused() -> None:
    x = Value(2.0, name="x")
    y = x * x
    x.data = 5.0
    with pytest.raises(GradientError, match="the data of x was set after it was used"):
        y.backward()
    (x * x).backward()
    assert x.grad == 10.0


def test_the_data_of_a_computed_value_cannot_be_set() -> None:
    with pytest.raises(UsageError, match="only a leaf's data may be set"):
        (Value(1.0) * 2.0).data = 3.0


def test_a_value_shows_its_number_gradient_name_and_operation() -> None:
    x = Value(2.0, name="x")
    y = x * 3.0
    y.backward()
    assert repr(x) == "Value(2.0, grad=3.0, name='x')"
    assert repr(y) == "Value(6.0, grad=1.0, op=multiply)"
    assert f"{x:.3f}" == "2.000"
    assert str(x) == repr(x) == f"{x}"


def test_values_compare_as_their_numbers() -> None:
    a, b = Value(1.0), Value(2.0)
    assert a < b <= 2.0
    assert b > 1
    assert b >= a
    assert a == 1.0
    assert a == Value(1.0)
    assert a != b
    assert a != "text"
    assert not Value(0.0)
    assert max([a, b, Value(0.5)]) is b
    assert sorted([b, a])[0] is a


def test_a_value_is_a_number_to_python() -> None:
    x = Value(2.7)
    assert (float(x), int(x), round(float(x))) == (2.7, 2, 3)
    assert math.exp(Value(0.0)) == 1.0
    assert sum([Value(1.0), Value(2.0)]).data == 3.0
    assert len({Value(1.0), Value(1.0)}) == 2


@pytest.mark.parametrize("thing", ["2", b"2", 1j, None, [1.0], {}])
def test_what_is_no_real_number_is_refused(thing: Any) -> None:
    with pytest.raises((DTypeError, TypeError)):
        Value(thing)
    with pytest.raises((DTypeError, TypeError)):
        Value(1.0) + thing


def test_numpy_numbers_become_plain_floats() -> None:
    assert type(Value(np.float32(0.5)).data) is float
    assert type((Value(1.0) * np.float64(2.0)).data) is float
    assert type(Value(3).data) is float
    left = np.float64(2.0) * Value(1.5)
    assert isinstance(left, Value)
    assert left.data == 3.0


def test_values_and_tensors_do_not_mix() -> None:
    for mix in (lambda: Value(1.0) * pente.tensor([1.0, 2.0]), lambda: pente.tensor([1.0, 2.0]) * Value(1.0)):
        with pytest.raises(TypeError, match="Value"):
            mix()


def test_a_function_of_arrays_says_that_a_value_is_one_number() -> None:
    with pytest.raises((UsageError, DTypeError), match="Value"):
        pente.softmax(Value(1.0))


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_any_formula_of_three_numbers_agrees_with_torch(numbers: list[float]) -> None:
    def formula(a: Any, b: Any, c: Any) -> Any:
        d = (a * b + c.sin()).tanh() - (b * c).exp() / (c * c + 1.5)
        return d * d.sigmoid() + (a - d).relu() * 2.0 + (c * c + 0.1).log() * (a * a + 0.2).sqrt()

    found, wanted = _slopes(formula, *numbers), _torch_slopes(formula, *numbers)
    np.testing.assert_allclose([found[0], *found[1]], [wanted[0], *wanted[1]], rtol=1e-9, atol=1e-12)


def test_a_gradient_may_be_sent_in() -> None:
    x = Value(3.0)
    (x * x).backward(10.0)
    assert x.grad == 60.0
