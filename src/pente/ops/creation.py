"""Making tensors: from data, filled, counted, spaced."""

from typing import Any

import numpy as np

from pente import dtypes
from pente.core import primitives as p
from pente.core.arrays import number_of
from pente.core.dispatch import bind
from pente.core.node import Node, Spec
from pente.core.tensor import Handle, Tensor, leaf
from pente.errors import DTypeError
from pente.ops.lifting import lift

__all__ = [
    "arange",
    "asarray",
    "empty",
    "eye",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tensor",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A tensor with a copy of the data.

    Python floats become float32 and integers int64; NumPy arrays keep their dtype. With ``requires_grad`` a gradient
    is kept for it. Raises DataError for ragged lists and DTypeError for what is no number.

    >>> import pente
    >>> pente.tensor([[1, 2], [3, 4]], dtype="float64", name="m")
    Tensor([[1., 2.],
            [3., 4.]], shape=(2, 2), dtype=float64, name='m')
    """
    source = lift(data, None if dtype is None else dtypes.as_dtype(dtype))
    out = Tensor(source.data if isinstance(source.data, Spec) else np.array(source.data), _keep(source))
    if requires_grad:
        if not dtypes.is_inexact(out.dtype):
            raise DTypeError(
                f"a gradient needs floating-point numbers, and these are {out.dtype}: give dtype='float32'."
            )
        out.node = leaf(out.data, True, out)
    out.name = name
    return out


def _keep(source: Tensor) -> Node | None:
    return source.node if isinstance(source.data, Spec) else None


def asarray(data: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor of the data, that may share memory with it.

    >>> import pente
    >>> pente.asarray([1.0, 2.0]).dtype
    dtype('float32')
    """
    return tensor(data, dtype) if copy else lift(data, None if dtype is None else dtypes.as_dtype(dtype))


def full(shape: Any, fill_value: Any, *, dtype: Any = None) -> Tensor:
    """A tensor of this shape, filled with one number.

    >>> import pente
    >>> pente.full((2,), 7).tolist()
    [7, 7]
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if isinstance(fill_value, Handle):
        filling = lift(fill_value, None if dtype is None else dtypes.as_dtype(dtype))
        return bind(p.broadcast_to, (filling,), {"shape": shape})
    chosen = dtypes.of_scalar(fill_value) if dtype is None else dtypes.as_dtype(dtype)
    return Tensor(np.full(shape, number_of(fill_value, chosen)))


def zeros(shape: Any, *, dtype: Any = None) -> Tensor:
    """A tensor of zeros; float32 unless told.

    >>> import pente
    >>> pente.zeros(2).tolist()
    [0.0, 0.0]
    """
    return full(shape, 0.0, dtype=dtype)


def ones(shape: Any, *, dtype: Any = None) -> Tensor:
    """A tensor of ones; float32 unless told.

    >>> import pente
    >>> pente.ones((1, 2)).tolist()
    [[1.0, 1.0]]
    """
    return full(shape, 1.0, dtype=dtype)


def empty(shape: Any, *, dtype: Any = None) -> Tensor:
    """A tensor of this shape; its numbers are zeros, since an immutable tensor could never be filled later.

    >>> import pente
    >>> pente.empty((2, 0)).shape
    (2, 0)
    """
    return zeros(shape, dtype=dtype)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None) -> Tensor:
    """A tensor of the shape and dtype of ``x``, filled with one number.

    >>> import pente
    >>> pente.full_like(pente.zeros(2), 3).tolist()
    [3.0, 3.0]
    """
    x = x if isinstance(x, Handle) else lift(x)
    return full(x.shape, fill_value, dtype=x.dtype if dtype is None else dtype)


def zeros_like(x: Any, /, *, dtype: Any = None) -> Tensor:
    """Zeros of the shape and dtype of ``x``.

    >>> import pente
    >>> pente.zeros_like([1, 2]).tolist()
    [0, 0]
    """
    return full_like(x, 0, dtype=dtype)


def ones_like(x: Any, /, *, dtype: Any = None) -> Tensor:
    """Ones of the shape and dtype of ``x``.

    >>> import pente
    >>> pente.ones_like([1.5, 2.5]).tolist()
    [1.0, 1.0]
    """
    return full_like(x, 1, dtype=dtype)


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None) -> Tensor:
    """start, start + step, start + 2·step, … up to but without stop.

    >>> import pente
    >>> pente.arange(1, 4).tolist()
    [1, 2, 3]
    """
    bounds = (0, start, step) if stop is None else (start, stop, step)
    chosen = dtypes.result_type(map(dtypes.of_scalar, bounds)) if dtype is None else dtypes.as_dtype(dtype)
    return Tensor(np.arange(*bounds).astype(chosen))


def linspace(start: float, stop: float, /, num: int, *, dtype: Any = None, endpoint: bool = True) -> Tensor:
    """``num`` numbers in equal steps from start to stop.

    >>> import pente
    >>> pente.linspace(0, 1, 3).tolist()
    [0.0, 0.5, 1.0]
    """
    chosen = dtypes.default_float if dtype is None else dtypes.as_dtype(dtype)
    return Tensor(np.linspace(start, stop, num, endpoint=endpoint).astype(chosen))


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on the k-th diagonal, zeros elsewhere.

    >>> import pente
    >>> pente.eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return Tensor(np.eye(n_rows, n_cols, k=k, dtype=dtypes.default_float if dtype is None else dtypes.as_dtype(dtype)))


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of a grid, one tensor for each axis.

    >>> import pente
    >>> [g.tolist() for g in pente.meshgrid([1, 2], [3])]
    [[[1, 2]], [[3, 3]]]
    """
    from pente.ops.shape import broadcast_arrays, reshape

    order = list(range(len(arrays)))
    if indexing == "xy" and len(order) > 1:
        order[0], order[1] = 1, 0
    places = [[-1 if order[i] == axis else 1 for axis in range(len(order))] for i in range(len(order))]
    return broadcast_arrays(*[reshape(x, shape) for x, shape in zip(arrays, places, strict=True)])


def _lower(x: Any, k: int) -> Any:
    rows, columns = lift(x).shape[-2:]
    return np.tri(rows, columns, k=k, dtype=bool)


def _triangle(x: Any, keep: Any) -> Tensor:
    from pente.ops.elementwise import where

    x = lift(x)
    return where(Tensor(keep), x, zeros((), dtype=x.dtype))


def tril(x: Any, /, *, k: int = 0) -> Tensor:
    """The lower triangle of matrices: what lies above the k-th diagonal becomes zero.

    >>> import pente
    >>> pente.tril(pente.ones((2, 2))).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    return _triangle(x, _lower(x, k))


def triu(x: Any, /, *, k: int = 0) -> Tensor:
    """The upper triangle of matrices: what lies below the k-th diagonal becomes zero.

    >>> import pente
    >>> pente.triu(pente.ones((2, 2))).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    return _triangle(x, ~_lower(x, k - 1))
