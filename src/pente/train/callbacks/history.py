"""History: what became of loss and metrics, epoch by epoch."""

from typing import Any, ClassVar, NoReturn

from pente.errors import MissingExtraError, UnknownNameError, UsageError
from pente.plots import Plot, curves
from pente.train.callbacks.base import Callback, Logs

__all__ = ["History"]


class History(Callback):
    """What ``fit`` returns: ``history``, by name a list with a number an epoch, and ``epoch``, the numbers of those.

    In a notebook it shows its curves, where matplotlib is installed. Numbers that come in some epochs only, as those of
    a validation every few epochs do, have shorter lists; ``epochs_of`` says which epochs they belong to.

    >>> import pente
    >>> model = pente.Sequential([pente.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> model.fit([[1.0], [2.0]], [[1.0], [2.0]], epochs=3, verbose=0)
    <History of 3 epochs: loss>
    """

    order: ClassVar[int] = 50

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.epochs_of: dict[str, list[int]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
            self.epochs_of.setdefault(name, []).append(epoch)

    def plot(self, name: str = "loss", *, axes: Any = None) -> Plot:
        """Draw one number over the epochs, and beside it that of the validation; epochs count from 1, as shown by fit.

        Raises UnknownNameError for a name that no epoch gave, and MissingExtraError where matplotlib is not installed.

        >>> import pente
        >>> model = pente.Sequential([pente.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit([[1.0], [2.0]], [[1.0], [2.0]], epochs=3, validation_split=0.5, verbose=0)
        >>> [line.get_label() for line in history.plot("loss").axes.lines]
        ['training', 'validation']
        """
        if name not in self.history and f"val_{name}" not in self.history:
            raise UnknownNameError("number in this history", name, self.history)
        found = {"training": name, "validation": f"val_{name}"}
        series = {part: self._course(key) for part, key in found.items() if key in self.history}
        return curves(series, x_label="epoch", y_label=name, axes=axes)

    def _course(self, name: str) -> tuple[list[int], list[float]]:
        return [epoch + 1 for epoch in self.epochs_of[name]], self.history[name]

    def _repr_html_(self) -> str | None:
        """All curves side by side; without matplotlib, or without an epoch, a notebook shows the line of text."""
        names = dict.fromkeys(name.removeprefix("val_") for name in self.history)
        try:
            pictures = [self.plot(name)._repr_svg_() for name in names]
        except MissingExtraError:
            return None
        return "".join(f'<div style="display: inline-block">{picture}</div>' for picture in pictures) or None

    def __getitem__(self, name: str) -> NoReturn:
        raise UsageError(f"the numbers of a History stand in its history: write history.history[{name!r}].")

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history)}>"
