"""Values and traces refuse the same kinds of numbers, with the same words."""

import inspect
from typing import Any

import numpy as np
import pytest

import pente
from pente.core.node import spec_of
from pente.core.tracer import trace
from pente.errors import DTypeError, PenteError
from pente.ops import elementwise, reduce

KINDS = ["bool", "int32", "uint8", "float32", "complex64"]
ONE = [name for name in elementwise.__all__ if name not in ("stop_gradient", "where", "clip")]
FUNCTIONS: dict[str, Any] = {name: getattr(pente, name) for name in (*ONE, *reduce.__all__, "softmax", "relu", "clip")}
FUNCTIONS |= {
    "matmul": lambda x, y: pente.matmul(x, pente.matrix_transpose(y)),
    "inv": lambda x: pente.linalg.inv(x[:1, :1]),
}


def _arity(function: Any) -> int:
    found = inspect.signature(function).parameters.values()
    return sum(parameter.default is parameter.empty and parameter.kind != parameter.VAR_KEYWORD for parameter in found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_is_refused_where_a_trace_is_refused(name: str, kind: str) -> None:
    function = FUNCTIONS[name]
    inputs = [pente.tensor(np.array([[1, 2], [3, 1]]).astype(kind))] * _arity(function)
    specs = [spec_of(x.data) for x in inputs]
    assert _told(function, inputs) == _told(lambda *xs: trace(function, xs)[0].outputs[0], specs)


def _told(function: Any, inputs: Any) -> str:
    """What comes out, or the words in which it is refused."""
    try:
        out = function(*inputs)
    except PenteError as error:
        return str(error)
    return str(spec_of(out.data if isinstance(out, pente.Tensor) else out.value))


def test_bools_are_counted_where_they_are_divided_and_shifted() -> None:
    yes = pente.tensor([True, True])
    assert (yes // yes).dtype == (yes << yes).dtype == np.int64
    assert (yes << 1).tolist() == [2, 2]
    assert pente.vmap(lambda x: x // x)(yes).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda x: abs(x > 0), r"absolute: .* got bool\. Cast first: x\.astype\('float32'\)"),
        (lambda x: x & x, r"got float32\. Cast first: x\.astype\('int64'\)"),
        (lambda x: abs(x.astype("complex64")), r"got complex64\. .*x\.numpy\(\)\.real"),
    ],
)
def test_the_cast_that_is_advised_is_one_that_helps(wrong: Any, message: str) -> None:
    with pytest.raises(DTypeError, match=message):
        wrong(pente.tensor([1.0, 2.0]))


@pytest.mark.parametrize("x", [[np.nan, np.inf, -np.inf, 1.0, 0.0], [1j, complex(np.inf, 1), complex(0, np.nan), 0j]])
def test_infinity_and_nan_are_found_in_real_and_complex_numbers(x: Any) -> None:
    array = np.array(x)
    for own, numpys in [(pente.isinf, np.isinf), (pente.isfinite, np.isfinite), (pente.isnan, np.isnan)]:
        assert own(array).tolist() == numpys(array).tolist()


SMALL = pente.tensor([1, 2], dtype="int8")


@pytest.mark.parametrize(
    "call",
    [
        lambda: SMALL + 300,
        lambda: 300 - SMALL,
        lambda: SMALL < 300,
        lambda: pente.full((2,), -129, dtype="int8"),
        lambda: pente.tensor([1, 300], dtype="int8"),
        lambda: pente.Variable([1, 300], dtype="int8"),
        lambda: pente.clip(SMALL, 0, 300),
        lambda: pente.vmap(lambda x: x + 300)(SMALL),
    ],
)
def test_an_integer_without_room_for_a_number_says_its_bounds(call: Any) -> None:
    with pytest.raises(DTypeError, match=r"(300|-129) does not fit into int8, which goes from -128 to 127"):
        call()


def test_a_number_without_room_in_any_integer_is_refused() -> None:
    with pytest.raises(DTypeError, match="does not fit into int64"):
        pente.tensor(2**70)


def test_axes_that_are_no_whole_number_are_refused_by_name() -> None:
    x = pente.ones((2, 3))
    for call in (pente.argmax, pente.argmin, pente.softmax):
        with pytest.raises(pente.errors.ShapeError, match=r"one whole number here, and not \(0, 1\)"):
            call(x, axis=(0, 1))
    assert x.sum(axis=np.int64(1)).shape == (2,)
