"""A function of the step as a schedule."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pente.core.tensor import Tensor
from pente.errors import UsageError
from pente.schedules.base import Schedule

__all__ = ["LambdaSchedule"]


@dataclass(frozen=True, repr=False)
class LambdaSchedule(Schedule):
    """f(t): any function of the step, which it is given in float64. In PyTorch LambdaLR is like it.

    An optimizer takes the bare function as well; as a schedule it can be plotted, and is as exact as the others.

    >>> import pente
    >>> pente.schedules.LambdaSchedule(lambda step: 0.1 / (1 + step) ** 0.5)([0, 3, 99]).tolist()
    [0.1, 0.05, 0.01]
    """

    function: Callable[[Any], Any]
    name: str = "LambdaSchedule"

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise UsageError(
                f"function of LambdaSchedule is a function of the step, got {self.function!r}: write "
                "LambdaSchedule(lambda step: 0.1 / (1 + step))."
            )

    def value(self, step: Tensor) -> Any:
        return self.function(step)
