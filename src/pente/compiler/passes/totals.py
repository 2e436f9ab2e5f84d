"""Add up after a loop what a loop only adds up."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import numpy as np

from pente.compiler.passes.loops import Loop, part, rewrite_loops
from pente.compiler.passes.rewrite import called
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node, is_abstract
from pente.dtypes import is_inexact

__all__ = ["add_up_after"]

Later = Callable[[Node], Node]  # what it is, once the loop that gives the stacks stands
_LINEAR = {p.reshape, p.transpose, p.strided_slice, p.flip, p.concatenate, p.add, p.subtract, p.negative}


def add_up_after(graph: Graph) -> Graph:
    """A sum of products, or of sums, that a loop carries and does not look at becomes one product, or sum, after it.

    Σ_t A_t B_t is the product of (A_1 A_2 ...) and (B_1 B_2 ...) one below the other: of all steps at once.
    """
    return rewrite_loops(graph, _without_totals)


def _without_totals(loop: Loop, asked: Collection[int]) -> Sequence[Node | None] | None:
    summands, stacks = _summands(loop), _Stacks(loop)
    found: dict[int, Later] = {}
    for new in (True, False):  # first the products, which bring new stacks; then the sums of what is stacked by then
        for i in summands.keys() - found.keys():
            later = stacks.sum(summands[i], new)
            if later is not None:
                found[i] = later
    return _results(loop, stacks.given, found) if found else None


def _summands(loop: Loop) -> dict[int, Node]:
    """What the carries that are sums grow by, where nothing else reads the carry."""
    reads = Counter([*loop.after, *loop.given, *[x for call in loop.calls for x in call.inputs]])
    found = {}
    for i, (total, after) in enumerate(zip(loop.starts, loop.after, strict=True)):
        if after.op is p.add and total in after.inputs and reads[total] == reads[after] == 1:
            summand = next(x for x in after.inputs if x is not total)
            if summand.shape == total.shape and is_inexact(total.dtype):
                found[i] = summand
    return found


class _Stacks:
    """What the loop gives, and what it could give, so that sums can be taken after it."""

    def __init__(self, loop: Loop) -> None:
        self.rows, self.constants, self.given = loop.rows, loop.constants, list(loop.given)
        self.length = loop.node.params["length"]

    def sum(self, node: Node, new: bool) -> Later | None:
        """The sum of this value of the body over all steps. Unless ``new``, of what is stacked as it is."""
        before = list(self.given)
        found = self._sum(node, new)
        if found is None:
            self.given = before
        return found

    def _sum(self, node: Node, new: bool) -> Later | None:
        if node.op is p.matmul and node.inputs[0].value.ndim == node.inputs[1].value.ndim == 2:
            return self._product(node, new)
        if node.op is p.reduce_sum:
            axes = (0, *[axis + 1 for axis in node.params["axes"]])
            return self._reduced(node, node.inputs[0], axes)
        if _is_linear(node):
            parts = [x for x in [self._sum(x, new) for x in node.inputs] if x is not None]
            return partial(_again, node, parts) if len(parts) == len(node.inputs) else None
        return self._reduced(node, node, (0,))

    def _product(self, node: Node, new: bool) -> Later | None:
        """Σ_t A_t B_t, where the columns of all A_t are the rows of one matrix."""
        a, b = node.inputs
        turned = a.op is p.transpose
        left, right = self._stack(a.inputs[0] if turned else a, new), self._stack(b, new)
        if left is None or right is None:
            return None
        rows = self.length * b.shape[0]

        def product(scan: Node) -> Node:
            x = left(scan) if turned else called(p.transpose, node, left(scan), axes=(0, 2, 1))
            x = called(p.reshape, node, x, shape=(rows, a.shape[0]))
            y = called(p.reshape, node, right(scan), shape=(rows, b.shape[1]))
            return called(p.matmul, node, called(p.transpose, node, x, axes=(1, 0)), y)

        return product

    def _reduced(self, node: Node, x: Node, axes: tuple[int, ...]) -> Later | None:
        stack = self._stack(x, new=False)
        if stack is None:
            return None

        def total(scan: Node) -> Node:
            summed = called(p.reduce_sum, node, stack(scan), axes=axes, keepdims=False)
            return called(p.reshape, node, summed, shape=node.shape)

        return total

    def _stack(self, x: Node, new: bool) -> Later | None:
        """The value in all steps, one behind the other."""
        if x in self.rows:
            outer = self.rows[x]
            return lambda scan: outer
        if x.op in (p.reshape, p.transpose):
            inner = self._stack(x.inputs[0], new)
            return None if inner is None else partial(_each, x, self.length, inner)
        if x in self.constants or (x not in self.given and not new):
            return None
        if x not in self.given:
            self.given.append(x)
        return partial(_given, self.given.index(x))


def _is_linear(node: Node) -> bool:
    """Whether the call of sums is the sum of the calls."""
    if node.op is p.pad:
        return not node.params["value"]
    return node.op in _LINEAR and all(x.dtype == node.dtype for x in node.inputs)


def _again(node: Node, parts: Sequence[Later], scan: Node) -> Node:
    op: Any = node.op
    return called(op, node, *[x(scan) for x in parts], **node.params)


def _given(index: int, scan: Node) -> Node:
    return part(scan, scan.params["carries"] + index)


def _each(node: Node, length: int, inner: Later, scan: Node) -> Node:
    """A reshape or transpose of each step."""
    if node.op is p.reshape:
        return called(p.reshape, node, inner(scan), shape=(length, *node.shape))
    return called(p.transpose, node, inner(scan), axes=(0, *[axis + 1 for axis in node.params["axes"]]))


def _results(loop: Loop, given: list[Node], found: dict[int, Later]) -> list[Node]:
    """What stands for each output: a sum for each carry that was one."""
    starts = list(loop.starts.items())
    kept = [i for i in range(len(starts)) if i not in found]
    stacked = len(loop.given)
    loop.starts = dict(starts[i] for i in kept)
    loop.after, loop.given = [loop.after[i] for i in kept], given
    scan = loop.built()
    ends = {i: part(scan, place) for place, i in enumerate(kept)}
    ends |= {i: _from_start(starts[i][1], later(scan)) for i, later in found.items()}
    return [*[ends[i] for i in range(len(starts))], *[_given(i, scan) for i in range(stacked)]]


def _from_start(start: Node, total: Node) -> Node:
    if not is_abstract(start.value) and not np.any(start.value):
        return total
    return called(p.add, total, start, total)
