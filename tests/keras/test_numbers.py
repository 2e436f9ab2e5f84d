"""Models with Keras's weights give Keras's predictions: the weights are the same, in the same order."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pente import keras as own
from pente.layers.operations import Operation
from tests.keras.oracle import keras

pytestmark = pytest.mark.filterwarnings("ignore:__array__")  # of Keras's own
Build = Callable[[Any], Any]
RNG = np.random.default_rng(1)


def dense(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            k.Input((6,)),
            layers.Dense(8, activation="gelu"),
            layers.BatchNormalization(),
            layers.LayerNormalization(),
            layers.PReLU(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def convolutional(k: Any) -> Any:
    layers = k.layers
    x = inputs = k.Input((12, 10, 2))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = layers.DepthwiseConv2D(3, strides=2)(x)
    x = layers.BatchNormalization()(x)
    short = x = layers.SeparableConv2D(6, 3, padding="same", activation="elu")(x)
    x = layers.add([layers.Conv2D(6, 3, padding="same", groups=2)(x), short])
    x = layers.ZeroPadding2D(((1, 0), (0, 1)))(x)
    x = layers.Conv2DTranspose(4, 3, strides=2)(x)
    x = layers.Cropping2D(((1, 1), (0, 2)))(layers.UpSampling2D((2, 1))(x))
    x = layers.AveragePooling2D(2, padding="same")(layers.MaxPooling2D()(x))
    return k.Model(inputs, layers.Dense(3)(layers.Flatten()(layers.Rescaling(2.0, 0.5)(x))))


def recurrent(k: Any) -> Any:
    layers = k.layers
    x = inputs = k.Input((7,), dtype="int32")
    x = layers.Embedding(20, 5)(x)
    x = layers.LSTM(6, return_sequences=True)(x)
    x = layers.GRU(4, return_sequences=True)(x)
    x = layers.ZeroPadding1D(1)(layers.UpSampling1D(2)(layers.Cropping1D((1, 0))(x)))
    return k.Model(inputs, layers.SimpleRNN(3)(x))


def attentive(k: Any) -> Any:
    layers = k.layers
    x = inputs = k.Input((5, 8))
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    x = layers.Conv1D(6, 3, padding="causal", dilation_rate=2, activation="tanh")(x)
    return k.Model(inputs, layers.GlobalMaxPooling1D()(layers.GroupNormalization(3)(x)))


def shared(k: Any) -> Any:
    layers = k.layers
    a, b = k.Input((6,), name="a"), k.Input((6,), name="b")
    tower = k.Sequential([k.Input((6,)), layers.Dense(4, activation="relu"), layers.Dense(3)])
    joined = layers.concatenate([tower(a), tower(b), layers.subtract([a, b])])
    return k.Model([a, b], [layers.Dense(2, name="p")(joined), layers.Dot(axes=1)([tower(a), tower(b)])])


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape).astype(np.float32)


CASES = {
    dense: normal(9, 6),
    convolutional: normal(3, 12, 10, 2),
    recurrent: RNG.integers(20, size=(4, 7)).astype(np.int32),
    attentive: normal(4, 5, 8),
    shared: [normal(4, 6), normal(4, 6)],
}


@pytest.mark.parametrize(("build", "x"), CASES.items(), ids=[build.__name__ for build in CASES])
def test_a_model_with_keras_weights_predicts_as_keras(build: Build, x: Any) -> None:
    theirs, ours = build(keras), build(own)
    weights = [w + RNG.random(w.shape).astype(w.dtype) * 0.1 for w in theirs.get_weights()]  # statistics differ, too
    theirs.set_weights(weights)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in weights]
    ours.set_weights(weights)
    wanted, got = theirs.predict(x, verbose=0), ours.predict(x, verbose=0)
    for w, g in zip(*(y if isinstance(y, list) else [y] for y in (wanted, got)), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-5)
    kinds = [type(layer).__name__ for layer in ours.layers if not isinstance(layer, Operation)]
    assert kinds == [type(layer).__name__ for layer in theirs.layers]  # there an operator is no layer
