"""Regularizers, under Keras's path."""

from pente.regularizers import *  # noqa: F403  (what stands there stands here)
