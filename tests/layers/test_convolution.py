"""Convolutions: torch's numbers and slopes, the shapes that Keras gives, and what does not fit."""

from typing import Any

import pytest
import torch

import pente
from pente import Input, Sequential, layers
from pente.errors import ShapeError, UnknownNameError, UsageError
from tests.layers.twins import agrees_compiled, agrees_with_torch, numbers

F = torch.nn.functional
IMAGES, SERIES = numbers(2, 9, 8, 4), numbers(2, 11, 4)


def first(x: Any) -> Any:
    """Channels from last to first."""
    return x.movedim(-1, 1)


def last(x: Any) -> Any:
    return x.movedim(1, -1)


def turned(kernel: Any) -> Any:
    """(*window, in, out) as torch's (out, in, *window)."""
    return kernel.movedim((-1, -2), (0, 1))


def padded(x: Any, window: int, stride: int, dilation: int) -> Any:
    """Places so that ⌈n / stride⌉ windows fit, the odd one behind: what "same" means."""
    sides: list[int] = []
    for n in x.shape[:1:-1]:
        total = max((-(-n // stride) - 1) * stride + (window - 1) * dilation + 1 - n, 0)
        sides += [total // 2, total - total // 2]
    return F.pad(x, sides)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"strides": 2},
        {"strides": 3},
        {"dilation_rate": 2},
        {"groups": 2},
        {"use_bias": False},
        {"activation": "tanh"},
    ],
    ids=str,
)
@pytest.mark.parametrize("rank", [1, 2])
def test_a_convolution_is_torchs(rank: int, settings: dict[str, Any], padding: str) -> None:
    function = F.conv1d if rank == 1 else F.conv2d
    stride, dilation = settings.get("strides", 1), settings.get("dilation_rate", 1)

    def theirs(x: Any, kernel: Any, bias: Any = None) -> Any:
        x = first(x) if padding == "valid" else padded(first(x), 3, stride, dilation)
        y = function(x, turned(kernel), bias, stride, 0, dilation, settings.get("groups", 1))
        return last(y.tanh() if "activation" in settings else y)

    kind = layers.Conv1D if rank == 1 else layers.Conv2D
    x = SERIES if rank == 1 else IMAGES
    agrees_with_torch(kind(6, 3, padding=padding, dtype="float64", **settings), theirs, x)
    agrees_compiled(kind(6, 3, padding=padding, **settings), x)


def test_a_causal_convolution_sees_nothing_of_what_comes_later() -> None:
    def theirs(x: Any, kernel: Any, bias: Any) -> Any:
        return last(F.conv1d(F.pad(first(x), (4, 0)), turned(kernel), bias, dilation=2))

    layer = layers.Conv1D(5, 3, padding="causal", dilation_rate=2, dtype="float64")
    agrees_with_torch(layer, theirs, SERIES)
    changed = SERIES.copy()
    changed[:, 6:] += 1.0
    assert (layer(changed).numpy()[:, :6] == layer(SERIES).numpy()[:, :6]).all()


@pytest.mark.parametrize("kernel_size", [(2, 3), (1, 5), 1])
def test_a_window_may_be_no_square(kernel_size: Any) -> None:
    def theirs(x: Any, kernel: Any, bias: Any) -> Any:
        return last(F.conv2d(first(x), turned(kernel), bias, (2, 1)))

    agrees_with_torch(layers.Conv2D(3, kernel_size, strides=(2, 1), dtype="float64"), theirs, IMAGES)


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("rank", [1, 2])
def test_a_depthwise_convolution_is_torchs_with_a_group_for_each_channel(rank: int, multiplier: int) -> None:
    function = F.conv1d if rank == 1 else F.conv2d

    def theirs(x: Any, kernel: Any, bias: Any) -> Any:
        each = kernel.reshape(*kernel.shape[:-2], 1, -1)
        return last(function(first(x), turned(each), bias, groups=4))

    kind = layers.DepthwiseConv1D if rank == 1 else layers.DepthwiseConv2D
    x = SERIES if rank == 1 else IMAGES
    agrees_with_torch(kind(3, depth_multiplier=multiplier, dtype="float64"), theirs, x)
    agrees_compiled(kind(3, depth_multiplier=multiplier), x)


@pytest.mark.parametrize("rank", [1, 2])
def test_a_separable_convolution_is_a_depthwise_one_and_then_one_of_a_single_place(rank: int) -> None:
    function = F.conv1d if rank == 1 else F.conv2d

    def theirs(x: Any, depthwise: Any, pointwise: Any, bias: Any) -> Any:
        each = depthwise.reshape(*depthwise.shape[:-2], 1, -1)
        return last(function(function(first(x), turned(each), stride=2, groups=4), turned(pointwise), bias))

    kind = layers.SeparableConv1D if rank == 1 else layers.SeparableConv2D
    x = SERIES if rank == 1 else IMAGES
    agrees_with_torch(kind(5, 3, strides=2, depth_multiplier=2, dtype="float64"), theirs, x)
    agrees_compiled(kind(5, 3, strides=2, depth_multiplier=2), x)


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("rank", [1, 2])
def test_a_transposed_convolution_is_torchs(rank: int, strides: int) -> None:
    function = F.conv_transpose1d if rank == 1 else F.conv_transpose2d

    def theirs(x: Any, kernel: Any, bias: Any) -> Any:
        return last(function(first(x), turned(kernel), bias, strides))

    kind = layers.Conv1DTranspose if rank == 1 else layers.Conv2DTranspose
    x = SERIES if rank == 1 else IMAGES
    agrees_with_torch(kind(6, 3, strides=strides, dtype="float64"), theirs, x)
    agrees_compiled(kind(6, 3, strides=strides), x)


def test_a_transposed_convolution_with_same_padding_cuts_what_the_convolution_had_added() -> None:
    def theirs(x: Any, kernel: Any, bias: Any) -> Any:  # of 2·9 + 1 and 2·8 + 1 places the last is cut
        return last(F.conv_transpose2d(first(x), turned(kernel), bias, 2)[:, :, :-1, :-1])

    agrees_with_torch(layers.Conv2DTranspose(6, 3, strides=2, padding="same", dtype="float64"), theirs, IMAGES)


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.Conv1D(5, 3), (10, 4), (None, 8, 5)),
        (layers.Conv1D(5, 3, padding="causal", strides=2), (10, 4), (None, 5, 5)),
        (layers.Conv1D(5, 3, padding="same"), (None, 4), (None, None, 5)),
        (layers.Conv2D(5, 3), (10, 9, 4), (None, 8, 7, 5)),
        (layers.Conv2D(5, (3, 2), strides=(2, 1), padding="same"), (9, 9, 4), (None, 5, 9, 5)),
        (layers.Conv2D(5, 3, padding="SAME"), (None, None, 4), (None, None, None, 5)),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (10, 9, 4), (None, 8, 7, 8)),
        (layers.SeparableConv2D(5, 3), (10, 9, 4), (None, 8, 7, 5)),
        (layers.Conv1DTranspose(5, 3, strides=2), (10, 4), (None, 21, 5)),
        (layers.Conv1DTranspose(5, 2, strides=3), (10, 4), (None, 30, 5)),
        (layers.Conv2DTranspose(5, 3, strides=2, padding="same"), (10, 9, 4), (None, 20, 18, 5)),
    ],
    ids=lambda x: repr(x) if isinstance(x, layers.Layer) else "",
)
def test_the_shape_that_comes_out_is_known_before_the_data(layer: Any, shape: Any, expected: Any) -> None:
    x = Input(shape)
    assert layer(x).shape == layer.output_shape == expected
    assert layer.compute_output_shape((None, *shape)) == expected


