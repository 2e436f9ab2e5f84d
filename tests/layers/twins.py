"""A layer and its twin: the same numbers and slopes from torch, and from the layer when it is compiled."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import pente
from pente import Variable
from pente.compiler.jit import jit

__all__ = ["agrees_compiled", "agrees_with_torch", "numbers", "randomized"]

RNG = np.random.default_rng(11)


def numbers(*shape: int) -> Any:
    """Normal numbers in float64."""
    return RNG.normal(size=shape)


def randomized(layer: Any, *inputs: Any, **options: Any) -> Any:
    """The layer, built for these inputs, with weights drawn anew: no zeros and ones behind which a fault could hide."""
    layer(*inputs, **options)
    for variable in layer.trainable_variables:
        variable.assign(RNG.normal(size=variable.shape) * 0.5)
    return layer


def slopes(layer: Any, inputs: tuple[Any, ...], options: dict[str, Any], compiled: bool = False) -> list[Any]:
    """The outputs, and the slopes of a weighted sum of them in the inputs and in every weight."""
    cells = [Variable(x, dtype=layer.weight_dtype) for x in inputs]

    def loss() -> Any:
        outputs = pente.tree.leaves(layer(*cells, **options))
        return sum((y * _weights(y.shape, y.dtype)).sum() for y in outputs), outputs

    def both() -> Any:
        (_, outputs), gradients = pente.value_and_grad(loss, wrt=[*cells, *layer.trainable_variables], has_aux=True)()
        return outputs, gradients

    return [x.numpy() for x in pente.tree.leaves((jit(both) if compiled else both)())]


def _weights(shape: Any, dtype: Any) -> Any:
    """Other weights for every number of an output, the same in each call."""
    return np.random.default_rng(3).normal(size=shape).astype(dtype)


def agrees_with_torch(layer: Any, theirs: Callable[..., Any], *inputs: Any, rtol: float = 1e-9, **options: Any) -> None:
    """The layer, in float64, gives torch's numbers and slopes; ``theirs`` takes the inputs and then the weights."""
    randomized(layer, *inputs, **options)
    tensors = [torch.tensor(x, requires_grad=True) for x in (*inputs, *(v.numpy() for v in layer.trainable_variables))]
    outputs = pente.tree.leaves(theirs(*tensors))
    sum((y * torch.tensor(_weights(tuple(y.shape), np.float64))).sum() for y in outputs).backward()
    expected = [*(y.detach() for y in outputs), *(x.grad for x in tensors)]
    for ours, other in zip(slopes(layer, inputs, options), expected, strict=True):
        np.testing.assert_allclose(ours, other, rtol=rtol, atol=rtol)


def agrees_compiled(layer: Any, *inputs: Any, rtol: float = 2e-5, **options: Any) -> None:
    """The layer, in float32, gives the same numbers and slopes compiled as eagerly, within ``rtol`` of the largest."""
    randomized(layer, *inputs, **options)
    eager = slopes(layer, inputs, options)
    for ours, other in zip(slopes(layer, inputs, options, compiled=True), eager, strict=True):
        np.testing.assert_allclose(ours, other, rtol=rtol, atol=rtol * max(1.0, abs(other).max(initial=0.0)))
