"""Which calls run together: element-wise chains become one walk over memory, with the reduction that ends them.

A call joins the group of its readers if all of them are in it and walk the same shape. What it gives is then never
written, unless the program returns it. So a group is read once, from top to bottom. A cheap call with readers in
several groups is computed in each: that costs less than to write its numbers and to read them again.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from pente.compiler.emit import can_emit
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node
from pente.shapes import Shape

__all__ = ["REDUCTIONS", "Group", "fuse"]

_SUMMED = frozenset(map(np.dtype, ("float32", "float64", "int32", "int64")))
REDUCTIONS = {p.reduce_sum, p.reduce_max, p.reduce_min, p.reduce_prod}
CHEAP = {p.add, p.subtract, p.multiply, p.negative, p.maximum, p.minimum, p.select, p.cast}


@dataclass(eq=False)
class Group:
    """Calls that walk one shape together, in order. The last may be a reduction of what the others give."""

    shape: Shape
    nodes: list[Node] = field(default_factory=list)

    @property
    def root(self) -> Node:
        return self.nodes[-1]

    @property
    def reduces(self) -> bool:
        return self.root.op in REDUCTIONS


def fuse(graph: Graph) -> list[Group | Node]:
    """The program as groups and single calls, in an order in which they can run."""
    readers: dict[Node, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        for x in dict.fromkeys(node.inputs):
            readers[x].append(node)
    asked = {*graph.outputs, *graph.assigned.values()}
    order = {node: i for i, node in enumerate(graph.nodes)}
    homes: dict[Node, list[Group]] = {}
    for node in reversed(graph.nodes):
        if not (can_emit(node) or can_reduce(node)):
            continue
        _gather_results([homes.get(reader) for reader in readers[node]], homes, order, readers)
        homes[node] = _homes(node, [homes.get(reader) for reader in readers[node]], node in asked)
        for home in homes[node]:
            home.nodes.insert(0, node)
    return [_own(homes, node) for node in graph.nodes if node not in homes or _own(homes, node) is not node]


def _gather_results(
    found: list[list[Group] | None],
    homes: dict[Node, list[Group]],
    order: dict[Node, int],
    readers: dict[Node, list[Node]],
) -> None:
    """Where several groups read a call, let those that are one call, for which nobody waits, join another of them.

    Such a call is a result of the program. It can be computed anywhere once what it reads is there.
    """
    groups = list(dict.fromkeys(group for home in found if home for group in home))
    if len(groups) < 2 or not all(found):
        return
    free = [group for group in groups if len(group.nodes) == 1 and not readers[group.root] and not group.reduces]
    host = next((group for group in groups if group not in free), groups[0])
    for group in free:
        early = all(order.get(x, -1) < order[host.root] for x in group.root.inputs)
        if group is not host and early and group.shape == host.shape and not host.reduces:
            host.nodes.insert(len(host.nodes) - 1, group.root)  # the root stays the last
            homes[group.root] = [host]


def _own(homes: dict[Node, list[Group]], node: Node) -> Group | Node:
    """The group that ends with this call, or the call."""
    found = homes.get(node, [])
    return found[0] if len(found) == 1 and found[0].root is node else node


def _homes(node: Node, readers: list[list[Group] | None], asked: bool) -> list[Group]:
    """The groups of a call: that of all its readers, or all of theirs if it is cheap, or one of its own."""
    shape = node.inputs[0].shape if node.op in REDUCTIONS else node.shape
    if node.op in REDUCTIONS or not readers or not all(readers):
        return [Group(shape)]
    found = list(dict.fromkeys(group for groups in readers for group in groups or []))
    shared = len(found) == 1 or (not asked and _is_cheap(node))
    return found if shared and all(group.shape == shape for group in found) else [Group(shape)]


def _is_cheap(node: Node) -> bool:
    """Whether to compute it again costs no more than to read what was computed: it reads one number for each."""
    full = [x for x in node.inputs if x.shape == node.shape and x.op is not p.broadcast_to]
    return node.op in CHEAP and len(full) <= 1 and all(x.dtype.itemsize <= node.dtype.itemsize for x in full)


def can_reduce(node: Node) -> bool:
    """Whether there is a loop for this reduction: floats or integers of 32 and 64 bits, not empty."""
    if node.op not in REDUCTIONS or node.dtype not in _SUMMED:
        return False
    shape = node.inputs[0].shape
    return all(shape) and bool(node.params["axes"])