def test_weights_have_kerass_names_order_and_shapes() -> None:
    def built(layer: Any) -> Any:
        model = Sequential([Input((9, 9, 4)), layer])
        return {variable.name: variable.shape for variable in model.weights}

    assert built(layers.Conv2D(6, (3, 2), groups=2)) == {"conv2d/kernel": (3, 2, 2, 6), "conv2d/bias": (6,)}
    assert built(layers.Conv2D(6, 3, use_bias=False)) == {"conv2d/kernel": (3, 3, 4, 6)}
    assert built(layers.DepthwiseConv2D(3, depth_multiplier=2, name="each")) == {
        "each/kernel": (3, 3, 4, 2),
        "each/bias": (8,),
    }
    assert built(layers.SeparableConv2D(6, 3, depth_multiplier=2, name="both")) == {
        "both/depthwise_kernel": (3, 3, 4, 2),
        "both/pointwise_kernel": (1, 1, 8, 6),
        "both/bias": (6,),
    }
    assert built(layers.Conv2DTranspose(6, 3, name="back")) == {"back/kernel": (3, 3, 6, 4), "back/bias": (6,)}


def test_penalties_are_of_the_weights_that_they_are_for() -> None:
    layer = layers.SeparableConv2D(
        3, 3, depthwise_regularizer="l2", pointwise_regularizer="l1", activity_regularizer="l2"
    )
    out = layer(IMAGES).numpy()
    depthwise, pointwise, activity = (float(loss) for loss in layer.losses)
    assert depthwise == pytest.approx(0.01 * (layer.depthwise_kernel.numpy() ** 2).sum(), rel=1e-5)
    assert pointwise == pytest.approx(0.01 * abs(layer.pointwise_kernel.numpy()).sum(), rel=1e-5)
    assert activity == pytest.approx(0.01 * (out**2).sum(), rel=1e-5)


ALL = [
    layers.Conv1D(4, 3, padding="causal", activation="relu"),
    layers.Conv2D(4, (3, 2), strides=2, padding="same", kernel_initializer="he_normal"),
    layers.DepthwiseConv1D(3),
    layers.DepthwiseConv2D(3, depth_multiplier=2),
    layers.SeparableConv1D(4, 3),
    layers.SeparableConv2D(4, 3, use_bias=False),
    layers.Conv1DTranspose(4, 3),
    layers.Conv2DTranspose(4, 3, dilation_rate=2),
]


