"""TerminateOnNaN: stop at once where the loss or a weight is not a number, and say where that began."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, ClassVar

from pente.core.tensor import Variable
from pente.errors import NonFiniteError
from pente.train.callbacks.base import Callback, Logs
from pente.train.foothold import loss_of
from pente.train.origin import origin_of
from pente.train.snapshot import Snapshot, all_finite

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Callback):
    """Ends training as soon as the loss or a weight is nan or infinite, and says where that began.

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
        self._forget()

    def _forget(self) -> None:
        self.changed: list[Variable] = []
        self.weights: list[Variable] = []
        self.kept: tuple[int, Any, Snapshot] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.place = ""
        self._forget()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._forget()

    def before_step(self, number: int, batch: Any, changed: Callable[[], list[Variable]]) -> None:
        """Called where each step is looked at: keep what this one will change."""
        if not self.changed:
            self.changed = changed()
            own = set(self.model.variables)
            self.weights = [variable for variable in self.changed if variable in own]
        self.kept = number, batch, Snapshot(self.changed)

    def after_step(self, epoch: int, logs: Mapping[str, Any], rows_of: Callable[[int], Any]) -> None:
        """Called after it: where something is not finite say where that began, go back to before it, and stop."""
        loss = loss_of(logs)
        if self.kept is None or (isfinite(loss) and all_finite(weight.array for weight in self.weights)):
            return
        number, batch, before = self.kept
        after = Snapshot(self.weights)
        before.restore()
        where = origin_of(self.model, batch, after, rows_of(number))
        before.restore()  # also what watching the step has changed
        what = "A weight is not finite after" if isfinite(loss) else f"The loss is {loss} in"
        stops = "Training stops; the model is as it was before that batch."
        self.place = f"{what} epoch {epoch + 1}, batch {number + 1}. {where} {stops}"
        self.model.stop_training = True
        if self.raise_error:
            raise NonFiniteError(self.place)
        print(self.place, flush=True)
