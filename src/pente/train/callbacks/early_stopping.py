"""EarlyStopping: end training where it gets no better, on the best weights."""

from typing import ClassVar

from pente.train.callbacks.base import Logs
from pente.train.callbacks.monitor import MonitorCallback
from pente.train.snapshot import Snapshot

__all__ = ["EarlyStopping"]


class EarlyStopping(MonitorCallback):
    """Ends training where ``monitor`` has not got better for ``patience`` epochs, and goes back to the best weights.

    However training ends (here, after its last epoch, by Ctrl-C or by an error), the model has the weights of its best
    epoch; ``best_epoch``, counted from 0, and ``best`` say which that was, and a line says so too, unless fit shows
    nothing. With ``restore_best_weights=False`` the last weights stay. (In Keras False is the default.)

    ``baseline`` is what the number has to beat. Epochs before ``start_from_epoch`` are neither best nor too many.

    >>> import pente
    >>> model = pente.Sequential([pente.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> stopping = pente.callbacks.EarlyStopping("loss", patience=2)
    >>> history = model.fit([[1.0], [2.0]], [[1.0], [2.0]], epochs=5, verbose=0, callbacks=[stopping])
    >>> stopping.best == min(history.history["loss"]), stopping.best_epoch
    (True, 4)
    """

    order: ClassVar[int] = 20

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = True,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._begin()

    def _begin(self) -> None:
        self.wait, self.best_epoch, self.stopped_epoch = 0, 0, 0
        self.best = None
        self.best_weights: Snapshot | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self.current(epoch, logs)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.is_better(current, self.best):
            self.best, self.best_epoch = current, epoch
            self.best_weights = Snapshot(self.model.weights) if self.restore_best_weights else None
            if self.baseline is None or self.is_better(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.best_weights is not None:
            self.best_weights.restore()
        if self.best is not None and (self.verbose or self.params.get("verbose")):
            print(self._told(), flush=True)
        self.best_weights = None

    def _told(self) -> str:
        best = f"epoch {self.best_epoch + 1}, {self.monitor} {self.best:.4g}"
        why = f" stopped in epoch {self.stopped_epoch + 1}:" if self.stopped_epoch else ""
        if not self.restore_best_weights:
            return f"EarlyStopping:{why} the best was {best}; the weights are the last."
        return f"EarlyStopping:{why} the weights are those of {best}."

    def __repr__(self) -> str:
        return f"<EarlyStopping on {self.monitor}: best {self.best} in epoch {self.best_epoch}>"
