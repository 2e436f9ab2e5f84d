"""Which calls run together: element-wise chains become one walk over memory, with the reduction that ends them.

A call joins the group of its readers if all of them are in it and walk the same shape. What it gives is then never
written, unless the program returns it. So a group is read once, from top to bottom, and nothing is computed twice.
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


@dataclass
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
    homes: dict[Node, Group] = {}
    for node in reversed(graph.nodes):
        if not (can_emit(node) or can_reduce(node)):
            continue
        shape = node.inputs[0].shape if node.op in REDUCTIONS else node.shape
        home = _common_home([homes.get(reader) for reader in readers[node]])
        if home is None or home.shape != shape or node.op in REDUCTIONS:
            home = Group(shape)
        homes[node] = home
        home.nodes.insert(0, node)
    return [homes.get(node, node) for node in graph.nodes if node not in homes or homes[node].root is node]


def _common_home(homes: list[Group | None]) -> Group | None:
    """The one group that all readers are in."""
    return homes[0] if homes and all(home is homes[0] for home in homes) else None


def can_reduce(node: Node) -> bool:
    """Whether there is a loop for this reduction: floats or integers of 32 and 64 bits, not empty."""
    if node.op not in REDUCTIONS or node.dtype not in _SUMMED:
        return False
    shape = node.inputs[0].shape
    return all(shape) and bool(node.params["axes"])
