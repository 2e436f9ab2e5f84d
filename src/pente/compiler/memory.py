"""Where it lies: buffers that are never needed at the same time share memory."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pente.compiler.rows import LoopRow
from pente.compiler.schedule import Begin, End, Part, Stage, Stop
from pente.core.node import Node
from pente.core.room import make_room

__all__ = ["Arena", "Life", "address_of", "lives", "placed_together"]

LINE = 64  # bytes: the registers are loaded fastest from whole lines of the cache


def address_of(array: Any) -> int:
    """Where the numbers of an array begin."""
    address: int = array.__array_interface__["data"][0]
    return address


class Arena:
    """Memory for what programs compute on the way; who holds the lock may run one of them.

    All programs of a function share it: the one for the smaller last batch finds memory that the system has given.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.memory = np.empty(0, np.uint8)

    def first(self, size: int) -> Any:
        """So many bytes, from the beginning of a line of the cache."""
        if size > len(self.memory):
            make_room(size)
            memory = np.empty(size + LINE, np.uint8)
            self.memory = memory[-address_of(memory) % LINE :][:size]
        return self.memory[:size]


class Life(NamedTuple):
    """The first and the last stage that touches a buffer."""

    first: int
    last: int


def lives(parts: Sequence[Part]) -> dict[Node, Life]:
    """The life of every buffer. What a loop reads, gives or carries on lives through all of it."""
    found: dict[Node, Life] = {}
    begun: list[tuple[int, LoopRow]] = []

    def touch(x: Node, first: int, last: int) -> None:
        old = found.get(x, Life(first, last))
        found[x] = Life(min(old.first, first), max(old.last, last))

    for i, part in enumerate(parts):
        if isinstance(part, Begin):
            begun.append((i, part.loop))
        elif isinstance(part, End):
            start, loop = begun.pop()
            for x in (*loop.reads, *[move.base for move in loop.moves]):
                touch(x, start, i)
        else:
            rows = part.rows if isinstance(part, Stage) else (part.row,) if isinstance(part, Stop) else ()
            for x in (x for row in rows for x in (*row.reads, *row.writes)):
                touch(x, i, i)
    return found


def placed_together(sizes: Mapping[Node, int], living: Mapping[Node, Life]) -> tuple[dict[Node, int], int]:
    """Where each buffer begins, in bytes, and how many there are in all: the largest first, each as low as it fits."""
    order = sorted(sizes, key=lambda x: -sizes[x])
    starts, ends, firsts, lasts = (np.zeros(len(order), np.int64) for _ in range(4))
    offsets: dict[Node, int] = {}
    for i, x in enumerate(order):
        size, life = -(-sizes[x] // LINE) * LINE, living[x]
        busy = np.flatnonzero((firsts[:i] <= life.last) & (lasts[:i] >= life.first))
        busy = busy[np.argsort(starts[busy], kind="stable")]
        free_from = np.concatenate([[0], np.maximum.accumulate(ends[busy])])
        gaps = np.concatenate([starts[busy], [np.iinfo(np.int64).max]]) - free_from
        offsets[x] = start = int(free_from[np.argmax(gaps >= size)])
        starts[i], ends[i], firsts[i], lasts[i] = start, start + size, life.first, life.last
    return offsets, int(ends.max(initial=0))
