"""Convolution and pooling over any number of places; channels last: (batch, *places, channels)."""

from collections.abc import Sequence
from typing import Any

from pente.core import primitives as p
from pente.core import samples
from pente.core.dispatch import bind
from pente.core.primitives import composite
from pente.core.tensor import Tensor
from pente.errors import ShapeError, UnknownNameError
from pente.ops.creation import ones
from pente.ops.elementwise import divide
from pente.ops.lifting import as_float, lift, pair
from pente.shapes import Shape

__all__ = ["avg_pool", "conv", "conv_transpose", "max_pool"]

Sizes = int | Sequence[int]
Padding = str | int | Sequence[Any]


def _each(value: Sizes, count: int, what: str) -> Shape:
    """One number for every place axis, at least 1."""
    sizes = (value,) * count if isinstance(value, int) else tuple(value)
    if len(sizes) != count or min(sizes) < 1:
        raise ShapeError(f"{what} wants a number of at least 1 for each of the {count} place axes, and got {value!r}.")
    return sizes


def _padding(padding: Padding, places: Shape, window: Shape, strides: Shape, dilation: Shape) -> tuple[Shape, ...]:
    """(before, after) for every place axis. "same" gives ceil(n / stride) places, the odd one goes after."""
    if isinstance(padding, str):
        if padding.lower() not in ("same", "valid"):
            raise UnknownNameError("padding", padding, ["same", "valid"])
        if padding.lower() == "valid":
            return ((0, 0),) * len(window)
        wide = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(places, strides, wide, strict=True)]
        return tuple((t // 2, t - t // 2) for t in total)
    if isinstance(padding, int):
        return ((padding, padding),) * len(window)
    if len(padding) != len(window):
        raise ShapeError(f"padding wants one entry for each of the {len(window)} place axes, and got {padding!r}.")
    return tuple((entry, entry) if isinstance(entry, int) else (int(entry[0]), int(entry[1])) for entry in padding)


def conv(
    x: Any, kernel: Any, /, *, strides: Sizes = 1, padding: Padding = "valid", dilation: Sizes = 1, groups: int = 1
) -> Tensor:
    """y[n, i, o] = Σ_k Σ_c x[n, i·stride + k·dilation - before, c] · kernel[k, c, o].

    Shapes: x (batch, *places, channels), kernel (*window, channels / groups, filters), y (batch, *places', filters).
    padding is "valid", "same", a number, or (before, after) for each place axis.

    >>> import pente
    >>> pente.conv(pente.ones((1, 4, 1)), pente.ones((2, 1, 1))).tolist()
    [[[2.0], [2.0], [2.0]]]
    """
    x, kernel = pair(as_float(x), as_float(kernel))
    window = kernel.shape[:-2]
    count = len(window)
    if count < 1:
        raise ShapeError(
            f"conv: a kernel is (*window, channels / groups, filters), and this one has shape {kernel.shape}."
        )
    if x.ndim != count + 2:
        raise ShapeError(
            f"conv: a kernel {kernel.shape} wants an input (batch, {'place, ' * count}channels), got {x.shape}."
        )
    step, holes = _each(strides, count, "strides"), _each(dilation, count, "dilation")
    sides = _padding(padding, x.shape[1:-1], window, step, holes)
    return bind(p.conv, (x, kernel), {"strides": step, "padding": sides, "dilation": holes, "groups": groups})


def conv_transpose(
    x: Any, kernel: Any, /, *, strides: Sizes = 1, padding: Padding = "valid", dilation: Sizes = 1, groups: int = 1
) -> Tensor:
    """The transpose of a convolution in its input: every number of x is spread over a window of the result.

    Shapes: x (batch, *places, filters), kernel (*window, channels / groups, filters), the result has channels. With
    "valid" it has n·stride + max((k - 1)·dilation + 1 - stride, 0) places, with "same" n·stride.

    >>> import pente
    >>> pente.conv_transpose(pente.ones((1, 2, 1)), pente.ones((2, 1, 1)), strides=2).shape
    (1, 4, 1)
    """
    x, kernel = pair(as_float(x), as_float(kernel))
    window, count = kernel.shape[:-2], kernel.ndim - 2
    step, holes = _each(strides, count, "strides"), _each(dilation, count, "dilation")
    wide = [(k - 1) * d + 1 for k, d in zip(window, holes, strict=True)]
    places = tuple(max((n - 1) * s + k, n * s) for n, s, k in zip(x.shape[1:-1], step, wide, strict=True))
    if padding == "same":
        places = tuple(n * s for n, s in zip(x.shape[1:-1], step, strict=True))
    sides = _padding(padding, places, window, step, holes)
    if not isinstance(padding, str):
        places = tuple(n - low - high for n, (low, high) in zip(places, sides, strict=True))
    settings = {"places": places, "strides": step, "padding": sides, "dilation": holes, "groups": groups}
    return bind(p.conv_input, (x, kernel), settings)


def _max_body(x: Any, *, window: Shape, strides: Shape, padding: tuple[Shape, ...]) -> Any:
    """max_pool(x) = x[argmax of each window]; so the gradient goes to the first of equal numbers."""
    places = p.window_argmax(x, window=window, strides=strides, padding=padding)
    size = 1
    for n in x.shape:
        size *= n
    return p.gather(p.reshape(x, shape=(size,)), places, axis=0)


max_windows = composite("maxpool({0})", samples.windows, name="max_pool")(_max_body)


def _pool_settings(
    x: Tensor, window: Sizes, strides: Sizes | None, padding: Padding
) -> tuple[Shape, Shape, tuple[Shape, ...]]:
    count = x.ndim - 2
    if count < 1:
        raise ShapeError(f"pooling wants (batch, *places, channels), and got {x.shape}.")
    size = _each(window, count, "the window")
    step = size if strides is None else _each(strides, count, "strides")
    sides = _padding(padding, x.shape[1:-1], size, step, (1,) * count)
    return (1, *size, 1), (1, *step, 1), ((0, 0), *sides, (0, 0))


def max_pool(x: Any, window: Sizes, /, *, strides: Sizes | None = None, padding: Padding = "valid") -> Tensor:
    """The largest of each window; strides are the window where none are given. Padding never wins.

    Shapes: (batch, *places, channels).

    >>> import pente
    >>> pente.max_pool([[[1.0], [5.0], [2.0], [3.0]]], 2).tolist()
    [[[5.0], [3.0]]]
    """
    x = lift(x)
    size, step, sides = _pool_settings(x, window, strides, padding)
    return bind(max_windows, (x,), {"window": size, "strides": step, "padding": sides})


def avg_pool(x: Any, window: Sizes, /, *, strides: Sizes | None = None, padding: Padding = "valid") -> Tensor:
    """The mean of each window; padding does not count.

    Shapes: (batch, *places, channels).

    >>> import pente
    >>> pente.avg_pool([[[1.0], [5.0], [2.0], [4.0]]], 2).tolist()
    [[[3.0], [3.0]]]
    """
    x = as_float(x)
    size, step, sides = _pool_settings(x, window, strides, padding)
    settings = {"window": size, "strides": step, "padding": sides}
    counted = bind(p.window_sum, (ones((1, *x.shape[1:-1], 1), dtype=x.dtype),), settings)
    return divide(bind(p.window_sum, (x,), settings), counted)
