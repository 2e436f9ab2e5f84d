"""What runs: a program as rows, each a kernel on buffers, a loop of rows, or a stop at which NumPy does the work.

A view of another value (a reshape, a transpose, a slice) is no row: whoever reads it reads the buffer it looks at.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from pente.compiler.convolution import has_window, window_calls
from pente.compiler.epilogue import Ending, ended, endings
from pente.compiler.fuse import Group, fuse
from pente.compiler.gemm import gemm_kernel
from pente.compiler.lanes import has_type
from pente.compiler.loops import Loop, reduced_view
from pente.compiler.nests import Plan
from pente.compiler.places import argmax_kernel, gather_kernel, has_argmax, has_places, scatter_kernel
from pente.compiler.product import matrix_product
from pente.compiler.random import random_kernel
from pente.compiler.rows import HostRow, KernelRow, Row, copy_row, label_of, loop_row, scratch, work_of
from pente.compiler.scans import Scan, fits
from pente.compiler.views import View, broadcast, contiguous, seen_through
from pente.compiler.windows import has_windows, is_taken, is_way_back, largest_kernel, sum_kernel, way_back_kernel
from pente.compiler.writer import Kernel
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import NOTHING, Node, Spec
from pente.shapes import Shape

__all__ = ["Layout"]


class Layout:
    """The rows of a program, the numbers it needs beside its inputs, and the buffers in which its results lie.

    ``results`` are the outputs, then the values of the assigned Variables: each has a buffer of its own, in order.
    ``words`` are words of memory that tell of a bad index, and whose they are.
    """

    def __init__(self, graph: Graph, given: Mapping[Node, View] | None = None) -> None:
        self.graph = graph
        self.views: dict[Node, View] = dict(given or {})
        self.parts: dict[Node, tuple[View, ...]] = {}  # outputs of an operation that has several
        self.rows: list[Row] = []
        self.words: dict[Node, Node] = {}
        self.constants: dict[Node, Any] = {node: np.array(node.value, order="C") for node in graph.captured}
        asked = [*graph.outputs, *graph.assigned.values()]
        self._asked, self._state = set(asked), set(graph.assigned.values())
        for node in (*graph.inputs, *graph.captured):
            if node not in self.views:
                self._own(node)
        self.places = _places(graph, self._asked)
        steps = fuse(graph)
        self._endings = endings(steps, self._asked)
        self._ended = {end.product for end in self._endings.values()}
        self._waiting: set[Node] = set()  # products that are left to the group that ends them
        for step in steps:
            self._plan(step)
        self.results: list[Node] = []
        self._not_own = {*graph.inputs, *graph.captured}
        for node in asked:
            self.results.append(self._result(node))

    def _result(self, node: Node) -> Node:
        """The buffer of its own in which this value lies whole, and which no other result has."""
        view = self.views.get(node)
        if view is not None and (view.buffer is not node or node in self._not_own):
            if has_type(node.dtype) and all(node.shape):
                node = self._copied(view).buffer
            else:
                node = Node(p.identity, (node,), NOTHING, Spec(node.shape, node.dtype), False, "", None)
                self._plan_host(node)
        self._not_own.add(node)
        return node

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
        elif step.op is p.part and step.inputs[0] in self.parts:
            self.views[step] = self.parts[step.inputs[0]][step.params["index"]]
        elif step.op is p.scan and self._plan_scan(step):
            return None
        elif _is_tuple(step, *step.inputs) or not all(step.shape) or not has_type(step.dtype):
            self._plan_host(step)
        elif step.op is p.reshape and view is not None:
            copied = self._copied(view)
            self.views[step] = copied._replace(shape=step.shape, strides=contiguous(step.shape))
        elif step.op is p.concatenate:
            self._plan_concatenate(step)
        elif not all(all(x.shape) for x in step.inputs) or not self._plan_kernel(step):
            self._plan_host(step)
        return None

    def _plan_kernel(self, node: Node) -> bool:
        """Whether there is a kernel for this call; then it is a row."""
        views = [self.views[x] for x in node.inputs if x in self.views]
        if node in self.views:  # another kernel gives it, too
            return True
        if node.op is p.matmul and node.dtype.name in ("float32", "float64"):
            self._plan_product(node)
        elif has_window(node):
            self._plan_window(node)
        elif node.op is p.pad and all(min(width) >= 0 for width in node.params["widths"]):
            self._plan_pad(node, views[0])
        elif is_way_back(node):
            places, updates = (view if view.plain else self._copied(view) for view in views[1:])
            self._row(node, way_back_kernel(node, places, updates), [places, updates], prod(node.shape) * 0.5)
        elif has_places(node):
            self._plan_places(node)
        elif has_windows(node):
            self._plan_windows(node, views[0] if views[0].plain else self._copied(views[0]))
        elif has_argmax(node):
            self._row(node, argmax_kernel(node, views[0], self._own(node)), views, prod(views[0].shape) * 1.0)
        elif node.op is p.random_bits and all(view.plain for view in views):
            kernel = random_kernel(node, (views[0].offset, views[1].offset))
            self._row(node, kernel, views, prod(node.shape) * 1.2)
        else:
            return False
        return True

    def _row(
        self, node: Node, kernel: Kernel, views: list[View], work: float, *others: Node, plan: Plan | None = None
    ) -> None:
        """The kernel reads these views and writes the value of the call, and others, into buffers of their own."""
        self._own(node)
        writes = [node, *others]
        if kernel.scratch:
            writes.append(scratch(kernel))
        reads = tuple(view.buffer for view in views)
        self.rows.append(KernelRow(kernel, reads, tuple(writes), str(node.op), work, plan=plan))

    # Element-wise groups and copies.

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
            view = self.places.get(node) or self._own(node)
            self.views[node] = view
            ends = group.reduces and node is group.root
            writes.append((node, reduced_view(view, group) if ends else broadcast(view, group.shape)))
        loop = Loop(group, reads, tuple(writes))
        if group not in self._endings or not self._plan_ended(self._endings[group], loop):
            self.rows.append(loop_row(loop))

    def _copied(self, view: View) -> View:
        """The elements of a view in order, in a buffer of their own."""
        own = self._own(Node(p.identity, (view.buffer,), NOTHING, Spec(view.shape, view.dtype), False, "", None))
        self._write(view, own)
        return own

    def _write(self, source: View, target: View) -> None:
        self.rows.append(copy_row(source, target))

    # Products and windows.

    def _plan_product(self, node: Node) -> None:
        a, b = (self.views[x] for x in node.inputs)
        out = self._own(node)
        if node in self._ended:
            return self._waiting.add(node)
        product = matrix_product(a, b, out)
        return self._row(node, gemm_kernel(product), [a, b], product.work / 50, plan=(product, None))

    def _plan_ended(self, end: Ending, loop: Loop) -> bool:
        """Whether the group is computed with the product that it reads; else the product is a row, and comes first."""
        node = end.product
        self._ended.discard(node)
        if node not in self._waiting:
            return False
        a, b = (self.views[x] for x in node.inputs)
        product = matrix_product(a, b, self.views[node])
        raw = [read for read in loop.reads if read[1].buffer is node]
        reads = (*raw, *[read for read in loop.reads if read[1].buffer is not node])
        loop = Loop(loop.group, reads, loop.writes if end.alone else (*raw[:1], *loop.writes))
        able = len(raw) == 1 and self._state.isdisjoint(loop.group.nodes)  # what writes state may do so in place
        found = ended(product, node.shape, loop) if able else None
        if found is None:
            self._plan_product(node)
            return False
        kernel = gemm_kernel(*found)
        operands = (a.buffer, b.buffer, *[view.buffer for _, view in reads[1:]])
        buffers = (*[view.buffer for _, view in loop.writes], *([scratch(kernel)] if kernel.scratch else []))
        label, work = f"{node.op} → {label_of(loop)}", product.work / 50 + work_of(loop)
        self.rows.append(KernelRow(kernel, operands, buffers, label, work, plan=found))
        return True

    def _plan_window(self, node: Node) -> None:
        """A convolution, or one of its gradients."""
        views = (self.views[x] for x in node.inputs)
        for call in window_calls(node, *[v if v.plain else self._copied(v) for v in views]):
            self._row(call.writes, call.kernel, call.reads, call.work, plan=call.plan)

    def _plan_pad(self, node: Node, x: View) -> None:
        """Write the border, one side after the other (or fill all, where there are gaps), and the inside."""
        out, widths = self._own(node), node.params["widths"]
        border = self._constant(np.asarray(node.params["value"], node.dtype))
        gaps = any(inner for _, _, inner in widths)
        for shape, offset in [(node.shape, 0)] if gaps else _sides(node.shape, widths, out.strides):
            self._write(broadcast(border, shape), out._replace(offset=offset, shape=shape))
        offset = sum(low * s for (low, _, _), s in zip(widths, out.strides, strict=True))
        strides = tuple(s * (inner + 1) for s, (_, _, inner) in zip(out.strides, widths, strict=True))
        self._write(x, View(node, offset, x.shape, strides, node.dtype))

    def _plan_windows(self, node: Node, x: View) -> None:
        """Where the program takes the largest of each window from its place, the kernel that looks for it gives it."""
        if node.op is not p.window_argmax:
            return self._row(node, sum_kernel(node, x), [x], prod(node.params["window"]) * prod(node.shape) / 8)
        taken = [x for x in self.graph.nodes if is_taken(x, node)][:1]
        for other in taken:
            self._own(other)
        return self._row(node, largest_kernel(node, x, bool(taken)), [x], prod(x.shape) / 4, *taken)

    def _plan_concatenate(self, node: Node) -> None:
        self._own(node)
        for x, place in zip(node.inputs, _pieces(node), strict=True):
            if all(x.shape) and self.views[x] != place:
                self._write(self.views[x], place)

    def _plan_places(self, node: Node) -> None:
        """Reading or writing at places; a word of its own tells of an index that lies outside."""
        views = [v if v.plain else self._copied(v) for v in (self.views[x] for x in node.inputs)]
        word = self._constant(np.zeros(1, np.int64)).buffer
        self.words[word] = node
        if node.op is p.gather:
            kernel = gather_kernel(node, views[0], views[1])
        else:
            self._write(views.pop(0), self._own(node))
            kernel = scatter_kernel(node, *views)
        self._row(node, kernel, views, prod(views[-1].shape) * 1.0, word)

    def _constant(self, value: Any) -> View:
        """A number that the program needs and the graph does not hold."""
        node = Node(None, (), NOTHING, value, False, "", None)
        self.constants[node] = value
        return View(node, 0, (), (), value.dtype)

    def _plan_host(self, node: Node) -> None:
        self.rows.append(HostRow(node, tuple(self.views.get(x, x) for x in node.inputs)))
        if node.value.__class__ is not tuple:
            self._own(node)

    # Loops.

    def _plan_scan(self, node: Node) -> bool:
        """Whether all of the body has kernels; then the loop is a row, and what it gives lies in stacks."""
        if not node.params["length"] or not all(fits(self.views.get(x)) for x in node.inputs):
            return False
        scan = Scan(self, node)
        if not scan.native:
            return False
        for view, target in scan.starts:
            self._write(view, target)
        self.rows.append(scan.row)
        self.parts[node] = scan.parts
        self.constants.update(scan.inner.constants)
        self.words.update(scan.inner.words)
        return True


def _sides(shape: Shape, widths: Sequence[Shape], strides: Shape) -> Iterator[tuple[Shape, int]]:
    """The border of a padded tensor in boxes that do not overlap: their shapes, and where they begin."""
    box, begin = list(shape), 0
    for axis, (low, high, _) in enumerate(widths):
        for place, count in ((0, low), (box[axis] - high, high)):
            if count:
                yield (*box[:axis], count, *box[axis + 1 :]), begin + place * strides[axis]
        begin += low * strides[axis]
        box[axis] -= low + high


def _places(graph: Graph, asked: set[Node]) -> dict[Node, View]:
    """What only a concatenation reads is written where it belongs in it."""
    reads = Counter([*asked, *[x for node in graph.nodes for x in node.inputs]])
    joined = [x for x in graph.nodes if x.op is p.concatenate and has_type(x.dtype) and all(x.shape)]
    return {x: place for node in joined for x, place in zip(node.inputs, _pieces(node), strict=True) if reads[x] == 1}


def _pieces(node: Node) -> list[View]:
    """Where the inputs of a concatenation lie in what it gives."""
    whole, axis, start, found = contiguous(node.shape), node.params["axis"], 0, []
    for x in node.inputs:
        found.append(View(node, start * whole[axis], x.shape, whole, node.dtype))
        start += x.shape[axis]
    return found


def _is_tuple(*nodes: Node) -> bool:
    """Whether one of them stands for several outputs."""
    return any(node.value.__class__ is tuple for node in nodes)
