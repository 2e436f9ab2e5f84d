"""How far predictions are from their targets."""

from typing import Any

from pente.core.state import no_grad
from pente.core.tensor import Tensor
from pente.dtypes import float64
from pente.errors import UnknownNameError
from pente.losses import regression as losses
from pente.losses.base import by_row, divided, weight_for
from pente.losses.pairs import pair
from pente.metrics.base import MeanMetricWrapper, Metric, exact
from pente.ops.elementwise import equal, greater, sqrt, square, where
from pente.ops.lifting import astype
from pente.ops.reduce import mean, sum
from pente.ops.shape import reshape

__all__ = [
    "CosineSimilarity",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "R2Score",
    "RootMeanSquaredError",
    "cosine_similarity",
]


class MeanSquaredError(MeanMetricWrapper):
    """The mean of (y_pred - y_true)² over all samples.

    >>> import pente
    >>> pente.metrics.MeanSquaredError()([0.0, 0.0], [1.0, 3.0]).item()
    5.0
    """

    def __init__(self, name: str = "mean_squared_error") -> None:
        super().__init__(losses.mean_squared_error, name)


class RootMeanSquaredError(MeanSquaredError):
    """√ of the mean of (y_pred - y_true)² over all samples.

    >>> import pente
    >>> pente.metrics.RootMeanSquaredError()([0.0, 0.0], [1.0, 7.0]).item()
    5.0
    """

    def __init__(self, name: str = "root_mean_squared_error") -> None:
        super().__init__(name)

    def result(self) -> Tensor:
        return sqrt(super().result())


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of |y_pred - y_true| over all samples.

    >>> import pente
    >>> pente.metrics.MeanAbsoluteError()([0.0, 0.0], [1.0, 3.0]).item()
    2.0
    """

    def __init__(self, name: str = "mean_absolute_error") -> None:
        super().__init__(losses.mean_absolute_error, name)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """100 times the mean of |y_pred - y_true| / |y_true| over all samples.

    >>> import pente
    >>> pente.metrics.MeanAbsolutePercentageError()([2.0, 4.0], [1.0, 4.0]).item()
    25.0
    """

    def __init__(self, name: str = "mean_absolute_percentage_error") -> None:
        super().__init__(losses.mean_absolute_percentage_error, name)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of (log(1 + y_pred) - log(1 + y_true))² over all samples.

    >>> import pente
    >>> pente.metrics.MeanSquaredLogarithmicError()([3.0], [3.0]).item()
    0.0
    """

    def __init__(self, name: str = "mean_squared_logarithmic_error") -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name)


class LogCoshError(MeanMetricWrapper):
    """The mean of log cosh(y_pred - y_true) over all samples.

    >>> import pente
    >>> pente.metrics.LogCoshError()([2.0], [2.0]).item()
    0.0
    """

    def __init__(self, name: str = "logcosh") -> None:
        super().__init__(losses.log_cosh, name)


class Poisson(MeanMetricWrapper):
    """The mean of y_pred - y_true · log(y_pred) over all samples.

    >>> import pente
    >>> round(pente.metrics.Poisson()([2.0], [1.0]).item(), 4)
    1.0
    """

    def __init__(self, name: str = "poisson") -> None:
        super().__init__(losses.poisson, name)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The cosine of the angle between target and prediction: 1 for the same direction. The loss is minus this.

    >>> import pente
    >>> pente.metrics.cosine_similarity([[3.0, 0.0]], [[5.0, 0.0]]).tolist()
    [1.0]
    """
    return -losses.cosine_similarity(y_true, y_pred, axis)


class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between target and prediction.

    >>> import pente
    >>> pente.metrics.CosineSimilarity()([[3.0, 0.0]], [[5.0, 0.0]]).item()
    1.0
    """

    def __init__(self, name: str = "cosine_similarity", axis: int = -1) -> None:
        super().__init__(cosine_similarity, name, axis=axis)


class R2Score(Metric):
    """1 - Σ w (y_true - y_pred)² / Σ w (y_true - mean)²: the share of the targets' spread that is explained.

    One score for each output, then "uniform_average", "variance_weighted_average" or None. With p regressors the score
    is adjusted: 1 - (1 - R²)(n - 1) / (n - p - 1). Targets that do not vary give 1 where they are met and 0 elsewhere.
    Batches are merged by mean and spread (Chan, Golub and LeVeque, 1979), so a large mean costs no digits.

    >>> import pente
    >>> pente.metrics.R2Score()([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]).item()
    0.5
    """

    def __init__(
        self, class_aggregation: str | None = "uniform_average", num_regressors: int = 0, name: str = "r2_score"
    ) -> None:
        super().__init__(name)
        known = ("uniform_average", "variance_weighted_average")
        if class_aggregation is not None and class_aggregation not in known:
            raise UnknownNameError("class_aggregation", class_aggregation, known)
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.samples = self.add_variable(name="samples")

    def _build(self, outputs: int) -> None:
        self.weight = self.add_variable((outputs,), name="weight")
        self.average = self.add_variable((outputs,), name="average")
        self.spread = self.add_variable((outputs,), name="spread")
        self.residual = self.add_variable((outputs,), name="residual")

    @no_grad()
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        true, predicted = by_row(losses.mean_squared_error, y_true, y_pred)
        y, p = pair(self.name, true, exact(predicted))
        shares = weight_for(y, 1.0 if sample_weight is None else sample_weight)
        rows = (-1, y.shape[-1] if y.ndim else 1)
        y, p, shares = (reshape(x, rows) for x in (y, p, shares))
        if len(self.variables) == 1:
            self._build(rows[1])
        self.samples.assign_add(float(y.shape[0]))
        self.residual.assign_add(sum(shares * square(y - p), axis=0))
        self._merge(y, shares)

    def _merge(self, y: Tensor, shares: Tensor) -> None:
        """With δ between the means, the spreads add up to S₁ + S₂ + δ² n₁ n₂ / n, and the mean moves by δ n₂ / n."""
        before, added = self.weight.read(), sum(shares, axis=0)
        mean_of_batch = divided(sum(shares * y, axis=0), added)
        apart, part = mean_of_batch - self.average.read(), divided(added, before + added)
        self.spread.assign_add(sum(shares * square(y - mean_of_batch), axis=0) + square(apart) * before * part)
        self.average.assign_add(apart * part)
        self.weight.assign_add(added)

    def result(self) -> Tensor:
        if len(self.variables) == 1:
            return self.samples.read()
        residual, spread, n = self.residual.read(), self.spread.read(), self.samples.read()
        flat = equal(spread, 0)
        unexplained = where(flat, astype(greater(residual, 0), float64), residual / where(flat, 1.0, spread))
        score = 1.0 - unexplained
        if self.class_aggregation == "uniform_average":
            score = mean(score)
        elif self.class_aggregation == "variance_weighted_average":
            score = divided(sum(score * spread), sum(spread))
        return self._adjusted(score, n) if self.num_regressors else score

    def _adjusted(self, score: Tensor, n: Tensor) -> Tensor:
        """Unchanged where there are no more samples than regressors."""
        freedom = n - self.num_regressors - 1.0
        enough = greater(freedom, 0)
        return where(enough, 1.0 - (1.0 - score) * (n - 1.0) / where(enough, freedom, 1.0), score)
