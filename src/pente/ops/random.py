"""Random numbers as pure functions of a key: Philox4x64-10, the same bits eager and compiled, on every machine.

A key is two uint64 numbers. The same key gives the same numbers, so a key is used once and split for more. Without a
key a function draws from the stream that ``pente.set_seed`` decides.
"""

import math
from typing import Any

import numpy as np

from pente import dtypes
from pente.core import primitives as p
from pente.core.dispatch import bind
from pente.core.tensor import Tensor, Variable
from pente.errors import DTypeError, ShapeError
from pente.ops.elementwise import cos, floor, less, log, multiply, sin, sqrt, subtract
from pente.ops.lifting import astype, lift, refuse
from pente.ops.quantile import normal_quantile
from pente.ops.reduce import argmax
from pente.ops.shape import concat, reshape

__all__ = [
    "Stream",
    "bernoulli",
    "bits",
    "categorical",
    "fold_in",
    "key",
    "normal",
    "randint",
    "set_seed",
    "split",
    "truncated_normal",
    "uniform",
]

# Keys made by folding must never meet words that are drawn as numbers: folding draws under another second word.
_FOLD = np.uint64(0x9E3779B97F4A7C15)
_seed = Variable(np.zeros(2, np.uint64), name="random/key", trainable=False)


def key(seed: int, /) -> Tensor:
    """The key that belongs to a seed.

    >>> import pente
    >>> pente.random.key(7).tolist()
    [7, 0]
    """
    return Tensor(np.array([seed % 2**64, seed // 2**64 % 2**64], np.uint64))


def set_seed(seed: int) -> None:
    """Decide everything random from here on: initial weights, shuffling, dropout, draws without a key.

    >>> import pente
    >>> pente.set_seed(0); a = pente.random.uniform((2,))
    >>> pente.set_seed(0); b = pente.random.uniform((2,))
    >>> (a == b).all().item()
    True
    """
    _seed.assign(key(seed))
    _shared.rewind()


def seed_key() -> Tensor:
    """The key that set_seed chose."""
    return _seed.read()


def seed_state() -> dict[str, Variable]:
    """What decides the random numbers of this process, by name: the seed, and how many draws came without a key."""
    return {str(variable.name): variable for variable in (_seed, _shared.calls)}


def seed_is_chosen() -> bool:
    """Whether somebody has decided the seed."""
    return _seed.version > 0


def fold_in(key: Any, data: int | str, /) -> Tensor:
    """A new key from a key and a number or a name.

    >>> import pente
    >>> k = pente.random.key(0)
    >>> (pente.random.fold_in(k, "dense") == pente.random.fold_in(k, "dense")).all().item()
    True
    """
    word = _word(data)
    marked = bind(p.bitwise_xor, (lift(key), Tensor(np.array([0, _FOLD], np.uint64))))
    return _bits(marked, Tensor(word), (2,), dtypes.uint64)


def _word(data: int | str) -> np.uint64:
    if isinstance(data, str):
        import hashlib  # only where it is needed

        return np.uint64(int.from_bytes(hashlib.blake2b(data.encode(), digest_size=8).digest(), "little"))
    return np.uint64(data % 2**64)


def split(key: Any, count: int = 2, /) -> tuple[Tensor, ...]:
    """Several new keys from one.

    >>> import pente
    >>> len(pente.random.split(pente.random.key(0), 3))
    3
    """
    return tuple(fold_in(key, i) for i in range(count))


class Stream:
    """A source of draws: f(seed, path, call index). The call index is a Variable, so a checkpoint keeps it.

    >>> stream = Stream("noise")
    >>> first, second = (uniform((2,), key=stream.key()).tolist() for _ in range(2))
    >>> stream.rewind()
    >>> uniform((2,), key=stream.key()).tolist() == first != second
    True
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.calls = Variable(np.zeros((), np.uint64), name=f"{path}/calls", trainable=False)

    def rewind(self) -> None:
        """Start again with the first call."""
        self.calls.assign(np.zeros((), np.uint64))

    def key(self) -> Tensor:
        """The key of the next call."""
        call = self.calls.read()
        base = fold_in(seed_key(), self.path)
        self.calls.assign(call + np.uint64(1))
        return _bits(base, call, (2,), dtypes.uint64)


_shared = Stream("random")


def _bits(key: Tensor, counter: Tensor, shape: tuple[int, ...], dtype: Any) -> Tensor:
    return bind(p.random_bits, (key, counter), {"shape": shape, "dtype": dtype})


def _shape(shape: Any) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def bits(shape: Any = (), /, *, key: Any = None, dtype: Any = "uint64") -> Tensor:
    """Random bits, as whole numbers of 32 or 64 bits.

    >>> import pente
    >>> pente.random.bits((2,), key=pente.random.key(0)).dtype
    dtype('uint64')
    """
    chosen = dtypes.as_dtype(dtype)
    if chosen not in (dtypes.uint32, dtypes.uint64):
        raise DTypeError(f"random bits come as uint32 or uint64, and not as {chosen.name}.")
    drawn = _shared.key() if key is None else lift(key)
    return _bits(drawn, Tensor(np.uint64(0)), _shape(shape), chosen)


def _unit(shape: tuple[int, ...], key: Any, dtype: Any) -> Tensor:
    """Numbers k / 2ⁿ in [0, 1), with all n bits that the dtype has: 11 for float16, 24 for float32, 53 for float64."""
    chosen = _float_dtype(dtype)
    wide, n = chosen == dtypes.float64, dtypes.finfo(chosen).nmant + 1
    words = bits(shape, key=key, dtype="uint64" if wide else "uint32")
    kept = bind(p.right_shift, (words, Tensor(words.dtype.type((64 if wide else 32) - n))))
    return multiply(astype(kept, dtypes.float64 if wide else dtypes.float32), 2.0**-n).astype(chosen)


def _float_dtype(dtype: Any) -> dtypes.DType:
    chosen = dtypes.default_float if dtype is None else dtypes.as_dtype(dtype)
    if not dtypes.is_floating(chosen):
        raise DTypeError(f"random numbers between 0 and 1 are floats, and {chosen.name} is not: use randint.")
    return chosen


def uniform(shape: Any = (), low: float = 0.0, high: float = 1.0, *, key: Any = None, dtype: Any = None) -> Tensor:
    """Numbers evenly spread from low up to but without high.

    >>> import pente
    >>> x = pente.random.uniform((100,), key=pente.random.key(1))
    >>> bool((x >= 0).all()) and bool((x < 1).all())
    True
    """
    unit = _unit(_shape(shape), key, dtype)
    return unit if (low, high) == (0.0, 1.0) else unit * (high - low) + low


def normal(shape: Any = (), mean: float = 0.0, std: float = 1.0, *, key: Any = None, dtype: Any = None) -> Tensor:
    """Numbers of the normal distribution, by Box and Muller: √(-2 log u)·cos(2πv) and ·sin(2πv).

    >>> import pente
    >>> pente.random.normal((2, 3), key=pente.random.key(1)).shape
    (2, 3)
    """
    shape = _shape(shape)
    half = -(-math.prod(shape) // 2)
    unit = _unit((2, half), key, dtype)
    radius = sqrt(multiply(log(subtract(1.0, unit[0])), -2.0))
    angle = multiply(unit[1], 2.0 * math.pi)
    both = concat([multiply(radius, cos(angle)), multiply(radius, sin(angle))])
    return reshape(both[: math.prod(shape)], shape) * std + mean


def truncated_normal(
    shape: Any = (), mean: float = 0.0, std: float = 1.0, *, key: Any = None, dtype: Any = None
) -> Tensor:
    """Normal numbers within two standard deviations: z with Φ(z) = 1/2 + (u - 1/2)·P, u uniform, P = Φ(2) - Φ(-2).

    >>> import pente
    >>> x = pente.random.truncated_normal((1000,), key=pente.random.key(1))
    >>> bool((x.abs() <= 2).all())
    True
    """
    chosen = _float_dtype(dtype)
    wide = dtypes.float64 if chosen == dtypes.float64 else dtypes.float32
    # u - 1/2 at the middle of its step of 2⁻ⁿ: exact, and as often below 0 as above.
    middle = _unit(_shape(shape), key, wide) + (2.0 ** -(dtypes.finfo(wide).nmant + 2) - 0.5)
    z = normal_quantile(middle * math.erf(math.sqrt(2.0))).clip(-2.0, 2.0)
    return astype(z * std + mean, chosen)


def bernoulli(probability: Any = 0.5, shape: Any = None, /, *, key: Any = None) -> Tensor:
    """True with this probability.

    >>> import pente
    >>> pente.random.bernoulli(1.0, (2,)).tolist()
    [True, True]
    """
    probability = lift(probability)
    return less(uniform(probability.shape if shape is None else shape, key=key), probability)


def randint(shape: Any, low: int, high: int, /, *, key: Any = None) -> Tensor:
    """Whole numbers from low up to but without high.

    >>> import pente
    >>> set(pente.random.randint((100,), 0, 2).tolist()) == {0, 1}
    True
    """
    if high <= low:
        raise ShapeError(f"randint wants low < high, and got {low} and {high}.")
    unit = _unit(_shape(shape), key, dtypes.float64)
    return astype(floor(unit * float(high - low)), dtypes.int64) + low


def categorical(logits: Any, /, *, axis: int = -1, key: Any = None, **habits: Any) -> Tensor:
    """A class drawn with probability softmax(logits): argmax of logits - log(-log u).

    >>> import pente
    >>> pente.random.categorical([0.0, -1000.0]).item()
    0
    """
    if habits:
        refuse("categorical", habits)
    logits = lift(logits)
    unit = subtract(1.0, uniform(logits.shape, key=key))
    return argmax(logits - log(-log(unit)), axis=axis)
