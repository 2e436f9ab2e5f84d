"""One update for the mean of several gradients."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pente.core import primitives as p
from pente.core.tensor import Handle, Variable
from pente.ops.elementwise import where
from pente.optimizers.base import Array, State
from pente.optimizers.wrapper import Wrapper, chosen

__all__ = ["Accumulation"]


class Accumulation(Wrapper):
    """Adds up gradients, and lets ``optimizer`` follow their mean after every ``steps`` batches.

    So n batches of k rows train as one of n · k does, in the memory of one. Between the updates the weights stay; what
    a layer keeps itself, such as the statistics of BatchNormalization, follows every batch. ``iterations`` and
    schedules count updates. A group that is not whole at the end of an epoch goes on with the first batches of the
    next.

    >>> import pente
    >>> w = pente.Variable(1.0, name="w")
    >>> opt = pente.optimizers.Accumulation(pente.optimizers.SGD(0.5), steps=2)
    >>> opt.apply([pente.tensor(1.0)], [w]); w.numpy().item()
    1.0
    >>> opt.apply([pente.tensor(2.0)], [w]); w.numpy().item()
    0.25
    """

    def __init__(self, optimizer: Any, steps: int) -> None:
        super().__init__(optimizer)
        self.steps = steps
        self.__dict__["batches"] = self._slots.cell("batches", np.int64(0))

    @property
    def slots(self) -> tuple[str, ...]:
        return ("gradients",)

    @property
    def _numbers(self) -> dict[str, Variable]:
        return {"batches": self.batches}

    def cells(self, variables: Sequence[Variable]) -> State:
        """As those of every wrapper; what a weight that is frozen now had gathered is not for when it thaws."""
        for (_, weight), gathered in self._slots.cells.items():
            if not weight.trainable:
                gathered.replace(np.zeros_like(gathered.array))
        return super().cells(variables)

    def update(
        self, grads: Sequence[Array], params: Sequence[Array], state: State, paths: Sequence[str] = ()
    ) -> tuple[list[Array], State]:
        """One batch: its share of the mean is added; with the last batch of a group the update is made."""
        first = state["batches"] == 0
        before = [_unless(first, s) for s in state["gradients"]]
        means = [s + p.cast(g, dtype=s.dtype) / self.steps for s, g in zip(before, grads, strict=True)]
        count = state["batches"] + 1
        waiting = list(params), {**state, "batches": count, "gradients": means}
        full = count >= self.steps
        if not isinstance(full, Handle) and not full:
            return waiting
        moved, inside = self.optimizer.update(means, params, state["inside"], paths)
        after = moved, {**state, "batches": count * 0, "gradients": means, "inside": inside}
        # A choice between values, and not a branch: so the step stays one program without a stop.
        return chosen(full, after, waiting) if isinstance(full, Handle) else after


def _unless(condition: Array, x: Array) -> Array:
    """0 where the condition holds, else x."""
    return where(condition, 0.0, x) if isinstance(condition, Handle) else np.where(condition, np.zeros_like(x), x)
