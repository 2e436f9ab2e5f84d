"""Weights averaged over a training, beside the weights that train."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pente import tree
from pente.core import primitives as p
from pente.core.tensor import Variable
from pente.dtypes import float64
from pente.errors import UsageError
from pente.optimizers.base import Array, State
from pente.optimizers.wrapper import Wrapper

__all__ = ["EMA"]


class EMA(Wrapper):
    """Keeps an exponential moving average a ← μ·a + (1-μ)·w of each weight, after every update by ``optimizer``.

    The average begins as the weight after the first update, so it is not drawn to 0. With ``warmup`` μ grows: it is
    the smaller of ``momentum`` and (1 + t) / (10 + t) at update t. Averages are kept of the weights that train, and not
    of what layers keep themselves, such as the statistics of BatchNormalization.

    >>> import pente
    >>> w = pente.Variable(2.0, name="w")
    >>> opt = pente.optimizers.EMA(pente.optimizers.SGD(1.0), momentum=0.5)
    >>> for _ in range(2):
    ...     opt.apply([pente.tensor(1.0)], [w])
    >>> with opt.averaged([w]):
    ...     print(w.numpy().item())
    0.5
    >>> w.numpy().item()
    0.0
    """

    def __init__(self, optimizer: Any, momentum: float = 0.99, warmup: bool = False) -> None:
        super().__init__(optimizer)
        self.momentum = momentum
        self.warmup = warmup

    @property
    def slots(self) -> tuple[str, ...]:
        return ("average",)

    def start(self, slot: str, weight: Any) -> Any:
        return weight

    def update(
        self, grads: Sequence[Array], params: Sequence[Array], state: State, paths: Sequence[str] = ()
    ) -> tuple[list[Array], State]:
        """One step of the optimizer inside; then the averages follow the weights, if those have moved."""
        params, inside = self.optimizer.update(grads, params, state["inside"], paths)
        share = self._share(self.done(state), self.optimizer.done(inside))
        averages = [
            a * p.cast(1.0 - share, dtype=a.dtype) + w * p.cast(share, dtype=a.dtype)
            for a, w in zip(state["average"], params, strict=True)
        ]
        return params, {**state, "average": averages, "inside": inside}

    def _share(self, before: Array, after: Array) -> Array:
        """1 - μ; all at the first update, and nothing where no update was made."""
        t = p.cast(after, dtype=float64)
        momentum: Any = p.minimum((t + 1.0) / (t + 10.0), self.momentum) if self.warmup else self.momentum
        return p.cast(after > before, dtype=float64) * (1.0 - p.cast(before > 0, dtype=float64) * momentum)

    @contextmanager
    def averaged(self, model: Any) -> Iterator[None]:
        """Inside the block the model has the averages for weights: to evaluate it, or to save it."""
        kept = [(v, v.numpy()) for v in self._averages(model)]
        self.assign_to(model)
        try:
            yield
        finally:
            for variable, value in kept:
                variable.assign(value)

    def assign_to(self, model: Any) -> None:
        """Let the model have the averages for weights, from now on."""
        for variable, average in self._averages(model).items():
            variable.assign(average.numpy())

    def _averages(self, model: Any) -> dict[Variable, Variable]:
        """Each weight of a model, or of a list, that has an average, and its average."""
        variables = tree.leaves(getattr(model, "variables", model))
        found = {v: self._slots.find(v, "average") for v in variables if isinstance(v, Variable)}
        averages = {v: average for v, average in found.items() if average is not None}
        if not averages or self.iterations.numpy() == 0:
            raise UsageError(
                "there are no averages of these weights yet: train first, model.compile(EMA(Adam()), ...) and "
                "model.fit(...), and give the model that was trained."
            )
        return averages
