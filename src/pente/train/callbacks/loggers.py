"""The numbers of each epoch in a file: as a table, or as a line of JSON each."""

import csv
import json
import os
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, TextIO

from pente.errors import UsageError
from pente.train.callbacks.base import Callback, Logs

__all__ = ["CSVLogger", "JSONLinesLogger"]


class FileLogger(Callback):
    """Writes to a file that is open while fit runs; each epoch is on the disk when it is over."""

    order: ClassVar[int] = 40

    def __init__(self, filename: str | os.PathLike[str], append: bool = False) -> None:
        self.filename = os.fspath(filename)
        self.append = append
        self.file: TextIO | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        Path(self.filename).parent.mkdir(parents=True, exist_ok=True)
        self.file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.file is not None:
            self.file.close()
        self.file = None

    def write(self, text: str) -> None:
        """Add a line."""
        if self.file is None:
            raise UsageError(f"{type(self).__name__} writes while fit runs, and no fit has begun.")
        self.file.write(text)
        self.file.flush()


class CSVLogger(FileLogger):
    """Writes a row an epoch to a CSV file with Keras's columns: epoch, the numbers by name, then those of validation.

    With ``append`` rows are added under the columns that the file has. A number that an epoch lacks is "NA".

    >>> import pente, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.csv"
    >>> model = pente.Sequential([pente.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(pente.optimizers.SGD(0.5), "mse")
    >>> history = model.fit([[1.0]], [[2.0]], epochs=2, verbose=0, callbacks=[pente.callbacks.CSVLogger(path)])
    >>> path.read_text().splitlines()
    ['epoch,loss,val_loss', '0,4.0,NA', '1,4.0,NA']
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__(filename, append)
        self.separator = separator
        self.columns: list[str] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.columns = []
        if self.append and Path(self.filename).exists():
            with open(self.filename, newline="", encoding="utf-8") as file:
                self.columns = next(csv.reader(file, delimiter=self.separator), [])
        super().on_train_begin(logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        row: dict[str, Any] = {"epoch": epoch, **(logs or {})}
        if not self.columns:
            self.columns = _columns(sorted(logs or {}))
            self._write(self.columns)
        if new := [name for name in row if name not in self.columns]:
            raise UsageError(
                f"{self.filename} has no column for {', '.join(new)}: its columns are {', '.join(self.columns)}. Write "
                "to another file."
            )
        self._write([row.get(name, "NA") for name in self.columns])

    def _write(self, row: list[Any]) -> None:
        csv.writer(_Lines(self), delimiter=self.separator).writerow(row)


class _Lines:
    """What the csv module writes to."""

    def __init__(self, logger: CSVLogger) -> None:
        self.write = logger.write


def _columns(names: list[str]) -> list[str]:
    """Also for a validation that comes later, as Keras has it."""
    validated = any(name.startswith("val_") for name in names)
    return ["epoch", *names, *([] if validated else [f"val_{name}" for name in names])]


class JSONLinesLogger(FileLogger):
    """Writes a line of JSON an epoch: ``{"epoch": 0, "loss": 0.25}``. What is no number, nan or infinity, is null.

    >>> import pente, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.jsonl"
    >>> model = pente.Sequential([pente.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit([[1.0]], [[2.0]], verbose=0, callbacks=[pente.callbacks.JSONLinesLogger(path)])
    >>> path.read_text().splitlines()
    ['{"epoch": 0, "loss": 4.0}']
    """

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        told = {name: value if isfinite(value) else None for name, value in (logs or {}).items()}
        self.write(json.dumps({"epoch": epoch, **told}, allow_nan=False) + "\n")
