"""Dropout: how much is dropped, what is left, and that the same seed drops the same."""

from typing import Any

import numpy as np
import pytest

import pente
from pente import Sequential, layers

X = np.ones((200, 100), np.float32)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_that_is_dropped_and_the_mean_that_stays(rate: float) -> None:
    out = layers.Dropout(rate)(X, training=True).numpy()
    np.testing.assert_allclose(np.unique(out), [0.0, 1 / (1 - rate)], rtol=1e-6)
    deviation = np.sqrt(rate * (1 - rate) / X.size)
    assert abs((out == 0).mean() - rate) < 5 * deviation


def test_in_inference_and_at_rate_0_nothing_is_dropped() -> None:
    np.testing.assert_array_equal(layers.Dropout(0.9)(X).numpy(), X)
    np.testing.assert_array_equal(layers.Dropout(0.0)(X, training=True).numpy(), X)


def test_each_call_draws_anew_and_the_same_seed_draws_the_same() -> None:
    def masks(seed: int) -> list[Any]:
        pente.set_seed(seed)
        layer = layers.Dropout(0.5)
        return [layer(X, training=True).numpy() for _ in range(2)]

    first, again, other = masks(1), masks(1), masks(2)
    pente.set_seed(0)
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], other[0])


def test_two_layers_of_a_model_drop_differently() -> None:
    model = Sequential([layers.Dropout(0.5), layers.Dropout(0.5)])
    one, two = (layer(X, training=True).numpy() for layer in model.layers)
    assert not np.array_equal(one, two)


def test_the_place_in_the_stream_is_state() -> None:
    model = Sequential([layers.Dropout(0.5)])
    model(X, training=True)
    state = model.state_dict()
    expected = model(X, training=True).numpy()
    model.load_state_dict(state)
    np.testing.assert_array_equal(model(X, training=True).numpy(), expected)


def test_a_noise_shape_repeats_the_choice() -> None:
    out = layers.Dropout(0.5, noise_shape=(None, 1))(X, training=True).numpy()
    assert (out == out[:, :1]).all()
    maps = layers.SpatialDropout2D(0.5)(np.ones((8, 3, 3, 16), np.float32), training=True).numpy()
    assert (maps == maps[:, :1, :1]).all()
    assert 0 < (maps == 0).mean() < 1


def test_gradients_flow_only_where_nothing_was_dropped() -> None:
    x = pente.tensor(X, requires_grad=True)
    out = layers.Dropout(0.5)(x, training=True)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy() == 0, out.numpy() == 0)


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    noisy = layers.GaussianNoise(0.3)(X, training=True).numpy() - X
    assert abs(noisy.std() - 0.3) < 0.01
    assert abs(layers.GaussianDropout(0.2)(X, training=True).numpy().std() - 0.5) < 0.01
    np.testing.assert_array_equal(layers.GaussianNoise(0.3)(X).numpy(), X)
