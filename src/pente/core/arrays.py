"""From plain data to an array of numbers that Pente knows."""

from typing import Any

import numpy as np

from pente import dtypes
from pente.dtypes import DType
from pente.errors import DataError, DTypeError

__all__ = ["array_of", "number_of"]


def array_of(x: Any, dtype: DType | None = None) -> np.ndarray[Any, Any]:
    """The NumPy array of data that is not a tensor: Python floats become float32, arrays keep their dtype and are
    shared.

    ``dtype`` is what the caller is going to cast to: whole numbers must fit into it, Python floats are rounded once.
    Raises DataError for ragged lists and DTypeError for what is no number.
    """
    try:
        array = np.asarray(x)
    except ValueError:
        raise DataError(f"the nested list is ragged: {_ragged(x)}. All must have the same length.") from None
    if array.dtype == object or array.dtype.kind in "USOmMV":
        raise DTypeError(
            f"expected numbers, got {array.dtype} in {type(x).__name__} of shape {array.shape}: {str(x)[:60]}."
        )
    if not hasattr(x, "dtype") and not hasattr(x, "__array__"):
        array = _from_python(array, dtype)
    dtypes.as_dtype(array.dtype)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _from_python(array: np.ndarray[Any, Any], dtype: DType | None) -> np.ndarray[Any, Any]:
    if array.dtype == dtypes.float64 and (dtype is None or dtypes.is_inexact(dtype)):
        return array.astype(dtypes.default_float if dtype is None else dtype)
    if dtype is not None and array.size and array.dtype.kind in "iu" and dtype.kind in "iu":
        number_of(array.min().item(), dtype)
        number_of(array.max().item(), dtype)
    return array


def number_of(x: Any, dtype: DType) -> np.ndarray[Any, Any]:
    """A plain Python number as an array of this dtype; raises DTypeError where an integer has no room for it."""
    try:
        return np.asarray(x, dtype)
    except OverflowError:
        bounds = np.iinfo(dtype)
        raise DTypeError(
            f"{x} does not fit into {dtype.name}, which goes from {bounds.min} to {bounds.max}. "
            "Cast to a wider dtype first: x.astype('int64') or x.astype('float32')."
        ) from None


def _ragged(x: Any) -> str:
    """Which rows differ, level by level."""
    lengths = [len(row) if isinstance(row, (list, tuple)) else 0 for row in x]
    if len(set(lengths)) > 1:
        odd = next(i for i, n in enumerate(lengths) if n != lengths[0])
        return f"row 0 has {lengths[0]} entries and row {odd} has {lengths[odd]}"
    return next((f"in row {i}, {_ragged(row)}" for i, row in enumerate(x) if _differs(row)), "rows differ in shape")


def _differs(row: Any) -> bool:
    try:
        np.asarray(row)
    except ValueError:
        return True
    return False
