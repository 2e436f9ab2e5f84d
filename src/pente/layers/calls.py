"""What is true while layers call each other: the mode that was asked for, and the losses that came up on the way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pente.core.state import no_grad, state

__all__ = ["Call", "alone", "current_call", "eagerly", "entered"]


class Call:
    """One call of an outermost layer, and what it calls; ``trail`` has the layers that are done, with their shapes."""

    __slots__ = ("losses", "trail", "training")

    def __init__(self, training: bool | None, losses: list[Any], trail: list[Any]) -> None:
        self.training = training
        self.losses = losses
        self.trail = trail


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
        call = Call(training, [], [])
    else:
        call = outer if training is None else Call(training, outer.losses, outer.trail)
    _active.call = call
    try:
        yield call
    finally:
        _active.call = outer


@contextmanager
def alone() -> Iterator[None]:
    """Be in no call: what is tried on shapes alone adds nothing to the call that we are in."""
    outer, _active.call = _active.call, None
    try:
        yield
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
