"""Many steps of one program in one native call: the batches are gathered there, too.

From the first step on the state lies in buffers of the runner and is written in place: by rows that may write over it,
or by a copy at the end of the step. Both happen only after all that can fail, so a step that fails has changed nothing.
``commit`` hands the state back to its Variables.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from pente.compiler.chains import Chain
from pente.compiler.memory import address_of
from pente.compiler.native import NativeTable, linked
from pente.compiler.passes.depth import parts_read
from pente.compiler.places import rows_kernel
from pente.compiler.rows import KernelRow, LoopRow, Move, copy_row
from pente.compiler.schedule import Begin, Check, End, Part, Stage, Stop
from pente.compiler.script import Script
from pente.compiler.threads import run_native
from pente.compiler.views import View, contiguous
from pente.core.node import NOTHING, Node
from pente.core.tensor import Tensor, Variable
from pente.errors import BoundsError

if TYPE_CHECKING:
    from pente.compiler.jit import Compiled

__all__ = ["Runner"]

WORTH_SHARING = 5_000.0  # nanoseconds of a step that another thread could take over: it is awake all the time

State = Mapping[Variable, Any]


class Runner:
    """A program whose first arguments are batches, made ready to run step after step.

    ``begin`` gives it the data and takes the state in, ``run`` does the steps, ``commit`` gives the state back.
    """

    def __init__(self, program: "Compiled") -> None:
        if not self.possible(program):
            raise ValueError("this program stops for NumPy between its kernels, so it cannot run by itself")
        self.program = program
        self.table: NativeTable = program.table  # type: ignore[assignment]
        count = program.captured.arguments
        self.inputs, self.olds = program.graph.inputs[:count], program.graph.inputs[count:]
        self.variables = list(dict.fromkeys([*program.captured.state, *program.assigned]))
        self.results = self.table.results[len(program.graph.outputs) :]
        self.batch: int = self.inputs[0].shape[0]
        self._lay_out()
        self.state: dict[Variable, Any] = {}  # what it is after the last whole step,
        self.own: dict[Variable, Any] = {}  # and what of it may be written over
        self.fresh: dict[Variable, Any] = {}  # where the first step writes

    @staticmethod
    def possible(program: "Compiled") -> bool:
        """Whether no row is a stop, and there is a batch to gather."""
        table, arguments = program.table, program.graph.inputs[: program.captured.arguments]
        stops = not isinstance(table, NativeTable) or any(isinstance(part, Stop) for part in table.parts)
        lengths = {node.shape[:1] for node in arguments}
        return not stops and len(lengths) == 1 and all(all(node.shape) and node.shape for node in arguments)

    def _lay_out(self) -> None:
        """A loop over the batches: gather one, run the program, copy what could not be written in place."""
        table = self.table
        order, place = (Node(None, (), NOTHING, np.zeros(1, np.int64), False, "", None) for _ in range(2))
        self.sources = [Node(None, (), NOTHING, np.zeros(1, node.dtype), False, "", None) for node in self.inputs]
        graph = self.program.graph
        kernels = [rows_kernel(node, parts_read(graph, node)) for node in self.inputs]
        feeds = tuple(
            KernelRow(kernel, (source, place), (node,), "rows of the batch", prod(node.shape) * 0.65)
            for kernel, source, node in zip(kernels, self.sources, self.inputs, strict=True)
        )
        copies = tuple(self._copies())
        step = LoopRow((*feeds, *copies), 1, (Move(place, order, 0, 8 * self.batch, 8 * self.batch),))
        last = [Stage(tuple(map(Chain, copies)))] if copies else []
        self.parts: list[Part] = [Begin(step), Stage(tuple(map(Chain, feeds))), *table.parts, Check(), *last, End(step)]
        self.code = linked([*feeds, *copies])
        nodes = [*table.slots, order, place, *self.sources]
        self.slots = {node: i for i, node in enumerate(nodes)}
        self.addresses = np.zeros(len(nodes), np.int64)
        self.addresses[: len(table.addresses)] = table.addresses
        self.gathered = {node: np.empty(node.shape, node.dtype) for node in self.inputs}
        self.outputs = [np.empty(node.shape, node.dtype) for node in table.results[: len(self.program.graph.outputs)]]
        self._point({**self.gathered, **dict(zip(table.results, self.outputs, strict=False))})
        self.order = self.slots[order]
        addresses = table.code.addresses | self.code.addresses
        self.script = Script(self.parts, addresses, self.slots, self.addresses, table.flags)
        self.loop = self.script.loops[step]
        self.together = self.script.divided > WORTH_SHARING

    def _copies(self) -> list[KernelRow]:
        """For new state that cannot lie where the old state does."""
        old = dict(zip(self.program.captured.state, self.olds, strict=True))
        pairs = zip(self.program.assigned, self.results, strict=True)
        self.apart = {new: old[v] for v, new in pairs if v in old and new not in self.table.in_place}
        self.waiting = {new: np.empty(new.shape, new.dtype) for new in self.apart}
        return [copy_row(_whole(new), _whole(place)) for new, place in self.apart.items()]

    def _point(self, arrays: Mapping[Node, Any]) -> None:
        for node, array in arrays.items():
            self.addresses[self.slots[node]] = address_of(array)

    def begin(self, data: Sequence[Any], own: State | None = None) -> None:
        """Take batches from these arrays, and the state from its Variables, or from ``own``, where it is written over.

        What belongs to a Variable is not written over: the first step reads it, and writes the new state elsewhere.
        """
        self.data = [np.ascontiguousarray(array) for array in data]
        self.own = dict(own or {})
        written = dict(zip(self.program.assigned, self.results, strict=True))
        copied = {v for v, new in written.items() if new in self.apart} - self.own.keys()
        self.own |= {v: np.array(v.array, order="C") for v in copied}
        self.fresh = {v: np.empty(new.shape, new.dtype) for v, new in written.items() if v not in self.own}
        self.state = {v: self.own[v] if v in self.own else np.asarray(v.array, order="C") for v in self.variables}
        self._point(dict(zip(self.sources, self.data, strict=True)))
        self._point({node: self.state[v] for v, node in zip(self.program.captured.state, self.olds, strict=True)})
        target = self.state | self.fresh
        self._point({new: self.waiting[new] if new in self.apart else target[v] for v, new in written.items()})

    def run(self, rows: Any) -> None:
        """Steps on these rows of the data, whole batches of them, one after the other."""
        rows = np.ascontiguousarray(rows, np.int64)
        if len(rows) < self.batch:
            return
        if rows.min() < 0 or rows.max() >= min(map(len, self.data)):
            raise BoundsError(f"a batch names row {rows.min()} or {rows.max()}, and the data has {len(self.data[0])}.")
        if self.fresh:
            self._walk(rows[: self.batch])
            self._settle()
            rows = rows[self.batch :]
        if len(rows) >= self.batch:
            self._walk(rows)

    def _walk(self, rows: Any) -> None:
        self.addresses[self.order] = address_of(rows)
        self.loop[1] = len(rows) // self.batch
        with self.table.lock:
            run_native(self.script.address, 0, len(self.parts), self.together)
            self.table.refuse_bad_places()

    def _settle(self) -> None:
        """The first step is done: from now on the state is read where it was written."""
        fresh, self.fresh = self.fresh, {}
        self.own |= fresh
        self.state |= fresh
        olds = zip(self.program.captured.state, self.olds, strict=True)
        self._point({node: fresh[v] for v, node in olds if v in fresh})

    def logs(self) -> Any:
        """What the last step returned."""
        return self.program.captured.rebuilt([Tensor(array.copy()) for array in self.outputs])

    def commit(self) -> None:
        """Give the state after the last whole step to its Variables, if it was not given yet; ``begin`` starts anew."""
        own = self.own
        self.let_go()
        for variable, array in own.items():
            variable.replace(array)

    def let_go(self) -> None:
        """Hold nothing any more: the state was given, or another runner goes on with it."""
        self.data, self.state, self.own, self.fresh = [], {}, {}, {}


def _whole(node: Node) -> View:
    return View(node, 0, node.shape, contiguous(node.shape), node.dtype)
