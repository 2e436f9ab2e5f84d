"""Initializers, under Keras's path."""

from pente.initializers import *  # noqa: F403  (what stands there stands here)
