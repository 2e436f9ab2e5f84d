"""Put together what was spread out: the gradients of pieces that were cut from one tensor."""

from collections import Counter
from collections.abc import Sequence
from functools import partial, reduce

from pente.compiler.passes.rewrite import called, remade, rewrite
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node

__all__ = ["join_pads"]


def join_pads(graph: Graph) -> Graph:
    """A sum of tensors padded by zeros that fit together without a gap or an overlap is their concatenation.

    (a 0 0) + (0 b 0) + (0 0 c) = (a b c), but that -0 stays -0. Where a gap is left the sum stays a sum.
    """
    if sum(node.op is p.pad for node in graph.nodes) < 2:
        return graph
    inner = _inner_sums(graph)

    def joined(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = remade(node, inputs)
        if node in inner:
            inner.add(new)
        elif node.op is p.add:
            return _joined(new, inner)
        return new

    return rewrite(graph, joined)


def _inner_sums(graph: Graph) -> set[Node]:
    """Sums that are read once, by a sum of the same shape."""
    reads = Counter([*graph.outputs, *graph.assigned.values()])
    reads.update(x for node in graph.nodes for x in node.inputs)
    sums = [node for node in graph.nodes if node.op is p.add]
    return {x for node in sums for x in node.inputs if x.op is p.add and x.shape == node.shape and reads[x] == 1}


def _joined(node: Node, inner: set[Node]) -> Node:
    """The sum, in which one concatenation stands for the padded terms that fit together."""
    terms = _terms(node, inner)
    axes = [_axis(x) for x in terms]
    for axis in {axis for axis in axes if axis is not None}:
        pieces = sorted([x for x, at in zip(terms, axes, strict=True) if at == axis], key=lambda x: _widths(x)[axis][0])
        if _fit(pieces, axis):
            whole = called(p.concatenate, pieces[0], *[x.inputs[0] for x in pieces], axis=axis)
            rest = [x for x, at in zip(terms, axes, strict=True) if at != axis]
            return reduce(partial(called, p.add, node), rest, whole)
    return node


def _terms(node: Node, inner: set[Node]) -> list[Node]:
    """What a sum of sums adds up, from left to right."""
    terms, stack = [], [*reversed(node.inputs)]
    while stack:
        x = stack.pop()
        if x in inner:
            stack.extend(reversed(x.inputs))
        else:
            terms.append(x)
    return terms


def _axis(x: Node) -> int | None:
    """The one axis along which it was padded, by zeros, at its ends."""
    if x.op is not p.pad or x.params["value"] != 0:
        return None
    axes = [i for i, width in enumerate(_widths(x)) if any(width)]
    if len(axes) != 1 or min(_widths(x)[axes[0]]) < 0 or _widths(x)[axes[0]][2]:
        return None
    return axes[0]


def _widths(x: Node) -> Sequence[tuple[int, int, int]]:
    widths: Sequence[tuple[int, int, int]] = x.params["widths"]
    return widths


def _fit(pieces: Sequence[Node], axis: int) -> bool:
    """Whether each begins where the one before it ends, and the last ends where the whole does."""
    end = 0
    for x in pieces:
        if _widths(x)[axis][0] != end:
            return False
        end += x.inputs[0].shape[axis]
    return end == pieces[0].shape[axis]
