"""Optimizers, under Keras's path."""

from pente.optimizers import (
    SGD,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    Segment,
    get,
)

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "Segment",
    "get",
]
