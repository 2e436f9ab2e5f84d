"""What is made of the functions of native code: whole, without a call outside, and sane at the ends of the numbers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit, llvm

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")

Function = Callable[[Any], Any]
KINDS = ["float32", "float64"]
TOLERANCE = {"float32": 4e-7, "float64": 1e-15}
SMOOTH: dict[str, Function] = {
    "reciprocal": pente.reciprocal,
    "sigmoid": pente.sigmoid,
    "silu": pente.silu,
    "gelu": pente.gelu,
    "gelu by tanh": partial(pente.gelu, approximate=True),
    "softplus": pente.softplus,
    "log_sigmoid": pente.log_sigmoid,
    "mish": pente.mish,
    "elu": pente.elu,
    "tanh": pente.tanh,
}
SIZES = [0.0, 1e-30, 1e-3, 0.5, 1.0, 5.0, 9.0, 13.0, 20.0, 88.0, 89.0, 104.0, 709.0, 746.0, 1e4, 1e15]


def _slope(function: Function) -> Function:
    return pente.grad(lambda x: function(x).sum())


def _points(kind: str, *more: float) -> Any:
    sizes = np.array([*SIZES, *more], kind)
    return np.concatenate([sizes, -sizes])


def _assert_as_eager(function: Function, x: Any) -> None:
    with np.errstate(all="ignore"):
        wanted = function(pente.asarray(x)).numpy()
    got, tolerance = jit(function)(x).numpy(), TOLERANCE[x.dtype.name]
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SMOOTH)
def test_an_activation_and_its_slope_are_those_of_numpy_everywhere(name: str, kind: str) -> None:
    x = _points(kind, 1e30, np.inf, np.nan)
    _assert_as_eager(SMOOTH[name], x)
    _assert_as_eager(_slope(SMOOTH[name]), x)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(set(SMOOTH) - {"reciprocal"}))
def test_an_activation_of_a_large_number_is_finite_and_so_is_its_slope(name: str, kind: str) -> None:
    x = _points(kind, *([1e30] if name != "gelu by tanh" else []))  # its slope has a square of x
    assert np.isfinite(jit(SMOOTH[name])(x).numpy()).all()
    assert np.isfinite(jit(_slope(SMOOTH[name]))(x).numpy()).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "ends", "slopes"),
    [
        ("sigmoid", (0.0, 1.0), (0.0, 0.0)),
        ("tanh", (-1.0, 1.0), (0.0, 0.0)),
        ("softplus", (0.0, np.inf), (0.0, 1.0)),
        ("log_sigmoid", (-np.inf, 0.0), (1.0, 0.0)),
        ("elu", (-1.0, np.inf), (0.0, 1.0)),
    ],
)
def test_at_infinity_stands_the_limit(name: str, ends: tuple[float, ...], slopes: tuple[float, ...], kind: str) -> None:
    x = np.array([-np.inf, np.inf] * 9, kind)
    np.testing.assert_array_equal(jit(SMOOTH[name])(x).numpy(), np.tile(ends, 9).astype(kind))
    np.testing.assert_array_equal(jit(_slope(SMOOTH[name]))(x).numpy(), np.tile(slopes, 9).astype(kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SMOOTH)
def test_an_activation_calls_nothing_outside(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code declares instructions of LLVM alone, no function of the C library."""
    texts: list[str] = []
    load = llvm.load
    monkeypatch.setattr(llvm, "load", lambda kernels: load(texts.append(k.text) or k for k in kernels))
    jit(_slope(SMOOTH[name]))(np.linspace(-1, 1, 37).astype(kind))
    assert texts
    declared = [line for text in texts for line in text.splitlines() if line.startswith("declare ")]
    assert [line for line in declared if "@llvm." not in line] == []
