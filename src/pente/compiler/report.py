"""What a compiled function is: its program after each pass, the rows of its table, its memory, its time."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from pente.compiler.native import KernelRow, NativeTable
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
    parts = [f"after {name}: {len(graph.nodes)} calls\n{program_text(graph)}" for name, graph in program.stages]
    if isinstance(program.table, NativeTable):
        parts.append(_rows(program.table, None if arguments is None else _times(program, arguments)))
        parts.append(_memory(program.table))
    parts += [f"traced again: {reason}" for reason in retraces]
    return Report("\n\n".join(parts))


def _times(program: "Compiled", arguments: Sequence[Any]) -> list[float]:
    """The shortest time of each row in a few runs, in seconds; the state stays as it is."""
    inputs = [*arguments, *[v.array for v in program.captured.state]]
    table: Any = program.table
    runs = [table.timed(inputs) for _ in range(ROUNDS)]
    return [min(times) for times in zip(*runs, strict=True)]


def _rows(table: NativeTable, times: list[float] | None) -> str:
    """One line a row: its time, who runs it, the shape of the result, what it does."""
    lines = [
        f"the table: {len(table.rows)} rows" + ("" if times is None else f", {sum(times) * 1e6:.1f} µs on one thread")
    ]
    for i, row in enumerate(table.rows):
        native = isinstance(row, KernelRow)
        shape = list(row.operands[-1].shape) if isinstance(row, KernelRow) else ""
        what = row.label if isinstance(row, KernelRow) else row.node.op
        taken = "" if times is None else f"{times[i] * 1e6:9.1f} µs  "
        lines.append(f"{i:4}  {taken}{'kernel' if native else 'NumPy '}  {what} {shape}")
    return "\n".join(lines)


def _memory(table: NativeTable) -> str:
    inner = sum(array.nbytes for array in table.arena.values())
    fresh = sum(prod(node.shape) * node.dtype.itemsize for node in table.fresh)
    return f"memory: {len(table.arena)} inner buffers of {inner:,} bytes, {len(table.fresh)} results of {fresh:,} bytes"
