"""Normalization: torch's numbers and slopes, which statistics are used when, and how the moving ones move."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente import Input, Sequential, layers
from pente.compiler.jit import jit
from pente.errors import ShapeError, UnknownNameError, UsageError
from tests.layers.twins import agrees_compiled, agrees_with_torch, numbers

F = torch.nn.functional
ROWS, IMAGES = numbers(6, 5) * 3 + 1, numbers(3, 4, 5, 6) * 2 - 1


def first(x: Any) -> Any:
    """Channels from last to first."""
    return x.movedim(-1, 1)


@pytest.mark.parametrize("x", [ROWS, IMAGES], ids=["rows", "images"])
def test_batch_normalization_in_training_is_torchs(x: Any) -> None:
    def theirs(x: Any, gamma: Any, beta: Any) -> Any:
        return F.batch_norm(first(x), None, None, gamma, beta, training=True, eps=1e-3).movedim(1, -1)

    agrees_with_torch(layers.BatchNormalization(dtype="float64"), theirs, x, training=True)
    agrees_compiled(layers.BatchNormalization(), x, training=True)


def test_batch_normalization_in_inference_uses_the_stored_statistics() -> None:
    layer = layers.BatchNormalization(epsilon=0.01, dtype="float64")
    layer(IMAGES)
    average, variance = numbers(6), numbers(6) ** 2 + 0.5
    layer.moving_mean.assign(average)
    layer.moving_variance.assign(variance)

    def theirs(x: Any, gamma: Any, beta: Any) -> Any:
        stored = torch.tensor(average), torch.tensor(variance)
        return F.batch_norm(first(x), *stored, gamma, beta, eps=0.01).movedim(1, -1)

    agrees_with_torch(layer, theirs, IMAGES)
    np.testing.assert_array_equal(layer.moving_mean.numpy(), average)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_the_moving_statistics_follow_the_batches_as_in_torch_but_with_n_in_the_denominator(compiled: bool) -> None:
    layer = layers.BatchNormalization(momentum=0.9)
    call = (lambda x: layer(x, training=True)) if not compiled else jit(lambda x: layer(x, training=True))
    layer(IMAGES)
    known_mean, known_variance = torch.zeros(6), torch.ones(6)
    count = IMAGES.size // 6
    for shift in range(3):
        x = (IMAGES + shift).astype(np.float32)
        call(x)
        before = known_variance.clone()
        F.batch_norm(first(torch.tensor(x)), known_mean, known_variance, training=True, momentum=0.1)
        known_variance = 0.9 * before + (known_variance - 0.9 * before) * (count - 1) / count
    np.testing.assert_allclose(layer.moving_mean.numpy(), known_mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), known_variance, rtol=1e-5)


def test_the_statistics_may_be_those_of_another_axis() -> None:
    turned = layers.BatchNormalization(axis=1)(IMAGES.transpose(0, 3, 1, 2).copy(), training=True).numpy()
    np.testing.assert_allclose(
        turned.transpose(0, 2, 3, 1), layers.BatchNormalization()(IMAGES, training=True).numpy(), rtol=1e-5, atol=1e-6
    )


def test_weights_have_kerass_names_and_order_and_the_moving_ones_are_not_trained() -> None:
    model = Sequential([Input((5,)), layers.BatchNormalization()])
    names = ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [v.name for v in model.weights] == [f"batch_normalization/{name}" for name in names]
    assert [v.name.split("/")[1] for v in model.trainable_weights] == names[:2]
    assert [v.numpy().tolist() for v in model.weights] == [[n] * 5 for n in (1.0, 0.0, 0.0, 1.0)]


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "eager"])
def test_a_frozen_one_uses_its_stored_statistics_also_in_fit(jit: bool) -> None:
    model = Sequential([Input((5,)), layers.BatchNormalization(), layers.Dense(1)])
    model.compile(pente.optimizers.SGD(1e-30), "mse", jit=jit)
    norm = model.layers[0]
    x, y = ROWS.astype(np.float32), ROWS[:, :1].astype(np.float32)
    norm.trainable = False
    stored = model.layers[1](x / np.sqrt(np.float32(1.001))).numpy()
    frozen = model.fit(x, y, batch_size=6, verbose=0).history["loss"][0]
    np.testing.assert_allclose(frozen, np.mean((stored - y) ** 2), rtol=1e-5)
    assert norm.moving_mean.numpy().tolist() == [0.0] * 5
    norm.trainable = True
    moving = model.fit(x, y, batch_size=6, verbose=0).history["loss"][0]
    assert abs(moving - frozen) > 0.01 * frozen
    np.testing.assert_allclose(norm.moving_mean.numpy(), 0.01 * x.mean(0), rtol=1e-4)
    norm.trainable = False
    before = norm.get_weights()
    model.fit(x, y, batch_size=3, verbose=0)
    for one, other in zip(before, norm.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_gamma_and_beta_are_there_only_where_they_are_wanted() -> None:
    for kind in (layers.BatchNormalization, layers.LayerNormalization, lambda **s: layers.GroupNormalization(2, **s)):
        bare, whole = kind(scale=False, center=False), kind()
        np.testing.assert_allclose(bare(IMAGES).numpy(), whole(IMAGES).numpy(), rtol=1e-6)
        assert bare.trainable_weights == []
        assert [v.name.split("/")[-1] for v in whole.trainable_weights] == ["gamma", "beta"]


@pytest.mark.parametrize(("axis", "tail"), [(-1, 1), ((2, 3), 2), ([1, 2, 3], 3)])
def test_layer_normalization_is_torchs(axis: Any, tail: int) -> None:
    def theirs(x: Any, gamma: Any, beta: Any) -> Any:
        return F.layer_norm(x, x.shape[-tail:], gamma, beta, eps=1e-3)

    agrees_with_torch(layers.LayerNormalization(axis, dtype="float64"), theirs, IMAGES)
    agrees_compiled(layers.LayerNormalization(axis), IMAGES)


def test_layer_normalization_over_an_axis_that_is_not_the_last() -> None:
    def theirs(x: Any, gamma: Any, beta: Any) -> Any:
        return F.layer_norm(x.movedim(1, -1), (4,), gamma, beta, eps=1e-3).movedim(-1, 1)

    agrees_with_torch(layers.LayerNormalization(axis=1, dtype="float64"), theirs, IMAGES)
    agrees_compiled(layers.LayerNormalization(axis=1), IMAGES)


@pytest.mark.parametrize("groups", [1, 3, -1])
def test_group_normalization_is_torchs(groups: int) -> None:
    def theirs(x: Any, gamma: Any, beta: Any) -> Any:
        return F.group_norm(first(x), groups if groups > 0 else 6, gamma, beta, eps=1e-3).movedim(1, -1)

    agrees_with_torch(layers.GroupNormalization(groups, dtype="float64"), theirs, IMAGES)
    agrees_compiled(layers.GroupNormalization(groups), IMAGES)


@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(momentum=0.9, center=False),
        layers.LayerNormalization(axis=(1, 2), epsilon=1e-6),
        layers.GroupNormalization(2, gamma_initializer="random_normal"),
    ],
    ids=repr,
)
def test_a_layer_made_from_the_configuration_is_the_same_and_keeps_the_shape(layer: Any) -> None:
    assert repr(type(layer).from_config(layer.get_config())) == repr(layer)
    assert layer(Input((4, 6))).shape == layer.output_shape == (None, 4, 6)


def test_an_open_number_of_steps_takes_one_set_of_weights() -> None:
    x = Input((None, 4))
    model = pente.Model(x, layers.BatchNormalization()(x))
    assert model(pente.ones((2, 7, 4))).shape == (2, 7, 4)
    assert model.count_params() == 16


def test_what_does_not_fit_is_told() -> None:
    layer = layers.BatchNormalization()
    layer(ROWS)
    with pytest.raises(ShapeError, match=r"expects 5 features \(the last axis\), got 4"):
        layer(pente.ones((3, 4)))
    with pytest.raises(ShapeError, match="at least 2 axes"):
        layers.LayerNormalization()(pente.ones(3))
    with pytest.raises(ShapeError, match="must know the length of axis 1"):
        layers.LayerNormalization(axis=1)(Input((None, 3)))
    with pytest.raises(ShapeError, match=r"5 channels cannot be shared out evenly to 32 groups.*groups=-1"):
        layers.GroupNormalization()(ROWS)
    with pytest.raises(UsageError, match=r"from 0 to 1, got 1\.5"):
        layers.BatchNormalization(momentum=1.5)
    with pytest.raises(UnknownNameError, match="zeros"):
        layers.BatchNormalization(moving_mean_initializer="zeroes")
