"""A table, a column to predict, and what is made of them: a split, a network, a training that knows when to stop."""

import time
from collections.abc import Mapping, Sequence
from math import log2
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pente.data.table import Table, read_table
from pente.data.table_encoder import TableEncoder
from pente.errors import DataError
from pente.layers import Dense, Dropout, Input
from pente.models import Sequential
from pente.ops.random import set_seed
from pente.optimizers import AdamW
from pente.tables.scores import baseline, fit_text, scores
from pente.train.callbacks import EarlyStopping

__all__ = ["Parts", "TableFit", "fit_parts", "fit_table", "split_table"]

Array = NDArray[Any]

LEAST_ROWS = 20
# Chosen by trial on ten tables of 150 to 3,000 rows, each split three times.
HIDDEN, UNITS, DROPOUT = 2, 128, 0.3
RATE, DECAY = 2e-3, 0.3
VALIDATION = 0.2  # the share of the training rows by which training knows when to stop
OF_EACH_CLASS = 3  # a class needs a row to learn from, one to know when to stop, and one held out


class Parts(NamedTuple):
    """A table in three: rows to learn from, rows by which to know when to stop, and rows held out for the score."""

    learned: Table
    watched: Table
    held_out: Table
    encoder: TableEncoder
    notes: list[str]


class TableFit(NamedTuple):
    """A model that has learned a column of a table, and how well it does."""

    model: Sequential
    """It carries its encoder, as ``model.preprocessing``, and for classes ``model.class_names``."""
    encoder: TableEncoder
    parts: Parts
    scores: dict[str, float]
    """Of the rows held out: accuracy, auc and log_loss, or r2, mae and rmse."""
    baseline: dict[str, float]
    """The same for who always says the most common class, or the mean."""
    history: dict[str, list[float]]
    """Of the training that found out for how long to learn."""
    best_epoch: int
    """For how many epochs the model has learned: to where the loss of the watched rows was least."""
    seconds: float
    notes: list[str]
    """What was not plain in the data, and what was done about it."""

    def __repr__(self) -> str:
        return fit_text("TableFit", self.scores, self.best_epoch, self.seconds)


def fit_table(
    table: Any,
    target: str,
    *,
    task: str = "auto",
    types: Mapping[str, str] | None = None,
    test_size: float | int = 0.25,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    callbacks: Sequence[Any] = (),
) -> TableFit:
    """Learn to predict a column of a file, a frame or a ``Table`` from its other columns.

    A quarter of the rows is held out for the score, of each class alike, and rows that are equal stay together; of the
    rest a fifth is watched: training ends when its loss no longer falls. A second training, as long as the first was to
    its best epoch, learns from the watched rows, too. The network has two hidden layers; batches and epochs follow from
    the number of rows. The seed decides everything random, as by ``pente.set_seed``.

    Raises DataError where the target has one class, no values or none that come again, where the task does not fit it,
    where no column can be used and where there are fewer than 20 rows; UnknownNameError for a column that is not there.
    """
    parts = split_table(read_table(table, types=types), target, task=task, test_size=test_size, seed=seed)
    return fit_parts(parts, epochs=epochs, batch_size=batch_size, seed=seed, callbacks=callbacks)


def split_table(
    table: Table, target: str, *, task: str = "auto", test_size: float | int = 0.25, seed: int = 0
) -> Parts:
    """Leave out the rows that have no target, split the others in three, and learn of the columns from the first."""
    known, notes = _with_target(table, target)
    whole = TableEncoder(target, task)
    whole.fit_target(known)
    task = whole.task
    if task == "classification":
        known, rare = _with_frequent_classes(known, target)
        notes += rare
        whole.fit_target(known)
    learning, held_out = known.split(target, test_size=test_size, seed=seed, stratify=task == "classification")
    classes = len(whole.class_names or [])
    watched_rows = max(round(VALIDATION * len(learning)), classes, 1)
    learned, watched = learning.split(target, test_size=watched_rows, seed=seed, stratify=bool(classes))
    encoder = TableEncoder(target, task).fit(learned)
    return Parts(learned, watched, held_out, encoder, [*table.notes, *notes])


def _with_target(table: Table, target: str) -> tuple[Table, list[str]]:
    """The rows whose target is known; there must be enough of them."""
    missing = table[target].missing
    notes = []
    if missing.any():
        first = table.where(int(np.argmax(missing)))
        notes = [f"column {target!r} has no value in {missing.sum()} rows, which are left out, first {first}"]
    known = int((~missing).sum())
    if known < LEAST_ROWS:
        raise DataError(
            f"{table.source} has {known} rows in which {target!r} is known, and at least {LEAST_ROWS} are needed to "
            "learn from some and to be measured by others."
        )
    return table[~missing] if missing.any() else table, notes


