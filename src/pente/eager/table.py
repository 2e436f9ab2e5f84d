"""The evaluation table: primitive -> NumPy. One row each; a row that needs more than a line stands in its own file."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from pente.core import primitives as p
from pente.dtypes import float32
from pente.eager import control, convolution, places, special, windows
from pente.eager.philox import random_bits
from pente.errors import DTypeError

__all__ = ["EVALUATE", "install"]

Array = Any


def _need(x: Array, kinds: str) -> None:
    """Raise where NumPy would take more kinds of numbers than the rule, which then says what is wanted.

    A plain Python number has no dtype, and is taken for a float.
    """
    try:
        kind = x.dtype.kind
    except AttributeError:
        return
    if kind not in kinds:
        raise DTypeError(f"got {x.dtype.name} numbers.")


# float32 is let through at once and the number of inputs is fixed, since these rows run in every eager step.
def _one(ufunc: Any, kinds: str) -> Callable[..., Array]:
    def row(x: Array) -> Array:
        if getattr(x, "dtype", None) is not float32:
            _need(x, kinds)
        return ufunc(x)

    return row


def _two(ufunc: Any, kinds: str) -> Callable[..., Array]:
    def row(a: Array, b: Array) -> Array:
        if getattr(a, "dtype", None) is not float32:
            _need(a, kinds)
        return ufunc(a, b)

    return row


def _reduction(ufunc: Any, kinds: str = "biufc") -> Callable[..., Array]:
    def row(x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
        if x.dtype.kind == "f":
            return ufunc.reduce(x, axes, None, None, keepdims)
        _need(x, kinds)
        return ufunc.reduce(x, axes, x.dtype, None, keepdims)  # NumPy would widen small integers

    return row


def _rounding(ufunc: Any) -> Callable[..., Array]:
    """Integers stay what they are: NumPy would make floats of them."""

    def row(x: Array) -> Array:
        if x.dtype.kind == "f":
            return ufunc(x)
        _need(x, "iu")
        return x

    return row


def _cumulative_sum(x: Array, axis: int, reverse: bool) -> Array:
    ordered = np.flip(x, axis) if reverse else x
    sums = np.cumsum(ordered, axis=axis, dtype=x.dtype)
    return np.flip(sums, axis) if reverse else sums


def _slice(x: Array, starts: Any, stops: Any, steps: Any) -> Array:
    return x[tuple(map(slice, starts, stops, steps))]


def _pad(x: Array, widths: Any, value: float) -> Array:
    """Negative widths cut, inner widths put that many values between neighbours."""
    x = np.asarray(x)
    grown = [max(n + max(n - 1, 0) * inner, 0) for n, (_, _, inner) in zip(x.shape, widths, strict=True)]
    shape = [n + max(low, 0) + max(high, 0) for n, (low, high, _) in zip(grown, widths, strict=True)]
    out = np.full(shape, value, x.dtype)
    inside = [slice(max(low, 0), max(low, 0) + n, inner + 1) for n, (low, _, inner) in zip(grown, widths, strict=True)]
    out[tuple(inside)] = x
    cut = [slice(max(-low, 0), n - max(-high, 0)) for n, (low, high, _) in zip(shape, widths, strict=True)]
    return out[tuple(cut)]


def _cast(x: Array, dtype: Any) -> Array:
    """A float becomes the nearest integer that exists towards 0, and NaN becomes 0; NumPy leaves both undefined."""
    x = np.asarray(x)
    if x.dtype.kind != "f" or dtype.kind not in "iu":
        return x.astype(dtype)
    bounds = np.iinfo(dtype)
    low, high = np.float64(bounds.min), np.float64(bounds.max)  # of 64 bits the highest rounds up, to one too many
    cut = np.where((x >= low) & (x < high), x, x.dtype.type(0)).astype(dtype)
    return np.where(x < low, bounds.min, np.where(x >= high, bounds.max, cut)).astype(dtype, copy=False)


def _broadcast_to(x: Array, shape: Any) -> Array:
    """A view; for a small array a copy, since np.broadcast_to takes six times as long as that."""
    if prod(shape) > 4096:
        return np.broadcast_to(x, shape)
    out = np.empty(shape, np.asarray(x).dtype)
    out[...] = x
    return out


def _power(a: Array, b: Array) -> Array:
    if np.asarray(b).dtype.kind == "i" and np.any(np.asarray(b) < 0):
        raise DTypeError("an integer to a negative power is no integer: cast the base first, x.astype('float32').")
    return np.power(a, b)


def _division(ufunc: Any) -> Callable[..., Array]:
    def row(a: Array, b: Array) -> Array:
        _need(a, "iuf")
        if np.asarray(b).dtype.kind in "iu" and not np.all(b):
            raise ZeroDivisionError("an integer is divided by 0: cast to floats for inf and NaN, x.astype('float32').")
        return ufunc(a, b)

    return row


EVALUATE: dict[p.Primitive, Callable[..., Array]] = {
    p.add: np.add,
    p.subtract: np.subtract,
    p.multiply: np.multiply,
    p.divide: np.divide,
    p.power: _power,
    p.negative: np.negative,
    p.maximum: _two(np.maximum, "biuf"),
    p.minimum: _two(np.minimum, "biuf"),
    p.floor_divide: _division(np.floor_divide),
    p.remainder: _division(np.remainder),
    p.atan2: np.arctan2,
    p.absolute: _one(np.absolute, "iuf"),
    p.exp: np.exp,
    p.expm1: np.expm1,
    p.log: np.log,
    p.log1p: np.log1p,
    p.sqrt: np.sqrt,
    p.sin: np.sin,
    p.cos: np.cos,
    p.tan: np.tan,
    p.asin: np.arcsin,
    p.acos: np.arccos,
    p.atan: np.arctan,
    p.sinh: np.sinh,
    p.cosh: np.cosh,
    p.tanh: np.tanh,
    p.asinh: np.arcsinh,
    p.acosh: np.arccosh,
    p.atanh: np.arctanh,
    p.erf: _one(special.erf, "f"),
    p.sign: _one(np.sign, "iuf"),
    p.floor: _rounding(np.floor),
    p.ceil: _rounding(np.ceil),
    p.trunc: _rounding(np.trunc),
    p.rint: _rounding(np.rint),
    p.equal: np.equal,
    p.not_equal: np.not_equal,
    p.less: np.less,
    p.less_equal: np.less_equal,
    p.greater: np.greater,
    p.greater_equal: np.greater_equal,
    p.bitwise_and: np.bitwise_and,
    p.bitwise_or: np.bitwise_or,
    p.bitwise_xor: np.bitwise_xor,
    p.bitwise_invert: np.bitwise_not,
    p.left_shift: _two(np.left_shift, "iu"),
    p.right_shift: _two(np.right_shift, "iu"),
    p.select: np.where,
    p.cast: _cast,
    p.identity: lambda x: x,
    p.stop_gradient: lambda x: x,
    p.reduce_sum: _reduction(np.add),
    p.reduce_max: _reduction(np.maximum, "biu"),
    p.reduce_min: _reduction(np.minimum, "biu"),
    p.reduce_prod: _reduction(np.multiply),
    p.argmax: lambda x, axis: np.argmax(x, axis=axis),
    p.argmin: lambda x, axis: np.argmin(x, axis=axis),
    p.cumulative_sum: _cumulative_sum,
    p.reshape: lambda x, shape: np.asarray(x).reshape(shape),
    p.transpose: lambda x, axes: np.asarray(x).transpose(axes),
    p.broadcast_to: _broadcast_to,
    p.strided_slice: _slice,
    p.pad: _pad,
    p.concatenate: lambda *xs, axis: np.concatenate(xs, axis=axis),
    p.flip: lambda x, axes: np.flip(x, axes),
    p.gather: places.gather,
    p.scatter_add: places.scatter_add,
    p.scatter_set: places.scatter_set,
    p.matmul: np.matmul,
    p.inverse: _one(np.linalg.inv, "f"),
    p.solve: _two(np.linalg.solve, "f"),
    p.cholesky: _one(lambda a: np.linalg.cholesky((a + np.swapaxes(a, -1, -2)) / 2), "f"),
    p.conv: convolution.conv,
    p.conv_input: convolution.conv_input,
    p.conv_kernel: convolution.conv_kernel,
    p.window_sum: windows.window_sum,
    p.window_spread: windows.window_spread,
    p.window_argmax: windows.window_argmax,
    p.random_bits: random_bits,
    p.scan: control.scan,
    p.cond: control.cond,
    p.remat: control.remat,
    p.custom: control.custom,
    p.part: lambda values, index: values[index],
}


def install() -> None:
    """Put each row where the door finds it."""
    for op, row in EVALUATE.items():
        op.evaluate = row
