"""Callbacks: those who listen to training and may steer it."""

from pente.train.callbacks import Callback, History, LambdaCallback
from pente.train.progress import ProgressBar

__all__ = ["Callback", "History", "LambdaCallback", "ProgressBar"]
