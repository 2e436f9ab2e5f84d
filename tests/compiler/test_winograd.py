"""Winograd's convolution: as right as it says, exact at every edge, and taken where it saves work and only there."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pente.compiler import convolution, jit, llvm
from pente.compiler.winograd import is_winograd
from pente.core import primitives as p
from pente.core import rules
from pente.core.node import NOTHING, Node, Spec
from tests.compiler.agreement import TOLERANCE
from tests.compiler.random_programs import Draw

LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
SAME = ((1, 1), (1, 1))
FLOAT = np.dtype("float32")


def params(padding: Any = SAME, **others: Any) -> dict[str, Any]:
    return {"strides": (1, 1), "padding": padding, "dilation": (1, 1), "groups": 1, **others}


def all_three(
    x: Any, kernel: Any, grad: Any, settings: dict[str, Any]
) -> list[tuple[p.Primitive, tuple[Any, Any], Any]]:
    """The convolution and its two gradients: operation, inputs, parameters."""
    return [
        (p.conv, (x, kernel), settings),
        (p.conv_input, (grad, kernel), {"places": x.shape[1:3], **settings}),
        (p.conv_kernel, (x, grad), {"window": (3, 3), **settings}),
    ]


def drawn(seed: int, x: Any, filters: int, padding: Any = SAME) -> tuple[Any, Any, Any]:
    """Normal numbers in the shapes of an input, a kernel and a gradient."""
    rng = np.random.default_rng(seed)
    kernel = (3, 3, x[3], filters)
    out = rules.conv(Spec(x, FLOAT), Spec(kernel, FLOAT), **params(padding)).shape
    a, b, c = (rng.normal(size=shape).astype(FLOAT) for shape in (x, kernel, out))
    return a, b, c


def call(op: p.Primitive, inputs: tuple[Any, Any], settings: dict[str, Any]) -> Node:
    leaves = tuple(Node(None, (), NOTHING, Spec(x.shape, x.dtype), False, "", None) for x in inputs)
    return Node(op, leaves, settings, op.spec(*[x.value for x in leaves], **settings), False, "", None)


def error(op: p.Primitive, inputs: tuple[Any, Any], settings: dict[str, Any]) -> float:
    """The largest error, in largest results."""
    wanted = op.evaluate(*[x.astype(np.float64) for x in inputs], **settings)
    got = jit(lambda a, b: op(a, b, **settings))(*inputs).numpy()
    assert got.shape == wanted.shape
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


@pytest.mark.parametrize("places", [4, 16], ids=["few tiles", "many tiles"])
@pytest.mark.parametrize(("channels", "most"), [(64, 3e-6), (512, 8e-6)])
def test_the_error_is_what_the_module_says(channels: int, most: float, places: int) -> None:
    images = 16 if places == 4 else 4 if channels == 512 else 9
    for each in all_three(*drawn(0, (images, places, places, channels), channels), params()):
        assert is_winograd(call(*each))
        assert error(*each) < most, each[0]


@pytest.mark.skipif(not llvm.available(), reason="native code only")
def test_it_is_at_most_four_times_that_of_the_plain_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = all_three(*drawn(1, (8, 12, 12, 128), 64), params())
    found = [error(*each) for each in calls]
    monkeypatch.setattr(convolution, "is_winograd", lambda node: False)
    monkeypatch.setattr("pente.compiler.passes.windows.is_winograd", lambda node: False)
    plain = [error(*each) for each in calls]
    assert 0 < max(a / b for a, b in zip(found, plain, strict=True)) < 4


@st.composite
def settings_of(draw: Draw) -> tuple[Any, int, Any]:
    """Shapes with ragged edges, one-sided and negative padding, from a few tiles to many."""
    padding = tuple((draw(st.integers(-1, 3)), draw(st.integers(-1, 3))) for _ in range(2))
    out = [draw(st.sampled_from([3, 4, 6, 7, 8, 9, 11, 12, 13])) for _ in range(2)]
    places = [n + 2 - low - high for n, (low, high) in zip(out, padding, strict=True)]
    shape = (draw(st.sampled_from([8, 9, 24])), *[max(n, 1) for n in places], draw(st.sampled_from([16, 48, 80])))
    return shape, draw(st.sampled_from([16, 32, 64])), padding


@settings(max_examples=25, suppress_health_check=LARGE)
@given(settings_of(), st.integers(0, 99))
def test_edges_are_as_exact_as_the_inside(drawn_settings: Any, seed: int) -> None:
    shape, filters, padding = drawn_settings
    for op, inputs, params_ in all_three(*drawn(seed, shape, filters, padding), params(padding)):
        assert error(op, inputs, params_) < 4 * TOLERANCE["float32"], (op, shape, filters, padding)


def test_a_sum_over_very_many_tiles_is_as_exact() -> None:
    """1750 tiles are added up in 14 groups of four parts, and the last part is empty."""
    x, _, grad = drawn(4, (70, 17, 17, 32), 32)
    assert error(*all_three(x, _, grad, params())[2]) < 4 * TOLERANCE["float32"]


@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 0), (0, 0)), ((-1, 0), (0, 1))], ids=str)
def test_the_gradient_of_an_input_whose_tiles_overlap_is_as_exact(padding: Any) -> None:
    """Fewer tiles of the result than of the input: each is added to all that it saw."""
    x, kernel, grad = drawn(5, (24, 13, 14, 16), 48, padding)
    assert error(*all_three(x, kernel, grad, params(padding))[1]) < 4 * TOLERANCE["float32"]


@pytest.mark.parametrize("places", [4, 12], ids=["few tiles", "many tiles"])
def test_nothing_leaks_from_an_image_to_its_neighbours(places: int) -> None:
    x, kernel, grad = drawn(2, (9, places, places, 32), 32)
    x[4], grad[4] = np.nan, np.nan
    others = [0, 1, 2, 3, 5, 6, 7, 8]
    for op, inputs, given_ in all_three(x, kernel, grad, params())[:2]:
        got = jit(lambda a, b, op=op, given_=given_: op(a, b, **given_))(*inputs).numpy()
        assert np.isfinite(got[others]).all()
        assert np.isnan(got[4]).all()


@pytest.mark.parametrize(
    ("shape", "filters", "others"),
    [
        ((8, 9, 9, 32), 32, {"strides": (2, 2)}),
        ((8, 9, 9, 32), 32, {"dilation": (2, 2)}),
        ((8, 9, 9, 64), 64, {"groups": 2}),
        ((8, 9, 9, 40), 64, {}),
        ((8, 9, 9, 64), 24, {}),
        ((7, 4, 4, 64), 64, {}),
        ((32, 2, 2, 64), 64, {}),
    ],
    ids=["strides", "dilation", "groups", "channels that fill no vectors", "such filters", "few tiles", "small images"],
)
def test_other_convolutions_are_done_directly(shape: Any, filters: int, others: dict[str, Any]) -> None:
    settings = params(**others)
    kernel = (3, 3, shape[3] // settings["groups"], filters)
    out = rules.conv(Spec(shape, FLOAT), Spec(kernel, FLOAT), **settings).shape
    x, w, grad = (np.empty(size, FLOAT) for size in (shape, kernel, out))
    assert not any(is_winograd(call(*each)) for each in all_three(x, w, grad, settings))


def test_doubles_are_done_directly() -> None:
    x, kernel, _ = drawn(3, (8, 8, 8, 32), 32)
    assert is_winograd(call(p.conv, (x, kernel), params()))
    assert not is_winograd(call(p.conv, (x.astype(np.float64), kernel.astype(np.float64)), params()))
