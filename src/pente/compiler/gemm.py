"""The matrix product, and everything that is one: dense layers, convolutions, their gradients.

    C[i, j] = Σ_k A[i, k]·B[k, j]

A and B have any strides, the columns of C lie side by side, and k may be several nested loops. So a convolution is a
product, too: its rows are the places of an image row, and k runs over the rows, the columns and the channels of the
window. (Georganas et al., 2019.)

C is cut into pieces, some stripes of columns by some blocks of rows, which any thread may do. Pieces with the same
stripes of B follow each other: what is read of B stays in the cache while the rows go by. Where it does not lie side
by side it is packed first, a part of k at a time. The sum over k runs in order all the same, so the bits depend on the
sizes and the numbers alone. What an epilogue makes of C it makes while C is in the cache.

All products are one text (``driver.py``); what they differ in is numbers beside it, which are worked out here.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from math import ceil, prod
from typing import NamedTuple

from pente.compiler.driver import Amounts, Axis, Other, Word, fetch_function, find_function, product_text
from pente.compiler.epilogue import Epilogue
from pente.compiler.loops import stored_type, tile_function
from pente.compiler.microkernel import Block, block_function, size_of
from pente.compiler.packing import rows_function, turn_function
from pente.compiler.product import ROWS, Product, Step, simplified, tiling_of
from pente.compiler.writer import Kernel, Span

__all__ = ["ROWS", "Product", "Step", "gemm_kernel"]


@lru_cache(1024)
def gemm_kernel(product: Product, epilogue: Epilogue | None = None) -> Kernel:
    """The product as a kernel.

    Operands: A, B, what the epilogue reads but for C, what it writes (or C where there is none), and scratch if any.
    """
    gemm = _Gemm(product, epilogue)
    words = [*gemm.tables, *gemm.amounts]
    return Kernel(product_text(), gemm.units, tuple(reversed(words)), gemm.scratch, gemm.spans)


class _Operand(NamedTuple):
    """How an operand lies: its type in memory, its strides, and how far on and back one row of it reaches."""

    kind: str
    begin: int
    batch: tuple[int, ...]
    row: int
    column: int
    reach: int
    back: int = 0

    @property
    def size(self) -> int:
        return size_of(self.kind)


class _Gemm:
    """Works out the numbers of one product."""

    def __init__(self, product: Product, epilogue: Epilogue | None) -> None:
        self.of, walks = simplified(product, [place.strides for place in epilogue.places[1:]] if epilogue else [])
        self.how = how = tiling_of(self.of)
        self.epilogue, self.loops = epilogue, self.of.loops
        self.width = how.vectors * product.lanes
        self.full, self.left = divmod(product.columns, self.width)
        self.stripes = self.full + bool(self.left)
        self.groups = ceil(self.stripes / how.stripes)
        self.parts = ceil(self.of.rows / (how.blocks * how.rows))
        self.own = [i for i, step in enumerate(self.of.batch) if step.b]  # products with a B of their own
        self.same = [i for i, step in enumerate(self.of.batch) if not step.b]
        self.operands = [*self._factors(), *self._others(walks)]
        self.order = list(range(len(self.operands)))  # of operands in the table's row
        if epilogue:
            self.order[2:] = epilogue.in_order(self.order[2:])

    def _factors(self) -> list[_Operand]:
        """A, B and C."""
        of = self.of
        walks = [[(step.length - 1) * step[i] for step in of.depth] for i in (1, 2)]
        walks[1].append((of.columns - 1) * of.b_column)
        (down, back), (across, left) = ((sum(n for n in x if n > 0), sum(n for n in x if n < 0)) for x in walks)
        a, b, c = (tuple(step[i] for step in of.batch) for i in (1, 2, 3))
        begin = self.epilogue.places[0].offset if self.epilogue else of.c_offset
        return [
            _Operand(of.kind, of.offsets[0], a, of.a_row, 0, down, back),
            _Operand(of.kind, of.offsets[1], b, 0, of.b_column, across, left),
            _Operand(of.kind, begin, c, of.c_row, 1, of.columns - 1),
        ]

    def _others(self, walks: Sequence[tuple[int, ...]]) -> list[_Operand]:
        """What else the epilogue reads, and what it writes."""
        found = []
        places = self.epilogue.places[1:] if self.epilogue else []
        for place, (*batch, row, column) in zip(places, walks, strict=True):
            reach = (self.of.columns - 1) * max(column, 0)
            kind = stored_type(place.dtype)
            found.append(_Operand(kind, place.offset, tuple(batch), row, column, reach))
        return found

    # Pieces: of products with a B of their own the groups of stripes, of these the products with the same B, of these
    # the parts of the rows.

    @property
    def units(self) -> int:
        return self.groups * self.parts * self._count(range(len(self.of.batch)))

    def _count(self, axes: Sequence[int]) -> int:
        """How many products there are side by side along these axes."""
        return prod(self.of.batch[i].length for i in axes)

    @property
    def spans(self) -> tuple[Span | None, ...]:
        return tuple([self._span(self.operands[i]) for i in self.order])

    def _span(self, x: _Operand) -> Span | None:
        """Which numbers of an operand belong to a piece, if those of the next ones come next."""
        same = [(self.of.batch[i].length, x.batch[i]) for i in self.same]
        axes, rows, units = [(self.of.batch[i].length, x.batch[i]) for i in self.own], self.of.rows, 1
        if self.groups > 1:
            units, inside = self.units // self._count(self.own), same
        else:
            axes, inside = [*axes, *same], []
        if self.groups == 1 and self.parts > 1:
            rows = self.how.blocks * self.how.rows
            axes.append((self.parts, rows * x.row))
        if x.begin or min([x.row, x.column, x.back, *[stride for _, stride in (*axes, *inside)]]) < 0:
            return None
        reach = x.reach + sum((n - 1) * stride for n, stride in ((rows, x.row), *inside))
        while axes and not axes[-1][1]:
            units *= axes.pop()[0]
        if not axes:
            return Span(1, reach + 1) if units == 1 else None
        beside = all(a == n * b for (_, a), (n, b) in pairwise(axes)) and axes[-1][1] > reach
        return Span(units, axes[-1][1]) if beside else None

    # Memory of each thread's own: what is packed of B, then what is packed of A.

    @property
    def scratch(self) -> int:
        return (self._packed_b + self.how.packs_a * self._apart * self.how.depth) * size_of(self.of.kind)

    @property
    def _packed_b(self) -> int:
        return self.how.packs_b * self.how.stripes * self.width * self.how.depth

    @property
    def _apart(self) -> int:
        """Rows of A that may be packed at a time."""
        how = self.how
        return how.held * how.rows + max(how.rest - how.rows, 0) + self.of.lanes

    # The numbers that the text reads.

    @cached_property
    def _axes(self) -> list[Axis]:
        """Those outside of a run, of which the first are the groups, then those inside: the fastest first."""
        across = [0, *[self.how.stripes * self.width * x.column * x.size for x in self.operands[1:3]]]
        return [Axis(self.groups, *across), *self._steps(self.own), *(self._steps(self.same) or [Axis(1, 0, 0, 0)])]

    def _steps(self, axes: Sequence[int]) -> list[Axis]:
        size = size_of(self.of.kind)
        return [Axis(step.length, *[size * x for x in step[1:]]) for step in (self.of.batch[i] for i in reversed(axes))]

    @property
    def _records(self) -> list[list[int]]:
        """How each operand of the epilogue lies, by the order of the tile's."""
        return [self._record(i) for i in (2, *self.order[2:])] if self.epilogue else []

    def _record(self, i: int) -> list[int]:
        x = self.operands[i]
        batch = [x.batch[n] for n in reversed(self.own)], [x.batch[n] for n in reversed(self.same)] or [0]
        strides = [self.how.stripes * self.width * x.column, *batch[0], *batch[1], x.row]
        other = Other(self.order.index(i), x.begin * x.size, self._ahead(i), x.row * x.size)
        return [*other, *[x.size * stride for stride in strides]]

    def _ahead(self, i: int) -> int:
        """Bytes of a row and a stripe that are fetched while sums are computed: of what is only read, row by row."""
        x, read = self.operands[i], len(self.epilogue.outline.reads) + 2 if self.epilogue else 0
        return self.width * x.size if 2 < i < read and x.row and x.column == 1 else 0

    @property
    def tables(self) -> list[int]:
        deeper = [n for step in self.loops[1:] for n in step[:3]]
        return [n for table in (*self._axes, *self._records, deeper) for n in table]

    @property
    def amounts(self) -> Amounts:
        return Amounts(**self._places, **self._pieces, **self._depth, **self._packing, **self._blocks, **self._ending)

    @property
    def _places(self) -> dict[str, Word]:
        """Where tables and operands begin."""
        axes, fixed = self._axes, len(Amounts._fields)
        names = ["a_begin", "b_begin", "c_begin"]
        return {
            "axes": -fixed - len(self.tables),
            "others": len(Axis._fields) * len(axes) - fixed - len(self.tables),
            "deeper": -fixed - 3 * len(self.loops[1:]),
            "outer": 1 + len(self.own),
            "inner": len(axes) - 1 - len(self.own),
            "digits": len(axes) + 1,
            "room": len(axes) + 1 + 2 * len(self._records),
            **{name: x.begin * x.size for name, x in zip(names, self.operands, strict=False)},
            "c_operand": self.order.index(2),
            "own_operand": len(self.operands) if self.scratch else 0,
            "own": self.scratch,
        }

    @property
    def _pieces(self) -> dict[str, Word]:
        return {
            "each": self.parts * self._count(self.same),
            "parts": self.parts,
            "columns": self.of.columns,
            "width": self.width,
            "stripes": self.stripes,
            "full": self.full,
            "group": self.how.stripes,
        }

    @property
    def _depth(self) -> dict[str, Word]:
        """The outermost loop of k, and how it is cut."""
        of, first = self.of, self.of.depth[0]
        cut = of.cut or (self.how.depth if len(of.depth) == 1 else first.length)
        whole = len(self.loops) < len(of.depth)  # each step of the outermost loop is a chunk: the blocks do the others
        return {
            "length": self.loops[0].length if whole else first.length,
            "step": 0 if whole else cut,
            "most": self.loops[0].length if whole else cut,
            "chunks": ceil(first.length / cut),
            "a_chunk": cut * first.a * size_of(of.kind),
            "b_chunk": cut * first.b * size_of(of.kind),
        }

    @property
    def _packing(self) -> dict[str, Word]:
        of, how, inner, size = self.of, self.how, self.of.depth[-1], size_of(self.of.kind)
        rows = rows_function(of.kind, of.lanes)
        pack_b = rows if of.b_column == 1 else turn_function(of.kind, of.lanes)
        return {
            "pack_b": pack_b if how.packs_b else 0,
            "b_row": inner.b,
            "b_column": of.b_column,
            "b_apart": how.depth * self.width,
            "b_far": (how.depth if how.packs_b else of.b_column) * self.width * size,
            "pack_a": rows if how.packs_a else 0,
            "a_packed": self._packed_b * size,
            "a_apart": self._apart,
            "a_from": inner.a,
        }

    @property
    def _blocks(self) -> dict[str, Word]:
        of, how, size = self.of, self.how, size_of(self.of.kind)
        a_row, a_step = (1, self._apart) if how.packs_a else (of.a_row, self.loops[0].a)
        kinds = {"whole": how.rows if how.whole else 0, "rest": how.rest}
        return {
            "whole": how.whole,
            "blocks": how.blocks,
            "held": how.held,
            "rows": how.rows,
            "rests": int(how.rest > 0),
            "rest": how.rest,
            "a_down": of.a_row * size,
            "c_down": of.c_row * size,
            "c_apart": self.width * size,
            "a_row": a_row,
            "c_row": of.c_row,
            "a_step": a_step,
            "b_step": self.width if how.packs_b else self.loops[0].b,
            "a_block": how.rows * a_row * size,
            "c_block": how.rows * of.c_row * size,
            **{f"{kind}_full": self._block(rows, self.full * self.width) for kind, rows in kinds.items()},
            **{f"{kind}_left": self._block(rows, self.left) for kind, rows in kinds.items()},
        }

    def _block(self, rows: int, columns: int) -> Word:
        """Blocks of so many rows by a stripe of so many columns, of which more than a whole one are the next ones."""
        lanes, columns = self.of.lanes, min(columns, self.width)
        block = Block(self.of.kind, rows, ceil(columns / lanes), lanes, columns % lanes, len(self.loops))
        return block_function(block) if rows and columns else 0

    @property
    def _ending(self) -> dict[str, Word]:
        records, columns = self._records, tuple([self.operands[i].column for i in (2, *self.order[2:])])
        fetched = any(record[Other._fields.index("ahead")] for record in records)
        return {
            "tile": tile_function(self.epilogue.outline, columns) if self.epilogue else 0,
            "find": find_function() if records else 0,
            "fetch": fetch_function() if fetched else 0,
            "operands": len(records),
            "record": len(records[0]) if records else 0,
        }
