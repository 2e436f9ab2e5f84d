"""``fit`` beside Keras's: the same weights, data and arguments give the same history."""

import os
from typing import Any

import numpy as np
import pytest

import pente
from pente import callbacks

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # of Keras on torch
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)).astype(np.float32)
Y = (X.sum(1) > 0).astype(np.int64)
SHARES = RNG.uniform(0.5, 2.0, size=50).astype(np.float32)
FIRST, LAST = RNG.normal(size=(4, 6)).astype(np.float32), RNG.normal(size=(6, 2)).astype(np.float32)


def model(of: Any) -> Any:
    made = of.Sequential([of.layers.Dense(6, activation="relu"), of.layers.Dense(2, activation="softmax")])
    made.compile(
        of.optimizers.SGD(0.05, momentum=0.9),
        of.losses.SparseCategoricalCrossentropy(),
        metrics=[of.metrics.SparseCategoricalAccuracy(name="accuracy")],
        weighted_metrics=[of.metrics.SparseCategoricalCrossentropy(name="weighted")],
    )
    made.build((None, 4))
    made.set_weights([FIRST, np.zeros(6, np.float32), LAST, np.zeros(2, np.float32)])
    return made


def endless(rows: int) -> Any:
    while True:
        for start in range(0, 50, rows):
            yield X[start : start + rows], Y[start : start + rows]


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "a last smaller batch": {"batch_size": 16},
    "validation split": {"validation_split": 0.2},
    "validation data": {"validation_data": (X[:20], Y[:20]), "validation_batch_size": 7},
    "weighted validation data": {"validation_data": (X[:20], Y[:20], SHARES[:20])},
    "validation every second epoch": {"validation_split": 0.2, "validation_freq": 2},
    "a few validation steps": {"validation_data": (X, Y), "validation_batch_size": 8, "validation_steps": 2},
    "sample weights": {"sample_weight": SHARES},
    "sample weights and a split": {"sample_weight": SHARES, "validation_split": 0.2},
    "class weights": {"class_weight": {0: 0.5, 1: 2.0}},
    "class weights and a split": {"class_weight": {0: 0.5, 1: 2.0}, "validation_split": 0.2},
    "from a later epoch on": {"initial_epoch": 2},
    "from a later epoch on, validated": {"initial_epoch": 1, "validation_split": 0.2, "validation_freq": 3},
}


@pytest.mark.parametrize("how", CASES.values(), ids=CASES)
def test_the_history_is_that_of_keras(how: dict[str, Any]) -> None:
    options = {"epochs": 4, "batch_size": 10, "shuffle": False, "verbose": 0, **how}
    ours, theirs = model(pente).fit(X, Y, **options), model(keras).fit(X, Y, **options)
    assert ours.epoch == theirs.epoch
    assert set(ours.history) == set(theirs.history)
    for name in theirs.history:
        np.testing.assert_allclose(ours.history[name], theirs.history[name], rtol=2e-4, atol=1e-5, err_msg=name)


def test_steps_of_a_generator_are_those_of_keras() -> None:
    histories = []
    for of in (pente, keras):
        made = model(of)
        first = made.fit(endless(10), steps_per_epoch=3, epochs=2, shuffle=False, verbose=0).history["loss"]
        again = made.fit(endless(10), steps_per_epoch=5, epochs=1, shuffle=False, verbose=0).history["loss"]
        histories.append([*first, *again])
    np.testing.assert_allclose(*histories, rtol=2e-4)


def test_both_stop_in_the_same_epoch_and_leave_the_same_weights() -> None:
    weights, epochs = [], []
    for of, each in ((pente, callbacks), (keras, keras.callbacks)):
        made = model(of)
        given = [
            each.EarlyStopping("val_loss", patience=2, min_delta=0.01, restore_best_weights=True),
            each.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=0.02),
        ]
        history = made.fit(
            X, Y, epochs=40, batch_size=10, shuffle=False, validation_split=0.3, callbacks=given, verbose=0
        )
        epochs.append(history.epoch)
        weights.append(made.get_weights())
        assert "learning_rate" in history.history
    assert epochs[0] == epochs[1]
    assert len(epochs[0]) < 40
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_hooks_are_called_in_the_order_of_keras() -> None:
    told: list[list[Any]] = []
    for of, base in ((pente, callbacks.Callback), (keras, keras.callbacks.Callback)):
        seen: list[Any] = []
        hooks = [name for name in dir(base) if name.startswith("on_") and name.endswith(("_begin", "_end"))]
        hooks = [name for name in hooks if "on_batch" not in name]

        def noted(hook: str, seen: list[Any] = seen) -> Any:
            return lambda self, *given, logs=None: seen.append((hook, given[0] if "ch" in hook else None))

        made = model(of)
        listener = type("Listener", (base,), {hook: noted(hook) for hook in hooks})()
        made.fit(X, Y, batch_size=20, epochs=2, validation_split=0.4, callbacks=[listener], verbose=0)
        made.evaluate(X, Y, batch_size=30, callbacks=[listener], verbose=0)
        made.predict(X, batch_size=30, callbacks=[listener], verbose=0)
        told.append(seen)
    assert told[0] == told[1]
