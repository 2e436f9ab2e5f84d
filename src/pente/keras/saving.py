"""Saving and loading, under Keras's path and with Keras's names of arguments."""

import os
from collections.abc import Mapping
from typing import Any

import pente.models

__all__ = ["load_model", "save_model"]


def load_model(filepath: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that ``save`` wrote, as ``pente.load_model`` gives it."""
    return pente.models.load_model(filepath, custom_objects)


def save_model(model: Any, filepath: str | os.PathLike[str]) -> None:
    """``model.save(filepath)``."""
    model.save(filepath)
