"""What ``compile`` decides, and the state of a training beside the weights."""

from dataclasses import dataclass, field

import numpy as np

from pente.core.tensor import Variable
from pente.optimizers import Optimizer
from pente.train.objective import Objective
from pente.train.verify import STEPS

__all__ = ["Plan"]


def _no_epochs() -> Variable:
    return Variable(np.int64(0), name="data/epoch", trainable=False)


@dataclass
class Plan:
    """How a model is trained, and how many epochs of data it has seen since that was decided."""

    optimizer: Optimizer
    objective: Objective
    jit: bool = True
    verify: bool = False
    to_verify: int = field(init=False)
    epochs: Variable = field(default_factory=_no_epochs)

    def __post_init__(self) -> None:
        self.to_verify = STEPS if self.verify else 0

    @property
    def variables(self) -> list[Variable]:
        """All that a training changes beside the model: the optimizer's, the metrics' totals, the place in the data."""
        return [*self.optimizer.variables, *self.objective.variables, self.epochs]

    def next_epoch(self) -> int:
        """The number of the epoch that begins: it decides the order of the rows."""
        number = int(self.epochs.numpy())
        self.epochs.assign(number + 1)
        return number
