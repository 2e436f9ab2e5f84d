"""A scan as a loop of rows."""

from math import prod
from typing import TYPE_CHECKING

from pente.compiler.lanes import has_type
from pente.compiler.pipeline import run_passes
from pente.compiler.rows import HostRow, LoopRow, Move
from pente.compiler.views import View, contiguous
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import NOTHING, Node, Spec

if TYPE_CHECKING:
    from pente.compiler.layout import Layout

__all__ = ["Scan", "fits"]


class Scan:
    """A scan as a loop of rows.

    Without a record the carry has two places and goes from one to the other. Where the program wants the carry before
    or after each step (the gradient does, and whoever asks for all states), the carry has a place for every step, and
    the record is there without a copy.
    """

    def __init__(self, outer: "Layout", node: Node) -> None:
        body, self.carries, self.sequences = (node.params[k] for k in ("body", "carries", "sequences"))
        self.length, self.reverse = node.params["length"], node.params["reverse"]
        graph = run_passes(body, native=True)
        self.starts: list[tuple[View, View]] = []  # what is written before the loop
        self.views = [outer.views[x] for x in node.inputs]
        count = self.carries
        self.views[count + self.sequences :] = map(self._in_order, self.views[count + self.sequences :])
        carried = [(x, (i, True)) for i, x in enumerate(graph.outputs[:count])]
        places = dict([*reversed(carried), *[(x, (i, False)) for i, x in enumerate(graph.inputs[:count])]])
        # Which carry is given as it is, and whether after the step.
        self.kept = [places.get(x) for x in graph.outputs[count:]]
        given = [x for x, kept in zip(graph.outputs[count:], self.kept, strict=True) if kept is None]
        graph = Graph(graph.inputs, graph.captured, graph.nodes, (*graph.outputs[:count], *given), {})
        self.inner = type(outer)(graph, self._given(graph))
        self.native = all(not isinstance(row, HostRow) for row in self.inner.rows) and all(
            fits(View(x, 0, x.shape, (), x.dtype)) for x in graph.outputs
        )
        if self.native:
            self._carry(graph.inputs[:count])
            self._stack(count)
            self._rows(graph.inputs[count : count + self.sequences])
            self.row = LoopRow(tuple(self.inner.rows), self.length, tuple(self.moves))  # type: ignore[arg-type]

    def _in_order(self, view: View) -> View:
        """A constant that lies out of order, a transposed weight say, is put in order once, for every step reads it."""
        if view.plain or 0 in view.strides:
            return view
        self.starts.append((view, _buffer(view.shape, view.buffer)))
        return self.starts[-1][1]

    def _given(self, graph: Graph) -> dict[Node, View]:
        """The body's inputs: rows of sequences are seen where they lie, and so are the constants."""
        count, found = self.carries, {}
        for node, view in zip(graph.inputs[count:], self.views[count:], strict=True):
            found[node] = view
        for node in graph.inputs[count : count + self.sequences]:
            found[node] = View(node, 0, node.shape, found[node].strides[1:], node.dtype)
        return found

    def _carry(self, inputs: tuple[Node, ...]) -> None:
        self.moves: list[Move] = []
        self.ends: list[View] = []
        self.records: list[View] = []
        for i, node in enumerate(inputs):
            recorded = (i, False) in self.kept or (i, True) in self.kept
            places = self.length + 1 if recorded else 2
            whole = _buffer((places, *node.shape), node)
            size = prod(node.shape)
            first = self.length if recorded and self.reverse else 0
            after = first - 1 if first else 1
            last = 0 if first else self.length % places if not recorded else self.length
            step = (after - first) * size * node.dtype.itemsize
            back = step if recorded else -step
            unit = size * node.dtype.itemsize
            self.moves.append(Move(node, whole.buffer, first * unit, step, back))
            self.moves.append(Move(self.inner.results[i], whole.buffer, after * unit, back, step))
            at = [whole._replace(offset=n * size, shape=node.shape, strides=whole.strides[1:]) for n in (first, last)]
            self.starts.append((self.views[i], at[0]))
            self.ends.append(at[1])
            self.records.append(whole)

    def _stack(self, count: int) -> None:
        """What the steps give, one after the other."""
        given = iter(self.inner.results[count:])
        stacks = []
        for kept in self.kept:
            if kept is not None:
                stacks.append(self._record(*kept))
                continue
            node = next(given)
            stacks.append(_buffer((self.length, *node.shape), node))
            self._walk(node, stacks[-1])
        self.parts = (*self.ends, *stacks)

    def _record(self, carry: int, after: bool) -> View:
        """The carry before each step, or after it."""
        whole = self.records[carry]
        begin = whole.strides[0] if after != self.reverse else 0
        return whole._replace(offset=begin, shape=(self.length, *whole.shape[1:]))

    def _rows(self, inputs: tuple[Node, ...]) -> None:
        for node, view in zip(inputs, self.views[self.carries :], strict=False):
            self._walk(node, view)

    def _walk(self, node: Node, whole: View) -> None:
        """This address goes along the first axis of a view."""
        size = whole.dtype.itemsize
        step = whole.strides[0] * size * (-1 if self.reverse else 1)
        start = whole.offset * size - (self.length - 1) * step if self.reverse else whole.offset * size
        self.moves.append(Move(node, whole.buffer, start, step, step))


def _buffer(shape: tuple[int, ...], like: Node) -> View:
    node = Node(p.identity, (), NOTHING, Spec(shape, like.dtype), False, "", None)
    return View(node, 0, shape, contiguous(shape), like.dtype)


def fits(view: View | None) -> bool:
    """Whether kernels can work on it: known numbers, and some of them."""
    return view is not None and has_type(view.dtype) and all(view.shape)
