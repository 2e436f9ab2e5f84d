"""The neural set: activations, softmax and its kin, normalisation, cross-entropy, attention.

Each is a composite: one node, with its body in primitives. The bodies are written on whatever they are given, arrays or
tensors, and are stable where the textbook formula is not.
"""

import math
from typing import Any

import numpy as np

from pente import dtypes
from pente.core import primitives as p
from pente.core import samples
from pente.core.dispatch import bind
from pente.core.primitives import Composite, composite
from pente.core.tensor import Tensor, attach
from pente.errors import DTypeError, ShapeError
from pente.ops.elementwise import divide, multiply
from pente.ops.lifting import as_float, astype, lift, lift_all, pair, refuse
from pente.shapes import normal_axes, normal_axis

__all__ = [
    "attention",
    "batch_norm",
    "celu",
    "cross_entropy",
    "elu",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "layer_norm",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "mish",
    "normalize_batch",
    "one_hot",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
]

_reals = samples.reals(apart=0.1)


@composite("relu({0})", _reals, name="relu")
def relu_(x: Any) -> Any:
    return p.maximum(x, _zero(x))


@composite("sigmoid({0})", samples.reals(), name="sigmoid")
def sigmoid_(x: Any) -> Any:
    """With z = exp(-|x|), 1 / (1 + z) for x ≥ 0 and z / (1 + z) below: no overflow, and exact far below 0."""
    z = p.exp(-p.absolute(x))
    return p.select(x >= 0, 1.0 + _zero(x), z) / (1.0 + z)


@composite("softplus({0})", _reals, name="softplus")
def softplus_(x: Any) -> Any:
    """log(1 + eˣ) = max(x, 0) + log(1 + exp(-|x|))."""
    return p.maximum(x, _zero(x)) + p.log1p(p.exp(-p.absolute(x)))


@composite("logaddexp({0}, {1})", samples.reals(arity=2), name="logaddexp")
def logaddexp_(a: Any, b: Any) -> Any:
    """max(a, b) + log(1 + exp(-|a - b|)); two equal infinities give that infinity."""
    apart = p.select(a == b, _zero(a), a - b)
    return p.maximum(a, b) + p.log1p(p.exp(-p.absolute(apart)))


@composite("gelu({0})", samples.single((2, 3), {"approximate": False}, {"approximate": True}), name="gelu")
def gelu_(x: Any, *, approximate: bool) -> Any:
    """x·Φ(x); the approximation is ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))."""
    if approximate:
        return 0.5 * x * (1.0 + p.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1.0 + p.erf(x * math.sqrt(0.5)))


@composite("leaky_relu({0})", samples.single((2, 3), {"slope": 0.2}), name="leaky_relu")
def leaky_relu_(x: Any, *, slope: float) -> Any:
    return p.select(x >= 0, x, slope * x)


@composite("elu({0})", samples.single((2, 3), {"alpha": 1.5}), name="elu")
def elu_(x: Any, *, alpha: float) -> Any:
    """x above 0, alpha·(eˣ - 1) below."""
    return p.select(x >= 0, x, alpha * p.expm1(p.minimum(x, _zero(x))))


@composite("softmax({0})", samples.single((2, 4), {"axis": 1}, {"axis": 0}), name="softmax")
def softmax_(x: Any, *, axis: int) -> Any:
    """exp(x - m) / Σ exp(x - m), with m the largest: nothing overflows."""
    e = p.exp(x - p.stop_gradient(p.reduce_max(x, axes=(axis,), keepdims=True)))
    return e / p.reduce_sum(e, axes=(axis,), keepdims=True)


@composite("log_softmax({0})", samples.single((2, 4), {"axis": 1}, {"axis": 0}), name="log_softmax")
def log_softmax_(x: Any, *, axis: int) -> Any:
    """x - m - log Σ exp(x - m), with m the largest."""
    low = x - p.stop_gradient(p.reduce_max(x, axes=(axis,), keepdims=True))
    return low - p.log(p.reduce_sum(p.exp(low), axes=(axis,), keepdims=True))


