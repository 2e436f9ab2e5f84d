"""Timer: how long each epoch took, and what of it was training."""

from time import perf_counter
from typing import ClassVar, NamedTuple

from pente.train.callbacks.base import Callback, Logs

__all__ = ["Timer"]


class EpochTime(NamedTuple):
    """One epoch: its number, its seconds, those of them in training steps, and how many steps and rows there were."""

    epoch: int
    seconds: float
    training: float
    steps: int
    rows: int

    @property
    def step(self) -> float:
        """Seconds for a step, on average."""
        return self.training / max(self.steps, 1)

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / max(self.training, 1e-9)


class Timer(Callback):
    """Measures each epoch; shown, it is a table. The first epoch includes compiling.

    >>> import pente
    >>> model = pente.Sequential([pente.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> timer = pente.callbacks.Timer()
    >>> history = model.fit(pente.ones((10, 1)), pente.ones((10, 1)), 5, 3, verbose=0, callbacks=[timer])
    >>> [(each.epoch, each.steps, each.rows) for each in timer.epochs], timer.seconds > 0
    ([(0, 2, 10), (1, 2, 10), (2, 2, 10)], True)
    """

    order: ClassVar[int] = 40

    def __init__(self) -> None:
        self.epochs: list[EpochTime] = []
        self.began = 0.0
        self.trained = (0.0, 0, 0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epochs = []

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.began = perf_counter()

    def on_trained(self, steps: int, rows: int) -> None:
        self.trained = (perf_counter() - self.began, steps, rows)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epochs.append(EpochTime(epoch, perf_counter() - self.began, *self.trained))

    @property
    def seconds(self) -> float:
        """All epochs together."""
        return sum(each.seconds for each in self.epochs)

    def table(self) -> str:
        """A line an epoch: seconds, those of training and of all else, milliseconds a step, samples a second."""
        lines = ["epoch   seconds  training      else  ms/step    samples/s"]
        for each in self.epochs:
            other = each.seconds - each.training
            lines.append(
                f"{each.epoch + 1:5d} {each.seconds:9.3f} {each.training:9.3f} {other:9.3f} {each.step * 1000:8.3f} "
                f"{each.rate:12,.0f}"
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.table()
