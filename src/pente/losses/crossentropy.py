"""Losses between distributions: cross-entropy of yes and no, of classes, of labels; likelihood; divergence.

Where predictions are the direct result of a softmax or a sigmoid and a gradient can flow, the loss is computed from
what that was given: the same number, but exact where a probability is too small or too near to 1 for its dtype. The
gradient is exact too, and passes the softmax by, so that the probabilities themselves have none. Where no gradient can
flow nothing is remembered of a softmax outside of a trace; so nothing is used inside of one either, and both agree.
"""

from typing import Any

import numpy as np

from pente.core.tensor import Tensor
from pente.errors import UsageError
from pente.losses import pairs, predictions
from pente.losses.base import EPSILON, MEAN, LossFunctionWrapper, averages
from pente.losses.values import before_sigmoid, made_by
from pente.ops.elementwise import clip, equal, log, where
from pente.ops.lifting import lift
from pente.ops.neural import cross_entropy, log_softmax, softmax_, softplus
from pente.ops.reduce import mean, sum
from pente.ops.shape import expand_dims, moveaxis, reshape

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "KLDivergence",
    "NegativeLogLikelihood",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "kl_divergence",
    "negative_log_likelihood",
    "picked",
    "sparse_categorical_crossentropy",
]


@averages
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """mean -(y log p + (1 - y) log(1 - p)) along the axis, for a yes or no of each unit.

    With from_logits, p = sigmoid(y_pred). Probabilities are held between 1e-7 and 1 - 1e-7. Smoothing s replaces y by
    (1 - s)·y + s/2. Shapes: both (..., units), the result (...).

    >>> import pente
    >>> pente.losses.binary_crossentropy([[1.0]], [[0.5]]).tolist()
    [0.6931]
    """
    y_true, y_pred = pairs.binary_pair("binary_crossentropy", y_true, y_pred)
    y = _smoothed("binary_crossentropy", y_true, label_smoothing, 2)
    logits = _logit("binary_crossentropy", y_pred, from_logits)
    if logits is None:
        p = _held(y_pred)
        values = -(y * log(p) + (1.0 - y) * log(1.0 - p))
    else:
        # -y log σ(z) - (1 - y) log(1 - σ(z)) = log(1 + exp z) - y z
        values = softplus(logits) - y * logits
    return mean(values, axis=axis) if values.ndim else values


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """-Σ y log p along the axis, for one-hot targets or soft ones.

    With from_logits, p = softmax(y_pred); without, y_pred is divided by its sum and held between 1e-7 and 1 - 1e-7.
    Smoothing s replaces y by (1 - s)·y + s/classes. Shapes: both (..., classes), the result (...).

    >>> import pente
    >>> pente.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).tolist()
    [0.6931]
    """
    name = "categorical_crossentropy"
    y_true, y_pred, axis = pairs.one_hot_pair(name, y_true, y_pred, axis, sparse="sparse_" + name)
    y = _smoothed(name, y_true, label_smoothing, y_true.shape[axis])
    logits = _logits(name, y_pred, from_logits, axis)
    if logits is None:
        logs = log(_held(y_pred / sum(y_pred, axis=axis, keepdims=True)))
    else:
        logs = log_softmax(logits, axis)
    return -sum(y * logs, axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """-log p[y] for whole labels y from 0 to classes - 1; 0 where the label is ``ignore_class``.

    With from_logits, p = softmax(y_pred); without, y_pred is divided by its sum and held between 1e-7 and 1 - 1e-7.
    Shapes: labels (...) or (..., 1), predictions (..., classes), the result (...).

    >>> import pente
    >>> pente.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).tolist()
    [0.6931]
    """
    name = "sparse_categorical_crossentropy"
    labels, y_pred, axis = pairs.label_pair(name, y_true, y_pred, axis, ignore_class, "categorical_crossentropy")
    logits = _logits(name, y_pred, from_logits, axis)
    if logits is None:
        values = -log(_held(picked(y_pred, labels, axis) / sum(y_pred, axis=axis)))
    else:
        values = cross_entropy(logits if axis == logits.ndim - 1 else moveaxis(logits, axis, -1), labels)
    return values if ignore_class is None else where(labels != ignore_class, values, 0.0)


def negative_log_likelihood(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """-y_pred[y], where y_pred holds the logarithms of probabilities, as log_softmax gives them, and y whole labels.

    Shapes: labels (...) or (..., 1), predictions (..., classes), the result (...).

    >>> import pente
    >>> pente.losses.negative_log_likelihood([1], pente.log_softmax([[0.0, 0.0]])).tolist()
    [0.6931]
    """
    labels, logs, axis = pairs.label_pair("negative_log_likelihood", y_true, y_pred, axis)
    predictions.log_probabilities_given("negative_log_likelihood", logs, axis)
    return -picked(logs, labels, axis)


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Σ y log(y / p) over the last axis; both are held between 1e-7 and 1.

    >>> import pente
    >>> pente.losses.kl_divergence([[0.5, 0.5]], [[0.5, 0.5]]).tolist()
    [0.0]
    """
    y_true, y_pred = pairs.pair("kl_divergence", y_true, y_pred)
    for side, values in (("y_true", y_true), ("y_pred", y_pred)):
        fix = f"For numbers before the softmax write pente.softmax({side})."
        predictions.unit_interval("kl_divergence", values, side, fix)
    y = clip(y_true, EPSILON, 1.0)
    logits = made_by(softmax_, y_pred, axis=y_pred.ndim - 1) if y_pred.requires_grad else None
    logs = log(clip(y_pred, EPSILON, 1.0)) if logits is None else log_softmax(logits)
    return sum(y * (log(y) - logs), axis=-1)


def _smoothed(name: str, targets: Tensor, amount: float, classes: int) -> Tensor:
    """(1 - s)·y + s / classes."""
    if not 0.0 <= amount <= 1.0:
        raise UsageError(f"{name}: label_smoothing is a share from 0 to 1, for example 0.1; it is {amount}.")
    return targets * (1.0 - amount) + amount / classes if amount else targets


def _held(p: Tensor) -> Tensor:
    """Probabilities kept apart from 0 and 1, so that both logarithms are finite in this dtype."""
    least = max(EPSILON, float(np.finfo(p.dtype).epsneg))
    return clip(p, least, 1.0 - least)


def _logit(name: str, y_pred: Tensor, from_logits: bool) -> Tensor | None:
    """The numbers before the sigmoid, where they are known."""
    if from_logits:
        predictions.logit_given(name, y_pred)
        return y_pred
    logits = before_sigmoid(y_pred) if y_pred.requires_grad else None
    if logits is None:
        fix = "For a linear last layer write from_logits=True; or give the layer activation='sigmoid'."
        predictions.unit_interval(name, y_pred, "y_pred", fix)
    return logits


def _logits(name: str, y_pred: Tensor, from_logits: bool, axis: int) -> Tensor | None:
    """The numbers before the softmax, where they are known."""
    if from_logits:
        predictions.logits_given(name, y_pred, axis)
        return y_pred
    logits = made_by(softmax_, y_pred, axis=axis) if y_pred.requires_grad else None
    if logits is None:
        predictions.probabilities_given(name, y_pred, axis)
    return logits


def picked(x: Tensor, labels: Tensor, axis: int) -> Tensor:
    """x at the label's place of the axis; the other places do not count, whatever they hold."""
    classes = np.arange(x.shape[axis], dtype=labels.dtype).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    return sum(where(equal(expand_dims(labels, axis=axis), classes), x, 0.0), axis=axis)


class BinaryCrossentropy(LossFunctionWrapper):
    """The mean of -(y log p + (1 - y) log(1 - p)), for a yes or no of each unit.

    >>> import pente
    >>> pente.losses.BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[0.0], [0.0]]).item()
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str = "binary_crossentropy",
    ) -> None:
        settings = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, **settings)


class CategoricalCrossentropy(LossFunctionWrapper):
    """The mean of -Σ y log p, for one-hot targets or soft ones.

    >>> import pente
    >>> pente.losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).item()
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = MEAN,
        name: str = "categorical_crossentropy",
    ) -> None:
        settings = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, **settings)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The mean of -log p[y] over the labels y that are not ``ignore_class``.

    >>> import pente
    >>> pente.losses.SparseCategoricalCrossentropy(ignore_class=-1)([1, -1], [[0.5, 0.5], [0.9, 0.1]]).item()
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = MEAN,
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
    ) -> None:
        settings = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, **settings)

    def counted(self, y_true: Any, values: Tensor) -> Tensor | None:
        ignored = self.settings["ignore_class"]
        return None if ignored is None else reshape(lift(y_true) != ignored, values.shape)


class NegativeLogLikelihood(LossFunctionWrapper):
    """The mean of -y_pred[y], where y_pred holds the logarithms of probabilities and y whole labels.

    >>> import pente
    >>> pente.losses.NegativeLogLikelihood()([1], pente.log_softmax([[0.0, 0.0]])).item()
    0.6931
    """

    def __init__(self, axis: int = -1, reduction: str | None = MEAN, name: str = "negative_log_likelihood") -> None:
        super().__init__(negative_log_likelihood, reduction, name, axis=axis)


class KLDivergence(LossFunctionWrapper):
    """The mean of Σ y log(y / p): how far the predicted distribution is from the given one.

    >>> import pente
    >>> pente.losses.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]).item()
    0.0
    """

    def __init__(self, reduction: str | None = MEAN, name: str = "kl_divergence") -> None:
        super().__init__(kl_divergence, reduction, name)
