"""What a function of tensors becomes in a graph of layers: ``a * 2``, ``x[:, 0]``, ``keras.ops.mean(x, axis=1)``."""

from collections.abc import Callable
from typing import Any

from pente.core.tensor import Tensor
from pente.errors import UnknownNameError
from pente.layers.base import Layer
from pente.layers.merging import require_alike
from pente.ops import elementwise, linalg, neural, reduce, shape
from pente.ops.index import getitem, take
from pente.ops.lifting import astype

__all__ = ["OPERATIONS", "Operation"]

KNOWN: tuple[Callable[..., Any], ...] = (
    elementwise.abs,
    elementwise.add,
    elementwise.ceil,
    elementwise.clip,
    elementwise.cos,
    elementwise.cosh,
    elementwise.divide,
    elementwise.equal,
    elementwise.erf,
    elementwise.exp,
    elementwise.expm1,
    elementwise.floor,
    elementwise.floor_divide,
    elementwise.greater,
    elementwise.greater_equal,
    elementwise.less,
    elementwise.less_equal,
    elementwise.log,
    elementwise.log10,
    elementwise.log1p,
    elementwise.log2,
    elementwise.logical_and,
    elementwise.logical_not,
    elementwise.logical_or,
    elementwise.maximum,
    elementwise.minimum,
    elementwise.multiply,
    elementwise.negative,
    elementwise.not_equal,
    elementwise.pow,
    elementwise.reciprocal,
    elementwise.round,
    elementwise.sign,
    elementwise.sin,
    elementwise.sinh,
    elementwise.sqrt,
    elementwise.square,
    elementwise.subtract,
    elementwise.tan,
    elementwise.tanh,
    elementwise.where,
    linalg.matmul,
    neural.celu,
    neural.elu,
    neural.gelu,
    neural.hard_sigmoid,
    neural.hard_silu,
    neural.hard_tanh,
    neural.leaky_relu,
    neural.log_sigmoid,
    neural.log_softmax,
    neural.logaddexp,
    neural.logsumexp,
    neural.one_hot,
    neural.relu,
    neural.relu6,
    neural.selu,
    neural.sigmoid,
    neural.silu,
    neural.softmax,
    neural.softplus,
    neural.softsign,
    reduce.all,
    reduce.any,
    reduce.argmax,
    reduce.argmin,
    reduce.cumulative_sum,
    reduce.max,
    reduce.mean,
    reduce.min,
    reduce.prod,
    reduce.std,
    reduce.sum,
    reduce.var,
    shape.expand_dims,
    shape.flip,
    shape.moveaxis,
    shape.permute_dims,
    shape.repeat,
    shape.reshape,
    shape.squeeze,
    shape.tile,
    astype,
    getitem,
    take,
)
OPERATIONS: dict[str, Callable[..., Any]] = {
    **{function.__name__: function for function in KNOWN},
    "concat": lambda *tensors, axis: shape.concat(tensors, axis=axis),
    "stack": lambda *tensors, axis: shape.stack(tensors, axis=axis),
}
PAIRWISE = ("add", "divide", "multiply", "subtract")


class Operation(Layer):
    """A function of symbolic tensors and what else it takes: what ``a * 2`` in a functional model becomes.

    >>> import pente
    >>> x = pente.Input((3,))
    >>> pente.Model(x, x[:, :2] * 2.0 + 1.0)(pente.ones((1, 3))).tolist()
    [[3.0, 3.0]]
    """

    op: str
    options: Any = None

    def __post_init__(self) -> None:
        if self.op not in OPERATIONS:
            raise UnknownNameError("operation", self.op, OPERATIONS)

    def call(self, *tensors: Any) -> Tensor:
        if self.op in PAIRWISE:
            require_alike(self, *tensors)
        result: Tensor = OPERATIONS[self.op](*tensors, **(self.options or {}))
        return result
