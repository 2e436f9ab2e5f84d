"""Callbacks: the order in which they are called, what they tell each other, and what happens when one fails."""

from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Sequential, callbacks, layers
from pente.compiler import llvm
from pente.errors import PenteError, UnknownNameError, UsageError

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = X.sum(1, keepdims=True)
LIBRARY = [getattr(callbacks, name) for name in callbacks.__all__]


def model(jit: bool = True, metrics: Any = None) -> Any:
    made = Sequential([Input((3,)), layers.Dense(4, "relu"), layers.Dense(1)])
    made.compile("sgd", "mse", metrics, jit=jit)
    return made


def following_a_schedule() -> Any:
    made = model()
    made.optimizer.learning_rate = pente.schedules.CosineDecay(0.1, 100)
    return made


class Told(callbacks.Callback):
    """Writes down which hooks are called."""

    def __init__(self, name: str, seen: list[Any], order: int = 0) -> None:
        self.name, self.seen, self.order = name, seen, order  # type: ignore[misc]

    def on_train_begin(self, logs: Any = None) -> None:
        self.seen.append((self.name, "train begin"))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seen.append((self.name, epoch))

    def on_train_end(self, logs: Any = None) -> None:
        self.seen.append((self.name, "train end"))


class Fails(Told):
    """Raises in one hook."""

    def __init__(self, hook: str, seen: list[Any], order: int = 0) -> None:
        super().__init__("fails", seen, order)
        setattr(self, hook, self.fail)

    def fail(self, *given: Any) -> None:
        raise OSError("the disk is full")


def test_a_lower_order_comes_first_and_the_same_order_as_given() -> None:
    seen: list[Any] = []
    given = [Told("late", seen, 5), Told("b", seen), Told("a", seen), Told("early", seen, -5)]
    model().fit(X, Y, callbacks=given, verbose=0)
    assert [name for name, when in seen if when == 0] == ["early", "b", "a", "late"]


def test_the_library_stops_first_then_sets_rates_then_keeps_then_writes_then_shows() -> None:
    names = [
        "TerminateOnNaN",
        "LambdaCallback",
        "ReduceLROnPlateau",
        "EarlyStopping",
        "ModelCheckpoint",
        "CSVLogger",
        "History",
        "ProgressBar",
    ]
    orders = [getattr(callbacks, name).order for name in names]
    assert orders == sorted(set(orders))


