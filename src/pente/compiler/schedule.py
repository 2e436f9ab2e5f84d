"""When it runs: rows that do not wait for each other stand in one stage, and threads meet only between stages.

A row's level is one more than that of the last row that it has to wait for: because it reads what that one writes, or
writes what that one reads or writes. What depends on nothing that is computed (a cast of a weight, random bits) waits
until just before it is needed. Levels of very little work are run by one thread, several of them in a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pente.compiler.layout import HostRow, KernelRow, LoopRow, Row
from pente.core.node import Node

__all__ = ["Begin", "Check", "End", "Part", "Stage", "Stop", "schedule"]

SMALL = 1500.0  # nanoseconds of work that are not worth being divided: to open a stage takes some 300


@dataclass(frozen=True, eq=False)
class Stage:
    """Rows that may run at once; or, in order, rows of little work that one thread runs."""

    rows: tuple[KernelRow, ...]
    in_order: bool = False


@dataclass(frozen=True, eq=False)
class Begin:
    """Here a loop begins."""

    loop: LoopRow


@dataclass(frozen=True, eq=False)
class End:
    """Here a loop ends, and goes back to its begin as often as it is long."""

    loop: LoopRow


@dataclass(frozen=True, eq=False)
class Stop:
    """Here NumPy does the work."""

    row: HostRow


@dataclass(frozen=True, eq=False)
class Check:
    """From here on the state is written: a run that met a bad index goes no further."""


Part = Stage | Begin | End | Stop | Check
Settled = Mapping[Node, Node]
NONE: Settled = {}


def schedule(rows: Sequence[Row], settled: Settled = NONE, fallible: Sequence[Row] = ()) -> tuple[list[Part], Settled]:
    """The stages of a program, and which new state may be written over the old one.

    ``settled`` are new values of the state, and the old value that each replaces. A new value may lie where the old one
    does if the row that computes it can work in place, all others that read the old one are through by then, and so are
    all rows that can fail.
    """
    over = _in_place(rows, settled)
    levels = _levels(rows, over, fallible)
    if over and any(levels[row] >= _first(levels, over) for row in fallible):
        over = {}
        levels = _levels(rows, over, fallible)
    begin = _first(levels, over) if over else None
    parts: list[Part] = []
    for level, some in groupby(sorted(rows, key=levels.__getitem__), key=levels.__getitem__):
        if level == begin:
            parts.append(Check())
        _append(parts, list(some))
    return parts, over


def _in_place(rows: Sequence[Row], settled: Settled) -> Settled:
    """New values that may be written over old ones: nobody reads the old one after it is gone."""
    over: dict[Node, Node] = {}
    for row in rows:
        steady = row.steady if isinstance(row, KernelRow) else ()
        over |= {new: settled[new] for new in row.writes if new in settled and (settled[new], new) in steady}
    while True:
        order = list(enumerate(_in_order(rows, over)))
        last = {x: i for i, row in order for x in row.reads}  # who reads it
        kept = {new: over[new] for i, row in order for new in row.writes if new in over and last[over[new]] <= i}
        if len(kept) == len(over):
            return over
        over = kept


def _writing(row: Row, over: Settled) -> bool:
    return any(x in over for x in row.writes)


def _first(levels: Mapping[Row, int], over: Settled) -> int:
    """The first level that writes over state."""
    return min(level for row, level in levels.items() if _writing(row, over))


def _in_order(rows: Sequence[Row], over: Settled) -> list[Row]:
    """The rows in an order in which they can run: those that write over state, and who waits for them, come last."""
    late = {x for row in rows if _writing(row, over) for x in row.writes}
    waiting = set()
    for row in rows:
        if late.intersection(row.reads) or late.intersection(row.writes):
            waiting.add(row)
            late.update(row.writes)
    return [*[row for row in rows if row not in waiting], *[row for row in rows if row in waiting]]


def _levels(rows: Sequence[Row], over: Settled, fallible: Sequence[Row]) -> dict[Row, int]:
    """The level of every row; what can wait until it is needed does, and state is written after all that can fail."""
    order = _in_order(rows, over)
    floors = _patient(order, _waited(order, {}, over))
    if fallible:
        levels = _waited(order, floors, over)
        safe = max(levels[row] for row in fallible) + 1
        floors |= {row: max(safe, floors.get(row, 0)) for row in order if _writing(row, over)}
    return _waited(order, floors, over)


def _waited(order: Sequence[Row], floors: Mapping[Row, int], over: Settled) -> dict[Row, int]:
    """The earliest level of every row, but not before its floor."""
    written: dict[Node, int] = {}
    read: dict[Node, int] = {}
    levels: dict[Row, int] = {}
    for row in order:
        targets = [*row.writes, *[over[x] for x in row.writes if x in over]]
        waits = [written.get(x, -1) for x in (*row.reads, *targets)] + [read.get(x, -1) for x in targets]
        levels[row] = level = max([floors.get(row, 0), *[w + 1 for w in waits]])
        read.update((x, max(level, read.get(x, -1))) for x in row.reads)
        written.update((x, max(level, written.get(x, -1))) for x in targets)
    return levels


def _patient(order: Sequence[Row], levels: Mapping[Row, int]) -> dict[Row, int]:
    """Rows that wait for no computed number, and the level just before the first that needs them."""
    computed = {x for row in order for x in row.writes}
    patient = []
    for row in order:
        if isinstance(row, KernelRow) and not computed.intersection(row.reads):
            patient.append(row)
            computed.difference_update(row.writes)
    able, needed, found = set(patient), dict[Node, int](), dict[Row, int]()
    for row in reversed(order):
        level = levels[row]
        if row in able:
            level = max(level, min([needed[x] - 1 for x in row.writes if x in needed], default=level))
            found[row] = level
        needed.update((x, min(level, needed.get(x, level))) for x in (*row.reads, *row.writes))
    return found


def _append(parts: list[Part], rows: list[Row]) -> None:
    """One level: kernels side by side, then its loops and stops one after the other."""
    kernels = tuple(row for row in rows if isinstance(row, KernelRow))
    if kernels:
        small = sum(row.work for row in kernels) < SMALL
        before = parts[-1] if parts else None
        if small and isinstance(before, Stage) and before.in_order:
            parts[-1] = Stage((*before.rows, *kernels), True)
        else:
            parts.append(Stage(kernels, small))
    for row in rows:
        if isinstance(row, LoopRow):
            parts += [Begin(row), *schedule(row.rows)[0], End(row)]
        elif isinstance(row, HostRow):
            parts.append(Stop(row))
