"""How far the vector tanh of float32 lies from the truth, over all of its range."""

import numpy as np
import pytest

import pente
from pente.compiler import jit, llvm

pytestmark = pytest.mark.skipif(not llvm.available(), reason="the functions of native code")
tanh = jit(pente.tanh)


def test_tanh_is_within_1_5_ulp() -> None:
    size = np.concatenate([np.linspace(0.0, 12.0, 1_000_001), np.logspace(-30, 30, 100_000)])
    x = np.concatenate([size, -size]).astype(np.float32)
    wanted = np.tanh(x.astype(np.float64))
    error = np.abs(tanh(x).numpy() - wanted) / np.spacing(np.abs(wanted).astype(np.float32))
    assert error.max() <= 1.5


def test_tanh_keeps_the_ends_and_the_sign_of_zero() -> None:
    got = tanh(np.array([np.inf, -np.inf, np.nan, 0.0, -0.0], np.float32)).numpy()
    np.testing.assert_array_equal(got, [1.0, -1.0, np.nan, 0.0, 0.0])
    assert [bool(np.signbit(n)) for n in got[3:]] == [False, True]
