"""What is true of the current thread: is the graph recorded, inside which layer, under which tracer."""

import contextvars
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pente.core.tracer import Tracer

__all__ = [
    "HOME",
    "Position",
    "State",
    "is_ours",
    "layer_path",
    "no_grad",
    "place_text",
    "position_text",
    "state",
    "user_position",
    "users_place",
]

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
BLOCKS = contextmanager.__code__.co_filename  # where Python runs the ends of our with-blocks
Position = tuple[CodeType, int]


def _quiet_context() -> contextvars.Context:
    """A context in which NumPy gives inf and nan without a warning; to run in it costs 0.1 µs, np.errstate 0.7."""
    context = contextvars.copy_context()
    context.run(np.seterr, all="ignore")
    return context


class State(threading.local):
    """The settings of one thread."""

    def __init__(self) -> None:
        self.recording = True
        self.quiet = _quiet_context()
        self.path = ""
        self.position: Position | None = None
        self.tracers: list[Tracer] = []
        self.watchers = 0  # how many tapes and transforms around us still want to differentiate what is computed now
        self.strict_broadcasting = False
        self.watch: Any = None  # who is told of what is computed on the way
        self.backward: Any = None  # what the last backward() reached, for the reason why a gradient is missing


state = State()


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording the graph; usable as a context and as a decorator.

    >>> import pente
    >>> x = pente.tensor([1.0], requires_grad=True)
    >>> with pente.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """
    before, state.recording = state.recording, False
    try:
        yield
    finally:
        state.recording = before


@contextmanager
def layer_path(path: str) -> Iterator[None]:
    """Give the nodes made inside the path of the layer that makes them, and the user's line that called it."""
    before, outer = state.path, state.position
    state.path = path
    if outer is None:
        state.position = user_position(3)  # past contextlib, which enters us
    try:
        yield
    finally:
        state.path, state.position = before, outer


def user_position(depth: int) -> Position:
    """The code object and offset of the nearest caller that is not Pente itself."""
    if state.position is not None:
        return state.position
    frame: FrameType = sys._getframe(depth)
    while frame.f_code.co_filename.startswith(HOME) and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


def is_ours(frame: FrameType) -> bool:
    """Whether this is Pente's code: of its files, or an ``__init__`` that was made for a class of them."""
    file = frame.f_code.co_filename
    made = file == "<string>" and frame.f_globals.get("__name__", "").startswith("pente.")
    return file.startswith(HOME) or file == BLOCKS or made


def users_place() -> tuple[str, int]:
    """File and line at which the nearest caller stands that is not Pente itself."""
    frame: FrameType = sys._getframe(1)
    while is_ours(frame) and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def position_text(position: Position | None) -> str:
    """The position as ``file.py, line 12``."""
    if position is None:
        return "an unknown line"
    code, offset = position
    lines = list(code.co_positions())
    line = lines[offset // 2][0] if offset // 2 < len(lines) else code.co_firstlineno
    return place_text(code.co_filename, line)


def place_text(file: str, line: int | None) -> str:
    """File and line as a message tells them; a cell of a notebook has no name that a user knows."""
    return f"{'a cell' if 'ipykernel_' in file else os.path.basename(file)}, line {line}"
