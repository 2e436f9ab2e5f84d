"""The derivative of one operation in one of its inputs, as a number and as a formula.

Both come from the engine's gradient row, called with g = 1: on numbers it gives the number, and on inputs that have no
value it builds the graph that is then printed. So what is explained is what is computed.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from pente.autodiff.gradients import GRADIENTS
from pente.autodiff.rows import Call, Joint
from pente.core import primitives as p
from pente.core import printer
from pente.core.node import Node, spec_of
from pente.core.tensor import Tensor
from pente.core.tracer import placeholder
from pente.errors import GradientError

__all__ = ["slope", "symbol"]


def slope(node: Node, source: Node) -> float:
    """d node / d source as a number, through every input of the node that is the source."""
    with np.errstate(all="ignore"):
        return float(_derivative(node, source, lambda x: x.value))


def symbol(node: Node, source: Node, names: Mapping[Node, str], alone: bool = False) -> str:
    """d node / d source, alone or as a factor of a product. Nodes without a name stand as their numbers."""
    tensors = {
        x: placeholder(spec_of(x.value)) if x in names else Tensor(np.asarray(x.value)) for x in (*node.inputs, node)
    }
    named = {tensor.node: names[x] for x, tensor in tensors.items() if x in names}
    found = _derivative(node, source, tensors.__getitem__)
    if not isinstance(found, Tensor) or found.node is None:
        return printer.number(np.asarray(getattr(found, "data", found)).item())
    return printer.formula(found.node, lambda x: named.get(x, ""), within=0 if alone else p.multiply.precedence)


def _derivative(node: Node, source: Node, given: Callable[[Node], Any]) -> Any:
    needed = tuple(x is source for x in node.inputs)
    found = _row(node, tuple(map(given, node.inputs)), given(node), needed)
    return reduce(operator.add, [g for g in found if g is not None])


def _row(node: Node, inputs: tuple[Any, ...], out: Any, needed: tuple[bool, ...]) -> Sequence[Any]:
    """What the row of the operation gives to those inputs that need it."""
    row = None if node.op is None else GRADIENTS[node.op]
    if node.op is None or row is None:
        raise GradientError(
            f"{node.op} has no gradient: {'it was not computed' if node.op is None else node.op.stops}."
        )
    if isinstance(row, Joint):
        return row.back(np.ones(node.shape, node.dtype), Call(node.op, inputs, node.params, out, needed))
    return [
        back(1.0, out, *inputs, **node.params) if wanted and back is not None else None
        for back, wanted in zip(row, needed, strict=True)
    ]
