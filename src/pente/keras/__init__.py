"""The same names under Keras's paths, so that ``import pente as tf`` runs what tutorials show.

>>> import pente as tf
>>> tf.keras.Sequential([tf.keras.layers.Dense(3)])(tf.ones((2, 4))).shape
(2, 3)
"""

from pente.keras import (
    activations,
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    utils,
)
from pente.layers import Input, Layer
from pente.models import Model, Sequential

__all__ = [
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "activations",
    "callbacks",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "utils",
]
