"""What a metric is: totals over all samples of an epoch, kept in Variables, and one number made of them.

Totals are float64: a count is then exact up to 2⁵³ samples, where float32 stops counting at 2²⁴. They are never
averaged over batches, so batches of different sizes give what the whole epoch at once would give.
"""

import re
from math import prod
from typing import Any

import numpy as np

from pente.config import Configured
from pente.core.state import no_grad
from pente.core.tensor import Tensor, Variable
from pente.dtypes import as_dtype, float64
from pente.losses.base import Loss, LossFunction, LossFunctionWrapper, divided, weight_for
from pente.ops.lifting import astype, lift
from pente.ops.reduce import sum
from pente.shapes import Shape

__all__ = ["Mean", "MeanMetricWrapper", "Metric", "Sum"]


class Metric(Configured):
    """A metric to inherit from: ``add_variable`` makes totals, ``update_state`` changes them, ``result`` reads them.

    >>> import pente
    >>> class Errors(pente.metrics.Metric):
    ...     def __init__(self, name="errors"):
    ...         super().__init__(name)
    ...         self.wrong = self.add_variable(name="wrong")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.wrong.assign_add(pente.sum(pente.not_equal(y_true, y_pred)))
    ...     def result(self):
    ...         return self.wrong.read()
    >>> errors = Errors()
    >>> errors([1, 2], [1, 1]).item(), errors([3], [0]).item()
    (1.0, 2.0)
    """

    def __init__(self, name: str | None = None) -> None:
        self.variables: list[Variable] = []
        self._starts: list[np.ndarray[Any, Any]] = []
        self.name = name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def name(self) -> str:
        """The name under which results are shown; it is part of the paths of the totals."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name
        for variable in self.variables:
            variable.name = f"metrics/{name}/{str(variable.name).rpartition('/')[2]}"

    def add_variable(
        self, shape: Shape = (), initializer: str = "zeros", dtype: Any = float64, name: str = "total"
    ) -> Variable:
        """A total that ``reset_state`` sets back to where it starts: "zeros" or "ones"."""
        start = np.full(shape, {"zeros": 0, "ones": 1}[initializer], as_dtype(dtype))
        variable = Variable(start, name=f"metrics/{self.name}/{name}", trainable=False)
        self.variables.append(variable)
        self._starts.append(start)
        return variable

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take a batch into the totals."""
        raise NotImplementedError(f"{type(self).__name__} needs a method update_state(self, y_true, y_pred).")

    def result(self) -> Tensor:
        """The metric of all samples since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} needs a method result(self).")

    def reset_state(self) -> None:
        """Forget all samples."""
        for variable, start in zip(self.variables, self._starts, strict=True):
            variable.assign(start)

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        """Take a batch into the totals, and return the metric of all samples so far."""
        with no_grad():
            self.update_state(*args, **kwargs)
            return self.result()


class Sum(Metric):
    """Σ values · weights.

    >>> import pente
    >>> total = pente.metrics.Sum()
    >>> total([1.0, 2.0]).item(), total([3.0]).item()
    (3.0, 6.0)
    """

    def __init__(self, name: str = "sum") -> None:
        super().__init__(name)
        self.total = self.add_variable(name="total")

    @no_grad()
    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        values = exact(values)
        shares = None if sample_weight is None else weight_for(values, sample_weight)
        self.total.assign_add(sum(values if shares is None else values * shares))

    def result(self) -> Tensor:
        return self.total.read()


class Mean(Metric):
    """Σ values · weights / Σ weights; 0 before the first value.

    >>> import pente
    >>> mean = pente.metrics.Mean()
    >>> mean([1.0, 2.0, 3.0]).item(), mean([10.0]).item()
    (2.0, 4.0)
    """

    def __init__(self, name: str = "mean") -> None:
        super().__init__(name)
        self.total = self.add_variable(name="total")
        self.count = self.add_variable(name="count")

    @no_grad()
    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        values = exact(values)
        if sample_weight is None:
            self._add(sum(values), float(prod(values.shape)))
        else:
            shares = weight_for(values, sample_weight)
            self._add(sum(values * shares), sum(shares))

    def _add(self, total: Tensor, count: Any) -> None:
        self.total.assign_add(total)
        self.count.assign_add(count)

    def result(self) -> Tensor:
        return divided(self.total.read(), self.count.read())


class MeanMetricWrapper(Mean):
    """The mean over all samples of a function of (y_true, y_pred), or of a loss.

    A function must not average over the batch: it gives one value per sample, or more of them. Further settings are
    handed to it.

    >>> import pente
    >>> metric = pente.metrics.MeanMetricWrapper(pente.losses.huber, delta=2.0)
    >>> metric([0.0], [1.0]).item(), metric([0.0], [4.0]).item()
    (0.5, 3.25)
    """

    def __init__(self, fn: LossFunction | Loss, name: str | None = None, **settings: Any) -> None:
        self.fn = fn
        self.loss = fn if isinstance(fn, Loss) else LossFunctionWrapper(fn, **settings)
        super().__init__(name or self.loss.name)
        vars(self).update(getattr(self.loss, "settings", {}))

    def get_config(self) -> dict[str, Any]:
        own = {} if self.fn is self.loss else getattr(self.loss, "settings", {})
        return {**super().get_config(), **own}

    @no_grad()
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        values = exact(self.loss.call(y_true, y_pred))
        counted = self.loss.counted(y_true, values)
        if counted is not None:
            shares = exact(counted)
            sample_weight = shares if sample_weight is None else shares * weight_for(values, sample_weight)
        super().update_state(values, sample_weight)


def exact(x: Any) -> Tensor:
    """The numbers as float64, in which totals are kept."""
    return astype(lift(x), float64)
