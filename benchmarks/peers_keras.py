"""The six nets in Keras, and an epoch of each: its own ``fit``, with its defaults. KERAS_BACKEND names the backend."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import Input, Model, Sequential, layers, optimizers

__all__ = ["mlp", "trainer"]


def mlp() -> Any:
    return Sequential([Input((784,)), layers.Dense(64, "relu"), layers.Dense(10)])


def tabular() -> Any:
    def block() -> list[Any]:
        return [layers.Dense(128), layers.BatchNormalization(), layers.Activation("relu"), layers.Dropout(0.2)]

    return Sequential([Input((30,)), *block(), *block(), layers.Dense(2)])


def cnn() -> Any:
    def block(filters: int) -> list[Any]:
        return [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D()]

    return Sequential([
        Input((28, 28, 1)), *block(32), *block(64), layers.Flatten(), layers.Dropout(0.5), layers.Dense(10)
    ])  # fmt: skip


def lstm() -> Any:
    tokens = Input((64,), dtype="int32")
    return Sequential([tokens, layers.Embedding(2000, 64), layers.LSTM(64), layers.Dense(2)])


class Places(layers.Layer):  # type: ignore[misc]
    """x plus a vector for each place, which is learned."""

    def build(self, shape: Any) -> None:
        self.table = self.add_weight(shape[1:], "uniform", name="table")

    def call(self, x: Any) -> Any:
        return x + self.table


def gpt() -> Any:
    context, width, vocabulary = 64, 128, 65
    tokens = Input((context,), dtype="int32")
    x = Places()(layers.Embedding(vocabulary, width)(tokens))
    for _ in range(4):
        a = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, width // 4)(a, a, use_causal_mask=True)
        a = layers.Dense(4 * width)(layers.LayerNormalization()(x))
        x = x + layers.Dense(width)(keras.activations.gelu(a, approximate=True))
    return Model(tokens, layers.Dense(vocabulary)(layers.LayerNormalization()(x)))


def convolved(x: Any, filters: int, window: int, stride: int) -> Any:
    x = layers.Conv2D(filters, window, stride, "same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization()(x)


def resnet18() -> Any:
    image = Input((32, 32, 3))
    x = layers.ReLU()(convolved(image, 64, 3, 1))
    for filters, first in [(64, 1), (128, 2), (256, 2), (512, 2)]:
        for stride in (first, 1):
            y = layers.ReLU()(convolved(x, filters, 3, stride))
            y = convolved(y, filters, 3, 1)
            x = layers.ReLU()(y + (convolved(x, filters, 1, stride) if x.shape != y.shape else x))
    return Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


NETS = {"mlp": mlp, "tabular": tabular, "cnn": cnn, "lstm": lstm, "gpt": gpt, "resnet18": resnet18}


def optimizer(name: str) -> Any:
    if name == "resnet18":
        return optimizers.SGD(0.1, 0.9, weight_decay=5e-4)
    if name == "gpt":
        return optimizers.AdamW(1e-3, weight_decay=0.1, beta_1=0.9, beta_2=0.99)
    return optimizers.AdamW(1e-3) if name == "tabular" else optimizers.Adam(1e-3)


def trainer(name: str, x: Any, y: Any, batch: int) -> tuple[Callable[[], float], int]:
    """An epoch in a new order, which returns the mean loss, and how many numbers the net has."""
    net = NETS[name]()
    net.compile(optimizer(name), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = (a.astype(np.int32) if a.dtype == np.int64 else a for a in (x, y))

    def epoch() -> float:
        return float(net.fit(x, y, batch_size=batch, verbose=0).history["loss"][0])

    return epoch, net.count_params()
