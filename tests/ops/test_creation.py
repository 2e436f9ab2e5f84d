"""Making tensors, against NumPy."""

from typing import Any

import numpy as np
import pytest

import pente
from pente.errors import DTypeError
from tests.ops.oracle import close


@pytest.mark.parametrize(
    "bounds", [(5,), (2, 7), (2, 10, 3), (5, 0, -2), (0,), (3, 3), (0.0, 1.0, 0.25), (1.5,), (0, 1, 0.3), (-2,)]
)
def test_arange_agrees_with_numpy(bounds: Any) -> None:
    found, wanted = pente.arange(*bounds).numpy(), np.arange(*bounds)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert found.dtype == (np.int64 if wanted.dtype.kind == "i" else np.float32)


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("num", [0, 1, 2, 5])
def test_linspace_agrees_with_numpy(num: int, endpoint: bool) -> None:
    found = pente.linspace(-1.0, 2.0, num, endpoint=endpoint, dtype="float64")
    close(found.numpy(), np.linspace(-1.0, 2.0, num, endpoint=endpoint))


@pytest.mark.parametrize("k", [-2, 0, 1, 5])
@pytest.mark.parametrize("size", [(3,), (2, 4), (4, 2), (0,)])
def test_eye_agrees_with_numpy(size: Any, k: int) -> None:
    close(pente.eye(*size, k=k).numpy(), np.eye(*size, k=k, dtype=np.float32))


@pytest.mark.parametrize("k", [-2, 0, 1])
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (2, 3, 2)])
def test_triangles_agree_with_numpy(shape: Any, k: int) -> None:
    x = np.arange(1, np.prod(shape) + 1).reshape(shape)
    close(pente.tril(x, k=k).numpy(), np.tril(x, k))
    close(pente.triu(x, k=k).numpy(), np.triu(x, k))


@pytest.mark.parametrize("shape", [(), (3,), 3, (2, 0), [2, 3]])
@pytest.mark.parametrize("name", ["zeros", "ones", "empty"])
def test_filled_tensors_are_float32_unless_told(name: str, shape: Any) -> None:
    assert getattr(pente, name)(shape).dtype == np.float32
    found = getattr(pente, name)(shape, dtype="int16")
    assert (found.shape, found.dtype) == (np.zeros(shape).shape, np.int16)


def test_empty_holds_zeros() -> None:
    assert pente.empty((2, 2)).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(("value", "dtype"), [(1, "int64"), (1.5, "float32"), (True, "bool"), (1j, "complex64")])
def test_full_takes_the_dtype_of_its_number(value: Any, dtype: str) -> None:
    assert pente.full((2,), value).dtype == dtype


@pytest.mark.parametrize("name", ["zeros_like", "ones_like"])
@pytest.mark.parametrize("dtype", ["float64", "int8", "bool"])
def test_a_tensor_like_another_has_its_shape_and_dtype(name: str, dtype: str) -> None:
    x = np.zeros((2, 3), dtype)
    close(getattr(pente, name)(x).numpy(), getattr(np, name)(x))
    assert getattr(pente, name)(pente.Variable([1.0]), dtype="float64").dtype == np.float64


@pytest.mark.parametrize(
    "data", [3.0, [1, 2], np.ones((2, 2)), (1.0, (2.0)), range(4), memoryview(b"abc"), np.float32(2.0), [[]]]
)
def test_tensor_takes_whatever_numpy_takes(data: Any) -> None:
    np.testing.assert_array_equal(pente.tensor(data).numpy(), np.asarray(data))


def test_a_leaf_of_whole_numbers_is_refused() -> None:
    with pytest.raises(DTypeError, match="dtype='float32'"):
        pente.tensor([1, 2], requires_grad=True)
    assert pente.tensor([1, 2], dtype="float32", requires_grad=True).requires_grad
