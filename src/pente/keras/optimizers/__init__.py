"""Optimizers, under Keras's path."""

from pente.keras.optimizers import schedules  # noqa: F401
from pente.optimizers import *  # noqa: F403  (what stands there stands here)
