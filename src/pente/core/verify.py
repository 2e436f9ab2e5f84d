"""What a legal program is. The passes of the compiler are checked with it, one after the other."""

from pente.core.graph import Graph
from pente.core.node import Node, spec_of
from pente.errors import GraphError, PenteError

__all__ = ["verify"]


def verify(graph: Graph) -> Graph:
    """Raise GraphError where a node uses what is not there yet, or its value is not what its rule says."""
    known = {*graph.inputs, *graph.captured}
    for node in graph.nodes:
        if node in known:
            raise GraphError(f"{_label(node)} stands twice in the program.")
        missing = [x for x in node.inputs if x not in known]
        if missing:
            raise GraphError(f"{_label(node)} uses {', '.join(map(_label, missing))}, which comes later or never.")
        _check_spec(node)
        known.add(node)
    lost = [node for node in (*graph.outputs, *graph.assigned.values()) if node not in known]
    if lost:
        raise GraphError(f"the program returns {', '.join(map(_label, lost))}, which it does not compute.")
    return graph


def _check_spec(node: Node) -> None:
    if node.op is None:
        raise GraphError(f"{_label(node)} has no operation and is no input.")
    try:
        wanted = node.op.spec(*[spec_of(x.value) for x in node.inputs], **node.params)
    except (PenteError, TypeError) as error:
        raise GraphError(f"{_label(node)}: {error}") from error
    if wanted != spec_of(node.value):
        raise GraphError(f"{_label(node)} is {spec_of(node.value)}, and its rule says {wanted}.")


def _label(node: Node) -> str:
    place = f" in {node.path}" if node.path else ""
    return f"{node!r}{place} ({node.where})"
