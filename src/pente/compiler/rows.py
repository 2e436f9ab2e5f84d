"""The rows of a program: each a kernel on buffers, a loop of rows, or a stop at which NumPy does the work."""

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from pente.compiler.fuse import Group
from pente.compiler.loops import Loop, loop_kernel, outline_of
from pente.compiler.nests import Plan
from pente.compiler.views import View
from pente.compiler.walk import MOST_THREADS
from pente.compiler.writer import Kernel
from pente.core import primitives as p
from pente.core.node import NOTHING, Node, Spec

__all__ = ["HostRow", "KernelRow", "LoopRow", "Move", "Row", "copy_row", "label_of", "loop_row", "scratch", "work_of"]


@dataclass(frozen=True, eq=False)
class KernelRow:
    """A native call: its kernel and the buffers it works on, those it reads before those it writes.

    ``steady`` are pairs of a buffer read and a buffer written that may be the same memory: the kernel reads every
    number of the one before it writes the number at this place of the other.
    """

    kernel: Kernel
    reads: tuple[Node, ...]
    writes: tuple[Node, ...]
    label: str
    work: float  # about how many nanoseconds it takes on one thread
    steady: frozenset[tuple[Node, Node]] = frozenset()
    plan: Plan | None = None  # from which its loops can be told

    @property
    def operands(self) -> tuple[Node, ...]:
        return (*self.reads, *self.writes)


@dataclass(frozen=True, eq=False)
class HostRow:
    """A stop: NumPy evaluates the call on views of the buffers and writes the result into its own."""

    node: Node
    inputs: tuple[View | Node, ...]  # a node stands for the outputs of an operation that has several

    @property
    def reads(self) -> tuple[Node, ...]:
        return tuple(x if isinstance(x, Node) else x.buffer for x in self.inputs)

    @property
    def writes(self) -> tuple[Node, ...]:
        return (self.node,)


@dataclass(frozen=True)
class Move:
    """How an address changes in a loop: ``start`` bytes behind that of ``base`` at first, then by these two in turn."""

    node: Node
    base: Node
    start: int
    step: int
    other: int


@dataclass(frozen=True, eq=False)
class LoopRow:
    """Rows that run again and again, each time on other addresses."""

    rows: "tuple[KernelRow | LoopRow, ...]"
    length: int
    moves: tuple[Move, ...]

    @cached_property
    def reads(self) -> tuple[Node, ...]:
        """What its rows read from outside, and the buffers that its addresses move through."""
        own = {move.node for move in self.moves} | set(self.written)
        found = [x for row in self.rows for x in row.reads if x not in own]
        return tuple(dict.fromkeys([*found, *[move.base for move in self.moves]]))

    @cached_property
    def writes(self) -> tuple[Node, ...]:
        """What its rows write, and the buffers behind those of its moving addresses that are written."""
        behind = {move.node: move.base for move in self.moves}
        return tuple(dict.fromkeys(behind.get(x, x) for x in self.written))

    @cached_property
    def written(self) -> tuple[Node, ...]:
        """What its rows write, whether it stands still or moves."""
        return tuple(dict.fromkeys(x for row in self.rows for x in row.writes))

    @property
    def work(self) -> float:
        return self.length * sum(row.work for row in self.rows)


Row = KernelRow | HostRow | LoopRow


def copy_row(source: View, target: View) -> KernelRow:
    """Write the elements of one view to the places of another."""
    node = Node(p.identity, (source.buffer,), NOTHING, Spec(target.shape, target.dtype), False, "", None)
    return loop_row(Loop(Group(target.shape, [node]), ((source.buffer, source),), ((node, target),)))


def scratch(kernel: Kernel) -> Node:
    """Memory of each thread's own."""
    spec = Spec((MOST_THREADS * kernel.scratch,), np.dtype(np.uint8))
    return Node(p.identity, (), NOTHING, spec, False, "", None)


def loop_row(loop: Loop) -> KernelRow:
    """The row of a group."""
    reads, writes = (tuple(view.buffer for _, view in views) for views in (loop.reads, loop.writes))
    outline = outline_of(loop)
    return KernelRow(loop_kernel(outline), reads, writes, label_of(loop), work_of(loop), _steady(loop), outline)


def label_of(loop: Loop) -> str:
    """What a group does, call after call."""
    return " → ".join(str(node.op) for node in loop.group.nodes)


def work_of(loop: Loop) -> float:
    """About how many nanoseconds a group takes on one thread."""
    return prod(loop.group.shape) * (len(loop.reads) + len(loop.writes) + len(loop.group.nodes)) / 16


def _steady(loop: Loop) -> frozenset[tuple[Node, Node]]:
    """Buffers that are read in the same order, once and from the beginning, as others are written."""
    if loop.group.reduces:
        return frozenset()
    buffers = [view.buffer for _, view in loop.reads]
    read = [v for _, v in loop.reads if v.plain and not v.offset and buffers.count(v.buffer) == 1]
    written = [v for _, v in loop.writes if v.plain and prod(v.shape) == prod(v.buffer.shape)]
    return frozenset((a.buffer, b.buffer) for a in read for b in written if a.dtype == b.dtype)
