"""A table of typed columns, from a CSV or Parquet file or a frame, and its split in two."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pente.data import frames
from pente.data.columns import Column, column_of_text, column_of_values
from pente.data.csv import read_csv
from pente.data.split import train_test_split
from pente.errors import DataError, MissingExtraError, UnknownNameError, UsageError

__all__ = ["Table", "read_table"]

Rows = NDArray[Any]
LEFT_OUT = ("identifier", "text")  # the kinds that no table can learn from


class Table:
    """Columns by name, all of the same number of rows.

    ``table["age"]`` is a column, with ``kind`` and ``values``; ``table[rows]`` is a table of those rows, given by a
    slice, their numbers or a mask. ``notes`` says what was not plain when the table was read.

    >>> table = read_table({"age": [31, 45, 27], "city": ["Oslo", "Bergen", "Oslo"]}, types={"city": "category"})
    >>> table
    <Table of 3 rows: age (number), city (category)>
    >>> table[1:]["city"].values.tolist()
    ['Bergen', 'Oslo']
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        *,
        source: str = "the table",
        lines: Rows | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.columns = dict(columns)
        self.source = source
        self.lines = lines
        self.notes = [*notes, *(note for column in columns.values() for note in column.notes)]
        self.rows = len(next(iter(self.columns.values())).values) if self.columns else 0
        # Where each row was when the table was read.
        self.places = np.arange(self.rows)

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, wanted: Any) -> Any:
        if not isinstance(wanted, str):
            return self._of_rows(wanted)
        if wanted not in self.columns:
            raise UnknownNameError(f"column in {self.source}", wanted, self.columns)
        return self.columns[wanted]

    def _of_rows(self, rows: Any) -> "Table":
        columns = {name: column._replace(values=column.values[rows], notes=()) for name, column in self.columns.items()}
        part = Table(columns, source=self.source, lines=self.lines, notes=self.notes)
        part.places = self.places[rows]
        return part

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each column."""
        return {name: column.kind for name, column in self.columns.items()}

    def where(self, row: int) -> str:
        """Where a row stands in what was read: ``line 17`` of a file, ``row 15`` of a frame."""
        place = int(self.places[row])
        return f"row {place}" if self.lines is None else f"line {self.lines[place]}"

    def codes(self, target: str | None = None) -> NDArray[np.float64]:
        """(N, columns): a number for each value, equal for equal ones, NaN where there is none.

        The target is left out, and so are identifiers and free text; DataError where nothing else is there.
        """
        others = {name: column for name, column in self.columns.items() if name != target}
        used = [column for column in others.values() if column.kind not in LEFT_OUT]
        if not used:
            told = ", ".join(f"{name!r} is read as {column.kind}" for name, column in others.items())
            raise DataError(
                f"{self.source} has no column to learn from beside {target!r}: {told or 'there is no other'}. "
                "If such a column means something, give it the type 'number' or 'category'."
            )
        return np.stack([_codes(column) for column in used], axis=1)

    def split(
        self, target: str | None = None, *, test_size: float | int = 0.25, stratify: bool | None = None, seed: int = 0
    ) -> tuple["Table", "Table"]:
        """Split in two, so that rows that are equal in all columns but the target come to the same side.

        With ``stratify`` each value of the target gets its share of both sides; None says so where it is a category or
        a truth value. The rest is as ``train_test_split`` says.

        >>> table = read_table({"x": np.linspace(0, 1, 100), "y": ["a", "b", "b", "b"] * 25})
        >>> train, test = table.split("y", test_size=0.2)
        >>> len(train), sorted(test["y"].values.tolist()).count("a")
        (80, 5)
        """
        classes = None
        if stratify is None:
            stratify = target is not None and self[target].kind in ("category", "boolean")
        if target is not None and stratify:
            classes = self[target].labels().astype(str)
        known = self.codes(target)
        parts = train_test_split(known, np.arange(self.rows), test_size=test_size, stratify=classes, seed=seed)
        return self[parts[2]], self[parts[3]]

    def __repr__(self) -> str:
        return f"<Table of {self.rows} rows: {', '.join(f'{name} ({kind})' for name, kind in self.kinds.items())}>"


def _codes(column: Column) -> NDArray[np.float64]:
    if column.kind == "number":
        return column.values
    known: dict[Any, int] = {}
    codes = np.array([known.setdefault(value, len(known)) for value in column.values.tolist()], dtype=np.float64)
    codes[column.missing] = np.nan
    return codes


def read_table(
    source: Any,
    *,
    types: Mapping[str, str] | None = None,
    encoding: str | None = None,
    header: bool | None = None,
) -> Table:
    r"""Read a CSV, TSV (also packed with gzip) or Parquet file, or take a pandas, polars or Arrow frame or a dict.

    The kind of each column is found from what it holds: number, boolean, category (text of few values), date (and
    time), identifier (as many values as rows) or text. ``types`` says it instead, as in ``{"zip": "category"}`` or
    ``{"day": "date:%d/%m/%Y"}``. Nothing, NA, NaN, null, None, ? and - are missing values. Where nine in
    ten of a column's different values are numbers, or dates, the others count as missing, and ``notes`` tells of them.

    Raises DataError, with line and what to do, for an empty file, rows that are too short or too long, quotes and
    encodings that do not fit, and names that come twice; UnknownNameError for a type of a column that is not there;
    FileNotFoundError.

    >>> import tempfile, pathlib
    >>> people = pathlib.Path(tempfile.mkdtemp(), "people.csv")
    >>> _ = people.write_text("age;income;born\n31;1.200,50;2.3.1993\n45;NA;17.11.1979\n")
    >>> table = read_table(people)
    >>> table.kinds, table["income"].values.tolist()
    ({'age': 'number', 'income': 'number', 'born': 'date'}, [1200.5, nan])
    """
    if isinstance(source, Table):
        return source
    types = dict(types or {})
    if not isinstance(source, (str, Path)):
        return _of_frame(source, types)
    if Path(source).is_dir():
        raise DataError(f"{source} is a folder, and a table is a file.")
    with open(source, "rb") as file:
        parquet = file.read(4) == b"PAR1"
    if parquet:
        return _of_frame(_read_parquet(source), types, str(source))
    text = read_csv(source, encoding=encoding, header=header)
    _check_types(types, text.names, str(source))

    def where(row: int) -> str:
        return f"line {text.lines[row]}"

    columns = {
        name: column_of_text(texts, name, types.get(name), delimiter=text.delimiter, where=where)
        for name, texts in zip(text.names, text.columns, strict=True)
    }
    return Table(columns, source=str(source), lines=np.array(text.lines), notes=text.notes)


def _of_frame(frame: Any, types: dict[str, str], source: str = "the table") -> Table:
    arrays = _arrays(frame)
    _check_types(types, arrays, source)
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"the columns of a table have as many rows as each other, got {lengths}.")
    if not any(lengths.values()):
        raise DataError(f"{source} has no rows: there is nothing to learn from.")
    columns = {name: column_of_values(array, name, types.get(name)) for name, array in arrays.items()}
    return Table(columns, source=source)


def _arrays(frame: Any) -> dict[str, Rows]:
    """Each column as an array, by its name."""
    if isinstance(frame, Mapping):
        return {str(name): _flat(values, name) for name, values in frame.items()}
    if not frames.is_frame(frame):
        raise UsageError(
            f"a table is a file, a frame or a dict of columns, got {type(frame).__name__}: for an array write "
            "read_table({'height': x[:, 0], 'weight': x[:, 1]})."
        )
    return {str(name): _flat(column.to_numpy(), name) for name, column in frames.columns(frame).items()}


def _flat(values: Any, name: object) -> Rows:
    array = np.asarray(values if hasattr(values, "__array__") else list(values))
    if array.ndim != 1:
        raise DataError(f"column {name!r} of a table has one value a row, got an array of shape {array.shape}.")
    return array


def _read_parquet(path: str | Path) -> Any:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise MissingExtraError("reading Parquet files", "pyarrow", "parquet") from None
    try:
        return parquet.read_table(path)
    except ArrowException as error:
        raise DataError(f"{path} is a damaged Parquet file: {error}") from None


def _check_types(types: Mapping[str, str], names: Any, source: str) -> None:
    for name in types:
        if name not in names:
            raise UnknownNameError(f"column in {source}", name, names)
