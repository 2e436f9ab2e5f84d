"""Layers, under Keras's path."""

from pente.layers import *  # noqa: F403  (what stands there stands here)
