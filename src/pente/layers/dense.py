"""The densely connected layer."""

from typing import Any

from pente import initializers, regularizers
from pente.core.tensor import Tensor
from pente.layers import activations
from pente.layers.base import Layer
from pente.layers.checks import known_features, require_features, require_positive
from pente.ops.lifting import as_float
from pente.ops.linalg import matmul

__all__ = ["Dense"]


class Dense(Layer):
    """activation(x · kernel + bias).

    Shapes: x (batch, ..., features), kernel (features, units), bias (units,), the result (batch, ..., units). The
    features are seen from the first input. Source: Keras.

    >>> import pente
    >>> layer = pente.layers.Dense(2, kernel_initializer="ones", bias_initializer="ones")
    >>> layer([[1.0, 2.0, 3.0]]).tolist()
    [[7.0, 7.0]]
    """

    units: int
    activation: Any = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    activity_regularizer: Any = None

    def __post_init__(self) -> None:
        require_positive(self, "units")
        activations.get(self.activation)
        for initializer in (self.kernel_initializer, self.bias_initializer):
            initializers.get(initializer)
        for regularizer in (self.kernel_regularizer, self.bias_regularizer, self.activity_regularizer):
            regularizers.get(regularizer)

    def build(self, input_shape: Any) -> None:
        shape = (known_features(self, input_shape), self.units)
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer, regularizer=self.kernel_regularizer)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight("bias", (self.units,), self.bias_initializer, regularizer=self.bias_regularizer)

    def call(self, x: Tensor) -> Tensor:
        x = as_float(x)
        require_features(self, x, self.kernel.shape[0])
        y = matmul(x, self.kernel)
        if self.bias is not None:
            y = y + self.bias
        out: Tensor = activations.get(self.activation)(y)
        penalty = regularizers.get(self.activity_regularizer)
        if penalty is not None:
            self.add_loss(penalty(out))
        return out
