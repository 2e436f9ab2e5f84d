"""Callbacks that set the learning rate from epoch to epoch."""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from pente.errors import UsageError
from pente.train.callbacks.base import Callback
from pente.train.callbacks.monitor import MonitorCallback

__all__ = ["LearningRateScheduler", "ReduceLROnPlateau"]


def rate_of(model: Any) -> float:
    """The learning rate, as the shortest number that is this float32: 0.001."""
    return float(str(model.optimizer.learning_rate.numpy()))


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch to ``schedule(epoch, rate)``, or ``schedule(epoch)``.

    The epoch counts from 0, and the rate is the present one. The history tells it as ``learning_rate``. A schedule of
    the steps, inside the compiled step, is given to the optimizer instead.

    >>> import pente
    >>> model = pente.Sequential([pente.layers.Dense(1)])
    >>> model.compile(pente.optimizers.SGD(0.1), "mse")
    >>> halving = pente.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> history = model.fit([[1.0]], [[1.0]], epochs=3, verbose=0, callbacks=[halving])
    >>> history.history["learning_rate"]
    [0.05, 0.025, 0.0125]
    """

    order: ClassVar[int] = 10

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose
        self.takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        rate = self.schedule(epoch, rate_of(self.model)) if self.takes_rate else self.schedule(epoch)
        try:
            rate = float(rate)
        except (TypeError, ValueError):
            raise UsageError(f"a schedule returns a learning rate, and for epoch {epoch} it gave {rate!r}.") from None
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: the learning rate is {rate:g}", flush=True)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["learning_rate"] = rate_of(self.model)


def _takes_two(schedule: Callable[..., Any]) -> bool:
    kinds = [parameter.kind for parameter in inspect.signature(schedule).parameters.values()]
    return inspect.Parameter.VAR_POSITIONAL in kinds or sum(k.name.startswith("POSITIONAL") for k in kinds) > 1


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by ``factor`` where ``monitor`` has not got better for ``patience`` epochs.

    After that ``cooldown`` epochs are not counted, and the rate never falls below ``min_lr``. The history tells it as
    ``learning_rate``.

    >>> import pente
    >>> model = pente.Sequential([pente.layers.Dense(1)])
    >>> model.compile(pente.optimizers.SGD(0.1), "mse")
    >>> slower = pente.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100.0)
    >>> history = model.fit([[1.0]], [[1.0]], epochs=3, verbose=0, callbacks=[slower])
    >>> history.history["learning_rate"], model.optimizer.learning_rate.numpy().item()
    ([0.1, 0.1, 0.05], 0.02500000037252903)
    """

    order: ClassVar[int] = 10

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 <= factor < 1:
            raise UsageError(f"factor is what the rate is multiplied by, from 0 up to but without 1, got {factor}.")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Any = None) -> None:
        if getattr(self.model.optimizer, "schedule", None) is not None:
            raise UsageError(
                "ReduceLROnPlateau sets the learning rate, and that of the optimizer follows a schedule. "
                "Give it a number, as in Adam(0.001), or leave the callback out."
            )
        self.best = None
        self.wait = self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        current = self.current(epoch, logs)
        logs["learning_rate"] = rate_of(self.model)
        if current is None:
            return
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(current, self.best):
            self.best, self.wait = current, 0
        elif not self.cooldown_counter:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        old = rate_of(self.model)
        if old <= self.min_lr:
            return
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            print(f"Epoch {epoch + 1}: {self.monitor} got no better, the learning rate is {new:g}", flush=True)
