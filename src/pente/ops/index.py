"""Indexing: basic, integer and boolean, and writing at places of a copy, ``x.at[index].set(value)``."""

from types import EllipsisType
from typing import Any

import numpy as np

from pente.core import primitives as p
from pente.core.dispatch import bind
from pente.core.node import Spec
from pente.core.tensor import Handle, Tensor, attach
from pente.dtypes import int64
from pente.errors import BoundsError, DTypeError, ShapeError, TraceError
from pente.ops.elementwise import add, less, multiply, where
from pente.ops.lifting import astype, lift, refuse
from pente.ops.shape import broadcast_arrays, broadcast_to, permute_dims, reshape
from pente.shapes import normal_axis

__all__ = ["At", "nonzero", "take", "take_along_axis"]


def getitem(x: Any, index: Any) -> Tensor:
    """x[index]: slices, integers, None and ... as NumPy; integer tensors pick, boolean ones filter."""
    x = lift(x)
    if index.__class__ is int and x.shape:
        return _row(x, _inside(index, x.shape[0], 0))
    x, items = _expanded(x, index if isinstance(index, tuple) else (index,))
    if not any(isinstance(item, Tensor) for item in items):
        return _basic(x, items)
    plain = [slice(None) if isinstance(item, Tensor) else item for item in items]
    kept = [item for item in items if not isinstance(item, int)]
    return _pick(_basic(x, plain), [item if isinstance(item, Tensor) else None for item in kept])


def _expanded(x: Tensor, index: tuple[Any, ...]) -> tuple[Tensor, list[Any]]:
    """One item an axis (and None for new axes): ``...`` filled up, arrays as tensors, masks as the places they mark.

    A mask without axes picks from a new axis of length 1.
    """
    given = list(map(_item, index))
    used = sum(map(_axes_of, given))
    if used > x.ndim:
        raise BoundsError(f"{used} indices for a tensor with {x.ndim} axes, shape {x.shape}.")
    fill = [slice(None)] * (x.ndim - used)
    dots = [i for i, item in enumerate(given) if isinstance(item, EllipsisType)]
    if len(dots) > 1:
        raise BoundsError("an index may hold ... only once.")
    given = [*given[: dots[0]], *fill, *given[dots[0] + 1 :]] if dots else [*given, *fill]
    items: list[Any] = []
    for item in given:
        axis = sum(map(_axes_of, items))
        if _is_mask(item) and not item.ndim:
            x, item = reshape(x, (*x.shape[:axis], 1, *x.shape[axis:])), reshape(item, (1,))
        items.extend(_marked(x, item, axis) if _is_mask(item) else [item])
    return x, items


def _item(item: Any) -> Any:
    """A slice, None and ... as they are, a number as an int, anything else as a tensor of whole numbers or bools."""
    if item is None or isinstance(item, (slice, EllipsisType)):
        return item
    if isinstance(item, (int, np.integer)) and not isinstance(item, (bool, np.bool_)):
        return int(item)
    places = lift(item)
    if places.size == 0 and not isinstance(item, (Handle, np.ndarray)):
        places = Tensor(np.zeros(places.shape, np.int64))
    if places.dtype.kind not in "biu":
        raise DTypeError(f"an index must be integers or bools, and this one is {places.dtype}: {item!r}.")
    return places if places.dtype.kind == "b" else _wide(places)


def _wide(places: Tensor) -> Tensor:
    """Places as int64: i·n + j does not fit into the small integers that i and j fit into."""
    return astype(places, int64)


def _is_mask(item: Any) -> bool:
    return isinstance(item, Tensor) and item.dtype.kind == "b"


def _axes_of(item: Any) -> int:
    """How many axes of the tensor an item is for."""
    if item is None or isinstance(item, EllipsisType):
        return 0
    return item.ndim if _is_mask(item) else 1


def _marked(x: Tensor, mask: Tensor, axis: int) -> list[Any]:
    """The places that a mask marks, one tensor for each of its axes."""
    if mask.shape != x.shape[axis : axis + mask.ndim]:
        raise BoundsError(f"a mask of shape {mask.shape} does not fit axis {axis} of shape {x.shape}.")
    return list(nonzero(mask))


def _basic(x: Tensor, items: list[Any]) -> Tensor:
    """Slices, integers and new axes: a strided slice, a flip for negative steps, a reshape."""
    starts, stops, steps, backwards, shape = [], [], [], [], []
    axis = 0
    for item in items:
        if item is None:
            shape.append(1)
            continue
        length = x.shape[axis]
        run = range(_inside(item, length, axis), _inside(item, length, axis) + 1) if isinstance(item, int) else None
        run = range(*item.indices(length)) if run is None else run
        if run.step < 0:
            backwards.append(axis)
            run = run[::-1]
        starts.append(run.start if run else 0)
        stops.append(run[-1] + 1 if run else 0)
        steps.append(run.step)
        if not isinstance(item, int):
            shape.append(len(run))
        axis += 1
    if (tuple(starts), tuple(stops), tuple(steps)) != ((0,) * x.ndim, x.shape, (1,) * x.ndim):
        x = bind(p.strided_slice, (x,), {"starts": tuple(starts), "stops": tuple(stops), "steps": tuple(steps)})
    x = bind(p.flip, (x,), {"axes": tuple(backwards)}) if backwards else x
    return reshape(x, shape)


