"""A program as a table of calls: one row a call, with the places of its inputs and its output."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from pente.core.graph import Graph
from pente.core.node import Node
from pente.core.state import position_text, state
from pente.errors import PenteError

__all__ = ["Row", "Table", "placed"]


class Row(NamedTuple):
    """One call: what to run, where its inputs lie, where its output goes, which places are free afterwards."""

    run: Callable[..., Any]
    inputs: tuple[int, ...]
    output: int
    free: tuple[int, ...]
    node: Node


class Table:
    """A program laid out: places for all values, and the rows that fill them.

    A value is let go of after the last row that reads it.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        places = {node: i for i, node in enumerate((*graph.inputs, *graph.captured, *graph.nodes))}
        self.constants = [np.array(node.value) for node in graph.captured]
        self.results = [places[node] for node in (*graph.outputs, *graph.assigned.values())]
        self.size = len(places)
        self.rows = _rows(graph, places)

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """The values of the outputs and of the assigned Variables, for these inputs."""
        values: list[Any] = [None] * self.size
        values[: len(inputs)] = inputs
        values[len(inputs) : len(inputs) + len(self.constants)] = self.constants
        return _separate(state.quiet.run(self._fill, values), [*inputs, *self.constants])

    def _fill(self, values: list[Any]) -> list[Any]:
        for run, inputs, output, free, node in self.rows:
            try:
                values[output] = run(*[values[i] for i in inputs])
            except (PenteError, ArithmeticError, ValueError) as error:
                raise placed(error, node) from error
            for i in free:
                values[i] = None
        return [values[i] for i in self.results]


def _separate(results: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """The results as arrays in order, that share memory neither with what was given nor with each other."""
    taken = {id(x) for x in given}
    found = []
    for x in map(np.asarray, results):
        whole = x.base is None and x.flags.c_contiguous and id(x) not in taken
        own = x if whole else np.array(x, order="C")
        taken.add(id(own))
        found.append(own)
    return found


def _rows(graph: Graph, places: dict[Node, int]) -> list[Row]:
    kept = {*graph.outputs, *graph.assigned.values(), *graph.inputs, *graph.captured}
    last = {x: node for node in graph.nodes for x in node.inputs if x not in kept}
    rows = []
    for node in graph.nodes:
        free = tuple(places[x] for x in dict.fromkeys(node.inputs) if last.get(x) is node)
        inputs = tuple(places[x] for x in node.inputs)
        rows.append(Row(_evaluation(node), inputs, places[node], free, node))
    return rows


def _evaluation(node: Node) -> Callable[..., Any]:
    if node.op is None:
        raise TypeError("a leaf is no row")
    return partial(node.op.evaluate, **node.params) if node.params else node.op.evaluate


def placed(error: Exception, node: Node) -> Exception:
    """The same error, with the operation, the layer and the user's line; one that takes more than a text as it is."""
    place = f" in {node.path}" if node.path else ""
    position = None if node.code is None else (node.code, node.offset)
    try:
        return type(error)(f"{error} (in {node.op}{place}, made at {position_text(position)})")
    except TypeError:
        return error
