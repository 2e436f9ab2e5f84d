"""What is most likely meant where a shape does not fit: the piece of code that mends it."""

import math
from typing import Any

from pente.layers.symbolic import OpenLength

__all__ = ["for_joining", "for_places", "for_reshape", "for_steps", "for_sum"]


def for_places(shape: Any, places: int) -> str:
    """For a layer of so many place axes, with channels behind them."""
    rest = _known(shape)
    if len(rest) == places:
        before = _reshaped((*rest, 1))
        return f" For a single channel write x[..., None]{before}; for a single example write x[None]."
    if len(rest) != 1 or places != 2:
        return ""
    side = math.isqrt(rest[0] or 0)
    before = _reshaped((side, side, 1)) if side > 1 and side * side == rest[0] else ""
    return f" The rows and columns are gone: leave out layers.Flatten(), or what else takes them away{before}."


def for_steps(shape: Any) -> str:
    """For a layer that wants (batch, steps, features)."""
    rest = _known(shape)
    if len(rest) == 1:
        return (
            " A recurrent layer before this one gives all its steps with return_sequences=True; for a single feature "
            f"write x[..., None]{_reshaped((*rest, 1))}; for a single example write x[None]."
        )
    if len(rest) > 2 and None not in rest:
        features = math.prod(n or 1 for n in rest[1:])
        return f" To read rows as steps put layers.Reshape({(rest[0], features)}) before it."
    return ""


def for_sum(a: Any, b: Any) -> str:
    """For two that are to be one element by element."""
    first, second = _known(a), _known(b)
    if len(first) != len(second) or None in first or None in second:
        return ""
    if len(first) == 3 and first[:2] != second[:2]:
        return _for_shortcut(first, second)
    if first[:-1] != second[:-1]:
        return ""
    layer = f"layers.Conv2D({second[-1]}, 1)" if len(first) == 3 else f"layers.Dense({second[-1]})"
    return f" To bring the first to the width of the second, put {layer} around it."


def _for_shortcut(a: Any, b: Any) -> str:
    large, small = (a, b) if a[0] > b[0] else (b, a)
    stride = round(large[0] / small[0])
    if stride == 1:
        return " A convolution that is to leave rows and columns as they are is written with padding='same'."
    return f" Bring the larger one along: layers.Conv2D({small[-1]}, 1, strides={stride}) around it."


def for_joining(shapes: list[Any]) -> str:
    """For several that are to be one behind the other."""
    if len(set(map(len, shapes))) > 1:
        return " Those of more axes become rows with layers.Flatten()."
    unlike = [i for i in range(1, len(shapes[0])) if len({shape[i] for shape in shapes}) > 1]
    return f" They differ in one axis alone: write Concatenate(axis={unlike[0]})." if len(unlike) == 1 else ""


def for_reshape(size: int, target: Any) -> str:
    """For an example of so many numbers that is to take another shape."""
    if len(target) > 1 and math.prod(target[1:]) == size:
        return f" The batch is no part of target_shape: write Reshape({tuple(target[1:])})."
    for axis in reversed(range(len(target))):
        others = math.prod(n for i, n in enumerate(target) if i != axis)
        if others > 0 and size % others == 0:
            return f" Let one axis take what is left: write Reshape({(*target[:axis], -1, *target[axis + 1 :])})."
    return " The batch is no part of target_shape; one axis may be -1."


def _known(shape: Any) -> tuple[int | None, ...]:
    """The lengths without the batch; None where one is open."""
    rest = shape[1:] if isinstance(shape, tuple) else ()
    return tuple(None if isinstance(n, OpenLength) else n for n in rest)


def _reshaped(shape: tuple[int | None, ...]) -> str:
    return "" if None in shape else f", or put layers.Reshape({shape}) before it"
