"""Fields that name something: a wrong name is told when the layer is made, and not when the first data comes."""

from typing import TYPE_CHECKING

from pente import initializers, regularizers
from pente.layers import activations

if TYPE_CHECKING:
    from pente.layers.base import Layer

__all__ = ["require_known_names"]


def require_known_names(layer: "Layer") -> None:
    """Raise where a field for an activation, an initializer or a regularizer holds what is none."""
    for field, value in layer.get_config().items():
        if field.endswith("activation"):
            activations.get(value)
        elif field.endswith("_initializer"):
            initializers.get(value)
        elif field.endswith("_regularizer"):
            regularizers.get(value)
