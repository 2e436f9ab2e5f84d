"""A loop taken apart, changed and put together again."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from pente.compiler.passes.drop import drop_dead
from pente.compiler.passes.rewrite import called, remade, rewrite
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import NOTHING, Node, Spec, is_abstract, spec_of

__all__ = ["Loop", "part", "rewrite_loops", "same_value", "with_bodies"]

Change = Callable[["Loop", Collection[int]], Sequence[Node | None] | None]


class Loop:
    """A scan in pieces, each of which may be changed.

    ``starts``, ``rows`` and ``constants`` are inputs of the body, and for each the node outside that it comes from.
    ``after`` is what becomes of each carried input in a step, ``given`` is what a step gives to the stacks.
    """

    def __init__(self, node: Node, inputs: Sequence[Node], changed: Graph | None = None) -> None:
        self.node = node
        body: Graph = node.params["body"] if changed is None else changed
        count, steps = node.params["carries"], node.params["carries"] + node.params["sequences"]
        self.starts = dict(zip(body.inputs[:count], inputs[:count], strict=True))
        self.rows = dict(zip(body.inputs[count:steps], inputs[count:steps], strict=True))
        self.constants = dict(zip(body.inputs[steps:], inputs[steps:], strict=True))
        self.after, self.given = list(body.outputs[:count]), list(body.outputs[count:])
        self.calls = list(body.nodes)
        self._close(body.captured)

    def _close(self, captured: Sequence[Node]) -> None:
        """What the body holds itself comes in as a constant. Equal constants come in once."""
        self.constants.update((node, node) for node in captured)
        first: dict[Hashable, Node] = {}
        given = {inner: first.setdefault(same_value(outer), inner) for inner, outer in self.constants.items()}
        self.replace({inner: other for inner, other in given.items() if inner is not other})

    def constant(self, outer: Node) -> Node:
        """A new input of the body that is the same in all steps."""
        inner = Node(None, (), NOTHING, spec_of(outer.value), False, outer.path, None)
        self.constants[inner] = outer
        return inner

    def row(self, outer: Node) -> Node:
        """An input of the body that in each step is a row of this node."""
        for inner, known in self.rows.items():
            if same_value(known) == same_value(outer):
                return inner
        inner = Node(None, (), NOTHING, Spec(outer.shape[1:], outer.dtype), False, outer.path, None)
        self.rows[inner] = outer
        return inner

    def replace(self, given: Mapping[Node, Node]) -> None:
        """Others read these nodes in place of those."""
        new, calls = dict(given), []
        for node in self.calls:
            if node not in given:
                calls.append(remade(node, tuple([new.get(x, x) for x in node.inputs])))
                new[node] = calls[-1]
        self.calls = calls
        self.after = [new.get(x, x) for x in self.after]
        self.given = [new.get(x, x) for x in self.given]

    def built(self) -> Node:
        """The scan, without calls, rows and constants that nobody asks for."""
        outputs = (*self.after, *self.given)
        calls = drop_dead(Graph((), (), tuple(self.calls), outputs)).nodes
        read = {*outputs, *[x for node in calls for x in node.inputs]}
        rows = {inner: outer for inner, outer in self.rows.items() if inner in read}
        constants = {inner: outer for inner, outer in self.constants.items() if inner in read}
        body = Graph((*self.starts, *rows, *constants), (), calls, outputs)
        counts = {"carries": len(self.starts), "sequences": len(rows)}
        outside = (*self.starts.values(), *rows.values(), *constants.values())
        return called(p.scan, self.node, *outside, **{**self.node.params, "body": body, **counts})


def same_value(node: Node) -> Hashable:
    """Equal for nodes that certainly have one value: the same output of the same call, numbers of the same bits."""
    if node.op is p.part:
        return node.inputs[0], node.params["index"]
    if is_abstract(node.value) or np.size(node.value) != 1:
        return node
    number = np.asarray(node.value)
    return number.dtype, number.shape, number.tobytes()


def part(scan: Node, index: int) -> Node:
    """One of the outputs."""
    return called(p.part, scan, scan, index=index)


def rewrite_loops(graph: Graph, change: Change) -> Graph:
    """The program with other loops.

    ``change`` is given each loop and which of its outputs are asked for, and says what stands for each output, or None
    where the loop stays as it is.
    """
    asked: dict[Node, set[int]] = {node: set() for node in graph.nodes if node.op is p.scan}
    if not asked:
        return graph
    for node in graph.nodes:
        if node.op is p.part and node.inputs[0] in asked:
            asked[node.inputs[0]].add(node.params["index"])
    found: dict[Node, Sequence[Any]] = {}

    def changed(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node in asked:
            outputs = change(Loop(node, inputs), asked[node])
            if outputs is not None:
                found[node] = outputs
        elif node.op is p.part and node.inputs[0] in found:
            output: Node = found[node.inputs[0]][node.params["index"]]
            return output
        return remade(node, inputs)

    return drop_dead(rewrite(graph, changed))


def with_bodies(graph: Graph, change: Callable[[Graph], Graph]) -> Graph:
    """The program in which each loop's body is what ``change`` makes of it."""
    if not any(node.op is p.scan for node in graph.nodes):
        return graph

    def changed(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.op is not p.scan:
            return remade(node, inputs)
        scan = Loop(node, inputs).built()
        return Loop(scan, scan.inputs, change(scan.params["body"])).built()

    return rewrite(graph, changed)
