"""Callbacks, under Keras's path."""

from pente.callbacks import (
    Callback,
    History,
    LambdaCallback,
    ProgressBar,
)

__all__ = [
    "Callback",
    "History",
    "LambdaCallback",
    "ProgressBar",
]
