"""Random bits as a pure function of a key and a counter: Philox4x64-10, NumPy's own stream."""

from math import prod
from typing import Any

import numpy as np

__all__ = ["random_bits"]


def random_bits(key: Any, counter: Any, shape: Any, dtype: Any) -> Any:
    """Element i of the draw with this counter: the words of Philox(counter=(0, 0, counter, 0), key) in order.

    32-bit words are the halves of the 64-bit words, the low half first.
    """
    if np.shape(key) != (2,) or key.dtype != np.uint64:
        raise ValueError("no key")  # the rule says what a key is
    words = -(-prod(shape) * dtype.itemsize // 8)
    counter_words = np.array([0, 0, int(counter), 0], np.uint64)  # a list would go through floats, and lose low bits
    stream = np.random.Philox(counter=counter_words, key=np.asarray(key))
    bits = stream.random_raw(words).view(dtype)  # on the little-endian machines that NumPy's wheels are built for
    return bits[: prod(shape)].reshape(shape)
