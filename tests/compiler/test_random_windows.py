"""Convolutions and pooling of every setting, on whole numbers: compiled equals eager to the last bit."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pente
from pente.core import primitives as p
from pente.core import rules
from pente.core.node import Spec
from tests.compiler.agreement import agree
from tests.compiler.random_programs import Draw, arrays

LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@st.composite
def convolutions(draw: Draw) -> tuple[Any, Any, dict[str, Any]]:
    """Input, kernel and settings that fit together."""
    kind, rank = draw(st.sampled_from(["float32", "float64"])), draw(st.integers(1, 3))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(rank))  # noqa: E731
    window, dilation, strides = each(1, 3), each(1, 2), each(1, 3)
    padding = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(rank))
    reach = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
    places = tuple(
        draw(st.integers(max(r - low - high, 1), max(r - low - high, 1) + 9))
        for r, (low, high) in zip(reach, padding, strict=True)
    )
    groups = draw(st.sampled_from([1, 1, 1, 2]))
    channels, filters = draw(st.sampled_from([1, 2, 3, 17, 24])), draw(st.sampled_from([1, 3, 8, 16, 17, 33]))
    x = draw(arrays((draw(st.integers(0, 3)), *places, channels * groups), kind))
    kernel = draw(arrays((*window, channels, filters * groups), kind))
    return x, kernel, {"strides": strides, "padding": padding, "dilation": dilation, "groups": groups}


@settings(max_examples=120, suppress_health_check=LARGE)
@given(convolutions(), st.integers(0, 2**32 - 1))
def test_convolutions_and_their_two_gradients_agree_to_the_last_bit(drawn: Any, seed: int) -> None:
    x, kernel, params = drawn
    out = rules.conv(Spec(x.shape, x.dtype), Spec(kernel.shape, x.dtype), **params)
    grad = np.random.default_rng(seed).integers(-3, 4, out.shape).astype(x.dtype)

    def all_three(x: Any, kernel: Any, grad: Any) -> Any:
        return (
            p.conv(x, kernel, **params),
            p.conv_input(grad, kernel, places=x.shape[1:-1], **params),
            p.conv_kernel(x, grad, window=kernel.shape[:-2], **params),
        )

    agree(all_three, x, kernel, grad, check=np.testing.assert_array_equal)


@st.composite
def pools(draw: Draw) -> tuple[Any, dict[str, Any]]:
    kind = draw(st.sampled_from(["float32", "float64", "int32"]))
    rank = draw(st.integers(1, 2))
    window = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    strides = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    padding = tuple((draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))) for n in window)
    places = tuple(draw(st.integers(n, n + 8)) for n in window)
    x = draw(arrays((draw(st.integers(1, 3)), *places, draw(st.sampled_from([1, 3, 16, 17, 33]))), kind))
    plain = {"window": (1, *window, 1), "strides": (1, *strides, 1), "padding": ((0, 0), *padding, (0, 0))}
    return x, plain


@settings(max_examples=100, suppress_health_check=LARGE)
@given(pools())
def test_windows_and_their_gradients_agree_to_the_last_bit(drawn: Any) -> None:
    x, params = drawn

    def windows(x: Any) -> Any:
        sums, best = p.window_sum(x, **params), p.window_argmax(x, **params)
        return sums, best, p.window_spread(sums, shape=x.shape, **params)

    agree(windows, x, check=np.testing.assert_array_equal)
    if x.dtype.kind == "f":
        pool = pente.ops.conv.max_windows
        weigh = lambda x: (pool(x, **params) * 2).sum()  # noqa: E731
        agree(lambda x: (pool(x, **params), pente.grad(weigh)(x)), x, check=np.testing.assert_array_equal)


@settings(max_examples=60, suppress_health_check=LARGE)
@given(st.data(), st.sampled_from(["float32", "float64", "int32", "int64", "uint8"]))
def test_places_of_the_largest_agree_where_many_are_equal(data: st.DataObject, kind: str) -> None:
    shape = tuple(data.draw(st.lists(st.sampled_from([1, 2, 5, 16, 17, 33]), min_size=1, max_size=3)))
    x = abs(data.draw(arrays(shape, "int32"))).astype(kind)
    axis = data.draw(st.integers(0, len(shape) - 1))
    if np.dtype(kind).kind == "f" and data.draw(st.booleans()):
        x = np.where(x == 3, np.nan, x).astype(kind)
    agree(lambda x: (p.argmax(x, axis=axis), p.argmin(x, axis=axis)), x, check=np.testing.assert_array_equal)
    agree(lambda x: p.argmax(x.T, axis=len(shape) - 1 - axis), x, check=np.testing.assert_array_equal)
