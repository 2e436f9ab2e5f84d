"""How weights follow their gradients: optimizers, and wrappers around them."""

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
from pente.optimizers.registry import get
from pente.optimizers.rmsprop import RMSprop
from pente.optimizers.segments import Segment
from pente.optimizers.sgd import SGD

__all__ = [
    "EMA",
    "SGD",
    "Accumulation",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Grouped",
    "Lamb",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "Segment",
    "get",
]
