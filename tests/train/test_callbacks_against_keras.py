"""Callbacks beside Keras's own: the same courses of numbers lead to the same decisions."""

import inspect
import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pente import callbacks
from pente.core.tensor import Variable

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

SHARED = [
    "CSVLogger",
    "EarlyStopping",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]


def arguments(cls: Any) -> list[tuple[str, Any]]:
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return [(p.name, p.default) for p in parameters if p.kind.name == "POSITIONAL_OR_KEYWORD"]


@pytest.mark.parametrize("name", SHARED)
def test_arguments_and_defaults_are_those_of_keras(name: str) -> None:
    ours, theirs = dict(arguments(getattr(callbacks, name))), dict(arguments(getattr(keras.callbacks, name)))
    if name == "EarlyStopping":  # the one difference: here training always ends on the best weights
        assert (ours.pop("restore_best_weights"), theirs.pop("restore_best_weights")) == (True, False)
    assert list(ours) == list(theirs)
    assert ours == theirs


@pytest.mark.parametrize("hook", [name for name in vars(callbacks.Callback) if name.startswith("on_")])
def test_every_hook_is_one_of_keras_with_the_same_arguments(hook: str) -> None:
    if hook in ("on_step", "on_trained"):
        assert not hasattr(keras.callbacks.Callback, hook)
    else:
        ours, theirs = (inspect.signature(getattr(each.Callback, hook)) for each in (callbacks, keras.callbacks))
        assert list(ours.parameters) == list(theirs.parameters)


class Model:
    """What a callback steers, for ours and for Keras's."""

    def __init__(self, rate: float) -> None:
        self.stop_training = False
        self.weight = Variable(np.float32(0.0))
        self.weights = [self.weight]
        self.optimizer: Any = SimpleNamespace(learning_rate=Variable(np.float32(rate)))

    def get_weights(self) -> Any:
        return [self.weight.numpy()]

    def set_weights(self, weights: Any) -> None:
        self.weight.assign(weights[0])


class KerasModel(Model):
    def __init__(self, rate: float) -> None:
        super().__init__(rate)
        self.optimizer = SimpleNamespace(learning_rate=np.float32(rate))


def run(callback: Any, model: Any, course: list[float]) -> tuple[int, list[float], float]:
    """How many epochs there were, the rate in each, and the weight at the end, which is the number of its epoch."""
    rates: list[float] = []
    callback.set_model(model)
    callback.set_params({"epochs": len(course), "verbose": 0})
    callback.on_train_begin({})
    epoch = 0
    for epoch, value in enumerate(course):
        model.weight.assign(float(epoch))
        callback.on_epoch_begin(epoch, {})
        callback.on_epoch_end(epoch, {"score": value})
        rate = model.optimizer.learning_rate
        rates.append(float(rate if isinstance(rate, (float, np.floating)) else rate.numpy()))
        if model.stop_training:
            break
    callback.on_train_end({})
    return epoch + 1, rates, float(model.weight.numpy())


class Rates:
    """An optimizer whose rate is set by assignment."""

    def __init__(self, rate: float) -> None:
        vars(self)["learning_rate"] = Variable(np.float32(rate))

    def __setattr__(self, name: str, value: Any) -> None:
        self.learning_rate.assign(value)


@pytest.mark.parametrize("seed", range(40))
def test_early_stopping_decides_as_keras_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    course = rng.choice([0.1, 0.2, 0.3, 0.4, 0.5, 0.9], size=15).tolist()
    how: dict[str, Any] = {
        "patience": int(rng.integers(0, 4)),
        "mode": str(rng.choice(["min", "max"])),
        "min_delta": float(rng.choice([0.0, 0.15])),
        "baseline": rng.choice([None, 0.25, 0.45]),
        "start_from_epoch": int(rng.choice([0, 0, 3])),
        "restore_best_weights": bool(rng.choice([True, True, False])),
    }
    ours = run(callbacks.EarlyStopping("score", **how), Model(0.1), course)
    theirs = run(keras.callbacks.EarlyStopping("score", **how), KerasModel(0.1), course)
    assert (ours[0], ours[2]) == (theirs[0], theirs[2])


@pytest.mark.parametrize("seed", range(40))
def test_the_rate_falls_when_keras_lets_it_fall(seed: int) -> None:
    rng = np.random.default_rng(seed)
    course = rng.choice([0.1, 0.2, 0.3, 0.4, 0.5, 0.9], size=25).tolist()
    how: dict[str, Any] = {
        "factor": float(rng.choice([0.1, 0.5])),
        "patience": int(rng.integers(1, 4)),
        "mode": str(rng.choice(["min", "max"])),
        "min_delta": float(rng.choice([1e-4, 0.15])),
        "cooldown": int(rng.integers(0, 3)),
        "min_lr": float(rng.choice([0.0, 0.004])),
    }
    model = Model(0.1)
    model.optimizer = Rates(0.1)
    ours = run(callbacks.ReduceLROnPlateau("score", **how), model, course)
    theirs = run(keras.callbacks.ReduceLROnPlateau("score", **how), KerasModel(0.1), course)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6)


def test_a_csv_file_reads_as_keras_writes_it(tmp_path: Any) -> None:
    text = []
    for module in (callbacks, keras.callbacks):
        path = tmp_path / "log.csv"
        logger = module.CSVLogger(str(path))
        logger.on_train_begin({})
        for epoch in range(2):
            logger.on_epoch_end(epoch, {"loss": 0.5 - epoch / 10, "accuracy": 0.25})
        logger.on_train_end({})
        text.append(path.read_text().splitlines())
    assert text[0] == text[1]
