"""How a value lies in memory: which buffer, from where, with which strides. Reshapes and the like move nothing."""

from functools import lru_cache
from math import prod
from typing import NamedTuple

from pente.core import primitives as p
from pente.core.node import Node
from pente.dtypes import DType
from pente.shapes import Shape

__all__ = ["View", "contiguous", "seen_through"]


class View(NamedTuple):
    """Element (i, j, ...) of the value is number offset + i·strides[0] + j·strides[1] + ... of its buffer."""

    buffer: Node
    offset: int
    shape: Shape
    strides: Shape
    dtype: DType

    @property
    def plain(self) -> bool:
        """Whether the elements lie in order, without gaps."""
        return self.strides == contiguous(self.shape) or prod(self.shape) <= 1


@lru_cache(4096)
def contiguous(shape: Shape) -> Shape:
    """The strides of elements in order."""
    return tuple(prod(shape[i + 1 :]) for i in range(len(shape)))


def seen_through(node: Node, x: View) -> View | None:
    """The output of a call as another view of its input's buffer, or None where it must be computed or copied."""
    if node.op is p.reshape:
        return x._replace(shape=node.shape, strides=contiguous(node.shape)) if x.plain else _split(x, node.shape)
    if node.op is p.transpose:
        axes = node.params["axes"]
        return x._replace(shape=node.shape, strides=tuple(x.strides[a] for a in axes))
    if node.op is p.broadcast_to:
        return broadcast(x, node.shape)
    if node.op is p.strided_slice:
        starts, steps = node.params["starts"], node.params["steps"]
        offset = x.offset + sum(s * stride for s, stride in zip(starts, x.strides, strict=True))
        strides = tuple(s * stride for s, stride in zip(steps, x.strides, strict=True))
        return x._replace(offset=offset, shape=node.shape, strides=strides)
    if node.op is p.flip:
        turned = [i in node.params["axes"] for i in range(len(x.shape))]
        ends = zip(x.shape, x.strides, turned, strict=True)
        offset = x.offset + sum((n - 1) * s for n, s, turn in ends if turn)
        strides = tuple(-s if turn else s for s, turn in zip(x.strides, turned, strict=True))
        return x._replace(offset=offset, strides=strides)
    return None


def _split(x: View, shape: Shape) -> View | None:
    """A reshape that only puts in or takes out axes of length 1 keeps the strides of the others."""
    kept = [(n, s) for n, s in zip(x.shape, x.strides, strict=True) if n != 1]
    if [n for n, _ in kept] != [n for n in shape if n != 1]:
        return None
    supply = iter(kept)
    return x._replace(shape=shape, strides=tuple(next(supply)[1] if n != 1 else 0 for n in shape))


def broadcast(x: View, shape: Shape) -> View:
    """The view repeated to a shape: axes along which it repeats have stride 0."""
    extra = len(shape) - len(x.shape)
    strides = [0 if n == 1 else s for n, s in zip(x.shape, x.strides, strict=True)]
    return x._replace(shape=shape, strides=(*(0,) * extra, *strides))