def test_what_a_callback_adds_is_seen_by_those_after_it_and_kept_in_the_history() -> None:
    class Adds(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["twice"] = 2 * logs["loss"]

    stopping = callbacks.EarlyStopping("twice", mode="min", patience=3)
    history = model().fit(X, Y, epochs=3, callbacks=[stopping, Adds()], verbose=0).history
    assert history["twice"] == [2 * loss for loss in history["loss"]]
    assert stopping.best == min(history["twice"])


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_epoch_begin", "on_train_batch_end", "on_train_end", "on_step"])
def test_an_error_in_a_hook_names_callback_and_hook_and_the_others_hear_of_the_end(hook: str) -> None:
    seen: list[Any] = []
    with pytest.raises(OSError, match="disk is full") as caught:
        model().fit(X, Y, callbacks=[Told("before", seen), Fails(hook, seen), Told("after", seen)], verbose=0)
    assert f"in Fails.{hook}" in "".join(caught.value.__notes__)
    assert [name for name, when in seen if when == "train end" and name != "fails"] == ["before", "after"]


def test_an_error_at_the_end_does_not_hide_the_one_that_ended_training() -> None:
    class Twice(Fails):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise ValueError("first")

    with pytest.raises(ValueError, match="first") as caught:
        model().fit(X, Y, callbacks=[Twice("on_train_end", [])], verbose=0)
    assert "on_train_end failed, too: OSError: the disk is full" in "".join(caught.value.__notes__)


def test_a_callback_that_refuses_to_begin_leaves_those_after_it_alone() -> None:
    seen: list[Any] = []
    given = [Told("before", seen), Fails("on_train_begin", seen), Told("after", seen)]
    with pytest.raises(OSError, match="disk"):
        model().fit(X, Y, callbacks=given, verbose=0)
    assert seen == [("before", "train begin"), ("before", "train end")]


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "eager"])
def test_stopping_in_the_hook_of_a_batch_ends_the_epoch_there(jit: bool) -> None:
    class Stops(callbacks.Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None:  # Keras's short name of the hook
            self.model.stop_training = batch == 2

    made = model(jit)
    history = made.fit(X, Y, batch_size=4, epochs=5, validation_split=0.2, callbacks=[Stops()], verbose=0)
    assert int(made.optimizer.iterations.numpy()) == 3
    assert history.epoch == [0]
    assert list(history.history) == ["loss", "val_loss"]


def test_stopping_between_steps_leaves_them_to_run_by_themselves() -> None:
    class Stops(callbacks.Callback):
        def on_step(self, step: int, logs: Any) -> None:
            self.steps = step + 1
            self.model.stop_training = True

    made, stops = model(), Stops()
    made.fit(np.tile(X, (50, 1)), np.tile(Y, (50, 1)), batch_size=4, epochs=5, callbacks=[stops], verbose=0)
    assert int(made.optimizer.iterations.numpy()) == stops.steps < 500


@pytest.mark.skipif(not llvm.available(), reason="steps run by themselves in native code alone")
@pytest.mark.parametrize("y", [np.tile(X, (50, 1))[:, :1], np.tile(X, (50, 1)).T[0]], ids=["a column", "a row turned"])
def test_arrays_that_are_views_are_run_through_without_a_word_between_steps(y: Any) -> None:
    looks: list[int] = []

    class Looks(callbacks.Callback):
        def on_step(self, step: int, logs: Any) -> None:
            looks.append(step)

    made = model()
    made.fit(np.tile(X, (50, 1)), y, batch_size=2, callbacks=[Looks()], verbose=0)
    assert int(made.optimizer.iterations.numpy()) == 1000
    assert len(looks) < 500


def test_callbacks_of_epochs_leave_the_steps_to_run_by_themselves(tmp_path: Any) -> None:
    given: list[Any] = [
        callbacks.EarlyStopping("loss"),
        callbacks.ModelCheckpoint(tmp_path / "m.pente"),
        callbacks.ReduceLROnPlateau("loss"),
        callbacks.LearningRateScheduler(lambda epoch: 0.1),
        callbacks.TerminateOnNaN(),
        callbacks.CSVLogger(tmp_path / "a.csv"),
        callbacks.JSONLinesLogger(tmp_path / "a.jsonl"),
        callbacks.Timer(),
        callbacks.History(),
        callbacks.ProgressBar(),
    ]
    together = pente.train.callbacks.CallbackList(given, model())
    assert not together.hears("on_train_batch_begin", "on_train_batch_end")
    every_second = callbacks.ModelCheckpoint(tmp_path / "m.pente", save_freq=2)
    assert pente.train.callbacks.CallbackList([every_second], model()).hears("on_train_batch_end")
    assert {type(each) for each in given} >= set(LIBRARY) - {callbacks.Callback, callbacks.LambdaCallback}


@pytest.mark.parametrize(
    "make",
    [
        lambda: callbacks.EarlyStopping("val_los"),
        lambda: callbacks.ReduceLROnPlateau("val_los"),
        lambda: callbacks.ModelCheckpoint("{val_los:.2f}.pente"),
        lambda: callbacks.ModelCheckpoint("m.pente", "val_los", save_best_only=True),
    ],
    ids=["early stopping", "plateau", "a path", "checkpoint"],
)
def test_a_number_that_no_epoch_gives_is_told_before_the_first_step(make: Any) -> None:
    made = model()
    with pytest.raises(UnknownNameError, match=r"'val_los'. Did you mean 'val_loss'\? Known: .*loss"):
        made.fit(X, Y, validation_split=0.2, callbacks=[make()], verbose=0)
    assert int(made.optimizer.iterations.numpy()) == 0


def test_a_number_that_no_epoch_gives_is_told_after_the_first_where_others_may_add_it() -> None:
    made = model()
    adds = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    with pytest.raises(UnknownNameError, match="'lss'"):
        made.fit(X, Y, epochs=3, callbacks=[adds, callbacks.EarlyStopping("lss")], verbose=0)
    assert int(made.optimizer.iterations.numpy()) == 2


def test_a_number_of_validation_without_validation_says_how_to_validate() -> None:
    with pytest.raises(UnknownNameError) as caught:
        model().fit(X, Y, callbacks=[callbacks.EarlyStopping()], verbose=0)
    assert "validation_split=0.1" in "".join(caught.value.__notes__)


def test_which_way_is_better_is_known_for_losses_and_for_the_metrics_of_pente() -> None:
    made = model(metrics=["mae", pente.metrics.R2Score()])
    made.fit(X, Y, verbose=0)
    for name, more in {"loss": False, "val_loss": False, "mae": False, "val_mae": False, "r2_score": True}.items():
        watching = callbacks.EarlyStopping(name)
        watching.set_model(made)
        assert watching.is_better(2.0, than=1.0) == more
    classifier = Sequential([Input((3,)), layers.Dense(2, "softmax")])
    classifier.compile("sgd", "sparse_categorical_crossentropy", ["accuracy"])
    stopping = callbacks.EarlyStopping("val_accuracy", patience=5)
    classifier.fit(X, (Y[:, 0] > 0).astype(int), validation_split=0.2, epochs=3, callbacks=[stopping], verbose=0)
    assert stopping.is_better(0.9, than=0.8)


def test_the_accuracy_of_any_loss_is_known_to_be_better_where_it_is_more() -> None:
    made = Sequential([Input((3,)), layers.Dense(1, "tanh")])
    made.compile("sgd", "hinge", ["accuracy", "mse", pente.losses.Huber()])
    made.fit(X, np.sign(Y), verbose=0)
    known = {}
    for name in made.metrics_names:
        watching = callbacks.EarlyStopping(name)
        watching.set_model(made)
        known[name] = watching.is_better(2.0, than=1.0)
    assert known == {name: name == "accuracy" for name in made.metrics_names}
    assert len(known) == 4


def test_which_way_is_better_has_to_be_said_for_a_metric_of_ones_own() -> None:
    def distance(y: Any, p: Any) -> Any:
        return abs(y - p)

    with pytest.raises(UsageError, match="mode='max'"):
        model(metrics=[distance]).fit(X, Y, callbacks=[callbacks.EarlyStopping("distance")], verbose=0)
    stopping = callbacks.EarlyStopping("distance", mode="min")
    model(metrics=[distance]).fit(X, Y, callbacks=[stopping], verbose=0)
    assert stopping.best is not None


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: callbacks.EarlyStopping(mode="least"), "'min'"),
        (lambda: callbacks.ReduceLROnPlateau(factor=2.0), "got 2.0"),
        (lambda: callbacks.ModelCheckpoint("a", save_freq="batch"), "number of batches"),
        (lambda: callbacks.ModelCheckpoint("a", save_freq=0), "got 0"),
        (lambda: callbacks.ModelCheckpoint("run/best.keras"), r"\.pente, got 'run/best.keras': write 'run/best.pente'"),
        (lambda: callbacks.ModelCheckpoint("{epoch}-{loss:.2f}"), r"write '{epoch}-{loss:.2f}\.pente'"),
        (lambda: callbacks.ModelCheckpoint("a.h5", save_weights_only=True), r"or \.npz, .* write 'a\.safetensors'"),
        (lambda: model().fit(X, Y, callbacks=[callbacks.LearningRateScheduler(lambda epoch: None)]), "gave None"),
        (lambda: following_a_schedule().fit(X, Y, callbacks=[callbacks.ReduceLROnPlateau("loss")]), "Give it a number"),
        (lambda: callbacks.CSVLogger("a").on_epoch_end(0, {}), "no fit has begun"),
    ],
    ids="mode, factor, a word, no batch, keras, no ending, weights, no rate, a schedule, outside of fit".split(", "),
)
def test_a_mistake_is_told(make: Any, told: str) -> None:
    with pytest.raises(PenteError, match=told):
        make()


def test_a_fit_of_no_epochs_is_a_fit(capsys: pytest.CaptureFixture[str]) -> None:
    given = [callbacks.EarlyStopping("loss"), callbacks.ProgressBar(), callbacks.Timer()]
    assert model().fit(X, Y, epochs=0, callbacks=given).epoch == []
    assert capsys.readouterr().out == ""


def test_a_lambda_callback_takes_keras_hooks_in_keras_order() -> None:
    seen: list[Any] = []
    first = callbacks.LambdaCallback(
        lambda epoch, logs: seen.append(epoch), on_test_end=lambda logs: seen.append("test")
    )
    model().fit(X, Y, epochs=2, validation_split=0.2, callbacks=first, verbose=0)
    assert seen == [0, "test", 1, "test"]
