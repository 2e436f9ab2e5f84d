"""When Python's collector looks for what was let go: before large arrays are taken, and not in the middle of a trace.

A model, its layers and its programs refer to each other, so no counting of references frees them; Python's collector
does. It looks after so many new objects, of which a large model has no more than a small one. Here it is told of bytes.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["make_room", "uncollected"]

LIMIT = 256 * 2**20  # bytes: to take so many is slower than to look


class _Taken:
    since = 0  # bytes that were taken since the last look


def make_room(size: int) -> None:
    """Count bytes that are taken for long; from a limit on, free what was let go."""
    _Taken.since += size
    if _Taken.since >= LIMIT and gc.isenabled():
        _Taken.since = 0
        gc.collect()


@contextmanager
def uncollected() -> Iterator[None]:
    """Make many objects that stay: looking among them for what was let go would take a quarter of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
