"""Long sums over weights are cut where the weights lie: the same numbers, and only where it is worth it."""

from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit, llvm
from pente.compiler.passes.depth import PARTS, cut_depth
from pente.core import primitives as p
from pente.core.verify import verify
from tests.compiler.agreement import assert_agree

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")


def _step(rows: int, k: int, columns: int, dtype: str = "float32") -> tuple[Any, list[Any], pente.Variable]:
    """A step of gradient descent on a dense layer, and a batch."""
    rng = np.random.default_rng(rows + k)
    w = pente.Variable(rng.normal(size=(k, columns)).astype(dtype) / np.sqrt(k).astype(dtype), name="w")

    def step(x: Any, y: Any) -> Any:
        loss, down = pente.value_and_grad(lambda: ((pente.tanh(x @ w) - y) ** 2).mean(), wrt=w)()
        w.assign_sub(0.5 * down)
        return loss

    return step, [rng.normal(size=(rows, k)).astype(dtype), rng.normal(size=(rows, columns)).astype(dtype)], w


def _products_of(graph: Any) -> list[Any]:
    return [node.shape for node in graph.nodes if node.op is p.matmul]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("rows", "k", "columns"), [(32, 784, 64), (1, 1024, 600), (7, 516, 250), (32, 512, 40)])
def test_a_step_with_a_cut_sum_is_the_step(rows: int, k: int, columns: int, dtype: str) -> None:
    step, batch, w = _step(rows, k, columns, dtype)
    start = w.numpy()
    losses = [step(*map(pente.asarray, batch)).numpy() for _ in range(3)]
    wanted = w.numpy()
    w.assign(start)
    compiled = jit(step)
    assert (PARTS, rows, columns) in _products_of(verify(compiled.lower(*batch)))
    assert_agree(np.array([compiled(*batch).numpy() for _ in range(3)]), np.array(losses))
    assert_agree(w.numpy(), wanted)


@pytest.mark.parametrize(
    ("rows", "k", "columns"),
    [(100, 784, 64), (32, 783, 64), (32, 784, 8), (256, 1024, 1024)],
    ids=["many rows", "no four equal parts", "little work", "a result as large as the matrix"],
)
def test_other_sums_stay_whole(rows: int, k: int, columns: int) -> None:
    step, batch, _ = _step(rows, k, columns)
    assert all(len(shape) == 2 for shape in _products_of(jit(step).lower(*batch)))


def test_a_product_with_a_stack_of_matrices_stays_whole() -> None:
    step, (x, y), _ = _step(32, 784, 64)
    stack = pente.Variable(np.ones((3, 784, 64), np.float32))

    def stacked(x: Any, y: Any) -> Any:
        down = pente.value_and_grad(lambda: ((x @ stack) ** 2).mean(), wrt=stack)()[1]
        stack.assign_sub(0.5 * down)
        return step(x, y)

    assert (3, 32, 64) in _products_of(jit(stacked).lower(x, y))


def test_what_trains_nothing_stays_whole() -> None:
    w = pente.Variable(np.ones((784, 64), np.float32))
    graph = jit(lambda x: x @ w).lower(np.ones((32, 784), np.float32))
    assert _products_of(graph) == [(32, 64)]
    assert cut_depth(graph) is graph


def test_batches_gathered_in_parts_are_the_batches() -> None:
    """An epoch that runs by itself gives the bits of one that runs step by step."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(96, 28, 28)).astype(np.float32), rng.integers(0, 10, 96)
    trained = []
    for callbacks in ([], [_Looking()]):
        pente.set_seed(1)
        model = pente.Sequential(
            [pente.layers.Flatten(), pente.layers.Dense(64, activation="relu"), pente.layers.Dense(10)]
        )
        model.compile(optimizer="adam", loss=pente.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=callbacks)
        trained.append([w.tobytes() for w in model.get_weights()])
    assert trained[0] == trained[1]


class _Looking(pente.callbacks.Callback):
    """Asks for every step, so that none runs by itself."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look."""
