"""What a schedule takes and gives, how it is copied and drawn, and what is refused."""

from typing import Any

import numpy as np
import pytest

import pente
from pente import schedules as s
from pente.errors import UnknownNameError, UsageError

ONE = s.OneCycle(0.1, total_steps=100)
ALL: list[s.Schedule] = [
    s.CosineDecay(0.1, 100),
    s.CosineDecayRestarts(0.1, 100),
    s.Cyclical(0.01, 0.1),
    s.ExponentialDecay(0.1, 100, 0.5),
    s.InverseTimeDecay(0.1, 100, 0.5),
    ONE,
    ONE.momentum,
    s.PiecewiseConstantDecay([10, 20], [0.3, 0.2, 0.1]),
    s.PolynomialDecay(0.1, 100),
    s.Warmup(s.CosineDecay(0.1, 100), 10),
]


def ident(x: Any) -> str:
    return type(x).__name__


@pytest.mark.parametrize("schedule", ALL, ids=ident)
def test_a_step_is_a_number_an_array_or_a_tensor(schedule: s.Schedule) -> None:
    by_array = schedule(np.arange(6).reshape(2, 3))
    assert (by_array.shape, by_array.dtype) == ((2, 3), np.float32)
    assert schedule(pente.arange(6)).tolist() == by_array.numpy().ravel().tolist()
    assert schedule([3, 4]).tolist() == [schedule(3).item(), schedule(np.int64(4)).item()]
    assert schedule(pente.Variable(np.int64(5), trainable=False)).item() == by_array[1, 2].item()
    assert schedule(3).shape == ()


@pytest.mark.parametrize("schedule", ALL, ids=ident)
def test_a_config_makes_an_equal_schedule(schedule: s.Schedule) -> None:
    config = {"class_name": type(schedule).__name__, "config": schedule.get_config()}
    again = s.get(config)
    assert again == schedule
    assert again(range(50)).tolist() == schedule(range(50)).tolist()  # type: ignore[attr-defined]


def test_get_takes_what_is_a_schedule() -> None:
    assert s.get(ALL[0]) is ALL[0]
    assert s.get(abs) is abs
    inner = {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 100}}
    assert s.Warmup(inner, 10) == ALL[-1]
    with pytest.raises(UsageError, match=r"write CosineDecay\(0.1, 1000\)"):
        s.get("CosineDecay")
    with pytest.raises(UnknownNameError, match="Did you mean 'CosineDecay'"):
        s.get({"class_name": "CosinDecay", "config": {}})
    with pytest.raises(UsageError, match="expected one schedule"):
        s.get(0.1)


def test_a_schedule_shows_what_it_was_told() -> None:
    assert repr(ALL[3]) == "ExponentialDecay(initial_learning_rate=0.1, decay_steps=100, decay_rate=0.5)"
    assert repr(s.Warmup(0.1, 10)) == "Warmup(schedule=0.1, warmup_steps=10)"


def test_a_schedule_cannot_be_changed_under_a_program() -> None:
    with pytest.raises(AttributeError):
        ALL[0].decay_steps = 5  # type: ignore[attr-defined]


def test_warmup_takes_numbers_functions_and_schedules() -> None:
    assert s.Warmup(0.1, 4)(range(6)).numpy() == pytest.approx([0.0, 0.025, 0.05, 0.075, 0.1, 0.1])
    by_function = s.Warmup(lambda t: 1.0 / (t + 1), 2)(range(5))
    assert by_function.numpy() == pytest.approx([0.0, 0.5, 1.0, 1 / 2, 1 / 3])
    twice = s.Warmup(s.Warmup(1.0, 2, start=0.5), 2)
    assert twice(range(6)).numpy() == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0, 1.0])


def test_piecewise_goes_through_its_points() -> None:
    line = s.Piecewise([2, 4, 8], [1.0, 3.0, 0.0])
    assert line([0, 2, 3, 4, 6, 8, 9]).tolist() == [1.0, 1.0, 2.0, 3.0, 1.5, 0.0, 0.0]
    bent = s.Piecewise([2, 4, 8], [1.0, 3.0, 0.0], "cos")
    assert bent([2, 3, 4, 6, 8]).tolist() == [1.0, 2.0, 3.0, 1.5, 0.0]
    assert bent(5).item() == pytest.approx(1.5 + 1.5 * np.cos(np.pi / 4), rel=1e-6)


def test_any_function_can_be_plotted_and_is_as_exact_compiled() -> None:
    schedule = s.LambdaSchedule(lambda step: 0.1 / (1 + step))
    line = schedule.plot(steps=50).axes.lines[0]
    np.testing.assert_allclose(line.get_ydata(), 0.1 / (1 + line.get_xdata()), rtol=1e-6)
    compiled = pente.jit(schedule)
    steps = np.array([0, 3, 20_000_001])
    np.testing.assert_array_equal(compiled(steps).numpy(), schedule(steps).numpy())
    np.testing.assert_allclose(compiled(steps).numpy(), 0.1 / (1 + steps), rtol=1e-6)


