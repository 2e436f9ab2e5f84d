"""Models: layers one behind the other, a graph of them, or a class of one's own."""

from pente.models.loading import load_model
from pente.models.model import Model
from pente.models.sequential import Sequential

__all__ = ["Model", "Sequential", "load_model"]
