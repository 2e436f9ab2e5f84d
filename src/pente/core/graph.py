"""A program: nodes in the order in which they run, from inputs to outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pente.core import primitives as p
from pente.core.node import Node, ancestors, is_abstract
from pente.core.tensor import Tensor, Variable

__all__ = ["Graph", "close", "graph_of"]


@dataclass(frozen=True, eq=False)
class Graph:
    """An immutable program.

    ``inputs`` are placeholders; ``captured`` are the nodes from outside that it uses; ``nodes`` are the calls in order;
    ``assigned`` says which Variables end up with which node's value. Calling it runs it: on arrays it gives arrays, on
    tensors it gives tensors and records what it does.
    """

    inputs: tuple[Node, ...]
    captured: tuple[Node, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Node, ...]
    assigned: dict[Variable, Node] = field(default_factory=dict)

    def __call__(self, *args: Any) -> tuple[Any, ...]:
        return self.run(args, self.outputs)

    def run(self, args: Sequence[Any], wanted: Sequence[Node]) -> tuple[Any, ...]:
        """The values of the wanted nodes, for these inputs."""
        values: dict[Node, Any] = dict(zip(self.inputs, args, strict=True))
        values.update((node, Tensor(node.value, node)) for node in self.captured)
        for node in self.nodes:
            values[node] = _run(node, [values[x] for x in node.inputs])
        return tuple(values[node] for node in wanted)

    def __str__(self) -> str:
        from pente.core.printer import program_text

        return program_text(self)


def _run(node: Node, inputs: list[Any]) -> Any:
    if node.op is p.part:
        return inputs[0][node.params["index"]]
    if node.op is None:
        raise TypeError("a leaf cannot be run")
    return node.op(*inputs, **node.params)


def graph_of(inputs: tuple[Node, ...], outputs: tuple[Node, ...], assigned: Any, since: int) -> Graph:
    """The program between these nodes. What stood before ``since``, or has a value already, is captured."""
    own, outside = set(inputs), set()

    def ends(node: Node) -> bool:
        if node in own:
            return True
        if node.op is None or node.serial < since or not is_abstract(node.value):
            outside.add(node)
            return True
        return False

    found = ancestors([*outputs, *assigned.values()], stop=ends)
    captured = tuple([node for node in found if node in outside])
    nodes = tuple([node for node in found if node not in own and node not in outside])
    return Graph(inputs, captured, nodes, outputs, dict(assigned))


def close(graph: Graph, captured: Sequence[Node] | None = None) -> Graph:
    """The same program with the captured nodes as further inputs."""
    further = graph.captured if captured is None else tuple(captured)
    return Graph(graph.inputs + further, (), graph.nodes, graph.outputs, graph.assigned)
