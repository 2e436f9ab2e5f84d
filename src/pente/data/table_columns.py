"""What each column of a table becomes in the matrix: numbers, categories, dates, and what is left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pente.config import Configured, find
from pente.data.columns import Column

__all__ = [
    "CategoryEncoder",
    "ColumnEncoder",
    "DateEncoder",
    "LeftOut",
    "NumberEncoder",
    "column_encoder",
    "learned",
    "shown_number",
]

Array = NDArray[Any]
Features = NDArray[np.float32]

TAILS = 0.02  # the share of the values on either side that does not count for the spread
FAR = 3.0  # what is so many spreads away is drawn in
SEEN = 2  # a category that comes less often is one of the others
DAY = 86_400.0
# The cycles of dates, in seconds, and for how long the dates must span before a cycle says more than the time elapsed.
CYCLES = {"year": (365.2425 * DAY, 365 * DAY), "week": (7 * DAY, 14 * DAY), "day": (DAY, DAY)}


@dataclass(eq=False, repr=False)
class ColumnEncoder(Configured):
    """What was learned of one column in training, and what it becomes."""

    name: str
    type_name: ClassVar[str] = ""

    @property
    def features(self) -> list[str]:
        """The names of the columns of the matrix that it becomes."""
        raise NotImplementedError

    @property
    def told(self) -> str:
        """What is made of it, for people."""
        raise NotImplementedError

    def encode(self, column: Column) -> Features:
        """(N, len(features)): the column as numbers."""
        raise NotImplementedError

    def unseen(self, column: Column) -> tuple[Array, str]:
        """Which rows hold what training never saw, and what becomes of them."""
        return np.zeros(len(column.values), dtype=bool), ""


@dataclass(eq=False, repr=False)
class NumberEncoder(ColumnEncoder):
    """z = (x - center) / scale, drawn in from 3 on: sign(z) (3 + log(|z| - 2)); a missing one counts as the median."""

    center: float
    scale: float
    missing: bool = False
    type_name = "number"

    @property
    def features(self) -> list[str]:
        return [self.name, *([f"{self.name} is missing"] if self.missing else [])]

    @property
    def told(self) -> str:
        return f"around {shown_number(self.center)}, spread {shown_number(self.scale)}" + _and_missing(self.missing)

    def encode(self, column: Column) -> Features:
        return _with_missing([_standard(column.values, self.center, self.scale)], column, self.missing)

    def unseen(self, column: Column) -> tuple[Array, str]:
        return (column.missing & (not self.missing)), "none was missing in training: the median stands for it"


@dataclass(eq=False, repr=False)
class DateEncoder(ColumnEncoder):
    """The time elapsed, as a number, and sine and cosine of the place in each cycle."""

    center: float
    scale: float
    cycles: Sequence[str] = ()
    form: str = "iso"
    missing: bool = False
    type_name = "date"

    @property
    def features(self) -> list[str]:
        waves = [f"{self.name}: {wave} of the {cycle}" for cycle in self.cycles for wave in ("sine", "cosine")]
        return [self.name, *waves, *([f"{self.name} is missing"] if self.missing else [])]

    @property
    def told(self) -> str:
        parts = ["time elapsed", *(f"place in the {cycle}" for cycle in self.cycles)]
        return ", ".join(parts) + _and_missing(self.missing)

    def encode(self, column: Column) -> Features:
        seconds = _seconds(column)
        parts = [_standard(seconds, self.center, self.scale)]
        for cycle in self.cycles:
            angle = 2 * np.pi * np.nan_to_num(seconds) / CYCLES[cycle][0]
            parts += [np.where(column.missing, 0, wave(angle)) for wave in (np.sin, np.cos)]
        return _with_missing(parts, column, self.missing)

    def unseen(self, column: Column) -> tuple[Array, str]:
        return (column.missing & (not self.missing)), "none was missing in training: the median stands for it"


@dataclass(eq=False, repr=False)
class CategoryEncoder(ColumnEncoder):
    """A column of zeros and ones for each value; two values share one, of -1 and 1. What is unknown is zero in all.

    Where training had rare values, one column stands for all of them, and then for unknown ones too.
    """

    values: Sequence[str]
    others: bool = False
    missing: bool = False
    type_name = "category"

    @property
    def paired(self) -> bool:
        """Whether the two values share a column."""
        return len(self.values) == 2 and not self.others

    @property
    def features(self) -> list[str]:
        names = [self.values[1]] if self.paired else [*self.values, *(["another value"] if self.others else [])]
        return [f"{self.name} is {name}" for name in [*names, *(["missing"] if self.missing else [])]]

    @property
    def told(self) -> str:
        shown = ", ".join(self.values[:4]) + (", …" if len(self.values) > 4 else "")
        rare = ", and rare ones" if self.others else ""
        return f"{len(self.values)} values: {shown}{rare}" + _and_missing(self.missing)

    def encode(self, column: Column) -> Features:
        codes = self._codes(column)
        if self.paired:
            return _with_missing([np.array([-1.0, 1.0, 0.0])[codes]], column, self.missing)
        places = len(self.values) + self.others
        hot = np.zeros((len(codes), places + 1), dtype=np.float32)
        hot[np.arange(len(codes)), np.where(column.missing, places, codes)] = 1
        return _with_missing(list(hot[:, :places].T), column, self.missing)

    def _codes(self, column: Column) -> Array:
        """The place of each value, and the one after the last for what is none of them."""
        places = {value: i for i, value in enumerate(self.values)}
        return np.array([places.get(label, len(places)) for label in column.labels().tolist()], dtype=np.int64)

    def unseen(self, column: Column) -> tuple[Array, str]:
        unknown = (self._codes(column) == len(self.values)) & ~column.missing & (not self.others)
        lacking = column.missing & (not self.missing)
        return unknown | lacking, "not seen in training: it counts as unknown"


@dataclass(eq=False, repr=False)
class LeftOut(ColumnEncoder):
    """A column that nothing is learned from, and why."""

    reason: str
    type_name = "left out"

    @property
    def features(self) -> list[str]:
        return []

    @property
    def told(self) -> str:
        return self.reason

    def encode(self, column: Column) -> Features:
        return np.empty((len(column.values), 0), dtype=np.float32)


KNOWN = {cls.__name__: cls for cls in (NumberEncoder, DateEncoder, CategoryEncoder, LeftOut)}


def column_encoder(identifier: Any) -> ColumnEncoder:
    """The encoder itself, or the one that ``{"class_name": ..., "config": {...}}`` makes."""
    encoder: ColumnEncoder = find("encoder of columns", KNOWN, identifier, ColumnEncoder)
    return encoder


def learned(name: str, column: Column, max_categories: int) -> ColumnEncoder:
    """What the values of these rows teach of a column."""
    missing = bool(column.missing.any())
    reason = _reason(column, missing)
    if reason:
        return LeftOut(name, reason)
    if column.kind in ("number", "date"):
        numbers = (column.values if column.kind == "number" else _seconds(column))[~column.missing]
        center, scale = _spread(numbers)
        if column.kind == "number":
            return NumberEncoder(name, center, scale, missing)
        return DateEncoder(name, center, scale, _cycles(numbers), column.form, missing)
    values, times = np.unique(column.labels()[~column.missing].astype(str), return_counts=True)
    frequent = [str(values[i]) for i in np.lexsort((values, -times)) if times[i] >= SEEN][:max_categories]
    if not frequent:
        return LeftOut(name, "each value comes once")
    if len(frequent) == 2:
        frequent.sort()
    return CategoryEncoder(name, frequent, len(frequent) < len(values), missing)


def _reason(column: Column, missing: bool) -> str:
    present = column.values[~column.missing]
    if not len(present):
        return "all values are missing"
    if not missing and (present == present[0]).all():
        return f"every value is {column.labels()[0]}"
    different = len(set(present.tolist()))
    if column.kind == "identifier":
        return "every row has a value of its own"
    return f"{different:,} different texts in {len(present):,} rows" if column.kind == "text" else ""


def _spread(numbers: Array) -> tuple[float, float]:
    """The median, and the standard deviation of what is between the tails; of all where that is nothing."""
    low, center, high = np.quantile(numbers, [TAILS, 0.5, 1 - TAILS])
    scale = np.clip(numbers, low, high).std() or numbers.std() or 1.0
    return float(center), float(scale)


def _cycles(seconds: Array) -> list[str]:
    span = seconds.max() - seconds.min()
    whole_days = bool((seconds % DAY == seconds[0] % DAY).all())
    return [name for name, (_, least) in CYCLES.items() if (not whole_days if name == "day" else span >= least)]


def _seconds(column: Column) -> Array:
    """Since 1970 began; NaN where there is no date."""
    seconds = column.values.astype("datetime64[us]").astype(np.int64) / 1e6
    return np.where(column.missing, np.nan, seconds)


def _standard(numbers: Array, center: float, scale: float) -> Array:
    z = np.nan_to_num((numbers - center) / scale, nan=0.0)
    far = np.abs(z)
    return np.where(far <= FAR, z, np.sign(z) * (FAR + np.log(np.maximum(far, FAR) - FAR + 1)))


def _with_missing(parts: list[Array], column: Column, missing: bool) -> Features:
    return np.stack([*parts, *([column.missing] if missing else [])], axis=1).astype(np.float32)


def shown_number(number: float) -> str:
    """A number in a few digits, as people write it.

    >>> shown_number(0.012345), shown_number(23_820.4), shown_number(2e12)
    ('0.01235', '23,820', '2e+12')
    """
    return f"{number:,.0f}" if 1000 <= abs(number) < 1e9 else f"{number:.4g}"


def _and_missing(missing: bool) -> str:
    return ", and whether it is missing" if missing else ""
