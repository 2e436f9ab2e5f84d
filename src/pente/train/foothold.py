"""The last place of an epoch at which all numbers were finite."""

from collections.abc import Iterable, Mapping
from math import isfinite
from time import perf_counter
from typing import Any

from pente.core.tensor import Variable
from pente.train.snapshot import Snapshot

__all__ = ["Foothold", "loss_of"]

EVERY = 1.0  # seconds from one copy of the state to the next


class Foothold:
    """Where to go back to, to look at each step, once a number is not finite any more.

    Steps that run by themselves do not stop in the middle, so what went wrong is noticed a little later. The loss of an
    epoch is a mean, and stays nan from the first nan on.
    """

    def __init__(self, variables: Iterable[Variable], steps: int = 0) -> None:
        self.steps, self.snapshot, self.when = steps, Snapshot(variables), perf_counter()

    def holds(self, steps: int, logs: Mapping[str, Any], state: Mapping[Variable, Any] | None) -> bool:
        """Whether all is finite still after so many steps; from time to time the foothold is moved there.

        ``state`` is what the Variables are now, where it is kept outside of them in arrays that are written over.
        """
        if not isfinite(loss_of(logs)):
            return False
        if perf_counter() - self.when > EVERY:
            here = Snapshot(self.snapshot.values)
            if state is not None:
                here.values = {variable: state[variable].copy() for variable in here.values}
            if not here.finite:
                return False
            self.steps, self.snapshot, self.when = steps, here, perf_counter()
        return True

    def back(self) -> int:
        """Give the Variables what they were at the foothold; how many steps were done there."""
        self.snapshot.restore()
        return self.steps


def loss_of(logs: Mapping[str, Any]) -> float:
    """The loss among the numbers of a step; where there is none of that name, the sum of all."""
    return float(logs["loss"]) if "loss" in logs else sum(map(float, logs.values()))