@composite("logsumexp({0})", samples.reduction, name="logsumexp")
def logsumexp_(x: Any, *, axes: tuple[int, ...], keepdims: bool) -> Any:
    """m + log Σ exp(x - m), with m the largest where that is finite."""
    top = p.stop_gradient(p.reduce_max(x, axes=axes, keepdims=True))
    top = p.select(p.absolute(top) < math.inf, top, _zero(top))
    total = p.log(p.reduce_sum(p.exp(x - top), axes=axes, keepdims=True)) + top
    return total if keepdims else p.reshape(total, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


def _norm_samples(rng: Any) -> Any:
    x, scale, bias = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4)
    wide = rng.normal(size=(2, 3, 4)), rng.normal(size=(1, 4)), rng.normal(size=(2, 1, 4))
    return [((x, scale, bias), {"epsilon": 1e-3}), (wide, {"epsilon": 1e-3})]


@composite("layernorm({0})", _norm_samples, name="layer_norm")
def layer_norm_(x: Any, scale: Any, bias: Any, *, epsilon: float) -> Any:
    """(x - mean) / √(var + epsilon) · scale + bias, over the axes that scale has, at the end of x."""
    axes = tuple(range(x.ndim - scale.ndim, x.ndim))
    return _standard(x, axes, epsilon) * scale + bias


@composite("batchnorm({0})", _norm_samples, name="normalize_batch")
def normalize_batch_(x: Any, scale: Any, bias: Any, *, epsilon: float) -> Any:
    """(x - mean) / √(var + epsilon) · scale + bias, with mean and variance over all axes but the last."""
    return _standard(x, tuple(range(x.ndim - 1)), epsilon) * scale + bias


def _standard(x: Any, axes: tuple[int, ...], epsilon: float) -> Any:
    middle, deviation = centred(x, axes, epsilon)
    return middle / deviation


def centred(x: Any, axes: tuple[int, ...], epsilon: float) -> tuple[Any, Any]:
    """x - mean, and √(var + epsilon), over these axes."""
    count = float(math.prod(x.shape[a] for a in axes))
    middle = x - p.reduce_sum(x, axes=axes, keepdims=True) / count
    variance = p.reduce_sum(middle * middle, axes=axes, keepdims=True) / count
    return middle, p.sqrt(variance + epsilon)


def _inference_samples(rng: Any) -> Any:
    mean, scale, bias = (rng.normal(size=4) for _ in range(3))
    return [((rng.normal(size=(3, 4)), mean, rng.uniform(0.5, 2.0, 4), scale, bias), {"epsilon": 1e-3})]


@composite("batchnorm({0})", _inference_samples, name="batch_norm")
def batch_norm_(x: Any, mean: Any, variance: Any, scale: Any, bias: Any, *, epsilon: float) -> Any:
    """(x - mean) / √(variance + epsilon) · scale + bias, with stored statistics."""
    return (x - mean) * (scale / p.sqrt(variance + epsilon)) + bias


def _label_samples(rng: Any) -> Any:
    return [
        ((rng.normal(size=(3, 4)), rng.integers(0, 4, 3)), {}),
        ((rng.normal(size=(2, 2, 3)), rng.integers(0, 3, (2, 2))), {}),
    ]


@composite("crossentropy({0}, {1})", _label_samples, name="cross_entropy")
def cross_entropy_(logits: Any, labels: Any) -> Any:
    """log Σ exp(logits) - logits[label], over the last axis."""
    chosen = hits(labels, logits.shape[-1])
    low = logits - p.stop_gradient(p.reduce_max(logits, axes=(logits.ndim - 1,), keepdims=True))
    last = (logits.ndim - 1,)
    loss = p.log(p.reduce_sum(p.exp(low), axes=last, keepdims=False)) - p.reduce_sum(
        p.select(chosen, low, 0.0), axes=last, keepdims=False
    )
    return p.select(is_class(labels, logits.shape[-1]), loss, math.inf)


