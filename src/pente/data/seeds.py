"""Random numbers as a function of a seed alone: never of global state, of time or of what was drawn elsewhere."""

import operator

import numpy as np
from numpy.typing import NDArray

from pente.errors import DataError

__all__ = ["generator"]


def generator(seed: int, stream: int = 0) -> "np.random.Generator":
    """Return stream number `stream` of a seed, at its start: Philox4x64-10 with the key (seed, stream).

    Both are integers in [0, 2⁶⁴); anything else raises DataError. Source: Salmon et al., "Parallel Random Numbers:
    As Easy as 1, 2, 3", 2011.

    >>> bool(generator(7).random() == generator(7).random())
    True
    """
    return np.random.Generator(
        np.random.Philox(key=_key(seed, stream))
    )  # named here alone: np.random takes 9 ms to load


def _key(seed: int, stream: int) -> NDArray[np.uint64]:
    try:
        return np.array([operator.index(seed), operator.index(stream)], dtype=np.uint64)
    except (TypeError, OverflowError):
        raise DataError(
            f"a seed and its epoch must be integers from 0 to 2**64 - 1, got {seed!r} and {stream!r}"
        ) from None
