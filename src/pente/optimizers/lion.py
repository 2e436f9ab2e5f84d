"""Steps of one size, in the direction of a momentum's sign."""

from dataclasses import dataclass
from typing import Any

from pente.core import primitives as p
from pente.optimizers.base import Array, Optimizer

__all__ = ["Lion"]


@dataclass(eq=False, repr=False)
class Lion(Optimizer):
    """w ← w - η·sign(β₁·m + (1-β₁)·g), m ← β₂·m + (1-β₂)·g.

    Every number moves by η, so the rate is 3 to 10 times smaller than Adam's, and the weight decay as much larger.
    Source: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.

    >>> import pente
    >>> w = pente.Variable([1.0, 2.0], name="w")
    >>> pente.optimizers.Lion(0.5).apply([pente.tensor([7.0, -0.1])], [w]); w.numpy().tolist()
    [0.5, 2.5]
    """

    learning_rate: Any = 0.001
    beta_1: Any = 0.9
    beta_2: Any = 0.99

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum",)

    def rule(self, grad: Array, weight: Array, pace: Array, *slots: Array) -> tuple[Array, ...]:
        m = slots[0]
        direction = p.sign(m * self.beta_1 + grad * (1 - self.beta_1))
        return weight - direction * pace, m * self.beta_2 + grad * (1 - self.beta_2)
