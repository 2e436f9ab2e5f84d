"""A batch of another size has other numbers of everything, and the same kernels: nothing is compiled for it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit, llvm
from pente.compiler.rows import KernelRow, LoopRow

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")

RNG = np.random.default_rng(0)
SHAPES = [(3, 3, 3, 16), (3, 3, 16, 32), (512, 48), (48, 48), (48, 5)]
WINDOW, TAPS, W, V, U = (RNG.normal(size=shape).astype(np.float32) / 4 for shape in SHAPES)


def loss(x: Any, y: Any, window: Any, taps: Any, w: Any, v: Any, u: Any) -> Any:
    """Two convolutions, one of them by Winograd's method, pooling, a dense layer, attention, a loop, another layer."""
    h = pente.max_pool(pente.relu(pente.conv(x, window, padding="same")), 2)
    h = pente.relu(pente.conv(h, taps, padding="same"))
    h = pente.relu(pente.max_pool(h, 2).reshape(x.shape[0], 512) @ w)
    heads = h.reshape(x.shape[0], 4, 3, 4)
    scores = pente.softmax(heads @ pente.matrix_transpose(heads) / 2.0)
    rows = (scores @ heads).reshape(x.shape[0], 48)
    state, _ = pente.scan(lambda c, k: (pente.tanh(c @ v + rows * k), ()), rows, np.arange(3, dtype=np.float32))
    chosen = pente.log_softmax(state @ u)[pente.arange(x.shape[0]), y]
    return -chosen.mean()


def texts(rows: Any) -> Iterator[str]:
    for row in rows:
        if isinstance(row, LoopRow):
            yield from texts(row.rows)
        elif isinstance(row, KernelRow):
            yield from row.kernel.texts


def compiled(batch: int) -> set[str]:
    """What is compiled for the loss and all its gradients."""
    step = jit(lambda x, y, *of: pente.value_and_grad(loss, (2, 3, 4, 5, 6))(x, y, *of))
    x = RNG.normal(size=(batch, 16, 16, 3)).astype(np.float32)
    step(x, RNG.integers(0, 5, batch), WINDOW, TAPS, W, V, U)
    return set(texts(step.recent.table.rows))


@pytest.mark.parametrize("batch", [48, 32, 128])
def test_another_batch_compiles_nothing(batch: int) -> None:
    assert compiled(batch) - compiled(64) == set()


def test_a_ragged_batch_compiles_little() -> None:
    """Blocks of a few rows, and loops over numbers that fill no vectors."""
    new = compiled(43) - compiled(64)
    kernels = [text for text in new if "%first" in text]
    assert len(kernels) <= 5
    assert all("%blocks" in text for text in new if text not in kernels)
