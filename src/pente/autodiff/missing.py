"""Why a gradient is missing."""

from collections.abc import Iterable
from typing import Any

from pente.core.node import Cut, Node, ancestors, next_serial
from pente.core.state import position_text, state, user_position
from pente.core.tensor import Handle, Tensor, Variable
from pente.dtypes import is_inexact
from pente.errors import GradientError

__all__ = ["LastBackward", "missing_reason"]


class LastBackward:
    """What can be told of the last backward() of this thread, without keeping its graph."""

    def __init__(self) -> None:
        self.moment = next_serial()
        self.position = user_position(3)
        self.cuts: list[Cut] = []

    def explain_missing(self, handle: Handle) -> None:
        """Raise if the handle was there at that backward and got nothing."""
        if handle.born > self.moment or state.tracers:
            return
        reason = missing_reason(handle, told(self.cuts))
        place = position_text(self.position)
        raise GradientError(f"{_label(handle)} got no gradient from the backward() at {place}: {reason}")


def cuts(roots: Iterable[Node]) -> list[str]:
    """The places in a graph where the gradient stops, newest first."""
    return told(cut for node in reversed(ancestors(roots)) for cut in node.cuts)


def told(found: Iterable[Cut]) -> list[str]:
    """At most three of the places, in words."""
    return [f"{op} at {position_text(position)} ({op.stops})" for op, position in list(dict.fromkeys(found))[:3]]


def missing_reason(handle: Any, stopped: list[str]) -> str:
    """One sentence on why no gradient reaches this handle."""
    if isinstance(handle, Variable):
        if not handle.trainable:
            return "it is not trainable. Set trainable = True on it or on its layer."
    elif isinstance(handle, Tensor) and not handle.requires_grad:
        return _untracked_reason(handle)
    left = getattr(handle, "_left", None)
    text = "the result does not depend on it."
    if left is not None:
        text += f" Its numbers left the graph through NumPy or Python at {position_text(left)}."
    if stopped:
        text += f" The path may end at {'; or at '.join(stopped)}."
    return text


def _untracked_reason(x: Tensor) -> str:
    if x.node is not None and x.node.op is not None and x.node.op.stops:
        return f"it is the result of {x.node.op} at {x.node.where}: {x.node.op.stops}."
    if x.node is not None and x.node.cuts:
        return f"it was computed from the result of {'; and of '.join(told(x.node.cuts))}."
    if not is_inexact(x.dtype):
        return f"it is {x.dtype}, and only floating-point numbers have a gradient."
    return (
        "it is a constant. Make it with pente.tensor(x, requires_grad=True), outside of pente.no_grad(), "
        "from tensors and not from NumPy arrays."
    )


def _label(handle: Handle) -> str:
    kind = type(handle).__name__.lower()
    return f"{kind} {handle.name!r}" if handle.name else f"this {kind} of shape {handle.shape}"
