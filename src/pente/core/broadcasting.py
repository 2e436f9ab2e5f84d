"""Broadcasts in which both sides grow: surely meant rarely, and silent in most libraries.

A column beside a row, (N, 1) with (N,), gives a table (N, N): in a loss that is a wrong number and no error. Where a
user's own line does that it is told, as a warning or as an error; Pente's own code does it on purpose.
"""

import sys
import warnings
from types import FrameType, TracebackType
from typing import Any

from pente.core.state import HOME, is_ours, state
from pente.errors import BroadcastingWarning, ShapeError
from pente.shapes import broadcast

__all__ = ["check_growth", "strict_broadcasting"]

# Files through which a user's line reaches an operation.
DOORS = (f"{HOME}core/tensor.py", f"{HOME}ops/elementwise.py", f"{HOME}layers/symbolic.py", __file__)


class strict_broadcasting:  # noqa: N801  (a switch that reads like a function, as no_grad does)
    """Let an operation raise in which both sides grow by broadcasting, as (N, 1) with (N,) to (N, N); else it warns.

    Holds for the lines of this thread inside the ``with``, or from the call on, until
    ``strict_broadcasting(False)``. One side alone may still be repeated: a bias, a mask, a number. A function that was
    compiled before is not looked at again.

    >>> import pente
    >>> with pente.strict_broadcasting():
    ...     pente.ones((3, 1)) - pente.ones(3)
    Traceback (most recent call last):
    pente.errors.ShapeError: subtract of shapes (3, 1) and (3,) gives (3, 3): both sides grow. ...
    """

    def __init__(self, on: bool = True) -> None:
        self.before = state.strict_broadcasting
        state.strict_broadcasting = on

    def __enter__(self) -> None:
        """It holds since the call."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        state.strict_broadcasting = self.before


def check_growth(op: str, a: Any, b: Any) -> None:
    """Raise or warn where both shapes grow to their common one, and a user's own line does it."""
    if not a or not b or a[-len(b) :] == b or not (_grows(a, b) and _grows(b, a)):
        return
    frame = _user_frame()
    if frame is None:
        return
    text = f"{op} of shapes {a} and {b} gives {broadcast(a, b)}: both sides grow. {_fix(a, b)}"
    if state.strict_broadcasting:
        raise ShapeError(text)
    names = frame.f_globals
    warnings.warn_explicit(
        text,
        BroadcastingWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        names.get("__name__"),
        names.setdefault("__warningregistry__", {}),
    )


def _grows(a: Any, b: Any) -> bool:
    """Whether a is repeated beside b."""
    ahead = any(n != 1 for n in b[: max(len(b) - len(a), 0)])
    return ahead or any(m == 1 != n for m, n in zip(a[::-1], b[::-1], strict=False))


def _fix(a: Any, b: Any) -> str:
    """What is most likely meant."""
    table = "For the table write pente.broadcast_arrays(x, y) before."
    if a == (*b, 1):
        return f"For element by element give the first as x[..., 0]. {table}"
    if b == (*a, 1):
        return f"For element by element give the second as x[..., 0]. {table}"
    return table


def _user_frame() -> FrameType | None:
    """The frame that called the operation, where it is the user's and not Pente's."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename in DOORS:
        frame = frame.f_back
    return None if frame is None or is_ours(frame) else frame
