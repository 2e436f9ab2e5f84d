"""Callbacks: those who listen to training and may steer it. Each has an ``order``, by which they are called."""

from pente.train.callbacks.base import Callback
from pente.train.callbacks.checkpoint import ModelCheckpoint
from pente.train.callbacks.early_stopping import EarlyStopping
from pente.train.callbacks.history import History
from pente.train.callbacks.lambdas import LambdaCallback
from pente.train.callbacks.loggers import CSVLogger, JSONLinesLogger
from pente.train.callbacks.nonfinite import TerminateOnNaN
from pente.train.callbacks.rates import LearningRateScheduler, ReduceLROnPlateau
from pente.train.callbacks.timer import Timer
from pente.train.callbacks.together import CallbackList

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "JSONLinesLogger",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
    "Timer",
]
