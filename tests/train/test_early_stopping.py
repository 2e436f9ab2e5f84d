"""EarlyStopping: however training ends, the model has the weights of the best epoch, and says which that was."""

import os
import signal
from typing import Any

import numpy as np
import pytest

from pente import Input, Sequential, callbacks, layers

X = np.ones((8, 1), np.float32)
EACH = pytest.mark.parametrize("jit", [True, False], ids=["compiled", "eager"])


class Course(callbacks.Callback):
    """Gives the epochs these numbers, and the weight the number of the epoch."""

    def __init__(self, *course: float, name: str = "score") -> None:
        self.course, self.name = course, name

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch < len(self.course):
            logs[self.name] = self.course[epoch]
            self.model.set_weights([[[float(epoch)]]])


def model(jit: bool = True) -> Any:
    made = Sequential([Input((1,)), layers.Dense(1, use_bias=False)])
    made.compile("sgd", "mse", jit=jit)
    return made


def fit(made: Any, stopping: Any, *course: float, **more: Any) -> Any:
    options = {"epochs": len(course), "verbose": 0, **more}
    return made.fit(X, X, callbacks=[Course(*course), stopping], **options)


def weight(made: Any) -> float:
    return float(made.get_weights()[0].item())


@EACH
def test_it_stops_after_patience_and_goes_back_to_the_best_epoch(jit: bool) -> None:
    made, stopping = model(jit), callbacks.EarlyStopping("score", patience=2, mode="min")
    history = fit(made, stopping, 5.0, 3.0, 4.0, 4.0, 1.0)
    assert history.epoch == [0, 1, 2, 3]
    assert (stopping.best_epoch, stopping.best, stopping.stopped_epoch, weight(made)) == (1, 3.0, 3, 1.0)


@EACH
def test_it_ends_on_the_best_weights_also_where_the_epochs_run_out(jit: bool) -> None:
    made, stopping = model(jit), callbacks.EarlyStopping("score", patience=9, mode="max")
    fit(made, stopping, 1.0, 3.0, 2.0)
    assert (stopping.best_epoch, stopping.stopped_epoch, weight(made)) == (1, 0, 1.0)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_it_ends_on_the_best_weights_also_when_training_is_broken_off(error: type[BaseException]) -> None:
    def breaks(epoch: int, logs: Any) -> None:
        if epoch == 3:
            raise error

    made, stopping = model(), callbacks.EarlyStopping("score", patience=9, mode="max")
    given = [Course(1.0, 3.0, 2.0, 9.0), callbacks.LambdaCallback(on_epoch_begin=breaks), stopping]
    with pytest.raises(error):
        made.fit(X, X, epochs=9, callbacks=given, verbose=0)
    assert weight(made) == 1.0


def test_ctrl_c_between_steps_that_run_by_themselves_ends_on_the_best_weights() -> None:
    class Presses(callbacks.Callback):
        def on_step(self, step: int, logs: Any) -> None:
            if self.model.history.epoch == [0, 1]:
                os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    made, presses = model(), Presses()
    given = [Course(1.0, 3.0), callbacks.EarlyStopping("score", patience=9, mode="max"), presses]
    try:
        with pytest.raises(KeyboardInterrupt):
            made.fit(X, X, epochs=9, callbacks=given, verbose=0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert weight(made) == 1.0


def test_the_last_weights_stay_where_that_is_asked_for() -> None:
    made = model()
    fit(made, callbacks.EarlyStopping("score", patience=1, mode="min", restore_best_weights=False), 1.0, 2.0, 3.0)
    assert weight(made) == 1.0  # stopped after the second epoch


def test_a_file_that_is_written_at_the_end_has_the_best_weights() -> None:
    class AtEnd(callbacks.Callback):
        order = 30  # as ModelCheckpoint

        def on_train_end(self, logs: Any = None) -> None:
            self.seen = weight(self.model)

    made, at_end = model(), AtEnd()
    given = [at_end, Course(1.0, 3.0, 2.0), callbacks.EarlyStopping("score", patience=9, mode="max")]
    made.fit(X, X, epochs=3, callbacks=given, verbose=0)
    assert at_end.seen == 1.0


def test_nan_is_never_the_best() -> None:
    made, stopping = model(), callbacks.EarlyStopping("score", patience=2, mode="min")
    fit(made, stopping, float("nan"), 3.0, float("nan"), 2.0, float("nan"))
    assert (stopping.best_epoch, weight(made)) == (3, 3.0)


def test_epochs_before_the_start_do_not_count() -> None:
    made, stopping = model(), callbacks.EarlyStopping("score", patience=1, mode="min", start_from_epoch=2)
    history = fit(made, stopping, 0.0, 9.0, 5.0, 4.0, 4.5, 1.0)
    assert (history.epoch[-1], stopping.best_epoch, weight(made)) == (4, 3, 3.0)


def test_an_epoch_without_validation_is_passed_over() -> None:
    stopping = callbacks.EarlyStopping(patience=3)
    made = model()
    history = made.fit(X, X, epochs=5, validation_data=(X, X), validation_freq=2, callbacks=[stopping], verbose=0)
    assert len(history.history["val_loss"]) == 2
    assert history.epochs_of["val_loss"] == [1, 3]
    assert stopping.best == min(history.history["val_loss"])


def test_it_may_be_used_again() -> None:
    stopping = callbacks.EarlyStopping("score", patience=1, mode="min")
    fit(model(), stopping, 1.0, 2.0)
    made = model()
    fit(made, stopping, 7.0, 5.0, 6.0)
    assert (stopping.best, stopping.best_epoch, weight(made)) == (5.0, 1, 1.0)


@pytest.mark.parametrize(("fit_shows", "verbose", "lines"), [(2, 0, 1), (0, 0, 0), (0, 1, 1)])
def test_it_says_which_epoch_the_weights_are_of(
    fit_shows: int, verbose: int, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    stopping = callbacks.EarlyStopping("score", patience=1, mode="min", verbose=verbose)
    fit(model(), stopping, 2.0, 1.0, 3.0, verbose=fit_shows)
    told = [line for line in capsys.readouterr().out.splitlines() if "EarlyStopping" in line]
    assert told == ["EarlyStopping: stopped in epoch 3: the weights are those of epoch 2, score 1."][:lines]
