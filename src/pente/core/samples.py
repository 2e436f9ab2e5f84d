"""Sample inputs: for every primitive a few calls on which each interpreter is checked against the others.

A sample is a pair of inputs and parameters, drawn from a random generator, float64 where a derivative exists and away
from the places where it does not.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from pente import dtypes

__all__ = ["Sample", "Samples"]

Sample = tuple[tuple[Any, ...], dict[str, Any]]
Samples = Callable[[Any], list[Sample]]
Generator = Any  # np.random.Generator; to name it would load numpy.random on import


def reals(low: float = -2.0, high: float = 2.0, arity: int = 1, apart: float = 0.0) -> Samples:
    """Floats between low and high, that broadcast where there are several; at least ``apart`` from zero."""

    def draw(rng: Generator) -> list[Sample]:
        def numbers(shape: tuple[int, ...]) -> Any:
            x = rng.uniform(low, high, shape)
            return np.where(abs(x) < apart, np.copysign(apart, x), x)

        shapes = [(2, 3), (3,), (2, 1)]
        same = [tuple(numbers((2, 3)) for _ in range(arity))]
        mixed = [tuple(numbers(shapes[(i + turn) % 3]) for i in range(arity)) for turn in range(3)] if arity > 1 else []
        single = [tuple(numbers(()) for _ in range(arity))]
        return [(inputs, {}) for inputs in same + mixed + single]

    return draw


def whole(rng: Generator) -> list[Sample]:
    """Pairs of floats without a fraction, some of which are equal."""
    return [(tuple(map(np.rint, inputs)), params) for inputs, params in reals(-1.4, 1.4, arity=2)(rng)]


def integers(arity: int = 2, low: int = 1, high: int = 6) -> Samples:
    def draw(rng: Generator) -> list[Sample]:
        shapes = [(2, 3), (3,)]
        return [(tuple(rng.integers(low, high, shapes[i % 2]) for i in range(arity)), {})]

    return draw


def bools(arity: int = 2) -> Samples:
    def draw(rng: Generator) -> list[Sample]:
        return [(tuple(rng.integers(0, 2, (2, 3)).astype(bool) for _ in range(arity)), {}), *integers(arity)(rng)]

    return draw


def select(rng: Generator) -> list[Sample]:
    mask = rng.integers(0, 2, (2, 3)).astype(bool)
    return [((mask, rng.normal(size=(2, 3)), rng.normal(size=(3,))), {})]


def cast(rng: Generator) -> list[Sample]:
    return [
        ((rng.normal(size=(2, 3)),), {"dtype": dtypes.float64}),
        ((rng.integers(0, 9, 4),), {"dtype": dtypes.float32}),
    ]


def reduction(rng: Generator) -> list[Sample]:
    x = rng.permutation(24).reshape(2, 3, 4) / 8.0 + 0.3  # no two alike, so that a maximum has a derivative
    choices = [((0,), False), ((1, 2), True), ((0, 1, 2), False), ((), False)]
    return [((x,), {"axes": axes, "keepdims": keep}) for axes, keep in choices]


def arg_reduction(rng: Generator) -> list[Sample]:
    return [((rng.permutation(12).reshape(3, 4) / 4.0,), {"axis": axis}) for axis in (0, 1)]


def cumulative(rng: Generator) -> list[Sample]:
    return [((rng.normal(size=(3, 4)),), {"axis": axis, "reverse": back}) for axis in (0, 1) for back in (False, True)]


def single(shape: tuple[int, ...], *params: dict[str, Any]) -> Samples:
    """One float input of this shape, with each of these parameters."""

    def draw(rng: Generator) -> list[Sample]:
        return [((rng.normal(size=shape),), each) for each in params]

    return draw


def concatenate(rng: Generator) -> list[Sample]:
    return [
        ((rng.normal(size=(2, 3)), rng.normal(size=(1, 3)), rng.normal(size=(0, 3))), {"axis": 0}),
        ((rng.normal(size=(2, 3)), rng.normal(size=(2, 1))), {"axis": 1}),
    ]


def gather(rng: Generator) -> list[Sample]:
    return [
        ((rng.normal(size=(4, 3)), np.array([[0, 3], [2, 0]])), {"axis": 0}),
        ((rng.normal(size=(2, 5)), np.array([4, 4, 1])), {"axis": 1}),
        ((rng.normal(size=(2, 5)), np.array(3)), {"axis": 1}),
    ]


def scatter(rng: Generator) -> list[Sample]:
    return [
        ((rng.normal(size=(4, 3)), np.array([[0, 3], [2, 0]]), rng.normal(size=(2, 2, 3))), {"axis": 0}),
        ((rng.normal(size=(2, 5)), np.array([4, 4, 1]), rng.normal(size=(2, 3))), {"axis": 1}),
    ]


def matmul(rng: Generator) -> list[Sample]:
    shapes = [((2, 3), (3, 4)), ((2, 3, 4), (4, 2)), ((1, 2, 3), (5, 3, 2)), ((3, 2), (4, 2, 1))]
    return [((rng.normal(size=a), rng.normal(size=b)), {}) for a, b in shapes]


def _conv_settings() -> list[tuple[Any, Any, dict[str, Any]]]:
    plain = {"strides": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}
    wide = {"strides": (2,), "padding": ((2, 1),), "dilation": (2,), "groups": 2}
    planar = {"strides": (2, 1), "padding": ((1, 0), (1, 1)), "dilation": (1, 2), "groups": 1}
    depthwise = {"strides": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 3}
    return [
        ((2, 5, 2), (3, 2, 3), plain),
        ((2, 6, 4), (3, 2, 4), wide),
        ((1, 5, 5, 2), (2, 2, 2, 3), planar),
        ((2, 3, 4, 3), (2, 2, 1, 3), depthwise),
    ]


def conv(rng: Generator) -> list[Sample]:
    return [((rng.normal(size=x), rng.normal(size=k)), dict(params)) for x, k, params in _conv_settings()]


def conv_input(rng: Generator) -> list[Sample]:
    return [
        ((rng.normal(size=_conv_shape(x, k, params)), rng.normal(size=k)), {"places": x[1:-1], **params})
        for x, k, params in _conv_settings()
    ]


def conv_kernel(rng: Generator) -> list[Sample]:
    return [
        ((rng.normal(size=x), rng.normal(size=_conv_shape(x, k, params))), {"window": k[:-2], **params})
        for x, k, params in _conv_settings()
    ]


def _conv_shape(x: Any, kernel: Any, params: dict[str, Any]) -> Any:
    from pente.core import rules
    from pente.core.node import Spec

    return rules.conv(Spec(x, dtypes.float64), Spec(kernel, dtypes.float64), **params).shape


POOL = {"window": (1, 2, 1), "strides": (1, 2, 1), "padding": ((0, 0), (0, 0), (0, 0))}
OVERLAP = {"window": (1, 3, 1), "strides": (1, 2, 1), "padding": ((0, 0), (1, 1), (0, 0))}


def windows(rng: Generator) -> list[Sample]:
    return [((rng.permutation(28).reshape(2, 7, 2) / 7.0,), dict(params)) for params in (POOL, OVERLAP)]


def window_spread(rng: Generator) -> list[Sample]:
    return [
        ((rng.normal(size=(2, 3, 2)),), {"shape": (2, 7, 2), **POOL}),
        ((rng.normal(size=(2, 4, 2)),), {"shape": (2, 7, 2), **OVERLAP}),
    ]


def random_bits(rng: Generator) -> list[Sample]:
    key = rng.integers(0, 2**63, 2).astype(np.uint64)
    return [((key, np.uint64(7)), {"shape": (3, 2), "dtype": dtype}) for dtype in (dtypes.uint32, dtypes.uint64)]


def matrices(rng: Generator) -> list[Sample]:
    return [((rng.normal(size=shape) + 3 * np.eye(shape[-1]),), {}) for shape in [(3, 3), (2, 2, 2)]]


def positive_matrices(rng: Generator) -> list[Sample]:
    roots = [rng.normal(size=shape) for shape in [(3, 3), (2, 2, 2)]]
    return [((a @ np.swapaxes(a, -1, -2) + np.eye(a.shape[-1]),), {}) for a in roots]


def systems(rng: Generator) -> list[Sample]:
    shapes = [((3, 3), (3, 2)), ((2, 2, 2), (2, 1))]
    return [((rng.normal(size=a) + 3 * np.eye(a[-1]), rng.normal(size=b)), {}) for a, b in shapes]
