"""How a weight gets its first values: called with a shape, an initializer gives a tensor.

The same key gives the same numbers. Without a key they come from the stream that ``pente.set_seed`` decides; a ``seed``
of the initializer's own goes before both.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pente import dtypes
from pente.config import Configured, find
from pente.core.tensor import Tensor
from pente.errors import ShapeError, UnknownNameError, UsageError
from pente.ops import random
from pente.ops.creation import full
from pente.shapes import Shape

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "fans",
    "get",
]

# The standard deviation of a normal distribution that is cut off at two of its standard deviations.
CUT_STDDEV = 0.87962566103423978

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


class Initializer(Configured):
    """The base of all initializers; one of your own implements ``draw(shape, dtype, key)``.

    >>> import pente
    >>> class Counted(pente.initializers.Initializer):
    ...     def draw(self, shape, dtype, key):
    ...         return pente.arange(shape[0], dtype=dtype)
    >>> Counted()((3,)).tolist()
    [0.0, 1.0, 2.0]
    """

    def __call__(self, shape: Any, dtype: Any = None, key: Any = None) -> Tensor:
        """A tensor of this shape; float32 unless told."""
        seed = getattr(self, "seed", None)
        return self.draw(
            (shape,) if isinstance(shape, int) else tuple(shape),
            dtypes.default_float if dtype is None else dtypes.as_dtype(dtype),
            key if seed is None else random.key(seed),
        )

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        """The numbers."""
        raise NotImplementedError(f"{type(self).__name__} has no draw(shape, dtype, key)")


@dataclass(frozen=True, repr=False)
class Zeros(Initializer):
    """0 everywhere.

    >>> import pente
    >>> pente.initializers.Zeros()((2,)).tolist()
    [0.0, 0.0]
    """

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        return full(shape, 0, dtype=dtype)


@dataclass(frozen=True, repr=False)
class Ones(Initializer):
    """1 everywhere.

    >>> import pente
    >>> pente.initializers.Ones()((2,)).tolist()
    [1.0, 1.0]
    """

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        return full(shape, 1, dtype=dtype)


@dataclass(frozen=True, repr=False)
class Constant(Initializer):
    """The same number everywhere, or an array of the weight's own shape.

    >>> import pente
    >>> pente.initializers.Constant(0.5)((2,)).tolist()
    [0.5, 0.5]
    """

    value: Any = 0.0

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        given = np.shape(self.value)
        if given not in ((), shape):
            raise ShapeError(f"a constant of shape {given} cannot fill a weight of shape {shape}.")
        return full(shape, self.value, dtype=dtype)


@dataclass(frozen=True, repr=False)
class Identity(Initializer):
    """gain · I: gain on the diagonal of a matrix, 0 elsewhere.

    >>> import pente
    >>> pente.initializers.Identity()((2, 2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    gain: float = 1.0

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        if len(shape) != 2:
            raise ShapeError(f"an identity is a matrix (rows, columns), and the weight has shape {shape}.")
        return Tensor(np.eye(*shape, dtype=dtype) * dtype.type(self.gain))


@dataclass(frozen=True, repr=False)
class RandomNormal(Initializer):
    """Numbers of the normal distribution.

    >>> import pente
    >>> pente.initializers.RandomNormal(stddev=0.1)((2, 3)).shape
    (2, 3)
    """

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        return random.normal(shape, self.mean, self.stddev, key=key, dtype=dtype)


@dataclass(frozen=True, repr=False)
class TruncatedNormal(Initializer):
    """Numbers of the normal distribution within two standard deviations of the mean.

    As in Keras, ``stddev`` is that of the distribution before the cut.

    >>> import pente
    >>> bool((pente.initializers.TruncatedNormal()((100,)).abs() <= 0.1).all())
    True
    """

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        return random.truncated_normal(shape, self.mean, self.stddev, key=key, dtype=dtype)


@dataclass(frozen=True, repr=False)
class RandomUniform(Initializer):
    """Numbers evenly spread from minval up to but without maxval.

    >>> import pente
    >>> bool((pente.initializers.RandomUniform()((100,)).abs() <= 0.05).all())
    True
    """

    minval: float = -0.05
    maxval: float = 0.05
    seed: int | None = None

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        return random.uniform(shape, self.minval, self.maxval, key=key, dtype=dtype)


@dataclass(frozen=True, repr=False)
class VarianceScaling(Initializer):
    """Numbers whose variance keeps signals at one size through the layers: scale / n.

    n is the number of inputs of a unit (``"fan_in"``), of outputs (``"fan_out"``), or their mean (``"fan_avg"``).
    The distribution is ``"truncated_normal"``, ``"untruncated_normal"`` or ``"uniform"``.

    >>> import pente
    >>> pente.initializers.VarianceScaling(2.0, mode="fan_out")((3, 3, 16, 32)).shape
    (3, 3, 16, 32)
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise UsageError(f"the scale of a variance is a positive number, got {self.scale!r}.")
        if self.mode not in MODES:
            raise UnknownNameError("mode", self.mode, MODES)
        if self.distribution not in DISTRIBUTIONS:
            raise UnknownNameError("distribution", self.distribution, DISTRIBUTIONS)

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, n))
        if self.distribution == "uniform":
            limit = math.sqrt(3.0) * stddev
            return random.uniform(shape, -limit, limit, key=key, dtype=dtype)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, stddev, key=key, dtype=dtype)
        return random.truncated_normal(shape, 0.0, stddev / CUT_STDDEV, key=key, dtype=dtype)


def fans(shape: Shape) -> tuple[int, int]:
    """How many inputs feed one unit of a weight, and how many units one input feeds.

    A Dense kernel is (inputs, units); that of a convolution (*window, channels, filters), where each place of the
    window counts.

    >>> fans((784, 64)), fans((3, 3, 16, 32))
    ((784, 64), (144, 288))
    """
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    *window, inputs, outputs = shape
    return math.prod(window) * inputs, math.prod(window) * outputs


class GlorotUniform(VarianceScaling):
    """Evenly spread within ±√(6 / (fan_in + fan_out)): for tanh and linear layers.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.

    >>> import pente
    >>> bool((pente.initializers.GlorotUniform()((2, 4)).abs() <= 1).all())
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Normal, cut at two standard deviations, with stddev √(2 / (fan_in + fan_out)): for tanh and linear layers.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.

    >>> import pente
    >>> pente.initializers.GlorotNormal()((2, 4)).shape
    (2, 4)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Evenly spread within ±√(6 / fan_in): for relu layers.

    Source: He et al., "Delving Deep into Rectifiers", 2015.

    >>> import pente
    >>> bool((pente.initializers.HeUniform()((6, 4)).abs() <= 1).all())
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Normal, cut at two standard deviations, with stddev √(2 / fan_in): for relu layers.

    Source: He et al., "Delving Deep into Rectifiers", 2015.

    >>> import pente
    >>> pente.initializers.HeNormal()((3, 3, 16, 32)).shape
    (3, 3, 16, 32)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Evenly spread within ±√(3 / fan_in).

    Source: LeCun et al., "Efficient BackProp", 1998.

    >>> import pente
    >>> bool((pente.initializers.LecunUniform()((3, 4)).abs() <= 1).all())
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Normal, cut at two standard deviations, with stddev √(1 / fan_in): for selu layers.

    Source: Klambauer et al., "Self-Normalizing Neural Networks", 2017.

    >>> import pente
    >>> pente.initializers.LecunNormal()((2, 4)).shape
    (2, 4)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


@dataclass(frozen=True, repr=False)
class Orthogonal(Initializer):
    """gain · Q with orthonormal columns, or rows where there are fewer of them; all but the last axis count as rows.

    Q comes from the QR decomposition of normal numbers, with the signs that make it uniform over all of them.
    Source: Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2014.

    >>> import pente
    >>> q = pente.initializers.Orthogonal()((4, 2))
    >>> (q.T @ q).round(5).abs().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    gain: float = 1.0
    seed: int | None = None

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        if len(shape) < 2:
            raise ShapeError(f"an orthogonal weight has at least two axes, and this one has shape {shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(random.normal(tall, key=key, dtype=dtypes.float64).numpy())
        q = q * np.copysign(1.0, np.diagonal(r)) * self.gain
        return Tensor((q if rows >= columns else q.T).reshape(shape).astype(dtype))


@dataclass(frozen=True, repr=False)
class Given(Initializer):
    """A function of shape and dtype alone, such as Keras takes, as an initializer."""

    function: Callable[..., Any]

    def draw(self, shape: Shape, dtype: dtypes.DType, key: Any) -> Tensor:
        return full(shape, np.asarray(self.function(shape, dtype)), dtype=dtype)


INITIALIZERS: dict[str, type[Initializer]] = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "identity": Identity,
    "random_normal": RandomNormal,
    "truncated_normal": TruncatedNormal,
    "random_uniform": RandomUniform,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
    # Keras's short names.
    "zero": Zeros,
    "one": Ones,
    "normal": RandomNormal,
    "uniform": RandomUniform,
}


def get(identifier: Any) -> Initializer | None:
    """The initializer that is meant: by name, class, config, a function of (shape, dtype), or itself; None stays None.

    >>> import pente
    >>> pente.initializers.get("glorot_uniform")
    GlorotUniform()
    """
    if identifier is None:
        return None
    found = find("initializer", INITIALIZERS, identifier, Callable)
    keyed = "key" in inspect.signature(found).parameters
    initializer: Initializer = found if keyed else Given(found)
    return initializer
