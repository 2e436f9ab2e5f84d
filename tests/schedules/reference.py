"""The documented formulas of Keras, and Smith's, in Python's own float64, one step at a time: the oracle."""

import math
from collections.abc import Sequence


def exponential(t: int, rate: float, steps: float, decay: float, staircase: bool = False) -> float:
    return rate * decay ** (t // steps if staircase else t / steps)


def inverse_time(t: int, rate: float, steps: float, decay: float, staircase: bool = False) -> float:
    return rate / (1 + decay * (t // steps if staircase else t / steps))


def polynomial(t: int, rate: float, steps: float, end: float, power: float, cycle: bool = False) -> float:
    if cycle:
        steps *= max(1, math.ceil(t / steps))
    return (rate - end) * (1 - min(t, steps) / steps) ** power + end


def piecewise_constant(t: int, boundaries: Sequence[float], values: Sequence[float]) -> float:
    return next((v for b, v in zip(boundaries, values, strict=False) if t <= b), values[-1])


def half_cosine(share: float, alpha: float = 0.0, height: float = 1.0) -> float:
    return (1 - alpha) * height * 0.5 * (1 + math.cos(math.pi * share)) + alpha


def cosine(t: int, rate: float, steps: float, alpha: float = 0.0, target: float | None = None, warm: int = 0) -> float:
    if t < warm and target is not None:
        return rate + (target - rate) * t / warm
    return (rate if target is None else target) * half_cosine(min(t - warm, steps) / steps, alpha)


def restarts(t: int, rate: float, first: int, t_mul: float, m_mul: float, alpha: float = 0.0) -> float:
    """By walking through all restarts: no logarithm that could miss one."""
    begin, length, height = 0.0, float(first), 1.0
    while t >= begin + length:
        begin, length, height = begin + length, length * t_mul, height * m_mul
    return rate * half_cosine((t - begin) / length, alpha, height)


def cyclical(t: int, low: float, high: float, size: int, mode: str = "triangular", gamma: float = 1.0) -> float:
    cycle, place = divmod(t, 2 * size)
    height = place / size if place <= size else 2 - place / size
    scale = {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": gamma**t}[mode]
    return low + (high - low) * height * scale
