"""Many steps in one call: the same bits as step after step, and a step that fails changes nothing."""

from typing import Any

import numpy as np
import pytest

import pente
import pente.compiler.threads
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


def _data(count: int) -> tuple[Any, Any]:
    """Batches of 6 rows, one after the other."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 5, 6 * count), rng.normal(size=(6 * count, 3)).astype(np.float32)


def _batch(data: tuple[Any, Any], i: int) -> tuple[Any, Any]:
    rows, y = data
    return rows[6 * i : 6 * i + 6], y[6 * i : 6 * i + 6]


def _runner(step: Any, state: list[pente.Variable], data: tuple[Any, Any]) -> Runner:
    """A runner that begins where the state began."""
    before = [v.numpy() for v in state]
    step(*_batch(data, 0))
    for variable, value in zip(state, before, strict=True):
        variable.assign(value)
    runner = Runner(step.recent)
    runner.begin(data)
    return runner


def _bits(state: list[pente.Variable]) -> list[bytes]:
    return [v.numpy().tobytes() for v in state]


@pytest.mark.parametrize("cuts", [[0], [1], [2], [1, 1, 3], [5], [3, 5]])
def test_steps_in_a_row_give_the_bits_of_steps_one_by_one(cuts: list[int]) -> None:
    count = sum(cuts)
    data = _data(max(count, 1))
    step, state = _training()
    runner = _runner(step, state, data)
    at = 0
    for steps in cuts:
        runner.run(np.arange(6 * at, 6 * (at + steps)))
        at += steps
    runner.commit()
    single, other = _training()
    wanted = [single(*_batch(data, i)).numpy() for i in range(count)]
    assert _bits(state) == _bits(other)
    if count:
        assert runner.logs().numpy().tobytes() == wanted[-1].tobytes()


def test_a_batch_is_gathered_from_any_rows() -> None:
    data = _data(4)
    order = np.random.default_rng(1).permutation(24)
    step, state = _training()
    runner = _runner(step, state, data)
    runner.run(order)
    runner.commit()
    single, other = _training()
    for i in range(4):
        single(*_batch((data[0][order], data[1][order]), i))
    assert _bits(state) == _bits(other)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_step_that_fails_changes_nothing_and_the_next_goes_on(count: int, threads: int) -> None:
    data = _data(4)
    data[0][6 * count] = 5  # there is no such row
    step, state = _training()
    runner = _runner(step, state, (np.where(data[0] == 5, 0, data[0]), data[1]))
    runner.begin(data)
    single, other = _training()
    before = pente.compiler.threads.threads()
    pente.set_threads(threads)
    try:
        with pytest.raises(BoundsError):
            runner.run(np.arange(24))
    finally:
        pente.set_threads(before)
    for i in range(count):
        single(*_batch(data, i))
    runner.commit()
    assert _bits(state) == _bits(other)
    runner.begin(data)
    runner.run(np.arange(18, 24))
    runner.commit()
    single(*_batch(data, 3))
    assert _bits(state) == _bits(other)


def test_what_a_runner_gave_never_changes() -> None:
    data = _data(4)
    step, state = _training()
    runner = _runner(step, state, data)
    held = []
    for i in range(4):
        runner.run(np.arange(6 * i, 6 * i + 6))
        runner.commit()
        result, weights = runner.logs(), state[1].read()
        held.append((result, result.numpy().copy(), weights, weights.numpy().copy()))
        runner.begin(data)
    for result, first, weights, second in held:
        np.testing.assert_array_equal(result.numpy(), first)
        np.testing.assert_array_equal(weights.numpy(), second)


def test_a_row_that_the_data_does_not_have_is_refused() -> None:
    data = _data(2)
    step, state = _training()
    runner = _runner(step, state, data)
    with pytest.raises(BoundsError, match="row 7 or 12, and the data has 12"):
        runner.run(np.arange(7, 13))


STATES = {
    "returns what it got": lambda x, v: x,
    "keeps what it got": lambda x, v: v.assign(x[:3]),
    "keeps it turned": lambda x, v: v.assign(v.read().T),
    "keeps a constant": lambda x, v: v.assign(np.ones((3, 3), np.float32)),
    "returns what it keeps": lambda x, v: (v.assign(v * 2 + x[:3]), v.read())[1],
    "returns what was": lambda x, v: (v.read() * 3, v.assign(v * 2 + x[:3]))[0],
    "reads its neighbours": lambda x, v: v.assign(v[::-1] + x[:3]),
    "reads late": lambda x, v: (v.assign(v + x[:3]), x @ (v.read() @ v.read()))[1],
}


@pytest.mark.parametrize("name", STATES)
def test_state_is_replaced_only_when_nobody_needs_the_old_one(name: str) -> None:
    function = STATES[name]
    xs = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    found = []
    for in_a_row in (False, True):
        v = pente.Variable(np.arange(9, dtype=np.float32).reshape(3, 3))
        f = jit(lambda x, v=v: function(x, v))
        f(xs[:4])
        if in_a_row:
            runner = Runner(f.recent)
            runner.begin([xs])
            runner.run(np.arange(4, 20))
            runner.commit()
            out = runner.logs()
        else:
            out = [f(xs[i : i + 4]) for i in range(4, 20, 4)][-1]
        found.append((v.numpy().tobytes(), None if out is None else out.numpy().tobytes()))
    assert found[0] == found[1]


def test_a_program_that_cannot_run_by_itself_is_refused() -> None:
    f = jit(pente.linalg.inv)
    f(np.eye(3, dtype=np.float32))
    assert f.recent.runner is None
    with pytest.raises(ValueError, match="cannot run by itself"):
        Runner(f.recent)
