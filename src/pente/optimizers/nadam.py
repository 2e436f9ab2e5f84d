"""Adam with Nesterov's momentum."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pente.core import primitives as p
from pente.dtypes import float64
from pente.errors import UsageError
from pente.optimizers.base import Array, Optimizer

__all__ = ["Nadam"]

# The momentum grows: μₜ = β₁·(1 - a·qᵗ).
A, Q = 0.5, 0.96

# log ∏(1 - a·qᵏ) over k = 1 … t is -Σⱼ cⱼ·(1 - qʲᵗ) with cⱼ = aʲ/j · qʲ/(1 - qʲ), by the series of the logarithm.
POWERS = np.arange(1.0, 60.0)
FACTORS = A**POWERS / POWERS * Q**POWERS / (1 - Q**POWERS)


@dataclass(eq=False, repr=False)
class Nadam(Optimizer):
    """m and v as in Adam, w ← w - η·m̂ / (√v̂ + ε), m̂ = μₜ₊₁·m / (1-Mₜ₊₁) + (1-μₜ)·g / (1-Mₜ), v̂ = v / (1-β₂ᵗ).

    The momentum μₜ = β₁·(1 - 0.96ᵗ / 2) grows with the step t, and Mₜ is the product of all so far.
    Source: Dozat, "Incorporating Nesterov Momentum into Adam", 2016.

    >>> import pente
    >>> w = pente.Variable(1.0, name="w")
    >>> pente.optimizers.Nadam(0.1).apply([pente.tensor(5.0)], [w]); round(w.numpy().item(), 4)
    0.8937
    """

    learning_rate: Any = 0.001
    beta_1: float = 0.9
    beta_2: Any = 0.999
    epsilon: float = 1e-7

    def _set_number(self, name: str, value: Any) -> None:
        if name == "beta_1" and not hasattr(value, "__float__"):
            raise UsageError("beta_1 of Nadam grows by a rule of its own: write Nadam(beta_1=0.9), or take Adam.")
        super()._set_number(name, value)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity")

    def pace(self, rate: Array, step: Array) -> tuple[Array, ...]:
        """What m and g are multiplied by, and √(1-β₂ᵗ)."""
        t = p.cast(step, dtype=float64)
        now, later = self._momentum(t), self._momentum(t + 1.0)
        product = self.beta_1**t * p.exp(-p.reduce_sum((1.0 - Q ** (t * POWERS)) * FACTORS, axes=(0,), keepdims=False))
        by_m, by_g = later / (1.0 - product * later), (1.0 - now) / (1.0 - product)
        return rate * by_m, rate * by_g, p.sqrt(1.0 - self.beta_2**t)

    def _momentum(self, t: Array) -> Array:
        return self.beta_1 * (1.0 - A * Q**t)

    def rule(self, grad: Array, weight: Array, pace: Any, *slots: Array) -> tuple[Array, ...]:
        m, v = slots
        by_m, by_g, root = pace
        m = m + (grad - m) * (1 - self.beta_1)
        v = v + (grad * grad - v) * (1 - self.beta_2)
        return weight - (m * by_m + grad * by_g) / (p.sqrt(v) / root + self.epsilon), m, v
