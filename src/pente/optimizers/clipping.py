"""Gradients held to a size: each number, each gradient, or all of them together."""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any

from pente.core import primitives as p

__all__ = ["by_global_norm", "by_norm", "by_value", "clipping"]

Clip = Callable[[Sequence[Any], float], list[Any]]


def by_value(grads: Sequence[Any], bound: float) -> list[Any]:
    """min(max(g, -bound), bound), number by number."""
    return [p.minimum(p.maximum(g, -bound), bound) for g in grads]


def by_norm(grads: Sequence[Any], bound: float) -> list[Any]:
    """g · bound / max(‖g‖, bound), each gradient by itself."""
    return [g * (bound / p.maximum(p.sqrt(_square_sum(g)), bound)) for g in grads]


def by_global_norm(grads: Sequence[Any], bound: float) -> list[Any]:
    """g · bound / max(‖all‖, bound), where ‖all‖² is the sum of the squares of all gradients."""
    if not grads:
        return []
    squares = (p.cast(_square_sum(g), dtype=grads[0].dtype) for g in grads)
    scale = bound / p.maximum(p.sqrt(reduce(add, squares)), bound)
    return [g * p.cast(scale, dtype=g.dtype) for g in grads]


def _square_sum(g: Any) -> Any:
    return p.reduce_sum(g * g, axes=tuple(range(len(g.shape))), keepdims=False)


clipping: dict[str, Clip] = {"clipvalue": by_value, "clipnorm": by_norm, "global_clipnorm": by_global_norm}
