"""Dropout and its kin: noise that is there in training only."""

from typing import Any

from pente.core.tensor import Tensor
from pente.errors import UsageError
from pente.layers.base import Layer
from pente.layers.checks import require_rate
from pente.ops.elementwise import where
from pente.ops.lifting import as_float
from pente.ops.random import Stream, fold_in, normal, uniform

__all__ = ["Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D", "SpatialDropout2D"]


class RandomLayer(Layer):
    """A layer with random numbers of its own: f(seed, path, call index)."""

    def __post_init__(self) -> None:
        self.draws = Stream(self.name)

    def next_key(self, seed: int | None) -> Tensor:
        """The key of this call; a seed of the layer's own makes it another."""
        key = self.draws.key()
        return key if seed is None else fold_in(key, seed)


class Dropout(RandomLayer):
    """In training each element is 0 with probability ``rate``, and x / (1 - rate) otherwise; else x itself.

    ``noise_shape`` repeats the same choice along the axes where it is 1; None in it is the length that x has.
    Source: Srivastava et al., "Dropout", 2014.

    >>> import pente
    >>> layer = pente.layers.Dropout(0.5)
    >>> layer([1.0, 1.0]).tolist(), sorted(set(layer(pente.ones(100), training=True).tolist()))
    ([1.0, 1.0], [0.0, 2.0])
    """

    rate: float
    noise_shape: Any = None
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate(self, "rate")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        x = as_float(x)
        if not training or self.rate == 0:
            return x
        keep = uniform(self._choices(x.shape), key=self.next_key(self.seed)) >= self.rate
        return where(keep, x / (1.0 - self.rate), x * 0.0)

    def _choices(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.noise_shape is None:
            return shape
        return tuple(n if wanted is None else wanted for n, wanted in zip(shape, self.noise_shape, strict=True))


class SpatialDropout1D(Dropout):
    """Dropout of whole features: the same choice for all steps of x (batch, steps, features).

    >>> import pente
    >>> pente.layers.SpatialDropout1D(0.5)(pente.ones((1, 2, 3))).shape
    (1, 2, 3)
    """

    def _choices(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], 1, shape[2])


class SpatialDropout2D(Dropout):
    """Dropout of whole feature maps: the same choice for all places of x (batch, rows, columns, channels).

    >>> import pente
    >>> pente.layers.SpatialDropout2D(0.5)(pente.ones((1, 2, 2, 3))).shape
    (1, 2, 2, 3)
    """

    def _choices(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], 1, 1, shape[3])


class GaussianNoise(RandomLayer):
    """x plus normal noise of this standard deviation in training; else x itself.

    >>> import pente
    >>> pente.layers.GaussianNoise(0.1)([1.0, 2.0]).tolist()
    [1.0, 2.0]
    """

    stddev: float
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stddev < 0:
            raise UsageError(f"GaussianNoise: stddev is a number from 0 up, got {self.stddev!r}.")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        x = as_float(x)
        if not training:
            return x
        return x + normal(x.shape, std=self.stddev, key=self.next_key(self.seed), dtype=x.dtype)


class GaussianDropout(RandomLayer):
    """x times normal noise of mean 1 and standard deviation √(rate / (1 - rate)) in training; else x itself.

    >>> import pente
    >>> pente.layers.GaussianDropout(0.1)([1.0, 2.0]).tolist()
    [1.0, 2.0]
    """

    rate: float
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate(self, "rate")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        x = as_float(x)
        if not training or self.rate == 0:
            return x
        stddev = (self.rate / (1.0 - self.rate)) ** 0.5
        return x * normal(x.shape, 1.0, stddev, key=self.next_key(self.seed), dtype=x.dtype)
