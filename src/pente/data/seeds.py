"""Random numbers as a function of a seed alone: never of global state, of time or of what was drawn elsewhere."""

import operator

import numpy as np
from numpy.typing import NDArray

from pente.errors import DataError

__all__ = ["generator", "permutation"]


def generator(seed: int, stream: int = 0, part: int = 0) -> "np.random.Generator":
    """Return stream number `stream` of a seed: Philox4x64-10 with the key (seed, stream), from the counter part · 2¹²⁸.

    All are integers in [0, 2⁶⁴); anything else raises DataError. Parts of a stream do not overlap. Source: Salmon et
    al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011.

    >>> bool(generator(7).random() == generator(7).random())
    True
    """
    bits = np.random.Philox(key=_key(seed, stream), counter=np.array([0, 0, part, 0], np.uint64))
    return np.random.Generator(bits)  # named here alone: np.random takes 9 ms to load


def permutation(n: int, seed: int, epoch: int, block_size: int | None = None) -> NDArray[np.int64]:
    """Return the order in which an epoch reads n rows, as a function of the arguments alone.

    No state is carried from one epoch to the next, so a run that resumes needs only its epoch and its place in it.
    With a block size, blocks of so many neighbouring rows change places, and the rows within each.

    >>> order = permutation(5, seed=0, epoch=3)
    >>> bool((order == permutation(5, seed=0, epoch=3)).all()), sorted(order.tolist())
    (True, [0, 1, 2, 3, 4])
    """
    if n < 1:
        raise DataError(f"there is no order without data: expected at least 1 row, got {n}")
    random = generator(seed, epoch)
    if block_size is None:
        return random.permutation(n)
    starts = random.permutation(-(-n // block_size)) * block_size
    blocks = [np.arange(start, min(start + block_size, n)) for start in starts.tolist()]
    return np.concatenate([random.permutation(block) for block in blocks])


def _key(seed: int, stream: int) -> NDArray[np.uint64]:
    try:
        return np.array([operator.index(seed), operator.index(stream)], dtype=np.uint64)
    except (TypeError, OverflowError):
        raise DataError(
            f"a seed and its epoch must be integers from 0 to 2**64 - 1, got {seed!r} and {stream!r}"
        ) from None
