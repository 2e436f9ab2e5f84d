"""Training or inference: what is asked for wins over what was set, and a fresh layer is in inference mode."""

from typing import Any

import numpy as np
import pytest

from pente import Sequential, layers

X = np.ones((2, 3), np.float32)


class Told(layers.Layer):
    """Gives back whether it was called in training mode."""

    def call(self, x: Any, training: bool = False) -> Any:
        return x * float(training)


class Wrapper(layers.Layer):
    def __post_init__(self) -> None:
        self.inner = Told()

    def call(self, x: Any) -> Any:
        return self.inner(x)


def mode(layer: Any, **asked: Any) -> bool:
    return bool(layer(X, **asked).numpy().all())


@pytest.mark.parametrize("layer", [Told(), Wrapper(), Sequential([Wrapper()])], ids=["itself", "inside", "two down"])
def test_an_explicit_mode_wins_over_the_one_that_was_set(layer: Any) -> None:
    assert mode(layer) is False
    assert mode(layer, training=True) is True
    layer.train()
    assert mode(layer) is True
    assert mode(layer, training=False) is False
    layer.eval()
    assert mode(layer) is False


def test_a_layer_below_may_have_a_mode_of_its_own() -> None:
    wrapper = Wrapper().train()
    wrapper.inner.eval()
    assert mode(wrapper) is False
    assert mode(wrapper, training=True) is True


def test_fit_trains_and_leaves_the_mode() -> None:
    modes = []

    class Recorded(layers.Layer):
        def call(self, x: Any, training: bool = False) -> Any:
            modes.append(training)
            return x

    model = Sequential([layers.Dense(1), Recorded()])
    model(X)
    model.compile("sgd", "mse")
    modes.clear()
    model.fit(X, X[:, :1], batch_size=2, verbose=0)
    assert modes[-1] is True
    assert not any(layer.training for _, layer in model.walk())
    model.evaluate(X, X[:, :1])
    assert modes[-1] is False


def test_a_fit_does_not_raise_the_revision_of_a_built_model() -> None:
    model = Sequential([layers.Dense(1), layers.Dropout(0.5)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    before = [layer.revision for _, layer in model.walk()]
    model.fit(X, X[:, :1], verbose=0)
    model.predict(X)
    assert [layer.revision for _, layer in model.walk()] == before
