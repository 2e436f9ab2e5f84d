"""Tables of other libraries, column by column: pandas, polars, Arrow, and whatever gives an Arrow stream."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pente.errors import DataError, MissingExtraError

__all__ = ["columns", "is_frame", "numbers"]

ENCODER = "For whole tables: x = pente.data.TableEncoder(target='y').fit(frame).transform(frame)."
KINDS = {"U": "text", "S": "text", "T": "text", "M": "dates", "m": "time spans"}


def is_frame(value: Any) -> bool:
    """Whether this is a table with named columns."""
    named = hasattr(value, "columns") and hasattr(value, "to_numpy")
    return named or hasattr(value, "column_names") or _is_stream(value)


def _is_stream(value: Any) -> bool:
    """Whether this can be read as an Arrow stream alone."""
    return hasattr(value, "__arrow_c_stream__") and not hasattr(value, "to_numpy")


def columns(frame: Any) -> dict[str, Any]:
    """The columns of a table by their names, in its order."""
    if not hasattr(frame, "columns") and not hasattr(frame, "column_names"):
        frame = _of_stream(frame)
    names: Iterable[Any] = frame.column_names if hasattr(frame, "column_names") else frame.columns
    found = {name: frame[name] for name in names}
    for name, column in found.items():
        if is_frame(column):
            raise DataError(f"the table has several columns named {name!r}: give each its own name.")
    if not found:
        raise DataError("the table has no columns.")
    return found


def _of_stream(value: Any) -> Any:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtraError("reading an Arrow stream", "pyarrow", "parquet") from None
    return pyarrow.table(value)


def numbers(column: Any, what: str) -> NDArray[Any]:
    """The numbers of a column or an array; what holds none is named, with what to do."""
    # Arrow's own arrays, which have no dtype, copy where they must only by way of np.asarray.
    plain = not hasattr(column, "to_numpy") or (hasattr(column, "__array__") and not hasattr(column, "dtype"))
    array = np.asarray(column if plain else column.to_numpy())
    if array.dtype == object:
        array = _of_objects(array, what)
    if array.dtype.kind not in "biufc":
        raise DataError(
            f"{what} holds {KINDS.get(array.dtype.kind, 'objects')}, and numbers are expected: {_sample(array)}. "
            f"{_advice(array, what)}"
        )
    return array


def _of_objects(array: NDArray[Any], what: str) -> NDArray[Any]:
    """Numbers that came as Python objects, as numbers; a missing one has a place."""
    missing = np.array([_is_missing(item) for item in array.flat], bool)
    rest = array.reshape(-1)[~missing]
    if not all(isinstance(item, (bool, int, float, np.number, np.bool_)) for item in rest):
        return array
    if missing.any():
        raise DataError(
            f"{what} misses {missing.sum()} of its {array.size} values, first in row {_row(array, missing)}. "
            "Fill them (pandas: frame.fillna(0), polars: frame.fill_null(0)) or drop their rows (dropna, drop_nulls); "
            f"{ENCODER}"
        )
    return np.asarray(rest.tolist()).reshape(array.shape)


def _is_missing(item: Any) -> bool:
    """None, or the mark of pandas for what is not there, which is of a class of its own."""
    return item is None or type(item).__name__ in ("NAType", "NaTType")


def _row(array: NDArray[Any], missing: NDArray[np.bool_]) -> int:
    return int(np.unravel_index(missing.argmax(), array.shape)[0])


def _advice(array: NDArray[Any], what: str) -> str:
    name = what if what.isidentifier() else "column"
    if array.dtype.kind in "Mm":
        advice = "Turn them into numbers, such as days: (t - t.min()) / np.timedelta64(1, 'D')."
    else:
        advice = f"Turn categories into numbers first: np.unique({name}, return_inverse=True)[1]."
    return f"{advice} {ENCODER}" if what.startswith("column ") else advice


def _sample(array: NDArray[Any]) -> str:
    """The first thing in it that is no number."""
    for place, item in np.ndenumerate(array):
        item = item.item() if isinstance(item, np.str_) else item
        if not isinstance(item, (int, float, np.number)) and not _is_missing(item):
            return f"{list(place)} is {str(item) if array.dtype.kind in 'Mm' else repr(item):.40}"
    return f"dtype {array.dtype}"
