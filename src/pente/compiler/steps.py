"""A scan inside a program: its body is a table of its own, walked once for every step.

The carry lies in two sets of buffers that change places after each step; rows of the sequences are read where they lie,
and what a step gives is written to its place in the stack.
"""

from typing import Any

import numpy as np

from pente.compiler.native import NativeTable, address_of
from pente.compiler.pipeline import run_passes
from pente.core.node import Node

__all__ = ["ScanBody"]


class ScanBody:
    """The compiled body of one scan."""

    def __init__(self, node: Node) -> None:
        body, self.carries = node.params["body"], node.params["carries"]
        self.sequences, self.length, self.reverse = (node.params[k] for k in ("sequences", "length", "reverse"))
        self.graph = run_passes(body, native=True)
        self.table = NativeTable(self.graph)
        # Where a result has a buffer of its own the kernels write to its place; the others are copied there.
        self.direct = [whole for _, whole in self.table.returned]

    def run(self, *values: Any) -> tuple[Any, ...]:
        """The last carry, and what the steps gave, stacked."""
        with self.table.lock:
            return self._run(values)

    def _run(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        count, table = self.carries, self.table
        given = [np.array(x, order="C") for x in values[:count]]
        other = [np.empty_like(x) for x in given]
        rest = [np.asarray(x, order="C") for x in values[count:]]
        stacks = [np.empty((self.length, *x.shape), x.dtype) for x in self.graph.outputs[count:]]
        for node, array in zip(self.graph.inputs[count + self.sequences :], rest[self.sequences :], strict=True):
            table.addresses[table.slots[node]] = address_of(array)
        rows = _Rows(table, self.graph.inputs[count : count + self.sequences], rest[: self.sequences])
        out = [x if direct else None for x, direct in zip(self.graph.outputs[count:], self.direct[count:], strict=True)]
        places = _Rows(table, out, stacks)
        for step in reversed(range(self.length)) if self.reverse else range(self.length):
            self._place(given, other)
            rows.at(step)
            places.at(step)
            table.walk(table.native_address, table.addresses_address, 0, len(table.rows), 0, 1, 0)
            self._copy_rest(given, other, [stack[step, ...] for stack in stacks])
            given, other = other, given
        table.refuse_bad_places()
        return (*given, *stacks)

    def _place(self, given: list[Any], other: list[Any]) -> None:
        """Read the carry here and write the next one there."""
        addresses, slots = self.table.addresses, self.table.slots
        for node, array in zip(self.graph.inputs, given, strict=False):
            addresses[slots[node]] = address_of(array)
        for node, array, direct in zip(self.graph.outputs, other, self.direct, strict=False):
            if direct:
                addresses[slots[node]] = address_of(array)

    def _copy_rest(self, given: list[Any], other: list[Any], places: list[Any]) -> None:
        """Results that are part of the carry that came in, or the same as another result."""
        known = dict(zip(self.graph.inputs, given, strict=False))
        pairs = list(zip(self.graph.outputs, [*other, *places], self.direct, strict=True))
        known.update((node, place) for node, place, direct in pairs if direct)
        for node, place, direct in pairs:
            if not direct:
                place[...] = known[node]

    @property
    def alone(self) -> bool:
        """Whether it runs without NumPy: kernels only, and every result computed in it or part of the carry."""
        known = {*self.graph.inputs[: self.carries]}
        own = {x for x, direct in zip(self.graph.outputs, self.direct, strict=True) if direct}
        whole = self.table.segments == [(0, len(self.table.rows))]
        return whole and self.length > 0 and all(x in known or x in own for x in self.graph.outputs)


class _Rows:
    """Addresses of the rows of some arrays, step by step."""

    def __init__(self, table: NativeTable, nodes: Any, arrays: list[Any]) -> None:
        self.addresses = table.addresses
        pairs = [(x, array) for x, array in zip(nodes, arrays, strict=True) if x is not None]
        self.slots = [table.slots[x] for x, _ in pairs]
        self.bases = [address_of(array) for _, array in pairs]
        self.strides = [array.strides[0] for _, array in pairs]

    def at(self, step: int) -> None:
        for slot, base, stride in zip(self.slots, self.bases, self.strides, strict=True):
            self.addresses[slot] = base + step * stride
