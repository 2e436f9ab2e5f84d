"""The shape of tensors: reshape, move axes, join, split, repeat, turn around."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from pente.core import primitives as p
from pente.core.dispatch import bind
from pente.core.node import Spec
from pente.core.tensor import Tensor, attach
from pente.errors import ShapeError, TraceError
from pente.ops.lifting import lift, lift_all, refuse
from pente.shapes import Shape, broadcast, normal_axes, normal_axis, resolve

__all__ = [
    "broadcast_arrays",
    "broadcast_to",
    "concat",
    "expand_dims",
    "flip",
    "matrix_transpose",
    "moveaxis",
    "pad",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "split",
    "squeeze",
    "stack",
    "tile",
    "unstack",
]


def reshape(x: Any, /, shape: Any) -> Tensor:
    """The same numbers in another shape; one axis may be -1 and takes what is left.

    >>> import pente
    >>> pente.reshape([1, 2, 3, 4], (2, -1)).tolist()
    [[1, 2], [3, 4]]
    """
    x = lift(x)
    wanted = resolve((shape,) if isinstance(shape, int) else tuple(map(int, shape)), x.shape)
    if wanted == x.shape:
        return lift(x)
    return bind(p.reshape, (x,), {"shape": wanted})


def permute_dims(x: Any, /, axes: Any) -> Tensor:
    """The axes in another order.

    >>> import pente
    >>> pente.permute_dims(pente.zeros((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    x = lift(x)
    order = tuple(normal_axis(a, x.ndim) for a in axes)
    return bind(p.transpose, (x,), {"axes": order})


def moveaxis(x: Any, source: int, destination: int, /) -> Tensor:
    """One axis moved to another place.

    >>> import pente
    >>> pente.moveaxis(pente.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = lift(x)
    order = [i for i in range(x.ndim) if i != normal_axis(source, x.ndim)]
    order.insert(normal_axis(destination, x.ndim), normal_axis(source, x.ndim))
    return permute_dims(x, order)


def matrix_transpose(x: Any, /) -> Tensor:
    """The last two axes exchanged.

    >>> import pente
    >>> pente.matrix_transpose([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    x = lift(x)
    if x.ndim < 2:
        raise ShapeError(f"a matrix transpose wants at least two axes, and the shape is {x.shape}.")
    return permute_dims(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _reversed_axes(x: Any) -> Tensor:
    x = lift(x)
    return permute_dims(x, range(x.ndim)[::-1])


def expand_dims(x: Any, /, axis: int = 0, **habits: Any) -> Tensor:
    """A new axis of length 1 at this place.

    >>> import pente
    >>> pente.expand_dims([1, 2], axis=0).shape
    (1, 2)
    """
    if habits:
        refuse("expand_dims", habits)
    x = lift(x)
    place = normal_axis(axis, x.ndim + 1)
    return reshape(x, (*x.shape[:place], 1, *x.shape[place:]))


def squeeze(x: Any, /, axis: Any = None, **habits: Any) -> Tensor:
    """The tensor without these axes, which must have length 1; without all such axes where none is named.

    >>> import pente
    >>> pente.squeeze(pente.zeros((1, 3, 1)), axis=0).shape
    (3, 1)
    """
    if habits:
        refuse("squeeze", habits)
    x = lift(x)
    axes = tuple(i for i, n in enumerate(x.shape) if n == 1) if axis is None else normal_axes(axis, x.ndim)
    long = [a for a in axes if x.shape[a] != 1]
    if long:
        raise ShapeError(f"axis {long[0]} of shape {x.shape} has length {x.shape[long[0]]}, and only length 1 can go.")
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


def broadcast_to(x: Any, /, shape: Shape) -> Tensor:
    """The tensor repeated to this shape, without a copy.

    >>> import pente
    >>> pente.broadcast_to([1, 2], (2, 2)).tolist()
    [[1, 2], [1, 2]]
    """
    x, shape = lift(x), tuple(shape)
    if x.shape == shape:
        return lift(x)
    return bind(p.broadcast_to, (x,), {"shape": shape})


def broadcast_arrays(*arrays: Any) -> list[Tensor]:
    """All tensors repeated to their common shape.

    >>> import pente
    >>> [x.shape for x in pente.broadcast_arrays([1, 2], [[3], [4]])]
    [(2, 2), (2, 2)]
    """
    tensors = [lift(x) for x in arrays]
    shape = broadcast(*[x.shape for x in tensors])
    return [broadcast_to(x, shape) for x in tensors]


def concat(arrays: Sequence[Any], /, axis: int | None = 0, **habits: Any) -> Tensor:
    """Tensors joined along an axis; None flattens them first.

    >>> import pente
    >>> pente.concat([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    if habits:
        refuse("concat", habits)
    tensors = lift_all(arrays)
    if not tensors:
        raise ShapeError("concat() got no tensors: there is nothing to join.")
    if axis is None:
        tensors, axis = tuple(reshape(x, (-1,)) for x in tensors), 0
    if tensors[0].ndim == 0:
        raise ShapeError("concat() joins along an axis, and single numbers have none: use pente.stack().")
    return bind(p.concatenate, tensors, {"axis": normal_axis(axis, tensors[0].ndim)})


def stack(arrays: Sequence[Any], /, axis: int = 0, **habits: Any) -> Tensor:
    """Tensors of one shape joined along a new axis.

    >>> import pente
    >>> pente.stack([[1, 2], [3, 4]], axis=1).tolist()
    [[1, 3], [2, 4]]
    """
    if habits:
        refuse("stack", habits)
    tensors = lift_all(arrays)
    shapes = {x.shape for x in tensors}
    if len(shapes) != 1:
        raise ShapeError(f"stack() wants tensors of one shape, and got {sorted(shapes)}.")
    return concat([expand_dims(x, axis=axis) for x in tensors], axis=axis)


def unstack(x: Any, /, axis: int = 0, **habits: Any) -> tuple[Tensor, ...]:
    """One tensor for each place of the axis.

    >>> import pente
    >>> [t.tolist() for t in pente.unstack([[1, 2], [3, 4]])]
    [[1, 2], [3, 4]]
    """
    if habits:
        refuse("unstack", habits)
    x = lift(x)
    return tuple(squeeze(part, axis=axis) for part in split(x, x.shape[normal_axis(axis, x.ndim)], axis=axis))


def split(x: Any, sections: Any, /, axis: int = 0, **habits: Any) -> tuple[Tensor, ...]:
    """Equal parts along an axis; or a cut before each of the given places.

    >>> import pente
    >>> [t.tolist() for t in pente.split([1, 2, 3, 4], 2)]
    [[1, 2], [3, 4]]
    """
    if habits:
        refuse("split", habits)
    x = lift(x)
    axis = normal_axis(axis, x.ndim)
    length = x.shape[axis]
    if isinstance(sections, int):
        if sections < 1 or length % sections:
            raise ShapeError(f"axis {axis} of length {length} cannot be split into {sections} equal parts.")
        sections = range(length // sections, length, length // sections) if length else ()
    cuts = [0, *sections, length]
    return tuple(_part(x, axis, start, stop) for start, stop in pairwise(cuts))


def _part(x: Tensor, axis: int, start: int, stop: int) -> Tensor:
    starts = tuple(start if i == axis else 0 for i in range(x.ndim))
    stops = tuple(stop if i == axis else n for i, n in enumerate(x.shape))
    return bind(p.strided_slice, (x,), {"starts": starts, "stops": stops, "steps": (1,) * x.ndim})


def flip(x: Any, /, axis: Any = None, **habits: Any) -> Tensor:
    """The order turned around along the axes.

    >>> import pente
    >>> pente.flip([1, 2, 3]).tolist()
    [3, 2, 1]
    """
    if habits:
        refuse("flip", habits)
    x = lift(x)
    return bind(p.flip, (x,), {"axes": normal_axes(axis, x.ndim)})


def roll(x: Any, /, shift: Any, axis: Any = None, **habits: Any) -> Tensor:
    """The numbers moved along an axis; what falls off comes back at the other end.

    >>> import pente
    >>> pente.roll([1, 2, 3], 1).tolist()
    [3, 1, 2]
    """
    if habits:
        refuse("roll", habits)
    x = lift(x)
    if axis is None:
        return reshape(roll(reshape(x, (-1,)), shift, axis=0), x.shape)
    shifts, axes = ((shift,), (axis,)) if isinstance(axis, int) else (tuple(shift), tuple(axis))
    for by, along in zip(shifts, (normal_axis(a, x.ndim) for a in axes), strict=True):
        cut = (x.shape[along] - by) % x.shape[along] if x.shape[along] else 0
        if cut:
            x = concat([_part(x, along, cut, x.shape[along]), _part(x, along, 0, cut)], axis=along)
    return lift(x)


def repeat(x: Any, repeats: Any, /, axis: int | None = None, **habits: Any) -> Tensor:
    """Every element repeated, one after the other: so many times each, or as often as its own count says.

    >>> import pente
    >>> pente.repeat([1, 2], 2).tolist(), pente.repeat([1, 2], [0, 3]).tolist()
    ([1, 1, 2, 2], [2, 2, 2])
    """
    if habits:
        refuse("repeat", habits)
    x = lift(x)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = normal_axis(axis, x.ndim)
    counts = _counts(repeats, x.shape[axis])
    if counts.ndim:
        places = Tensor(np.repeat(np.arange(x.shape[axis]), counts))
        return bind(p.gather, (x, places), {"axis": axis})
    repeats = int(counts)
    wide = broadcast_to(expand_dims(x, axis=axis + 1), (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :]))
    return reshape(wide, (*x.shape[:axis], x.shape[axis] * repeats, *x.shape[axis + 1 :]))


def _counts(repeats: Any, length: int) -> Any:
    """How often to repeat: one number for all, or an array with one for each of the places."""
    given = lift(repeats)
    if given.data.__class__ is Spec:
        raise TraceError("repeats decide the shape, and have no value in a traced function: give plain numbers.")
    counts = np.asarray(given.data)
    if counts.shape not in ((), (1,), (length,)) or counts.dtype.kind not in "iu" or np.any(counts < 0):
        raise ShapeError(f"repeat() wants one whole number ≥ 0, or one for each of the {length} places; got {repeats}.")
    return counts[0] if counts.shape == (1,) else counts


def tile(x: Any, repetitions: Any, /) -> Tensor:
    """The whole tensor repeated along each axis.

    >>> import pente
    >>> pente.tile([1, 2], (2,)).tolist()
    [1, 2, 1, 2]
    """
    x, times = lift(x), (repetitions,) if isinstance(repetitions, int) else tuple(repetitions)
    rank = max(x.ndim, len(times))
    shape, times = (1,) * (rank - x.ndim) + x.shape, (1,) * (rank - len(times)) + times
    wide = reshape(x, tuple(n for length in shape for n in (1, length)))
    wide = broadcast_to(wide, tuple(n for pair in zip(times, shape, strict=True) for n in pair))
    return reshape(wide, tuple(n * t for n, t in zip(shape, times, strict=True)))


def pad(x: Any, /, widths: Any, *, value: float = 0.0) -> Tensor:
    """A border of one number around the tensor: (before, after) for every axis.

    >>> import pente
    >>> pente.pad([1, 2], [(1, 2)]).tolist()
    [0, 1, 2, 0, 0]
    """
    x = lift(x)
    pairs = [(w, w) if isinstance(w, int) else tuple(w) for w in widths]
    if len(pairs) != x.ndim or any(len(w) != 2 or min(w) < 0 for w in pairs):
        raise ShapeError(f"pad() wants (before, after), not negative, for each of the {x.ndim} axes, and got {widths}.")
    return bind(p.pad, (x,), {"widths": tuple((int(a), int(b), 0) for a, b in pairs), "value": value})


def _reshape_method(x: Any, *shape: Any) -> Tensor:
    return reshape(x, shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)


def _transpose_method(x: Any, *axes: Any) -> Tensor:
    if not axes:
        return _reversed_axes(x)
    return permute_dims(x, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes)


def _flatten(x: Any) -> Tensor:
    return reshape(x, (prod(x.shape),))


attach(
    T=property(_reversed_axes),
    mT=property(matrix_transpose),
    reshape=_reshape_method,
    transpose=_transpose_method,
    flatten=_flatten,
    squeeze=squeeze,
    repeat=repeat,
)
