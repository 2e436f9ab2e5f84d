"""A model as a table: one line a layer."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from pente.layers import Layer

if TYPE_CHECKING:
    from pente.models.model import Model

__all__ = ["print_summary", "summary_text"]

HEADINGS = ("Layer (type)", "Output shape", "Params", "Trained")


class Row(NamedTuple):
    """One layer."""

    name: str
    shape: str
    params: str
    trained: str


def print_summary(model: "Model", expand_nested: bool = False) -> None:
    """Print the table; with colours and lines where there is a terminal."""
    if sys.stdout.isatty():
        _print_rich(model, expand_nested)
    else:
        print(summary_text(model, expand_nested))


def summary_text(model: "Model", expand_nested: bool = False) -> str:
    """The table as plain text."""
    rows = [Row(*HEADINGS), *_rows(model, expand_nested)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_aligned(cell, i, widths[i]) for i, cell in enumerate(row)).rstrip() for row in rows]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([_title(model), rule, lines[0], rule, *lines[1:], rule, *_totals(model)])


def _aligned(cell: str, column: int, width: int) -> str:
    return cell.rjust(width) if HEADINGS[column] == "Params" else cell.ljust(width)


def _print_rich(model: "Model", expand_nested: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*HEADINGS, title=_title(model), title_justify="left")
    table.columns[2].justify = "right"
    for row in _rows(model, expand_nested):
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print("\n".join(_totals(model)), highlight=False)


def _title(model: "Model") -> str:
    return f"{type(model).__name__} {model.name!r}"


def _rows(model: Layer, expand_nested: bool, indent: str = "") -> Iterator[Row]:
    for name, layer in model.children().items():
        yield Row(f"{indent}{name} ({type(layer).__name__})", _shape(layer), _params(layer), _trained(layer))
        if expand_nested:
            yield from _rows(layer, True, indent + "  ")


def _shape(layer: Layer) -> str:
    shape: Any = layer.output_shape
    if shape is None:
        return "?"
    return ", ".join(map(str, shape)) if isinstance(shape, list) else str(shape)


def _params(layer: Layer) -> str:
    return f"{sum(v.size for v in layer.weights):,}" if _is_built(layer) else "?"


def _is_built(layer: Layer) -> bool:
    return all(part.built for _, part in layer.walk())


def _trained(layer: Layer) -> str:
    weights = layer.weights
    if not weights:
        return "" if _is_built(layer) else "?"
    trained = [v.trainable for v in weights]
    return "yes" if all(trained) else "partly" if any(trained) else "no"


def _totals(model: "Model") -> list[str]:
    if not _is_built(model):
        return ["Not built yet: call it on data, or write model.build((None, features))."]
    trained = sum(v.size for v in model.trainable_weights)
    fixed = sum(v.size for v in model.non_trainable_weights)
    size = sum(v.nbytes for v in model.weights)
    return [
        f"Parameters: {trained + fixed:,} ({_bytes(size)}), of which {trained:,} are trained and {fixed:,} are not."
    ]


def _bytes(size: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"
