"""Threads that share a program: forks, exits, errors and programs that come and go."""

import os
import subprocess
import sys

import numpy as np
import pytest

from pente.compiler import llvm

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")

START = """
import gc, os, sys, threading
import numpy as np
import pente
from pente.compiler import jit
x = np.ones((600, 600), np.float32)
wanted = np.full(600, 600.0 * 600, np.float32)
def work(f):
    assert np.array_equal(f(x).numpy(), wanted)
def program():
    return jit(lambda x: (x @ x).sum(axis=0))
"""


def _run(code: str) -> None:
    env = {**os.environ, "PENTE_THREADS": "3"}
    run = subprocess.run([sys.executable, "-c", START + code], env=env, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr[-2000:]


def test_programs_may_be_let_go_while_helpers_are_late() -> None:
    _run("""
for _ in range(60):
    work(program())
    gc.collect()
""")


def test_a_forked_child_has_threads_of_its_own() -> None:
    _run("""
f = program()
work(f)
child = os.fork()
if not child:
    work(f)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
work(f)
""")


def test_the_process_ends_while_helpers_wait() -> None:
    _run("work(program())")


def test_several_python_threads_may_run_large_programs_at_once() -> None:
    _run("""
right = []
def many(f):
    for _ in range(20):
        right.append(np.array_equal(f(x).numpy(), wanted))
shared = program()
crowd = [threading.Thread(target=many, args=(f,)) for f in (shared, shared, program())]
[t.start() for t in crowd], [t.join() for t in crowd]
assert right == [True] * 60
""")


def test_the_number_of_threads_may_change_between_calls() -> None:
    _run("""
from pente.compiler.threads import set_threads, threads
f = program()
for count in (1, 3, 2, 5, 1, 2):
    set_threads(count)
    assert threads() == count
    work(f)
""")


def test_no_threads_are_refused() -> None:
    from pente.compiler.threads import set_threads, threads

    before = threads()
    with pytest.raises(ValueError, match="from 1 to 64, and got 0"):
        set_threads(0)
    assert threads() == before
    assert np.isfinite(before)


def test_a_run_whose_helper_is_held_up_goes_on_alone_and_is_right() -> None:
    _run("""
from pente.compiler import threads
from pente.compiler.walk import HELD_UP
f = program()
work(f)
for _ in range(5):
    threads._pool.alone_until = 0.0
    threads._pool.block[HELD_UP] = 1
    work(f)
    assert threads._pool.block[HELD_UP] == 0 and threads._pool.alone_until > 0
    work(f)
threads._pool.alone_until = 0.0
work(f)
""")


def test_helpers_that_are_held_up_again_and_again_stay_away_for_longer() -> None:
    _run("""
from pente.compiler.threads import ALONE, LONGEST, SOON, _Pool
pool, now, pauses = _Pool(), 10.0, []
for _ in range(8):
    pool._rest(now)
    pauses.append(pool.alone_until - now)
    now = pool.alone_until + SOON / 2
assert pauses[0] < pauses[1] < pauses[2] and abs(pauses[-1] - LONGEST) < 1e-9, pauses
pool._rest(now + SOON)
assert abs(pool.alone - ALONE) < 1e-9
""")
