"""Gradients divided by their own recent size."""

from dataclasses import dataclass
from typing import Any

from pente.core import primitives as p
from pente.optimizers.base import Array, Optimizer

__all__ = ["RMSprop"]


@dataclass(eq=False, repr=False)
class RMSprop(Optimizer):
    """v ← ρ·v + (1-ρ)·g², w ← w - η·g / √(v + ε).

    With momentum μ: m ← μ·m + η·g / √(v + ε), w ← w - m. If centered, v - a² takes the place of v, where
    a ← ρ·a + (1-ρ)·g is the mean gradient. ε stands under the root, as in Keras; in PyTorch it stands beside it.
    Source: Tieleman and Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012.

    >>> import pente
    >>> w = pente.Variable(1.0, name="w")
    >>> pente.optimizers.RMSprop(0.1, rho=0.75).apply([pente.tensor(4.0)], [w]); w.numpy().item()
    0.8
    """

    learning_rate: Any = 0.001
    rho: Any = 0.9
    momentum: Any = 0.0
    epsilon: float = 1e-7
    centered: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("velocity", *["momentum"] * self.uses("momentum"), *["average_gradient"] * self.centered)

    def rule(self, grad: Array, weight: Array, pace: Array, *slots: Array) -> tuple[Array, ...]:
        given = dict(zip(self.slots, slots, strict=True))
        new = {"velocity": given["velocity"] * self.rho + grad * grad * (1 - self.rho)}
        variance = new["velocity"]
        if self.centered:
            mean = given["average_gradient"] * self.rho + grad * (1 - self.rho)
            new["average_gradient"] = mean
            variance = p.maximum(variance - mean * mean, 0.0)  # rounding can take it below 0
        change = grad * pace / p.sqrt(variance + self.epsilon)
        if self.uses("momentum"):
            change = new["momentum"] = given["momentum"] * self.momentum + change
        return weight - change, *(new[slot] for slot in self.slots)
