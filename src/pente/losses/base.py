"""What a loss is: a function of (y_true, y_pred), a weight for each sample, and one way to reduce."""

import functools
from collections.abc import Callable
from typing import Any

from pente.config import Configured
from pente.core.tensor import Tensor
from pente.errors import DataError, ShapeError, UnknownNameError
from pente.losses.pairs import pair
from pente.ops.elementwise import where
from pente.ops.lifting import astype, lift
from pente.ops.reduce import mean, sum
from pente.ops.shape import broadcast_to, expand_dims, reshape

__all__ = ["EPSILON", "MEAN", "Loss", "LossFunctionWrapper", "averaged", "averages", "by_row", "divided", "weight_for"]

LossFunction = Callable[..., Tensor]

EPSILON = 1e-7
MEAN = "sum_over_batch_size"
REDUCTIONS = (MEAN, "mean", "mean_with_sample_weight", "sum", "none")
AVERAGED: set[LossFunction] = set()


def averaged(each: LossFunction) -> LossFunction:
    """The loss function that checks its pair and takes the mean of ``each`` over the last axis."""

    @functools.wraps(each)
    def loss(y_true: Any, y_pred: Any, *args: Any, **settings: Any) -> Tensor:
        values = each(*pair(each.__name__, y_true, y_pred), *args, **settings)
        return mean(values, axis=-1) if values.ndim else values

    return averages(loss)


def averages(function: LossFunction) -> LossFunction:
    """Note that this function takes the mean over the last axis."""
    AVERAGED.add(function)
    return function


def by_row(function: LossFunction, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """The pair with (N,) as N samples of one number, where the function averages over the last axis."""
    true, predicted = lift(y_true), lift(y_pred)
    if function in AVERAGED and true.ndim == predicted.ndim == 1:
        return expand_dims(true, axis=-1), expand_dims(predicted, axis=-1)
    return true, predicted


def weight_for(values: Tensor, sample_weight: Any) -> Tensor:
    """The weight of each value. Shapes: the first axes of the values; a weight holds for all that follows."""
    weight = astype(lift(sample_weight), values.dtype)
    shape = weight.shape
    while shape != values.shape[: len(shape)] and shape[-1] == 1 and len(shape) > min(values.ndim, 1):
        shape = shape[:-1]
    if shape != values.shape[: len(shape)]:
        raise ShapeError(
            f"sample_weight has shape {weight.shape}, and the losses have shape {values.shape}: one weight for each "
            f"sample is expected, shape {values.shape[:1]}."
        )
    return broadcast_to(reshape(weight, shape + (1,) * (values.ndim - len(shape))), values.shape)


class Loss(Configured):
    """A loss to inherit from: ``call(y_true, y_pred)`` gives one value per sample, and this class weighs and reduces.

    reduction: "sum_over_batch_size" and "mean" divide the sum by the number of values, "mean_with_sample_weight" by the
    sum of the weights; "sum" and "none" do not divide.

    >>> import pente
    >>> class Cubic(pente.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return (abs(y_pred - y_true) ** 3).mean(axis=-1)
    >>> Cubic()(pente.zeros((2, 1)), pente.tensor([[1.0], [2.0]])).item()
    4.5
    """

    def __init__(self, name: str | None = None, reduction: str | None = MEAN) -> None:
        self.name = name or type(self).__name__.lower()
        self.reduction = "none" if reduction is None else reduction
        if self.reduction not in REDUCTIONS:
            raise UnknownNameError("reduction", reduction, REDUCTIONS)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The loss of each sample."""
        raise NotImplementedError(f"{type(self).__name__} needs a method call(self, y_true, y_pred).")

    def counted(self, y_true: Any, values: Tensor) -> Tensor | None:
        """Which of the values count for the mean, as bools of their shape; None for all of them."""
        return None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        values = lift(self.call(y_true, y_pred))
        counted = self.counted(y_true, values)
        shares = None if sample_weight is None else weight_for(values, sample_weight)
        values = values if shares is None else values * shares
        if self.reduction == "none":
            return values
        if self.reduction == "sum":
            return sum(values)
        return self._mean(values, shares, counted)

    def _mean(self, values: Tensor, shares: Tensor | None, counted: Tensor | None) -> Tensor:
        if 0 in values.shape:
            raise DataError(f"{self.name}: an empty batch has no mean loss; the losses have shape {values.shape}.")
        parts = shares if self.reduction == "mean_with_sample_weight" else None
        if counted is not None:
            ones = astype(counted, values.dtype)
            parts = ones if parts is None else ones * parts
        if parts is None:
            return mean(values)
        return divided(sum(values), sum(parts))


def divided(total: Tensor, count: Tensor) -> Tensor:
    """total / count, and 0 where nothing was counted."""
    nothing = count == 0
    return where(nothing, 0.0, total / where(nothing, 1.0, count))


class LossFunctionWrapper(Loss):
    """A function of (y_true, y_pred) as a loss; further settings are handed to it.

    Numbers of shape (N,) are N samples, also where the function alone would take them for one sample of N numbers.

    >>> import pente
    >>> loss = pente.losses.LossFunctionWrapper(pente.losses.huber, delta=2.0)
    >>> loss([0.0, 0.0], [1.0, 4.0]).item()
    3.25
    """

    def __init__(
        self, fn: LossFunction, reduction: str | None = MEAN, name: str | None = None, **settings: Any
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", type(fn).__name__), reduction)
        self.fn = fn
        self.settings = settings
        vars(self).update(settings)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return self.fn(*by_row(self.fn, y_true, y_pred), **self.settings)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.settings}
