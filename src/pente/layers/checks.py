"""Checks of fields and inputs that several layers share."""

import operator
from typing import TYPE_CHECKING, Any

from pente.errors import ShapeError, UsageError

if TYPE_CHECKING:
    from pente.layers.base import Layer

__all__ = ["known_features", "require_features", "require_positive", "require_rate"]


def require_positive(layer: "Layer", *fields: str) -> None:
    """Raise unless each of these fields is a whole number of at least 1."""
    for field in fields:
        value = getattr(layer, field)
        try:
            right = not isinstance(value, bool) and operator.index(value) >= 1
        except TypeError:
            right = False
        if not right:
            raise UsageError(f"{type(layer).__name__}: {field} is a whole number of at least 1, got {value!r}.")


def require_rate(layer: "Layer", field: str) -> None:
    """Raise unless the field is a number from 0 up to but without 1."""
    value: Any = getattr(layer, field)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
        hint = (
            f" For {value} percent write {field}={value / 100}." if isinstance(value, int) and 1 < value < 100 else ""
        )
        raise UsageError(
            f"{type(layer).__name__}: {field} is the share that is dropped, from 0 to below 1, got {value!r}.{hint}"
        )


def known_features(layer: "Layer", input_shape: Any, axis: int = -1) -> int:
    """The length of the axis that the weights depend on; it must not be open."""
    if not isinstance(input_shape, tuple) or len(input_shape) < 2:
        given = input_shape or ()  # of a single number nothing is told
        raise ShapeError(
            f"{layer.path} expects inputs of at least 2 axes, (batch, ..., features), and got shape {given}. "
            "For a single example write x[None, :], for a single feature x[:, None]."
        )
    features: int | None = input_shape[axis]
    if features is None:
        raise ShapeError(f"{layer.path} must know the length of axis {axis}, and it is open in {input_shape}.")
    return features


def require_features(layer: "Layer", x: Any, features: int, axis: int = -1) -> None:
    """Raise where an input has another number of features than the weights."""
    if x.ndim < 2 or x.shape[axis] != features:
        last = " (the last axis)" if axis == -1 else f" (axis {axis})"
        given = x.shape[axis] if x.ndim else "no axis"
        raise ShapeError(
            f"{layer.path} expects {features} features{last}, got {given}: the input has shape {x.shape}. "
            f"{_columns(x, features, axis)}"
        )


def _columns(x: Any, features: int, axis: int) -> str:
    if axis == -1 and x.ndim == 2 and x.shape[-1] > features:
        return f"Give it the columns that it was built for, as x[:, :{features}], or make a new layer."
    return f"The layer was built for {features}: give it such data, or make a new layer."
