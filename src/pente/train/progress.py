"""How far training is: a bar where somebody watches, a line an epoch where a log is written."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pente.errors import UsageError
from pente.train.callbacks import Callback

__all__ = ["EpochLines", "ProgressBar", "progress_for"]

REFRESH = 0.1  # seconds between two looks at the numbers


def progress_for(verbose: Any) -> list[Callback]:
    """The callback that shows progress: 0 nothing, 1 a bar, 2 a line an epoch; "auto" is 1.

    Without a terminal or a notebook a bar would fill a log with fragments, so there a line an epoch stands for it.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise UsageError(f"verbose is 'auto', 0 (nothing), 1 (a bar) or 2 (a line an epoch), got {verbose!r}.")
    if verbose == 0:
        return []
    return [ProgressBar()] if verbose != 2 and _is_watched() else [EpochLines()]


def _is_watched() -> bool:
    return sys.stdout.isatty() or "ipykernel" in sys.modules


class EpochLines(Callback):
    """Prints one plain line an epoch."""

    order: ClassVar[int] = 60

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.show(epoch_line(epoch, self.params["epochs"], time.monotonic() - self.started, logs))

    def show(self, line: str) -> None:
        """Print it."""
        print(line, flush=True)


class ProgressBar(EpochLines):
    """Shows a bar that moves, and leaves a line for each epoch that is done.

    The first epoch has a bar from its beginning, since its first step is compiled; a later one that is done at once has
    none: a notebook keeps a place for every bar there was.
    """

    def on_train_begin(self, logs: Any = None) -> None:
        self.first = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        super().on_epoch_begin(epoch, logs)
        columns = (
            "{task.description}",
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[numbers]}"),
        )
        self.bar = Progress(*columns, transient=True)
        self.task = self.bar.add_task(
            f"Epoch {epoch + 1}/{self.params['epochs']}", total=self.params["steps"], numbers=""
        )
        if self.first:
            self.bar.start()
        self.first, self.shown = False, self.started

    def on_step(self, step: int, logs: Callable[[], Mapping[str, Any]]) -> None:
        """Move the bar, a few times a second."""
        now = time.monotonic()
        if now - self.shown > REFRESH:
            self.shown = now
            self.bar.start()
            self.bar.update(self.task, completed=step + 1, numbers=numbers_text(logs()))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.bar.stop()
        super().on_epoch_end(epoch, logs)

    def on_train_end(self, logs: Any = None) -> None:
        if not self.first:
            self.bar.stop()


def epoch_line(epoch: int, epochs: int, seconds: float, logs: Mapping[str, float]) -> str:
    """One epoch as a line of text."""
    return f"Epoch {epoch + 1}/{epochs} - {_duration(seconds)} - {numbers_text(logs)}"


def numbers_text(logs: Mapping[str, Any]) -> str:
    """Names and numbers, with four digits that count."""
    return " - ".join(f"{name}: {_number(float(value))}" for name, value in logs.items())


def _number(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f}s" if seconds >= 0.1 else f"{seconds * 1000:.0f}ms"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02d}s"
