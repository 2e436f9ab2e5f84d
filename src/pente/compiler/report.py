"""What a compiled function is: its program after each pass, the rows of its table, its memory, its time."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from pente.compiler.native import NativeTable
from pente.compiler.nests import nest_of
from pente.compiler.rows import HostRow, LoopRow, Row
from pente.core.node import Node
from pente.core.printer import program_text

if TYPE_CHECKING:
    from pente.compiler.jit import Compiled

__all__ = ["Report", "report"]

ROUNDS = 5


class Report(str):
    """Text that shows itself as it stands."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def report(program: "Compiled", retraces: Sequence[str], arguments: Sequence[Any] | None) -> Report:
    """All of it as text; with arguments every row is timed on them."""
    parts = _stages(program)
    if isinstance(program.table, NativeTable):
        parts.append(_rows(program.table, None if arguments is None else _times(program, arguments)))
        parts.append(_memory(program.table))
    parts += [f"traced again: {reason}" for reason in retraces]
    return Report("\n\n".join(parts))


def _stages(program: "Compiled") -> list[str]:
    """The program after each pass, where the pass changed it."""
    parts: list[str] = []
    before: tuple[Node, ...] = ()
    for name, graph in program.stages:
        after = (*graph.nodes, *graph.outputs)
        text = f"{len(graph.nodes)} calls\n{program_text(graph)}" if after != before else "nothing changed"
        parts.append(f"after {name}: {text}")
        before = after
    return parts


def _times(program: "Compiled", arguments: Sequence[Any]) -> list[float]:
    """The shortest time of each row in a few runs, in seconds; the state stays as it is."""
    inputs = [*arguments, *[v.array for v in program.captured.state]]
    table: Any = program.table
    runs = [table.timed(inputs) for _ in range(ROUNDS)]
    return [min(times) for times in zip(*runs, strict=True)]


def _rows(table: NativeTable, times: list[float] | None) -> str:
    """Each row: its time, who runs it, what it does, the shape of the result, and the loops of its kernel."""
    rows = table.ordered
    total = "" if times is None else f", {sum(times) * 1e6:.1f} µs on one thread"
    lines = [f"the table: {len(rows)} rows in {len(table.parts)} stages{total}"]
    for i, row in enumerate(rows):
        taken = "" if times is None else f"{times[i] * 1e6:9.1f} µs  "
        head, *nest = _described(row)
        lines += [f"{i:4}  {taken}{head}", *[f"      {line}" for line in nest]]
    return "\n".join(lines)


def _described(row: Row) -> list[str]:
    if isinstance(row, HostRow):
        return [f"NumPy   {row.node.op}"]
    if isinstance(row, LoopRow):
        return [f"loop    {row.length} times"] + [f"  {line}" for inner in row.rows for line in _described(inner)]
    nest = [] if row.plan is None else [f"  {line}" for line in nest_of(row.plan)]
    return [f"kernel  {row.label} {list(row.writes[0].shape)}", *nest]


def _memory(table: NativeTable) -> str:
    inner = sum(array.nbytes for array in table.inner.values())
    fresh = sum(prod(node.shape) * node.dtype.itemsize for node in table.results)
    return (
        f"memory: {len(table.inner)} inner buffers of {inner:,} bytes, which share {table.memory.nbytes:,}; "
        f"{len(table.results)} results of {fresh:,} bytes"
    )
