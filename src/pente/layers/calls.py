"""What is true while layers call each other: the mode that was asked for, and the losses that came up on the way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pente.core.state import no_grad, state

__all__ = ["Call", "current_call", "eagerly", "entered"]


class Call:
    """One call of an outermost layer and all that it calls."""

    __slots__ = ("losses", "training")

    def __init__(self, training: bool | None, losses: list[Any]) -> None:
        self.training = training
        self.losses = losses


class _Active(threading.local):
    call: Call | None = None


_active = _Active()


def current_call() -> Call | None:
    """The call that we are in, or None."""
    return _active.call


@contextmanager
def entered(training: bool | None) -> Iterator[Call]:
    """Be in a call; a mode that is given holds for everything inside."""
    outer = _active.call
    if outer is None:
        call = Call(training, [])
    else:
        call = outer if training is None else Call(training, outer.losses)
    _active.call = call
    try:
        yield call
    finally:
        _active.call = outer


@contextmanager
def eagerly() -> Iterator[None]:
    """Compute now, outside of any trace and any graph: for state that is made while a function is being traced."""
    tracers, state.tracers = state.tracers, []
    try:
        with no_grad():
            yield
    finally:
        state.tracers = tracers
