"""Layers that only move numbers: Flatten, Reshape, Permute, RepeatVector; and Lambda, Identity."""

import math
from collections.abc import Callable
from typing import Any

from pente.core.tensor import Tensor
from pente.errors import ShapeError, UsageError
from pente.layers.advice import for_reshape
from pente.layers.base import Layer
from pente.layers.checks import require_positive
from pente.ops.lifting import lift
from pente.ops.shape import expand_dims, permute_dims, repeat, reshape

__all__ = ["Flatten", "Identity", "Lambda", "Permute", "RepeatVector", "Reshape"]


class Flatten(Layer):
    """All axes but the batch as one.

    Shapes: x (batch, ...), the result (batch, product of the rest).

    >>> import pente
    >>> pente.layers.Flatten()(pente.zeros((2, 3, 4))).shape
    (2, 12)
    """

    def call(self, x: Tensor) -> Tensor:
        x = lift(x)
        if not x.ndim:
            raise ShapeError(f"{self.path} expects a batch, and got a single number.")
        return reshape(x, (x.shape[0], math.prod(x.shape[1:])))


class Reshape(Layer):
    """Another shape for each example; one axis may be -1.

    >>> import pente
    >>> pente.layers.Reshape((2, -1))(pente.zeros((5, 6))).shape
    (5, 2, 3)
    """

    target_shape: Any

    def __post_init__(self) -> None:
        if isinstance(self.target_shape, int):
            self.target_shape = (self.target_shape,)

    def call(self, x: Tensor) -> Tensor:
        x, size = lift(x), math.prod(lift(x).shape[1:])
        known = math.prod(n for n in self.target_shape if n != -1)
        if (
            list(self.target_shape).count(-1) > 1
            or size % max(known, 1)
            or (-1 not in self.target_shape and size != known)
        ):
            raise ShapeError(
                f"{self.path} cannot give an example of shape {x.shape[1:]} ({size} numbers) the shape "
                f"{tuple(self.target_shape)}.{for_reshape(size, tuple(self.target_shape))}"
            )
        return reshape(x, (x.shape[0], *(size // known if n == -1 else n for n in self.target_shape)))


class Permute(Layer):
    """The axes of each example in another order; they count from 1, the batch stays.

    >>> import pente
    >>> pente.layers.Permute((2, 1))(pente.zeros((5, 2, 3))).shape
    (5, 3, 2)
    """

    dims: Any

    def __post_init__(self) -> None:
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise UsageError(f"Permute: dims names each axis of an example once, from 1 up, got {self.dims!r}.")

    def call(self, x: Tensor) -> Tensor:
        return permute_dims(x, (0, *self.dims))


class RepeatVector(Layer):
    """Each vector n times, as n steps.

    Shapes: x (batch, features), the result (batch, n, features).

    >>> import pente
    >>> pente.layers.RepeatVector(3)(pente.zeros((5, 2))).shape
    (5, 3, 2)
    """

    n: int

    def __post_init__(self) -> None:
        require_positive(self, "n")

    def call(self, x: Tensor) -> Tensor:
        return repeat(expand_dims(x, axis=1), self.n, axis=1)


class Identity(Layer):
    """x itself.

    >>> import pente
    >>> pente.layers.Identity()([1.0]).tolist()
    [1.0]
    """

    def call(self, x: Any) -> Any:
        return x


class Lambda(Layer):
    """Any function of a tensor as a layer; one that is to be saved is better a class of its own.

    >>> import pente
    >>> pente.layers.Lambda(lambda x: x * 2.0)([1.0]).tolist()
    [2.0]
    """

    function: Callable[..., Any]

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise UsageError(f"Lambda takes a function of a tensor, got {self.function!r}.")

    def call(self, x: Any) -> Any:
        return self.function(x)
