"""Adam whose step is as long as the weight itself."""

from dataclasses import dataclass
from typing import Any

from pente.core import primitives as p
from pente.dtypes import float64
from pente.optimizers.base import Array, Optimizer

__all__ = ["Lamb"]


@dataclass(eq=False, repr=False)
class Lamb(Optimizer):
    """m and v as in Adam, r = m̂ / (√v̂ + ε), w ← w - η·‖w‖/‖r‖·r, where m̂ = m / (1-β₁ᵗ) and v̂ = v / (1-β₂ᵗ).

    Where ‖w‖ or ‖r‖ is 0 their quotient is taken for 1. Made for very large batches.
    Source: You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", 2020.

    >>> import pente
    >>> w = pente.Variable([3.0, 4.0], name="w")
    >>> pente.optimizers.Lamb(0.1).apply([pente.tensor([5.0, 0.0])], [w]); round(w.numpy()[0].item(), 4)
    2.5
    """

    learning_rate: Any = 0.001
    beta_1: Any = 0.9
    beta_2: Any = 0.999
    epsilon: float = 1e-7

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity")

    def pace(self, rate: Array, step: Array) -> tuple[Array, ...]:
        """The rate, and what turns m and √v into their unbiased estimates."""
        t = p.cast(step, dtype=float64)
        return rate, 1.0 / (1.0 - self.beta_1**t), 1.0 / p.sqrt(1.0 - self.beta_2**t)

    def rule(self, grad: Array, weight: Array, pace: Any, *slots: Array) -> tuple[Array, ...]:
        m, v = slots
        rate, by_m, by_v = pace
        m = m + (grad - m) * (1 - self.beta_1)
        v = v + (grad * grad - v) * (1 - self.beta_2)
        change = m * by_m / (p.sqrt(v) * by_v + self.epsilon)
        return weight - change * (rate * _quotient(_norm(weight), _norm(change))), m, v


def _norm(x: Array) -> Array:
    return p.sqrt(p.reduce_sum(x * x, axes=tuple(range(len(x.shape))), keepdims=False))


def _quotient(a: Array, b: Array) -> Array:
    """a / b, or 1 where one of them is 0."""
    one = a * 0.0 + 1.0
    present = p.sign(a) * p.sign(b) > 0.5
    return p.select(present, a / p.select(present, b, one), one)
