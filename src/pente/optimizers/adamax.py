"""Adam, with the largest gradient in place of the mean square."""

from dataclasses import dataclass
from typing import Any

from pente.core import primitives as p
from pente.dtypes import float64
from pente.optimizers.base import Array, Optimizer

__all__ = ["Adamax"]


@dataclass(eq=False, repr=False)
class Adamax(Optimizer):
    """m ← m + (1-β₁)·(g - m), u ← max(β₂·u, |g|), w ← w - η / (1-β₁ᵗ) · m / (u + ε) at step t.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, section 7.1.

    >>> import pente
    >>> w = pente.Variable(1.0, name="w")
    >>> pente.optimizers.Adamax(0.1).apply([pente.tensor(5.0)], [w]); w.numpy().item()
    0.9
    """

    learning_rate: Any = 0.001
    beta_1: Any = 0.9
    beta_2: Any = 0.999
    epsilon: float = 1e-7

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum", "norm")

    def pace(self, rate: Array, step: Array) -> Array:
        return rate / (1.0 - self.beta_1 ** p.cast(step, dtype=float64))

    def rule(self, grad: Array, weight: Array, pace: Array, *slots: Array) -> tuple[Array, ...]:
        m, u = slots
        m = m + (grad - m) * (1 - self.beta_1)
        u = p.maximum(u * self.beta_2, p.absolute(grad))
        return weight - m * pace / (u + self.epsilon), m, u
