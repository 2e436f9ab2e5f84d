"""A program as a table of native calls: kernels, the addresses they work on, and stops where NumPy does the work.

What LLVM sees are kernels only. A run is data: rows of (kernel, operands), walked by one native loop from one row
to another. An operation that has no kernel is a host row: the walk stops, NumPy works on the same memory, the walk
goes on.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from pente.compiler import llvm
from pente.compiler.convolution import forward_product, weight_product
from pente.compiler.emit import has_type
from pente.compiler.fuse import Group, fuse
from pente.compiler.gemm import Product, Step, gemm_kernel
from pente.compiler.loops import Loop, loop_kernel, reduced_view
from pente.compiler.places import argmax_kernel, gather_kernel, has_argmax, has_places, scatter_kernel
from pente.compiler.program import placed
from pente.compiler.random import random_kernel
from pente.compiler.threads import run_shared
from pente.compiler.views import View, broadcast, contiguous, seen_through
from pente.compiler.walk import walk
from pente.compiler.windows import has_window_argmax, window_argmax_kernel
from pente.compiler.writer import Kernel
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import NOTHING, Node, Spec
from pente.core.state import state
from pente.errors import BoundsError, PenteError

__all__ = ["NativeTable", "address_of"]

WORTH_SHARING = 1e6  # nanoseconds: to wake a second thread takes some 50,000 of them, and each meeting 500


@dataclass(frozen=True)
class KernelRow:
    """A native call: its kernel, and the buffers it works on."""

    kernel: Kernel
    operands: tuple[Node, ...]
    label: str
    work: float = 0.0  # about how many nanoseconds it takes on one thread

    @property
    def shared(self) -> bool:
        """Whether every thread does a part of it."""
        return self.kernel.units > 1


@dataclass(frozen=True)
class HostRow:
    """A stop: NumPy evaluates the call on views of the buffers and writes the result into its own."""

    node: Node
    inputs: tuple[View | Node, ...]  # a node stands for the outputs of an operation that has several


class NativeTable:
    """A program laid out for native code."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.views: dict[Node, View] = {}
        self.rows: list[KernelRow | HostRow] = []
        self.results = [*graph.outputs, *graph.assigned.values()]
        self._asked = set(self.results)
        self.extra: dict[Node, Any] = {}
        self.bodies: dict[Node, Callable[..., Any]] = {}  # scans that run natively
        self.words: dict[Node, Node] = {}  # words that tell of a bad index, and whose they are
        for node in (*graph.inputs, *graph.captured):
            self._own(node)
        for step in fuse(graph):
            self._plan(step)
        self._place()
        self._link()
        self.lock = threading.Lock()

    # What runs: one row for each group or call.

    def _own(self, node: Node) -> View:
        """The value lies in a buffer of its own, in order."""
        view = self.views[node] = View(node, 0, node.shape, contiguous(node.shape), node.dtype)
        return view

    def _plan(self, step: Group | Node) -> None:
        if isinstance(step, Group):
            return self._plan_group(step)
        view = self.views.get(step.inputs[0]) if len(step.inputs) == 1 else None
        through = seen_through(step, view) if view is not None else None
        if through is not None:
            self.views[step] = through
        elif step.value.__class__ is tuple or not all(step.shape) or not has_type(step.dtype):
            self._plan_host(step)
        elif step.op is p.reshape and view is not None:
            copied = self._copied(view)
            self.views[step] = copied._replace(shape=step.shape, strides=contiguous(step.shape))
        elif step.op is p.matmul and step.dtype.name in ("float32", "float64") and all(_sizes(step)):
            self._plan_product(step)
        elif step.op in (p.conv, p.conv_kernel) and _is_plain_window(step):
            self._plan_window(step)
        elif step.op is p.pad and view is not None and all(min(width) >= 0 for width in step.params["widths"]):
            self._plan_pad(step, view)
        elif has_places(step) and all(all(x.shape) for x in step.inputs):
            self._plan_places(step)
        elif has_window_argmax(step) and view is not None:
            view = view if view.plain else self._copied(view)
            self._own(step)
            self.rows.append(KernelRow(window_argmax_kernel(step, view), (view.buffer, step), str(step.op)))
        elif step.op is p.concatenate:
            self._plan_concatenate(step)
        elif has_argmax(step) and view is not None:
            self.rows.append(KernelRow(argmax_kernel(step, view, self._own(step)), (view.buffer, step), str(step.op)))
        elif step.op is p.random_bits and all(self.views[x].plain for x in step.inputs):
            key, counter = (self.views[x] for x in step.inputs)
            self._own(step)
            kernel = random_kernel(step, (key.offset, counter.offset))
            self.rows.append(KernelRow(kernel, (key.buffer, counter.buffer, step), "random_bits"))
        else:
            self._plan_host(step)
        return None

    def _plan_group(self, group: Group) -> None:
        if not all(group.shape):
            for node in group.nodes:
                self._plan_host(node)
            return
        inside = set(group.nodes)
        outside = dict.fromkeys(x for node in group.nodes for x in node.inputs if x not in inside)
        reads = tuple((node, broadcast(self.views[node], group.shape)) for node in outside)
        stored = [node for node in group.nodes if node is group.root or node in self._asked]
        writes = []
        for node in stored:
            view = self._own(node)
            ends = group.reduces and node is group.root
            writes.append((node, reduced_view(view, group) if ends else broadcast(view, group.shape)))
        self._kernel(Loop(group, reads, tuple(writes)))

    def _kernel(self, loop: Loop) -> None:
        buffers = tuple(view.buffer for _, view in (*loop.reads, *loop.writes))
        label = " → ".join(str(node.op) for node in loop.group.nodes)
        work = prod(loop.group.shape) * len(loop.group.nodes) / 8
        self.rows.append(KernelRow(loop_kernel(loop), buffers, label, work))

    def _copied(self, view: View) -> View:
        """The elements of a view in order, in a buffer of their own."""
        own = self._own(Node(p.identity, (view.buffer,), NOTHING, Spec(view.shape, view.dtype), False, "", None))
        self._write(view, own)
        return own

    def _write(self, source: View, target: View) -> None:
        """Write the elements of one view to the places of another."""
        node = Node(p.identity, (source.buffer,), NOTHING, Spec(target.shape, target.dtype), False, "", None)
        self._kernel(Loop(Group(target.shape, [node]), ((source.buffer, source),), ((node, target),)))

    def _plan_product(self, node: Node) -> None:
        a, b = (self.views[x] for x in node.inputs)
        if b.strides[-1] != 1 and b.shape[-1] > 1:
            b = self._copied(b)
        lead = node.shape[:-2]
        a_lead, b_lead = (
            broadcast(v._replace(shape=v.shape[:-2], strides=v.strides[:-2]), lead).strides for v in (a, b)
        )
        out = self._own(node)
        rows, columns, depth = _sizes(node)
        product = Product(
            rows,
            columns,
            a.strides[-2],
            out.strides[-2],
            (Step(depth, a.strides[-1], b.strides[-2]),),
            "float" if node.dtype.itemsize == 4 else "double",
            tuple(map(Step, lead, a_lead, b_lead, out.strides[:-2])),
            offsets=(a.offset, b.offset),
        )
        self._product_row(node, product, a, b)

    def _product_row(self, node: Node, product: Product, a: View, b: View) -> None:
        self.rows.append(KernelRow(gemm_kernel(product), (a.buffer, b.buffer, node), str(node.op), product.work / 50))

    def _plan_window(self, node: Node) -> None:
        """A valid convolution, or its weight gradient."""
        a, b = (v if v.plain else self._copied(v) for v in (self.views[x] for x in node.inputs))
        self._own(node)
        self._product_row(node, (forward_product if node.op is p.conv else weight_product)(node, a, b), a, b)

    def _plan_pad(self, node: Node, x: View) -> None:
        """Fill all with the border's number, then put the inside in its place."""
        out, widths = self._own(node), node.params["widths"]
        border = self._constant(np.asarray(node.params["value"], node.dtype))
        self._write(broadcast(border, node.shape), out)
        offset = sum(low * s for (low, _, _), s in zip(widths, out.strides, strict=True))
        strides = tuple(s * (inner + 1) for s, (_, _, inner) in zip(out.strides, widths, strict=True))
        if all(x.shape):
            self._write(x, View(node, offset, x.shape, strides, node.dtype))

    def _plan_concatenate(self, node: Node) -> None:
        out, axis, start = self._own(node), node.params["axis"], 0
        for x in (self.views[i] for i in node.inputs):
            if all(x.shape):
                self._write(x, out._replace(offset=start * out.strides[axis], shape=x.shape))
            start += x.shape[axis]

    def _plan_places(self, node: Node) -> None:
        """Reading or writing at places; a word of its own tells of an index that lies outside."""
        views = [v if v.plain else self._copied(v) for v in (self.views[x] for x in node.inputs)]
        word = self._constant(np.zeros(1, np.int64))
        out = self._own(node)
        if node.op is p.gather:
            kernel, buffers = gather_kernel(node, views[0], views[1]), (views[0].buffer, views[1].buffer)
        else:
            self._write(views[0], out)
            kernel, buffers = scatter_kernel(node, views[1], views[2]), (views[1].buffer, views[2].buffer)
        self.words[word.buffer] = node
        self.rows.append(KernelRow(kernel, (*buffers, node, word.buffer), str(node.op)))

    def _constant(self, value: Any) -> View:
        """A number that the program needs and the graph does not hold."""
        node = Node(None, (), NOTHING, value, False, "", None)
        self.extra[node] = value
        return View(node, 0, (), (), value.dtype)

    def _plan_host(self, node: Node) -> None:
        inputs = tuple(x if x.value.__class__ is tuple else self.views[x] for x in node.inputs)
        self.rows.append(HostRow(node, inputs))
        if node.op is p.scan:
            from pente.compiler.steps import ScanBody  # a body is a table like this one

            body = ScanBody(node)
            if body.alone:
                self.bodies[node] = body.run
        if node.value.__class__ is not tuple:
            self._own(node)

    # Where it lies: addresses that stay, and addresses that are filled in for each call.

    def _place(self) -> None:
        self.constants = {node: np.array(node.value, order="C") for node in self.graph.captured} | self.extra
        buffers = dict.fromkeys([*self.graph.inputs, *self.constants, *self._asked])
        for row in self.rows:
            if isinstance(row, KernelRow):
                buffers.update(dict.fromkeys(row.operands))
            elif row.node.value.__class__ is not tuple:
                buffers[row.node] = None
        self.slots = {node: i for i, node in enumerate(buffers)}
        given = {*self.graph.inputs, *self.constants}
        self.fresh = [x for x in dict.fromkeys(self.results) if x not in given and self.views[x].buffer is x]
        own = set(self.fresh)
        self.returned: list[tuple[Node, bool]] = []  # each result, and whether its array is handed out: only once
        for node in self.results:
            self.returned.append((node, node in own))
            own.discard(node)
        inner = [x for x in buffers if x not in given and x not in set(self.fresh) and self.views[x].buffer is x]
        self.arena = {node: np.empty(node.shape, node.dtype) for node in inner}
        self.addresses = np.zeros(len(self.slots), np.uint64)
        for node, array in (*self.constants.items(), *self.arena.items()):
            self.addresses[self.slots[node]] = address_of(array)

    def _link(self) -> None:
        """Compile each different kernel once; a row is its address and the address of its operands."""
        kernels: dict[str, str] = {}
        for row in self.rows:
            if isinstance(row, KernelRow):
                kernels.setdefault(row.kernel.text, "k" + blake2b(row.kernel.text.encode(), digest_size=12).hexdigest())
        texts = [ir.replace("@NAME(", f"@{name}(") for ir, name in kernels.items()]
        declared = sorted({line for text in texts for line in text.splitlines() if line.startswith("declare ")})
        bodies = ["\n".join(x for x in text.splitlines() if not x.startswith("declare ")) for text in texts]
        self.library = llvm.build("\n".join([*declared, *bodies]), list(kernels.values())) if kernels else None
        found = {} if self.library is None else self.library.addresses
        self.walk = walk()
        self.operands = [
            np.array([self.slots[x] for x in row.operands], np.int64)
            if isinstance(row, KernelRow)
            else np.zeros(1, np.int64)
            for row in self.rows
        ]
        self.native = np.zeros((len(self.rows), 4), np.uint64)
        for i, row in enumerate(self.rows):
            if isinstance(row, KernelRow):
                later = self.rows[i + 1] if i + 1 < len(self.rows) else row
                meet = row.shared or (isinstance(later, KernelRow) and later.shared)
                self.native[i] = found[kernels[row.kernel.text]], address_of(self.operands[i]), meet, row.kernel.units
        self.segments = _segments(self.rows)
        work = sum(row.work for row in self.rows if isinstance(row, KernelRow) and row.shared)
        self.worth_sharing = work > WORTH_SHARING
        self.native_address, self.addresses_address = address_of(self.native), address_of(self.addresses)
        self.given_slots = [self.slots[node] for node in self.graph.inputs]
        self.fresh_slots = [(node, self.slots[node], node.shape, node.dtype) for node in self.fresh]

    # A run.

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """The values of the outputs and of the assigned Variables, for these inputs."""
        with self.lock:
            return self._run(inputs)

    def _given(self, inputs: Sequence[Any]) -> dict[Node, Any]:
        """Fill in the addresses of what goes in and what comes out."""
        arrays: dict[Node, Any] = {}
        addresses = self.addresses
        for node, slot, value in zip(self.graph.inputs, self.given_slots, inputs, strict=True):
            arrays[node] = array = np.asarray(value, order="C")
            addresses[slot] = array.__array_interface__["data"][0]
        for node, slot, shape, dtype in self.fresh_slots:
            arrays[node] = array = np.empty(shape, dtype)
            addresses[slot] = array.__array_interface__["data"][0]
        return arrays

    def timed(self, inputs: Sequence[Any]) -> list[float]:
        """The seconds of every row, run one by one on this thread."""
        times = []
        with self.lock:
            arrays = self._given(inputs)
            for i, row in enumerate(self.rows):
                begin = perf_counter()
                if isinstance(row, HostRow):
                    self._host(row, arrays)
                else:
                    self.walk(self.native_address, self.addresses_address, i, i + 1, 0, 1, 0)
                times.append(perf_counter() - begin)
            self.refuse_bad_places()
        return times

    def _run(self, inputs: Sequence[Any]) -> list[Any]:
        arrays = self._given(inputs)
        for start, stop in self.segments:
            if stop > start:
                self.walk_rows(self.addresses_address, start, stop)
            else:
                self.refuse_bad_places()
                self._host(self.rows[start], arrays)  # type: ignore[arg-type]
        self.refuse_bad_places()
        return [arrays[node] if whole else self._copy(node, arrays) for node, whole in self.returned]

    def walk_rows(self, addresses: int, start: int, stop: int) -> None:
        """Run rows natively: on all threads where some row is worth it."""
        if self.worth_sharing:
            run_shared(self.walk, self.native_address, addresses, start, stop)
        else:
            self.walk(self.native_address, addresses, start, stop, 0, 1, 0)

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

    def _array(self, node: Node, arrays: dict[Node, Any]) -> Any:
        for place in (arrays, self.arena, self.constants):
            if node in place:
                return place[node]
        raise KeyError(node)

    def _view(self, view: View, arrays: dict[Node, Any]) -> Any:
        base = self._array(view.buffer, arrays).reshape(-1)[view.offset :]
        steps = [s * view.dtype.itemsize for s in view.strides]
        return np.lib.stride_tricks.as_strided(base, view.shape, steps, writeable=False)

    def _host(self, row: HostRow, arrays: dict[Node, Any]) -> None:
        node = row.node
        values = [arrays[x] if isinstance(x, Node) else self._view(x, arrays) for x in row.inputs]
        evaluate: Callable[..., Any] = self.bodies.get(node) or partial(node.op.evaluate, **node.params)  # type: ignore[union-attr]
        try:
            result = state.quiet.run(evaluate, *values)
        except (PenteError, ArithmeticError, ValueError) as error:
            raise placed(error, node) from error
        if node.value.__class__ is tuple:
            arrays[node] = result
        else:
            np.copyto(self._array(node, arrays), result)

    def _copy(self, node: Node, arrays: dict[Node, Any]) -> Any:
        return np.array(self._view(self.views[node], arrays), order="C")


def _sizes(node: Node) -> tuple[int, int, int]:
    """Rows, columns and inner dimension of a matrix product."""
    return node.shape[-2], node.shape[-1], node.inputs[0].shape[-1]


def _is_plain_window(node: Node) -> bool:
    """Whether a kernel does it: one group, no padding, floats, not empty."""
    plain = node.params["groups"] == 1 and not any(map(any, node.params["padding"]))
    return plain and node.dtype.itemsize in (4, 8) and all(node.shape) and all(all(x.shape) for x in node.inputs)


def address_of(array: Any) -> int:
    """Where the numbers of an array begin."""
    address: int = array.__array_interface__["data"][0]
    return address


def _segments(rows: Sequence[KernelRow | HostRow]) -> list[tuple[int, int]]:
    """Runs of native rows as (from, to), and stops as (row, row)."""
    found: list[tuple[int, int]] = []
    for i, row in enumerate(rows):
        if isinstance(row, HostRow):
            found.append((i, i))
        elif found and found[-1][1] == i and found[-1][0] < i:
            found[-1] = (found[-1][0], i + 1)
        else:
            found.append((i, i + 1))
    return found
