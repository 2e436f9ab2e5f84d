"""Convolution and pooling against torch, which has its channels first."""

from typing import Any

import numpy as np
import pytest
from torch.nn import functional as F  # noqa: N812

import pente
from pente.errors import ShapeError, UnknownNameError
from tests.ops.oracle import DTYPES, agree, normal


def first(x: Any) -> Any:
    """(batch, *places, channels) as (batch, channels, *places)."""
    return x.movedim(-1, 1)


def last(x: Any) -> Any:
    return x.movedim(1, -1)


def kernel_first(k: Any) -> Any:
    """(*window, channels, filters) as (filters, channels, *window)."""
    return k.movedim((-1, -2), (0, 1))


CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
SPREAD = {1: F.conv_transpose1d, 2: F.conv_transpose2d}
POOL = {1: (F.max_pool1d, F.avg_pool1d), 2: (F.max_pool2d, F.avg_pool2d)}

CASES: list[tuple[Any, Any, dict[str, Any]]] = [
    ((2, 7, 3), (3, 3, 4), {}),
    ((2, 7, 3), (3, 3, 4), {"strides": 2}),
    ((2, 8, 3), (3, 3, 4), {"strides": 3, "padding": 2}),
    ((2, 9, 3), (3, 3, 4), {"dilation": 2, "padding": 1}),
    ((2, 7, 4), (2, 2, 6), {"groups": 2}),
    ((2, 7, 3), (1, 3, 4), {}),
    ((2, 6, 5, 3), (3, 2, 3, 4), {}),
    ((2, 6, 5, 3), (3, 2, 3, 4), {"strides": (2, 1), "padding": (1, 2)}),
    ((2, 7, 8, 3), (3, 3, 3, 4), {"dilation": (2, 3), "padding": (2, 0)}),
    ((1, 5, 5, 4), (3, 3, 1, 8), {"groups": 4}),
    ((2, 7, 6, 4), (3, 2, 2, 6), {"groups": 2, "strides": 2, "padding": 1, "dilation": (1, 2)}),
    ((1, 4, 4, 3, 2), (2, 3, 2, 2, 3), {"padding": 1, "strides": (1, 2, 1)}),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("x", "kernel", "settings"), CASES)
def test_a_convolution_agrees_with_torch(x: Any, kernel: Any, settings: dict[str, Any], dtype: Any) -> None:
    theirs = {"strides": "stride"}
    named = {theirs.get(key, key): value for key, value in settings.items()}
    agree(
        lambda x, k: pente.conv(x, k, **settings),
        lambda x, k: last(CONV[x.ndim - 2](first(x), kernel_first(k), **named)),
        normal(*x),
        normal(*kernel),
        dtype=dtype,
        loose=10,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("x", "kernel", "settings"),
    [
        ((2, 4, 3), (3, 5, 3), {}),
        ((2, 4, 3), (3, 5, 3), {"strides": 2}),
        ((2, 4, 3), (3, 5, 3), {"strides": 2, "padding": 1, "dilation": 2}),
        ((2, 4, 4), (3, 2, 4), {"groups": 2}),
        ((2, 4, 3, 3), (3, 2, 5, 3), {"strides": (2, 2), "padding": (1, 0)}),
    ],
)
def test_a_transposed_convolution_agrees_with_torch(x: Any, kernel: Any, settings: dict[str, Any], dtype: Any) -> None:
    named = {{"strides": "stride"}.get(key, key): value for key, value in settings.items()}
    agree(
        lambda x, k: pente.conv_transpose(x, k, **settings),
        lambda x, k: last(SPREAD[x.ndim - 2](first(x), k.movedim((-1, -2), (0, 1)), **named)),
        normal(*x),
        normal(*kernel),
        dtype=dtype,
        loose=10,
    )


