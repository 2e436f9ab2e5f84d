"""Put the bodies of composites in their place."""

from pente.compiler.passes.rewrite import remade, rewrite
from pente.core.graph import Graph
from pente.core.node import Node
from pente.core.primitives import Composite
from pente.core.state import layer_path
from pente.core.tensor import Tensor

__all__ = ["expand_composites"]


def expand_composites(graph: Graph) -> Graph:
    """Every composite is replaced by what its body does, under the layer's path."""
    while any(isinstance(node.op, Composite) for node in graph.nodes):  # a body may hold composites in its turn
        graph = rewrite(graph, _expanded)
    return graph


def _expanded(node: Node, inputs: tuple[Node, ...]) -> Node:
    if not isinstance(node.op, Composite):
        return remade(node, inputs)
    with layer_path(node.path):
        out = node.op.body(*[Tensor(x.value, x) for x in inputs], **node.params)
    inner: Node = out.node
    return inner
