"""Many steps in a row on two sets of state: the same bits as step after step, and a step that fails changes nothing."""

from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit, llvm
from pente.compiler.runner import Runner
from pente.errors import BoundsError

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")


def _training() -> tuple[Any, list[pente.Variable]]:
    """A step of gradient descent on rows chosen by their number, and its state."""
    table = pente.Variable(np.linspace(-1, 1, 20, dtype=np.float32).reshape(5, 4), name="table")
    w = pente.Variable(np.linspace(-2, 2, 12, dtype=np.float32).reshape(4, 3), name="w")
    count = pente.Variable(0, name="count")

    @jit
    def step(rows: Any, y: Any) -> Any:
        def loss() -> Any:
            return ((pente.take(table, rows, axis=0) @ w - y) ** 2).mean()

        value, (down, across) = pente.value_and_grad(loss, wrt=[table, w])()
        table.assign_sub(0.1 * down)
        w.assign_sub(0.1 * across)
        count.assign_add(1)
        return value

    return step, [table, w, count]


def _batches(count: int) -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(0)
    return [(rng.integers(0, 5, 6), rng.normal(size=(6, 3)).astype(np.float32)) for _ in range(count)]


def _runner(step: Any, state: list[pente.Variable], batch: tuple[Any, ...]) -> Runner:
    """A runner that begins where the state began."""
    before = [v.numpy() for v in state]
    step(*batch)
    for variable, value in zip(state, before, strict=True):
        variable.assign(value)
    return Runner(step.recent)


def _give(runner: Runner, batch: tuple[Any, ...]) -> None:
    for place, value in zip(runner.arguments, batch, strict=True):
        place[...] = value


@pytest.mark.parametrize("count", [0, 1, 2, 5, 8])
def test_steps_in_a_row_give_the_bits_of_steps_one_by_one(count: int) -> None:
    batches = _batches(max(count, 1))
    step, state = _training()
    runner = _runner(step, state, batches[0])
    losses = []
    for batch in batches[:count]:
        _give(runner, batch)
        runner.step()
        losses.append(runner.results().numpy())
    runner.commit()
    single, other = _training()
    wanted = [single(*batch).numpy() for batch in batches[:count]]
    assert [x.tobytes() for x in losses] == [x.tobytes() for x in wanted]
    assert [v.numpy().tobytes() for v in state] == [v.numpy().tobytes() for v in other]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_step_that_fails_changes_nothing_and_the_next_goes_on(count: int) -> None:
    batches = _batches(3)
    step, state = _training()
    runner = _runner(step, state, batches[0])
    single, other = _training()
    for batch in batches[:count]:
        _give(runner, batch)
        runner.step()
        single(*batch)
    _give(runner, (np.full(6, 5), batches[0][1]))
    with pytest.raises(BoundsError):
        runner.step()
    runner.commit()
    assert [v.numpy().tobytes() for v in state] == [v.numpy().tobytes() for v in other]
    _give(runner, batches[2])
    runner.step()
    runner.commit()
    single(*batches[2])
    assert [v.numpy().tobytes() for v in state] == [v.numpy().tobytes() for v in other]


def test_what_a_runner_gave_never_changes() -> None:
    batches = _batches(4)
    step, state = _training()
    runner = _runner(step, state, batches[0])
    held = []
    for batch in batches:
        _give(runner, batch)
        runner.step()
        runner.commit()
        result, weights = runner.results(), state[1].read()
        held.append((result, result.numpy().copy(), weights, weights.numpy().copy()))
    for result, first, weights, second in held:
        np.testing.assert_array_equal(result.numpy(), first)
        np.testing.assert_array_equal(weights.numpy(), second)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, v: pente.linalg.inv(x),
        lambda x, v: x,
        lambda x, v: v.assign(x),
        lambda x, v: (v.assign(x * 2), v.read())[1],
    ],
    ids=["stops for NumPy", "returns what it got", "keeps what it got", "returns what it keeps"],
)
def test_a_program_that_cannot_run_by_itself_is_refused(function: Any) -> None:
    v = pente.Variable(np.eye(3, dtype=np.float32))
    f = jit(lambda x: function(x, v))
    f(np.eye(3, dtype=np.float32))
    assert not Runner.possible(f.recent)
    with pytest.raises(ValueError, match="cannot run by itself"):
        Runner(f.recent)
