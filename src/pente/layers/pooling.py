"""Pooling: one number for each window of places, or for all of them; channels last."""

from collections.abc import Callable
from typing import Any, ClassVar

from pente.core.tensor import Tensor
from pente.layers.base import Layer
from pente.layers.places import each_place, require_channels_last, require_padding, require_places, require_room
from pente.ops.conv import avg_pool, max_pool
from pente.ops.lifting import lift
from pente.ops.reduce import max, mean

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "MaxPooling1D",
    "MaxPooling2D",
]


class Pooling(Layer):
    """One number for each window; the strides are the window where none are given."""

    pool_size: Any = 2
    strides: Any = None
    padding: str = "valid"
    data_format: Any = None

    axes: ClassVar[int]  # the places' axes, between batch and channels
    pool: ClassVar[Callable[..., Tensor]]

    def __post_init__(self) -> None:
        require_channels_last(self, self.axes)
        require_padding(self, ("valid", "same"))
        for field in ("pool_size", "strides"):
            if getattr(self, field) is not None:
                each_place(self, field, self.axes)

    def call(self, x: Tensor) -> Tensor:
        x = lift(x)
        require_places(self, x.shape, self.axes)
        window, padding = each_place(self, "pool_size", self.axes), self.padding.lower()
        strides = window if self.strides is None else each_place(self, "strides", self.axes)
        if padding == "valid":
            require_room(self, x.shape[1:-1], window, "pool_size")
        return type(self).pool(x, window, strides=strides, padding=padding)


class MaxPooling1D(Pooling):
    """The largest of each window of steps.

    Shapes: x (batch, steps, channels), the result (batch, steps', channels).

    >>> import pente
    >>> pente.layers.MaxPooling1D()([[[1.0], [5.0], [2.0], [3.0]]]).tolist()
    [[[5.0], [3.0]]]
    """

    axes = 1
    pool = staticmethod(max_pool)


class MaxPooling2D(Pooling):
    """The largest of each window of rows and columns.

    Shapes: x (batch, rows, columns, channels), the result (batch, rows', columns', channels).

    >>> import pente
    >>> pente.layers.MaxPooling2D()(pente.ones((1, 5, 6, 3))).shape
    (1, 2, 3, 3)
    """

    pool_size: Any = (2, 2)
    axes = 2
    pool = staticmethod(max_pool)


class AveragePooling1D(Pooling):
    """The mean of each window of steps; what padding adds does not count.

    Shapes: x (batch, steps, channels), the result (batch, steps', channels).

    >>> import pente
    >>> pente.layers.AveragePooling1D()([[[1.0], [5.0], [2.0], [4.0]]]).tolist()
    [[[3.0], [3.0]]]
    """

    axes = 1
    pool = staticmethod(avg_pool)


class AveragePooling2D(Pooling):
    """The mean of each window of rows and columns; what padding adds does not count.

    Shapes: x (batch, rows, columns, channels), the result (batch, rows', columns', channels).

    >>> import pente
    >>> pente.layers.AveragePooling2D(3, strides=1, padding="same")(pente.ones((1, 5, 6, 3))).shape
    (1, 5, 6, 3)
    """

    pool_size: Any = (2, 2)
    axes = 2
    pool = staticmethod(avg_pool)


class GlobalPooling(Layer):
    """One number of all places for each channel."""

    data_format: Any = None
    keepdims: bool = False

    axes: ClassVar[int]
    reduction: ClassVar[Callable[..., Tensor]]

    def __post_init__(self) -> None:
        require_channels_last(self, self.axes)

    def call(self, x: Tensor) -> Tensor:
        x = lift(x)
        require_places(self, x.shape, self.axes)
        return type(self).reduction(x, axis=tuple(range(1, self.axes + 1)), keepdims=self.keepdims)


class GlobalMaxPooling1D(GlobalPooling):
    """The largest of all steps.

    Shapes: x (batch, steps, channels), the result (batch, channels), or (batch, 1, channels) with ``keepdims``.

    >>> import pente
    >>> pente.layers.GlobalMaxPooling1D()([[[1.0], [5.0]]]).tolist()
    [[5.0]]
    """

    axes = 1
    reduction = staticmethod(max)


class GlobalMaxPooling2D(GlobalPooling):
    """The largest of all rows and columns.

    Shapes: x (batch, rows, columns, channels), the result (batch, channels), or (batch, 1, 1, channels) with
    ``keepdims``.

    >>> import pente
    >>> pente.layers.GlobalMaxPooling2D(keepdims=True)(pente.ones((2, 4, 4, 3))).shape
    (2, 1, 1, 3)
    """

    axes = 2
    reduction = staticmethod(max)


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of all steps.

    Shapes: x (batch, steps, channels), the result (batch, channels), or (batch, 1, channels) with ``keepdims``.

    >>> import pente
    >>> pente.layers.GlobalAveragePooling1D()([[[1.0], [5.0]]]).tolist()
    [[3.0]]
    """

    axes = 1
    reduction = staticmethod(mean)


class GlobalAveragePooling2D(GlobalPooling):
    """The mean of all rows and columns.

    Shapes: x (batch, rows, columns, channels), the result (batch, channels), or (batch, 1, 1, channels) with
    ``keepdims``.

    >>> import pente
    >>> pente.layers.GlobalAveragePooling2D()(pente.ones((2, 4, 4, 3))).shape
    (2, 3)
    """

    axes = 2
    reduction = staticmethod(mean)
