"""Normalization: mean 0 and variance 1 over the batch, over the features of an example, or over groups of them."""

import math
from typing import Any

from pente.core.state import no_grad
from pente.core.tensor import Tensor
from pente.errors import ShapeError, UsageError
from pente.layers.base import Layer
from pente.layers.checks import known_features, require_features
from pente.layers.named import require_known_names
from pente.ops.creation import ones, zeros
from pente.ops.lifting import as_float
from pente.ops.neural import batch_norm, layer_norm, normalize_batch
from pente.ops.reduce import mean, var
from pente.ops.shape import permute_dims, reshape
from pente.shapes import Shape, normal_axis

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization"]


class BatchNormalization(Layer):
    """(x - mean) / √(variance + epsilon) · gamma + beta, for each feature.

    In training mean and variance (with n in the denominator) are those of the batch, over all axes but ``axis``, and
    the moving ones follow: moving = momentum · moving + (1 - momentum) · batch. In inference, and where the layer is
    frozen, they are the moving ones. Shapes: the result is as x; all weights are (features,). Source: Ioffe and
    Szegedy, "Batch Normalization", 2015.

    >>> import pente
    >>> layer = pente.layers.BatchNormalization(momentum=0.5)
    >>> layer([[1.0], [3.0]], training=True).round(2).tolist(), layer.moving_mean.numpy().tolist()
    ([[-1.0], [1.0]], [1.0])
    """

    axis: int = -1
    momentum: float = 0.99
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: Any = "zeros"
    gamma_initializer: Any = "ones"
    moving_mean_initializer: Any = "zeros"
    moving_variance_initializer: Any = "ones"
    beta_regularizer: Any = None
    gamma_regularizer: Any = None

    def __post_init__(self) -> None:
        require_known_names(self)
        if not 0 <= self.momentum <= 1:
            raise UsageError(
                f"BatchNormalization: momentum is the share that is kept of the moving statistics, from 0 to 1, got "
                f"{self.momentum!r}. What PyTorch calls a momentum of 0.01 is 0.99 here."
            )

    def build(self, input_shape: Any) -> None:
        shape = (known_features(self, input_shape, self.axis),)
        add_gamma_and_beta(self, shape)
        self.moving_mean = self.add_weight("moving_mean", shape, self.moving_mean_initializer, trainable=False)
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer, trainable=False
        )

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        x = as_float(x)
        require_features(self, x, self.moving_mean.shape[0], self.axis)
        last = to_the_end(x, [self.axis])
        gamma, beta = gamma_and_beta(self, self.moving_mean.shape)
        if training and self.trainable:
            self._follow(last)
            y = normalize_batch(last, gamma, beta, epsilon=self.epsilon)
        else:
            y = batch_norm(last, self.moving_mean, self.moving_variance, gamma, beta, epsilon=self.epsilon)
        return back_from_the_end(y, [self.axis])

    def _follow(self, x: Tensor) -> None:
        """Take the statistics of a batch into the moving ones."""
        axes = tuple(range(x.ndim - 1))
        with no_grad():
            for moving, of_batch in ((self.moving_mean, mean), (self.moving_variance, var)):
                found = of_batch(x, axis=axes, keepdims=True).reshape(moving.shape)  # sums that the output needs, too
                moving.assign(moving * self.momentum + found * (1.0 - self.momentum))


