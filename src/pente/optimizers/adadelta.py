"""Steps as large as the recent steps were."""

from dataclasses import dataclass
from typing import Any

from pente.core import primitives as p
from pente.optimizers.base import Array, Optimizer

__all__ = ["Adadelta"]


@dataclass(eq=False, repr=False)
class Adadelta(Optimizer):
    """v ← ρ·v + (1-ρ)·g², δ = g·√(d + ε) / √(v + ε), d ← ρ·d + (1-ρ)·δ², w ← w - η·δ.

    Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.

    >>> import pente
    >>> w = pente.Variable(1.0, name="w")
    >>> opt = pente.optimizers.Adadelta(1.0, rho=0.75, epsilon=0.01)
    >>> opt.apply([pente.tensor(4.0)], [w]); round(w.numpy().item(), 4)
    0.8002
    """

    learning_rate: Any = 0.001
    rho: Any = 0.95
    epsilon: float = 1e-7

    @property
    def slots(self) -> tuple[str, ...]:
        return ("accumulated_grad", "accumulated_delta")

    def rule(self, grad: Array, weight: Array, pace: Array, *slots: Array) -> tuple[Array, ...]:
        v, d = slots
        v = v * self.rho + grad * grad * (1 - self.rho)
        change = grad * p.sqrt(d + self.epsilon) / p.sqrt(v + self.epsilon)
        return weight - change * pace, v, d * self.rho + change * change * (1 - self.rho)
