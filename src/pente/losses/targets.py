"""Targets that surely are mistaken: NaN, labels outside of their range."""

import numpy as np

from pente.core.tensor import Tensor
from pente.errors import DataError
from pente.losses.values import Array, at, first, highest, known, lowest, only

__all__ = ["in_range", "in_unit_interval", "no_nan"]


def no_nan(name: str, targets: Tensor) -> None:
    values = known(targets)
    if values is not None and (low := lowest(values)) != low:
        place = first(np.isnan(values))
        raise DataError(
            f"{name}: y_true{place} is NaN. Fill or drop such rows before training: keep = ~np.isnan(y).any(axis=-1)."
        )


def in_unit_interval(name: str, values: Array) -> None:
    if lowest(values) >= 0 and highest(values) <= 1:
        return
    place = first((values < 0) | (values > 1))
    fix = "For grey values write y_true / 255; for numbers of any size use loss='mse'."
    if only(values, -1, 1):
        fix = "Labels of -1 and 1 become 0 and 1 with (y_true + 1) / 2."
    elif only(values, 1, 2):
        fix = "Labels of 1 and 2 become 0 and 1 with y_true - 1."
    raise DataError(f"{name}: y_true{place} is {at(values, place)}, outside of 0 … 1. {fix}")


def in_range(name: str, labels: Array, classes: int, ignore_class: int | None) -> None:
    low, high = lowest(labels), highest(labels)
    whole = labels.dtype.kind in "biu" or bool((labels == np.rint(labels)).all())
    if low >= 0 and high < classes and whole:
        return
    bad = ~((labels >= 0) & (labels < classes) & (labels == np.rint(labels)))
    if ignore_class is not None:
        bad &= labels != ignore_class
    if not bad.any():
        return
    place = first(bad)
    raise DataError(
        f"{name}: y_true{place} is {at(labels, place)}, and a label is a whole number from 0 to {classes - 1}, since "
        f"y_pred has {classes} classes. {_label_fix(labels, bad, classes)}"
    )


def _label_fix(labels: Array, bad: Array, classes: int) -> str:
    wrong = np.unique(labels[bad])
    if lowest(labels) == 1 and highest(labels) == classes:
        return "Labels count from 0: write y_true - 1."
    if len(wrong) == 1 and wrong[0] < 0:
        return f"To leave these rows out write ignore_class={wrong[0]:g}."
    if (wrong >= classes).all() and (wrong == np.rint(wrong)).all():
        return f"Give the last layer units={int(wrong[-1]) + 1}, or correct the labels."
    if (wrong != np.rint(wrong)).any() and not np.isnan(wrong).any():
        return "Correct the labels; for numbers that are measured use loss='mse'."
    return "Correct the labels."
