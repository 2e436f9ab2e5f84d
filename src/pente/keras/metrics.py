"""Metrics, under Keras's path; the losses that are functions are metrics there, too."""

from pente.losses import (  # noqa: F401  (what stands there stands here)
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from pente.metrics import *  # noqa: F403
