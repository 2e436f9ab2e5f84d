"""How weights follow their gradients."""

from typing import Any

from pente.config import find
from pente.optimizers.adam import Adam, AdamW
from pente.optimizers.base import Optimizer
from pente.optimizers.rmsprop import RMSprop
from pente.optimizers.segments import Segment
from pente.optimizers.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "Segment", "get"]

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}


def get(identifier: Any) -> Optimizer:
    """The optimizer that is meant: by name, class, config, or itself.

    >>> import pente
    >>> pente.optimizers.get("adam").get_config()["beta_2"]
    0.999
    """
    optimizer: Optimizer = find("optimizer", OPTIMIZERS, identifier, Optimizer)
    return optimizer
