"""How a training goes, while it goes: a bar in a terminal, a few lines in a log."""

from collections.abc import Mapping, Sequence
from math import ceil

from rich.console import Console
from rich.progress import BarColumn, Progress, TimeElapsedColumn

from pente.train.callbacks import Callback

__all__ = ["Bar", "Lines", "progress"]

LINES = 10
Logs = Mapping[str, float]


def progress(console: Console, epochs: int, names: Sequence[str] = ()) -> Callback:
    """The one that suits where the output goes; it shows the numbers of these names, or all."""
    return (Bar if console.is_interactive else Lines)(console, epochs, names)


class Bar(Callback):
    """One bar for all epochs, which stays when they are done."""

    def __init__(self, console: Console, epochs: int, names: Sequence[str] = ()) -> None:
        super().__init__()
        self.names = names
        done = f"Epoch {{task.completed:>{len(str(epochs))}}}/{epochs}"
        bar = BarColumn(bar_width=24)  # so that all of it has place in 80 columns
        self.bar = Progress(done, bar, "{task.fields[numbers]}", TimeElapsedColumn(), console=console)
        self.task = self.bar.add_task("", total=epochs, numbers="")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.bar.start()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.bar.update(self.task, completed=epoch + 1, numbers=_numbers(logs, self.names))

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.bar.stop()


class Lines(Callback):
    """At most ten lines at even distances, of which the last is the last epoch's."""

    def __init__(self, console: Console, epochs: int, names: Sequence[str] = ()) -> None:
        super().__init__()
        self.console, self.epochs, self.every, self.names = console, epochs, ceil(epochs / LINES), names

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if (self.epochs - epoch - 1) % self.every == 0:
            self.console.print(
                f"Epoch {epoch + 1:>{len(str(self.epochs))}}/{self.epochs}  {_numbers(logs, self.names)}"
            )


def _numbers(logs: Logs | None, names: Sequence[str] = ()) -> str:
    """Names and numbers, each of one width, so that they stand still.

    >>> _numbers({"loss": 0.125, "accuracy": 1.0})
    'loss 0.1250  accuracy 1.0000'
    """
    shown = {name: value for name, value in (logs or {}).items() if not names or name in names}
    return "  ".join(f"{name} {value:.4f}" for name, value in shown.items())
