"""The values of Variables at one moment, to come back to."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from pente.core.tensor import Variable

__all__ = ["Snapshot", "all_finite"]


class Snapshot:
    """What some Variables are now. It costs nothing: a Variable that changes takes another array."""

    def __init__(self, variables: Iterable[Variable]) -> None:
        self.values: Mapping[Variable, Any] = {variable: variable.array for variable in variables}

    def restore(self) -> None:
        """Give every Variable the value that it had."""
        for variable, array in self.values.items():
            variable.replace(array)


def all_finite(arrays: Iterable[Any]) -> bool:
    """Whether there is neither nan nor infinity in them."""
    return all(np.isfinite(array).all() for array in arrays if array.dtype.kind in "fc")
