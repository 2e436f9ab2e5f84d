"""What layers over places share. Places are the axes between batch and channels: the steps, or the rows and columns."""

import operator
from typing import TYPE_CHECKING, Any

from pente.errors import ShapeError, UnknownNameError, UsageError
from pente.layers.advice import for_places
from pente.shapes import Shape

if TYPE_CHECKING:
    from pente.layers.base import Layer

__all__ = [
    "each_place",
    "refuse_turned_images",
    "require_channels",
    "require_channels_last",
    "require_padding",
    "require_places",
    "require_room",
    "wide",
]

AXES = {1: "(batch, steps, channels)", 2: "(batch, rows, columns, channels)"}
TO_LAST = {3: "x.transpose(0, 2, 1)", 4: "x.transpose(0, 2, 3, 1)"}


def each_place(layer: "Layer", field: str, count: int) -> Shape:
    """The field as one whole number of at least 1 for each place axis; a single number stands for all."""
    given: Any = getattr(layer, field)
    try:
        sizes = (
            tuple(map(operator.index, given)) if isinstance(given, (tuple, list)) else (operator.index(given),) * count
        )
    except TypeError:
        sizes = ()
    if len(sizes) != count or min(sizes) < 1:
        many = "" if count == 1 else f", or {count} of them"
        raise UsageError(f"{type(layer).__name__}: {field} is a whole number of at least 1{many}, got {given!r}.")
    return sizes


def require_channels_last(layer: "Layer", count: int) -> None:
    """Raise where a ``data_format`` asks for another layout than that of Pente."""
    given: Any = getattr(layer, "data_format", None)
    if given == "channels_first":
        raise UsageError(
            f"{type(layer).__name__}: the channels come last here, {AXES[count]}. Leave data_format out, and turn the "
            f"data: write {TO_LAST[count + 2]}."
        )
    if given not in (None, "channels_last"):
        raise UnknownNameError("data format", given, ["channels_last"])


def require_padding(layer: "Layer", known: tuple[str, ...]) -> None:
    """Raise where the padding is no name that the layer knows."""
    given: Any = getattr(layer, "padding")  # noqa: B009  (not every layer has one)
    if isinstance(given, str) and given.lower() in known:
        return
    if isinstance(given, str):
        raise UnknownNameError("padding", given, known)
    raise UsageError(
        f"{type(layer).__name__}: padding is {' or '.join(map(repr, known))}, got {given!r}. What other libraries "
        "call a padding of 1 for a window of 3, and of 2 for a window of 5, is padding='same'."
    )


def require_places(layer: "Layer", shape: Any, count: int) -> None:
    """Raise unless the input has this many place axes, with the channels behind them."""
    rank = len(shape) if isinstance(shape, tuple) else 0
    if rank != count + 2:
        raise ShapeError(f"{layer.path} expects inputs {AXES[count]}, and got shape {shape}.{for_places(shape, count)}")


def refuse_turned_images(layer: "Layer", shape: Any) -> None:
    """Raise for a square image of 1 or 3 channels that come first, unless ``data_format`` says that they come last."""
    first, *rest = shape[1:]
    square = len(rest) == 2 and rest[0] == rest[1] and (rest[0] or 0) >= 28
    if first in (1, 3) and square and getattr(layer, "data_format", None) is None:
        raise ShapeError(
            f"{layer.path} expects inputs {AXES[2]}, and {shape} looks like images with the channels first: write "
            f"{TO_LAST[4]}, or put layers.Permute((2, 3, 1)) before it. If these are {first} rows of {rest[0]} columns "
            f"with {rest[0]} channels, say data_format='channels_last'."
        )


def require_channels(layer: "Layer", shape: Shape, channels: int) -> None:
    """Raise where an input has another number of channels than the weights."""
    if shape[-1] != channels:
        turned = f" The channels come last here: write {TO_LAST[len(shape)]}." if shape[1] == channels else ""
        raise ShapeError(
            f"{layer.path} expects {channels} channels (the last axis), got {shape[-1]}: the input has shape {shape}."
            f"{turned or f' The layer was built for {channels}; give it such data, or make a new layer.'}"
        )


def wide(window: Shape, dilation: Shape) -> Shape:
    """How many places a window spans when its own lie ``dilation`` apart: (k - 1)·d + 1."""
    return tuple((k - 1) * d + 1 for k, d in zip(window, dilation, strict=True))


def require_room(layer: "Layer", places: Shape, window: Shape, size: str) -> None:
    """Raise where a window that is not padded is larger than the input."""
    if any(k > n for k, n in zip(window, places, strict=True)):
        raise ShapeError(
            f"{layer.path}: a window of {window} does not fit into the places {places}. Make {size} smaller, write "
            "padding='same', or let the layers before leave more places."
        )
