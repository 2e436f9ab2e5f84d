"""Targets and predictions as a pair of tensors that belong together, checked against each other.

Shapes, dtypes and the graph are checked always; values only where they are known, which they are not while a function
is traced. What surely is a mistake is refused with the line that works.
"""

from math import prod
from typing import Any, NoReturn

from pente.core.state import state
from pente.core.tensor import Tensor
from pente.dtypes import int64
from pente.errors import ShapeError, UsageError
from pente.losses.targets import in_range, in_unit_interval, no_nan
from pente.losses.values import Array, known, only
from pente.ops.lifting import as_float, astype, lift
from pente.ops.shape import reshape
from pente.shapes import Shape, normal_axis

__all__ = ["binary_pair", "label_pair", "one_hot_pair", "pair"]


def pair(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Targets and predictions of the same shape; the targets take the predictions' dtype."""
    predictions = as_float(y_pred)
    targets = astype(lift(y_true), predictions.dtype)
    if targets.shape != predictions.shape:
        _refuse_shapes(name, targets.shape, predictions.shape)
    no_nan(name, targets)
    return targets, predictions


def binary_pair(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Targets from 0 to 1, and predictions of the same shape."""
    y_true, y_pred = lift(y_true), lift(y_pred)
    _right_way_round(name, y_true, y_pred)
    targets, predictions = pair(name, y_true, y_pred)
    truth, guess = known(targets), known(y_pred)
    if truth is not None:
        if guess is not None and y_pred.node is None and only(guess, 0, 1) and not only(truth, 0, 1):
            _refuse_order(name, "y_pred holds nothing but 0 and 1, and y_true something in between")
        in_unit_interval(name, truth)
    return targets, predictions


def one_hot_pair(name: str, y_true: Any, y_pred: Any, axis: int, sparse: str = "") -> tuple[Tensor, Tensor, int]:
    """Targets and predictions with one number for each class along the axis, and the axis counted from the front."""
    y_true, y_pred = lift(y_true), lift(y_pred)
    _right_way_round(name, y_true, y_pred)
    axis = _class_axis(name, y_pred, axis)
    if _are_labels(y_true.shape, y_pred.shape, axis):
        instead = f"Use {sparse}(y_true, y_pred), or" if sparse else "Write"
        labels = "y_true" if y_true.ndim < y_pred.ndim else "y_true[..., 0]"
        raise UsageError(
            f"{name}: y_true has shape {y_true.shape}, one label a row, and {y_pred.shape} was expected, one number a "
            f"class. {instead} {name}(pente.one_hot({labels}, {y_pred.shape[axis]}), y_pred)."
        )
    targets, predictions = pair(name, y_true, y_pred)
    _one_hot_comes_first(name, targets, y_pred, axis)
    return targets, predictions, axis


def label_pair(
    name: str, y_true: Any, y_pred: Any, axis: int, ignore_class: int | None = None, dense: str = ""
) -> tuple[Tensor, Tensor, int]:
    """Whole labels of the predictions' shape without the class axis, the predictions, and the axis from the front."""
    y_true, y_pred = lift(y_true), lift(y_pred)
    _right_way_round(name, y_true, y_pred)
    axis = _class_axis(name, y_pred, axis)
    y_true = _label_shape(name, y_true, y_pred, axis, dense)
    truth = known(y_true)
    if truth is not None:
        in_range(name, truth, y_pred.shape[axis], ignore_class)
    wide = y_true.dtype.kind == "i" and y_true.dtype.itemsize >= 4
    return y_true if wide else astype(y_true, int64), as_float(y_pred), axis


def _are_labels(given: Shape, predicted: Shape, axis: int) -> bool:
    rows = predicted[:axis] + predicted[axis + 1 :]
    return given != predicted and given in (rows, (*rows, 1))


def _label_shape(name: str, y_true: Tensor, y_pred: Tensor, axis: int, dense: str) -> Tensor:
    """The labels without a last axis of length 1."""
    rows = y_pred.shape[:axis] + y_pred.shape[axis + 1 :]
    if _are_labels(y_true.shape, y_pred.shape, axis):
        return reshape(y_true, rows)
    if y_true.shape == y_pred.shape:
        instead = f"use {dense}(y_true, y_pred), or " if dense else ""
        raise UsageError(
            f"{name}: y_true has shape {y_true.shape}, one number a class, and labels of shape {rows} were expected. "
            f"For one-hot targets {instead}write {name}(pente.argmax(y_true, axis={axis}), y_pred)."
        )
    raise ShapeError(
        f"{name}: y_true has shape {y_true.shape}, and y_pred {y_pred.shape} wants labels of shape {rows}. "
        f"{_axes_fix(y_true.shape, y_pred.shape)}"
    )


def _class_axis(name: str, y_pred: Tensor, axis: int) -> int:
    if not y_pred.ndim:
        raise ShapeError(f"{name}: y_pred is a single number, and one number for each class was expected.")
    axis = normal_axis(axis, y_pred.ndim)
    if y_pred.shape[axis] == 1:
        raise UsageError(
            f"{name}: y_pred has shape {y_pred.shape}, a single class, whose probability is always 1. "
            "Use binary_crossentropy(y_true, y_pred) for one unit, or give the last layer one unit for each class."
        )
    return axis


def _refuse_shapes(name: str, true: Shape, predicted: Shape) -> NoReturn:
    raise ShapeError(
        f"{name}: y_true has shape {true} and y_pred {predicted}, and they must be the same. "
        f"{_shape_fix(name, true, predicted)}"
    )


def _shape_fix(name: str, true: Shape, predicted: Shape) -> str:
    if true[:1] == predicted[:1] and prod(true) == prod(predicted):
        return f"Write {name}(pente.reshape(y_true, {predicted}), y_pred)."
    repeated = f"To repeat one of them write {name}(*pente.broadcast_arrays(y_true, y_pred))."
    alike = all(a == b or 1 in (a, b) for a, b in zip(true[::-1], predicted[::-1], strict=False))
    if len(true) > 1 and true[:-1] == predicted[:-1]:
        units = f"Give the last layer units={true[-1]}, one for each column of y_true."
        return f"{units} {repeated}" if alike else units
    if len(true) == 1 and len(predicted) == 2 and true[0] == predicted[0]:
        classes = "loss='sparse_categorical_crossentropy', metrics=['accuracy']"
        wide = f"what counts by class takes pente.one_hot(y_true, {predicted[1]})"
        return f"For one number a row give the last layer units=1; for {predicted[1]} classes write {classes}; {wide}."
    if len(true) == 3 and len(predicted) == 2 and true[0] == predicted[0]:
        return "For an output at each step give the recurrent layer return_sequences=True."
    return repeated if alike else _axes_fix(true, predicted)


def _axes_fix(true: Shape, predicted: Shape) -> str:
    """What to do where a dense layer saw every row of an example by itself."""
    if true[:1] == predicted[:1] and len(predicted) > max(len(true), 2):
        return "For one prediction an example put layers.Flatten() before the last layers."
    return "Give one target for each prediction."


# Order: the targets come first.


def _right_way_round(name: str, y_true: Tensor, y_pred: Tensor) -> None:
    """Targets are data, predictions are computed and real; the other way round they were exchanged."""
    if y_pred.dtype.kind in "biu" and y_true.dtype.kind == "f":
        _refuse_order(name, f"y_pred is {y_pred.dtype.name} and y_true {y_true.dtype.name}")
    computed = y_true.node is not None and y_true.node.op is not None and y_true.node.tracked
    if computed and state.recording and not y_pred.requires_grad:
        _refuse_order(name, "y_true was computed from what is trained, and y_pred was not")


def _refuse_order(name: str, why: str) -> NoReturn:
    raise UsageError(f"{name}: {why}; the arguments are exchanged. The targets come first: {name}(y_true, y_pred).")


def _one_hot_comes_first(name: str, targets: Tensor, y_pred: Tensor, axis: int) -> None:
    truth, guess = known(targets), known(y_pred)
    if truth is None or guess is None or y_pred.node is not None:
        return
    if _one_hot(guess, axis) and not _one_hot(truth, axis):
        _refuse_order(name, "y_pred is one-hot and y_true is not")


def _one_hot(values: Array, axis: int) -> bool:
    return only(values, 0, 1) and bool((values.sum(axis) == 1).all())
