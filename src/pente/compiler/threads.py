"""Threads that help with large programs.

They are Python threads that spend their time in one native call, which releases the interpreter: there they look for
tasks of the program that runs, and after a while without any they come back and sleep. Nobody waits for them to wake.
Results do not depend on how many there are: every number is computed by one thread alone.
"""

import atexit
import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import Any

import numpy as np

from pente.compiler.walk import BLOCK, CLOSED, HELD_UP, MOST_THREADS, sleeping, walk

__all__ = ["run_native", "set_threads", "threads"]

ALONE = 0.02  # seconds without helpers after one of them was kept from running in the middle of a task,
SOON = 0.02  # and where that happens again within so many seconds of their return twice as long,
LONGEST = 0.8  # up to so many


def _default() -> int:
    chosen = os.environ.get("PENTE_THREADS", "")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(max(int(chosen), 1) if chosen.isdigit() else usable, MOST_THREADS)


class _Helper:
    """A thread that serves one block of shared words."""

    def __init__(self, block: Any, part: int) -> None:
        self.block, self.part = block, part
        self.go = threading.Semaphore(0)
        self.thread = threading.Thread(target=self._serve, name="pente", daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        place, serve = self.block.ctypes.data, walk().serve
        while not self.block[CLOSED]:
            serve(place, self.part)
            self.go.acquire()

    def wake(self) -> None:
        """Let it look for tasks again, if it sleeps."""
        asleep = sleeping(self.part)
        if self.block[asleep]:
            self.block[asleep] = 0
            self.go.release()


def _find_processor() -> Callable[[], int]:
    """What tells on which processor this thread runs, where the system knows."""
    if not hasattr(os, "sched_setaffinity"):
        return lambda: -1
    try:
        found: Callable[[], int] = ctypes.PyDLL(None).sched_getcpu
    except (AttributeError, OSError):
        return lambda: -1
    return found


_processor = _find_processor()


class _Pool:
    """The helpers of this process, and the words that all of them share."""

    def __init__(self) -> None:
        self.count = _default()
        self.helpers: list[_Helper] = []
        self.busy = threading.Lock()
        self.alone_until, self.alone = 0.0, ALONE
        self.place = -1  # the processor of the thread that ran last
        words = np.zeros(BLOCK + 16, np.int64)
        self.block = words[-words.ctypes.data % 128 // 8 :]  # from the beginning of a line

    def run(self, program: int, start: int, stop: int) -> int:
        while len(self.helpers) < self.count - 1:
            self.helpers.append(_Helper(self.block, len(self.helpers) + 1))
            self.place = -1
        self._spread()
        for helper in self.helpers[: self.count - 1]:
            helper.wake()
        stopped: int = walk().together(self.block.ctypes.data, program, start, stop, self.count)
        if self.block[HELD_UP]:  # somebody else wants the processors, too: each waiting for the other costs more
            self.block[HELD_UP] = 0
            self._rest(perf_counter())
        return stopped

    def _rest(self, now: float) -> None:
        """No helpers for a while; for longer if they have only just come back."""
        again = now < self.alone_until + SOON
        self.alone = min(2 * self.alone, LONGEST) if again else ALONE
        self.alone_until = now + self.alone

    def _spread(self) -> None:
        """Keep the helpers away from the processor of this thread: Linux wakes them there, and may leave them there."""
        place = _processor()
        if place == self.place:
            return
        others = os.sched_getaffinity(0) - {place}
        for helper in self.helpers if others else ():
            with suppress(OSError):  # it may not be allowed
                os.sched_setaffinity(helper.thread.native_id or os.getpid(), others)
        self.place = place

    def close(self) -> None:
        """Nobody is in native code any more when the process ends."""
        self.block[CLOSED] = 1
        for helper in self.helpers:
            helper.go.release()
        for helper in self.helpers:
            helper.thread.join()


_pool = _Pool()


def _begin_anew() -> None:
    """A forked child has none of its parent's threads."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
atexit.register(lambda: _pool.close())


def threads() -> int:
    """How many threads a large program runs on."""
    return _pool.count


def set_threads(count: int) -> None:
    """Let large programs run on this many threads; small ones run on one. PENTE_THREADS sets it from outside.

    The numbers that come out are the same for any count.

    >>> import pente
    >>> pente.set_threads(1)
    """
    if not 1 <= count <= MOST_THREADS:
        raise ValueError(f"set_threads wants from 1 to {MOST_THREADS}, and got {count}.")
    with _pool.busy:
        _pool.count = count


def run_native(program: int, start: int, stop: int, together: bool) -> int:
    """Run stages of a program and return the one at which it stopped.

    On all threads if ``together``, and if the others are not busy with another program; else on this one alone.
    """
    pool = _pool
    if together and pool.count > 1 and perf_counter() >= pool.alone_until and pool.busy.acquire(blocking=False):
        try:
            return pool.run(program, start, stop)
        finally:
            pool.busy.release()
    stopped: int = walk().alone(program, start, stop)
    return stopped
