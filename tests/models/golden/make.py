"""Writes the model file of today's format, and what it predicts: run once for each new format, and kept for ever.

python -m tests.models.golden.make
"""

from pathlib import Path
from typing import Any

import numpy as np

import pente
from pente import layers
from pente.models.saving import FORMAT, training_state

FOLDER = Path(__file__).parent


def data() -> Any:
    """Inputs and targets, the same on every machine."""
    x = (np.arange(160).reshape(20, 8) * 37 % 100 / 50 - 1).astype(np.float32)
    return x, {"label": np.arange(20) % 3, "size": x[:, :1]}


def trained() -> Any:
    """A model of each kind of part: a nested and a shared layer, an operation, steps, two outputs, a schedule."""
    pente.set_seed(1)
    x = pente.Input((8,), name="x")
    body = pente.Sequential([pente.Input((8,)), layers.Dense(8, "relu"), layers.BatchNormalization()], name="body")
    y = body(body(x) * np.float32(0.5) + x)
    steps = layers.Dropout(0.2)(layers.Reshape((4, 2))(y))
    z = layers.Concatenate()([layers.GRU(4)(steps), layers.Flatten()(layers.Conv1D(2, 2)(steps))])
    size = layers.Dense(1, name="size", kernel_initializer=pente.initializers.Constant(np.full((10, 1), 0.1)))
    model = pente.Model(x, {"label": layers.Dense(3, "softmax", name="label")(z), "size": size(z)})
    model.layers[1].layers[0].trainable = False
    model.compile(
        pente.optimizers.Adam(pente.schedules.CosineDecay(0.01, decay_steps=100)),
        {"label": pente.losses.SparseCategoricalCrossentropy(), "size": "mse"},
        {"label": ["accuracy"], "size": [pente.metrics.RootMeanSquaredError()]},
        loss_weights={"label": 1.0, "size": 0.5},
    )
    model.class_names = ["a", "b", "c"]
    model.preprocessing = pente.regularizers.L1L2(0.1, 0.2)
    model.fit(*data(), batch_size=8, epochs=2, verbose=0)
    return model


def expected(model: Any) -> dict[str, Any]:
    """Every weight, every Variable of the training, and the predictions."""
    training = {name: variable.numpy() for name, variable in training_state(model).items()}
    predictions = {f"predictions/{name}": found for name, found in model.predict(data()[0], verbose=0).items()}
    return model.state_dict() | training | predictions


if __name__ == "__main__":
    model = trained()
    model.save(FOLDER / f"format-{FORMAT}.pente")
    np.savez_compressed(FOLDER / f"format-{FORMAT}.npz", **expected(model))
