"""Room for large arrays: what was let go is collected before more is taken.

A model, its layers and its programs refer to each other, so no counting of references frees them; Python's collector
does. It looks after so many new objects, of which a large model has no more than a small one. Here it is told of bytes.
"""

import gc

__all__ = ["make_room"]

LIMIT = 256 * 2**20  # bytes: to take so many is slower than to look


class _Taken:
    since = 0  # bytes that were taken since the last look


def make_room(size: int) -> None:
    """Count bytes that are taken for long; from a limit on, free what was let go."""
    _Taken.since += size
    if _Taken.since >= LIMIT and gc.isenabled():
        _Taken.since = 0
        gc.collect()
