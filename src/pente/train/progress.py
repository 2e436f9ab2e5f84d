"""How far training is: a bar where somebody watches, a line an epoch where a log is written."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pente.errors import UsageError
from pente.train.callbacks import Callback

__all__ = ["EpochLines", "NotebookLine", "ProgressBar", "progress_for"]

REFRESH = 0.1  # seconds between two looks at the numbers


def progress_for(verbose: Any) -> list[Callback]:
    """The callback that shows progress: 0 nothing, 1 a bar, 2 a line an epoch; "auto" is 1.

    In a notebook a line that changes stands for the bar. Without either a bar would fill a log with fragments, so there
    it is a line an epoch.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise UsageError(f"verbose is 'auto', 0 (nothing), 1 (a bar) or 2 (a line an epoch), got {verbose!r}.")
    if verbose == 0:
        return []
    if verbose != 2 and "ipykernel" in sys.modules:
        return [NotebookLine()]
    return [ProgressBar()] if verbose != 2 and sys.stdout.isatty() else [EpochLines()]


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
    none.
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


class NotebookLine(EpochLines):
    """Shows how far an epoch is in a line that changes in its place, and leaves a line for each epoch that is done.

    Every notebook can do that. A bar needs widgets, and a warning would stand in each cell where they are missing.
    """

    def on_train_begin(self, logs: Any = None) -> None:
        self.place: Any = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self.shown, self.label = self.started, f"Epoch {epoch + 1}/{self.params['epochs']}"
        if self.place is None:
            self.tell(self.label)

    def on_step(self, step: int, logs: Callable[[], Mapping[str, Any]]) -> None:
        """Change the line, a few times a second."""
        now, steps = time.monotonic(), self.params["steps"]
        if now - self.shown > REFRESH:
            self.shown = now
            done = f"{step + 1}/{steps}" if steps else f"{step + 1} steps"
            self.tell(f"{self.label} - {done} - {numbers_text(logs())}")

    def on_train_end(self, logs: Any = None) -> None:
        if self.place is not None:
            self.tell("")

    def tell(self, text: str) -> None:
        """Let the line be this text."""
        from IPython.display import display  # it is there where a notebook is

        if self.place is None:
            self.place = display({"text/plain": text}, raw=True, display_id=True)
        else:
            self.place.update({"text/plain": text}, raw=True)


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
