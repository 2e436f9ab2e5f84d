"""Gradients with respect to a model, also one that makes its weights when it is first called."""

import numpy as np

import pente


def test_the_weights_that_the_first_call_makes_have_gradients() -> None:
    model = pente.Sequential([pente.layers.Dense(3, activation="tanh"), pente.layers.Dense(1)])
    x = pente.tensor(np.random.default_rng(0).normal(size=(4, 2)).astype("float32"))

    def loss() -> pente.Tensor:
        return pente.mean(model(x, training=True) ** 2)

    first = pente.value_and_grad(loss, wrt=model)()[1]
    second = pente.value_and_grad(loss, wrt=model)()[1]
    assert [g.shape for g in first] == [(2, 3), (3,), (3, 1), (1,)]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
