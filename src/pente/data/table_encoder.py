"""From a table to one matrix of numbers, with what is learned of the columns in training and of no other row."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pente.config import Configured
from pente.data.columns import Column
from pente.data.table import Table, read_table
from pente.data.table_columns import DateEncoder, LeftOut, column_encoder, learned
from pente.errors import DataError, UnknownNameError, UsageError

__all__ = ["TableEncoder"]

Array = NDArray[Any]
TASKS = ("auto", "classification", "regression")
CLASSES = 20  # whole numbers of more different values than this are a quantity
NO_TARGET = "the encoder knows no target: write TableEncoder(target='column').fit(table)."
OF_EACH = 5  # and so they are where a value comes less often than this on average


class TableEncoder(Configured):
    """What a table's columns become: ``fit`` learns it from the training rows, ``transform`` does it to any rows.

    Numbers are centred on the median and divided by their spread, and far ones drawn in; a category is a column for
    each value (the ``max_categories`` most frequent, then one for all others), dates are the time elapsed and the place
    in year, week and day. Where values are missing in training a column says so. Identifiers, free text and what is
    constant in training are left out. ``target`` is the column to predict: text and few whole numbers are
    classification, other numbers regression, unless ``task`` says it. All that is learned stands in ``get_config()``,
    as plain JSON.

    >>> from pente.data import read_table
    >>> table = read_table({"age": [31, 45, 27, 45], "wins": ["no", "yes", "no", "yes"]})
    >>> encoder = TableEncoder(target="wins").fit(table)
    >>> encoder
    <TableEncoder for 'wins': 1 features of 1 columns>
    >>> encoder.transform(table).shape, encoder.labels(table), encoder.class_names
    ((4, 1), array([0, 1, 0, 1]), ['no', 'yes'])
    """

    def __init__(
        self,
        target: str | None = None,
        task: str = "auto",
        max_categories: int = 100,
        class_names: Sequence[str] | None = None,
        columns: Sequence[Any] = (),
    ) -> None:
        if task not in TASKS:
            raise UnknownNameError("task", task, TASKS)
        self.target = target
        self.task = task
        self.max_categories = max_categories
        self.class_names = None if class_names is None else list(class_names)
        self.columns = [column_encoder(column) for column in columns]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal object; what was learned is among them."""
        columns = [{"class_name": type(column).__name__, "config": column.get_config()} for column in self.columns]
        return super().get_config() | {"columns": columns}

    def fit(self, table: Any) -> Self:
        """Learn from these rows what their columns become.

        Raises DataError where nothing can be learned from the columns, and where the target has values missing, is of
        one class only, or is no number and the task is regression.
        """
        table = read_table(table)
        if self.target is not None:
            self.fit_target(table)
        names = [name for name in table if name != self.target]
        self.columns = [learned(name, table[name], self.max_categories) for name in names]
        if not self.features:
            reasons = "; ".join(f"{column.name!r} is left out: {column.told}" for column in self.columns)
            raise DataError(
                f"{table.source} has no column to learn {self.target!r} from. {reasons or 'It has no other.'}"
            )
        return self

    def fit_target(self, table: Table) -> Self:
        """Learn of the target alone: the task, and for classification the classes."""
        if self.target is None:
            raise UsageError(NO_TARGET)
        column = table[self.target]
        if self.task == "auto":
            self.task = _task(column)
        self.class_names = None
        if self.task == "classification":
            self.class_names = _classes(column, self.target)
        elif column.kind != "number":
            self._refuse_text(column)
        elif len(np.unique(column.values[~column.missing])) < 2:
            raise DataError(f"column {self.target!r} has the same number in every row: there is nothing to learn.")
        return self

    def __repr__(self) -> str:
        told = f"{len(self.features)} features of {len(self.columns)} columns" if self.columns else "not fitted"
        return f"<TableEncoder{'' if self.target is None else f' for {self.target!r}'}: {told}>"

    def _refuse_text(self, column: Column) -> None:
        example = next((label for label in column.labels() if label is not None), None)
        raise DataError(
            f"regression predicts numbers, and column {self.target!r} holds {column.kind} values such as {example!r}. "
            "For classes the task is classification."
        )

    @property
    def features(self) -> list[str]:
        """The names of the columns of the matrix, in their order."""
        return [feature for column in self.columns for feature in column.features]

    @property
    def types(self) -> dict[str, str]:
        """For ``read_table``: the kind of each column that is used, as it was in training."""
        used = (column for column in self.columns if not isinstance(column, LeftOut))
        return {c.name: f"date:{c.form}" if isinstance(c, DateEncoder) else c.type_name for c in used}

    def transform(self, table: Any) -> NDArray[np.float32]:
        """(N, features): the matrix of any rows with the columns of training; others are ignored, and so is the order.

        Raises DataError for a column that is missing or of another kind.
        """
        table = self._read(table)
        parts: list[NDArray[np.float32]] = [column.encode(table[column.name]) for column in self._used(table)]
        matrix: NDArray[np.float32] = np.concatenate(parts, axis=1)
        return matrix

    def labels(self, table: Any) -> Array:
        """The target as ``fit`` takes it: (N,) int64, the place in ``class_names``, or (N, 1) float32 for regression.

        Raises DataError for rows without a value and for classes that training did not have.
        """
        if self.target is None:
            raise UsageError(NO_TARGET)
        table = self._read(table)
        column = table[self.target]
        self._refuse_rows(table, column.missing, "has no value; leave such rows out: table[~table[{name!r}].missing]")
        if self.class_names is None:
            if column.kind != "number":
                self._refuse_text(column)
            numbers: Array = column.values.astype(np.float32)[:, np.newaxis]
            return numbers
        places = {name: i for i, name in enumerate(self.class_names)}
        codes = np.array([places.get(label, -1) for label in column.labels().tolist()], dtype=np.int64)
        self._refuse_rows(table, codes < 0, f"is none of the classes of training ({', '.join(places)})")
        return codes

    def _refuse_rows(self, table: Table, wrong: Array, reason: str) -> None:
        if wrong.any():
            row = int(np.argmax(wrong))
            told = f"column {self.target!r}, {table.where(row)}: {table[self.target].labels()[row]!r} "
            raise DataError(f"{told}{reason.format(name=self.target)} ({wrong.sum()} in all).")

    def notes(self, table: Any) -> list[str]:
        """What these rows have that training had not: columns, values and gaps, and what becomes of them."""
        table = self._read(table)
        return list(self._notes(table))

    def _notes(self, table: Table) -> Iterator[str]:
        known = {column.name for column in self.columns} | {self.target}
        extra = [name for name in table if name not in known]
        if extra:
            yield f"not used, as training did not have them: {', '.join(map(repr, extra))}"
        for column in self._used(table):
            unseen, becomes = column.unseen(table[column.name])
            if unseen.any():
                row = int(np.argmax(unseen))
                value = table[column.name].labels()[row]
                told = "no value" if value is None else repr(value)
                yield f"column {column.name!r}, {table.where(row)}: {told} ({_rows(int(unseen.sum()))}); {becomes}"

    def _used(self, table: Table) -> list[Any]:
        """The columns that are learned from, all of which must be there."""
        if not self.columns:
            raise UsageError("the encoder has learned nothing yet: write encoder.fit(table) first.")
        used = [column for column in self.columns if not isinstance(column, LeftOut)]
        lacking = [column.name for column in used if column.name not in table]
        if lacking:
            raise DataError(
                f"{table.source} lacks {'columns' if len(lacking) > 1 else 'the column'} "
                f"{', '.join(map(repr, lacking))}, which the model learned from. It has: {', '.join(table)}."
            )
        return used

    def _read(self, table: Any) -> Table:
        """The table, in which the columns are of the kinds of training."""
        if not isinstance(table, Table):
            return read_table(table, types=self.types)
        for column in self._used(table):
            kind = table[column.name].kind
            if (kind in ("number", "date") or column.type_name != "category") and kind != column.type_name:
                raise DataError(
                    f"column {column.name!r} of {table.source} is read as {kind}, and was {column.type_name} in "
                    "training: write read_table(..., types=encoder.types)."
                )
        return table


def _rows(count: int) -> str:
    return "this row alone" if count == 1 else f"{count} rows in all"


def _task(column: Column) -> str:
    """Few whole numbers are classes, and so is all that is no number."""
    if column.kind != "number":
        return "classification"
    present = column.values[~column.missing]
    different = len(np.unique(present))
    few = different <= CLASSES and different * OF_EACH <= len(present)
    return "classification" if few and not (present % 1).any() else "regression"


def _classes(column: Column, target: str) -> list[str]:
    """The different values, in order."""
    if column.kind == "date":
        raise DataError(f"column {target!r} holds dates, which are no classes: choose another target.")
    present = column.values[~column.missing]
    different = np.array(sorted(set(present.tolist())), dtype=present.dtype)
    names = column._replace(values=different).labels()
    if len(names) < 2:
        told = f"the same value in every row: {names[0]!r}" if len(names) else "no values"
        raise DataError(f"column {target!r} has {told}. To learn classes takes at least two.")
    if 2 * len(names) > len(present):
        raise DataError(
            f"column {target!r} has {len(names)} different values in {len(present)} rows: it may be an identifier or "
            "free text. Classes come again and again; choose another target."
        )
    return [str(name) for name in names]
