"""Losses, under Keras's path."""

from pente.losses import *  # noqa: F403  (what stands there stands here)
