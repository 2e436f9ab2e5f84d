"""The last place of an epoch at which all numbers were finite."""

from collections.abc import Iterable, Mapping
from math import isfinite
from time import perf_counter
from typing import Any

from pente.core.tensor import Variable
from pente.train.snapshot import Snapshot, all_finite

__all__ = ["Foothold", "loss_of"]

EVERY = 1.0  # seconds from one copy of the state to the next


class Foothold:
    """Where to go back to, to look at each step, once a number is not finite any more.

    Steps that run by themselves do not stop in the middle, so what went wrong is noticed a little later: in the loss of
    the epoch, which is a mean and stays nan from the first nan on, or in the weights.
    """

    def __init__(self, changed: Iterable[Variable], weights: Iterable[Variable], steps: int = 0) -> None:
        self.steps, self.snapshot, self.when = steps, Snapshot(changed), perf_counter()
        self.weights = [weight for weight in weights if weight in self.snapshot.values]

    def holds(self, steps: int, last: bool, logs: Mapping[str, Any], state: Mapping[Variable, Any]) -> bool:
        """Whether all is finite still after so many steps; from time to time the foothold is moved there.

        ``state`` is what Variables are now, where it is kept outside of them in arrays that are written over.
        """
        if not isfinite(loss_of(logs)):
            return False
        due = perf_counter() - self.when > EVERY
        if (due or last) and not all_finite(state.get(v, v.array) for v in self.weights):
            return False
        if due:
            here = Snapshot(self.snapshot.values)
            here.values = {v: state[v].copy() if v in state else v.array for v in here.values}
            self.steps, self.snapshot, self.when = steps, here, perf_counter()
        return True

    def back(self) -> int:
        """Give the Variables what they were at the foothold; how many steps were done there."""
        self.snapshot.restore()
        return self.steps


def loss_of(logs: Mapping[str, Any]) -> float:
    """The loss among the numbers of a step; where there is none of that name, the sum of all."""
    return float(logs["loss"]) if "loss" in logs else sum(map(float, logs.values()))
