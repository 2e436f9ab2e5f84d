"""ModelCheckpoint: the model, or its weights, in a file from time to time."""

import os
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import ClassVar

from pente.errors import UnknownNameError, UsageError
from pente.train.callbacks.base import Logs
from pente.train.callbacks.monitor import MonitorCallback

__all__ = ["ModelCheckpoint"]

MODEL, WEIGHTS = (".pente",), (".safetensors", ".npz")  # the endings of the files


class ModelCheckpoint(MonitorCallback):
    """Saves the model after each epoch, or with ``save_freq=n`` after every n batches; or only where it got better.

    ``filepath`` may hold the epoch, from 1, and the numbers of the epoch: ``"run/{epoch:02d}-{val_loss:.2f}.pente"``;
    folders are made. A file is written whole or not at all, and never with a model whose loss is nan or infinite: the
    last good one stays. ``save_best_only`` keeps the best by ``monitor``, at first better than
    ``initial_value_threshold``; ``save_weights_only`` writes what ``model.save_weights`` does.

    >>> import pente, tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> model = pente.Sequential([pente.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> saving = pente.callbacks.ModelCheckpoint(folder / "{epoch}.pente", monitor="loss", save_best_only=True)
    >>> history = model.fit([[1.0], [2.0]], [[1.0], [2.0]], epochs=2, verbose=0, callbacks=[saving])
    >>> sorted(path.name for path in folder.iterdir())
    ['1.pente', '2.pente']
    """

    order: ClassVar[int] = 30

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        if save_freq != "epoch" and (isinstance(save_freq, (str, bool)) or save_freq < 1):
            raise UsageError(f"save_freq is 'epoch' or a number of batches, got {save_freq!r}.")
        self.filepath = _with_an_ending(os.fspath(filepath), WEIGHTS if save_weights_only else MODEL)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = initial_value_threshold
        self.epoch = self.batches = 0
        if save_freq != "epoch":  # only then does anybody have to be told of each batch
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]

    def check(self, names: Sequence[str]) -> None:
        self.path(0, dict.fromkeys(names, 0.0), batch=0)
        if self.save_best_only:
            super().check(names)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(logs or {})

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        self.batches += 1
        if self.batches % int(self.save_freq) == 0:
            self._save(logs or {}, batch)

    def path(self, epoch: int, logs: Mapping[str, float], batch: int | None = None) -> str:
        """The file for this epoch, and for a checkpoint after a batch for this batch; both count from 0 here."""
        known = {**logs, "epoch": epoch + 1}
        if batch is not None:
            known["batch"] = batch + 1
        try:
            return self.filepath.format(**known)
        except KeyError as missing:
            raise UnknownNameError(f"number for {self.filepath!r}", missing.args[0], known) from None

    def _save(self, logs: Mapping[str, float], batch: int | None = None) -> None:
        if not isfinite(logs.get("loss", 0.0)):
            self._tell(f"not saved, because the loss is {logs['loss']}", always=True)
        elif (why := self._reason(logs)) is not None:
            path = self.path(self.epoch, logs, batch)
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.model.save_weights(path) if self.save_weights_only else self.model.save(path)
            self._tell(f"{why}saved {path}")

    def _reason(self, logs: Mapping[str, float]) -> str | None:
        """What makes this model worth saving, as the beginning of a line; None where it is not."""
        if not self.save_best_only:
            return ""
        current, best = self.current(self.epoch, logs), self.best
        if current is None:
            return None
        if not self.is_better(current, best):
            self._tell(f"{self.monitor} {current:.5g} is no better" + ("" if best is None else f" than {best:.5g}"))
            return None
        self.best = current
        before = "" if best is None else f"after {best:.5g} "
        return f"{self.monitor} {current:.5g} {before}is the best: "

    def _tell(self, what: str, always: bool = False) -> None:
        if self.verbose or always:
            print(f"Epoch {self.epoch + 1}: {what}", flush=True)


def _with_an_ending(filepath: str, known: tuple[str, ...]) -> str:
    """The path itself; the wrong form of a file is told before an epoch is trained for it."""
    if filepath.lower().endswith(known):
        return filepath
    stem, ending = os.path.splitext(filepath)
    own = (filepath if "}" in ending else stem) + known[0]
    what = "the model" if known == MODEL else "the weights"
    raise UsageError(
        f"ModelCheckpoint saves {what} to files that end in {' or '.join(known)}, got {filepath!r}: write {own!r}."
    )
