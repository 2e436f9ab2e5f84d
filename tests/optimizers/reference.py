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


def adagrad(lr: float, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7) -> Step:
    total: Any = initial_accumulator_value

    def step(w: Array, g: Array) -> Array:
        nonlocal total
        total = total + g**2
        return w - lr * g / np.sqrt(total + epsilon)

    return step


def adadelta(lr: float, rho: float = 0.95, epsilon: float = 1e-7) -> Step:
    v: Any = 0.0
    d: Any = 0.0

    def step(w: Array, g: Array) -> Array:
        nonlocal v, d
        v = rho * v + (1 - rho) * g**2
        change = np.sqrt(d + epsilon) * g / np.sqrt(v + epsilon)
        d = rho * d + (1 - rho) * change**2
        return w - lr * change

    return step


def adamax(lr: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Step:
    m: Any = 0.0
    u: Any = 0.0
    t = 0

    def step(w: Array, g: Array) -> Array:
        nonlocal m, u, t
        t += 1
        m = m + (1 - beta_1) * (g - m)
        u = np.maximum(beta_2 * u, np.abs(g))
        return w - lr * m / ((1 - beta_1**t) * (u + epsilon))

    return step


def nadam(lr: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Step:
    m: Any = 0.0
    v: Any = 0.0
    product = 1.0
    t = 0

    def step(w: Array, g: Array) -> Array:
        nonlocal m, v, product, t
        t += 1
        now, later = (beta_1 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
        product *= now
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        mean = later * m / (1 - product * later) + (1 - now) * g / (1 - product)
        return w - lr * mean / (np.sqrt(v / (1 - beta_2**t)) + epsilon)

    return step


def lion(lr: float, beta_1: float = 0.9, beta_2: float = 0.99) -> Step:
    m: Any = 0.0

    def step(w: Array, g: Array) -> Array:
        nonlocal m
        w = w - lr * np.sign(beta_1 * m + (1 - beta_1) * g)
        m = beta_2 * m + (1 - beta_2) * g
        return w

    return step


def lamb(lr: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Step:
    m: Any = 0.0
    v: Any = 0.0
    t = 0

    def step(w: Array, g: Array) -> Array:
        nonlocal m, v, t
        t += 1
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        change = m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
        long, size = np.sqrt(np.sum(w**2)), np.sqrt(np.sum(change**2))
        return w - lr * (long / size if long > 0 and size > 0 else 1.0) * change

    return step
