"""Threads that run the same table, each its share of every row.

They are Python threads that wait for a lock and run inside one native call, which releases the interpreter. Where data
crosses from one to another they meet at a barrier. Results do not depend on how many there are: every number is
computed by one thread alone.
"""

import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["run_shared", "set_threads", "threads"]

Walk = Callable[..., None]


def _default() -> int:
    chosen = os.environ.get("PENTE_THREADS", "")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(int(chosen), 1) if chosen.isdigit() else usable


class _Helper:
    """One waiting thread."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.idle = threading.Event()
        self.idle.set()
        self.job: tuple[Any, ...] = ()
        threading.Thread(target=self._serve, name="pente", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self.go.acquire()
            walk, *arguments = self.job
            walk(*arguments)
            self.idle.set()

    def start(self, *job: Any) -> None:
        self.idle.wait()  # an interrupt may have kept the last run from waiting
        self.idle.clear()
        self.job = job
        self.go.release()


class _Pool:
    """The helpers of this process, and the memory in which they meet."""

    def __init__(self) -> None:
        self.count = _default()
        self.helpers: list[_Helper] = []
        self.busy = threading.Lock()
        self.meeting = np.zeros(64, np.int64)  # two words, far apart: who has arrived, and how often all had

    def run(self, walk: Walk, *arguments: Any) -> None:
        while len(self.helpers) < self.count - 1:
            self.helpers.append(_Helper())
        place = self.meeting.ctypes.data
        for part, helper in enumerate(self.helpers[: self.count - 1], 1):
            helper.start(walk, *arguments, part, self.count, place)
        walk(*arguments, 0, self.count, place)
        for helper in self.helpers:  # nobody is in native code any more when the program, or the process, is let go
            helper.idle.wait()


_pool = _Pool()


def _begin_anew() -> None:
    """A forked child has none of its parent's threads."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def threads() -> int:
    """How many threads a large program runs on."""
    return _pool.count


def set_threads(count: int) -> None:
    """Let large programs run on this many threads; small ones run on one. PENTE_THREADS sets it from outside.

    The numbers that come out are the same for any count.

    >>> import pente
    >>> pente.set_threads(1)
    """
    if count < 1:
        raise ValueError(f"set_threads wants at least 1, and got {count}.")
    with _pool.busy:
        _pool.count = count


def run_shared(walk: Walk, *arguments: Any) -> None:
    """Run the walk on all threads; on this one alone where the others are busy with another program."""
    pool = _pool
    if pool.count > 1 and pool.busy.acquire(blocking=False):
        try:
            pool.run(walk, *arguments)
        finally:
            pool.busy.release()
    else:
        walk(*arguments, 0, 1, pool.meeting.ctypes.data)
