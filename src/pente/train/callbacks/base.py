"""Callback: who listens to training and may steer it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

__all__ = ["HOOKS", "Callback"]

Logs = Mapping[str, float]
HOOKS = tuple(
    f"on_{part}_{edge}"
    for part in ("train", "epoch", "train_batch", "test", "test_batch", "predict", "predict_batch")
    for edge in ("begin", "end")
)


class Callback:
    """The base of all callbacks: override the hooks that matter. ``self.model`` is the model, ``self.params`` the run.

    Hooks of an epoch or a batch are told its number, from 0, and all of them the numbers so far: what one callback adds
    to them, those after it see. Setting ``self.model.stop_training = True`` ends ``fit``: after the batch in a hook of
    a batch, otherwise after the epoch. Callbacks of a lower ``order`` are called first, those of the same order as they
    were given.

    >>> class Told(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    """

    order: ClassVar[int] = 0
    model: Any = None
    params: Mapping[str, Any] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        """``on_batch_begin`` and ``on_batch_end`` are Keras's short names of the hooks of a training batch."""
        super().__init_subclass__(**options)
        for short, hook in (("on_batch_begin", "on_train_batch_begin"), ("on_batch_end", "on_train_batch_end")):
            if short in vars(cls) and hook not in vars(cls):
                setattr(cls, hook, vars(cls)[short])

    def set_model(self, model: Any) -> None:
        """Called with the model before anything else."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Called with epochs, steps and verbosity."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called when ``fit`` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called when ``fit`` ends, also when it is interrupted."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before the first batch of an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after validation, with the numbers of the epoch."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a training step."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a training step, with the epoch's numbers so far."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called when ``evaluate`` or validation begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called when ``evaluate`` or validation ends."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of ``evaluate`` or validation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of ``evaluate`` or validation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called when ``predict`` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called when ``predict`` ends."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of ``predict``."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of ``predict``."""

    # What Keras does not have: these leave the steps of an epoch to run by themselves.

    def on_step(self, step: int, logs: Callable[[], Mapping[str, Any]]) -> None:
        """Called from time to time between two training steps, with how to get the epoch's numbers so far."""

    def on_trained(self, steps: int, rows: int) -> None:
        """Called after the training steps of an epoch, before validation, with how many steps and rows there were."""

    def check(self, names: Sequence[str]) -> None:
        """Raise where this callback cannot work in a run whose epochs give these numbers."""
