"""Gradients divided by the size of all that came before."""

from dataclasses import dataclass
from typing import Any

from pente.core import primitives as p
from pente.optimizers.base import Array, Optimizer

__all__ = ["Adagrad"]


@dataclass(eq=False, repr=False)
class Adagrad(Optimizer):
    """a ← a + g², w ← w - η·g / √(a + ε), where a begins at ``initial_accumulator_value``.

    ε stands under the root, as in Keras; in PyTorch it stands beside it, and a begins at 0.
    Source: Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization",
    2011.

    >>> import pente
    >>> w = pente.Variable(1.0, name="w")
    >>> opt = pente.optimizers.Adagrad(0.1, initial_accumulator_value=9.0)
    >>> opt.apply([pente.tensor(4.0)], [w]); round(w.numpy().item(), 4)
    0.92
    """

    learning_rate: Any = 0.001
    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7

    @property
    def slots(self) -> tuple[str, ...]:
        return ("accumulator",)

    def start(self, slot: str, weight: Any) -> float:
        return self.initial_accumulator_value

    def rule(self, grad: Array, weight: Array, pace: Array, *slots: Array) -> tuple[Array, ...]:
        total = slots[0] + grad * grad
        return weight - grad * pace / p.sqrt(total + self.epsilon), total
