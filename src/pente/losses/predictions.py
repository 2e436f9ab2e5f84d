"""Predictions that surely are mistaken: logits taken for probabilities, and probabilities for logits."""

from typing import NoReturn

import numpy as np

from pente.core.tensor import Tensor
from pente.errors import UsageError
from pente.losses.values import (
    EXACT,
    ROUNDED,
    Array,
    at,
    before_sigmoid,
    exclusive,
    first,
    highest,
    known,
    lowest,
    made_by,
)
from pente.ops.neural import log_softmax_, sigmoid_, softmax_

__all__ = ["log_probabilities_given", "logit_given", "logits_given", "probabilities_given", "unit_interval"]


def unit_interval(name: str, x: Tensor, side: str, fix: str) -> None:
    """Numbers that are to be probabilities, from 0 to 1."""
    values = known(x)
    if values is not None and (lowest(values) < -EXACT or highest(values) > 1 + EXACT):
        place = first((values < -EXACT) | (values > 1 + EXACT))
        raise UsageError(f"{name}: {side}{place} is {at(values, place)}, and a probability lies in 0 … 1. {fix}")


def logit_given(name: str, y_pred: Tensor) -> None:
    """Predictions that are to be numbers before a sigmoid."""
    if before_sigmoid(y_pred) is not None or made_by(softmax_, y_pred) is not None:
        raise UsageError(
            f"{name}: from_logits=True wants numbers before the sigmoid, and y_pred holds probabilities already. Write "
            "from_logits=False, or take the sigmoid out of the model."
        )


def probabilities_given(name: str, y_pred: Tensor, axis: int) -> None:
    """Predictions that are to be probabilities of classes that exclude each other."""
    if made_by(sigmoid_, y_pred) is not None:
        raise UsageError(
            f"{name}: y_pred comes from a sigmoid, whose rows do not sum to 1. For classes that exclude each other "
            "give the last layer activation='softmax'; for independent ones use binary_crossentropy."
        )
    values = known(y_pred)
    if values is None:
        return
    if lowest(values) < -EXACT or highest(values) > 1 + EXACT:
        unit_interval(name, y_pred, "y_pred", _linear_fix(values, axis))
    sums = np.add.reduce(values, axis=axis)
    if lowest(sums) < 1 - ROUNDED or highest(sums) > 1 + ROUNDED:
        _refuse_sums(name, np.asarray(sums))


def _linear_fix(values: Array, axis: int) -> str:
    if highest(values) <= 0 and exclusive(np.exp(values), axis):
        return "These are log-probabilities: use negative_log_likelihood with labels, or write from_logits=True."
    return "For a linear last layer write from_logits=True; or give the layer activation='softmax'."


def _refuse_sums(name: str, sums: Array) -> NoReturn:
    place = first(abs(sums - 1) > ROUNDED)
    raise UsageError(
        f"{name}: the probabilities of y_pred{place} sum to {at(sums, place)} and not to 1. For classes that exclude "
        "each other give the last layer activation='softmax'; for independent ones use binary_crossentropy."
    )


def logits_given(name: str, y_pred: Tensor, axis: int) -> None:
    """Predictions that are to be logits of classes, before any softmax."""
    values = known(y_pred)
    if made_by(softmax_, y_pred) is not None or (values is not None and exclusive(values, axis)):
        raise UsageError(
            f"{name}: from_logits=True wants numbers before the softmax, and y_pred holds probabilities already. Write "
            "from_logits=False, or take the softmax out of the model."
        )


def log_probabilities_given(name: str, y_pred: Tensor, axis: int) -> None:
    """Predictions that are to be logarithms of probabilities."""
    values = known(y_pred)
    plain = made_by(softmax_, y_pred) is not None
    if plain or (values is not None and made_by(log_softmax_, y_pred) is None and highest(values) > EXACT):
        what = (
            "holds probabilities"
            if plain or (values is not None and exclusive(values, axis))
            else "has numbers above 0"
        )
        raise UsageError(
            f"{name}: y_pred {what}, and the logarithms of probabilities are expected, which are never above 0. "
            f"For a linear last layer write {name}(y_true, pente.log_softmax(y_pred)); for the result of a softmax use "
            "sparse_categorical_crossentropy(y_true, y_pred)."
        )
