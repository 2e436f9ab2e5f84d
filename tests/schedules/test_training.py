"""A schedule in a training: inside the compiled step, in step with the eager one, and never traced again."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pente
from pente import schedules as s
from pente.compiler import llvm
from pente.errors import UsageError
from pente.optimizers import SGD, Adam, AdamW, Nadam, Optimizer, RMSprop, get

ONE = s.OneCycle(0.1, total_steps=12)


def trained(optimizer: Optimizer, jit: bool = True, epochs: int = 3) -> pente.Sequential:
    """A small model after ``epochs`` epochs of 4 steps."""
    pente.set_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 3)).astype("float32")
    model = pente.Sequential([pente.layers.Dense(4, activation="tanh"), pente.layers.Dense(1)])
    model.compile(optimizer, "mse", jit=jit)
    model.fit(x, x[:, :1] * x[:, 1:2], epochs=epochs, batch_size=8, verbose=0)
    return model


def traces(model: pente.Sequential) -> list[str]:
    found: list[str] = vars(model)["programs"]["train_step"].retraces
    return found


MAKERS: list[Callable[[], Optimizer]] = [
    lambda: SGD(ONE, momentum=ONE.momentum),
    lambda: SGD(s.Cyclical(0.01, 0.1, 2, "triangular2"), momentum=ONE.momentum, nesterov=True),
    lambda: SGD(lambda step: 0.1 / (step + 1.0)),
    lambda: Adam(s.CosineDecayRestarts(0.01, 4), beta_1=ONE.momentum),
    lambda: AdamW(s.Warmup(s.CosineDecay(0.01, 8), 4), weight_decay=s.PolynomialDecay(0.1, 12)),
    lambda: RMSprop(s.PiecewiseConstantDecay([3, 6], [0.1, 0.03, 0.01]), rho=ONE.momentum, momentum=ONE.momentum),
]


@pytest.mark.parametrize("make", MAKERS)
def test_compiled_training_is_eager_training_and_is_traced_once(make: Callable[[], Optimizer]) -> None:
    compiled, eager = trained(make()), trained(make(), jit=False)
    for a, b in zip(compiled.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)
    for v, w in zip(compiled.optimizer.variables, eager.optimizer.variables, strict=True):
        np.testing.assert_allclose(v.numpy(), w.numpy(), rtol=1e-4, atol=1e-5, err_msg=str(v.name))
    assert traces(compiled) == []
    assert not llvm.available() or compiled._recent().runner is not None  # type: ignore[union-attr]  # many steps in one native call


def test_rate_and_momentum_can_be_read_and_are_part_of_the_state() -> None:
    model = trained(SGD(ONE, momentum=ONE.momentum))
    optimizer = model.optimizer
    assert float(optimizer.learning_rate) == ONE(11).item()
    assert float(optimizer.momentum) == ONE.momentum(11).item()  # type: ignore[attr-defined]
    kept = {v.name: float(v.numpy()) for v in optimizer.variables if v.shape == ()}
    assert kept == {
        "optimizer/iterations": 12,
        "optimizer/learning_rate": ONE(11).item(),
        "optimizer/scheduled/momentum": ONE.momentum(11).item(),
    }


def test_momentum_follows_its_schedule_step_by_step() -> None:
    """m ← μₜ·m - η·g with a new μ at every step."""
    momentum = s.Piecewise([0, 4], [0.0, 0.8])
    w, optimizer = pente.Variable(0.0, name="w"), SGD(0.5, momentum=momentum)
    m = at = 0.0
    for step in range(6):
        optimizer.apply([pente.tensor(1.0)], [w])
        m = momentum(step).item() * m - 0.5
        at += m
        assert w.numpy() == pytest.approx(at, rel=1e-6)
        assert optimizer.momentum.numpy() == momentum(step).numpy()


def test_the_betas_of_adam_follow_their_schedules_in_its_correction_too() -> None:
    beta = s.Piecewise([0, 4], [0.5, 0.9])
    w, optimizer = pente.Variable(np.array(1.0), name="w"), Adam(0.125, beta_1=beta, epsilon=1e-30)
    m = v = 0.0
    at = 1.0
    for step in range(6):
        grad, b = float(step + 1), float(beta(step).numpy())
        optimizer.apply([pente.tensor(np.array(grad))], [w])
        m, v = b * m + (1 - b) * grad, 0.999 * v + 0.001 * grad**2
        at -= 0.125 * np.sqrt(1 - 0.999 ** (step + 1)) / (1 - b ** (step + 1)) * m / np.sqrt(v)
        assert w.numpy() == pytest.approx(at, rel=1e-9)


def test_the_first_rate_is_that_of_step_0_and_shows_before_training() -> None:
    optimizer = SGD(s.CosineDecay(0.1, 10), momentum=s.Piecewise([0, 10], [0.5, 0.9]))
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    assert float(optimizer.momentum) == pytest.approx(0.5)


def test_a_schedule_goes_on_with_the_next_fit_and_begins_anew_with_the_counter() -> None:
    model = trained(SGD(s.InverseTimeDecay(0.1, 1, 1.0)), epochs=2)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1 / 8)
    x = np.zeros((8, 3), "float32")
    model.fit(x, x[:, :1], epochs=1, batch_size=8, verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1 / 9)
    model.optimizer.iterations.assign(0)
    model.fit(x, x[:, :1], epochs=1, batch_size=8, verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)
    assert traces(model) == []


def test_a_schedule_that_is_changed_is_never_stale() -> None:
    model = trained(SGD(s.CosineDecay(0.1, 100), momentum=0.5))
    x = np.zeros((8, 3), "float32")

    def rate_after_a_step() -> float:
        model.fit(x, x[:, :1], epochs=1, batch_size=8, verbose=0)
        return float(model.optimizer.learning_rate)

    model.optimizer.learning_rate = s.Piecewise([0, 1], [0.3, 0.3])
    assert rate_after_a_step() == pytest.approx(0.3)
    with pytest.raises(UsageError, match=r"write opt.schedule = None first"):
        model.optimizer.learning_rate = 0.2
    assert rate_after_a_step() == pytest.approx(0.3)
    model.optimizer.schedule = None
    assert rate_after_a_step() == pytest.approx(0.3)  # where it was
    model.optimizer.learning_rate = 0.2
    assert rate_after_a_step() == pytest.approx(0.2)


def test_momentum_may_follow_a_schedule_later_and_be_a_number_again() -> None:
    w, optimizer = pente.Variable(0.0, name="w"), SGD(1.0, momentum=0.5)
    optimizer.apply([pente.tensor(1.0)], [w])
    optimizer.momentum = s.Piecewise([0, 1], [0.25, 0.25])
    optimizer.apply([pente.tensor(0.0)], [w])
    assert w.numpy() == -1.25
    before = optimizer.revision
    optimizer.momentum = 0.0
    assert (optimizer.momentum, optimizer.slots) == (0.0, ())
    assert optimizer.revision > before


@pytest.mark.parametrize("make", MAKERS[:2] + MAKERS[3:])
def test_a_config_keeps_the_schedules(make: Callable[[], Optimizer]) -> None:
    optimizer = make()
    again = get({"class_name": type(optimizer).__name__, "config": optimizer.get_config()})
    assert repr(again) == repr(optimizer)
    plain = optimizer.get_config()["learning_rate"]
    by_config = SGD({"class_name": type(plain).__name__, "config": plain.get_config()})
    assert by_config.schedule == plain


@pytest.mark.parametrize(
    ("misuse", "line"),
    [
        (lambda: SGD(0.1, nesterov=True, momentum="0.9"), "momentum is a number from 0 to 1"),
        (lambda: Adam(s.CosineDecay), "learning_rate is a number above 0"),
        (lambda: Adam(0.1, epsilon=s.CosineDecay(0.1, 10)), "epsilon is a number above 0"),
        (lambda: Nadam(0.1, beta_1=s.CosineDecay(0.1, 10)), r"write Nadam\(beta_1=0.9\)"),
        (lambda: Adam({"class_name": "CosineDecay", "config": {"initial_learning_rate": -1, "decay_steps": 1}}), "-1"),
    ],
)
def test_what_is_no_schedule_is_refused(misuse: Any, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        misuse()