class LayerNormalization(Layer):
    """(x - mean) / √(variance + epsilon) · gamma + beta, with mean and variance of each example over ``axis``.

    Shapes: the result is as x; gamma and beta have the lengths of the axes in ``axis``, which is one or several.
    Source: Ba et al., "Layer Normalization", 2016.

    >>> import pente
    >>> pente.layers.LayerNormalization()([[1.0, 3.0], [10.0, 30.0]]).round(2).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    axis: Any = -1
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: Any = "zeros"
    gamma_initializer: Any = "ones"
    beta_regularizer: Any = None
    gamma_regularizer: Any = None

    def __post_init__(self) -> None:
        require_known_names(self)

    def build(self, input_shape: Any) -> None:
        known_features(self, input_shape)
        self.lengths = tuple(known_features(self, input_shape, axis) for axis in self._axes(len(input_shape)))
        add_gamma_and_beta(self, self.lengths)

    def call(self, x: Tensor) -> Tensor:
        x = as_float(x)
        axes = self._axes(x.ndim)
        for axis, length in zip(axes, self.lengths, strict=True):
            require_features(self, x, length, axis)
        gamma, beta = gamma_and_beta(self, self.lengths)
        return back_from_the_end(layer_norm(to_the_end(x, axes), gamma, beta, epsilon=self.epsilon), axes)

    def _axes(self, rank: int) -> list[int]:
        """The axes counted from the front, in the order that the weights have."""
        given = [self.axis] if isinstance(self.axis, int) else self.axis
        return [normal_axis(axis, rank) for axis in given]


class GroupNormalization(Layer):
    """(x - mean) / √(variance + epsilon) · gamma + beta, with mean and variance of each group of an example's channels.

    A group is ``channels / groups`` channels that stand together, with all their places; groups=-1 makes each channel
    one. Shapes: the result is as x; gamma and beta are (channels,). Source: Wu and He, "Group Normalization", 2018.

    >>> import pente
    >>> pente.layers.GroupNormalization(2)([[1.0, 3.0, 10.0, 30.0]]).round(2).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    groups: int = 32
    axis: int = -1
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: Any = "zeros"
    gamma_initializer: Any = "ones"
    beta_regularizer: Any = None
    gamma_regularizer: Any = None

    def __post_init__(self) -> None:
        require_known_names(self)

    def build(self, input_shape: Any) -> None:
        self.channels = known_features(self, input_shape, self.axis)
        groups = self.channels if self.groups == -1 else self.groups
        if groups < 1 or self.channels % groups:
            raise ShapeError(
                f"{self.path}: {self.channels} channels cannot be shared out evenly to {self.groups} groups. Take "
                "groups=-1 for a group for each channel, groups=1 for one of all, or what divides the channels."
            )
        self.shared = groups
        add_gamma_and_beta(self, (self.channels,))

    def call(self, x: Tensor) -> Tensor:
        x = as_float(x)
        require_features(self, x, self.channels, self.axis)
        last = to_the_end(x, [self.axis])
        places = math.prod(last.shape[1:-1])
        parts = reshape(last, (last.shape[0], places, self.shared, self.channels // self.shared))
        middle = parts - mean(parts, axis=(1, 3), keepdims=True)
        normal = middle / (mean(middle * middle, axis=(1, 3), keepdims=True) + self.epsilon).sqrt()
        gamma, beta = gamma_and_beta(self, (self.channels,))
        return back_from_the_end(reshape(normal, last.shape) * gamma + beta, [self.axis])


# Weights that all of them have, if they are wanted.


def add_gamma_and_beta(layer: Any, shape: Shape) -> None:
    """Make the weights that the layer's ``scale`` and ``center`` ask for."""
    layer.gamma = layer.beta = None
    if layer.scale:
        layer.gamma = layer.add_weight("gamma", shape, layer.gamma_initializer, regularizer=layer.gamma_regularizer)
    if layer.center:
        layer.beta = layer.add_weight("beta", shape, layer.beta_initializer, regularizer=layer.beta_regularizer)


def gamma_and_beta(layer: Any, shape: Shape) -> tuple[Any, Any]:
    """The weights, or the ones and zeros that change nothing."""
    gamma = ones(shape, dtype=layer.weight_dtype) if layer.gamma is None else layer.gamma
    beta = zeros(shape, dtype=layer.weight_dtype) if layer.beta is None else layer.beta
    return gamma, beta


# The statistics are of the last axes: others go there and back.


def to_the_end(x: Tensor, axes: list[int]) -> Tensor:
    """The axes behind all others, in this order."""
    order = _order(x.ndim, axes)
    return x if order == sorted(order) else permute_dims(x, order)


def back_from_the_end(x: Tensor, axes: list[int]) -> Tensor:
    """The last axes where they were before."""
    order = _order(x.ndim, axes)
    return x if order == sorted(order) else permute_dims(x, sorted(range(x.ndim), key=order.__getitem__))


def _order(rank: int, axes: list[int]) -> list[int]:
    last = [normal_axis(axis, rank) for axis in axes]
    return [*(axis for axis in range(rank) if axis not in last), *last]
