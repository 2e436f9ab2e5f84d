"""Callbacks: those who listen to training and may steer it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pente.errors import UsageError

__all__ = ["Callback", "CallbackList", "History", "LambdaCallback"]

Logs = Mapping[str, float]
HOOKS = tuple(
    f"on_{part}_{edge}"
    for part in ("train", "epoch", "train_batch", "test", "test_batch", "predict", "predict_batch")
    for edge in ("begin", "end")
)


class Callback:
    """The base of all callbacks: override the hooks that matter. ``self.model`` is the model, ``self.params`` the run.

    Hooks of an epoch or a batch are told its number, from 0, and all of them the numbers so far. Setting
    ``self.model.stop_training = True`` ends ``fit`` after the epoch.

    >>> class Told(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Called with the model before anything else."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
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


class History(Callback):
    """What ``fit`` returns: ``history``, by name a list with a number an epoch, and ``epoch``, the numbers of those.

    >>> import pente
    >>> model = pente.Sequential([pente.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> model.fit([[1.0], [2.0]], [[1.0], [2.0]], epochs=3, verbose=0)
    <History of 3 epochs: loss>
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history)}>"


class LambdaCallback(Callback):
    """A callback of single functions, given by the names of the hooks.

    >>> seen = []
    >>> LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch)).on_epoch_end(0, {})
    >>> seen
    [0]
    """

    def __init__(self, **hooks: Callable[..., None]) -> None:
        super().__init__()
        for name, function in hooks.items():
            if name not in HOOKS:
                raise UsageError(f"there is no hook {name!r}: the hooks are {', '.join(HOOKS)}.")
            setattr(self, name, function)


class CallbackList:
    """All callbacks of a run as one. Numbers are read from the device of the step only for those who listen."""

    def __init__(self, callbacks: Iterable[Any], model: Any, **params: Any) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                hint = f" Make one: {callback.__name__}()." if isinstance(callback, type) else ""
                raise UsageError(f"callbacks is a list of Callback objects, got {callback!r}.{hint}")
            callback.set_model(model)
            callback.set_params(params)

    def __call__(self, hook: str, *where: int, logs: Mapping[str, Any] | None = None) -> None:
        """Call this hook of all that have it."""
        listeners = [f for c in self.callbacks if (f := _listens(c, hook)) is not None]
        if listeners:
            numbers = {name: float(value) for name, value in (logs or {}).items()}
            for listener in listeners:
                listener(*where, numbers)

    def hears(self, *hooks: str) -> bool:
        """Whether somebody listens to one of these hooks."""
        return any(_listens(c, hook) is not None for c in self.callbacks for hook in hooks)


def _listens(callback: Callback, hook: str) -> Callable[..., None] | None:
    """The hook of a callback that overrides it."""
    own = getattr(callback, hook)
    return None if getattr(own, "__func__", own) is getattr(Callback, hook) else own
