"""How far the vector exp, log and tanh of float32 lie from the truth, over all of their range.

The truth is NumPy's float64. One ulp is the distance of float32 numbers at the true result; below the smallest normal
number both give 0, or -inf, as if it were 0.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit, llvm

pytestmark = pytest.mark.skipif(not llvm.available(), reason="the functions of native code")

TINY = np.finfo(np.float32).tiny
EXP, LOG, TANH = 1.3, 0.9, 1.5  # the largest errors, in ulp
EVERY = 257  # one number in so many, in the order of their bits
exp, log, tanh = jit(pente.exp), jit(pente.log), jit(pente.tanh)


def _floats(low: float, high: float, every: int = EVERY) -> Any:
    """Positive float32 numbers from low to high, by their bits."""
    ends = np.array([low, high], np.float32).view(np.int32)
    return np.arange(ends[0], ends[1] + 1, every, dtype=np.int32).view(np.float32)


def _blocks(x: Any, size: int = 2**20) -> Iterator[Any]:
    """Blocks of one length, the last filled up, so that one program does them all."""
    for start in range(0, len(x), size):
        yield np.resize(x[start : start + size], size)


def _worst(function: Any, truth: Any, x: Any) -> float:
    """The largest error in ulp."""
    worst = 0.0
    for block in _blocks(x):
        wanted = truth(block.astype(np.float64))
        error = np.abs(function(block).numpy().astype(np.float64) - wanted)
        worst = max(worst, float((error / np.spacing(np.abs(wanted).astype(np.float32)).astype(np.float64)).max()))
    return worst


def test_exp_is_within_1_3_ulp_wherever_the_result_is_normal() -> None:
    x = np.concatenate([_floats(TINY, 88.72283), -_floats(TINY, 87.33654)])
    assert _worst(exp, np.exp, x) <= EXP


def test_log_is_within_0_9_ulp_for_all_positive_numbers() -> None:
    assert _worst(log, np.log, _floats(TINY, np.finfo(np.float32).max)) <= LOG


def test_log_is_within_0_9_ulp_near_1_where_it_is_0() -> None:
    assert _worst(log, np.log, _floats(0.99, 1.01, every=1)) <= LOG


def test_tanh_is_within_1_5_ulp_everywhere() -> None:
    x = _floats(TINY, np.finfo(np.float32).max, every=401)
    assert _worst(tanh, np.tanh, x) <= TANH
    assert _worst(tanh, np.tanh, -x) <= TANH
    assert _worst(tanh, np.tanh, _floats(0.01, 10.0, every=7)) <= TANH


def test_tanh_at_its_ends() -> None:
    x = np.array([0.0, 20.0, 1e38, np.inf, np.nan] * 4, np.float32)
    wanted = np.array([0.0, 1.0, 1.0, 1.0, np.nan] * 4, np.float32)
    np.testing.assert_array_equal(tanh(x).numpy(), wanted)
    np.testing.assert_array_equal(tanh(-x).numpy(), -wanted)
    assert np.signbit(tanh(np.full(17, -0.0, np.float32)).numpy()).all()


@pytest.mark.slow
def test_exp_and_log_are_as_accurate_on_every_single_float() -> None:
    for sign, top in ((1, 88.72283), (-1, 87.33654)):
        assert _worst(exp, np.exp, sign * _floats(2.0**-30, top, every=1)) <= EXP
    for low in (TINY, 1.0):
        high = 1.0 if low < 1 else np.finfo(np.float32).max
        assert _worst(log, np.log, _floats(low, high, every=1)) <= LOG


def test_exp_at_its_ends() -> None:
    x = np.array([0.0, -0.0, 89.0, 1000.0, np.inf, -104.0, -1000.0, -np.inf, np.nan] * 4, np.float32)
    wanted = np.array([1.0, 1.0, np.inf, np.inf, np.inf, 0.0, 0.0, 0.0, np.nan] * 4, np.float32)
    np.testing.assert_array_equal(exp(x).numpy(), wanted)
    largest, over = np.float32(88.72283), np.float32(88.72284)
    assert np.isfinite(exp(np.full(16, largest)).numpy()).all()
    assert np.isinf(exp(np.full(16, over)).numpy()).all()


def test_log_at_its_ends() -> None:
    x = np.array([0.0, -0.0, 1.0, np.inf, -TINY, -1.0, -np.inf, np.nan, TINY / 2] * 2, np.float32)
    wanted = np.array([-np.inf, -np.inf, 0.0, np.inf, np.nan, np.nan, np.nan, np.nan, -np.inf] * 2, np.float32)
    np.testing.assert_array_equal(log(x).numpy(), wanted)


def test_exp_grows_and_log_grows() -> None:
    """Neither ever steps back, where its argument goes up by many ulp."""
    for function, x in ((exp, np.linspace(-87, 88, 2**20, dtype=np.float32)), (log, _floats(TINY, 1e38, every=4096))):
        assert (np.diff(function(x).numpy()) >= 0).all()


def test_one_by_one_gives_the_same_bits_as_sixteen_at_a_time() -> None:
    x = np.random.default_rng(0).uniform(-80, 80, 47).astype(np.float32)
    for function, given in ((exp, x), (log, np.abs(x))):
        whole = function(given).numpy()
        single = np.concatenate([function(given[i : i + 1]).numpy() for i in range(len(given))])
        np.testing.assert_array_equal(whole, single)
