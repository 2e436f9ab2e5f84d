"""The evaluation table for Value: plain Python floats, with infinities and NaN where Python would raise."""

import math
from collections.abc import Callable
from typing import Any

from pente.core import primitives as p

__all__ = ["SCALAR", "install"]


def _divide(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:  # 0 to a negative power, or a negative number to a broken one
        return math.nan if a != 0 else math.copysign(math.inf, a) if b % 2 == 1 else math.inf


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0 else math.nan


def _wave(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: function(x) if math.isfinite(x) else math.nan


def _sigmoid(x: float) -> float:
    z = math.exp(-abs(x))
    return 1.0 / (1.0 + z) if x >= 0 else z / (1.0 + z)


SCALAR: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": _divide,
    "power": _power,
    "negative": lambda x: -x,
    "absolute": abs,
    "sign": lambda x: float((x > 0) - (x < 0)) if x == x else x,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "sin": _wave(math.sin),
    "cos": _wave(math.cos),
    "tanh": math.tanh,
    "select": lambda condition, a, b: a if condition else b,
    "sigmoid": _sigmoid,
    "relu": lambda x: 0.0 if x <= 0 else x,
}


def install() -> None:
    """Put each row where the door finds it."""
    for name, row in SCALAR.items():
        (p.PRIMITIVES.get(name) or p.COMPOSITES[name]).scalar = row
