"""What each layer computes, against torch and NumPy."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente import layers
from pente.layers.activations import ACTIVATIONS

RNG = np.random.default_rng(2)
X = RNG.normal(size=(5, 4)).astype(np.float32) * 2
F = torch.nn.functional


@pytest.mark.parametrize("shape", [(5, 4), (2, 3, 4)])
def test_dense_is_torchs_linear(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape).astype(np.float32)
    layer = layers.Dense(3, "tanh", bias_initializer="random_normal")
    out = layer(x).numpy()
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(out, torch.tanh(F.linear(*map(torch.tensor, (x, kernel.T, bias)))), rtol=1e-5, atol=1e-6)


def test_dense_takes_integers_and_its_own_dtype() -> None:
    assert layers.Dense(3)(np.ones((2, 2), np.int64)).dtype == np.float32
    wide = layers.Dense(3, dtype="float64")
    assert wide(np.ones((2, 2), np.float32)).dtype == wide.kernel.dtype == np.float64
    assert layers.Dense(3)(np.ones((2, 2), np.float64)).dtype == np.float32


TORCH = {
    "celu": F.celu,
    "elu": F.elu,
    "exponential": torch.exp,
    "gelu": F.gelu,
    "hard_shrink": F.hardshrink,
    "hard_sigmoid": F.hardsigmoid,
    "hard_silu": F.hardswish,
    "hard_swish": F.hardswish,
    "hard_tanh": F.hardtanh,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "linear": lambda x: x,
    "log_sigmoid": F.logsigmoid,
    "log_softmax": lambda x: F.log_softmax(x, -1),
    "mish": F.mish,
    "relu": F.relu,
    "relu6": F.relu6,
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "soft_shrink": F.softshrink,
    "softmax": lambda x: F.softmax(x, -1),
    "softplus": F.softplus,
    "softsign": F.softsign,
    "squareplus": lambda x: (x + torch.sqrt(x * x + 4)) / 2,
    "swish": F.silu,
    "tanh": torch.tanh,
    "tanh_shrink": F.tanhshrink,
}


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_an_activation_is_torchs(name: str) -> None:
    expected = TORCH[name](torch.tensor(X))
    np.testing.assert_allclose(layers.Activation(name)(X).numpy(), expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (
            layers.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.5),
            np.where(X >= 1.5, 1.5, np.where(X >= 0.5, X, 0.1 * (X - 0.5))),
        ),
        (layers.LeakyReLU(), np.where(X >= 0, X, 0.3 * X)),
        (layers.PReLU(alpha_initializer="ones"), X),
        (layers.ELU(0.5), np.where(X >= 0, X, 0.5 * np.expm1(X))),
        (layers.Softmax(axis=0), np.exp(X) / np.exp(X).sum(0)),
        (layers.Flatten(), X),
        (layers.Reshape((2, -1)), X.reshape(5, 2, 2)),
        (layers.Permute((1,)), X),
        (layers.RepeatVector(3), np.stack([X] * 3, axis=1)),
        (layers.Lambda(lambda x: x + 1.0), X + 1),
        (layers.Identity(), X),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_simple_layer_is_its_formula(layer: Any, expected: Any) -> None:
    np.testing.assert_allclose(layer(X).numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "formula"),
    [
        (layers.Add(), lambda a, b, c: a + b + c),
        (layers.Multiply(), lambda a, b, c: a * b * c),
        (layers.Average(), lambda a, b, c: (a + b + c) / 3),
        (layers.Maximum(), lambda a, b, c: np.maximum(np.maximum(a, b), c)),
        (layers.Minimum(), lambda a, b, c: np.minimum(np.minimum(a, b), c)),
        (layers.Concatenate(axis=0), lambda a, b, c: np.concatenate([a, b, c])),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_merging_layer_is_its_formula(layer: Any, formula: Any) -> None:
    parts = [RNG.normal(size=(3, 2)).astype(np.float32) for _ in range(3)]
    np.testing.assert_allclose(layer(parts).numpy(), formula(*parts), rtol=1e-6)


def test_subtract_and_dot_take_two() -> None:
    a, b = X, X[::-1].copy()
    np.testing.assert_allclose(layers.Subtract()([a, b]).numpy(), a - b)
    np.testing.assert_allclose(layers.Dot(axes=1)([a, b]).numpy()[:, 0], (a * b).sum(1), rtol=1e-5)
    cosine = layers.Dot(axes=1, normalize=True)([a, b]).numpy()[:, 0]
    np.testing.assert_allclose(cosine, F.cosine_similarity(*map(torch.tensor, (a, b))), rtol=1e-5)


def test_reading_from_a_permuted_image_moves_the_axes() -> None:
    x = RNG.normal(size=(2, 3, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(layers.Permute((3, 1, 2))(x).numpy(), x.transpose(0, 3, 1, 2))


def test_gradients_through_a_layer_match_finite_differences() -> None:
    layer = layers.Dense(3, "gelu", dtype="float64")
    x = pente.tensor(RNG.normal(size=(4, 2)), requires_grad=True)
    layer(x)
    assert pente.gradcheck(lambda x: layer(x).sum(), (x,)) < 1e-5


def test_penalties_are_added_to_the_losses() -> None:
    layer = layers.Dense(3, kernel_regularizer="l2", activity_regularizer=pente.regularizers.L1(0.5))
    out = layer(X)
    weight, activity = (float(v) for v in layer.losses)
    np.testing.assert_allclose(weight, 0.01 * (layer.kernel.numpy() ** 2).sum(), rtol=1e-5)
    np.testing.assert_allclose(activity, 0.5 * abs(out.numpy()).sum(), rtol=1e-5)
