"""Pooling: torch's numbers and slopes, the shapes that Keras gives, and what does not fit."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente import Input, layers
from pente.errors import ShapeError, UnknownNameError, UsageError
from tests.layers.twins import agrees_compiled, agrees_with_torch, numbers

F = torch.nn.functional
IMAGES, SERIES = numbers(2, 9, 8, 4), numbers(2, 11, 4)
WINDOWS = [
    (layers.MaxPooling1D, F.max_pool1d, SERIES),
    (layers.MaxPooling2D, F.max_pool2d, IMAGES),
    (layers.AveragePooling1D, F.avg_pool1d, SERIES),
    (layers.AveragePooling2D, F.avg_pool2d, IMAGES),
]
GLOBAL = [
    (layers.GlobalMaxPooling1D, lambda x: x.amax(1), SERIES),
    (layers.GlobalMaxPooling2D, lambda x: x.amax((1, 2)), IMAGES),
    (layers.GlobalAveragePooling1D, lambda x: x.mean(1), SERIES),
    (layers.GlobalAveragePooling2D, lambda x: x.mean((1, 2)), IMAGES),
]


@pytest.mark.parametrize(("size", "strides"), [(2, None), (3, None), (3, 1), (2, 3)])
@pytest.mark.parametrize(("kind", "function", "x"), WINDOWS)
def test_pooling_of_windows_is_torchs(kind: Any, function: Any, x: Any, size: int, strides: int | None) -> None:
    def theirs(x: Any) -> Any:
        return function(x.movedim(-1, 1), size, strides).movedim(1, -1)

    agrees_with_torch(kind(size, strides, dtype="float64"), theirs, x)
    agrees_compiled(kind(size, strides), x)


@pytest.mark.parametrize(("kind", "function"), [(layers.MaxPooling2D, np.max), (layers.AveragePooling2D, np.mean)])
def test_what_padding_adds_is_never_the_largest_and_never_counts(kind: Any, function: Any) -> None:
    x = IMAGES - 5.0
    out = kind((3, 2), strides=(2, 3), padding="same", dtype="float64")(x).numpy()
    # 5 windows of 3 rows with stride 2 want 11 rows, one before and one behind; 3 of 2 columns with stride 3 want all 8
    tops = [(max(2 * i - 1, 0), 2 * i + 2) for i in range(5)]
    by_hand = [[function(x[:, a:b, 3 * j : 3 * j + 2], axis=(1, 2)) for j in range(3)] for a, b in tops]
    np.testing.assert_allclose(out, np.array(by_hand).transpose(2, 0, 1, 3), rtol=1e-12)
    agrees_compiled(kind((3, 2), strides=(2, 3), padding="same"), x)


@pytest.mark.parametrize(("kind", "function", "x"), GLOBAL)
def test_global_pooling_is_over_all_places(kind: Any, function: Any, x: Any) -> None:
    agrees_with_torch(kind(dtype="float64"), function, x)
    agrees_compiled(kind(), x)
    kept = kind(keepdims=True)(x).numpy()
    assert kept.shape == (2, *(1,) * (x.ndim - 2), 4)
    np.testing.assert_allclose(kept.reshape(2, 4), kind()(x).numpy())


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.MaxPooling1D(), (11, 4), (None, 5, 4)),
        (layers.MaxPooling1D(3, strides=2, padding="same"), (None, 4), (None, None, 4)),
        (layers.MaxPooling2D(), (9, 8, 4), (None, 4, 4, 4)),
        (layers.AveragePooling2D((3, 2), padding="same"), (10, 9, 4), (None, 4, 5, 4)),
        (layers.GlobalAveragePooling2D(), (None, None, 4), (None, 4)),
        (layers.GlobalMaxPooling1D(keepdims=True), (None, 4), (None, 1, 4)),
    ],
    ids=repr,
)
def test_the_shape_that_comes_out_is_known_before_the_data(layer: Any, shape: Any, expected: Any) -> None:
    assert layer(Input(shape)).shape == layer.output_shape == expected


def test_keras_short_names_are_the_same_layers() -> None:
    for one, other in [("AvgPool", "AveragePooling"), ("MaxPool", "MaxPooling")]:
        for rank in ("1D", "2D"):
            assert getattr(layers, one + rank) is getattr(pente.keras.layers, other + rank)
            assert getattr(layers, f"Global{one}{rank}") is getattr(layers, f"Global{other}{rank}")


@pytest.mark.parametrize("layer", [kind() for kind, _, _ in WINDOWS + GLOBAL], ids=lambda layer: type(layer).__name__)
def test_a_layer_made_from_the_configuration_is_the_same_and_channels_come_last(layer: Any) -> None:
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    with pytest.raises(UsageError, match=r"x\.transpose\(0, "):
        type(layer)(data_format="channels_first")


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(
        ShapeError, match=r"window of \(2, 2\) does not fit into the places \(1, 4\).*pool_size smaller"
    ):
        layers.MaxPooling2D()(pente.ones((1, 1, 4, 3)))
    with pytest.raises(ShapeError, match=r"\(batch, rows, columns, channels\)"):
        layers.MaxPooling2D()(pente.ones((5, 4, 3)))
    with pytest.raises(ShapeError, match=r"\(batch, steps, channels\)"):
        layers.GlobalAveragePooling1D()(pente.ones((5, 4, 3, 2)))
    with pytest.raises(UsageError, match="pool_size is a whole number of at least 1"):
        layers.AveragePooling1D((2, 2))
    with pytest.raises(UnknownNameError, match="same"):
        layers.AveragePooling1D(2, padding="full")
