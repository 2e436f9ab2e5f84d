"""The stages of a program as the numbers that the native loop reads."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from pente.compiler.chains import GRAIN
from pente.compiler.memory import address_of
from pente.compiler.rows import KernelRow, LoopRow
from pente.compiler.schedule import Begin, Check, End, Part, Stage
from pente.compiler.stages import BEGIN, CHECK, END, STOP, TASKS
from pente.compiler.writer import Function, Kernel
from pente.core.node import Node

__all__ = ["Script", "operand_words"]

MOST_TASKS = 64  # of one row

Call = tuple[int, int, int, int]


def operand_words(kernel: Kernel, places: Sequence[int], codes: Mapping[str, int]) -> tuple[Any, int]:
    """What a kernel reads beside the table of addresses, and where in it the places of the operands begin."""
    beside = [codes[x.text] if isinstance(x, Function) else x for x in kernel.beside]
    words = np.array([*reversed(beside), *places], np.int64)
    return words, address_of(words) + words.itemsize * len(beside)


class Script:
    """Calls, tasks and stages of a program, for one table of addresses.

    ``kernels`` are the addresses of code by its text, ``slots`` the places of buffers in ``addresses``,
    ``words`` the addresses of the words that tell of a bad index. ``together`` says whether several threads are worth
    waking.
    """

    def __init__(
        self, parts: Sequence[Part], kernels: Mapping[str, int], slots: Mapping[Node, int], addresses: Any, words: Any
    ) -> None:
        self.parts, self.kernels, self.slots = parts, kernels, slots
        self.kept: list[Any] = [words, addresses]  # what the numbers point to
        self.calls: list[Call] = []
        self.tasks: list[int] = []
        self.loops: dict[LoopRow, Any] = {}
        self.codes: dict[KernelRow, tuple[int, int]] = {}
        self.stages = [self._stage(i, part, words) for i, part in enumerate(parts)]
        self.tasks.append(len(self.calls))
        arrays = [np.array(x, np.int64).reshape(-1) for x in (self.calls, self.tasks, self.stages)]
        self.program = np.array([*map(address_of, arrays), address_of(addresses)], np.int64)
        self.kept += arrays
        self.address = address_of(self.program)

    def _stage(self, i: int, part: Part, words: Any) -> tuple[int, int, int]:
        if isinstance(part, Stage):
            first = len(self.tasks)
            self._tasks(part)
            return TASKS, first, len(self.tasks)
        if isinstance(part, Begin):
            self.loops[part.loop] = self._loop(part.loop, i + 1)
            return BEGIN, address_of(self.loops[part.loop]), 0
        if isinstance(part, End):
            return END, address_of(self.loops[part.loop]), 0
        return (CHECK, address_of(words), len(words)) if isinstance(part, Check) else (STOP, 0, 0)

    def _tasks(self, stage: Stage) -> None:
        """Large chains in several tasks, small ones several to a task.

        The small ones come first: then the middle of a large one is about where the share of the next thread begins, in
        every stage, and that thread finds in its cache what it wrote before.
        """
        room = 0.0
        cuts = [1 if stage.in_order else max(min(c.pieces, int(c.work / GRAIN), MOST_TASKS), 1) for c in stage.chains]
        for pieces, chain in sorted(zip(cuts, stage.chains, strict=True), key=lambda x: x[0] > 1):
            work = chain.work / pieces
            members = [(*self._code(member.row), chain.edges(member, pieces)) for member in chain.members]
            for n in range(pieces):
                if pieces > 1 or room <= 0:
                    self.tasks.append(len(self.calls))
                    room = math.inf if stage.in_order else GRAIN if pieces == 1 else 0.0
                calls = [(code, operands, edges[n], edges[n + 1]) for code, operands, edges in members]
                self.calls += [call for call in calls if call[2] < call[3]]
                room -= work

    def _code(self, row: KernelRow) -> tuple[int, int]:
        """The addresses of the kernel and of its operands."""
        if row not in self.codes:
            words, operands = operand_words(row.kernel, [self.slots[x] for x in row.operands], self.kernels)
            self.kept.append(words)
            self.codes[row] = self.kernels[row.kernel.text], operands
        return self.codes[row]

    def _loop(self, loop: LoopRow, begin: int) -> Any:
        moves = [(self.slots[m.node], self.slots[m.base], m.start, m.step, m.other, m.step) for m in loop.moves]
        return np.array([loop.length, loop.length, begin, len(moves), *np.array(moves, np.int64).reshape(-1)], np.int64)

    @cached_property
    def divided(self) -> float:
        """How many nanoseconds of work another thread could take over in one pass."""
        return sum(
            sum(row.work for row in part.rows) / 2
            for part in self.parts
            if isinstance(part, Stage) and not part.in_order
        )