def test_a_schedule_of_no_function_is_told() -> None:
    with pytest.raises(UsageError, match=r"LambdaSchedule\(lambda step"):
        s.LambdaSchedule(0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize("schedule", ALL, ids=ident)
def test_a_plot_shows_the_rates_at_their_steps(schedule: s.Schedule) -> None:
    plot = schedule.plot(steps=50)
    (curve,) = plot.axes.lines
    assert curve.get_xdata().tolist() == list(range(51))
    assert curve.get_ydata().tolist() == schedule(range(51)).tolist()
    assert plot.axes.get_title() == schedule.name


def test_a_plot_of_many_steps_has_few_points_and_can_join_another() -> None:
    first = ALL[0].plot(10**7)
    assert len(first.axes.lines[0].get_xdata()) <= 1001
    assert first.axes.lines[0].get_xdata()[-1] == 10**7
    both = ONE.momentum.plot(10**7, y_label="momentum", axes=first.axes)
    assert (len(both.axes.lines), both.axes.get_ylabel()) == (2, "momentum")


REFUSED: list[tuple[Any, str]] = [
    (lambda: s.ExponentialDecay(-0.1, 100, 0.5), r"initial_learning_rate .* from 0 up, got -0.1: write Exponential"),
    (lambda: s.ExponentialDecay(0.1, 0, 0.5), r"decay_steps of ExponentialDecay is a number above 0, got 0"),
    (lambda: s.ExponentialDecay(0.1, 100, 0.0), "decay_rate"),
    (lambda: s.ExponentialDecay(0.1, "100", 0.5), "decay_steps"),
    (lambda: s.InverseTimeDecay(0.1, 100, -1.0), "decay_rate"),
    (lambda: s.PolynomialDecay(0.1, 100, power=0.0), "power"),
    (lambda: s.PolynomialDecay(0.1, float("nan")), "decay_steps"),
    (lambda: s.CosineDecay(0.1, -100), "decay_steps"),
    (lambda: s.CosineDecay(0.1, 100, alpha=1.5), "alpha of CosineDecay is a number from 0 to 1"),
    (
        lambda: s.CosineDecay(0.1, 100, warmup_steps=10),
        r"warmup_steps=10: write CosineDecay\(0.0",
    ),
    (lambda: s.CosineDecay(0.1, 100, warmup_target=0.2), r"warmup_steps=0: write CosineDecay\(0.0"),
    (lambda: s.CosineDecay(0.0, 100, warmup_target=-1, warmup_steps=5), "warmup_target"),
    (lambda: s.CosineDecayRestarts(0.1, 100, t_mul=0.5), "t_mul of CosineDecayRestarts is a number from 1 up"),
    (lambda: s.CosineDecayRestarts(0.1, 100, m_mul=0.0), "m_mul"),
    (lambda: s.PiecewiseConstantDecay([20, 10], [1, 2, 3]), r"boundaries .* grow, got \[20, 10\]"),
    (lambda: s.PiecewiseConstantDecay([10, 10], [1, 2, 3]), "grow"),
    (lambda: s.PiecewiseConstantDecay([10, 20], [1, 2]), r"into 3 parts, and 2 values .* write Piecewise"),
    (lambda: s.PiecewiseConstantDecay([-10, 20], [1, 2, 3]), "each of the boundaries"),
    (lambda: s.PiecewiseConstantDecay(10, [1, 2]), "a list of numbers, got 10"),
    (lambda: s.Piecewise([0, 10], [0.1]), r"got 2 steps and 1 values: write Piecewise"),
    (lambda: s.Piecewise([5], [0.1]), "two or more steps"),
    (lambda: s.Piecewise([0, 10], [0.1, 0.2], "cosine"), "'linear' or 'cos', got 'cosine'"),
    (lambda: s.Warmup(0.1, 0), r"warmup_steps .* write Warmup\(CosineDecay"),
    (lambda: s.Warmup("0.1", 10), "a schedule, or a number from 0 up"),
    (lambda: s.Cyclical(0.1, 0.01), "high of Cyclical is a number above low=0.1, got 0.01"),
    (lambda: s.Cyclical(0.01, 0.1, mode="triangle"), "'triangular' or 'triangular2' or 'exp_range', got 'triangle'"),
    (lambda: s.Cyclical(0.01, 0.1, mode="exp_range"), "gamma=None .* gamma=0.9999"),
    (lambda: s.Cyclical(0.01, 0.1, gamma=0.9), "gamma belongs to mode 'exp_range'"),
    (lambda: s.Cyclical(0.01, 0.1, mode="exp_range", gamma=1.5), "between 0 and 1"),
    (lambda: s.OneCycle(0.1, 3), r"too few .* OneCycle\(0.1, total_steps=epochs \* steps_per_epoch\)"),
    (lambda: s.OneCycle(0.1, 100, pct_start=1.5), "pct_start"),
    (lambda: s.OneCycle(0.1, 100, pct_start=0.6, three_phase=True), "between 0 and 0.5"),
    (lambda: s.OneCycle(0.1, 100, base_momentum=1.5), "base_momentum"),
    (lambda: s.OneCycle(0.1, 100, anneal_strategy="sin"), "'cos' or 'linear', got 'sin'"),
    (lambda: ALL[0].plot(steps=0), r"write plot\(steps=1000\)"),
]


@pytest.mark.parametrize(("misuse", "line"), REFUSED)
def test_bad_arguments_are_refused_with_the_line_that_works(misuse: Any, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        misuse()
