"""Loops and branches: programs run by the evaluation rows of their nodes."""

from typing import Any

import numpy as np

from pente.core.dispatch import lift
from pente.core.state import no_grad, state
from pente.core.tensor import Tensor

__all__ = ["cond", "custom", "remat", "scan"]


def scan(*values: Any, body: Any, carries: int, sequences: int, length: int, reverse: bool) -> tuple[Any, ...]:
    """Run the body once a step, from the last step back if ``reverse``; what it gives a step is stacked."""
    carry, rows = values[:carries], values[carries : carries + sequences]
    constants = values[carries + sequences :]
    stacked = [np.empty((length, *node.shape), node.dtype) for node in body.outputs[carries:]]
    for step in reversed(range(length)) if reverse else range(length):
        outs = body(*carry, *[x[step] for x in rows], *constants)
        carry = outs[:carries]
        for whole, out in zip(stacked, outs[carries:], strict=True):
            whole[step] = out
    return (*carry, *stacked)


def cond(predicate: Any, *values: Any, on_true: Any, on_false: Any) -> tuple[Any, ...]:
    """Run one of two programs."""
    return tuple((on_true if predicate else on_false)(*values))


def remat(*values: Any, body: Any) -> tuple[Any, ...]:
    """Run a program whose inner values are not kept."""
    return tuple(body(*values))


def custom(*values: Any, function: Any) -> Any:
    """The first of what the user's function returns: the value; the second is its gradient.

    The function calls operations itself, and a context cannot be entered twice, so those get a copy of it.
    """
    before, state.quiet = state.quiet, state.quiet.copy()
    try:
        with no_grad():
            return lift(function(*map(Tensor, values))[0]).data
    finally:
        state.quiet = before
