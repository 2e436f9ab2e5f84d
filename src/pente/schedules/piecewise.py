"""A schedule through given points, and warm-ups, which are one piece before another schedule."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pente.core.tensor import Tensor
from pente.dtypes import float64, int64
from pente.errors import UsageError
from pente.ops.elementwise import clip, cos, maximum, where
from pente.ops.lifting import astype, lift
from pente.schedules.base import NOT_NEGATIVE, POSITIVE, Schedule, require
from pente.schedules.decay import increasing

__all__ = ["Piecewise", "Warmup", "require_one_of"]


@dataclass(frozen=True, repr=False)
class Piecewise(Schedule):
    """Each of the ``values`` at the step beside it; between two steps a line, or with anneal="cos" half a cosine.

    Before the first step and after the last nothing changes.

    >>> import pente
    >>> pente.schedules.Piecewise([0, 100, 300], [0.0, 0.1, 0.0])([0, 50, 100, 200, 500]).tolist()
    [0.0, 0.05, 0.1, 0.05, 0.0]
    """

    steps: Sequence[float]
    values: Sequence[float]
    anneal: str = "linear"
    name: str = "Piecewise"

    def __post_init__(self) -> None:
        line = "Piecewise([0, 100, 1000], [0.0, 0.1, 0.0])"
        increasing(self, "steps", line)
        increasing(self, "values", line, any_order=True)
        require_one_of(self, "anneal", self.anneal, ("linear", "cos"))
        if len(self.steps) != len(self.values) or len(self.steps) < 2:
            raise UsageError(
                f"Piecewise takes two or more steps and a value for each, got {len(self.steps)} steps and "
                f"{len(self.values)} values: write {line}."
            )

    def value(self, step: Tensor) -> Any:
        step = clip(step, float(self.steps[0]), float(self.steps[-1]))
        ends = [*zip(self.steps, self.values, strict=True)]
        pieces = [self._piece(step, *pair) for pair in pairwise(ends)]
        value = pieces.pop()
        for end, piece in zip(self.steps[-2:0:-1], reversed(pieces), strict=True):
            value = where(step <= end, piece, value)
        return value

    def _piece(self, step: Tensor, begin: tuple[float, float], end: tuple[float, float]) -> Tensor:
        share = (step - float(begin[0])) / (end[0] - begin[0])
        if self.anneal == "cos":
            return (cos(share * math.pi) + 1.0) * ((begin[1] - end[1]) / 2.0) + end[1]
        return share * (end[1] - begin[1]) + begin[1]


@dataclass(frozen=True, repr=False)
class Warmup(Schedule):
    """In a line from ``start`` to where ``schedule`` begins, over ``warmup_steps`` steps; then that schedule.

    ``schedule`` is a schedule, which then begins with its step 0, any function of the step, or a number.

    >>> import pente
    >>> decay = pente.schedules.CosineDecay(0.1, decay_steps=100)
    >>> pente.schedules.Warmup(decay, warmup_steps=10)([0, 5, 10, 60, 110]).tolist()
    [0.0, 0.05, 0.1, 0.05, 0.0]
    """

    schedule: Any
    warmup_steps: float
    start: float = 0.0
    name: str = "Warmup"

    def __post_init__(self) -> None:
        line = "Warmup(CosineDecay(0.1, decay_steps=1000), warmup_steps=100)"
        if isinstance(self.schedule, Mapping):
            from pente.schedules import get

            object.__setattr__(self, "schedule", get(self.schedule))
        if not callable(self.schedule):
            require(self, "schedule", self.schedule, ("a schedule, or a number from 0 up", NOT_NEGATIVE[1]), line)
        require(self, "warmup_steps", self.warmup_steps, POSITIVE, line)
        require(self, "start", self.start, NOT_NEGATIVE, line)

    def value(self, step: Tensor) -> Any:
        top = _value(self.schedule, step * 0.0)
        risen = step / self.warmup_steps * (top - self.start) + self.start
        return where(step < self.warmup_steps, risen, _value(self.schedule, maximum(step - self.warmup_steps, 0.0)))


def _value(schedule: Any, step: Tensor) -> Any:
    """What a schedule, a function of the step or a number is at this step, in float64."""
    if isinstance(schedule, Schedule):
        return schedule.value(step)
    number = schedule(astype(step, int64)) if isinstance(schedule, Callable) else schedule  # type: ignore[arg-type]
    return astype(lift(number), float64)


def require_one_of(schedule: Schedule, name: str, value: Any, known: Sequence[str]) -> None:
    """Raise UsageError for a word that is not known."""
    if value not in known:
        words = " or ".join(map(repr, known))
        raise UsageError(f"{name} of {type(schedule).__name__} is {words}, got {value!r}.")
