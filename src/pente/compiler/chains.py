"""Rows that go along with each other: whoever does a piece of one does the pieces of the others that belong to it.

A piece of a kernel works on some of the numbers of its operands (``Kernel.spans``). Where one row writes a buffer piece
by piece and another reads it so, pieces that cover the same numbers of it belong together.
"""

from collections.abc import Collection
from math import lcm
from typing import NamedTuple

from pente.compiler.rows import KernelRow, Row
from pente.compiler.writer import Span
from pente.core.node import Node

__all__ = ["GRAIN", "Chain", "Member"]

GRAIN = 4000.0  # nanoseconds of work in a task, at least: to claim one takes some 50
ENOUGH = 8  # pieces: with so many a chain may have fewer than its rows alone


class Member(NamedTuple):
    """A row of a chain: to so many pieces of the first row belong so many of its own."""

    row: KernelRow
    heads: int
    own: int


class Chain:
    """Rows that are cut together. ``pitch`` is the least number of pieces of the first row that a cut may leave."""

    def __init__(self, first: Row) -> None:
        self.members = [Member(first, 1, 1)] if isinstance(first, KernelRow) else []
        self.pitch = 1

    @property
    def rows(self) -> tuple[KernelRow, ...]:
        return tuple(member.row for member in self.members)

    @property
    def work(self) -> float:
        return sum(row.work for row in self.rows)

    @property
    def pieces(self) -> int:
        """Into how many it can be cut."""
        return -(-self.members[0].row.kernel.units // self.pitch)

    def edges(self, member: Member, parts: int) -> list[int]:
        """Where each of so many equal parts begins in a member, in pieces, and where the last ends."""
        pieces, pitch, heads, own = self.pieces, self.pitch, member.heads, member.own
        return [*[n * pieces // parts * pitch // heads * own for n in range(parts)], member.row.kernel.units]

    def takes(self, row: Row, shared: Collection[Node]) -> bool:
        """Whether the row can go along, if these buffers are all that it waits for; then it does."""
        if not self.members or not isinstance(row, KernelRow):
            return False
        found = []
        for x in shared:
            who = [member for member in self.members if x in member.row.operands]
            found += [_matched(member, row, x) for member in who] or [None]
        known = [pair for pair in found if pair is not None]
        if not known or len(known) < len(found) or any(a * known[0][1] != b * known[0][0] for a, b in known):
            return False
        heads = lcm(*[pair[0] for pair in known])
        own = heads // known[0][0] * known[0][1]
        pitch = lcm(self.pitch, heads)
        work, units = self.work + row.work, self.members[0].row.kernel.units
        wanted = min(ENOUGH, int(work / GRAIN), max(self.pieces, row.kernel.units))
        # The last piece of a kernel may be smaller than the others, or larger: then the counts do not agree.
        if units < max(wanted, 1) * pitch or -(-units // heads) != -(-row.kernel.units // own):
            return False
        self.members.append(Member(row, heads, own))
        self.pitch = pitch
        return True


def _matched(member: Member, row: KernelRow, x: Node) -> tuple[int, int] | None:
    """How many pieces of the first row, and how many of this one, cover the same numbers of a buffer."""
    theirs, ours = _span(member.row, x), _span(row, x)
    if theirs is None or ours is None:
        return None
    numbers = lcm(theirs.numbers, ours.numbers)
    a, b = numbers // theirs.numbers * theirs.units, numbers // ours.numbers * ours.units
    whole = lcm(a, member.own)
    return whole // member.own * member.heads, whole // a * b


def _span(row: KernelRow, x: Node) -> Span | None:
    """The span of a buffer, if the row has it once."""
    places = [i for i, operand in enumerate(row.operands) if operand is x]
    return row.kernel.spans[places[0]] if len(places) == 1 and row.kernel.spans else None
