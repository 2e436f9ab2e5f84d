"""Schedules: a learning rate, or a momentum, as a function of the step, computed inside the compiled step.

>>> import pente
>>> opt = pente.optimizers.Adam(pente.schedules.CosineDecay(0.001, decay_steps=10_000))
"""

from collections.abc import Callable
from typing import Any

from pente.config import find
from pente.errors import UsageError
from pente.schedules.base import Schedule
from pente.schedules.cosine import CosineDecay, CosineDecayRestarts
from pente.schedules.cycles import Cyclical, OneCycle
from pente.schedules.decay import ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay
from pente.schedules.function import LambdaSchedule
from pente.schedules.piecewise import Piecewise, Warmup

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "Cyclical",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LambdaSchedule",
    "OneCycle",
    "Piecewise",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "Schedule",
    "Warmup",
    "get",
]

CLASSES: tuple[type[Schedule], ...] = (
    CosineDecay,
    CosineDecayRestarts,
    Cyclical,
    ExponentialDecay,
    InverseTimeDecay,
    LambdaSchedule,
    OneCycle,
    Piecewise,
    PiecewiseConstantDecay,
    PolynomialDecay,
    Warmup,
)
SCHEDULES: dict[str, type[Schedule]] = {kind.__name__: kind for kind in CLASSES}


def get(identifier: Any) -> Callable[[Any], Any]:
    """The schedule that a config tells, or itself; any function of the step is one.

    >>> import pente
    >>> config = {"initial_learning_rate": 0.1, "decay_steps": 1000}
    >>> pente.schedules.get({"class_name": "CosineDecay", "config": config})
    CosineDecay(initial_learning_rate=0.1, decay_steps=1000)
    """
    if isinstance(identifier, (str, type)):
        raise UsageError(f"a schedule has no numbers of its own: write CosineDecay(0.1, 1000), and not {identifier!r}.")
    schedule: Callable[[Any], Any] = find("schedule", SCHEDULES, identifier, Callable)
    return schedule
