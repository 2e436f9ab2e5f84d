"""Many steps of one program in a row, with nothing of Python in between but the data.

The state lies in two sets of buffers: an even step reads the one and writes the other, an odd step the other way round.
So a step that fails has changed nothing, and no memory is asked for. ``commit`` hands the state back to its Variables.
"""

from typing import Any

import numpy as np

from pente.compiler.jit import Compiled
from pente.compiler.native import NativeTable
from pente.core.tensor import Tensor

__all__ = ["Runner"]


class Runner:
    """A program with buffers of its own for what goes in, what comes out, and the state."""

    def __init__(self, program: Compiled) -> None:
        if not isinstance(program.table, NativeTable) or not self.possible(program):
            raise ValueError("this program stops for NumPy between its kernels, so it cannot run by itself")
        self.program, self.table = program, program.table
        graph, state = program.graph, program.captured.state
        count = program.captured.arguments
        self.arguments = [np.empty(node.shape, node.dtype) for node in graph.inputs[:count]]
        self.outputs = {node: np.empty(node.shape, node.dtype) for node in dict.fromkeys(graph.outputs)}
        self.now = {v: np.array(v.array, order="C") for v in dict.fromkeys([*state, *program.assigned])}
        self.then = {v: np.empty_like(self.now[v]) for v in program.assigned}
        self.addresses = [self._addresses(self.now, self.then), self._addresses({**self.now, **self.then}, self.now)]
        self.steps = 0

    @staticmethod
    def possible(program: Compiled) -> bool:
        """Whether every row is a kernel, and every result has a buffer of its own."""
        table = program.table
        if (
            not isinstance(table, NativeTable)
            or len(table.segments) != 1
            or table.segments[0][0] == table.segments[0][1]
        ):
            return False
        outputs, assigned = set(program.graph.outputs), list(program.graph.assigned.values())
        own = set(table.fresh)
        return outputs <= own and len(set(assigned)) == len(assigned) and set(assigned) <= own - outputs

    def _addresses(self, read: dict[Any, Any], written: dict[Any, Any]) -> Any:
        """The table of addresses for steps that read these arrays of the state and write those."""
        table, graph = self.table, self.program.graph
        found = table.addresses.copy()
        given = [*self.arguments, *[read[v] for v in self.program.captured.state]]
        for node, array in (*zip(graph.inputs, given, strict=True), *self.outputs.items()):
            found[table.slots[node]] = array.ctypes.data
        for variable, node in graph.assigned.items():
            found[table.slots[node]] = written[variable].ctypes.data
        return found

    def step(self) -> None:
        """One step on what ``arguments`` hold."""
        table = self.table
        with table.lock:
            table.walk_rows(self.addresses[self.steps % 2].ctypes.data, *table.segments[0])
            table.refuse_bad_places()
        self.steps += 1

    def results(self) -> Any:
        """What the last step returned."""
        return self.program.captured.rebuilt([Tensor(self.outputs[node].copy()) for node in self.program.graph.outputs])

    def commit(self) -> None:
        """Give the state after the last whole step to its Variables."""
        if not self.steps:
            return
        for variable in self.program.assigned:
            source = self.then if self.steps % 2 else self.now
            variable.replace(source[variable].copy())
