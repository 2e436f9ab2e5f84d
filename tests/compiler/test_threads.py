"""Large programs run on several threads, and the numbers do not depend on how many."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit, threads

RNG = np.random.default_rng(5)
X = RNG.normal(size=(16, 17, 19, 8)).astype(np.float32)
KERNEL = RNG.normal(size=(3, 3, 8, 40)).astype(np.float32)
W = RNG.normal(size=(40, 24)).astype(np.float32)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    count = threads.threads()
    yield
    pente.set_threads(count)


def loss(x: Any, kernel: Any, w: Any) -> Any:
    hidden = pente.max_pool(pente.relu(pente.conv(x, kernel, padding="same")), 2)
    return pente.logsumexp(hidden.mean(axis=1) @ w, axis=-1).sum() + (hidden * hidden).mean()


def compiled() -> Any:
    return jit(lambda *args: pente.value_and_grad(loss, (0, 1, 2))(*args))


def bits(result: Any) -> list[Any]:
    return [part.numpy().tobytes() for part in (result[0], *result[1])]


def test_the_bits_are_the_same_on_one_two_and_three_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pente.compiler.native.WORTH_SHARING", 0.0)
    step = compiled()
    found = []
    for count in (1, 2, 3, 2):
        pente.set_threads(count)
        found.append(bits(step(X, KERNEL, W)))
    assert all(each == found[0] for each in found)


def test_a_small_program_wakes_nobody() -> None:
    pente.set_threads(2)
    step = jit(lambda x: (x * 2).sum())
    step(X[:1])
    (program,) = step.programs.values()
    assert not program.table.worth_sharing


def test_callers_on_several_threads_get_their_own_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pente.compiler.native.WORTH_SHARING", 0.0)
    pente.set_threads(2)
    step = compiled()
    inputs = [X * scale for scale in (0.5, 1.0, 2.0)]
    wanted = [bits(step(x, KERNEL, W)) for x in inputs]
    got: list[Any] = [None] * 3

    def work(i: int) -> None:
        for _ in range(5):
            got[i] = bits(step(inputs[i], KERNEL, W))

    workers = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert got == wanted


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_runs_on_threads_of_its_own() -> None:
    script = """
import os, numpy as np, pente
import pente.compiler.native as native
native.WORTH_SHARING = 0.0
pente.set_threads(2)
step = pente.jit(lambda x: (x * 2 + 1).reshape(-1))
x = np.arange(20000.0)
step(x)
child = os.fork()
if child == 0:
    os._exit(0 if (step(x).numpy() == x * 2 + 1).all() else 1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0
assert (step(x).numpy() == x * 2 + 1).all()
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], timeout=60, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_fewer_than_one_thread_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        pente.set_threads(0)
