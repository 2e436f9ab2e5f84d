"""Functions of tensors with Keras's arguments; on the symbolic tensors of a functional model they become layers.

>>> import pente as tf
>>> x = tf.keras.Input((3,))
>>> tf.keras.Model(x, tf.keras.ops.mean(x, axis=-1, keepdims=True))(tf.ones((2, 3))).tolist()
[[1.0], [1.0]]
"""

from collections.abc import Callable
from typing import Any

from pente.layers import operations, symbolic


def _done(op: str, *tensors: Any, **options: Any) -> Any:
    if symbolic.has_symbols(tensors, {}):
        return operations.Operation(op, options)(*tensors)
    return operations.OPERATIONS[op](*tensors, **options)


def _of_one(op: str) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        return _done(op, x)

    return _told(function, op)


def _of_two(op: str) -> Callable[[Any, Any], Any]:
    def function(x1: Any, x2: Any) -> Any:
        return _done(op, x1, x2)

    return _told(function, op)


def _over_axes(op: str) -> Callable[..., Any]:
    def function(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return _done(op, x, axis=axis, keepdims=keepdims)

    return _told(function, op)


def _told(function: Callable[..., Any], op: str) -> Callable[..., Any]:
    function.__name__, function.__qualname__, function.__doc__ = op, op, f"As ``pente.{op}``."
    return function


# Number by number.
abs, absolute, ceil, cos, cosh = _of_one("abs"), _of_one("abs"), _of_one("ceil"), _of_one("cos"), _of_one("cosh")
erf, exp, expm1, floor = _of_one("erf"), _of_one("exp"), _of_one("expm1"), _of_one("floor")
log, log10, log1p, log2 = _of_one("log"), _of_one("log10"), _of_one("log1p"), _of_one("log2")
logical_not, negative, reciprocal, sign = map(_of_one, ("logical_not", "negative", "reciprocal", "sign"))
sin, sinh, sqrt, square = _of_one("sin"), _of_one("sinh"), _of_one("sqrt"), _of_one("square")
tan, tanh = _of_one("tan"), _of_one("tanh")
hard_sigmoid, hard_silu, hard_tanh = map(_of_one, ("hard_sigmoid", "hard_silu", "hard_tanh"))
log_sigmoid, relu, relu6, selu = map(_of_one, ("log_sigmoid", "relu", "relu6", "selu"))
sigmoid, silu, softplus, softsign = map(_of_one, ("sigmoid", "silu", "softplus", "softsign"))
hard_swish, swish = hard_silu, silu

# Two by two.
add, subtract, multiply, divide = map(_of_two, ("add", "subtract", "multiply", "divide"))
true_divide, floor_divide, power = _of_two("divide"), _of_two("floor_divide"), _of_two("pow")
maximum, minimum, logaddexp, matmul = map(_of_two, ("maximum", "minimum", "logaddexp", "matmul"))
equal, not_equal, greater, greater_equal = map(_of_two, ("equal", "not_equal", "greater", "greater_equal"))
less, less_equal, logical_and, logical_or = map(_of_two, ("less", "less_equal", "logical_and", "logical_or"))

# Over axes.
all, any, argmax, argmin = map(_over_axes, ("all", "any", "argmax", "argmin"))
logsumexp, mean, std, sum, var = map(_over_axes, ("logsumexp", "mean", "std", "sum", "var"))
amax, amin = _over_axes("max"), _over_axes("min")


def softmax(x: Any, axis: int = -1) -> Any:
    """As ``pente.softmax``."""
    return _done("softmax", x, axis=axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """As ``pente.log_softmax``."""
    return _done("log_softmax", x, axis=axis)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """As ``pente.elu``."""
    return _done("elu", x, alpha=alpha)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """As ``pente.celu``."""
    return _done("celu", x, alpha=alpha)


def gelu(x: Any, approximate: bool = True) -> Any:
    """As ``pente.gelu``; the approximation is the default here, as in Keras."""
    return _done("gelu", x, approximate=approximate)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """As ``pente.leaky_relu``."""
    return _done("leaky_relu", x, negative_slope=negative_slope)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """As ``pente.clip``."""
    return _done("clip", x, min=x_min, max=x_max)


def where(condition: Any, x1: Any, x2: Any) -> Any:
    """As ``pente.where``."""
    return _done("where", condition, x1, x2)


def reshape(x: Any, newshape: Any) -> Any:
    """As ``pente.reshape``; one length may be -1."""
    return _done("reshape", x, shape=newshape)


def expand_dims(x: Any, axis: int) -> Any:
    """As ``pente.expand_dims``."""
    return _done("expand_dims", x, axis=axis)


def squeeze(x: Any, axis: Any = None) -> Any:
    """As ``pente.squeeze``."""
    return _done("squeeze", x, axis=axis)


def transpose(x: Any, axes: Any = None) -> Any:
    """The axes in this order, or in the opposite one; as ``pente.permute_dims``."""
    return _done("permute_dims", x, axes=tuple(range(x.ndim))[::-1] if axes is None else tuple(axes))


def concatenate(xs: Any, axis: int = 0) -> Any:
    """As ``pente.concat``."""
    return _done("concat", *xs, axis=axis)


def stack(x: Any, axis: int = 0) -> Any:
    """As ``pente.stack``."""
    return _done("stack", *x, axis=axis)


def repeat(x: Any, repeats: int, axis: int | None = None) -> Any:
    """As ``pente.repeat``."""
    return _done("repeat", x, repeats, axis=axis)


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """As ``pente.take``."""
    return _done("take", x, indices, axis=axis)


def one_hot(x: Any, num_classes: int) -> Any:
    """As ``pente.one_hot``, along a last axis."""
    return _done("one_hot", x, num_classes)


def cast(x: Any, dtype: Any) -> Any:
    """As ``pente.astype``."""
    return _done("astype", x, dtype)
