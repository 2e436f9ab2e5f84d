"""From what a user names to an optimizer."""

from collections.abc import Mapping
from typing import Any

from pente.config import find
from pente.optimizers.accumulation import Accumulation
from pente.optimizers.adadelta import Adadelta
from pente.optimizers.adagrad import Adagrad
from pente.optimizers.adam import Adam, AdamW
from pente.optimizers.adamax import Adamax
from pente.optimizers.base import Optimizer
from pente.optimizers.ema import EMA
from pente.optimizers.grouped import Grouped
from pente.optimizers.lamb import Lamb
from pente.optimizers.lion import Lion
from pente.optimizers.nadam import Nadam
from pente.optimizers.rmsprop import RMSprop
from pente.optimizers.sgd import SGD

__all__ = ["get"]

RULES = (SGD, RMSprop, Adam, AdamW, Adadelta, Adagrad, Adamax, Lamb, Lion, Nadam)
BY_NAME: dict[str, type[Optimizer]] = {kind.__name__.lower(): kind for kind in RULES}
BY_CONFIG = BY_NAME | {kind.__name__.lower(): kind for kind in (Accumulation, EMA, Grouped)}


def get(identifier: Any) -> Optimizer:
    """The optimizer that is meant: by name, class, config, or itself.

    >>> import pente
    >>> pente.optimizers.get("adam").get_config()["beta_2"]
    0.999
    """
    known = BY_CONFIG if isinstance(identifier, Mapping) else BY_NAME  # a name alone says not what a wrapper wraps
    optimizer: Optimizer = find("optimizer", known, identifier, Optimizer)
    return optimizer
