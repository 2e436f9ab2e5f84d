"""Models, under Keras's path."""

from pente.keras.saving import load_model, save_model  # noqa: F401
from pente.models import Model, Sequential  # noqa: F401
