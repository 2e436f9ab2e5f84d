"""Callbacks, under Keras's path."""

from pente.callbacks import *  # noqa: F403  (what stands there stands here)
