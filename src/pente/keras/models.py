"""Models, under Keras's path."""

from pente.models import (
    Model,
    Sequential,
)

__all__ = [
    "Model",
    "Sequential",
]
