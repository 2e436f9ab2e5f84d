"""Python numbers among the arguments of a compiled function bend to what is beside them, as they do in eager code."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pente
from pente.errors import TraceError

ARRAYS = {
    "float64": np.linspace(-1, 1, 5),
    "float32": np.linspace(-1, 1, 5, dtype=np.float32),
    "int64": np.arange(1, 6),
    "int8": np.arange(1, 6, dtype=np.int8),
    "bool": np.array([True, False]),
}
FUNCTIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "beside a tensor": lambda x, a, n: x * a,
    "on the other side": lambda x, a, n: a - x,
    "a whole number": lambda x, a, n: x + n,
    "after arithmetic of numbers alone": lambda x, a, n: x * (a * 2 + n / 3 - n // 2) + -a,
    "a power": lambda x, a, n: (x * 1.0) ** n,
    "as a choice": lambda x, a, n: pente.where(x > 0, x, a),
    "alone": lambda x, a, n: pente.sin(a),
    "as a filling": lambda x, a, n: pente.full((2,), a) + n,
    "returned": lambda x, a, n: [a, n],
    "negated": lambda x, a, n: -a * x,
}


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_kinds_and_bits_are_those_of_eager(name: str, kind: str) -> None:
    function, x = FUNCTIONS[name], pente.tensor(ARRAYS[kind])
    wanted = [pente.asarray(value) for value in pente.tree.leaves([function(x, 0.1, 3)])]
    got = pente.tree.leaves([pente.jit(function)(x, 0.1, 3)])
    assert [value.dtype for value in got] == [value.dtype for value in wanted]
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-7 if one.dtype.itemsize == 4 else 1e-15)


@pytest.mark.parametrize("number", [np.float64(0.1), np.float32(0.1), np.int64(3), np.int8(3), True])
def test_numbers_of_numpy_are_taken_as_in_eager_code(number: Any) -> None:
    x = pente.tensor([1.0, 2.0])
    for function in (lambda x, a: x * a, lambda x, a: pente.asarray(a)):
        wanted, got = function(x, number), pente.jit(function)(x, number)
        assert got.dtype == wanted.dtype
        np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-7)


def test_another_value_is_not_traced_again_and_another_kind_is_named() -> None:
    scaled = pente.jit(lambda x, a: x * a)
    x = pente.tensor([1.0, 2.0])
    assert [scaled(x, a).tolist() for a in (1.0, 2.5)] == [[1.0, 2.0], [2.5, 5.0]]
    assert scaled.retraces == []
    scaled(x, 2)
    assert scaled.retraces == ["argument 1 was a Python float and is a Python int"]


def test_a_variable_of_float64_takes_the_number_as_it_is() -> None:
    cell = pente.Variable(np.zeros(()))
    pente.jit(lambda a: cell.assign(a))(0.1)
    assert cell.numpy() == 0.1


def test_gradients_and_loops_take_one() -> None:
    x = pente.tensor([1.0, 2.0, 3.0])
    assert pente.jit(lambda x, a: pente.grad(lambda x, a: (x * a).sum(), argnums=1)(x, a))(x, 0.5).item() == 6.0
    total = pente.jit(lambda x, a: pente.scan(lambda c, row: (c + row, None), a, x)[0])
    assert total(x, 0.0).item() == 6.0


@pytest.mark.parametrize("question", [float, bool, int, lambda a: a > 1 and 1, lambda a: np.asarray(a)])
def test_asking_for_its_value_is_taught(question: Any) -> None:
    with pytest.raises(TraceError, match="has no value yet"):
        pente.jit(question)(1.0)
