"""Values of tensors as the checks read them: where they are known, in as few passes over the numbers as will do."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pente.core import primitives as p
from pente.core.node import is_abstract
from pente.core.primitives import Composite
from pente.core.tensor import Tensor
from pente.ops.neural import sigmoid_
from pente.ops.shape import reshape

__all__ = [
    "EXACT",
    "ROUNDED",
    "Array",
    "at",
    "before_sigmoid",
    "exclusive",
    "first",
    "highest",
    "known",
    "lowest",
    "made_by",
    "only",
]

Array = NDArray[Any]

ROUNDED = 0.05  # probabilities that were written down with two digits still count as probabilities
EXACT = 1e-4


def known(x: Tensor) -> Array | None:
    """The values, where they are known and there are any."""
    return None if is_abstract(x.data) or 0 in x.data.shape else np.asarray(x.data)


def lowest(values: Array) -> Any:
    """The smallest number, NaN where there is one; a third faster than values.min()."""
    return np.minimum.reduce(values, axis=None)


def highest(values: Array) -> Any:
    """The largest number, NaN where there is one."""
    return np.maximum.reduce(values, axis=None)


def only(values: Array, a: float, b: float) -> bool:
    """Whether both numbers are there and no other."""
    return bool(lowest(values) == a and highest(values) == b and ((values == a) | (values == b)).all())


def exclusive(values: Array, axis: int) -> bool:
    """Whether these are probabilities that sum to 1 along the axis, to the last digits."""
    if not (lowest(values) >= 0 and highest(values) <= 1):
        return False
    sums = np.add.reduce(values, axis=axis)
    return bool(lowest(sums) > 1 - EXACT and highest(sums) < 1 + EXACT)


def first(bad: Array) -> list[int]:
    """The index of the first fault."""
    return [int(i) for i in np.argwhere(bad)[0]]


def at(values: Array, place: list[int]) -> str:
    """The number at that index, as a message shows it."""
    return f"{values[tuple(place)]:g}"


def made_by(op: Composite, x: Tensor, **settings: Any) -> Tensor | None:
    """What ``op`` was called on, where x is its direct result, with these settings, and the graph remembers."""
    node = x.node
    if node is None or node.op is not op or not node.inputs or any(node.params[k] != v for k, v in settings.items()):
        return None
    return Tensor(node.inputs[0].value, node.inputs[0])


def before_sigmoid(x: Tensor) -> Tensor | None:
    """What the sigmoid was called on that x is the result of, in the shape of x, where the graph remembers."""
    node = x.node
    if node is not None and node.op is p.reshape and node.inputs:
        inner = before_sigmoid(Tensor(node.inputs[0].value, node.inputs[0]))
        return None if inner is None else reshape(inner, x.shape)
    return made_by(sigmoid_, x)
