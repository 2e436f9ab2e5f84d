"""Optimizers, under Keras's path."""

from pente.optimizers import *  # noqa: F403  (what stands there stands here)
