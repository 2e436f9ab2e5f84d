"""TerminateOnNaN: it stops at once, says where the first number came from that is none, and leaves a good model."""

from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Sequential, callbacks, layers
from pente.errors import NonFiniteError
from pente.train.origin import origin_of, rows_that_stand_out
from pente.train.snapshot import Snapshot

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 1.5, size=(400, 4)).astype(np.float32)
Y = X.sum(1, keepdims=True)
EACH = pytest.mark.parametrize("jit", [True, False], ids=["compiled", "eager"])


class Log(layers.Layer):
    def call(self, x: Any) -> Any:
        return pente.log(x)


class Safe(layers.Layer):
    """The logarithm of what is positive, and 0 elsewhere: a number forward, and nan backward, where x is 0."""

    def call(self, x: Any) -> Any:
        return pente.where(x > 0, pente.log(x), 0.0)


def model(*inner: Any, jit: bool = True, optimizer: Any = None, loss: Any = "mse") -> Any:
    made = Sequential([Input((4,)), layers.Dense(3, "relu", kernel_initializer="ones"), *inner, layers.Dense(1)])
    made.compile(pente.optimizers.SGD(1e-3) if optimizer is None else optimizer, loss, jit=jit)
    return made


def place_of(made: Any, x: Any = X, y: Any = Y, **more: Any) -> str:
    guard = callbacks.TerminateOnNaN()
    options = {"batch_size": 20, "epochs": 3, "verbose": 0, "shuffle": False, **more}
    made.fit(x, y, callbacks=[guard], **options)
    assert all(np.isfinite(weight).all() for weight in made.get_weights())
    return guard.place


def changed(array: Any, row: int, value: float) -> Any:
    other = array.copy()
    other[row] = value
    return other


@EACH
def test_the_epoch_the_batch_and_the_row_of_the_data_are_told(jit: bool) -> None:
    place = place_of(model(jit=jit), changed(X, 217, 1e30), shuffle=True, batch_size=8)
    assert "The loss is inf in epoch 1, batch " in place
    assert "Look at row 217 of x: numbers up to 1e+30, where others have up to 1." in place


@EACH
def test_the_layer_is_told_whose_output_is_the_first(jit: bool) -> None:
    x = changed(X, 70, -1.0)
    made = model(Log(name="inside"), jit=jit)
    place = place_of(made, x)
    assert "in epoch 1, batch 4. First not finite: the output of inside, which holds infinity (3 of 60" in place
    assert int(made.optimizer.iterations.numpy()) == 3  # as it was before that batch


@EACH
def test_a_nested_path_is_told(jit: bool) -> None:
    block = Sequential([layers.Dense(3, "relu", kernel_initializer="ones"), Log(name="inside")], name="block")
    assert "the output of block/inside" in place_of(model(block, jit=jit), changed(X, 0, -1.0))


def unsafe(jit: bool = True) -> Any:
    """A row of zeros gives numbers, and a gradient that is none."""
    first = layers.Dense(3, use_bias=False, kernel_initializer="ones")
    made = Sequential([Input((4,)), first, Safe(name="safe"), layers.Dense(1)])
    made.compile(pente.optimizers.SGD(1e-3), "mse", jit=jit)
    return made


@EACH
def test_the_gradient_is_told_where_all_outputs_are_numbers(jit: bool) -> None:
    made = unsafe(jit)
    place = place_of(made, changed(X, 90, 0.0))
    assert place.startswith("A weight is not finite after epoch 1, batch 5. First not finite: ")
    assert "the gradient that reaches the output of dense, which holds nan (3 of 60 numbers)" in place
    assert int(made.optimizer.iterations.numpy()) == 4


@EACH
def test_the_loss_is_told_where_the_layers_gave_numbers(jit: bool) -> None:
    def log_loss(y: Any, p: Any) -> Any:
        return -pente.log(p)

    place = place_of(model(layers.Dense(1, kernel_initializer="zeros"), jit=jit, loss=log_loss))
    assert "First not finite: the loss itself. All layers gave numbers" in place


@EACH
def test_outputs_that_run_away_are_told_with_what_to_try(jit: bool) -> None:
    place = place_of(model(jit=jit, optimizer=pente.optimizers.SGD(10.0)))
    assert "of outputs as far as" in place
    assert "clipnorm=1.0" in place


