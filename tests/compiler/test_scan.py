"""Loops whose body is compiled: whatever they carry, read and give, they do what NumPy does."""

from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit
from pente.errors import BoundsError
from tests.compiler.agreement import agree, assert_agree

BODIES = {
    "single numbers": lambda c, x: (c + x.sum(), c * 2),
    "the carry changes places": lambda c, x: ((c[1], c[0]), c[0] - c[1]),
    "rows pass through": lambda c, x: (c + 1, x),
    "the same twice": lambda c, x: ((c + x, c + x), (c + x, c)),
    "nothing is carried on": lambda c, x: (c, c),
    "an outer product": lambda c, x: (c + pente.reshape(x, (-1, 1)) @ pente.reshape(x, (1, -1)), c @ x),
    "a constant is given": lambda c, x: (c + x, pente.asarray(np.ones(2, np.float64))),
    "a view is given": lambda c, x: (c + x, (c[::-1], pente.reshape(x, (x.shape[0], 1)))),
    "stops for NumPy": lambda c, x: (c + x.cumsum(axis=0), pente.linalg.inv(pente.eye(2, dtype="float64") * 2)),
}
STARTS = {
    "single numbers": np.float64(1.0),
    "the carry changes places": (np.ones(3), np.arange(3.0)),
    "the same twice": None,
    "an outer product": np.zeros((5, 5)),
}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 17])
@pytest.mark.parametrize("name", BODIES)
def test_a_loop_agrees(name: str, length: int, reverse: bool) -> None:
    xs = (np.arange(length * 5).reshape(length, 5) % 7).astype(np.float64)
    start = STARTS.get(name, np.ones(5))
    body = BODIES[name]
    if name == "the same twice":
        start, body = (np.ones(5), np.zeros(5)), lambda c, x: BODIES[name](c[0], x)

    def loop(xs: Any) -> Any:
        return pente.scan(body, start, xs, reverse=reverse)

    agree(loop, xs)


def test_the_gradient_of_a_loop_agrees() -> None:
    xs, w = np.random.default_rng(0).normal(size=(7, 4)), np.random.default_rng(1).normal(size=(4, 4)) / 2

    def loss(xs: Any, w: Any) -> Any:
        return (pente.scan(lambda c, x: (pente.tanh(c @ w + x), c), np.zeros(4), xs)[1] ** 2).sum()

    agree(lambda xs, w: pente.value_and_grad(loss, (0, 1))(xs, w), xs, w)


def test_a_loop_in_a_loop_agrees() -> None:
    xs = np.random.default_rng(0).normal(size=(3, 4, 2)).astype(np.float32)

    def outer(c: Any, rows: Any) -> Any:
        c, ys = pente.scan(lambda c, x: (c * 0.5 + x, c), c, rows)
        return c, ys.sum(axis=0)

    agree(lambda xs: pente.scan(outer, np.zeros(2, np.float32), xs), xs, check=lambda a, b: assert_agree(a, b, 1.0))


def test_results_of_earlier_loops_never_change() -> None:
    f = jit(lambda xs: pente.scan(lambda c, x: (c + x, c * x), np.zeros(2), xs))
    held = [f(np.full((3, 2), float(i))) for i in range(4)]
    for i, (carry, ys) in enumerate(held):
        assert carry.tolist() == [3.0 * i] * 2
        assert ys.tolist() == [[0.0] * 2, [1.0 * i * i] * 2, [2.0 * i * i] * 2]


def test_a_bad_index_in_a_step_raises_and_changes_nothing() -> None:
    total = pente.Variable(np.zeros(2))
    table = np.arange(6.0).reshape(3, 2)

    @jit
    def step(places: Any) -> None:
        total.assign(
            pente.scan(lambda c, i: (c + pente.take(pente.asarray(table), i, axis=0), c), total.read(), places)[0]
        )

    for _ in range(2):
        with pytest.raises(BoundsError):
            step(np.array([[0], [7], [1]])[:, 0])
        assert total.numpy().tolist() == [0.0, 0.0]
    step(np.array([0, 2]))
    assert total.numpy().tolist() == [4.0, 6.0]
