"""Metrics, under Keras's path."""

from pente.metrics import *  # noqa: F403  (what stands there stands here)
