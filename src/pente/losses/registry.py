"""From what a user names to a loss object."""

from typing import Any

from pente.config import find
from pente.losses import crossentropy as c
from pente.losses import margin as m
from pente.losses import regression as r
from pente.losses.base import Loss, LossFunction, LossFunctionWrapper

__all__ = ["FUNCTIONS", "get"]

CLASSES: tuple[type[Any], ...] = (
    r.MeanSquaredError,
    r.MeanAbsoluteError,
    r.MeanAbsolutePercentageError,
    r.MeanSquaredLogarithmicError,
    r.Huber,
    r.LogCosh,
    r.Poisson,
    r.CosineSimilarity,
    c.BinaryCrossentropy,
    c.CategoricalCrossentropy,
    c.SparseCategoricalCrossentropy,
    c.NegativeLogLikelihood,
    c.KLDivergence,
    m.Hinge,
    m.SquaredHinge,
    m.CategoricalHinge,
)
ALIASES = {
    "mse": r.mean_squared_error,
    "mae": r.mean_absolute_error,
    "mape": r.mean_absolute_percentage_error,
    "msle": r.mean_squared_logarithmic_error,
    "bce": c.binary_crossentropy,
    "kld": c.kl_divergence,
    "logcosh": r.log_cosh,
    "nll": c.negative_log_likelihood,
}
OF_FUNCTION: dict[Any, type[Any]] = {kind().fn: kind for kind in CLASSES}
FUNCTIONS: dict[str, LossFunction] = {**{f.__name__: f for f in OF_FUNCTION}, **ALIASES}
NAMES = {name: OF_FUNCTION[function] for name, function in FUNCTIONS.items()}


def get(identifier: Any) -> Loss:
    """The loss object that a name, a function of (y_true, y_pred), a class, a config or a loss object stands for.

    >>> import pente
    >>> pente.losses.get("mse")
    MeanSquaredError()
    >>> pente.losses.get({"class_name": "Huber", "config": {"delta": 2.0}})
    Huber(delta=2.0)
    """
    if callable(identifier) and not isinstance(identifier, type | Loss):
        return OF_FUNCTION[identifier]() if identifier in OF_FUNCTION else LossFunctionWrapper(identifier)
    loss: Loss = find("loss", NAMES, identifier, Loss)
    return loss
