"""Before the real training: fitting a few batches alone, and a dry run that changes nothing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Sequential, callbacks, layers
from pente.compiler import llvm
from pente.errors import ShapeError, UnknownNameError, UsageError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 5)).astype(np.float32)
Y = (X.sum(1) > 0).astype(np.int64)
EACH = pytest.mark.parametrize("jit", [True, False], ids=["compiled", "eager"])


def model(jit: bool = True, built: bool = True) -> Any:
    first = [Input((5,))] if built else []
    made = Sequential([*first, layers.Dense(16, "relu"), layers.Dropout(0.1), layers.Dense(2, "softmax")])
    made.compile("adam", "sparse_categorical_crossentropy", ["accuracy"], jit=jit)
    return made


def state_of(made: Any) -> dict[str, Any]:
    values = [*made.named_state().items(), *((v.name, v) for v in made.plan.variables)]
    return {f"{i} {name}": variable.numpy() for i, (name, variable) in enumerate(values)}


class Samples:
    def __len__(self) -> int:
        return 100

    def __getitem__(self, index: int) -> Any:
        return X[index], Y[index]


class Walked:
    def __iter__(self) -> Iterator[Any]:
        for start in range(0, 100, 10):
            yield X[start : start + 10], Y[start : start + 10]


@EACH
@pytest.mark.parametrize("given", [(X, Y), (Walked(),), (Samples(),)], ids=["arrays", "batches", "samples"])
def test_the_same_first_batches_are_trained_on_again_and_again(given: Any, jit: bool) -> None:
    pente.set_seed(0)
    made = model(jit)
    made.fit(*given, batch_size=10, epochs=4, overfit_batches=2, verbose=0)
    pente.set_seed(0)
    other = model(jit)
    other.fit(X[:20], Y[:20], batch_size=10, epochs=4, shuffle=False, verbose=0)
    for a, b in zip(made.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_model_that_can_learn_learns_one_batch_by_heart() -> None:
    made = model()
    made.optimizer.learning_rate = 0.01
    history = made.fit(X, Y, epochs=200, overfit_batches=1, verbose=0)
    assert history.history["loss"][-1] < 0.1 * history.history["loss"][0]
    assert len(history.history["loss"]) == 200


def test_validation_is_on_the_same_batches_and_only_where_it_was_asked_for() -> None:
    made = model()
    history = made.fit(X, Y, validation_split=0.5, batch_size=8, overfit_batches=2, verbose=0)
    assert history.history["val_loss"] == [made.evaluate(X[:16], Y[:16], batch_size=8)[0]]
    assert "val_loss" not in made.fit(X, Y, overfit_batches=1, verbose=0).history


def test_batches_are_counted() -> None:
    with pytest.raises(UsageError, match="overfit_batches is a whole number of at least 1, got 0"):
        model().fit(X, Y, overfit_batches=0)


@EACH
def test_a_dry_run_leaves_everything_as_it_was(jit: bool) -> None:
    made = model(jit)
    made.fit(X, Y, verbose=0)
    before, draw = state_of(made), pente.ops.random._shared.calls.numpy()
    history = made.history
    assert made.fit(X, Y, epochs=9, validation_split=0.2, dry_run=True).epoch == []
    after = state_of(made)
    assert list(before) == list(after)
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name], err_msg=name)
    np.testing.assert_array_equal(draw, pente.ops.random._shared.calls.numpy())
    assert made.history is history


@EACH
@pytest.mark.parametrize("built", [True, False], ids=["built", "not built"])
def test_training_after_a_dry_run_is_as_without_it(built: bool, jit: bool) -> None:
    results = []
    for dry in (True, False):
        pente.set_seed(5)
        made = model(jit, built)
        if dry:
            made.fit(X, Y, validation_split=0.2, dry_run=True)
        results.append([made.fit(X, Y, epochs=2, verbose=0).history["loss"], *made.get_weights()])
    pente.set_seed(0)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


@EACH
def test_a_dry_run_tells_what_it_saw(jit: bool, capsys: pytest.CaptureFixture[str]) -> None:
    made = model(jit)
    stopping = callbacks.EarlyStopping()
    made.fit(X, Y, batch_size=10, validation_split=0.2, callbacks=[stopping], dry_run=True)
    told = capsys.readouterr().out
    assert "training    x (10, 5) float32, y (10,) int64 -> (10, 2) float32" in told
    assert "validation  x (10, 5) float32, y (10,) int64 -> (10, 2) float32" in told
    assert told.count("loss: ") == told.count("accuracy: ") == told.count("once more in ") == 2
    assert "weights 0.5 kB" in told
    assert ("work " in told) == (jit and llvm.available())
    assert "EarlyStopping: the numbers that they ask for are there" in told


def test_a_dry_run_calls_no_callback_and_writes_no_file(tmp_path: Any) -> None:
    seen: list[Any] = []

    class Told(callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            seen.append("begin")

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)

    given = [Told(), callbacks.CSVLogger(tmp_path / "a.csv"), callbacks.ModelCheckpoint(tmp_path / "{epoch}.pente")]
    model().fit(X, Y, callbacks=given, dry_run=True)
    assert seen == []
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_finds_what_would_fail_later() -> None:
    with pytest.raises(UnknownNameError, match="val_acuracy"):
        model().fit(X, Y, validation_split=0.2, callbacks=[callbacks.EarlyStopping("val_acuracy")], dry_run=True)
    with pytest.raises(ShapeError):
        model().fit(Walked(), validation_data=(X[:, :4], Y), dry_run=True)


def test_a_dry_run_works_for_a_model_that_looks_at_values() -> None:
    class Looks(layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 2.0 if float(x.sum()) > 0 else x

    made = Sequential([Looks(), layers.Dense(1)])
    made.compile("adam", "mse", jit=False)
    made.fit(X, X[:, 0], verbose=0)
    before = state_of(made)
    made.fit(X, X[:, 0], dry_run=True)
    for name, value in state_of(made).items():
        np.testing.assert_array_equal(before[name], value, err_msg=name)
