"""Cut a long sum where its numbers lie: each thread adds up over the weights that it has just changed."""

from functools import partial, reduce
from math import prod

from pente.compiler.passes.rewrite import called, remade, rewrite
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node

__all__ = ["cut_depth", "parts_read"]

PARTS = 4
WORTH = 2**19  # multiply-adds, some 5 µs: less is not shared between threads


def cut_depth(graph: Graph) -> Graph:
    """A product of few rows with a matrix of the state that has many is the sum of the products over four parts of k.

    A B = A_1 B_1 + A_2 B_2 + A_3 B_3 + A_4 B_4, where A_i are columns of A and B_i rows of B. The gradient of B and its
    update are cut by rows of B anyway. So a thread reads here the rows that it wrote in the step before, which are in
    the cache of its core, and what goes from core to core is the small sums.
    """
    state = set(graph.inputs) if graph.assigned else set()
    found = {node for node in graph.nodes if node.op is p.matmul and node.inputs[1] in state and _is_long(node)}

    def cut(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = remade(node, inputs)
        return _cut(new) if node in found else new

    return rewrite(graph, cut) if found else graph


def parts_read(graph: Graph, x: Node) -> int:
    """Into how many parts the rows of an input are cut where they are read."""
    shape = (x.shape[0], PARTS, prod(x.shape[1:]) // PARTS)
    cut = any(node.op is p.reshape and node.inputs == (x,) and node.shape == shape for node in graph.nodes)
    return PARTS if cut else 1


def _is_long(node: Node) -> bool:
    """Whether the parts of the result, which have to be written and read, are small beside B."""
    (*stack, rows, k), (*others, _, columns) = (x.shape for x in node.inputs)
    return not stack and not others and k % PARTS == 0 and k >= 4 * PARTS * rows and rows * k * columns >= WORTH


def _cut(node: Node) -> Node:
    a, b = node.inputs
    (rows, k), (_, columns) = a.shape, b.shape
    left = called(p.reshape, node, a, shape=(rows, PARTS, k // PARTS))
    left = called(p.transpose, node, left, axes=(1, 0, 2))
    right = called(p.reshape, node, b, shape=(PARTS, k // PARTS, columns))
    products = called(p.matmul, node, left, right)
    return reduce(partial(called, p.add, node), [_part(node, products, i) for i in range(PARTS)])


def _part(node: Node, products: Node, i: int) -> Node:
    ends = (i + 1, *node.shape)
    one = called(p.strided_slice, node, products, starts=(i, 0, 0), stops=ends, steps=(1, 1, 1))
    return called(p.reshape, node, one, shape=node.shape)