def is_class(labels: Any, classes: int) -> Any:
    """Whether the label names a class."""
    return (labels >= 0) & (labels < classes)


def hits(labels: Any, classes: int) -> Any:
    """Which class is the label, as bools on a new last axis."""
    wide = p.reshape(labels, shape=(*labels.shape, 1))
    return wide == np.arange(classes, dtype=labels.dtype)


def _attention_samples(rng: Any) -> Any:
    q, k, v = (rng.normal(size=(2, 3, 4)) for _ in range(3))
    longer = tuple(rng.normal(size=(5, n)) for n in (4, 2))
    return [((q, k, v), {"causal": True}), ((q, *longer), {"causal": False})]


@composite("attention({0}, {1}, {2})", _attention_samples, name="attention")
def attention_(query: Any, key: Any, value: Any, *, causal: bool) -> Any:
    """softmax(Q Kᵀ / √d) V; causal: place i sees the places up to i + (keys - queries)."""
    turned = p.transpose(key, axes=(*range(key.ndim - 2), key.ndim - 1, key.ndim - 2))
    scores = p.matmul(query, turned) * (1.0 / math.sqrt(query.shape[-1]))
    if causal:
        queries, keys = query.shape[-2], key.shape[-2]
        seen = np.tri(queries, keys, keys - queries, dtype=bool)
        scores = p.select(seen, scores, _zero(scores) - math.inf)
    return p.matmul(softmax_(scores, axis=scores.ndim - 1), value)


def _zero(x: Any) -> Any:
    """Zeros like x, also where x is infinite."""
    return p.cast(x != x, dtype=x.dtype) * 0.0


# What a user calls.


def _activation(op: Composite, text: str, example: str, result: str, **fixed: Any) -> Any:
    def function(x: Any, /) -> Tensor:
        return bind(op, (as_float(x),), fixed)

    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = (
        f"{text}\n\n    >>> import pente\n    >>> pente.{op.name}({example}).tolist()\n    {result}\n    "
    )
    return function


relu = _activation(relu_, "max(x, 0), with derivative 0 at 0.", "[-1.0, 2.0]", "[0.0, 2.0]")
sigmoid = _activation(sigmoid_, "1 / (1 + e⁻ˣ), without overflow.", "[0.0]", "[0.5]")
softplus = _activation(softplus_, "log(1 + eˣ), without overflow.", "[1000.0]", "[1000.0]")


def log_sigmoid(x: Any, /) -> Tensor:
    """log(1 / (1 + e⁻ˣ)), exact where the sigmoid is 0.

    >>> import pente
    >>> pente.log_sigmoid([-1000.0]).tolist()
    [-1000.0]
    """
    return -softplus(-lift(x))  # type: ignore[no-any-return]


def gelu(x: Any, /, approximate: bool = False) -> Tensor:
    """x·Φ(x), with Φ the normal distribution function; or its tanh approximation (Hendrycks and Gimpel, 2016).

    >>> import pente
    >>> pente.gelu([0.0]).tolist()
    [0.0]
    """
    return bind(gelu_, (as_float(x),), {"approximate": approximate})


def leaky_relu(x: Any, /, negative_slope: float = 0.2) -> Tensor:
    """x above 0, negative_slope·x below.

    >>> import pente
    >>> pente.leaky_relu([-1.0, 2.0], 0.5).tolist()
    [-0.5, 2.0]
    """
    return bind(leaky_relu_, (as_float(x),), {"slope": negative_slope})


