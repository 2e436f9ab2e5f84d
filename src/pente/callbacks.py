"""Callbacks: those who listen to training and may steer it. Each has an ``order``, by which they are called."""

from pente.train.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    JSONLinesLogger,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
    Timer,
)
from pente.train.progress import ProgressBar

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "JSONLinesLogger",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgressBar",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
    "Timer",
]
