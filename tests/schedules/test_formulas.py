"""Every schedule gives the numbers of its formula, of torch and of Keras, however many steps were made."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente import schedules as s
from tests.schedules import reference as r

STEPS = [*range(65), 99, 100, 101, 299, 300, 301, 999, 1000, 1023]
LATE = [2**24 - 1, 2**24, 2**24 + 1, 10**7 - 1, 10**7, 10**7 + 1, 123_456_789]

FORMULAS: list[tuple[s.Schedule, Callable[[int], float]]] = [
    (s.ExponentialDecay(0.1, 100, 0.5), partial(r.exponential, rate=0.1, steps=100, decay=0.5)),
    (s.ExponentialDecay(0.1, 7, 0.9, True), partial(r.exponential, rate=0.1, steps=7, decay=0.9, staircase=True)),
    (
        s.ExponentialDecay(0.1, 10**6, 0.5, True),
        partial(r.exponential, rate=0.1, steps=10**6, decay=0.5, staircase=True),
    ),
    (s.InverseTimeDecay(0.1, 10, 0.3), partial(r.inverse_time, rate=0.1, steps=10, decay=0.3)),
    (s.InverseTimeDecay(0.1, 10, 0.3, True), partial(r.inverse_time, rate=0.1, steps=10, decay=0.3, staircase=True)),
    (s.PolynomialDecay(0.1, 100, 0.01, 2.0), partial(r.polynomial, rate=0.1, steps=100, end=0.01, power=2.0)),
    (s.PolynomialDecay(0.1, 2 * 10**7), partial(r.polynomial, rate=0.1, steps=2 * 10**7, end=1e-4, power=1.0)),
    (
        s.PolynomialDecay(0.1, 30, 0.01, 0.5, cycle=True),
        partial(r.polynomial, rate=0.1, steps=30, end=0.01, power=0.5, cycle=True),
    ),
    (
        s.PiecewiseConstantDecay([10, 100, 10**7], [0.1, 0.02, 0.003, 0.0004]),
        partial(r.piecewise_constant, boundaries=[10, 100, 10**7], values=[0.1, 0.02, 0.003, 0.0004]),
    ),
    (s.CosineDecay(0.1, 100, 0.1), partial(r.cosine, rate=0.1, steps=100, alpha=0.1)),
    (s.CosineDecay(0.1, 2 * 10**7), partial(r.cosine, rate=0.1, steps=2 * 10**7)),
    (
        s.CosineDecay(0.01, 90, 0.2, warmup_target=0.1, warmup_steps=10),
        partial(r.cosine, rate=0.01, steps=90, alpha=0.2, target=0.1, warm=10),
    ),
    (s.CosineDecayRestarts(0.1, 10), partial(r.restarts, rate=0.1, first=10, t_mul=2.0, m_mul=1.0)),
    (
        s.CosineDecayRestarts(0.1, 10, 3.0, 0.5, 0.1),
        partial(r.restarts, rate=0.1, first=10, t_mul=3.0, m_mul=0.5, alpha=0.1),
    ),
    (s.Cyclical(0.001, 0.1, 10), partial(r.cyclical, low=0.001, high=0.1, size=10)),
    (s.Cyclical(0.001, 0.1, 50, "triangular2"), partial(r.cyclical, low=0.001, high=0.1, size=50, mode="triangular2")),
    (
        s.Cyclical(0.001, 0.1, 50, "exp_range", 0.99999),
        partial(r.cyclical, low=0.001, high=0.1, size=50, mode="exp_range", gamma=0.99999),
    ),
]


def ident(x: Any) -> str:
    return repr(x) if isinstance(x, s.Schedule) else ""


@pytest.mark.parametrize(("schedule", "formula"), FORMULAS, ids=ident)
def test_the_formula_holds_early_and_after_millions_of_steps(schedule: s.Schedule, formula: Any) -> None:
    """Steps as float32 would end at 2²⁴; a rate is right to the last digit of float32."""
    steps = STEPS + LATE
    exact = np.array([formula(t) for t in steps])
    np.testing.assert_allclose(schedule(steps).numpy(), exact, rtol=2e-7, atol=1e-14)


@pytest.mark.parametrize(("schedule", "formula"), FORMULAS, ids=ident)
def test_compiled_is_eager_to_the_last_digit_of_float32(schedule: s.Schedule, formula: Any) -> None:
    steps = np.array(STEPS + LATE)
    np.testing.assert_allclose(pente.jit(schedule)(steps).numpy(), schedule(steps).numpy(), rtol=1.2e-7, atol=1e-35)


def test_restarts_begin_where_they_should_and_not_a_step_off() -> None:
    """With t_mul = 1.5 or 10 the logarithm of a restart is often rounded to below its number."""
    for t_mul, first in [(10.0, 1), (1.5, 64), (2.0, 1), (1.0, 7), (3.0, 5)]:
        begins, length = [0.0], float(first)
        while begins[-1] < 1e7:
            begins.append(begins[-1] + length)
            length *= t_mul
        whole = [int(b) for b in begins[:12] if b == int(b)]
        assert s.CosineDecayRestarts(0.5, first, t_mul)(whole).tolist() == [0.5] * len(whole)


def by_torch(make: Callable[[Any], Any], steps: int, rate: float, setting: str = "lr") -> list[float]:
    """A setting of torch's optimizer at every step of its scheduler."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate, momentum=0.9)
    scheduler, seen = make(optimizer), []
    for _ in range(steps):
        seen.append(float(optimizer.param_groups[0][setting]))
        optimizer.step()
        scheduler.step()
    return seen