def elu(x: Any, /, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha·(eˣ - 1) below.

    >>> import pente
    >>> pente.elu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return bind(elu_, (as_float(x),), {"alpha": alpha})


def celu(x: Any, /, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha·(e^(x/alpha) - 1) below.

    >>> import pente
    >>> pente.celu([0.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return elu(lift(x) / alpha) * alpha


def selu(x: Any, /) -> Tensor:
    """1.0507·elu(x, 1.67326): keeps mean 0 and variance 1 (Klambauer et al., 2017).

    >>> import pente
    >>> pente.selu([0.0]).tolist()
    [0.0]
    """
    return elu(x, 1.6732632423543772) * 1.0507009873554805


def silu(x: Any, /) -> Tensor:
    """x·sigmoid(x), also called swish.

    >>> import pente
    >>> pente.silu([0.0]).tolist()
    [0.0]
    """
    x = as_float(x)
    return multiply(x, sigmoid(x))


def mish(x: Any, /) -> Tensor:
    """x·tanh(softplus(x)).

    >>> import pente
    >>> pente.mish([0.0]).tolist()
    [0.0]
    """
    x = as_float(x)
    return multiply(x, softplus(x).tanh())


def softsign(x: Any, /) -> Tensor:
    """x / (1 + |x|).

    >>> import pente
    >>> pente.softsign([1.0]).tolist()
    [0.5]
    """
    x = as_float(x)
    return divide(x, x.abs() + 1.0)


def relu6(x: Any, /) -> Tensor:
    """x held between 0 and 6.

    >>> import pente
    >>> pente.relu6([-1.0, 7.0]).tolist()
    [0.0, 6.0]
    """
    return as_float(x).clip(0.0, 6.0)


def hard_sigmoid(x: Any, /) -> Tensor:
    """relu6(x + 3) / 6.

    >>> import pente
    >>> pente.hard_sigmoid([0.0]).tolist()
    [0.5]
    """
    return relu6(as_float(x) + 3.0) / 6.0


def hard_silu(x: Any, /) -> Tensor:
    """x·hard_sigmoid(x).

    >>> import pente
    >>> pente.hard_silu([0.0]).tolist()
    [0.0]
    """
    return as_float(x) * hard_sigmoid(x)


def hard_tanh(x: Any, /) -> Tensor:
    """x held between -1 and 1.

    >>> import pente
    >>> pente.hard_tanh([-3.0, 0.5]).tolist()
    [-1.0, 0.5]
    """
    return as_float(x).clip(-1.0, 1.0)


def softmax(x: Any, /, axis: int = -1, **habits: Any) -> Tensor:
    """exp(x) / Σ exp(x) along the axis, without overflow.

    >>> import pente
    >>> pente.softmax([1000.0, 0.0]).tolist()
    [1.0, 0.0]
    """
    refuse("softmax", habits)
    x = as_float(x)
    return bind(softmax_, (x,), {"axis": normal_axis(axis, x.ndim)})


def log_softmax(x: Any, /, axis: int = -1, **habits: Any) -> Tensor:
    """x - log Σ exp(x) along the axis, without overflow.

    >>> import pente
    >>> pente.log_softmax([0.0, -1000.0]).tolist()
    [0.0, -1000.0]
    """
    refuse("log_softmax", habits)
    x = as_float(x)
    return bind(log_softmax_, (x,), {"axis": normal_axis(axis, x.ndim)})


def logsumexp(x: Any, /, axis: Any = None, *, keepdims: bool = False, **habits: Any) -> Tensor:
    """log Σ exp(x) along the axes, without overflow; -inf for a sum of nothing but zeros.

    >>> import pente
    >>> pente.logsumexp([1000.0, -1000.0]).item()
    1000.0
    """
    refuse("logsumexp", habits)
    x = as_float(x)
    return bind(logsumexp_, (x,), {"axes": normal_axes(axis, x.ndim), "keepdims": keepdims})


def logaddexp(x1: Any, x2: Any, /) -> Tensor:
    """log(eᵃ + eᵇ), without overflow.

    >>> import pente
    >>> pente.logaddexp(1000.0, 0.0).item()
    1000.0
    """
    a, b = pair(as_float(x1), as_float(x2))
    return bind(logaddexp_, (a, b))


def layer_norm(x: Any, scale: Any, bias: Any, /, *, epsilon: float = 1e-3) -> Tensor:
    """(x - mean) / √(variance + epsilon) · scale + bias, over the last axes, those that scale has (Ba et al., 2016).

    >>> import pente
    >>> pente.layer_norm([[1.0, 3.0]], pente.ones(2), pente.zeros(2), epsilon=0.0).tolist()
    [[-1.0, 1.0]]
    """
    return bind(layer_norm_, lift_all((as_float(x), scale, bias)), {"epsilon": epsilon})


def normalize_batch(x: Any, scale: Any, bias: Any, /, *, epsilon: float = 1e-3) -> Tensor:
    """Batch normalisation with the batch's own mean and variance, over all axes but the last (Ioffe and Szegedy, 2015).

    >>> import pente
    >>> pente.normalize_batch([[1.0], [3.0]], pente.ones(1), pente.zeros(1), epsilon=0.0).tolist()
    [[-1.0], [1.0]]
    """
    return bind(normalize_batch_, lift_all((as_float(x), scale, bias)), {"epsilon": epsilon})


def batch_norm(x: Any, mean: Any, variance: Any, scale: Any, bias: Any, /, *, epsilon: float = 1e-3) -> Tensor:
    """Batch normalisation with stored statistics: (x - mean) / √(variance + epsilon) · scale + bias.

    >>> import pente
    >>> one, zero = pente.ones(1), pente.zeros(1)
    >>> pente.batch_norm([[3.0]], one, one, one, zero, epsilon=0.0).tolist()
    [[2.0]]
    """
    return bind(batch_norm_, lift_all((as_float(x), mean, variance, scale, bias)), {"epsilon": epsilon})


def cross_entropy(logits: Any, labels: Any, /) -> Tensor:
    """log Σ exp(logits) - logits[label] along the last axis, one number for each label.

    Shapes: logits (..., classes), labels (...) of integers from 0 to classes - 1; another label gives an infinite loss.

    >>> import pente
    >>> round(pente.cross_entropy([[0.0, 0.0]], [1]).item(), 4)
    0.6931
    """
    x, y = as_float(logits), lift(labels)
    if y.dtype.kind not in "iu" or y.shape != x.shape[:-1]:
        raise (DTypeError if y.dtype.kind not in "iu" else ShapeError)(
            f"cross_entropy wants integer labels of shape {x.shape[:-1]}, and got {y.dtype.name} of shape {y.shape}."
        )
    return bind(cross_entropy_, (x, astype(y, dtypes.int64)))


def attention(query: Any, key: Any, value: Any, /, *, causal: bool = False) -> Tensor:
    """softmax(Q Kᵀ / √d) V (Vaswani et al., 2017).

    Shapes: query (..., n, d), key (..., m, d), value (..., m, e), the result (..., n, e). Causal: the last query sees
    all keys, the one before it all but the last, and so on.

    >>> import pente
    >>> pente.attention([[0.0]], [[1.0], [2.0]], [[1.0], [3.0]]).tolist()
    [[2.0]]
    """
    return bind(attention_, lift_all(map(as_float, (query, key, value))), {"causal": causal})


def one_hot(labels: Any, classes: int, /, *, dtype: Any = None) -> Tensor:
    """1 at the label's place on a new last axis, 0 elsewhere; a label outside of 0 … classes - 1 gives zeros.

    >>> import pente
    >>> pente.one_hot([1, 0], 2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    y = lift(labels)
    if y.dtype.kind not in "iu":
        raise DTypeError(f"one_hot wants integer labels, and got {y.dtype.name}: cast them first, y.astype('int64').")
    return astype(hits(astype(y, dtypes.int64), classes), dtypes.default_float if dtype is None else dtype)


attach(relu=relu, sigmoid=sigmoid)
