"""Watching one number of an epoch: whether it is there, which way is better, and whether it got better."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pente import metrics as m
from pente.errors import UnknownNameError, UsageError
from pente.train.callbacks.base import Callback

__all__ = ["MonitorCallback"]

# More is better for these; for all other metrics of Pente less is.
UP = (
    m.Accuracy,
    m.BinaryAccuracy,
    m.CategoricalAccuracy,
    m.SparseCategoricalAccuracy,
    m.TopKCategoricalAccuracy,
    m.SparseTopKCategoricalAccuracy,
    m.Precision,
    m.Recall,
    m.F1Score,
    m.AUC,
    m.R2Score,
    m.CosineSimilarity,
)


class MonitorCallback(Callback):
    """The base of callbacks that watch one number, ``monitor``, and act where it does or does not get better.

    ``mode`` is "min" where less is better and "max" where more is; "auto" knows it for losses and Pente's metrics. A
    change of less than ``min_delta`` counts as none, and nan is never better. A number that no epoch gives raises
    UnknownNameError, where possible before the first step.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise UsageError(f"mode is 'auto', 'min' (less is better) or 'max' (more is better), got {mode!r}.")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self.best: float | None = None

    def check(self, names: Sequence[str]) -> None:
        if self.monitor not in names:
            raise self._unknown(names)
        self._more_is_better()

    def current(self, epoch: int, logs: Mapping[str, float] | None) -> float | None:
        """The number of this epoch; None in an epoch that is not validated, or that was cut short."""
        if self.monitor in (logs or {}):
            return float(logs[self.monitor])  # type: ignore[index]
        every = self.params.get("validation_freq")
        unvalidated = self.monitor.startswith("val_") and every is not None and (epoch + 1) % every
        if unvalidated or self.model.stop_training:
            return None
        raise self._unknown(logs or {})

    def is_better(self, current: float, than: float | None) -> bool:
        """Whether a number is better than another one, or than none."""
        if math.isnan(current):
            return False
        if than is None or math.isnan(than):
            return True
        return current - self.min_delta > than if self._more_is_better() else current + self.min_delta < than

    def _unknown(self, names: Any) -> UnknownNameError:
        error = UnknownNameError(f"number for {type(self).__name__} to monitor", self.monitor, names)
        if self.monitor.startswith("val_") and not any(name.startswith("val_") for name in names):
            error.add_note("There is no validation: write fit(..., validation_split=0.1) or validation_data=(x, y).")
        return error

    def _more_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return False
        up = _direction(self._metric(name))
        if up is None:
            raise UsageError(
                f"whether more or less of {self.monitor!r} is better is not known: write "
                f"{type(self).__name__}(monitor={self.monitor!r}, mode='max') or mode='min'."
            )
        return up

    def _metric(self, name: str) -> Any:
        plan = self.model.plan
        known = {metric.name: metric for metric in self.model.metrics}
        return ({} if plan is None else plan.objective.metrics()).get(name, known.get(name))


def _direction(metric: Any) -> bool | None:
    """Whether more of a metric is better; None where it is the user's own."""
    made_by = metric.fn if type(metric) is m.MeanMetricWrapper else type(metric)
    module = str(getattr(made_by, "__module__", ""))
    if isinstance(metric, UP) or module == m.accuracy.__module__:
        return True
    return False if module.startswith("pente.") and type(metric) not in (m.Mean, m.Sum) else None
