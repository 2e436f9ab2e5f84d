"""Element-wise functions against torch, numbers and gradients."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

import pente
from tests.ops.oracle import DTYPES, agree, close, normal

pytestmark = pytest.mark.filterwarnings("ignore::pente.errors.BroadcastingWarning")

WIDE, POSITIVE, INSIDE, ABOVE_ONE = (-2.5, 2.5), (0.1, 4.0), (-0.95, 0.95), (1.1, 5.0)
UNARY: dict[str, tuple[Any, tuple[float, float]]] = {
    "exp": (torch.exp, WIDE),
    "expm1": (torch.expm1, WIDE),
    "log": (torch.log, POSITIVE),
    "log1p": (torch.log1p, (-0.9, 3.0)),
    "log2": (torch.log2, POSITIVE),
    "log10": (torch.log10, POSITIVE),
    "sqrt": (torch.sqrt, POSITIVE),
    "square": (torch.square, WIDE),
    "reciprocal": (torch.reciprocal, POSITIVE),
    "sin": (torch.sin, WIDE),
    "cos": (torch.cos, WIDE),
    "tan": (torch.tan, (-1.2, 1.2)),
    "asin": (torch.asin, INSIDE),
    "acos": (torch.acos, INSIDE),
    "atan": (torch.atan, WIDE),
    "sinh": (torch.sinh, WIDE),
    "cosh": (torch.cosh, WIDE),
    "tanh": (torch.tanh, WIDE),
    "asinh": (torch.asinh, WIDE),
    "acosh": (torch.acosh, ABOVE_ONE),
    "atanh": (torch.atanh, INSIDE),
    "erf": (torch.erf, WIDE),
    "abs": (torch.abs, WIDE),
    "negative": (torch.negative, WIDE),
    "positive": (torch.positive, WIDE),
}
FLAT = ["sign", "floor", "ceil", "trunc", "round"]
BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "atan2", "hypot", "remainder", "logaddexp"]
SHAPES = [(), (1,), (3,), (2, 3), (2, 1), (4, 1, 3), (0, 3)]
PAIRS = [
    pair
    for pair in itertools.product(SHAPES, repeat=2)
    if all(n == m or 1 in (n, m) for n, m in zip(pair[0][::-1], pair[1][::-1], strict=False))
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_number_and_its_gradient_agree_with_torch(name: str, dtype: Any) -> None:
    theirs, (low, high) = UNARY[name]
    x = np.random.default_rng(0).uniform(low, high, (3, 50))
    agree(getattr(pente, name), theirs, x, dtype=dtype)


@pytest.mark.parametrize("name", FLAT)
def test_a_step_agrees_with_torch_and_stops_the_gradient(name: str) -> None:
    x = np.array([-2.5, -1.5, -0.5, -0.2, 0.0, 0.2, 0.5, 1.5, 2.7])
    tensor = pente.tensor(x, requires_grad=True)
    found = getattr(pente, name)(tensor)
    close(found.numpy(), getattr(torch, name)(torch.tensor(x)).numpy())
    assert not found.requires_grad


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_a_function_of_two_broadcasting_numbers_agrees_with_torch(name: str, dtype: Any) -> None:
    ours, theirs = getattr(pente, name), getattr(torch, name)
    for first, second in PAIRS:
        b = np.abs(normal(*second, seed=3)) + 0.5 if name in ("divide", "remainder") else normal(*second, seed=3)
        agree(ours, theirs, normal(*first), b, dtype=dtype, loose=10)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_power_is_differentiated_in_base_and_exponent(dtype: Any) -> None:
    for first, second in PAIRS:
        agree(pente.pow, torch.pow, np.abs(normal(*first)) + 0.2, normal(*second, seed=3), dtype=dtype, loose=10)


def test_the_gradient_of_a_power_at_zero_is_what_torch_says() -> None:
    a, b = np.array([0.0, 0.0, 0.0, 0.0, 2.0, -2.0]), np.array([0.0, 1.0, 2.0, 3.0, 0.0, 2.0])
    base, other = pente.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    (base ** pente.tensor(b)).sum().backward()
    (other ** torch.tensor(b)).sum().backward()
    close(base.grad.numpy(), other.grad.numpy())


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, 0.5, -2.5])
def test_a_power_with_a_plain_exponent_agrees_with_torch(exponent: float) -> None:
    agree(lambda x: x**exponent, lambda x: x**exponent, np.abs(normal(20)) + 0.1, dtype=np.float64, loose=10)


@pytest.mark.parametrize("base", [2.0, 0.5, 10.0])
def test_a_plain_base_with_a_tensor_exponent_agrees_with_torch(base: float) -> None:
    agree(lambda x: base**x, lambda x: base**x, normal(20), dtype=np.float64)


OPERATORS: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a % b,
    "//": lambda a, b: a // b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


@pytest.mark.parametrize("sign", OPERATORS)
@pytest.mark.parametrize("number", [2, 1.5, -3.0])
def test_an_operator_takes_a_plain_number_on_either_side(sign: str, number: float) -> None:
    f, x = OPERATORS[sign], np.linspace(-4.0, 4.1, 10)
    plain = torch.full((10,), number)
    if sign == "//":  # torch records it and then has no gradient
        close((pente.tensor(x) // number).numpy(), x // number)
        close((number // pente.tensor(x)).numpy(), number // x)
        return
    agree(lambda t: f(t, number), lambda t: f(t, number), x, dtype=np.float32)
    agree(lambda t: f(number, t), lambda t: f(plain, t), x, dtype=np.float32, loose=10)


@pytest.mark.parametrize("sign", OPERATORS)
def test_an_operator_on_whole_numbers_agrees_with_numpy(sign: str) -> None:
    f, a, b = OPERATORS[sign], np.array([-7, -3, 0, 4, 9]), np.array([2, -2, 3, 3, -4])
    found, wanted = f(pente.tensor(a), pente.tensor(b)).numpy(), f(a, b)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert found.dtype == (np.float32 if sign == "/" else wanted.dtype)


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "uint64"])
def test_bits_agree_with_numpy(name: str, dtype: str) -> None:
    a, b = np.array([1, 6, 5, 3], dtype), np.array([3, 2, 0, 4], dtype)
    numpys = name.removeprefix("bitwise_") if "shift" in name else name
    np.testing.assert_array_equal(getattr(pente, name)(a, b).numpy(), getattr(np, numpys)(a, b))


def test_logic_takes_numbers_as_true_where_they_are_not_zero() -> None:
    a, b = np.array([0.0, 0.0, 2.0, np.nan]), np.array([0, 3, 0, -1])
    for name in ("logical_and", "logical_or", "logical_xor"):
        np.testing.assert_array_equal(getattr(pente, name)(a, b).numpy(), getattr(np, name)(a, b))
    np.testing.assert_array_equal(pente.logical_not(a).numpy(), np.logical_not(a))


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_broadcasts_three_ways(dtype: Any) -> None:
    condition = np.array([[True], [False]])
    agree(pente.where, torch.where, condition, normal(3), normal(4, 2, 1), dtype=dtype)


@pytest.mark.parametrize("bounds", [(-0.5, 0.5), (None, 0.3), (-0.1, None)])
def test_clip_agrees_with_torch(bounds: Any) -> None:
    agree(lambda x: pente.clip(x, *bounds), lambda x: torch.clip(x, *bounds), normal(40), dtype=np.float64)


def test_clip_between_tensors_passes_the_gradient_to_the_bound() -> None:
    agree(pente.clip, torch.clip, normal(40), np.full(40, -0.5), np.full(40, 0.7), dtype=np.float64)


def test_round_to_decimals_agrees_with_numpy() -> None:
    x = normal(20) * 10
    np.testing.assert_allclose(pente.round(x, 2).numpy(), np.round(x, 2), rtol=1e-12)


def test_two_equal_numbers_share_the_gradient_of_their_maximum() -> None:
    agree(pente.maximum, torch.maximum, np.ones(3), np.ones(3), dtype=np.float64)
    agree(pente.minimum, torch.minimum, np.ones(3), np.ones(3), dtype=np.float64)


@pytest.mark.parametrize("source", ["float32", "float64", "int8", "int64", "uint8", "bool", "float16"])
@pytest.mark.parametrize("target", ["float32", "float64", "int8", "int64", "uint8", "bool", "float16"])
def test_a_cast_agrees_with_numpy(source: str, target: str) -> None:
    x = np.array([0, 1, 2, 3, 100]).astype(source)
    found = pente.tensor(x).astype(target).numpy()
    np.testing.assert_array_equal(found, x.astype(target))
    assert found.dtype == target


def test_a_cast_passes_the_gradient_back_in_its_own_dtype() -> None:
    x = pente.tensor([1.0, 2.0], requires_grad=True)
    (x.astype("float64") * np.array([3.0, 4.0])).sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [3.0, 4.0]
