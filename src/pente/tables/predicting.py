"""New rows, and what a model that learned from a table says of them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pente.data.table import Table, read_table
from pente.data.table_encoder import TableEncoder
from pente.errors import UsageError
from pente.models import Model
from pente.tables.scores import scores

__all__ = ["TablePredictions", "predict_table"]

Array = NDArray[Any]


class TablePredictions(NamedTuple):
    """What is predicted of each row, in the order of the rows."""

    target: str
    values: Array
    """(N,): the most probable class, as it is written in the data, or a number."""
    probabilities: dict[str, Array]
    """For each class (N,) probabilities; empty for regression."""
    scores: dict[str, float]
    """How good the predictions are, of the rows whose target is known; empty where there are none."""
    scored: int
    """How many rows those are."""
    notes: list[str]
    """What these rows have that training had not, and what became of it."""


def predict_table(model: Model, table: Any, *, encoding: str | None = None) -> TablePredictions:
    """Predict a column of a file, a frame or a ``Table`` that has the columns of training, in any order.

    The model is one that ``fit_table`` made. Where the column to predict is there, the predictions are scored. Raises
    UsageError for a model without a table's encoder, and DataError for columns that are missing or of another kind.
    """
    encoder = getattr(model, "preprocessing", None)
    if not isinstance(encoder, TableEncoder) or encoder.target is None:
        raise UsageError(
            "this model did not learn from a table: it has no TableEncoder as model.preprocessing. Use model.predict "
            "with the arrays that it takes."
        )
    table = read_table(table, types=encoder.types, encoding=encoding)
    predicted = model.predict(encoder.transform(table), batch_size=4096, verbose=0)
    notes = [*table.notes, *encoder.notes(table)]
    found, scored = _scores(encoder, table, predicted, notes)
    if encoder.class_names is None:
        return TablePredictions(encoder.target, predicted[:, 0], {}, found, scored, notes)
    names = np.array(encoder.class_names, dtype=object)
    chances = dict(zip(encoder.class_names, predicted.T, strict=True))
    return TablePredictions(encoder.target, names[predicted.argmax(axis=1)], chances, found, scored, notes)


def _scores(encoder: TableEncoder, table: Table, predicted: Array, notes: list[str]) -> tuple[dict[str, float], int]:
    """The scores of the rows whose target is known and one that training had."""
    target = encoder.target
    if target not in table:
        return {}, 0
    if encoder.class_names is None:
        known = ~table[target].missing
    else:
        known = np.isin(table[target].labels().astype(str), encoder.class_names)
    if not known.all():
        count = f"{(~known).sum()} of the rows have"
        notes.append(f"column {target!r}: {count} no value that training had, and are not scored")
    if not known.any():
        return {}, 0
    return scores(encoder.labels(table[known]), predicted[known]), int(known.sum())