lr = torch.optim.lr_scheduler
TORCH: list[tuple[s.Schedule, Callable[[Any], Any], float]] = [
    (s.ExponentialDecay(0.1, 5, 0.5, True), partial(lr.StepLR, step_size=5, gamma=0.5), 0.1),
    (s.ExponentialDecay(0.1, 1, 0.9), partial(lr.ExponentialLR, gamma=0.9), 0.1),
    (s.PiecewiseConstantDecay([9, 19], [0.1, 0.01, 0.001]), partial(lr.MultiStepLR, milestones=[10, 20]), 0.1),
    (s.PolynomialDecay(0.1, 20, 0.0, 2.0), partial(lr.PolynomialLR, total_iters=20, power=2.0), 0.1),
    (s.CosineDecayRestarts(0.1, 5), partial(lr.CosineAnnealingWarmRestarts, T_0=5, T_mult=2), 0.1),
    (s.CosineDecayRestarts(0.1, 5, 1.0), partial(lr.CosineAnnealingWarmRestarts, T_0=5), 0.1),
    (s.Warmup(0.1, 8, 0.025), partial(lr.LinearLR, start_factor=0.25, total_iters=8), 0.1),
    (
        s.Warmup(s.ExponentialDecay(0.1, 1, 0.9), 8, 0.025),
        lambda o: lr.SequentialLR(o, [lr.LinearLR(o, 0.25, total_iters=8), lr.ExponentialLR(o, 0.9)], [8]),
        0.1,
    ),
    *(
        (
            s.Cyclical(0.01, 0.1, 7, mode, 0.97 if mode == "exp_range" else None),
            partial(lr.CyclicLR, base_lr=0.01, max_lr=0.1, step_size_up=7, mode=mode, gamma=0.97),
            0.01,
        )
        for mode in ("triangular", "triangular2", "exp_range")
    ),
]


@pytest.mark.parametrize(("schedule", "make", "rate"), TORCH, ids=ident)
def test_torchs_schedulers_give_the_same(schedule: s.Schedule, make: Any, rate: float) -> None:
    np.testing.assert_allclose(schedule(range(40)).numpy(), by_torch(make, 40, rate), rtol=1e-6, atol=1e-9)


def test_torchs_cosine_gives_the_same_up_to_its_end() -> None:
    """After it torch's rate would rise again."""
    seen = by_torch(partial(lr.CosineAnnealingLR, T_max=30, eta_min=0.01), 31, 0.1)
    np.testing.assert_allclose(s.CosineDecay(0.1, 30, alpha=0.1)(range(31)).numpy(), seen, rtol=1e-6)


@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize("anneal", ["cos", "linear"])
@pytest.mark.parametrize("total", [40, 41, 100])
def test_one_cycle_is_torchs_with_its_momentum(anneal: str, total: int, three_phase: bool) -> None:
    options: dict[str, Any] = {
        "pct_start": 0.25,
        "anneal_strategy": anneal,
        "base_momentum": 0.8,
        "max_momentum": 0.9,
        "div_factor": 10.0,
        "final_div_factor": 100.0,
        "three_phase": three_phase,
    }
    one = s.OneCycle(0.5, total, **options)
    make = partial(lr.OneCycleLR, max_lr=0.5, total_steps=total, **options)
    steps = range(total - 1)  # torch refuses to make a step after the last
    np.testing.assert_allclose(one(steps).numpy(), by_torch(make, total - 1, 0.1), rtol=1e-6)
    np.testing.assert_allclose(one.momentum(steps).numpy(), by_torch(make, total - 1, 0.1, "momentum"), rtol=1e-6)


def test_the_defaults_of_one_cycle_are_torchs() -> None:
    one, make = s.OneCycle(0.5, 50), partial(lr.OneCycleLR, max_lr=0.5, total_steps=50)
    np.testing.assert_allclose(one(range(49)).numpy(), by_torch(make, 49, 0.1), rtol=1e-6)
    np.testing.assert_allclose(one.momentum(range(49)).numpy(), by_torch(make, 49, 0.1, "momentum"), rtol=1e-6)


def test_one_cycle_stays_at_its_end() -> None:
    one = s.OneCycle(1.0, 100)
    assert one([99, 100, 10**7]).numpy() == pytest.approx(1 / 25 / 1e4)
    assert one.momentum([99, 10**7]).numpy() == pytest.approx(0.95)


KERAS: dict[str, list[tuple[Any, ...]]] = {
    "CosineDecay": [(0.1, 20, 0.1), (0.0, 20, 0.2, "CosineDecay", 0.1, 5)],
    "CosineDecayRestarts": [(0.1, 5, 2.0, 0.9, 0.1), (0.1, 5)],
    "ExponentialDecay": [(0.1, 7, 0.5), (0.1, 7, 0.5, True)],
    "InverseTimeDecay": [(0.1, 7, 0.5), (0.1, 7, 0.5, True)],
    "PiecewiseConstantDecay": [([5, 10], [0.1, 0.01, 0.001])],
    "PolynomialDecay": [(0.1, 9), (0.1, 9, 0.01, 2.0), (0.1, 9, 0.01, 0.5, True)],
}


@pytest.mark.parametrize("name", KERAS)
def test_keras_gives_the_same_and_takes_the_same_arguments(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    for arguments in KERAS[name]:
        theirs = getattr(keras.optimizers.schedules, name)(*arguments)
        ours = getattr(s, name)(*arguments)
        expected = [float(theirs(t)) for t in range(40)]
        np.testing.assert_allclose(ours(range(40)).numpy(), expected, rtol=2e-5, atol=1e-7)
        assert ours.get_config().keys() == theirs.get_config().keys()
        again = getattr(s, name).from_config(theirs.get_config())
        assert again.get_config() == ours.get_config()
