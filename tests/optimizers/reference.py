"""Keras's documented formulas in NumPy float64, one weight at a time: the oracle for the optimizers."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Step = Callable[[Array, Array], Array]


def sgd(lr: float, momentum: float = 0.0, nesterov: bool = False) -> Step:
    m: Any = 0.0

    def step(w: Array, g: Array) -> Array:
        nonlocal m
        if momentum == 0:
            return w - lr * g
        m = momentum * m - lr * g
        return w + momentum * m - lr * g if nesterov else w + m

    return step


def rmsprop(lr: float, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7, centered: bool = False) -> Step:
    v: Any = 0.0
    a: Any = 0.0
    m: Any = 0.0

    def step(w: Array, g: Array) -> Array:
        nonlocal v, a, m
        v = rho * v + (1 - rho) * g**2
        a = rho * a + (1 - rho) * g
        increment = lr * g / np.sqrt((v - a**2 if centered else v) + epsilon)
        m = momentum * m + increment
        return w - (m if momentum > 0 else increment)

    return step


def adam(lr: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7, amsgrad: bool = False) -> Step:
    m: Any = 0.0
    v: Any = 0.0
    highest: Any = 0.0
    t = 0

    def step(w: Array, g: Array) -> Array:
        nonlocal m, v, highest, t
        t += 1
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        highest = np.maximum(highest, v)
        alpha = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        return w - alpha * m / (np.sqrt(highest if amsgrad else v) + epsilon)

    return step


def decayed(step: Step, lr: float, weight_decay: float) -> Step:
    return lambda w, g: step(w - lr * weight_decay * w, g)


def trajectory(make: Callable[[], Step], weights: list[Array], gradients: list[list[Array]]) -> Iterator[list[Array]]:
    """The weights after each step; every weight has a rule of its own."""
    steps = [make() for _ in weights]
    for given in gradients:
        weights = [step(w, g) for step, w, g in zip(steps, weights, given, strict=True)]
        yield weights
