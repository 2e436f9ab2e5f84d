"""Reverse mode for Values: the same table of derivatives, run on plain floats."""

from typing import Any

from pente.autodiff.gradients import GRADIENTS
from pente.core.node import ancestors
from pente.core.value import Value
from pente.errors import GradientError

__all__ = ["backward"]


def backward(self: Value, gradient: float = 1.0) -> None:
    """Add to ``grad`` of every Value that this one was computed from its derivative d self / d value.

    >>> x = Value(3.0)
    >>> (x * x).backward()
    >>> x.grad
    6.0
    """
    order: list[Any] = list(ancestors([self]))
    _refuse_changed(order)
    found: dict[Any, float] = dict.fromkeys(order, 0.0)
    found[self] = float(gradient)
    for node in reversed(order):
        g = found[node]
        node.grad += g
        op = node.op
        if op is None:
            continue
        inputs = node.inputs
        rows: Any = GRADIENTS[op]
        if len(inputs) == 2:
            a, b = inputs
            found[a] += rows[0](g, node.value, a.value, b.value)
            found[b] += rows[1](g, node.value, a.value, b.value)
        elif len(inputs) == 1:
            found[inputs[0]] += rows[0](g, node.value, inputs[0].value)


def _refuse_changed(order: list[Any]) -> None:
    """Raise where a leaf's data was set after something was computed from it."""
    changed = max((node.changed for node in order if node.op is None), default=0)
    if not changed:
        return
    for node in order:
        if node.op is not None:
            late = next((x for x in node.inputs if x.changed > node.serial), None)
            if late is not None:
                raise GradientError(
                    f"the data of {late.name or 'a leaf'} was set after it was used ({node.where}): the gradient would "
                    "belong to the old number. Compute the result anew, then call backward()."
                )


Value.backward = backward
