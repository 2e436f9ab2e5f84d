"""Layers that make one tensor of several."""

from functools import reduce
from typing import Any, ClassVar

from pente.core.tensor import Tensor
from pente.errors import ShapeError, UsageError
from pente.layers.advice import for_joining, for_sum
from pente.layers.base import Layer
from pente.ops.elementwise import add, maximum, minimum, multiply, subtract
from pente.ops.reduce import sum
from pente.ops.shape import concat
from pente.shapes import broadcast, normal_axis

__all__ = ["Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"]


class Merge(Layer):
    """A layer that is called on a list of tensors of one shape."""

    pairwise: ClassVar[Any]

    def call(self, inputs: Any) -> Tensor:
        tensors = self.listed(inputs)
        for other in tensors[1:]:
            require_alike(self, tensors[0], other)
        merged: Tensor = reduce(type(self).pairwise, tensors)
        return merged

    def listed(self, inputs: Any) -> list[Any]:
        """The inputs, of which there must be several."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise UsageError(
                f"{self.path} expects a list of at least 2 tensors: {type(self).__name__}()([a, b]), got {inputs!r}."
            )
        return list(inputs)


class Add(Merge):
    """The sum of all inputs.

    >>> import pente
    >>> pente.layers.Add()([pente.ones(2), pente.ones(2)]).tolist()
    [2.0, 2.0]
    """

    pairwise = staticmethod(add)


class Subtract(Merge):
    """The first input minus the second.

    >>> import pente
    >>> pente.layers.Subtract()([pente.ones(2), pente.ones(2)]).tolist()
    [0.0, 0.0]
    """

    pairwise = staticmethod(subtract)

    def listed(self, inputs: Any) -> list[Any]:
        tensors = super().listed(inputs)
        if len(tensors) != 2:
            raise UsageError(f"{self.path} expects 2 tensors, got {len(tensors)}.")
        return tensors


class Multiply(Merge):
    """The product of all inputs, element by element.

    >>> import pente
    >>> pente.layers.Multiply()([pente.ones(2), pente.zeros(2)]).tolist()
    [0.0, 0.0]
    """

    pairwise = staticmethod(multiply)


class Maximum(Merge):
    """The largest of all inputs, element by element.

    >>> import pente
    >>> pente.layers.Maximum()([pente.ones(2), pente.zeros(2)]).tolist()
    [1.0, 1.0]
    """

    pairwise = staticmethod(maximum)


class Minimum(Merge):
    """The smallest of all inputs, element by element.

    >>> import pente
    >>> pente.layers.Minimum()([pente.ones(2), pente.zeros(2)]).tolist()
    [0.0, 0.0]
    """

    pairwise = staticmethod(minimum)


class Average(Merge):
    """The mean of all inputs.

    >>> import pente
    >>> pente.layers.Average()([pente.ones(2), pente.zeros(2)]).tolist()
    [0.5, 0.5]
    """

    pairwise = staticmethod(add)

    def call(self, inputs: Any) -> Tensor:
        return super().call(inputs) / float(len(inputs))


class Concatenate(Merge):
    """The inputs one behind the other along the axis; all other axes must agree.

    >>> import pente
    >>> pente.layers.Concatenate()([pente.zeros((2, 3)), pente.zeros((2, 4))]).shape
    (2, 7)
    """

    axis: int = -1

    def call(self, inputs: Any) -> Tensor:
        tensors = self.listed(inputs)
        axis = normal_axis(self.axis, tensors[0].ndim)
        others = {(*x.shape[:axis], None, *x.shape[axis + 1 :]) for x in tensors}
        if len(others) > 1:
            shapes = ", ".join(str(x.shape) for x in tensors)
            raise ShapeError(
                f"{self.path} joins along axis {self.axis}, and the other axes must agree: got {shapes}."
                f"{for_joining([x.shape for x in tensors])}"
            )
        return concat(tensors, axis=axis)


class Dot(Merge):
    """The dot product of two inputs along an axis of each, for every example; ``normalize`` gives the cosine.

    Shapes: for vectors (batch, n) the result is (batch, 1).

    >>> import pente
    >>> pente.layers.Dot(axes=1)([pente.ones((2, 3)), pente.ones((2, 3))]).tolist()
    [[3.0], [3.0]]
    """

    axes: int = -1
    normalize: bool = False

    def call(self, inputs: Any) -> Tensor:
        a, b = self.listed(inputs)
        if a.ndim != 2 or a.shape != b.shape:
            raise ShapeError(f"{self.path} expects two inputs of one shape (batch, n), got {a.shape} and {b.shape}.")
        if self.normalize:
            a, b = (x / (sum(x * x, axis=1, keepdims=True) + 1e-12).sqrt() for x in (a, b))
        return sum(a * b, axis=1, keepdims=True)


def require_alike(layer: Layer, a: Any, b: Any) -> None:
    """Raise where two inputs do not broadcast."""
    shapes = getattr(a, "shape", ()), getattr(b, "shape", ())
    try:
        broadcast(*shapes)
    except ShapeError as error:
        raise ShapeError(f"{layer.path}: {error}{for_sum(*shapes)}") from None
