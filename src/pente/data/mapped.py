"""Arrays that lie in a file and are read where they are asked for, so that they may be larger than memory."""

import mmap
from typing import Any

import numpy as np

__all__ = ["is_mapped", "let_go"]


def is_mapped(array: Any) -> bool:
    """Whether this array, or the one it is a view of, lies in a file."""
    return _file_of(array) is not None


def let_go(array: Any) -> None:
    """Give back the memory that holds what was read of the file; what is asked for again is read again.

    Nothing that was written is lost: a map that keeps changes to itself (mode "c") is left as it is.
    """
    file = _file_of(array)
    if file is not None and hasattr(file, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
        file.madvise(mmap.MADV_DONTNEED)


def _file_of(array: Any) -> mmap.mmap | None:
    while array is not None and not isinstance(array, mmap.mmap):
        if isinstance(array, np.memmap) and array.mode == "c":
            return None
        array = getattr(array, "base", None)
    return array
