"""Models, under Keras's path."""

from pente.models import *  # noqa: F403  (what stands there stands here)
