"""Schedules that fall along half a cosine, once or again and again."""

import math
from dataclasses import dataclass
from typing import Any

from pente.core.tensor import Tensor
from pente.errors import UsageError
from pente.ops.elementwise import cos, floor, log, maximum, minimum, where
from pente.schedules.base import NOT_NEGATIVE, POSITIVE, Rule, Schedule, require

__all__ = ["CosineDecay", "CosineDecayRestarts"]

SHARE: Rule = ("a number from 0 to 1", lambda x: 0 <= x <= 1)


def _half_cosine(share: Any) -> Any:
    """From 1 at share 0 down to 0 at share 1."""
    return (cos(share * math.pi) + 1.0) * 0.5


@dataclass(frozen=True, repr=False)
class CosineDecay(Schedule):
    """η₀ · (α + (1 - α) · (1 + cos(π · t / n)) / 2), from η₀ at step 0 to α · η₀ at step n and after it.

    With ``warmup_target`` the rate first grows in a line from η₀ to the target over ``warmup_steps`` steps; the cosine
    then begins at the target and takes ``decay_steps`` further steps.
    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.

    >>> import pente
    >>> pente.schedules.CosineDecay(0.1, decay_steps=100)([0, 50, 100]).tolist()
    [0.1, 0.05, 0.0]
    >>> pente.schedules.CosineDecay(0.0, 100, warmup_target=0.1, warmup_steps=10)([0, 5, 10, 110]).tolist()
    [0.0, 0.05, 0.1, 0.0]
    """

    initial_learning_rate: float
    decay_steps: float
    alpha: float = 0.0
    name: str = "CosineDecay"
    warmup_target: float | None = None
    warmup_steps: float = 0

    def __post_init__(self) -> None:
        line = "CosineDecay(0.1, decay_steps=1000)"
        require(self, "initial_learning_rate", self.initial_learning_rate, NOT_NEGATIVE, line)
        require(self, "decay_steps", self.decay_steps, POSITIVE, line)
        require(self, "alpha", self.alpha, SHARE, line)
        require(self, "warmup_steps", self.warmup_steps, NOT_NEGATIVE, line)
        together = "CosineDecay(0.0, decay_steps=1000, warmup_target=0.1, warmup_steps=100)"
        if (self.warmup_target is None) != (self.warmup_steps == 0):
            raise UsageError(
                "a warm-up of CosineDecay has a target and a number of steps, got "
                f"warmup_target={self.warmup_target!r} and warmup_steps={self.warmup_steps!r}: write {together}."
            )
        if self.warmup_target is not None:
            require(self, "warmup_target", self.warmup_target, NOT_NEGATIVE, together)

    def value(self, step: Tensor) -> Any:
        begin, top = self.warmup_steps, self.warmup_target
        share = minimum(maximum(step - float(begin), 0.0) / self.decay_steps, 1.0)
        fallen = _half_cosine(share) * (1.0 - self.alpha) + self.alpha
        if top is None:
            return fallen * self.initial_learning_rate
        risen = step / begin * (top - self.initial_learning_rate) + self.initial_learning_rate
        return where(step < begin, risen, fallen * top)


@dataclass(frozen=True, repr=False)
class CosineDecayRestarts(Schedule):
    """Cosine decays one after the other: each ``t_mul`` times as long as the last, from ``m_mul`` times its height.

    Decay i begins at step n · (1 + q + … + qⁱ⁻¹) with q = t_mul, lasts n · qⁱ steps, and falls from
    η₀ · (α + (1 - α) · m_mulⁱ) to α · η₀.
    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.

    >>> import pente
    >>> pente.schedules.CosineDecayRestarts(0.1, first_decay_steps=100, m_mul=0.5)([0, 50, 100, 200, 300]).tolist()
    [0.1, 0.05, 0.05, 0.025, 0.025]
    """

    initial_learning_rate: float
    first_decay_steps: float
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0
    name: str = "SGDRDecay"

    def __post_init__(self) -> None:
        line = "CosineDecayRestarts(0.1, first_decay_steps=1000)"
        require(self, "initial_learning_rate", self.initial_learning_rate, NOT_NEGATIVE, line)
        require(self, "first_decay_steps", self.first_decay_steps, POSITIVE, line)
        require(self, "t_mul", self.t_mul, ("a number from 1 up", lambda x: 1 <= x < math.inf), line)
        require(self, "m_mul", self.m_mul, POSITIVE, line)
        require(self, "alpha", self.alpha, SHARE, line)

    def value(self, step: Tensor) -> Any:
        time = step / self.first_decay_steps
        number, share = self._place(time)
        height = self.m_mul**number * self.initial_learning_rate
        return _half_cosine(share) * (height * (1.0 - self.alpha)) + self.alpha * self.initial_learning_rate

    def _place(self, time: Tensor) -> tuple[Any, Any]:
        """How many decays are over, and how much of the present one."""
        q = self.t_mul
        if q == 1.0:
            return floor(time), time - floor(time)
        guess = floor(log(time * (q - 1.0) + 1.0) / math.log(q))
        # The logarithm may miss a restart by rounding; where decays begin is known better.
        guess = where(time >= _begin(q, guess + 1.0), guess + 1.0, guess)
        guess = where(time < _begin(q, guess), guess - 1.0, guess)
        return guess, (time - _begin(q, guess)) / q**guess


def _begin(q: float, number: Any) -> Any:
    """1 + q + … + q^(number - 1)."""
    return (q**number - 1.0) / (q - 1.0)
