"""Reductions: many numbers to one, along axes. ``axis`` is None for all, a number, or a tuple."""

import builtins
from typing import Any

from pente import dtypes
from pente.core import primitives as p
from pente.core.dispatch import bind
from pente.core.tensor import Tensor, attach
from pente.ops.creation import zeros
from pente.ops.elementwise import divide, equal, not_equal, sqrt, square, subtract
from pente.ops.lifting import as_float, astype, lift, refuse
from pente.ops.shape import concat, reshape
from pente.shapes import normal_axes, normal_axis

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "cumulative_sum",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]


def _reduce(op: p.Primitive, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    return bind(op, (x,), {"axes": normal_axes(axis, x.ndim), "keepdims": keepdims})


def _countable(x: Any, dtype: Any) -> Tensor:
    """Bools are counted as integers; small integers are summed as int64, as NumPy does."""
    x = lift(x)
    if dtype is not None:
        return astype(x, dtype)
    if x.dtype.kind in "bi":
        return astype(x, dtypes.int64)
    return astype(x, dtypes.uint64) if x.dtype.kind == "u" else x


def sum(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False, **habits: Any) -> Tensor:
    """Σ x along the axes; 0 for none.

    >>> import pente
    >>> pente.sum([[1, 2], [3, 4]], axis=0).tolist()
    [4, 6]
    """
    if habits:
        refuse("sum", habits)
    return _reduce(p.reduce_sum, _countable(x, dtype), axis, keepdims)


def prod(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False, **habits: Any) -> Tensor:
    """Π x along the axes; 1 for none.

    >>> import pente
    >>> pente.prod([2.0, 3.0]).item()
    6.0
    """
    if habits:
        refuse("prod", habits)
    return _reduce(p.reduce_prod, _countable(x, dtype), axis, keepdims)


def max(x: Any, /, axis: Any = None, *, keepdims: bool = False, **habits: Any) -> Tensor:
    """The largest along the axes; NaN wins. The gradient is shared evenly among equal ones.

    >>> import pente
    >>> pente.max([[1, 5], [3, 4]], axis=1).tolist()
    [5, 4]
    """
    if habits:
        refuse("max", habits)
    return _reduce(p.reduce_max, lift(x), axis, keepdims)


def min(x: Any, /, axis: Any = None, *, keepdims: bool = False, **habits: Any) -> Tensor:
    """The smallest along the axes; NaN wins. The gradient is shared evenly among equal ones.

    >>> import pente
    >>> pente.min([[1, 5], [3, 4]]).item()
    1
    """
    if habits:
        refuse("min", habits)
    return _reduce(p.reduce_min, lift(x), axis, keepdims)


def mean(x: Any, /, axis: Any = None, *, keepdims: bool = False, **habits: Any) -> Tensor:
    """Σ x / n along the axes; NaN for none.

    >>> import pente
    >>> pente.mean([1, 2, 3, 4]).item()
    2.5
    """
    if habits:
        refuse("mean", habits)
    x = as_float(x)
    count = builtins.float(_count(x, axis))
    return divide(sum(x, axis=axis, keepdims=keepdims), count)


def _count(x: Tensor, axis: Any) -> int:
    count = 1
    for a in normal_axes(axis, x.ndim):
        count *= x.shape[a]
    return count


def var(x: Any, /, axis: Any = None, *, correction: float = 0.0, keepdims: bool = False, **habits: Any) -> Tensor:
    """The mean of (x - mean)², with n - correction in the denominator.

    >>> import pente
    >>> pente.var([1.0, 3.0]).item()
    1.0
    """
    if habits:
        refuse("var", habits)
    x = as_float(x)
    spread = square(subtract(x, mean(x, axis=axis, keepdims=True)))
    return divide(sum(spread, axis=axis, keepdims=keepdims), builtins.float(_count(x, axis) - correction))


def std(x: Any, /, axis: Any = None, *, correction: float = 0.0, keepdims: bool = False, **habits: Any) -> Tensor:
    """The square root of the variance.

    >>> import pente
    >>> pente.std([1.0, 3.0]).item()
    1.0
    """
    if habits:
        refuse("std", habits)
    return sqrt(var(x, axis=axis, correction=correction, keepdims=keepdims))


def _truths(x: Any) -> Tensor:
    x = lift(x)
    return x if x.dtype.kind == "b" else not_equal(x, 0)


def any(x: Any, /, axis: Any = None, *, keepdims: bool = False, **habits: Any) -> Tensor:
    """Whether one of them is true; False for none.

    >>> import pente
    >>> pente.any([False, True]).item()
    True
    """
    if habits:
        refuse("any", habits)
    return not_equal(sum(_truths(x), axis=axis, keepdims=keepdims), 0)


def all(x: Any, /, axis: Any = None, *, keepdims: bool = False, **habits: Any) -> Tensor:
    """Whether all of them are true; True for none.

    >>> import pente
    >>> pente.all([False, True]).item()
    False
    """
    if habits:
        refuse("all", habits)
    return equal(sum(equal(_truths(x), False), axis=axis, keepdims=keepdims), 0)


def count_nonzero(x: Any, /, axis: Any = None, *, keepdims: bool = False, **habits: Any) -> Tensor:
    """How many are not zero.

    >>> import pente
    >>> pente.count_nonzero([0, 2, 3]).item()
    2
    """
    if habits:
        refuse("count_nonzero", habits)
    return sum(_truths(x), axis=axis, keepdims=keepdims)


def _place(op: p.Primitive, x: Any, axis: int | None, keepdims: bool) -> Tensor:
    x = lift(x)
    if axis is None:
        flat = bind(op, (reshape(x, (-1,)),), {"axis": 0})
        return reshape(flat, (1,) * x.ndim) if keepdims else flat
    axis = normal_axis(axis, x.ndim)
    out: Tensor = bind(op, (x,), {"axis": axis})
    return reshape(out, tuple(1 if i == axis else n for i, n in enumerate(x.shape))) if keepdims else out


def argmax(x: Any, /, axis: int | None = None, *, keepdims: bool = False, **habits: Any) -> Tensor:
    """The place of the first largest; None counts through the whole tensor.

    >>> import pente
    >>> pente.argmax([3, 9, 9]).item()
    1
    """
    if habits:
        refuse("argmax", habits)
    return _place(p.argmax, x, axis, keepdims)


def argmin(x: Any, /, axis: int | None = None, *, keepdims: bool = False, **habits: Any) -> Tensor:
    """The place of the first smallest; None counts through the whole tensor.

    >>> import pente
    >>> pente.argmin([3, 1, 1]).item()
    1
    """
    if habits:
        refuse("argmin", habits)
    return _place(p.argmin, x, axis, keepdims)


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False, **habits: Any
) -> Tensor:
    """x₀, x₀ + x₁, x₀ + x₁ + x₂, … along the axis.

    >>> import pente
    >>> pente.cumulative_sum([1, 2, 3]).tolist()
    [1, 3, 6]
    """
    if habits:
        refuse("cumulative_sum", habits)
    x = _countable(x, dtype)
    x = reshape(x, (-1,)) if axis is None else x
    axis = normal_axis(axis or 0, x.ndim)
    out: Tensor = bind(p.cumulative_sum, (x,), {"axis": axis, "reverse": False})
    if not include_initial:
        return out
    first = zeros(tuple(1 if i == axis else n for i, n in enumerate(x.shape)), dtype=x.dtype)
    return concat([first, out], axis=axis)


def _cumsum(x: Any, axis: int | None = None) -> Tensor:
    return cumulative_sum(x, axis=axis)


attach(
    sum=sum,
    prod=prod,
    max=max,
    min=min,
    mean=mean,
    var=var,
    std=std,
    any=any,
    all=all,
    argmax=argmax,
    argmin=argmin,
    cumsum=_cumsum,
)
