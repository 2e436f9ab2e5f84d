"""The calculus: how the gradient goes back through each primitive.

A row holds one function for each input, called with the gradient g of the output, the output, the inputs and the
parameters; None stands for an input that carries no gradient. A row is written in operations that take arrays as well
as tensors: on arrays it just computes, on tensors it builds a graph, which is where second derivatives come from. What
was broadcast on the way in is summed by the engine on the way back, not here.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pente.autodiff.rows import Call, Joint, back_from_slice, others, split_back, spread, unbroadcast
from pente.core import primitives as p
from pente.ops import conv, neural

__all__ = ["GRADIENTS", "Row"]

Row = tuple[Callable[..., Any] | None, ...] | Joint | None


def _transposed(x: Any) -> Any:
    return p.transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _first_if_larger(g: Any, a: Any, b: Any) -> Any:
    return p.select(a > b, g, p.select(a == b, 0.5 * g, 0.0))


def _last_writer(x: Any, indices: Any, axis: int) -> Any:
    """Which update stays where several are written to one place: the last."""
    number = np.arange(math.prod(indices.shape)).reshape(indices.shape)
    written = p.scatter_set(np.zeros(x.shape[axis], np.int64), indices, number, axis=0)
    stays = p.gather(written, indices, axis=0) == number
    return p.reshape(stays, shape=(*indices.shape, *(1,) * (x.ndim - axis - 1)))


def _cholesky(g: Any, out: Any, a: Any) -> Any:
    """With P = lower half of Lᵀ g, diagonal halved: S = L⁻ᵀ P L⁻¹, made symmetric. (Murray, 2016.)"""
    n = a.shape[-1]
    lower = np.tril(np.ones((n, n), a.dtype)) - 0.5 * np.eye(n, dtype=a.dtype)
    inner = p.matmul(_transposed(out), g) * lower
    turned = _transposed(out)
    left = p.solve(turned, inner)
    s = _transposed(p.solve(turned, _transposed(left)))
    return 0.5 * (s + _transposed(s))


def _window_params(x: Any, window: Any, strides: Any, padding: Any) -> dict[str, Any]:
    return {"shape": x.shape, "window": window, "strides": strides, "padding": padding}


GRADIENTS: dict[p.Primitive, Row] = {
    # d(a + b) = da + db
    p.add: (lambda g, out, a, b: g, lambda g, out, a, b: g),
    # d(a - b) = da - db
    p.subtract: (lambda g, out, a, b: g, lambda g, out, a, b: -g),
    # d(a·b) = b·da + a·db
    p.multiply: (lambda g, out, a, b: g * b, lambda g, out, a, b: g * a),
    # d(a/b) = da/b - (a/b)·db/b
    p.divide: (lambda g, out, a, b: p.divide(g, b), lambda g, out, a, b: -p.divide(g * out, b)),
    # d(aᵇ) = b·aᵇ⁻¹·da + aᵇ·log(a)·db, where 0⁰ is 1 for every exponent near it, and 0ᵇ is 0
    p.power: (
        lambda g, out, a, b: g * p.select(b == 0, 0.0 * a, b * p.power(a, p.select(b == 0, b + 1.0, b - 1.0))),
        lambda g, out, a, b: g * p.select((a == 0) & (b >= 0), 0.0 * out, out * p.log(p.select(a == 0, a + 1.0, a))),
    ),
    # d(-a) = -da
    p.negative: (lambda g, out, a: -g,),
    # the larger one gets it; two equal ones share
    p.maximum: (lambda g, out, a, b: _first_if_larger(g, a, b), lambda g, out, a, b: _first_if_larger(g, b, a)),
    p.minimum: (lambda g, out, a, b: _first_if_larger(g, b, a), lambda g, out, a, b: _first_if_larger(g, a, b)),
    p.floor_divide: None,
    # a mod b = a - ⌊a/b⌋·b
    p.remainder: (lambda g, out, a, b: g, lambda g, out, a, b: -g * p.floor(p.divide(a, b))),
    # d atan2(a, b) = (b·da - a·db) / (a² + b²)
    p.atan2: (lambda g, out, a, b: g * b / (a * a + b * b), lambda g, out, a, b: -g * a / (a * a + b * b)),
    # d|a| = sign(a)·da
    p.absolute: (lambda g, out, a: g * p.sign(a),),
    # d eᵃ = eᵃ·da
    p.exp: (lambda g, out, a: g * out,),
    p.expm1: (lambda g, out, a: g * (out + 1.0),),
    # d log(a) = da/a
    p.log: (lambda g, out, a: p.divide(g, a),),
    p.log1p: (lambda g, out, a: g / (1.0 + a),),
    # d√a = da / (2√a)
    p.sqrt: (lambda g, out, a: p.divide(0.5 * g, out),),
    # d sin(a) = cos(a)·da
    p.sin: (lambda g, out, a: g * p.cos(a),),
    # d cos(a) = -sin(a)·da
    p.cos: (lambda g, out, a: -g * p.sin(a),),
    # d tan(a) = (1 + tan²(a))·da
    p.tan: (lambda g, out, a: g * (1.0 + out * out),),
    # d asin(a) = da / √(1 - a²)
    p.asin: (lambda g, out, a: g / p.sqrt((1.0 - a) * (1.0 + a)),),
    p.acos: (lambda g, out, a: -g / p.sqrt((1.0 - a) * (1.0 + a)),),
    # d atan(a) = da / (1 + a²)
    p.atan: (lambda g, out, a: g / (1.0 + a * a),),
    p.sinh: (lambda g, out, a: g * p.cosh(a),),
    p.cosh: (lambda g, out, a: g * p.sinh(a),),
    # d tanh(a) = (1 - tanh²(a))·da
    p.tanh: (lambda g, out, a: g * (1.0 - out * out),),
    p.asinh: (lambda g, out, a: g / p.sqrt(a * a + 1.0),),
    p.acosh: (lambda g, out, a: g / p.sqrt((a - 1.0) * (a + 1.0)),),
    p.atanh: (lambda g, out, a: g / ((1.0 - a) * (1.0 + a)),),
    # d erf(a) = 2/√π·exp(-a²)·da
    p.erf: (lambda g, out, a: g * (2.0 / math.sqrt(math.pi)) * p.exp(-a * a),),
    p.sign: None,
    p.floor: None,
    p.ceil: None,
    p.trunc: None,
    p.rint: None,
    p.equal: None,
    p.not_equal: None,
    p.less: None,
    p.less_equal: None,
    p.greater: None,
    p.greater_equal: None,
    p.bitwise_and: None,
    p.bitwise_or: None,
    p.bitwise_xor: None,
    p.bitwise_invert: None,
    p.left_shift: None,
    p.right_shift: None,
    # the chosen one gets it
    p.select: (
        None,
        lambda g, out, c, a, b: p.select(c, g, 0.0),
        lambda g, out, c, a, b: p.select(c, 0.0, g),
    ),
    p.cast: (lambda g, out, x, dtype: p.cast(g, dtype=x.dtype),),
    p.identity: (lambda g, out, x: g,),
    p.stop_gradient: None,
    # every summand gets the same
    p.reduce_sum: (lambda g, out, x, axes, keepdims: spread(g, x, axes),),
    # the largest gets it; equal ones share
    p.reduce_max: (lambda g, out, x, axes, keepdims: _to_extreme(g, out, x, axes),),
    p.reduce_min: (lambda g, out, x, axes, keepdims: _to_extreme(g, out, x, axes),),
    # each gets the product of the others
    p.reduce_prod: (lambda g, out, x, axes, keepdims: spread(g, x, axes) * others(x, axes),),
    p.argmax: None,
    p.argmin: None,
    # y_i = Σ_{j ≤ i} x_j, so x_j is in every y_i with i ≥ j
    p.cumulative_sum: (lambda g, out, x, axis, reverse: p.cumulative_sum(g, axis=axis, reverse=not reverse),),
    p.reshape: (lambda g, out, x, shape: p.reshape(g, shape=x.shape),),
    p.transpose: (lambda g, out, x, axes: p.transpose(g, axes=tuple(map(int, np.argsort(axes)))),),
    p.broadcast_to: (lambda g, out, x, shape: g,),
    p.strided_slice: (lambda g, out, x, starts, stops, steps: back_from_slice(g, x, starts, steps),),
    # cut the border off again
    p.pad: (
        lambda g, out, x, widths, value: p.strided_slice(
            p.pad(g, widths=tuple((-low, -high, 0) for low, high, _ in widths), value=0.0),
            starts=(0,) * x.ndim,
            stops=tuple(n + max(n - 1, 0) * inner for n, (_, _, inner) in zip(x.shape, widths, strict=True)),
            steps=tuple(inner + 1 for _, _, inner in widths),
        ),
    ),
    p.concatenate: Joint(split_back),
    p.flip: (lambda g, out, x, axes: p.flip(g, axes=axes),),
    # a place that was read twice gets both
    p.gather: (
        lambda g, out, x, i, axis: p.scatter_add(np.zeros(x.shape, x.dtype), i, g, axis=axis),
        None,
    ),
    p.scatter_add: (
        lambda g, out, x, i, u, axis: g,
        None,
        lambda g, out, x, i, u, axis: p.gather(g, i, axis=axis),
    ),
    # what was written over gets nothing
    p.scatter_set: (
        lambda g, out, x, i, u, axis: p.scatter_set(g, i, np.zeros(u.shape, u.dtype), axis=axis),
        None,
        lambda g, out, x, i, u, axis: p.select(_last_writer(x, i, axis), p.gather(g, i, axis=axis), 0.0),
    ),
    # d(A B) = dA B + A dB, so the gradient is g Bᵀ for A and Aᵀ g for B
    p.matmul: (
        lambda g, out, a, b: p.matmul(g, _transposed(b)),
        lambda g, out, a, b: _to_right_factor(g, a, b),
    ),
    # d(A⁻¹) = -A⁻¹ dA A⁻¹
    p.inverse: (lambda g, out, a: -p.matmul(p.matmul(_transposed(out), g), _transposed(out)),),
    # A X = B, so dX = A⁻¹ (dB - dA X)
    p.solve: (
        lambda g, out, a, b: -p.matmul(p.solve(_transposed(a), g), _transposed(out)),
        lambda g, out, a, b: p.solve(_transposed(a), g),
    ),
    p.cholesky: (_cholesky,),
    # a convolution is linear in each of its inputs; conv, conv_input and conv_kernel are each other's transposes
    p.conv: (
        lambda g, out, x, k, **s: p.conv_input(g, k, places=x.shape[1:-1], **s),
        lambda g, out, x, k, **s: p.conv_kernel(x, g, window=k.shape[:-2], **s),
    ),
    p.conv_input: (
        lambda g, out, h, k, places, **s: p.conv(g, k, **s),
        lambda g, out, h, k, places, **s: p.conv_kernel(g, h, window=k.shape[:-2], **s),
    ),
    p.conv_kernel: (
        lambda g, out, x, h, window, **s: p.conv_input(h, g, places=x.shape[1:-1], **s),
        lambda g, out, x, h, window, **s: p.conv(x, g, **s),
    ),
    p.window_sum: (lambda g, out, x, **s: p.window_spread(g, **_window_params(x, **s)),),
    p.window_spread: (lambda g, out, x, shape, **s: p.window_sum(g, **s),),
    p.window_argmax: None,
    p.random_bits: None,
}


def _to_right_factor(g: Any, a: Any, b: Any) -> Any:
    """Aᵀ g; where one B serves a whole batch the batch is part of the sum, and all is one product."""
    if b.ndim == 2 and a.ndim > 2 and g.ndim == a.ndim:
        rows = math.prod(a.shape[:-1])
        a, g = p.reshape(a, shape=(rows, a.shape[-1])), p.reshape(g, shape=(rows, g.shape[-1]))
    return p.matmul(_transposed(a), g)


def _to_extreme(g: Any, out: Any, x: Any, axes: tuple[int, ...]) -> Any:
    chosen = p.cast(x == spread(out, x, axes), dtype=x.dtype)
    return spread(g, x, axes) * chosen / p.reduce_sum(chosen, axes=axes, keepdims=True)


def _cross_entropy(g: Any, logits: Any, labels: Any) -> Any:
    g = p.select(neural.is_class(labels, logits.shape[-1]), g, 0.0)  # the loss of any other label is inf, a constant
    hits = p.cast(neural.hits(labels, logits.shape[-1]), dtype=logits.dtype)
    return p.reshape(g, shape=(*g.shape, 1)) * (neural.softmax_(logits, axis=logits.ndim - 1) - hits)


def _layer_norm(g: Any, call: Call) -> list[Any]:
    x, scale, _ = call.inputs
    return _normalized(g, call, tuple(range(x.ndim - scale.ndim, x.ndim)))


def _batch_norm(g: Any, call: Call) -> list[Any]:
    """As below; where there is a scale for each column it is a factor, and all that is added up are the gradients."""
    x, scale, bias = call.inputs
    axes = tuple(range(x.ndim - 1))
    if not scale.shape == bias.shape == x.shape[-1:]:
        return _normalized(g, call, axes)
    middle, deviation = neural.centred(x, axes, **call.params)
    normal, count = middle / deviation, _count(x, axes)
    total, along = (p.reduce_sum(part, axes=axes, keepdims=True) for part in (g, g * normal))
    down = (g - total / count - normal * (along / count)) * (scale / deviation)
    return [down, p.reshape(along, shape=scale.shape), p.reshape(total, shape=bias.shape)]


def _normalized(g: Any, call: Call, axes: tuple[int, ...]) -> list[Any]:
    """With x̂ = (x - mean) / s and h = scale·g: dx = (h - mean(h) - x̂·mean(x̂·h)) / s."""
    x, scale, _ = call.inputs
    middle, deviation = neural.centred(x, axes, **call.params)
    normal, h = middle / deviation, unbroadcast(scale * g, x.shape)
    mean, along = (p.reduce_sum(part, axes=axes, keepdims=True) / _count(x, axes) for part in (h, h * normal))
    return [(h - mean - normal * along) / deviation, g * normal, g]


def _count(x: Any, axes: tuple[int, ...]) -> float:
    return float(math.prod(x.shape[a] for a in axes))


# Composites: a row where the formula of the whole is shorter or steadier than that of its parts. The others
# are expanded. The rows of operations that hold programs (scan, cond, remat, custom) stand in programs.py.
COMPOSITE_GRADIENTS: Mapping[p.Primitive, Row] = {
    # max(x, 0): 1 above 0, else 0
    neural.relu_: (lambda g, out, x: p.select(x > 0, g, 0.0),),
    # dσ = σ·(1 - σ)·dx
    neural.sigmoid_: (lambda g, out, x: g * (out * (1.0 - out)),),
    # d log(1 + eˣ) = σ(x)·dx
    neural.softplus_: (lambda g, out, x: g * neural.sigmoid_(x),),
    # d log(eᵃ + eᵇ) = (eᵃ·da + eᵇ·db) / (eᵃ + eᵇ)
    neural.logaddexp_: (lambda g, out, a, b: g * p.exp(a - out), lambda g, out, a, b: g * p.exp(b - out)),
    # ds = s·(dx - Σ s·dx)
    neural.softmax_: (lambda g, out, x, axis: out * (g - p.reduce_sum(g * out, axes=(axis,), keepdims=True)),),
    # d(x - log Σ eˣ) = dx - Σ s·dx
    neural.log_softmax_: (lambda g, out, x, axis: g - p.exp(out) * p.reduce_sum(g, axes=(axis,), keepdims=True),),
    neural.logsumexp_: (lambda g, out, x, axes, keepdims: spread(g, x, axes) * p.exp(x - spread(out, x, axes)),),
    # d(log Σ eˣ - x[label]) = (softmax(x) - onehot(label))·dx
    neural.cross_entropy_: (lambda g, out, x, labels: _cross_entropy(g, x, labels), None),
    neural.layer_norm_: Joint(_layer_norm),
    neural.normalize_batch_: Joint(_batch_norm),
    # the first largest number of each window gets it
    conv.max_windows: (
        lambda g, out, x, **s: p.reshape(
            p.scatter_add(np.zeros(math.prod(x.shape), x.dtype), p.window_argmax(x, **s), g, axis=0),
            shape=x.shape,
        ),
    ),
}
GRADIENTS.update(COMPOSITE_GRADIENTS)
