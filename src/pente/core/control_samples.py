"""Sample programs for the operations that hold one."""

from typing import Any

import numpy as np

from pente import dtypes
from pente.core.graph import Graph, close
from pente.core.node import Spec
from pente.core.samples import Sample
from pente.core.tensor import Tensor
from pente.core.tracer import trace

__all__ = ["cond", "custom", "part", "remat", "scan"]


def _program(function: Any, *shapes: tuple[int, ...]) -> Graph:
    return close(trace(function, [Spec(shape, dtypes.float64) for shape in shapes])[0])


def scan(rng: Any) -> list[Sample]:
    """c' = tanh(c·w + x), y = c'·x; the last output is the carry that went in."""

    def step(c: Tensor, x: Tensor, w: Tensor) -> Any:
        after = (c * w + x).tanh()
        return after, after * x, c

    body = _program(step, (2,), (2,), (2,))
    inputs = (rng.normal(size=2), rng.normal(size=(3, 2)), rng.normal(size=2))
    settings = {"body": body, "carries": 1, "sequences": 1, "length": 3}
    return [(inputs, {**settings, "reverse": reverse}) for reverse in (False, True)]


def cond(rng: Any) -> list[Sample]:
    programs = {
        "on_true": _program(lambda a, b: (a * b, a), (2,), (2,)),
        "on_false": _program(lambda a, b: (a.sin(), b), (2,), (2,)),
    }
    values = rng.normal(size=2), rng.normal(size=2)
    return [((np.bool_(choice), *values), programs) for choice in (True, False)]


def remat(rng: Any) -> list[Sample]:
    body = _program(lambda a, b: ((a * b).exp(), a), (2,), (2,))
    return [((rng.normal(size=2), rng.normal(size=2)), {"body": body})]


def _cube(x: Tensor) -> Any:
    return x * x * x, lambda g: g * x * x * 3.0


def custom(rng: Any) -> list[Sample]:
    return [((rng.normal(size=3),), {"function": _cube})]


def part(rng: Any) -> list[Sample]:
    return [(((rng.normal(size=2), rng.normal(size=3)),), {"index": 1})]
