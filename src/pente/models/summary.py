"""A model as a table: one line a layer, and what they come to together."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from pente.layers import Layer
from pente.layers.symbolic import LayerCall, SymbolicTensor
from pente.models.costs import Costs, costs_of

if TYPE_CHECKING:
    from pente.models.model import Model

__all__ = ["print_summary", "summary_text"]


class Row(NamedTuple):
    """One layer."""

    name: str
    shape: str
    params: str
    trained: str
    work: str
    sources: str


HEADINGS = Row("Layer (type)", "Output shape", "Params", "Trained", "Multiply-adds", "Connected to")
NUMBERS = ("Params", "Multiply-adds")


def print_summary(model: "Model", expand_nested: bool = False, print_fn: Callable[[str], Any] | None = None) -> None:
    """Print the table, or give its text to a function; with colours and lines where there is a terminal."""
    if print_fn is not None:
        print_fn(summary_text(model, expand_nested))
    elif sys.stdout.isatty():
        _print_rich(model, expand_nested)
    else:
        print(summary_text(model, expand_nested))


def summary_text(model: "Model", expand_nested: bool = False) -> str:
    """The table as plain text."""
    summary = Summary(model, expand_nested)
    lines = ["  ".join(cells) for cells in zip(*map(_aligned, zip(*summary.table(), strict=True)), strict=True)]
    rule = "─" * len(lines[0])
    table = [line.rstrip() for line in (rule, lines[0], rule, *lines[1:], rule)]
    return "\n".join([summary.title, *table, *summary.totals()])


def _aligned(column: tuple[str, ...]) -> list[str]:
    """The cells of a column in one width, numbers to the right."""
    width = max(map(len, column))
    return [cell.rjust(width) if column[0] in NUMBERS else cell.ljust(width) for cell in column]


def _print_rich(model: "Model", expand_nested: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    summary = Summary(model, expand_nested)
    headings, *rows = summary.table()
    table = Table(title=summary.title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in NUMBERS else "left")
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print("\n".join(summary.totals()), highlight=False)


class Summary:
    """The rows of the table, and the lines below it."""

    def __init__(self, model: "Model", expand_nested: bool) -> None:
        self.model = model
        self.expand_nested = expand_nested
        self.failure = model.failure
        self.costs: Costs | None = costs_of(model) if _is_built(model) else None
        self.paths = Counter(layer.path for _, layer in model.walk())  # layers from other models may have the same
        self.title = f"{type(model).__name__} {model.name!r}"

    def table(self) -> list[tuple[str, ...]]:
        """The headings and all rows, with the column of connections where the layers are not one behind the other."""
        rows = [HEADINGS, *self._rows(self.model)]
        chain = all(not row.sources for row in rows[1:])
        return [row[:-1] if chain else tuple(row) for row in rows]

    def _rows(self, model: Layer, indent: str = "") -> Iterator[Row]:
        sources = _sources(model)
        for i, (name, layer) in enumerate(model.children().items()):
            failed = not indent and self.failure is not None and self.failure.place == i
            shape = "does not fit" if failed else _shape(layer)
            label = f"{indent}{name} ({type(layer).__name__})"
            yield Row(label, shape, _params(layer), _trained(layer), self._work(layer), sources.get(name, ""))
            if failed:
                break
            if self.expand_nested:
                yield from self._rows(layer, indent + "  ")

    def _work(self, layer: Layer) -> str:
        tops = _topmost({part.path for _, part in layer.walk()})
        if self.costs is None or any(self.paths[path] != 1 for path in tops):
            return "?"
        each = [self.costs.of(path) for path in tops]
        return _number(None if None in each else sum(n or 0 for n in each))

    def totals(self) -> list[str]:
        """What all layers come to; or why that is not known."""
        if self.failure is not None:
            return [self.failure.text]
        if not _is_built(self.model):
            return ["Not built yet: call it on data, or write model.build((None, features))."]
        trained = sum(v.size for v in self.model.trainable_weights)
        fixed = sum(v.size for v in self.model.non_trainable_weights)
        count = f"{trained + fixed:,} ({_bytes(sum(v.nbytes for v in self.model.weights))})"
        return [
            f"Parameters: {count}, of which {trained:,} are trained and {fixed:,} are not.",
            *self._each_example(),
        ]

    def _each_example(self) -> list[str]:
        if self.costs is None:
            return []
        work, memory = self.costs.of(""), self.costs.memory
        if work is None or memory is None:
            return ["An example: as many multiply-adds and as much memory as its open lengths ask for."]
        return [f"An example: {work:,} multiply-adds, and {_bytes(memory)} for the outputs of all layers."]


def _sources(model: Any) -> dict[str, str]:
    """For each layer of a graph the layers that it takes from; nothing for layers one behind the other."""
    graph = model.graph if getattr(model, "follows_graph", False) else None
    if graph is None or _is_chain(graph.calls):
        return {}
    names = {id(layer): name for name, layer in model.children().items()}
    calls: dict[str, list[LayerCall]] = {name: [] for name in names.values()}
    for call in graph.calls:
        calls.setdefault(names.get(id(call.layer), ""), []).append(call)  # a Sequential has its Input beside its layers

    def source(symbol: SymbolicTensor) -> str:
        name = names.get(id(symbol.call.layer), symbol.name)
        each = calls.get(name, [])
        return f"{name}[{each.index(symbol.call)}]" if len(each) > 1 and symbol.call in each else name

    return {name: ", ".join(source(x) for call in each for x in call.inputs) for name, each in calls.items()}


def _is_chain(calls: list[LayerCall]) -> bool:
    """Whether each call takes what the one before it gives, and nothing else."""
    single = len({id(call.layer) for call in calls}) == len(calls)
    return single and all([x.call for x in call.inputs] == [before] for before, call in pairwise(calls))


def _topmost(paths: set[str]) -> list[str]:
    """Those below no other. What a model holds can have its path in another model, from which it was cut."""
    return [path for path in paths if not any(path[:i] in paths for i, sign in enumerate(path) if sign == "/")]


def _shape(layer: Layer) -> str:
    shape: Any = layer.output_shape
    shapes = shape if isinstance(shape, list) else [shape]
    return "?" if shape is None else ", ".join(map(str, shapes))


def _params(layer: Layer) -> str:
    return _number(sum(v.size for v in layer.weights) if _is_built(layer) else None)


def _number(n: int | None) -> str:
    return "?" if n is None else f"{n:,}"


def _is_built(layer: Layer) -> bool:
    return all(part.built for _, part in layer.walk())


def _trained(layer: Layer) -> str:
    weights = layer.weights
    if not weights:
        return "" if _is_built(layer) else "?"
    trained = [v.trainable for v in weights]
    return "yes" if all(trained) else "partly" if any(trained) else "no"


def _bytes(size: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"
