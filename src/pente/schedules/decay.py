"""Schedules that fall: by steps, by a power of a rate, by the inverse of time, along a polynomial."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pente.core.tensor import Tensor
from pente.errors import UsageError
from pente.ops.elementwise import ceil, floor, maximum, minimum, where
from pente.schedules.base import NOT_NEGATIVE, POSITIVE, Schedule, require

__all__ = ["ExponentialDecay", "InverseTimeDecay", "PiecewiseConstantDecay", "PolynomialDecay", "increasing"]


@dataclass(frozen=True, repr=False)
class ExponentialDecay(Schedule):
    """η₀ · r^(t / n): the rate is multiplied by ``decay_rate`` over ``decay_steps`` steps.

    With ``staircase`` it falls at once after every n steps, η₀ · r^⌊t / n⌋: PyTorch calls this StepLR.

    >>> import pente
    >>> pente.schedules.ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5, staircase=True)([0, 99, 100]).tolist()
    [0.1, 0.1, 0.05]
    """

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False
    name: str = "ExponentialDecay"

    def __post_init__(self) -> None:
        line = "ExponentialDecay(0.1, decay_steps=1000, decay_rate=0.9)"
        require(self, "initial_learning_rate", self.initial_learning_rate, NOT_NEGATIVE, line)
        require(self, "decay_steps", self.decay_steps, POSITIVE, line)
        require(self, "decay_rate", self.decay_rate, POSITIVE, line)

    def value(self, step: Tensor) -> Tensor:
        return self.decay_rate ** _periods(step, self.decay_steps, self.staircase) * self.initial_learning_rate


@dataclass(frozen=True, repr=False)
class InverseTimeDecay(Schedule):
    """η₀ / (1 + r · t / n); with ``staircase`` ⌊t / n⌋ stands for t / n.

    >>> import pente
    >>> pente.schedules.InverseTimeDecay(0.1, decay_steps=100, decay_rate=1.0)([0, 100, 300]).tolist()
    [0.1, 0.05, 0.025]
    """

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False
    name: str = "InverseTimeDecay"

    def __post_init__(self) -> None:
        line = "InverseTimeDecay(0.1, decay_steps=1000, decay_rate=0.5)"
        require(self, "initial_learning_rate", self.initial_learning_rate, NOT_NEGATIVE, line)
        require(self, "decay_steps", self.decay_steps, POSITIVE, line)
        require(self, "decay_rate", self.decay_rate, NOT_NEGATIVE, line)

    def value(self, step: Tensor) -> Tensor:
        return self.initial_learning_rate / (_periods(step, self.decay_steps, self.staircase) * self.decay_rate + 1.0)


def _periods(step: Tensor, length: float, whole: bool) -> Tensor:
    return floor(step / length) if whole else step / length


@dataclass(frozen=True, repr=False)
class PolynomialDecay(Schedule):
    """η₁ + (η₀ - η₁) · (1 - t / n)^p, from η₀ at step 0 to ``end_learning_rate`` η₁ at step n and after it.

    With ``cycle`` n grows, each time that it is reached, by ``decay_steps``: the rate jumps up and falls again.

    >>> import pente
    >>> pente.schedules.PolynomialDecay(0.1, decay_steps=100, end_learning_rate=0.0)([0, 50, 100, 200]).tolist()
    [0.1, 0.05, 0.0, 0.0]
    """

    initial_learning_rate: float
    decay_steps: float
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False
    name: str = "PolynomialDecay"

    def __post_init__(self) -> None:
        line = "PolynomialDecay(0.1, decay_steps=1000, end_learning_rate=0.001, power=1.0)"
        require(self, "initial_learning_rate", self.initial_learning_rate, NOT_NEGATIVE, line)
        require(self, "decay_steps", self.decay_steps, POSITIVE, line)
        require(self, "end_learning_rate", self.end_learning_rate, NOT_NEGATIVE, line)
        require(self, "power", self.power, POSITIVE, line)

    def value(self, step: Tensor) -> Tensor:
        length: Any = self.decay_steps
        if self.cycle:
            length = maximum(ceil(step / length), 1.0) * length
        left = 1.0 - minimum(step / length, 1.0)
        return left**self.power * (self.initial_learning_rate - self.end_learning_rate) + self.end_learning_rate


@dataclass(frozen=True, repr=False)
class PiecewiseConstantDecay(Schedule):
    """The first of the ``values`` up to and with the first of the ``boundaries``, then the next, and so on.

    >>> import pente
    >>> pente.schedules.PiecewiseConstantDecay([100, 200], [0.1, 0.01, 0.001])([100, 101, 201]).tolist()
    [0.1, 0.01, 0.001]
    """

    boundaries: Sequence[float]
    values: Sequence[float]
    name: str = "PiecewiseConstant"

    def __post_init__(self) -> None:
        line = "PiecewiseConstantDecay([1000, 2000], [0.1, 0.01, 0.001])"
        increasing(self, "boundaries", line)
        increasing(self, "values", line, any_order=True)
        if len(self.values) != len(self.boundaries) + 1:
            raise UsageError(
                f"{len(self.boundaries)} boundaries divide the steps into {len(self.boundaries) + 1} parts, and "
                f"{len(self.values)} values were given: write {line}."
            )

    def value(self, step: Tensor) -> Any:
        value: Any = step * 0.0 + self.values[-1]
        for boundary, here in zip(self.boundaries[::-1], self.values[-2::-1], strict=True):
            value = where(step <= boundary, here, value)
        return value


def increasing(schedule: Schedule, name: str, line: str, any_order: bool = False) -> None:
    """Keep a list of numbers as a tuple; raise where one is negative, or not larger than the one before it."""
    given = getattr(schedule, name)
    if isinstance(given, str) or not hasattr(given, "__len__"):
        raise UsageError(f"{name} of {type(schedule).__name__} is a list of numbers, got {given!r}: write {line}.")
    for number in given:
        require(schedule, f"each of the {name}", number, NOT_NEGATIVE, line)
    if not any_order and any(a >= b for a, b in pairwise(given)):
        raise UsageError(f"{name} of {type(schedule).__name__} grow, got {list(given)}: write {line}.")
    object.__setattr__(schedule, name, tuple(given))