def _row(x: Tensor, i: int) -> Tensor:
    rest = x.shape[1:]
    zeros = (0,) * len(rest)
    bounds = {"starts": (i, *zeros), "stops": (i + 1, *rest), "steps": (1,) * x.ndim}
    return bind(p.reshape, (bind(p.strided_slice, (x,), bounds),), {"shape": rest})


def _inside(index: int, length: int, axis: int) -> int:
    if not -length <= index < length:
        raise BoundsError(f"index {index} is outside of axis {axis}, which has {length} places (0 to {length - 1}).")
    return index + length if index < 0 else index


def _pick(x: Tensor, places: list[Tensor | None]) -> Tensor:
    """Integer tensors on some axes, the others whole. The picked axes are brought together, as in NumPy."""
    axes = [i for i, place in enumerate(places) if place is not None]
    together = axes == list(range(axes[0], axes[-1] + 1))
    front = axes[0] if together else 0
    rest = [i for i in range(x.ndim) if i not in axes]
    order = rest[:front] + axes + rest[front:]
    if order != list(range(x.ndim)):
        x = permute_dims(x, order)
    flat, joined = _flat_places(x, front, [place for place in places if place is not None])
    return bind(p.gather, (joined, flat), {"axis": front})


def _flat_places(x: Tensor, front: int, places: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Several indices as one into the joined axes: i·n + j."""
    lengths = x.shape[front : front + len(places)]
    flat: Tensor | None = None
    for place, length in zip(broadcast_arrays(*places), lengths, strict=True):
        own = _from_front(place, length)
        flat = own if flat is None else add(multiply(flat, length), own)
    if flat is None:
        raise ShapeError("an index needs at least one integer tensor here.")
    joined = reshape(x, (*x.shape[:front], int(np.prod(lengths)), *x.shape[front + len(places) :]))
    return flat, joined


def _from_front(place: Tensor, length: int) -> Tensor:
    """Negative indices counted from the front, checked as far as their values are known."""
    if isinstance(place.data, Spec):
        return where(less(place, 0), add(place, length), place)
    values = np.asarray(place.data)
    if values.size and (values.min() < -length or values.max() >= length):
        bad = values[(values < -length) | (values >= length)].flat[0]
        raise BoundsError(f"index {bad} is outside of an axis with {length} places (0 to {length - 1}).")
    return Tensor(np.where(values < 0, values + length, values)) if values.size and values.min() < 0 else place


def take(x: Any, indices: Any, /, axis: int | None = None, **habits: Any) -> Tensor:
    """The places ``indices`` along one axis.

    >>> import pente
    >>> pente.take([10, 20, 30], [2, 0], axis=0).tolist()
    [30, 10]
    """
    if habits:
        refuse("take", habits)
    x = lift(x)
    x, axis = (reshape(x, (-1,)), 0) if axis is None else (x, normal_axis(axis, x.ndim))
    index = _from_front(_wide(lift(indices)), x.shape[axis])
    return bind(p.gather, (x, index), {"axis": axis})


def take_along_axis(x: Any, indices: Any, /, axis: int = -1, **habits: Any) -> Tensor:
    """For every position along the other axes its own places: out[i, j] = x[i, indices[i, j]].

    >>> import pente
    >>> pente.take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1).tolist()
    [[2], [3]]
    """
    if habits:
        refuse("take_along_axis", habits)
    x, index = lift(x), _wide(lift(indices))
    axis = normal_axis(axis, x.ndim)
    if index.ndim != x.ndim:
        raise ShapeError(f"take_along_axis() wants as many axes as the tensor has, {x.shape}, and got {index.shape}.")
    grid = [
        index if i == axis else Tensor(np.arange(n).reshape([-1 if k == i else 1 for k in range(x.ndim)]))
        for i, n in enumerate(x.shape)
    ]
    return _pick(x, list(grid))


def nonzero(x: Any, /) -> tuple[Tensor, ...]:
    """The places where x is not zero, one tensor for each axis.

    >>> import pente
    >>> [t.tolist() for t in pente.nonzero([0, 5, 6])]
    [[1, 2]]
    """
    x = lift(x)
    if isinstance(x.data, Spec):
        raise TraceError(
            "how many places are not zero depends on values, and a traced tensor has none: "
            "use pente.where(mask, x, 0) instead of x[mask]."
        )
    return tuple(map(Tensor, np.nonzero(np.atleast_1d(x.data) if x.ndim == 0 else x.data)))


class At:
    """``x.at[index]``: what to write where in a copy of the tensor."""

    def __init__(self, x: Tensor, index: Any = None) -> None:
        self.x = x
        self.index = index

    def __getitem__(self, index: Any) -> "At":
        return At(self.x, index)

    def set(self, value: Any) -> Tensor:
        """The tensor with ``value`` at the places; where one comes twice the last stays."""
        return self._write(p.scatter_set, value)

    def add(self, value: Any) -> Tensor:
        """The tensor with ``value`` added at the places; where one comes twice both are added."""
        return self._write(p.scatter_add, value)

    def _write(self, op: p.Primitive, value: Any) -> Tensor:
        """Number all places, index the numbers, and write to the flat tensor."""
        numbered = getitem(Tensor(np.arange(self.x.size).reshape(self.x.shape)), self.index)
        updates = broadcast_to(lift(value, self.x.dtype), numbered.shape)
        flat = reshape(self.x, (-1,))
        out: Tensor = bind(op, (flat, numbered, updates), {"axis": 0})
        return reshape(out, self.x.shape)


attach(__getitem__=getitem, at=property(lambda x: At(lift(x))))
