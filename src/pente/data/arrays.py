"""From what a user has to NumPy arrays; what cannot be learned from is refused, with its place."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pente import tree
from pente.core.tensor import Handle
from pente.data.frames import columns, is_frame, numbers
from pente.errors import DataError
from pente.ops.lifting import is_structure

__all__ = ["Array", "arrays", "common_length", "is_data", "names_of", "require_finite"]

Array = NDArray[Any]


def is_data(value: Any) -> bool:
    """Whether this is an array, a frame, a list of numbers, or a dict or list of those; not an iterable of batches."""
    return (
        isinstance(value, (Handle, list, tuple, dict))
        or any(hasattr(value, name) for name in ("__array__", "to_numpy", "__dlpack__"))
        or is_frame(value)
    )


def arrays(value: Any, what: str) -> Any:
    """The same structure with an array at each leaf; ``what`` is its name in messages."""
    if isinstance(value, dict):
        return {key: arrays(item, f"{what}[{key!r}]") for key, item in value.items()}
    if isinstance(value, (list, tuple)) and is_structure(value):
        return [arrays(item, f"{what}[{i}]") for i, item in enumerate(value)]
    return _array(value, what)


def names_of(value: Any) -> list[Any] | None:
    """The names of the columns, where these are the rows of a table."""
    return list(columns(value)) if is_frame(value) else None


def _array(value: Any, what: str) -> Array:
    if isinstance(value, Handle):
        return value.numpy()
    if is_frame(value):
        return np.stack([numbers(column, f"column {name!r} of {what}") for name, column in columns(value).items()], 1)
    try:
        array = value if hasattr(value, "to_numpy") else _dense(np.asarray(value))
    except ValueError:
        raise DataError(f"{what} is ragged: {_ragged(value)}. All rows must have the same shape.") from None
    array = numbers(array, what)
    if not array.ndim:
        raise DataError(f"{what} is a single number, and rows are expected: write np.array([...]).")
    given_as_floats = isinstance(value, (list, tuple)) and array.dtype == np.float64
    return array.astype(np.float32) if given_as_floats else array


def _dense(array: Array) -> Array:
    """An array of arrays as one array."""
    nested = array.dtype == object and array.ndim == 1 and len(array) and isinstance(array[0], np.ndarray | list)
    return np.stack([np.asarray(row) for row in array]) if nested else array


def _ragged(value: Any) -> str:
    """Which row differs from the first."""
    shapes = [np.shape(row) if not isinstance(row, (list, tuple)) else (len(row),) for row in value]
    row = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), 0)
    return f"row 0 has {_size(shapes[0])} and row {row} has {_size(shapes[row])}" if row else "its rows differ inside"


def _size(shape: tuple[int, ...]) -> str:
    return f"length {shape[0]}" if len(shape) == 1 else f"shape {shape}"


def common_length(**named: Any) -> int:
    """The number of rows of all arrays in these structures, which must agree."""
    lengths = {(name, i): len(a) for name, t in named.items() if t is not None for i, a in enumerate(tree.leaves(t))}
    if not lengths:
        raise DataError("there is no data: give x and y.")
    if len(set(lengths.values())) > 1:
        parts = {name: [n for (own, _), n in lengths.items() if own == name] for name, _ in lengths}
        told = ", ".join(f"{name} has {' and '.join(map(str, sizes))}" for name, sizes in parts.items())
        raise DataError(f"{' and '.join(parts)} must have as many rows as each other: {told}.{_hint(named)}")
    (rows,) = set(lengths.values())
    if not rows:
        raise DataError("the data is empty: x has 0 rows.")
    return rows


def _hint(named: dict[str, Any]) -> str:
    many = any(isinstance(t, list) for t in named.values())
    return " A list of arrays means several inputs; for rows in a list write np.stack(x)." if many else ""


def require_finite(values: Any, what: str, names: Any = None, place: str = "") -> None:
    """Raise DataError where a number is NaN or infinite; ``names`` are those of the columns, ``place`` is told, too."""
    if isinstance(values, dict):
        for key, part in values.items():
            require_finite(part, f"{what}[{key!r}]", place=place)
    elif isinstance(values, (list, tuple)):
        for i, part in enumerate(values):
            require_finite(part, f"{what}[{i}]", place=place)
    # A sum is finite only if all of its numbers are, and takes less time than looking at each. One that overflows
    # only sends us to look.
    elif values.dtype.kind == "f" and not np.isfinite(_total(values)):
        _refuse_infinite(values, what, names, place)


def _total(array: Array) -> Any:
    with np.errstate(all="ignore"):
        return array.sum()


def _refuse_infinite(array: Array, what: str, names: Any, place: str) -> None:
    bad = ~np.isfinite(array)
    if not bad.any():
        return
    first = np.argwhere(bad)[0]
    kind = "NaN" if np.isnan(array[tuple(first)]) else "infinity"
    columns = ""
    if array.ndim == 2:
        found = np.flatnonzero(bad.any(axis=0))[:5]
        columns = f", in column {', '.join(str(i if names is None else repr(names[i])) for i in found)}"
    raise DataError(
        f"{what} holds {kind}{place}: first in row {first[0]}{columns}; {bad.sum()} of {array.size} numbers are not "
        f"finite. Fill them or drop their rows before training: keep = np.isfinite({what})"
        f"{'.all(axis=-1)' * (array.ndim > 1)}."
    )
