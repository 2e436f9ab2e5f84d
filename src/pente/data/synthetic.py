"""Small problems with a known shape: four for classification in the plane, one for regression on a line."""

import math

import numpy as np
from numpy.typing import NDArray

from pente.data.dataset import Dataset
from pente.data.seeds import generator
from pente.errors import DataError

__all__ = ["make_circles", "make_moons", "make_sine", "make_spirals", "make_xor"]

Points = NDArray[np.float64]


def make_moons(n_samples: int = 100, *, noise: float = 0.0, seed: int = 0) -> Dataset:
    """Make two interleaved half circles.

    With t evenly spaced over [0, π]: class 0 is (cos t, sin t), class 1 is (1 − cos t, ½ − sin t).
    Normal noise of this standard deviation is added to both coordinates.

    x: float32 (N, 2); y: int64 (N,). The classes differ by at most one in size, and the seed shuffles the rows.

    >>> x, y = make_moons(200, noise=0.1, seed=1)
    >>> x.shape, np.bincount(y).tolist()
    ((200, 2), [100, 100])
    """
    outer, inner = (np.linspace(0, np.pi, size) for size in _class_sizes(n_samples, 2))
    return _labelled([_polar(1, outer), (1, 0.5) - _polar(1, inner)], noise, generator(seed))


def make_circles(n_samples: int = 100, *, noise: float = 0.0, factor: float = 0.8, seed: int = 0) -> Dataset:
    """Make a small circle within a large one.

    With t evenly spaced over [0, 2π): class 0 is (cos t, sin t), class 1 is factor · (cos t, sin t), 0 ≤ factor < 1.
    Normal noise of this standard deviation is added to both coordinates.

    x: float32 (N, 2); y: int64 (N,). The classes differ by at most one in size, and the seed shuffles the rows.

    >>> x, y = make_circles(200, factor=0.5)
    >>> bool(np.allclose(np.hypot(*x[y == 1].T), 0.5))
    True
    """
    if not 0 <= factor < 1:
        raise DataError(f"factor must lie in [0, 1): it is the inner radius over the outer; got {factor}")
    outer, inner = (np.linspace(0, 2 * np.pi, size, endpoint=False) for size in _class_sizes(n_samples, 2))
    return _labelled([_polar(1, outer), _polar(factor, inner)], noise, generator(seed))


def make_spirals(
    n_samples: int = 100, *, classes: int = 2, turns: float = 1.0, noise: float = 0.0, seed: int = 0
) -> Dataset:
    """Make one spiral arm a class, all winding out from the origin to the unit circle.

    With s evenly spaced over (0, 1]: class k is s · (cos φ, sin φ), φ = 2π (turns · s + k / classes).
    Normal noise of this standard deviation is added to both coordinates.

    x: float32 (N, 2); y: int64 (N,). The classes differ by at most one in size, and the seed shuffles the rows.

    >>> x, y = make_spirals(90, classes=3, turns=1.5)
    >>> np.bincount(y).tolist()
    [30, 30, 30]
    """
    if classes < 2:
        raise DataError(f"classes must be at least 2, got {classes}")
    arms = []
    for k, size in enumerate(_class_sizes(n_samples, classes)):
        s = np.arange(1, size + 1) / size
        arms.append(_polar(s, 2 * np.pi * (turns * s + k / classes)))
    return _labelled(arms, noise, generator(seed))


def make_xor(n_samples: int = 100, *, noise: float = 0.0, seed: int = 0) -> Dataset:
    """Make the square whose quadrants are labelled like a chess board: no line separates the classes.

    The points are uniform in each quadrant of [−1, 1]²: class 0 where x₀ · x₁ > 0, class 1 where x₀ · x₁ < 0.
    Normal noise of this standard deviation is then added to both coordinates; the labels stay.

    x: float32 (N, 2); y: int64 (N,). The classes differ by at most one in size, and the seed shuffles the rows.

    >>> x, y = make_xor(200)
    >>> bool(((x[:, 0] * x[:, 1] < 0) == y).all())
    True
    """
    rng = generator(seed)
    same, opposite = (_two_quadrants(size, rng) for size in _class_sizes(n_samples, 2))
    return _labelled([same, opposite * (1, -1)], noise, rng)


def make_sine(n_samples: int = 100, *, noise: float = 0.0, seed: int = 0) -> Dataset:
    """Make one period of a sine, for regression: y = sin x + ε.

    x is evenly spaced over [−π, π]; ε is normal with mean 0 and standard deviation `noise`.

    x, y: float32 (N, 1). The seed shuffles the rows.

    >>> x, y = make_sine(50)
    >>> bool(np.allclose(y, np.sin(x), atol=1e-6))
    True
    """
    (size,) = _class_sizes(n_samples, 1)
    rng = generator(seed)
    x = np.linspace(-np.pi, np.pi, size)[:, np.newaxis]
    y = np.sin(x) + _normal(x.shape, noise, rng)
    order = rng.permutation(size)
    return Dataset(x[order].astype(np.float32), y[order].astype(np.float32))


def _labelled(clouds: list[Points], noise: float, rng: "np.random.Generator") -> Dataset:
    """Number the clouds of points as classes, blur them and mix them."""
    points = np.concatenate(clouds)
    labels = np.repeat(np.arange(len(clouds)), [len(cloud) for cloud in clouds])
    points = points + _normal(points.shape, noise, rng)
    order = rng.permutation(len(points))
    return Dataset(points[order].astype(np.float32), labels[order].astype(np.int64))


def _polar(radius: float | Points, angle: Points) -> Points:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _two_quadrants(size: int, rng: "np.random.Generator") -> Points:
    """Points uniform in the two quadrants where both coordinates have the same sign, by turns."""
    magnitude = 1 - rng.random((size, 2))  # in (0, 1]: a point on an axis would have no class
    sign = 1 - 2 * (np.arange(size) % 2)
    return magnitude * sign[:, np.newaxis]


def _normal(shape: tuple[int, ...], noise: float, rng: "np.random.Generator") -> Points:
    if not 0 <= noise < math.inf:
        raise DataError(f"noise is a standard deviation: expected a finite number of at least 0, got {noise}")
    return noise * rng.standard_normal(shape)  # drawn even when noise is 0, so that it never changes the shuffle


def _class_sizes(n_samples: int, classes: int) -> list[int]:
    """Share the samples out as evenly as possible; the last classes get the remainder."""
    if n_samples < classes:
        raise DataError(f"n_samples must be at least {classes} here, got {n_samples}")
    return [(n_samples + k) // classes for k in range(classes)]
