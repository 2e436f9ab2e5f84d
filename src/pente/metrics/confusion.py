"""What is found and what is missed: metrics of true and false positives at one threshold or many."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pente.core.state import no_grad
from pente.core.tensor import Tensor
from pente.errors import ShapeError, UnknownNameError, UsageError
from pente.losses.base import divided, weight_for
from pente.losses.pairs import binary_pair
from pente.losses.predictions import unit_interval
from pente.metrics.base import Metric, exact
from pente.ops.elementwise import greater, log, logical_and, where
from pente.ops.lifting import lift
from pente.ops.linalg import matmul
from pente.ops.neural import one_hot, sigmoid
from pente.ops.reduce import argmax, mean, sum
from pente.ops.shape import reshape

__all__ = ["AUC", "F1Score", "Precision", "Recall"]


class _Thresholds(Metric):
    """Keeps, for each threshold, the weight of true positives, false positives and false negatives."""

    def __init__(self, thresholds: Sequence[float], name: str) -> None:
        super().__init__(name)
        self.cuts = np.asarray(thresholds, np.float64)
        shape = self.cuts.shape
        self.true_positives = self.add_variable(shape, name="true_positives")
        self.false_positives = self.add_variable(shape, name="false_positives")
        self.false_negatives = self.add_variable(shape, name="false_negatives")

    def _count(self, y: Tensor, p: Tensor, shares: Tensor) -> None:
        """said @ w counts each threshold's positives, where said[t, i] is whether p[i] > cut[t]."""
        y, p, shares = (exact(reshape(x, (-1,))) for x in (y, p, shares))
        said = exact(greater(p, self.cuts[:, None]))
        positive = y * shares
        found = matmul(said, positive)
        self.true_positives.assign_add(found)
        self.false_positives.assign_add(matmul(said, shares - positive))
        self.false_negatives.assign_add(sum(positive) - found)


class _OneRate(_Thresholds):
    """What Precision and Recall share: thresholds as one number or several, and one class out of many."""

    def __init__(self, thresholds: float | Sequence[float] | None, class_id: int | None, name: str) -> None:
        self.thresholds = thresholds
        self.class_id = class_id
        super().__init__(np.atleast_1d(0.5 if thresholds is None else thresholds).tolist(), name)

    @no_grad()
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y, p = binary_pair(self.name, y_true, y_pred)
        if self.thresholds is None:
            unit_interval(self.name, p, "y_pred", "For numbers before the sigmoid write thresholds=0.0.")
        shares = weight_for(y, 1.0 if sample_weight is None else sample_weight)
        own = ... if self.class_id is None else (..., self.class_id)
        self._count(y[own], p[own], shares[own])

    def _of_thresholds(self, rates: Tensor) -> Tensor:
        return rates if isinstance(self.thresholds, Sequence) else rates[0]


class Precision(_OneRate):
    """true positives / (true positives + false positives): the share of what was called positive that is.

    y_pred > threshold is called positive; several thresholds give several results. 0 where nothing was called positive.
    class_id takes one column alone.

    >>> import pente
    >>> pente.metrics.Precision()([0, 1, 1, 1], [0.9, 0.1, 0.8, 0.7]).item()
    0.6667
    """

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        *,
        class_id: int | None = None,
        name: str = "precision",
    ) -> None:
        super().__init__(thresholds, class_id, name)

    def result(self) -> Tensor:
        found = self.true_positives.read()
        return self._of_thresholds(divided(found, found + self.false_positives.read()))


class Recall(_OneRate):
    """true positives / (true positives + false negatives): the share of the positives that was found.

    y_pred > threshold is called positive; several thresholds give several results. 0 where there are no positives.
    class_id takes one column alone.

    >>> import pente
    >>> pente.metrics.Recall()([0, 1, 1, 1], [0.9, 0.1, 0.8, 0.7]).item()
    0.6667
    """

    def __init__(
        self, thresholds: float | Sequence[float] | None = None, *, class_id: int | None = None, name: str = "recall"
    ) -> None:
        super().__init__(thresholds, class_id, name)

    def result(self) -> Tensor:
        found = self.true_positives.read()
        return self._of_thresholds(divided(found, found + self.false_negatives.read()))


