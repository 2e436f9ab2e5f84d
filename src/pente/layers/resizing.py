"""More places or fewer: repeated, with zeros around, or cut off; and numbers on another scale. Channels last."""

from typing import Any, ClassVar

from pente.core.tensor import Tensor
from pente.errors import ShapeError, UnknownNameError, UsageError
from pente.layers.base import Layer
from pente.layers.places import each_place, require_channels_last, require_places
from pente.ops.lifting import as_float, lift
from pente.ops.shape import pad, repeat

__all__ = ["Cropping1D", "Cropping2D", "Rescaling", "UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D"]

Sides = tuple[tuple[int, int], ...]  # before and after, for each axis of places


class OverPlaces(Layer):
    """The base of the layers that change how many places there are."""

    axes: ClassVar[int]

    def __post_init__(self) -> None:
        require_channels_last(self, self.axes)

    def call(self, x: Tensor) -> Tensor:
        x = lift(x)
        require_places(self, x.shape, self.axes)
        return self.resized(x)

    def resized(self, x: Tensor) -> Tensor:
        """The places as they become."""
        raise NotImplementedError


class UpSampling1D(OverPlaces):
    """Each step ``size`` times.

    Shapes: x (batch, steps, channels), the result (batch, steps · size, channels).

    >>> import pente
    >>> pente.layers.UpSampling1D(2)([[[1.0], [5.0]]]).tolist()
    [[[1.0], [1.0], [5.0], [5.0]]]
    """

    size: Any = 2
    axes = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        each_place(self, "size", self.axes)

    def resized(self, x: Tensor) -> Tensor:
        for axis, times in enumerate(each_place(self, "size", self.axes), 1):
            x = repeat(x, times, axis=axis)
        return x


class UpSampling2D(UpSampling1D):
    """Each row and each column ``size`` times.

    Shapes: x (batch, rows, columns, channels), the result (batch, rows · size, columns · size, channels).

    >>> import pente
    >>> pente.layers.UpSampling2D((2, 3))(pente.ones((1, 4, 4, 3))).shape
    (1, 8, 12, 3)
    """

    size: Any = (2, 2)
    data_format: Any = None
    interpolation: str = "nearest"
    axes = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.interpolation != "nearest":
            raise UnknownNameError("interpolation", self.interpolation, ["nearest"])


class ZeroPadding1D(OverPlaces):
    """Zeros before the first step and after the last: one number for both sides, or two.

    Shapes: x (batch, steps, channels), the result (batch, before + steps + after, channels).

    >>> import pente
    >>> pente.layers.ZeroPadding1D((1, 2))([[[5.0]]]).tolist()
    [[[0.0], [5.0], [0.0], [0.0]]]
    """

    padding: Any = 1
    data_format: Any = None
    axes = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        sides_of(self, "padding")

    def resized(self, x: Tensor) -> Tensor:
        return pad(x, ((0, 0), *sides_of(self, "padding"), (0, 0)))


class ZeroPadding2D(ZeroPadding1D):
    """Zeros around rows and columns: a number, one for rows and one for columns, or two for each.

    Shapes: x (batch, rows, columns, channels), the result (batch, rows', columns', channels).

    >>> import pente
    >>> pente.layers.ZeroPadding2D(((1, 0), (2, 2)))(pente.ones((1, 4, 4, 3))).shape
    (1, 5, 8, 3)
    """

    padding: Any = (1, 1)
    axes = 2


class Cropping1D(OverPlaces):
    """Without the first steps and the last: one number for both sides, or two.

    Shapes: x (batch, steps, channels), the result (batch, steps - before - after, channels).

    >>> import pente
    >>> pente.layers.Cropping1D((1, 0))([[[1.0], [2.0], [3.0]]]).tolist()
    [[[2.0], [3.0]]]
    """

    cropping: Any = (1, 1)
    axes = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        sides_of(self, "cropping")

    def resized(self, x: Tensor) -> Tensor:
        sides = sides_of(self, "cropping")
        for axis, (before, after) in enumerate(sides, 1):
            if before + after >= x.shape[axis]:
                raise ShapeError(f"{self.path} cuts {before} and {after} off, and there are {x.shape[axis]} places.")
        kept = [slice(before, n - after) for (before, after), n in zip(sides, x.shape[1:-1], strict=True)]
        inner: Tensor = x[(slice(None), *kept)]
        return inner


class Cropping2D(Cropping1D):
    """Without the outer rows and columns: a number, one for rows and one for columns, or two for each.

    Shapes: x (batch, rows, columns, channels), the result (batch, rows', columns', channels).

    >>> import pente
    >>> pente.layers.Cropping2D(((1, 0), (2, 1)))(pente.ones((1, 6, 6, 3))).shape
    (1, 5, 3, 3)
    """

    cropping: Any = ((0, 0), (0, 0))
    data_format: Any = None
    axes = 2


class Rescaling(Layer):
    """x · scale + offset, as for pixels from 0 to 255.

    >>> import pente
    >>> pente.layers.Rescaling(1 / 127.5, offset=-1)([0.0, 255.0]).tolist()
    [-1.0, 1.0]
    """

    scale: Any
    offset: Any = 0.0

    def call(self, x: Tensor) -> Tensor:
        scaled: Tensor = as_float(x) * self.scale + self.offset
        return scaled


def sides_of(layer: Any, field: str) -> Sides:
    """The field as two whole numbers from 0 up for each axis of places."""
    given, count = getattr(layer, field), layer.axes
    if isinstance(given, int):
        given = (given,) * count
    if count == 1 and isinstance(given, (tuple, list)) and len(given) == 2:
        given = (given,)
    sides = [(n, n) if isinstance(n, int) else tuple(n) for n in given] if isinstance(given, (tuple, list)) else []
    whole = all(len(pair) == 2 and all(isinstance(n, int) and n >= 0 for n in pair) for pair in sides)
    if len(sides) != count or not whole:
        wanted = "2, or (1, 2)" if count == 1 else "2, or (1, 2), or ((1, 2), (1, 2))"
        raise UsageError(f"{type(layer).__name__}: {field} is as in {wanted}, got {getattr(layer, field)!r}.")
    return tuple((before, after) for before, after in sides)
