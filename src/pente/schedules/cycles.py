"""Schedules that rise and fall: up and down without end, or one cycle for a whole training."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pente.core.tensor import Tensor
from pente.errors import UsageError
from pente.ops.elementwise import abs, floor
from pente.schedules.base import NOT_NEGATIVE, POSITIVE, Rule, Schedule, require
from pente.schedules.piecewise import Piecewise, require_one_of

__all__ = ["Cyclical", "OneCycle"]

SHARE: Rule = ("a number from 0 to 1", lambda x: 0 <= x <= 1)
INSIDE: Rule = ("a number between 0 and 1", lambda x: 0 < x < 1)
MODES = ("triangular", "triangular2", "exp_range")


@dataclass(frozen=True, repr=False)
class Cyclical(Schedule):
    """From ``low`` to ``high`` in ``step_size`` steps, back in as many, and again.

    In mode "triangular2" each cycle is half as high as the one before it; in mode "exp_range" the height at step t is
    multiplied by gammaᵗ.
    Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.

    >>> import pente
    >>> pente.schedules.Cyclical(0.0, 0.1, step_size=100)([0, 50, 100, 200]).tolist()
    [0.0, 0.05, 0.1, 0.0]
    """

    low: float
    high: float
    step_size: float = 2000
    mode: str = "triangular"
    gamma: float | None = None
    name: str = "Cyclical"

    def __post_init__(self) -> None:
        line = "Cyclical(0.001, 0.1, step_size=2000)"
        require(self, "low", self.low, NOT_NEGATIVE, line)
        require(self, "high", self.high, (f"a number above low={self.low}", lambda x: self.low < x < math.inf), line)
        require(self, "step_size", self.step_size, POSITIVE, line)
        require_one_of(self, "mode", self.mode, MODES)
        if (self.gamma is None) == (self.mode == "exp_range"):
            raise UsageError(
                f"gamma belongs to mode 'exp_range', got gamma={self.gamma!r} with mode={self.mode!r}: write "
                "Cyclical(0.001, 0.1, step_size=2000, mode='exp_range', gamma=0.9999)."
            )
        if self.gamma is not None:
            require(self, "gamma", self.gamma, INSIDE, "gamma=0.9999")

    def value(self, step: Tensor) -> Any:
        cycle = floor(step / (2.0 * self.step_size))
        height = 1.0 - abs(step / self.step_size - 2.0 * cycle - 1.0)
        if self.mode == "triangular2":
            height = height * 0.5**cycle
        elif self.gamma is not None:
            height = height * self.gamma**step
        return height * (self.high - self.low) + self.low


@dataclass(frozen=True, repr=False)
class OneCycle(Schedule):
    """One cycle for a training of ``total_steps`` steps: the rate goes up to ``max_rate`` and then far down.

    It begins at max_rate / div_factor, reaches max_rate after the share ``pct_start`` of the steps, and ends at
    max_rate / div_factor / final_div_factor; with ``three_phase`` it first comes down as it went up. ``momentum`` is a
    schedule for the optimizer's momentum, which goes the other way: from ``max_momentum`` to ``base_momentum`` and
    back. Arguments, defaults and numbers are those of PyTorch's OneCycleLR. After the last step both stay as they are.
    Source: Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates",
    2019.

    >>> import pente
    >>> one = pente.schedules.OneCycle(1.0, total_steps=101, pct_start=0.5)
    >>> opt = pente.optimizers.SGD(one, momentum=one.momentum)
    >>> round(one(0).item(), 4), round(one(100).item(), 6)
    (0.04, 4e-06)
    >>> one.momentum([0, 100]).tolist()
    [0.95, 0.95]
    """

    max_rate: float
    total_steps: int
    pct_start: float = 0.3
    anneal_strategy: str = "cos"
    base_momentum: float = 0.85
    max_momentum: float = 0.95
    div_factor: float = 25.0
    final_div_factor: float = 10000.0
    three_phase: bool = False
    name: str = "OneCycle"

    def __post_init__(self) -> None:
        line = "OneCycle(0.1, total_steps=1000)"
        for name in ("max_rate", "total_steps", "div_factor", "final_div_factor"):
            require(self, name, getattr(self, name), POSITIVE, line)
        most = 0.5 if self.three_phase else 1.0
        rule: Rule = (f"a number between 0 and {most}", lambda x: 0 < x < most)
        require(self, "pct_start", self.pct_start, rule, "OneCycle(0.1, total_steps=1000, pct_start=0.3)")
        for name in ("base_momentum", "max_momentum"):
            require(self, name, getattr(self, name), SHARE, "base_momentum=0.85, max_momentum=0.95")
        require_one_of(self, "anneal_strategy", self.anneal_strategy, ("cos", "linear"))
        if self.pct_start * self.total_steps <= 1 or self.total_steps - 1 <= self._bends[-2]:
            raise UsageError(
                f"{self.total_steps} steps are too few for a cycle that rises over {self.pct_start:.0%} of them: write "
                "OneCycle(0.1, total_steps=epochs * steps_per_epoch)."
            )

    def value(self, step: Tensor) -> Any:
        return self._rate.value(step)

    @cached_property
    def momentum(self) -> Piecewise:
        """The schedule of the momentum."""
        low, high = self.base_momentum, self.max_momentum
        values = (high, low, high, high) if self.three_phase else (high, low, high)
        return Piecewise(self._bends, values, self.anneal_strategy, "momentum")

    @cached_property
    def _rate(self) -> Piecewise:
        begin, top = self.max_rate / self.div_factor, self.max_rate
        end = begin / self.final_div_factor
        values = (begin, top, begin, end) if self.three_phase else (begin, top, end)
        return Piecewise(self._bends, values, self.anneal_strategy)

    @property
    def _bends(self) -> tuple[float, ...]:
        """The steps between which the curves go."""
        rise, last = self.pct_start * self.total_steps - 1.0, self.total_steps - 1.0
        return (0.0, rise, 2.0 * rise, last) if self.three_phase else (0.0, rise, last)
