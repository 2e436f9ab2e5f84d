"""Check a gradient against central differences, in float64."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pente.autodiff.transforms import grad
from pente.core.tensor import Tensor
from pente.errors import GradientError
from pente.ops.lifting import lift
from pente.ops.reduce import sum as sum_of

__all__ = ["gradcheck"]


def gradcheck(
    f: Callable[..., Any], args: Sequence[Any], order: int = 1, *, step: float = 1e-5, tolerance: float = 1e-6
) -> float:
    """Compare the gradient of f with (f(x + h) - f(x - h)) / 2h, number by number; returns the worst error.

    The error of a derivative d is |got - expected| / (1 + |expected|). Results with several numbers are weighted with
    fixed numbers and summed. ``order=2`` checks the gradient of the gradient as well. Raises GradientError with the
    argument, the place, and both numbers where the error exceeds the tolerance.

    >>> import pente
    >>> pente.gradcheck(pente.sin, (0.5,), order=2) < 1e-6
    True
    """
    points = tuple(Tensor(np.array(lift(x).data, np.float64)) for x in args)
    worst, function = 0.0, _weighted(f)
    for level in range(1, order + 1):
        worst = max(worst, _compare(function, points, level, step, tolerance))
        function = _next(function, len(points))
    return worst


def _weighted(f: Callable[..., Any]) -> Callable[..., Tensor]:
    """One number of whatever f returns, in which every output counts differently."""

    def single(*xs: Any) -> Tensor:
        out = lift(f(*xs))
        weights = np.cos(np.arange(out.size) + 1.0).reshape(out.shape)
        return sum_of(out * weights)

    return single


def _next(function: Callable[..., Tensor], count: int) -> Callable[..., Tensor]:
    """One number of the gradient of a function."""
    slopes = grad(function, tuple(range(count)))

    def single(*xs: Any) -> Tensor:
        total = Tensor(np.zeros(()))
        for slope in slopes(*xs):
            total = total + sum_of(slope * np.sin(np.arange(slope.size) + 2.0).reshape(slope.shape))
        return total

    return single


def _compare(
    function: Callable[..., Tensor], points: tuple[Tensor, ...], level: int, step: float, tolerance: float
) -> float:
    got = grad(function, tuple(range(len(points))))(*points)
    worst = 0.0
    for i, (x, slope) in enumerate(zip(points, got, strict=True)):
        for place in np.ndindex(x.shape):
            expected = _difference(function, points, i, place, step)
            found = float(np.asarray(slope.data)[place])
            error = abs(found - expected) / (1.0 + abs(expected))
            if not error <= tolerance:
                raise GradientError(
                    f"gradient of order {level}, argument {i}, place {place}, at {np.asarray(x.data)[place].item()}: "
                    f"got {found!r}, and central differences give {expected!r}."
                )
            worst = max(worst, error)
    return worst


def _difference(function: Callable[..., Tensor], points: tuple[Tensor, ...], i: int, place: Any, step: float) -> float:
    values = []
    for sign in (1.0, -1.0):
        moved = np.array(points[i].data)
        moved[place] += sign * step
        args = [Tensor(moved) if k == i else x for k, x in enumerate(points)]
        values.append(float(function(*args).item()))
    return (values[0] - values[1]) / (2.0 * step)