@EACH
def test_the_update_is_told_where_all_gradients_are_numbers(jit: bool) -> None:
    place = place_of(model(jit=jit, optimizer=pente.optimizers.SGD(1e38)))
    assert "after the update, which holds infinity" in place
    assert "A weight is not finite after epoch 1, batch 1." in place


def test_a_batch_that_holds_nan_itself_is_told() -> None:
    made = model()
    batch = (pente.tensor(changed(X[:20], 3, np.nan)), pente.tensor(Y[:20]), None)
    assert origin_of(made, batch, Snapshot(made.variables)) == "x itself holds nan (4 of 80 numbers)."
    assert rows_that_stand_out(batch, None).startswith("Look at row 3 of the batch")


@EACH
def test_the_batch_before_is_told_where_it_made_the_weights_leap(jit: bool) -> None:
    made = Sequential([Input((4,)), layers.Dense(1)])
    made.compile(pente.optimizers.SGD(1e-3), "mse", jit=jit)
    place = place_of(made, changed(X, 105, 1e15))
    assert "The loss is inf in epoch 1, batch 7. First not finite: the loss itself, of outputs as far as" in place
    assert "The batch before made dense/kernel grow to" in place
    assert "Look at row 105 of x" in place
    assert place.endswith("the model is as it was before batch 6.")
    assert int(made.optimizer.iterations.numpy()) == 5


@EACH
def test_the_history_and_the_last_file_are_sound(jit: bool, tmp_path: Any) -> None:
    path = tmp_path / "m.pente"
    made = model(jit=jit, optimizer=pente.optimizers.SGD(1e6))
    given = [callbacks.ModelCheckpoint(path), callbacks.EarlyStopping(patience=9), callbacks.TerminateOnNaN()]
    history = made.fit(X, Y, epochs=5, validation_split=0.5, callbacks=given, verbose=0)
    assert history.epoch == [0]
    assert not np.isfinite(history.history["loss"][-1])
    assert "val_loss" not in history.history
    assert not path.exists()


def test_it_is_told_at_once_and_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    place_of(model(), changed(X, 5, 1e30))
    assert capsys.readouterr().out.startswith("The loss is inf in epoch 1, batch 1.")


@EACH
def test_it_raises_where_that_is_asked_for(jit: bool) -> None:
    ended: list[str] = []
    told = callbacks.LambdaCallback(on_train_end=lambda logs: ended.append("end"))
    with pytest.raises(NonFiniteError, match="epoch 1, batch 1"):
        model(jit=jit).fit(
            changed(X, 5, 1e30), Y, shuffle=False, callbacks=[told, callbacks.TerminateOnNaN(True)], verbose=0
        )
    assert ended == ["end"]


def test_steps_that_run_by_themselves_give_the_same_weights_with_and_without_it() -> None:
    weights = []
    for given in ([], [callbacks.TerminateOnNaN()]):
        pente.set_seed(3)
        made = Sequential([layers.Dense(8, "relu"), layers.Dropout(0.3), layers.Dense(1)])
        made.compile("adam", "mse")
        made.fit(X, Y, epochs=4, batch_size=6, callbacks=given, verbose=0)
        weights.append(made.get_weights())
    pente.set_seed(0)
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_it_goes_back_no_further_than_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look is a foothold here, so that the step before is on its other side."""
    monkeypatch.setattr("pente.train.foothold.EVERY", 0.0)
    monkeypatch.setattr("pente.train.sprint.AT_ONCE", 0.0)
    made = unsafe()
    place = place_of(made, changed(X, 90, 0.0))
    assert "epoch 1, batch 5" in place
    assert "the gradient that reaches the output of dense" in place
    assert int(made.optimizer.iterations.numpy()) == 4


def test_a_step_of_ones_own_that_gives_no_loss_is_watched_too() -> None:
    class Own(pente.Model):
        def train_step(self, x: Any, y: Any) -> Any:
            value, gradients = pente.value_and_grad(lambda: ((self(x) - y) ** 2).mean(), wrt=self)()
            self.optimizer.apply(gradients, self)
            return {"distance": value}

    inputs = Input((4,))
    made = Own(inputs, layers.Dense(1)(inputs))
    made.compile(pente.optimizers.SGD(1e3))
    assert "in epoch 1, batch" in place_of(made)
