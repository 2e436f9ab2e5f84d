"""All callbacks of a run as one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pente.errors import UsageError
from pente.train.callbacks.base import Callback

__all__ = ["CallbackList"]


class CallbackList:
    """All callbacks of a run as one, in their order. Numbers are read from the step only for those who listen."""

    def __init__(self, callbacks: Iterable[Any], model: Any, **params: Any) -> None:
        given = list(callbacks)
        for callback in given:
            if not isinstance(callback, Callback):
                hint = f" Make one: {callback.__name__}()." if isinstance(callback, type) else ""
                raise UsageError(f"callbacks is a list of Callback objects, got {callback!r}.{hint}")
        self.callbacks = sorted(given, key=lambda callback: callback.order)
        self.listeners: dict[str, list[tuple[Callback, Callable[..., None]]]] = {}
        self.begun: list[Callback] = []
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def __call__(self, hook: str, *where: int, logs: Mapping[str, Any] | None = None) -> dict[str, float]:
        """Call this hook of all that have it; the numbers come back with what the callbacks added."""
        numbers: dict[str, float] = {}
        if listeners := self._listening(hook):
            numbers.update((name, float(value)) for name, value in (logs or {}).items())
            for callback, listener in listeners:
                _called(callback, hook, listener, *where, numbers)
        return numbers

    def begin(self) -> None:
        """Training begins. Where a callback refuses, only those before it hear of the end."""
        for callback in self.callbacks:
            _called(callback, "on_train_begin", callback.on_train_begin, {})
            self.begun.append(callback)

    def end(self, logs: Mapping[str, Any], error: BaseException | None) -> None:
        """Training ends: all hear of it, also where one of them raises, or where an error ended it."""
        numbers = {name: float(value) for name, value in logs.items()}
        first: Exception | None = None
        for callback in self.begun:
            try:
                _called(callback, "on_train_end", callback.on_train_end, numbers)
            except Exception as failed:  # noqa: BLE001  (the others have something to finish, too)
                first = first or failed
                if error is not None:
                    error.add_note(f"{_named(callback)}.on_train_end failed, too: {type(failed).__name__}: {failed}")
        if first is not None and error is None:
            raise first

    def look(self, step: int, logs: Callable[[], Mapping[str, Any]]) -> None:
        """Between two steps: let those look who want to."""
        for callback, listener in self._listening("on_step"):
            _called(callback, "on_step", listener, step, logs)

    def trained(self, steps: int, rows: int) -> None:
        """The training steps of an epoch are done."""
        for callback, listener in self._listening("on_trained"):
            _called(callback, "on_trained", listener, steps, rows)

    def check(self, names: Sequence[str]) -> None:
        """Let all say whether they can work with these numbers, unless one before them may add others."""
        for callback in self.callbacks if names else ():
            if _may_add(callback):
                return
            _called(callback, "check", callback.check, names)

    def asks(self, callback: Callback) -> bool:
        """Whether this callback wants to know what numbers there are."""
        return _listens(callback, "check") is not None

    def hears(self, *hooks: str) -> bool:
        """Whether somebody listens to one of these hooks."""
        return any(self._listening(hook) for hook in hooks)

    def _listening(self, hook: str) -> list[tuple[Callback, Callable[..., None]]]:
        if hook not in self.listeners:
            found = [(callback, _listens(callback, hook)) for callback in self.callbacks]
            self.listeners[hook] = [(callback, own) for callback, own in found if own is not None]
        return self.listeners[hook]


def _listens(callback: Callback, hook: str) -> Callable[..., None] | None:
    """The hook of a callback that overrides it."""
    own = getattr(callback, hook)
    return None if getattr(own, "__func__", own) is getattr(Callback, hook) else own


def _may_add(callback: Callback) -> bool:
    """Whether this is a callback of the user's that can put numbers of its own among those of an epoch."""
    own = "on_epoch_end" in vars(callback) or not type(callback).__module__.startswith("pente.")
    return own and _listens(callback, "on_epoch_end") is not None


def _called(callback: Callback, hook: str, listener: Callable[..., None], *given: Any) -> None:
    try:
        listener(*given)
    except Exception as error:
        error.add_note(f"in {_named(callback)}.{hook}, a callback of this run")
        raise


def _named(callback: Callback) -> str:
    return type(callback).__name__
