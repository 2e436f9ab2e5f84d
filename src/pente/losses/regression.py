"""Losses between numbers: how far is the prediction from the target."""

from typing import Any

from pente.core.tensor import Tensor
from pente.errors import UsageError
from pente.losses.base import EPSILON, MEAN, LossFunctionWrapper, averaged
from pente.losses.pairs import pair
from pente.ops.elementwise import abs, expm1, log, log1p, maximum, minimum, sqrt, square
from pente.ops.reduce import sum

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
]


@averaged
def mean_squared_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """mean (y_pred - y_true)² over the last axis.

    >>> import pente
    >>> pente.losses.mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]]).tolist()
    [0.5]
    """
    return square(y_pred - y_true)


@averaged
def mean_absolute_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """mean |y_pred - y_true| over the last axis.

    >>> import pente
    >>> pente.losses.mean_absolute_error([[0.0, 1.0]], [[3.0, 1.0]]).tolist()
    [1.5]
    """
    return abs(y_pred - y_true)


@averaged
def mean_absolute_percentage_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """100 · mean |y_pred - y_true| / max(|y_true|, 1e-7) over the last axis.

    >>> import pente
    >>> pente.losses.mean_absolute_percentage_error([[2.0, 1.0]], [[3.0, 1.0]]).tolist()
    [25.0]
    """
    return 100.0 * abs(y_pred - y_true) / maximum(abs(y_true), EPSILON)


@averaged
def mean_squared_logarithmic_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """mean (log(1 + y_pred) - log(1 + y_true))² over the last axis; numbers below 1e-7 count as 1e-7.

    >>> import pente
    >>> pente.losses.mean_squared_logarithmic_error([[7.0, 1.0]], [[7.0, 1.0]]).tolist()
    [0.0]
    """
    return square(log1p(maximum(y_pred, EPSILON)) - log1p(maximum(y_true, EPSILON)))


@averaged
def huber(y_true: Tensor, y_pred: Tensor, delta: float = 1.0) -> Tensor:
    """With a = |y_pred - y_true|, mean of ½a² up to delta and of delta·(a - ½delta) beyond (Huber, 1964).

    >>> import pente
    >>> pente.losses.huber([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
    [1.5]
    """
    # With q = min(a, delta) both branches are q·(a - ½q).
    apart = abs(y_pred - y_true)
    near = minimum(apart, delta)
    return near * (apart - 0.5 * near)


@averaged
def log_cosh(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """mean log cosh(y_pred - y_true) over the last axis: about ½x² near 0 and |x| - log 2 far away.

    >>> import pente
    >>> pente.losses.log_cosh([[0.0]], [[1000.0]]).tolist()
    [999.307]
    """
    # log cosh x = |x| + log((1 + exp(-2|x|)) / 2), without overflow far away and without cancellation near 0.
    apart = abs(y_pred - y_true)
    return apart + log1p(0.5 * expm1(-2.0 * apart))


@averaged
def poisson(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """mean (y_pred - y_true · log(y_pred + 1e-7)) over the last axis, for counts and predicted rates.

    >>> import pente
    >>> round(pente.losses.poisson([[2.0]], [[1.0]]).item(), 4)
    1.0
    """
    return y_pred - y_true * log(y_pred + EPSILON)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """-Σ y_true · y_pred / (‖y_true‖ · ‖y_pred‖): -1 for the same direction, 0 for a zero vector.

    >>> import pente
    >>> pente.losses.cosine_similarity([[3.0, 0.0]], [[5.0, 0.0]]).tolist()
    [-1.0]
    """
    y_true, y_pred = pair("cosine_similarity", y_true, y_pred)
    return -sum(_direction(y_true, axis) * _direction(y_pred, axis), axis=axis)


def _direction(x: Tensor, axis: int) -> Tensor:
    """x / max(‖x‖, 1e-7), with the bound under the root, where the gradient at 0 stays finite."""
    return x / sqrt(maximum(sum(square(x), axis=axis, keepdims=True), EPSILON**2))


class MeanSquaredError(LossFunctionWrapper):
    """The mean of (y_pred - y_true)².

    >>> import pente
    >>> pente.losses.MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]]).item()
    5.0
    """

    def __init__(self, reduction: str | None = MEAN, name: str = "mean_squared_error") -> None:
        super().__init__(mean_squared_error, reduction, name)


class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of |y_pred - y_true|.

    >>> import pente
    >>> pente.losses.MeanAbsoluteError()([[0.0], [0.0]], [[1.0], [3.0]]).item()
    2.0
    """

    def __init__(self, reduction: str | None = MEAN, name: str = "mean_absolute_error") -> None:
        super().__init__(mean_absolute_error, reduction, name)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """100 times the mean of |y_pred - y_true| / |y_true|.

    >>> import pente
    >>> pente.losses.MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [4.0]]).item()
    25.0
    """

    def __init__(self, reduction: str | None = MEAN, name: str = "mean_absolute_percentage_error") -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean of (log(1 + y_pred) - log(1 + y_true))².

    >>> import pente
    >>> pente.losses.MeanSquaredLogarithmicError()([[3.0]], [[3.0]]).item()
    0.0
    """

    def __init__(self, reduction: str | None = MEAN, name: str = "mean_squared_logarithmic_error") -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name)


class Huber(LossFunctionWrapper):
    """Squares up to ``delta``, straight lines beyond: outliers pull with a force of at most delta (Huber, 1964).

    >>> import pente
    >>> pente.losses.Huber(delta=1.0)([[0.0], [0.0]], [[1.0], [3.0]]).item()
    1.5
    """

    def __init__(self, delta: float = 1.0, reduction: str | None = MEAN, name: str = "huber_loss") -> None:
        if delta <= 0:
            raise UsageError(f"Huber: delta is where squares end and lines begin, and must be above 0; it is {delta}.")
        super().__init__(huber, reduction, name, delta=delta)


class LogCosh(LossFunctionWrapper):
    """The mean of log cosh(y_pred - y_true).

    >>> import pente
    >>> pente.losses.LogCosh()([[2.0]], [[2.0]]).item()
    0.0
    """

    def __init__(self, reduction: str | None = MEAN, name: str = "log_cosh") -> None:
        super().__init__(log_cosh, reduction, name)


class Poisson(LossFunctionWrapper):
    """The mean of y_pred - y_true · log(y_pred), for counts and predicted rates.

    >>> import pente
    >>> round(pente.losses.Poisson()([[2.0]], [[1.0]]).item(), 4)
    1.0
    """

    def __init__(self, reduction: str | None = MEAN, name: str = "poisson") -> None:
        super().__init__(poisson, reduction, name)


class CosineSimilarity(LossFunctionWrapper):
    """The mean of minus the cosine of the angle between target and prediction.

    >>> import pente
    >>> pente.losses.CosineSimilarity()([[3.0, 0.0]], [[0.0, 5.0]]).item()
    0.0
    """

    def __init__(self, axis: int = -1, reduction: str | None = MEAN, name: str = "cosine_similarity") -> None:
        super().__init__(cosine_similarity, reduction, name, axis=axis)
