"""TerminateOnNaN: stop at once where the loss is not a number, and say where that began."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from pente.core.tensor import Variable
from pente.errors import NonFiniteError
from pente.train.callbacks.base import Callback, Logs
from pente.train.origin import origin_of
from pente.train.snapshot import Snapshot

__all__ = ["TerminateOnNaN"]


class Kept(NamedTuple):
    """A step, and what the Variables were before it."""

    number: int
    batch: tuple[Any, Any, Any]
    before: Snapshot


class TerminateOnNaN(Callback):
    """Ends training as soon as the loss is nan or infinite, and says where that began.

    The message, also in ``place``, names the epoch, the batch, and what was the first that is not finite: the output of
    a layer, the loss, a gradient or a weight, by its path; and rows of the batch that stand out. The model is left as
    it was before that batch, so its weights are numbers. With ``raise_error`` it raises NonFiniteError instead of
    printing.

    It costs next to nothing: steps still run by themselves, and only those of the last second are done again one by
    one, when something has gone wrong.

    >>> import pente
    >>> model = pente.Sequential([pente.Input((1,)), pente.layers.Dense(1)])
    >>> model.compile(pente.optimizers.SGD(1e30), "mse")
    >>> guard = TerminateOnNaN()
    >>> x = pente.ones((40, 1))
    >>> history = model.fit(x, x, batch_size=10, verbose=0, callbacks=[guard])  # doctest: +ELLIPSIS
    The loss is ... in epoch 1, batch 2...
    """

    order: ClassVar[int] = -10

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error
        self.place = ""
        self.kept: deque[Kept] = deque(maxlen=2)
        self.variables: list[Variable] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.place, self.variables = "", []
        self.kept.clear()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.variables = []
        self.kept.clear()

    def before_step(self, number: int, batch: tuple[Any, Any, Any], changed: Callable[[], list[Variable]]) -> None:
        """Keep what this step will change, and what the one before it changed."""
        self.variables = self.variables or changed()
        self.kept.append(Kept(number, batch, Snapshot(self.variables)))

    def after_failure(self, epoch: int, logs: Mapping[str, Any], rows_of: Callable[[int], Any]) -> None:
        """The last step gave a loss that is not finite: say where that began, go back to before it, and stop."""
        first, shown = self.kept[0], self.kept[-1]
        # Where the weights were bad already, the step before made them so: its own loss was that of good ones.
        bad = first if not shown.before.finite else shown
        after = Snapshot(self.variables)
        if bad is not shown:
            after = shown.before
        bad.before.restore()
        where = origin_of(self.model, bad.batch, after, rows_of(bad.number))
        bad.before.restore()
        late = " (the loss showed it one batch later)" if bad is not shown else ""
        self.place = (
            f"The loss is {float(logs.get('loss', float('nan')))} in epoch {epoch + 1}, batch {bad.number + 1}{late}. "
            f"{where} Training stops; the model is as it was before that batch."
        )
        self.model.stop_training = True
        if self.raise_error:
            raise NonFiniteError(self.place)
        print(self.place, flush=True)
