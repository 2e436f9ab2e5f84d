"""Adam, and AdamW, which is Adam with weight decay."""

from dataclasses import dataclass
from typing import Any

from pente.core import primitives as p
from pente.dtypes import float64
from pente.optimizers.base import Array, Optimizer

__all__ = ["Adam", "AdamW"]


@dataclass(eq=False, repr=False)
class Adam(Optimizer):
    """m ← m + (1-β₁)·(g - m), v ← v + (1-β₂)·(g² - v), w ← w - α·m / (√v + ε), α = η·√(1-β₂ᵗ) / (1-β₁ᵗ) at step t.

    With amsgrad the largest v so far takes the place of v. As in Keras the bias correction stands in α: an ε here
    acts as ε / √(1-β₂ᵗ) does in PyTorch.
    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, in the form at the end of section 2.

    >>> import pente
    >>> w = pente.Variable(1.0, name="w")
    >>> pente.optimizers.Adam(0.1).apply([pente.tensor(5.0)], [w]); w.numpy().item()
    0.9
    """

    learning_rate: Any = 0.001
    beta_1: Any = 0.9
    beta_2: Any = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity", "velocity_hat") if self.amsgrad else ("momentum", "velocity")

    def pace(self, rate: Array, step: Array) -> Array:
        # In float32, 1 - 0.999 would keep but four digits.
        t = p.cast(step, dtype=float64)
        return rate * (p.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t))

    def rule(self, grad: Array, weight: Array, pace: Array, *slots: Array) -> tuple[Array, ...]:
        m, v, *largest = slots
        m = m + (grad - m) * (1 - self.beta_1)
        v = v + (grad * grad - v) * (1 - self.beta_2)
        kept = (m, v, p.maximum(largest[0], v)) if largest else (m, v)
        return weight - m * pace / (p.sqrt(kept[-1]) + self.epsilon), *kept


@dataclass(eq=False, repr=False)
class AdamW(Adam):
    """Adam with decoupled weight decay λ: first w ← w - η·λ·w, then Adam's step.

    Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.

    >>> import pente
    >>> w = pente.Variable(1.0, name="w")
    >>> pente.optimizers.AdamW(0.1, weight_decay=0.5).apply([pente.tensor(5.0)], [w]); w.numpy().item()
    0.85
    """

    weight_decay: Any = 0.004