@pytest.mark.parametrize("layer", ALL, ids=lambda layer: type(layer).__name__)
def test_a_layer_made_from_the_configuration_is_the_same(layer: Any) -> None:
    again = type(layer).from_config(layer.get_config())
    assert repr(again) == repr(layer)
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("layer", ALL, ids=lambda layer: type(layer).__name__)
def test_channels_first_is_refused_with_the_line_that_turns_the_data(layer: Any) -> None:
    line = r"x\.transpose\(0, 2, 1\)" if layer.axes == 1 else r"x\.transpose\(0, 2, 3, 1\)"
    with pytest.raises(UsageError, match=line):
        type(layer).from_config({**layer.get_config(), "data_format": "channels_first"})
    assert type(layer).from_config({**layer.get_config(), "data_format": "channels_last"}).axes == layer.axes
    with pytest.raises(UnknownNameError, match="channels_last"):
        type(layer).from_config({**layer.get_config(), "data_format": "channels_lats"})


def test_images_with_the_channels_first_are_told_apart_from_those_with_them_last() -> None:
    layer = layers.Conv2D(4, 3)
    layer(IMAGES)
    with pytest.raises(ShapeError, match=r"expects 4 channels \(the last axis\), got 8.*x\.transpose\(0, 2, 3, 1\)"):
        layer(numbers(2, 4, 9, 8))
    with pytest.raises(ShapeError, match="make a new layer"):
        layer(numbers(2, 9, 8, 5))


@pytest.mark.parametrize("channels", [1, 3])
def test_images_that_are_surely_turned_are_refused_by_the_first_layer(channels: int) -> None:
    with pytest.raises(ShapeError, match=r"channels first: write x\.transpose\(0, 2, 3, 1\).*'channels_last'"):
        layers.Conv2D(4, 3, padding="same")(Input((channels, 32, 32)))
    meant = layers.Conv2D(4, 3, padding="same", data_format="channels_last")(Input((channels, 32, 32)))
    assert meant.shape == (None, channels, 32, 4)
    assert layers.Conv2D(4, 3, padding="same")(Input((channels, 32, 31))).shape == (None, channels, 32, 4)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((28, 28), r"\(batch, rows, columns, channels\)"),
        ((5, 28, 28), r"For a single channel write x\[\.\.\., None\]"),
        ((5, 4, 3, 28, 28), r"got shape"),
    ],
)
def test_an_input_of_the_wrong_rank_is_told(shape: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        layers.Conv2D(4, 3)(pente.ones(shape))


def test_a_window_that_is_larger_than_the_input_is_told_where_the_shape_is_known() -> None:
    with pytest.raises(ShapeError, match=r"window of \(3, 3\) does not fit into the places \(2, 5\).*padding='same'"):
        layers.Conv2D(4, 3)(pente.ones((1, 2, 5, 3)))
    with pytest.raises(ShapeError, match=r"conv2d_1: a window of \(5, 5\)"):
        Sequential([Input((6, 6, 1)), layers.Conv2D(4, 3), layers.Conv2D(4, 3, dilation_rate=2)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv2D(0, 3), "filters is a whole number of at least 1, got 0"),
        (lambda: layers.Conv2D(4, 3.5), "kernel_size is a whole number of at least 1, or 2 of them, got 3.5"),
        (lambda: layers.Conv2D(4, (3, 3, 3)), r"got \(3, 3, 3\)"),
        (lambda: layers.Conv1D(4, 3, strides=0), "strides is a whole number of at least 1, got 0"),
        (lambda: layers.Conv2D(4, 3, padding=1), "padding='same'"),
        (lambda: layers.Conv2D(5, 3, groups=2), "5 filters cannot be shared out evenly to 2 groups"),
        (lambda: layers.Conv2D(4, 3, groups=2)(numbers(1, 5, 5, 3)), "3 channels cannot be shared out evenly"),
        (lambda: layers.Conv2D(4, 3, stride=2), r"Did you mean strides=\?"),
        (lambda: layers.Conv2D(4, 3, "relu"), "a whole number"),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier is a whole number"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_told(make: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()


def test_unknown_names_are_told_before_there_is_data() -> None:
    with pytest.raises(UnknownNameError, match="valid"):
        layers.Conv2D(4, 3, padding="full")
    with pytest.raises(UnknownNameError, match="causal"):
        layers.Conv1D(4, 3, padding="casual")
    with pytest.raises(UnknownNameError, match="same"):
        layers.Conv2D(4, 3, padding="causal")
    with pytest.raises(UnknownNameError, match="relu"):
        layers.Conv2D(4, 3, activation="rleu")
    with pytest.raises(UnknownNameError, match="he_normal"):
        layers.DepthwiseConv2D(3, depthwise_initializer="he_norml")
