"""Losses of the margin: right is not enough, it has to be right by 1."""

from typing import Any

from pente.core.tensor import Tensor
from pente.losses.base import MEAN, LossFunctionWrapper, averaged
from pente.losses.pairs import one_hot_pair
from pente.ops.elementwise import equal, logical_or, maximum, square, where
from pente.ops.reduce import all, max, sum

__all__ = ["CategoricalHinge", "Hinge", "SquaredHinge", "categorical_hinge", "hinge", "squared_hinge"]


def _signed(y_true: Tensor) -> Tensor:
    """Labels of -1 and 1; where all are 0 or 1, they become -1 and 1."""
    binary = all(logical_or(equal(y_true, 0), equal(y_true, 1)))
    return where(binary, 2.0 * y_true - 1.0, y_true)


def _shortfall(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return maximum(1.0 - _signed(y_true) * y_pred, 0.0)


@averaged
def hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """mean max(1 - y_true · y_pred, 0) over the last axis; labels are -1 and 1, or 0 and 1.

    >>> import pente
    >>> pente.losses.hinge([[-1.0, 1.0]], [[0.5, 2.0]]).tolist()
    [0.75]
    """
    return _shortfall(y_true, y_pred)


@averaged
def squared_hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """mean max(1 - y_true · y_pred, 0)² over the last axis; labels are -1 and 1, or 0 and 1.

    >>> import pente
    >>> pente.losses.squared_hinge([[-1.0, 1.0]], [[1.0, 2.0]]).tolist()
    [2.0]
    """
    return square(_shortfall(y_true, y_pred))


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """max(1 + the best score among the wrong classes - the score of the right one, 0); targets are one-hot.

    >>> import pente
    >>> pente.losses.categorical_hinge([[0.0, 1.0]], [[0.75, 1.0]]).tolist()
    [0.75]
    """
    targets, scores, axis = one_hot_pair("categorical_hinge", y_true, y_pred, -1)
    right = sum(targets * scores, axis=axis)
    wrong = max((1.0 - targets) * scores, axis=axis)
    return maximum(1.0 + wrong - right, 0.0)


class Hinge(LossFunctionWrapper):
    """The mean of max(1 - y_true · y_pred, 0).

    >>> import pente
    >>> pente.losses.Hinge()([[-1.0], [1.0]], [[0.5], [2.0]]).item()
    0.75
    """

    def __init__(self, reduction: str | None = MEAN, name: str = "hinge") -> None:
        super().__init__(hinge, reduction, name)


class SquaredHinge(LossFunctionWrapper):
    """The mean of max(1 - y_true · y_pred, 0)².

    >>> import pente
    >>> pente.losses.SquaredHinge()([[-1.0], [1.0]], [[1.0], [2.0]]).item()
    2.0
    """

    def __init__(self, reduction: str | None = MEAN, name: str = "squared_hinge") -> None:
        super().__init__(squared_hinge, reduction, name)


class CategoricalHinge(LossFunctionWrapper):
    """The mean of max(1 + best wrong score - right score, 0).

    >>> import pente
    >>> pente.losses.CategoricalHinge()([[0.0, 1.0]], [[0.75, 1.0]]).item()
    0.75
    """

    def __init__(self, reduction: str | None = MEAN, name: str = "categorical_hinge") -> None:
        super().__init__(categorical_hinge, reduction, name)
