"""Loops and branches: programs run by the evaluation rows of their nodes."""

from typing import Any

import numpy as np

__all__ = ["cond", "scan"]


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
