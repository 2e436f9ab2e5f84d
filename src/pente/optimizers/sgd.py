"""Stochastic gradient descent, with momentum."""

from dataclasses import dataclass
from typing import Any

from pente.optimizers.base import Array, Optimizer

__all__ = ["SGD"]


@dataclass(eq=False, repr=False)
class SGD(Optimizer):
    """w ← w - η·g; with momentum μ: m ← μ·m - η·g, w ← w + m; with nesterov w ← w + μ·m - η·g.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.

    >>> import pente
    >>> w = pente.Variable([1.0, 2.0], name="w")
    >>> opt = pente.optimizers.SGD(0.1, momentum=0.9)
    >>> opt.apply([pente.tensor([1.0, 1.0])], [w]); w.numpy().tolist()
    [0.9, 1.9]
    """

    momentum: Any = 0.0
    nesterov: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum",) if self.uses("momentum") else ()

    def rule(self, grad: Array, weight: Array, pace: Array, *slots: Array) -> tuple[Array, ...]:
        if not slots:
            return (weight - grad * pace,)
        m = slots[0] * self.momentum - grad * pace
        return (weight + m * self.momentum - grad * pace if self.nesterov else weight + m), m
