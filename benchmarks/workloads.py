"""The six nets that Pente is measured by, each ready for ``fit``, with random data of the right shape.

All are trained by softmax cross-entropy:

- mlp: 784 → Dense 64 relu → Dense 10, batch 32, Adam 1e-3.
- tabular: 30 → [Dense 128, BatchNorm, relu, Dropout 0.2] ×2 → Dense 2, batch 256, AdamW 1e-3.
- cnn: 28×28×1 → Conv 32 3×3 relu → MaxPool 2 → Conv 64 3×3 relu → MaxPool 2 → Flatten → Dropout 0.5 → Dense 10, no
  padding, batch 128, Adam 1e-3.
- lstm: Embedding 2000×64 → LSTM 64, last state → Dense 2, sequence 64, batch 32, Adam 1e-3.
- gpt: 4 blocks, 4 heads, width 128, context 64, vocabulary 65, pre-norm, gelu (tanh), batch 12, no dropout, AdamW 1e-3,
  betas 0.9 and 0.99, decay 0.1.
- resnet18: the form for CIFAR (a stem of 3×3 and no pooling after it) with BatchNorm, 32×32×3, batch 32, SGD 0.1,
  momentum 0.9, decay 5e-4.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pente import Input, Model, Sequential, layers
from pente.losses import SparseCategoricalCrossentropy
from pente.optimizers import SGD, Adam, AdamW, Optimizer

__all__ = ["WORKLOADS", "Workload"]


class Workload(NamedTuple):
    """A compiled model and its data."""

    model: Any
    x: Any
    y: Any
    batch: int


def ready(model: Any, optimizer: Optimizer, jit: bool, x: Any, y: Any, batch: int) -> Workload:
    model.compile(optimizer, SparseCategoricalCrossentropy(from_logits=True), jit=jit)
    return Workload(model, x, y, batch)


def numbers(rows: int, *shape: int) -> Any:
    return np.random.default_rng(0).normal(size=(rows, *shape)).astype(np.float32)


def whole(below: int, *shape: int) -> Any:
    return np.random.default_rng(1).integers(0, below, shape)


def mlp(jit: bool = True, steps: int = 3) -> Workload:
    model = Sequential([Input((784,)), layers.Dense(64, "relu"), layers.Dense(10)])
    rows = 32 * steps
    return ready(model, Adam(1e-3), jit, numbers(rows, 784), whole(10, rows), 32)


def tabular(jit: bool = True, steps: int = 3) -> Workload:
    def block() -> list[Any]:
        return [layers.Dense(128), layers.BatchNormalization(), layers.Activation("relu"), layers.Dropout(0.2)]

    model = Sequential([Input((30,)), *block(), *block(), layers.Dense(2)])
    rows = 256 * steps
    return ready(model, AdamW(1e-3), jit, numbers(rows, 30), whole(2, rows), 256)


def cnn(jit: bool = True, steps: int = 3) -> Workload:
    model = Sequential([
        Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10),
    ])  # fmt: skip
    rows = 128 * steps
    return ready(model, Adam(1e-3), jit, numbers(rows, 28, 28, 1), whole(10, rows), 128)


def lstm(jit: bool = True, steps: int = 3) -> Workload:
    model = Sequential([Input((64,), dtype="int64"), layers.Embedding(2000, 64), layers.LSTM(64), layers.Dense(2)])
    rows = 32 * steps
    return ready(model, Adam(1e-3), jit, whole(2000, rows, 64), whole(2, rows), 32)


class Places(layers.Layer):
    """x plus a vector for each place, which is learned."""

    def build(self, input_shape: Any) -> None:
        self.table = self.add_weight("table", input_shape[1:], "uniform")

    def call(self, x: Any) -> Any:
        return x + self.table


def gpt(jit: bool = True, steps: int = 3) -> Workload:
    context, width, vocabulary = 64, 128, 65
    tokens = Input((context,), dtype="int64")
    x = Places()(layers.Embedding(vocabulary, width)(tokens))
    for _ in range(4):
        a = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, width // 4)(a, a, use_causal_mask=True)
        a = layers.Dense(4 * width)(layers.LayerNormalization()(x))
        x = x + layers.Dense(width)(layers.GELU(approximate=True)(a))
    model = Model(tokens, layers.Dense(vocabulary)(layers.LayerNormalization()(x)))
    text = whole(vocabulary, 12 * steps, context + 1)
    optimizer = AdamW(1e-3, beta_1=0.9, beta_2=0.99, weight_decay=0.1)
    return ready(model, optimizer, jit, text[:, :-1], text[:, 1:], 12)


def convolved(x: Any, filters: int, window: int, stride: int) -> Any:
    """A convolution and its BatchNorm."""
    x = layers.Conv2D(filters, window, stride, "same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization()(x)


def resnet18(jit: bool = True, steps: int = 3) -> Workload:
    image = Input((32, 32, 3))
    x = layers.ReLU()(convolved(image, 64, 3, 1))
    for filters, first in [(64, 1), (128, 2), (256, 2), (512, 2)]:
        for stride in (first, 1):
            y = layers.ReLU()(convolved(x, filters, 3, stride))
            y = convolved(y, filters, 3, 1)
            x = layers.ReLU()(y + (convolved(x, filters, 1, stride) if x.shape != y.shape else x))
    model = Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))
    rows = 32 * steps
    return ready(model, SGD(0.1, 0.9, weight_decay=5e-4), jit, numbers(rows, 32, 32, 3), whole(10, rows), 32)


WORKLOADS: dict[str, Callable[..., Workload]] = {
    "mlp": mlp,
    "tabular": tabular,
    "cnn": cnn,
    "lstm": lstm,
    "gpt": gpt,
    "resnet18": resnet18,
}
