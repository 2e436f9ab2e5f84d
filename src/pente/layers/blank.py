"""Weights whose first values nobody will see, because others are at hand."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from pente.core.tensor import Tensor
from pente.dtypes import DType
from pente.errors import DataError
from pente.shapes import Shape

__all__ = ["blank_weights", "current_blank"]


class Blank:
    """Zeros, and not more of them than there are numbers to put in their place."""

    def __init__(self, nbytes: int) -> None:
        self.left = nbytes

    def values(self, shape: Shape, dtype: DType) -> Tensor:
        """The first values of a weight. Raises DataError where the weights want more than there is."""
        self.left -= math.prod(shape) * dtype.itemsize
        if self.left < 0:
            raise DataError(f"a weight of shape {shape} is larger than what is there to fill it.")
        return Tensor(np.zeros(shape, dtype))


class _Active(threading.local):
    blank: Blank | None = None


_active = _Active()


def current_blank() -> Blank | None:
    """What gives weights their first values here, where it is not their initializers."""
    return _active.blank


@contextmanager
def blank_weights(nbytes: int) -> Iterator[None]:
    """Make weights without drawing them, of this many bytes together at most: their values come from a file."""
    _active.blank = Blank(nbytes)
    try:
        yield
    finally:
        _active.blank = None
