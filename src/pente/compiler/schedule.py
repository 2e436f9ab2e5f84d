"""When it runs: rows that do not wait for each other stand in one stage, and threads meet only between stages.

A row's level is one more than that of the last row that it has to wait for: because it reads what that one writes, or
writes what that one reads or writes. But a row of which every piece needs only what the same piece of another row gives
goes along with that one, as a chain: whoever does a piece of the one does that piece of the other, while it has the
numbers at hand, and nobody waits. What depends on nothing that is computed (a cast of a weight, random bits) waits
until just before it is needed. Levels of very little work are run by one thread, several of them in a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pente.compiler.chains import Chain
from pente.compiler.rows import HostRow, KernelRow, LoopRow, Row
from pente.core.node import Node

__all__ = ["Begin", "Check", "End", "Part", "Stage", "Stop", "schedule"]

SMALL = 1500.0  # nanoseconds of work that are not worth being divided: to open a stage takes some 300


@dataclass(frozen=True, eq=False)
class Stage:
    """Chains that may run at once; or, in order, rows of little work that one thread runs."""

    chains: tuple[Chain, ...]
    in_order: bool = False

    @property
    def rows(self) -> tuple[KernelRow, ...]:
        return tuple(row for chain in self.chains for row in chain.rows)


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
    placed = _placed(rows, over, fallible)
    if over and any(placed.levels[row] >= _first(placed.levels, over) for row in fallible):
        over = {}
        placed = _placed(rows, over, fallible)
    levels = placed.levels
    begin = _first(levels, over) if over else None
    parts: list[Part] = []
    for level, some in groupby(sorted(rows, key=levels.__getitem__), key=levels.__getitem__):
        if level == begin:
            parts.append(Check())
        _append(parts, list(some), placed.chains)
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


def _placed(rows: Sequence[Row], over: Settled, fallible: Sequence[Row]) -> "_Waiting":
    """Levels and chains; what can wait until it is needed does, and state is written after all that can fail."""
    order = _in_order(rows, over)
    floors = _patient(order, _Waiting(order, {}, over).levels)
    placed = _Waiting(order, floors, over)
    if not fallible:
        return placed
    safe = max(placed.levels[row] for row in fallible) + 1
    early = {row: safe for row in order if _writing(row, over) and placed.levels[row] < safe}
    return _Waiting(order, floors | early, over) if early else placed


class _Waiting:
    """Gives the rows, in order, their levels and chains."""

    def __init__(self, order: Sequence[Row], floors: Mapping[Row, int], over: Settled) -> None:
        self.floors, self.over = floors, over
        self.written: dict[Node, tuple[int, set[Chain]]] = {}  # the level of the last who did, and who did it there
        self.read: dict[Node, tuple[int, set[Chain]]] = {}
        self.levels: dict[Row, int] = {}
        self.chains: dict[Row, Chain] = {}
        for row in order:
            self._place(row)

    def _place(self, row: Row) -> None:
        targets = [*row.writes, *[self.over[x] for x in row.writes if x in self.over]]
        known = [(x, self.written) for x in (*row.reads, *targets)] + [(x, self.read) for x in targets]
        waits = [(x, *seen[x]) for x, seen in known if x in seen]
        level = max([self.floors.get(row, 0) - 1, *[at for _, at, _ in waits]])
        last = [(x, chains) for x, at, chains in waits if at == level]
        owners = {chain for _, chains in last for chain in chains}
        chain = next(iter(owners)) if len(owners) == 1 else None
        if chain is None or not chain.takes(row, {x for x, _ in last}):
            chain, level = Chain(row), level + 1
        self.levels[row], self.chains[row] = level, chain
        for x in row.reads:
            _note(self.read, x, level, chain)
        for x in targets:
            _note(self.written, x, level, chain)


def _note(seen: dict[Node, tuple[int, set[Chain]]], x: Node, level: int, chain: Chain) -> None:
    before, chains = seen.get(x, (-1, set()))
    if level >= before:
        seen[x] = level, {chain} if level > before else {*chains, chain}


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


def _append(parts: list[Part], rows: list[Row], owners: Mapping[Row, Chain]) -> None:
    """One level: kernels side by side, then its loops and stops one after the other."""
    chains = tuple(dict.fromkeys(owners[row] for row in rows if isinstance(row, KernelRow)))
    if chains:
        small = sum(chain.work for chain in chains) < SMALL
        before = parts[-1] if parts else None
        if small and isinstance(before, Stage) and before.in_order:
            parts[-1] = Stage((*before.chains, *chains), True)
        else:
            parts.append(Stage(chains, small))
    for row in rows:
        if isinstance(row, LoopRow):
            parts += [Begin(row), *schedule(row.rows)[0], End(row)]
        elif isinstance(row, HostRow):
            parts.append(Stop(row))
