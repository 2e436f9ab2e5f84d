"""A program made native: its kernels linked, its buffers placed, its stages run.

A run goes from stop to stop. An operation that has no kernel is a stop: NumPy works on the same memory, and the run
goes on. ``layout`` says what runs, ``schedule`` when, ``memory`` where it lies, ``walk`` is the loop that runs it.
"""

from collections.abc import Sequence
from functools import cached_property, partial
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from pente.compiler import llvm
from pente.compiler.layout import Layout
from pente.compiler.memory import Arena, address_of, lives, placed_together
from pente.compiler.program import placed
from pente.compiler.rows import HostRow, KernelRow, LoopRow, Row
from pente.compiler.schedule import Begin, End, Stage, Stop, schedule
from pente.compiler.script import Script
from pente.compiler.threads import run_native
from pente.compiler.views import View
from pente.core.graph import Graph
from pente.core.node import Node
from pente.core.state import state
from pente.errors import BoundsError, PenteError

__all__ = ["NativeTable", "linked"]

WORTH_SHARING = 30_000.0  # nanoseconds of a call that another thread could take over: to wake one takes some 5,000


class NativeTable:
    """A program for native code."""

    def __init__(self, graph: Graph, replaced: Sequence[Node | None] = (), arena: Arena | None = None) -> None:
        """``replaced`` are the inputs whose place the values of the assigned Variables take.

        Programs that share an ``arena`` run one at a time.
        """
        self.graph = graph
        self.layout = Layout(graph)
        self.rows, self.results = self.layout.rows, self.layout.results
        self.words, self.constants = self.layout.words, self.layout.constants
        pairs = zip(self.results[len(graph.outputs) :], replaced, strict=False)
        settled = {new: old for new, old in pairs if old is not None}
        fallible = [row for row in self.rows if self._can_fail(row)]
        self.parts, self.in_place = schedule(self.rows, settled, fallible)
        arena = arena or Arena()
        self.lock = arena.lock
        self._place(arena)
        self.code = linked(self.rows)
        self.flags = np.array([address_of(self.constants[word]) for word in self.words], np.int64)

    @cached_property
    def script(self) -> Script:
        """Its stages for one run."""
        return Script(self.parts, self.code.addresses, self.slots, self.addresses, self.flags)

    def _can_fail(self, row: Row) -> bool:
        return isinstance(row, HostRow) or any(x in self.words for x in row.writes)

    def _place(self, arena: Arena) -> None:
        """Every buffer has a slot in the table of addresses; those of one run alone share memory where they can."""
        living = lives(self.parts)
        moving = {move.node: move.base for loop in _loops(self.rows) for move in loop.moves}
        buffers = dict.fromkeys([*self.graph.inputs, *self.constants, *self.results, *living, *moving])
        self.slots = {node: i for i, node in enumerate(x for x in buffers if x.value.__class__ is not tuple)}
        elsewhere = {*self.graph.inputs, *self.constants, *self.results, *moving}
        sizes = {x: prod(x.shape) * x.dtype.itemsize for x in self.slots if x not in elsewhere}
        offsets, total = placed_together(sizes, living)
        self.memory = arena.first(total)
        self.inner = {x: _array(self.memory, offset, x) for x, offset in offsets.items()}
        self.addresses = np.zeros(len(self.slots), np.int64)
        for node, array in (*self.constants.items(), *self.inner.items()):
            self.addresses[self.slots[node]] = address_of(array)
        self.given_slots = [self.slots[node] for node in self.graph.inputs]
        self.fresh = [(node, self.slots[node], node.shape, node.dtype) for node in self.results]

    # A run.

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """The values of the outputs and of the assigned Variables, for these inputs."""
        with self.lock:
            arrays, script = self._given(inputs), self.script
            at, end = 0, len(self.parts)
            while at < end:
                at = run_native(script.address, at, end, script.divided > WORTH_SHARING)
                self.refuse_bad_places()
                part = self.parts[at] if at < end else None
                if isinstance(part, Stop):
                    self._host(part.row, arrays)
                    at += 1
            return [arrays[node] for node in self.results]

    def _given(self, inputs: Sequence[Any]) -> dict[Node, Any]:
        """Fill in the addresses of what goes in and what comes out."""
        arrays: dict[Node, Any] = {}
        addresses = self.addresses
        for node, slot, value in zip(self.graph.inputs, self.given_slots, inputs, strict=True):
            arrays[node] = array = np.asarray(value, order="C")
            addresses[slot] = array.__array_interface__["data"][0]
        for node, slot, shape, dtype in self.fresh:
            arrays[node] = array = np.empty(shape, dtype)
            addresses[slot] = array.__array_interface__["data"][0]
        return arrays

    def timed(self, inputs: Sequence[Any], times: int = 1) -> list[float]:
        """The seconds of every row, run one by one on this thread, each kernel so often in a row."""
        found = []
        with self.lock:
            arrays = self._given(inputs)
            for row in self.ordered:
                often = times if isinstance(row, KernelRow) else 1
                parts = schedule([LoopRow((row,), often, ()) if often > 1 else row])[0]  # type: ignore[arg-type]
                script = Script(parts, self.code.addresses, self.slots, self.addresses, self.flags)
                begin = perf_counter()
                if isinstance(row, HostRow):
                    self._host(row, arrays)
                else:
                    run_native(script.address, 0, len(parts), together=False)
                found.append((perf_counter() - begin) / often)
            self.refuse_bad_places()
        return found

    @property
    def ordered(self) -> list[Row]:
        """The rows in the order in which one thread runs them; a loop is one row."""
        found: list[Row] = []
        depth = 0
        for part in self.parts:
            if isinstance(part, Begin):
                found += [part.loop] if not depth else []
                depth += 1
            elif isinstance(part, End):
                depth -= 1
            elif not depth:
                found += part.rows if isinstance(part, Stage) else [part.row] if isinstance(part, Stop) else []
        return found

    def refuse_bad_places(self) -> None:
        """Raise where a kernel met an index outside of its axis; the state is still as it was."""
        bad = [word for word in self.words if self.constants[word][0]]
        for word in bad:
            self.constants[word][0] = 0
        if bad:
            node = self.words[bad[0]]
            length = node.inputs[0].shape[node.params["axis"]]
            error = BoundsError(f"an index is outside of axis {node.params['axis']}, which has {length} places.")
            raise placed(error, node)

    def _view(self, view: View, arrays: dict[Node, Any]) -> Any:
        found = next(place[view.buffer] for place in (arrays, self.inner, self.constants) if view.buffer in place)
        steps = [s * view.dtype.itemsize for s in view.strides]
        base = found.reshape(-1)[view.offset :]
        return np.lib.stride_tricks.as_strided(base, view.shape, steps, writeable=False)

    def _host(self, row: HostRow, arrays: dict[Node, Any]) -> None:
        node = row.node
        values = [arrays[x] if isinstance(x, Node) else self._view(x, arrays) for x in row.inputs]
        evaluate = partial(node.op.evaluate, **node.params)  # type: ignore[union-attr]
        try:
            result = state.quiet.run(evaluate, *values)
        except (PenteError, ArithmeticError, ValueError) as error:
            raise placed(error, node) from error
        if node.value.__class__ is tuple:
            arrays[node] = result
        else:
            np.copyto(arrays[node] if node in arrays else self.inner[node], result)


def linked(rows: Sequence[Row]) -> llvm.Loaded:
    """The native code of the kernels, also of those in loops."""
    return llvm.load(row.kernel for row in _kernels(rows))


def _kernels(rows: Sequence[Row]) -> list[KernelRow]:
    found = []
    for row in rows:
        found += _kernels(row.rows) if isinstance(row, LoopRow) else [row] if isinstance(row, KernelRow) else []
    return found


def _loops(rows: Sequence[Row]) -> list[LoopRow]:
    """The loops, and the loops in them."""
    found = []
    for row in rows:
        found += [row, *_loops(row.rows)] if isinstance(row, LoopRow) else []
    return found


def _array(memory: Any, offset: int, node: Node) -> Any:
    size = prod(node.shape) * node.dtype.itemsize
    return memory[offset : offset + size].view(node.dtype).reshape(node.shape)
