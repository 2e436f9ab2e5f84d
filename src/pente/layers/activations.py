"""Activations: functions by their Keras names, and the layers that apply one."""

from collections.abc import Callable
from typing import Any

from pente.core.tensor import Tensor
from pente.errors import UnknownNameError, UsageError
from pente.layers.base import Layer
from pente.ops import neural
from pente.ops.elementwise import abs, exp, sign, tanh, where
from pente.ops.lifting import as_float

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "Activation",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
    "get",
    "name_of",
]

Function = Callable[[Any], Any]


def linear(x: Any) -> Any:
    """x itself."""
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """x from the threshold up to max_value, negative_slope · (x - threshold) below the threshold."""
    t = as_float(x)
    if (negative_slope, max_value, threshold) == (0.0, None, 0.0):
        plain: Tensor = neural.relu(t)
        return plain
    above = t if max_value is None else t.clip(None, max_value)
    return where(t >= threshold, above, (t - threshold) * negative_slope)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """x above 0, negative_slope · x below."""
    return neural.leaky_relu(x, negative_slope)


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x drawn towards 0 by the threshold, and 0 where it is nearer than that."""
    t = as_float(x)
    shrunk: Tensor = sign(t) * neural.relu(abs(t) - threshold)
    return shrunk


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x where it is further from 0 than the threshold, 0 elsewhere."""
    t = as_float(x)
    return where(abs(t) > threshold, t, t * 0.0)


def tanh_shrink(x: Any) -> Tensor:
    """x - tanh(x)."""
    t = as_float(x)
    return t - tanh(t)


def squareplus(x: Any, b: float = 4.0) -> Tensor:
    """(x + √(x² + b)) / 2."""
    t = as_float(x)
    return (t + (t * t + b).sqrt()) * 0.5


ACTIVATIONS: dict[str, Function] = {
    "celu": neural.celu,
    "elu": neural.elu,
    "exponential": exp,
    "gelu": neural.gelu,
    "hard_shrink": hard_shrink,
    "hard_sigmoid": neural.hard_sigmoid,
    "hard_silu": neural.hard_silu,
    "hard_swish": neural.hard_silu,
    "hard_tanh": neural.hard_tanh,
    "leaky_relu": leaky_relu,
    "linear": linear,
    "log_sigmoid": neural.log_sigmoid,
    "log_softmax": neural.log_softmax,
    "mish": neural.mish,
    "relu": relu,
    "relu6": neural.relu6,
    "selu": neural.selu,
    "sigmoid": neural.sigmoid,
    "silu": neural.silu,
    "soft_shrink": soft_shrink,
    "softmax": neural.softmax,
    "softplus": neural.softplus,
    "softsign": neural.softsign,
    "squareplus": squareplus,
    "swish": neural.silu,
    "tanh": tanh,
    "tanh_shrink": tanh_shrink,
}


def get(identifier: Any) -> Function:
    """The function that is meant: by its name, or a function; None is linear.

    >>> get("relu")([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        if identifier not in ACTIVATIONS:
            raise UnknownNameError("activation", identifier, ACTIVATIONS)
        return ACTIVATIONS[identifier]
    if not callable(identifier) or isinstance(identifier, type):
        raise UsageError(
            f"an activation is a name or a function, got {identifier!r}. A layer takes only the number of units that "
            f"come out: Dense({identifier if isinstance(identifier, int) else 64}); the number that goes in is seen "
            "from the data."
        )
    function: Function = identifier
    return function


def name_of(identifier: Any) -> str | None:
    """The name of a known activation, however it was given; None for a function of one's own."""
    if isinstance(identifier, Activation):
        return name_of(identifier.activation)
    if isinstance(identifier, Softmax):
        return "softmax"
    function = relu if identifier is neural.relu else get(identifier)
    return next((name for name, known in ACTIVATIONS.items() if known is function), None)


class Activation(Layer):
    """A function of every element, or along the last axis: by its name, or any function of a tensor.

    >>> import pente
    >>> pente.layers.Activation("relu")([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """

    activation: Any

    def __post_init__(self) -> None:
        get(self.activation)

    def call(self, x: Any) -> Any:
        return get(self.activation)(x)


class ReLU(Layer):
    """max(x, 0), with a slope below, a limit above, and a threshold if one is set.

    >>> import pente
    >>> pente.layers.ReLU(max_value=6.0)([-1.0, 2.0, 7.0]).tolist()
    [0.0, 2.0, 6.0]
    """

    max_value: float | None = None
    negative_slope: float = 0.0
    threshold: float = 0.0

    def call(self, x: Tensor) -> Tensor:
        return relu(x, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """x above 0, negative_slope · x below.

    >>> import pente
    >>> pente.layers.LeakyReLU(0.5)([-1.0, 2.0]).tolist()
    [-0.5, 2.0]
    """

    negative_slope: float = 0.3

    def call(self, x: Tensor) -> Tensor:
        return leaky_relu(x, self.negative_slope)


class PReLU(Layer):
    """x above 0, alpha · x below, where alpha is learned; one for each feature, shared along ``shared_axes``.

    >>> import pente
    >>> pente.layers.PReLU()([[-1.0, 2.0]]).tolist()
    [[0.0, 2.0]]
    """

    alpha_initializer: Any = "zeros"
    alpha_regularizer: Any = None
    shared_axes: Any = None

    def build(self, input_shape: Any) -> None:
        shared = [self.shared_axes] if isinstance(self.shared_axes, int) else list(self.shared_axes or ())
        shape = tuple(1 if axis in shared else n for axis, n in enumerate(input_shape))[1:]
        self.alpha = self.add_weight("alpha", shape, self.alpha_initializer, regularizer=self.alpha_regularizer)

    def call(self, x: Tensor) -> Tensor:
        x = as_float(x)
        sloped: Tensor = neural.relu(x) - neural.relu(-x) * self.alpha.read()
        return sloped


class ELU(Layer):
    """x above 0, alpha · (eˣ - 1) below.

    >>> import pente
    >>> pente.layers.ELU()([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """

    alpha: float = 1.0

    def call(self, x: Tensor) -> Tensor:
        return neural.elu(x, self.alpha)


class GELU(Layer):
    """x·Φ(x), where Φ is the distribution of the normal; ``approximate`` takes the formula with tanh.

    >>> import pente
    >>> pente.layers.GELU()([0.0]).tolist()
    [0.0]
    """

    approximate: bool = False

    def call(self, x: Tensor) -> Tensor:
        return neural.gelu(x, approximate=self.approximate)


class Softmax(Layer):
    """exp(x) / Σ exp(x) along the axis.

    >>> import pente
    >>> pente.layers.Softmax()([[1.0, 1.0]]).tolist()
    [[0.5, 0.5]]
    """

    axis: int = -1

    def call(self, x: Tensor) -> Tensor:
        return neural.softmax(x, axis=self.axis)
