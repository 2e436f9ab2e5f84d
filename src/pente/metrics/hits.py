"""How often predictions are right."""

from typing import Any

from pente.core.tensor import Tensor
from pente.losses.base import averaged, averages
from pente.losses.crossentropy import picked
from pente.losses.pairs import binary_pair, label_pair, one_hot_pair
from pente.metrics.base import MeanMetricWrapper
from pente.ops.elementwise import equal, greater, isfinite, less, logical_and
from pente.ops.lifting import astype
from pente.ops.reduce import argmax, mean, sum
from pente.ops.shape import expand_dims

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "same_side",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


@averaged
def accuracy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The share along the last axis in which y_true = y_pred.

    >>> import pente
    >>> pente.metrics.accuracy([[1, 2, 3, 4]], [[0, 2, 3, 4]]).tolist()
    [0.75]
    """
    return equal(y_true, y_pred)


@averages
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """The share along the last axis in which y_true is 1 where y_pred > threshold, and 0 elsewhere.

    For predictions before the sigmoid the threshold is 0.

    >>> import pente
    >>> pente.metrics.binary_accuracy([[1, 1, 0, 0]], [[0.9, 0.2, 0.1, 0.3]]).tolist()
    [0.75]
    """
    y_true, y_pred = binary_pair("binary_accuracy", y_true, y_pred)
    right = equal(y_true, astype(greater(y_pred, threshold), y_true.dtype))
    return mean(right, axis=-1) if right.ndim else right


@averaged
def same_side(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The share along the last axis in which both are above 0, or neither is: accuracy for the losses of the margin."""
    return equal(greater(y_true, 0), greater(y_pred, 0))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest prediction is at the place of the largest target, 0 elsewhere; targets are one-hot.

    >>> import pente
    >>> pente.metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred, axis = one_hot_pair("categorical_accuracy", y_true, y_pred, -1, "sparse_categorical_accuracy")
    return astype(equal(argmax(y_true, axis=axis), argmax(y_pred, axis=axis)), y_pred.dtype)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest prediction is at the place of the label, 0 elsewhere.

    >>> import pente
    >>> pente.metrics.sparse_categorical_accuracy([1, 0], [[0.1, 0.9], [0.2, 0.8]]).tolist()
    [1.0, 0.0]
    """
    labels, y_pred, axis = label_pair("sparse_categorical_accuracy", y_true, y_pred, -1, dense="categorical_accuracy")
    return astype(equal(labels, argmax(y_pred, axis=axis)), y_pred.dtype)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where fewer than k predictions are larger than the one of the right class; targets are one-hot.

    >>> import pente
    >>> pente.metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.2, 0.3]], k=2).tolist()
    [1.0]
    """
    sparse = "sparse_top_k_categorical_accuracy"
    y_true, y_pred, axis = one_hot_pair("top_k_categorical_accuracy", y_true, y_pred, -1, sparse)
    return _among_best(argmax(y_true, axis=axis), y_pred, axis, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where fewer than k predictions are larger than the one of the label.

    >>> import pente
    >>> pente.metrics.sparse_top_k_categorical_accuracy([2], [[0.5, 0.2, 0.3]], k=2).tolist()
    [1.0]
    """
    dense = "top_k_categorical_accuracy"
    labels, y_pred, axis = label_pair("sparse_" + dense, y_true, y_pred, -1, dense=dense)
    return _among_best(labels, y_pred, axis, k)


def _among_best(labels: Tensor, scores: Tensor, axis: int, k: int) -> Tensor:
    """Whether fewer than k scores are larger than the label's, which must be finite: NaN would lose to none."""
    own = picked(scores, labels, axis)
    better = sum(greater(scores, expand_dims(own, axis=axis)), axis=axis)
    return astype(logical_and(less(better, k), isfinite(own)), scores.dtype)


class Accuracy(MeanMetricWrapper):
    """How often y_true = y_pred exactly, for predictions that are labels already.

    >>> import pente
    >>> pente.metrics.Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]).item()
    0.75
    """

    def __init__(self, name: str = "accuracy") -> None:
        super().__init__(accuracy, name)


class BinaryAccuracy(MeanMetricWrapper):
    """How often y_pred is on the right side of the threshold: 0.5 for probabilities, 0 for numbers before the sigmoid.

    >>> import pente
    >>> pente.metrics.BinaryAccuracy()([1, 1, 0, 0], [0.9, 0.2, 0.1, 0.3]).item()
    0.75
    """

    def __init__(self, name: str = "binary_accuracy", threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is the right class; targets are one-hot.

    >>> import pente
    >>> pente.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]).item()
    0.5
    """

    def __init__(self, name: str = "categorical_accuracy") -> None:
        super().__init__(categorical_accuracy, name)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is the right class; targets are labels.

    >>> import pente
    >>> pente.metrics.SparseCategoricalAccuracy()([1, 0], [[0.1, 0.9], [0.2, 0.8]]).item()
    0.5
    """

    def __init__(self, name: str = "sparse_categorical_accuracy") -> None:
        super().__init__(sparse_categorical_accuracy, name)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the k best; targets are one-hot.

    >>> import pente
    >>> pente.metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.5, 0.2, 0.3]]).item()
    1.0
    """

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy") -> None:
        super().__init__(top_k_categorical_accuracy, name, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the k best; targets are labels.

    >>> import pente
    >>> pente.metrics.SparseTopKCategoricalAccuracy(k=2)([2], [[0.5, 0.2, 0.3]]).item()
    1.0
    """

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy") -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, k=k)
