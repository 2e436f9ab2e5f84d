"""Arithmetic on shapes: pure functions of tuples of integers."""

from collections.abc import Iterable, Sequence
from math import prod

from pente.errors import ShapeError

__all__ = ["Shape", "broadcast", "broadcast_axes", "normal_axes", "normal_axis", "reduced", "resolve", "window_length"]

Shape = tuple[int, ...]


def broadcast(*shapes: Shape) -> Shape:
    """The common shape of all, aligned at the last axis, where an axis of length 1 repeats.

    >>> broadcast((3, 1), (4,))
    (3, 4)
    """
    if shapes and shapes.count(shapes[0]) == len(shapes):
        return shapes[0]
    rank = max(map(len, shapes), default=0)
    out = []
    for axis in range(-rank, 0):
        sizes = {shape[axis] for shape in shapes if len(shape) >= -axis} - {1}
        if len(sizes) > 1:
            raise ShapeError(_clash(shapes, axis))
        out.append(sizes.pop() if sizes else 1)
    return tuple(out)


def _clash(shapes: Sequence[Shape], axis: int) -> str:
    given = " and ".join(map(str, shapes))
    sizes = " and ".join(str(shape[axis]) for shape in shapes if len(shape) >= -axis)
    return f"shapes {given} do not broadcast: axis {axis} is {sizes}. Each axis must agree, or be 1 in one of them."


def broadcast_axes(small: Shape, large: Shape) -> tuple[int, ...]:
    """The axes of ``large`` along which ``small`` was repeated; their sum undoes the broadcast."""
    extra = len(large) - len(small)
    return tuple(i for i in range(len(large)) if i < extra or small[i - extra] == 1 != large[i])


def normal_axis(axis: int, rank: int) -> int:
    """The axis counted from the front."""
    if not hasattr(axis, "__index__"):
        raise ShapeError(f"an axis is one whole number here, and not {axis!r}.")
    if not -rank <= axis < rank:
        raise ShapeError(
            f"axis {axis} does not exist: the tensor has {rank} axes, so axis goes from {-rank} to {rank - 1}."
        )
    return axis + rank if axis < 0 else axis


def normal_axes(axis: int | Iterable[int] | None, rank: int) -> tuple[int, ...]:
    """The axes counted from the front, in order; None means all of them."""
    if axis is None:
        return tuple(range(rank))
    axes = tuple(normal_axis(a, rank) for a in (axis if isinstance(axis, Iterable) else [axis]))
    if len(set(axes)) < len(axes):
        raise ShapeError(f"axis {axis} names an axis twice.")
    return tuple(sorted(axes))


def reduced(shape: Shape, axes: tuple[int, ...], keepdims: bool) -> Shape:
    """The shape that is left when ``axes`` are reduced away."""
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def resolve(shape: Shape, old: Shape) -> Shape:
    """The shape with a single -1 replaced by what is left of the elements of ``old``."""
    size, known = prod(old), prod(n for n in shape if n != -1)
    if shape.count(-1) > 1:
        raise ShapeError(f"reshape to {shape}: only one axis may be -1.")
    if -1 in shape:
        if known == 0 or size % known:
            raise ShapeError(f"cannot reshape {old} ({size} elements) to {shape}: {size} is no multiple of {known}.")
        return tuple(size // known if n == -1 else n for n in shape)
    if known != size:
        raise ShapeError(f"cannot reshape {old} ({size} elements) to {shape} ({known} elements).")
    return shape


def window_length(length: int, window: int, stride: int, dilation: int, low: int, high: int) -> int:
    """How many windows fit: floor((length + low + high - (window - 1)·dilation - 1) / stride) + 1."""
    span = length + low + high - (window - 1) * dilation - 1
    return 0 if span < 0 else span // stride + 1
