"""GradientTape, as TensorFlow's readers know it."""

from typing import Any

import numpy as np
import pytest

import pente
from pente.errors import DTypeError, GradientError, ShapeError, UsageError

X = np.array([0.5, -1.2, 2.0])


def _close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-12)


def test_trainable_variables_are_watched_by_themselves() -> None:
    v, frozen = pente.Variable(X), pente.Variable(X, trainable=False)
    with pente.GradientTape(persistent=True) as tape:
        y = (v * v * frozen).sum()
    _close(tape.gradient(y, v), 2 * X * X)
    with pytest.raises(GradientError, match="not trainable"):
        tape.gradient(y, frozen)


def test_a_tensor_is_watched_when_it_is_told_to() -> None:
    x = pente.tensor(X)
    with pente.GradientTape() as tape:
        tape.watch(x)
        y = x * x * x
    _close(tape.gradient(y, x), 3 * X * X)


def test_watch_takes_lists_and_refuses_what_has_no_gradient() -> None:
    a, b = pente.tensor(X), pente.tensor(X)
    with pente.GradientTape() as tape:
        tape.watch([a, {"b": b}])
        y = a * b
        with pytest.raises(DTypeError, match="int64"):
            tape.watch(pente.tensor([1]))
        with pytest.raises(UsageError, match="tensors"):
            tape.watch(X)
    assert len(tape.gradient(y, [a, b])) == 2


def test_a_tape_that_does_not_watch_by_itself_takes_only_what_it_is_told() -> None:
    v, w = pente.Variable(X), pente.Variable(X)
    with pente.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(v)
        y = v * w
    _close(tape.gradient(y, v), X)
    with pytest.raises(GradientError, match=r"tape\.watch\(v\)"):
        tape.gradient(pente.tensor(1.0), w)


def test_a_loss_for_each_sample_is_summed_and_a_list_of_targets_too() -> None:
    v = pente.Variable(X)
    with pente.GradientTape(persistent=True) as tape:
        y, z = v * v, v.exp().sum()
    _close(tape.gradient(y, v), 2 * X)
    _close(tape.gradient([y, z], v), 2 * X + np.exp(X))
    _close(tape.gradient({"y": y, "z": z}, v), 2 * X + np.exp(X))


def test_the_gradients_are_built_like_the_sources() -> None:
    v, w = pente.Variable(X), pente.Variable(2.0 * X)
    with pente.GradientTape(persistent=True) as tape:
        y = v * w
    found = tape.gradient(y, {"v": v, "more": (w, [v])})
    _close(found["more"][0], X)
    _close(found["more"][1][0], 2 * X)
    assert isinstance(tape.gradient(y, [v, w]), list)
    _close(tape.gradient(y, [v, v])[1], 2 * X)


def test_what_flows_in_may_be_given_for_each_target() -> None:
    v = pente.Variable(X)
    with pente.GradientTape(persistent=True) as tape:
        y = v * v
    _close(tape.gradient(y, v, output_gradients=np.array([1.0, 10.0, 100.0])), 2 * X * [1, 10, 100])
    _close(tape.gradient([y, y], v, output_gradients=[np.ones(3), 2 * np.ones(3)]), 2 * X * 3)
    with pytest.raises(ShapeError, match="do not fit"):
        tape.gradient(y, v, output_gradients=np.ones(2))


def test_a_tape_gives_its_gradients_once_and_a_persistent_one_often() -> None:
    v = pente.Variable(X)
    with pente.GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(UsageError, match="persistent=True"):
        tape.gradient(y, v)
    with pente.GradientTape(persistent=True) as tape:
        y = v * v
    for _ in range(3):
        _close(tape.gradient(y, v), 2 * X)


def test_an_inner_tensor_is_a_source_too() -> None:
    v = pente.Variable(X)
    with pente.GradientTape() as tape:
        inner = v * 3.0
        y = inner * inner
    _close(tape.gradient(y, inner), 6 * X)


def test_what_is_not_connected_raises_or_gives_zeros_or_none() -> None:
    v, w = pente.Variable(X), pente.Variable(X, name="w")
    with pente.GradientTape(persistent=True) as tape:
        y = v * v
    with pytest.raises(GradientError, match=r"w of shape \(3,\) has no gradient"):
        tape.gradient(y, [v, w])
    first, second = tape.gradient(y, [v, w], unconnected_gradients="zero")
    _close(second, np.zeros(3))
    _close(first, 2 * X)
    assert tape.gradient(y, [v, w], unconnected_gradients="none")[1] is None
    with pytest.raises(UsageError, match="'zero'"):
        tape.gradient(y, v, unconnected_gradients="ZERO")


def test_tapes_nest_and_the_outer_differentiates_the_inner() -> None:
    v = pente.Variable(X)
    with pente.GradientTape() as outer:
        with pente.GradientTape() as inner:
            y = (v * v * v).sum()
        first = inner.gradient(y, v)
    _close(first, 3 * X * X)
    _close(outer.gradient(first, v), 6 * X)


def test_three_tapes_give_a_third_derivative() -> None:
    x = pente.tensor(np.array(2.0))
    with pente.GradientTape() as a:
        a.watch(x)
        with pente.GradientTape() as b:
            b.watch(x)
            with pente.GradientTape() as c:
                c.watch(x)
                y = x**4
            first = c.gradient(y, x)
        second = b.gradient(first, x)
    _close(a.gradient(second, x), 48.0)


def test_a_tape_records_inside_no_grad() -> None:
    v = pente.Variable(X)
    with pente.no_grad(), pente.GradientTape() as tape:
        y = v * v
    _close(tape.gradient(y, v), 2 * X)


def test_a_tape_that_was_left_by_an_error_leaves_nothing_behind() -> None:
    with pytest.raises(KeyError), pente.GradientTape():
        raise KeyError
    assert pente.core.state.state.watchers == 0
    assert pente.core.state.state.recording


def test_a_tape_cannot_be_opened_twice_at_once() -> None:
    tape = pente.GradientTape()
    with tape, pytest.raises(UsageError, match="recording already"), tape:
        pass


def test_a_target_that_left_the_graph_is_refused() -> None:
    v = pente.Variable(X)
    with pente.GradientTape() as tape:
        y = (v * v).numpy()
    with pytest.raises(UsageError, match="ndarray"):
        tape.gradient(y, v)


def test_a_training_loop_with_a_tape_finds_the_line() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2))
    y = x @ [2.0, -3.0] + 0.5
    w, b = pente.Variable(np.zeros(2)), pente.Variable(np.zeros(()))
    for _ in range(200):
        with pente.GradientTape() as tape:
            loss = pente.mean(pente.square(x @ w + b - y))
        for variable, slope in zip((w, b), tape.gradient(loss, [w, b]), strict=True):
            variable.assign_sub(0.1 * slope)
    np.testing.assert_allclose(w.numpy(), [2.0, -3.0], atol=1e-6)
    np.testing.assert_allclose(b.numpy(), 0.5, atol=1e-6)