class AUC(_Thresholds):
    """The area under a curve drawn through evenly spaced thresholds: "ROC", or "PR" for precision over recall.

    ROC: Σ (x[i] - x[i+1]) (y[i] + y[i+1]) / 2, with x the share of negatives and y the share of positives above the
    threshold i. PR: between two points the positives grow by the line through their counts (Davis and Goadrich, 2006).

    >>> import pente
    >>> pente.metrics.AUC()([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]).item()
    0.75
    """

    def __init__(
        self, num_thresholds: int = 200, curve: str = "ROC", *, name: str = "auc", from_logits: bool = False
    ) -> None:
        if curve not in ("ROC", "PR"):
            raise UnknownNameError("curve", curve, ["ROC", "PR"])
        if not 2 <= num_thresholds <= 1_000_000:  # beyond, the curve does not change, and memory ends
            raise UsageError(f"AUC: a curve has 2 to 1,000,000 thresholds, and num_thresholds is {num_thresholds}.")
        inner = np.arange(1, num_thresholds - 1) / (num_thresholds - 1)
        super().__init__([-1e-7, *inner, 1.0 + 1e-7], name)
        self.num_thresholds = num_thresholds
        self.curve = curve
        self.from_logits = from_logits

    @no_grad()
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y, p = binary_pair(self.name, y_true, sigmoid(y_pred) if self.from_logits else y_pred)
        unit_interval(self.name, p, "y_pred", "For numbers before the sigmoid write from_logits=True.")
        self._count(y, p, weight_for(y, 1.0 if sample_weight is None else sample_weight))

    def result(self) -> Tensor:
        found, false = self.true_positives.read(), self.false_positives.read()
        positives = found + self.false_negatives.read()
        if self.curve == "PR":
            return sum(divided(_gained(found, found + false), positives[1:]))
        x, y = divided(false, false[0]), divided(found, positives)
        return sum((x[:-1] - x[1:]) * (y[:-1] + y[1:])) / 2.0


def _gained(found: Tensor, called: Tensor) -> Tensor:
    """∫ precision d(found) between thresholds, where found = slope · called + start along each piece."""
    slope = divided(found[:-1] - found[1:], called[:-1] - called[1:])
    start = found[1:] - slope * called[1:]
    both = logical_and(greater(called[:-1], 0), greater(called[1:], 0))
    ratio = where(both, divided(called[:-1], called[1:]), 1.0)
    return slope * (found[:-1] - found[1:] + start * log(ratio))


class F1Score(Metric):
    """2 · precision · recall / (precision + recall) of each class = 2 tp / (2 tp + false positives + false negatives).

    Targets are one-hot, or any zeros and ones. Without a threshold the largest prediction of a row is called positive;
    with one, those above it. average is None (one score for each class), "micro", "macro", or "weighted" by the
    positives of each class.

    >>> import pente
    >>> f1 = pente.metrics.F1Score(average="macro")
    >>> f1([[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]).item()
    0.6667
    """

    def __init__(self, average: str | None = None, threshold: float | None = None, name: str = "f1_score") -> None:
        if average not in (None, "micro", "macro", "weighted"):
            raise UnknownNameError("average", average, ["micro", "macro", "weighted"])
        super().__init__(name)
        self.average = average
        self.threshold = threshold

    def _build(self, classes: int) -> None:
        self.true_positives = self.add_variable((classes,), name="true_positives")
        self.false_positives = self.add_variable((classes,), name="false_positives")
        self.false_negatives = self.add_variable((classes,), name="false_negatives")

    @no_grad()
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y, p = binary_pair(self.name, y_true, y_pred)
        said = exact(self._said(p))
        if not self.variables:
            self._build(y.shape[1])
        shares = exact(weight_for(y, 1.0 if sample_weight is None else sample_weight))
        positive = exact(y)
        self.true_positives.assign_add(sum(shares * positive * said, axis=0))
        self.false_positives.assign_add(sum(shares * (1.0 - positive) * said, axis=0))
        self.false_negatives.assign_add(sum(shares * positive * (1.0 - said), axis=0))

    def _said(self, p: Tensor) -> Tensor:
        """Which predictions are called positive."""
        if p.ndim != 2:
            raise ShapeError(f"{self.name}: predictions of shape (samples, classes) are expected, and got {p.shape}.")
        if self.threshold is not None:
            return greater(p, self.threshold)
        if p.shape[1] == 1:
            raise UsageError(f"{self.name}: one unit is always the largest of its row. Write F1Score(threshold=0.5).")
        return one_hot(argmax(p, axis=1), p.shape[1])

    def result(self) -> Tensor:
        if not self.variables:
            return lift(0.0)
        found, false, missed = (v.read() for v in self.variables)
        if self.average == "micro":
            found, false, missed = sum(found), sum(false), sum(missed)
        score = divided(2.0 * found, 2.0 * found + false + missed)
        if self.average == "weighted":
            return divided(sum(score * (found + missed)), sum(found + missed))
        return mean(score) if self.average == "macro" else score