def _with_frequent_classes(table: Table, target: str) -> tuple[Table, list[str]]:
    """The rows of classes that have enough different rows for each part of the split."""
    labels = table[target].labels().astype(str)
    codes = np.nan_to_num(table.codes(target), nan=-np.inf)
    _, first = np.unique(codes, axis=0, return_index=True)
    names, rows = np.unique(labels[first], return_counts=True)
    frequent = names[rows >= OF_EACH_CLASS]
    rare = sorted(set(labels.tolist()) - set(frequent.tolist()))
    if not rare:
        return table, []
    if len(frequent) < 2:
        raise DataError(
            f"to learn classes takes two of at least {OF_EACH_CLASS} different rows each, and column {target!r} of "
            f"{table.source} has {len(frequent)} such. Rows that are equal in all other columns count once."
        )
    told = f"column {target!r}: fewer than {OF_EACH_CLASS} different rows are of class"
    keep = ~np.isin(labels, rare)
    names_of_rare = f"{', '.join(map(repr, rare[:5]))}{', …' * (len(rare) > 5)}"
    return table[keep], [f"{told} {names_of_rare}; {(~keep).sum()} rows are left out"]


def fit_parts(
    parts: Parts,
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    callbacks: Sequence[Any] = (),
) -> TableFit:
    """Train on the rows to learn from, until those to watch say stop, then on both as long; measure on those held out.

    The callbacks hear of the first training.
    """
    began = time.perf_counter()
    encoder = parts.encoder
    learned, watched, held_out = (
        (encoder.transform(part), encoder.labels(part)) for part in (parts.learned, parts.watched, parts.held_out)
    )
    center, scale = _scale(learned[1])
    x, y = (np.concatenate(both) for both in zip(learned, watched, strict=True))
    y, split = _scaled(y, center, scale), len(learned[0])
    size = batch_size or usual_batch_size(split)
    stop = EarlyStopping(monitor="val_loss", patience=patience(split))
    watching = network(encoder, seed).fit(
        x[:split],
        y[:split],
        batch_size=size,
        epochs=epochs or most_epochs(split),
        validation_data=(x[split:], y[split:]),
        validation_batch_size=4096,
        verbose=0,
        callbacks=[stop, *callbacks],
    )
    # Now it is known for how long to learn, so the watched rows need not be spared: once more, from all of them.
    model = network(encoder, seed)
    model.fit(x, y, batch_size=size, epochs=stop.best_epoch + 1, verbose=0)
    _unscale(model, center, scale)
    model.preprocessing, model.class_names = encoder, encoder.class_names
    return TableFit(
        model,
        encoder,
        parts,
        scores(held_out[1], model.predict(held_out[0], verbose=0)),
        baseline(learned[1], held_out[1]),
        watching.history,
        stop.best_epoch + 1,
        time.perf_counter() - began,
        parts.notes,
    )


def network(encoder: TableEncoder, seed: int) -> Sequential:
    """Two hidden layers with dropout, and an output for each class, or one; compiled."""
    set_seed(seed)
    classes = encoder.class_names
    output = Dense(1) if classes is None else Dense(len(classes), activation="softmax")
    hidden = [layer for _ in range(HIDDEN) for layer in (Dense(UNITS, activation="silu"), Dropout(DROPOUT))]
    model = Sequential([Input((len(encoder.features),)), *hidden, output])
    model.compile(
        AdamW(RATE, weight_decay=DECAY),
        "mse" if classes is None else "sparse_categorical_crossentropy",
        metrics=None if classes is None else ["accuracy"],
    )
    return model


def usual_batch_size(rows: int) -> int:
    """About a twentieth of the rows, as a power of two from 16 to 512."""
    return int(np.clip(2 ** round(log2(max(rows, 1) / 20)), 16, 512))


def most_epochs(rows: int) -> int:
    """Enough for training to end by itself: 300, and fewer where an epoch is long."""
    return int(np.clip(6_000_000 / rows, 30, 300))


def patience(rows: int) -> int:
    """For how many epochs the loss may not fall: 30, and fewer where an epoch is long."""
    return int(np.clip(300_000 / rows, 5, 30))


def _scale(y: Array) -> tuple[float, float]:
    """Mean and spread of numbers to predict: in units of these any target is as easy to learn."""
    return (0.0, 1.0) if y.ndim == 1 else (float(y.mean(dtype=np.float64)), float(y.std(dtype=np.float64)) or 1.0)


def _scaled(y: Array, center: float, scale: float) -> Array:
    return y if y.ndim == 1 else ((y - center) / scale).astype(np.float32)


def _unscale(model: Sequential, center: float, scale: float) -> None:
    """Let the last layer speak in the target's own units: scale · (h K + b) + center."""
    if (center, scale) != (0.0, 1.0):
        last: Any = model.layers[-1]
        last.kernel.assign(last.kernel * scale)
        last.bias.assign(last.bias * scale + center)