@pytest.mark.parametrize(("places", "window", "stride"), [(7, 3, 1), (7, 2, 1), (8, 3, 2), (7, 3, 2), (5, 4, 3)])
def test_same_padding_gives_one_place_a_stride_and_the_odd_one_goes_behind(
    places: int, window: int, stride: int
) -> None:
    x, kernel = normal(2, places, 3), normal(window, 3, 4)
    total = max((-(-places // stride) - 1) * stride + window - places, 0)
    widths = (0, 0, total // 2, total - total // 2)
    agree(
        lambda x, k: pente.conv(x, k, strides=stride, padding="same"),
        lambda x, k: last(F.conv1d(first(F.pad(x, widths)), kernel_first(k), stride=stride)),
        x,
        kernel,
        dtype=np.float64,
    )
    assert pente.conv(x, kernel, strides=stride, padding="same").shape[1] == -(-places // stride)


def test_a_transposed_convolution_keeps_a_place_for_every_step_between_windows() -> None:
    y = pente.conv_transpose(np.ones((1, 2, 1)), np.ones((1, 1, 1)), strides=3)
    assert y.numpy().ravel().tolist() == [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("window", [1, 2, 3, 4])
def test_a_transposed_convolution_with_same_padding_multiplies_the_places(window: int, stride: int) -> None:
    x, kernel = normal(1, 4, 2), normal(window, 3, 2)
    y = pente.conv_transpose(x, kernel, strides=stride, padding="same")
    assert y.shape == (1, 4 * stride, 3)
    assert pente.conv(y, normal(window, 3, 2), strides=stride, padding="same").shape == x.shape


@pytest.mark.parametrize("padding", ["valid", "same", 1, [(2, 0)]])
def test_a_transposed_convolution_is_the_transpose(padding: Any) -> None:
    """⟨conv(x), y⟩ = ⟨x, conv_transpose(y)⟩"""
    x, kernel = pente.tensor(normal(2, 8, 3)), normal(2, 3, 4)
    y = pente.conv(x, kernel, strides=2, padding=padding)
    weights = pente.tensor(normal(*y.shape))
    back = pente.conv_transpose(weights, kernel, strides=2, padding=padding)
    np.testing.assert_allclose((y * weights).sum().item(), (x[:, : back.shape[1]] * back).sum().item())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("x", "window", "strides", "padding"),
    [
        ((2, 8, 3), 2, None, 0),
        ((2, 7, 3), 3, 1, 1),
        ((2, 6, 8, 3), (2, 2), None, 0),
        ((2, 7, 8, 3), (3, 2), (1, 2), (1, 0)),
        ((1, 9, 9, 2), (3, 3), (2, 2), (1, 1)),
    ],
)
def test_pooling_agrees_with_torch(x: Any, window: Any, strides: Any, padding: Any, dtype: Any) -> None:
    largest, mean = POOL[len(x) - 2]
    settings = {"strides": strides, "padding": padding}
    agree(
        lambda x: pente.max_pool(x, window, **settings),
        lambda x: last(largest(first(x), window, strides, padding)),
        normal(*x),
        dtype=dtype,
    )
    agree(
        lambda x: pente.avg_pool(x, window, **settings),
        lambda x: last(mean(first(x), window, strides, padding, count_include_pad=False)),
        normal(*x),
        dtype=dtype,
    )


def test_the_first_of_equal_numbers_in_a_window_has_the_gradient() -> None:
    x = pente.tensor([[[2.0], [2.0], [1.0], [1.0]]], requires_grad=True)
    pente.max_pool(x, 2).sum().backward()
    assert x.grad.numpy().ravel().tolist() == [1.0, 0.0, 1.0, 0.0]


def test_padding_never_wins_a_window_and_nan_always_does() -> None:
    x = -np.ones((1, 3, 1))
    assert pente.max_pool(x, 2, padding="same").numpy().ravel().tolist() == [-1.0, -1.0]
    x[0, 1] = np.nan
    assert np.isnan(pente.max_pool(x, 3).item())
    assert pente.max_pool(np.full((1, 2, 1), -np.inf), 2).item() == -np.inf


@pytest.mark.parametrize("x", [np.array([[[1], [5], [2], [3]]])])
def test_whole_numbers_are_pooled_as_whole_numbers_and_averaged_as_floats(x: Any) -> None:
    assert pente.max_pool(x, 2).dtype == np.int64
    assert pente.avg_pool(x, 2).dtype == np.float32


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: pente.conv(np.ones((1, 5, 5, 2)), np.ones((3, 2, 4))), r"batch, place, channels"),
        (lambda: pente.conv(np.ones((1, 5, 2)), np.ones((3, 3, 4))), r"\(1, 5, 2\) and kernel \(3, 3, 4\)"),
        (lambda: pente.conv(np.ones((1, 2, 2)), np.ones((3, 2, 4))), "does not fit"),
        (lambda: pente.conv(np.ones((1, 5, 4)), np.ones((3, 2, 3)), groups=2), "multiple of groups"),
        (lambda: pente.conv(np.ones((1, 5, 2)), np.ones((3, 2, 4)), strides=0), "at least 1"),
        (lambda: pente.conv(np.ones((1, 5, 2)), np.ones((3, 2, 4)), padding=[(1, 1), (0, 0)]), "one entry for each"),
        (lambda: pente.max_pool(np.ones((3, 4)), 2), "places"),
        (lambda: pente.max_pool(np.ones((1, 1, 2)), 2), "does not fit"),
        (lambda: pente.avg_pool(np.ones((1, 4, 4, 2)), (2, 2, 2)), "2 place axes"),
    ],
)
def test_windows_that_do_not_fit_raise_and_say_why(function: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        function()


def test_an_unknown_padding_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="same"):
        pente.conv(np.ones((1, 5, 2)), np.ones((3, 2, 4)), padding="sam")
