"""The same names under Keras's paths, so that ``import pente as tf`` runs what tutorials show.

>>> import pente as tf
>>> tf.keras.Sequential([tf.keras.layers.Dense(3)])(tf.ones((2, 4))).shape
(2, 3)
"""

from pente.initializers import Initializer
from pente.keras import (
    activations,
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    regularizers,
    saving,
    utils,
)
from pente.layers import Input, Layer
from pente.losses import Loss
from pente.metrics import Metric
from pente.models import Model, Sequential
from pente.optimizers import Optimizer
from pente.regularizers import Regularizer

__all__ = [
    "Initializer",
    "Input",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "activations",
    "callbacks",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "regularizers",
    "saving",
    "utils",
]
