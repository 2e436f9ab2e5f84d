"""TerminateOnNaN: stop at once where the loss or a weight is not a number, and say where that began."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, ClassVar, NamedTuple

from pente.core.tensor import Variable
from pente.errors import NonFiniteError
from pente.train.callbacks.base import Callback, Logs
from pente.train.foothold import loss_of
from pente.train.origin import leap_of, origin_of, rows_that_stand_out
from pente.train.snapshot import Snapshot, all_finite

__all__ = ["TerminateOnNaN"]


class Kept(NamedTuple):
    """A step, and what the Variables were before it."""

    number: int
    batch: tuple[Any, Any, Any]
    before: Snapshot


class TerminateOnNaN(Callback):
    """Ends training as soon as the loss or a weight is nan or infinite, and says where that began.

    The message, also in ``place``, names the epoch, the batch, and what was the first that is not finite: the output of
    a layer, the loss, a gradient or a weight, by its path; and rows of the batch that stand out. The model is left as
    it was before that batch, or before the one that made its weights leap, so its weights are numbers. With
    ``raise_error`` it raises NonFiniteError instead of printing.

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
        self._forget()

    def _forget(self) -> None:
        self.changed: list[Variable] = []
        self.weights: list[Variable] = []
        self.kept: list[Kept] = []  # the last two steps

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.place = ""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._forget()  # a callback may have frozen a layer, and the rows stand in another order

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._forget()

    def before_step(self, number: int, batch: Any, changed: Callable[[], list[Variable]]) -> None:
        """Called where each step is looked at: keep what this one will change."""
        if not self.changed:
            self.changed = changed()
            own = set(self.model.variables)
            self.weights = [variable for variable in self.changed if variable in own]
        self.kept = [*self.kept[-1:], Kept(number, batch, Snapshot(self.changed))]

    def after_step(self, epoch: int, logs: Mapping[str, Any], rows_of: Callable[[int], Any]) -> None:
        """Called after it: where something is not finite say where that began, go back to before it, and stop."""
        loss = loss_of(logs)
        if isfinite(loss) and all_finite(weight.array for weight in self.weights):
            return
        shown, after = self.kept[-1], Snapshot(self.weights)
        shown.before.restore()
        found = origin_of(self.model, shown.batch, after)
        leap = leap_of(self.weights, self.kept[0].before, shown.before)
        first = self.kept[0] if leap else shown
        first.before.restore()  # also what watching the step has changed
        what = "A weight is not finite after" if isfinite(loss) else f"The loss is {loss} in"
        parts = [
            f"{what} epoch {epoch + 1}, batch {shown.number + 1}. {found}",
            f"The batch before {leap}." if leap else "",
            rows_that_stand_out(first.batch, rows_of(first.number)),
            f"Training stops; the model is as it was before batch {first.number + 1}.",
        ]
        self.place = " ".join(filter(None, parts))
        self.model.stop_training = True
        if self.raise_error:
            raise NonFiniteError(self.place)
        print(self.place, flush=True)
