"""Keras itself, to compare with."""

import os
import warnings

os.environ.setdefault("KERAS_BACKEND", "torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras

__all__ = ["keras"]
