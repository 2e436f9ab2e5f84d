"""The matrix product as LLVM IR, and everything that is one: dense layers, convolutions, their gradients.

    C[i, j] = Σ_k A[i, k]·B[k, j]

A and B have any strides, the columns of C lie side by side, and k may be several nested loops. So a convolution is a
product, too: its rows are the places of an image row, and k runs over the rows, the columns and the channels of the
window. (Georganas et al., 2019.)

C is cut into pieces, some stripes of columns by some blocks of rows, which any thread may do. Pieces with the same
stripes of B follow each other: what is read of B stays in the cache while the rows go by. Where it does not lie side
by side it is packed first, a part of k at a time. The sum over k runs in order all the same, so the bits depend on the
sizes and the numbers alone. What an epilogue makes of C it makes while C is in the cache.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil, prod
from typing import NamedTuple

from pente.compiler.epilogue import Epilogue
from pente.compiler.loops import stored_type, tile_function
from pente.compiler.microkernel import Block, block_function, size_of
from pente.compiler.packing import fetch_function, rows_function, turn_function
from pente.compiler.product import ROWS, Product, Step, simplified, tiling_of
from pente.compiler.writer import Function, Kernel, Span, Writer

__all__ = ["ROWS", "Product", "Step", "gemm_kernel", "write_product"]


@lru_cache(1024)
def gemm_kernel(product: Product, epilogue: Epilogue | None = None) -> Kernel:
    """The product as a kernel.

    Operands: A, B, what the epilogue reads but for C, what it writes (or C where there is none), and scratch if any.
    """
    to = Writer()
    gemm = _Gemm(product, to, epilogue)
    offsets = (*product.offsets, *([place.offset for place in epilogue.places] if epilogue else [product.c_offset]))
    operands = list(zip(gemm.operands, offsets, strict=True))
    order = list(range(len(operands)))
    if epilogue:
        order[2:] = epilogue.in_order(order[2:])
    pointers = {i: to.pointer(n, operands[i][0].kind, operands[i][1]) for n, i in enumerate(order)}
    bases = [pointers[i] for i in range(len(operands))]
    if gemm.packed:
        to.scratch = gemm.packed * size_of(product.kind)
        own = to.put(f"mul i64 %part, {gemm.packed}")
        gemm.scratch = to.shifted(product.kind, to.pointer(len(bases), product.kind, 0), own)
    gemm.write(bases, *to.share(gemm.units))
    return to.kernel()._replace(spans=tuple([gemm.span(*operands[i]) for i in order]))


def write_product(to: Writer, product: Product, bases: Sequence[str]) -> None:
    """The whole product inside another kernel, where A, B and C begin at these pointers; nothing is packed."""
    gemm = _Gemm(product, to, packs=False)
    gemm.write(list(bases), "0", str(gemm.units))


class _Operand(NamedTuple):
    """How an operand lies: its type in memory, its strides, and how far on and back one row of it reaches."""

    kind: str
    batch: tuple[int, ...]
    row: int
    column: int
    reach: int
    back: int = 0


class _Stripes(NamedTuple):
    """Columns that are done together, over a part of k."""

    b: str
    b_step: str
    apart: int  # how far the stripes of B lie from each other
    number: str
    end: str  # whether the columns that fill no stripe come after them
    length: str = ""  # of the part of k
    adding: str = ""  # whether C already holds the parts before
    done: str = ""  # whether this is the last part


class _Gemm:
    """Writes one product."""

    def __init__(self, product: Product, to: Writer, epilogue: Epilogue | None = None, packs: bool = True) -> None:
        self.of, walks = simplified(product, [place.strides for place in epilogue.places[1:]] if epilogue else [])
        self.how = how = tiling_of(self.of, packs)
        self.to, self.epilogue, self.scratch = to, epilogue, ""
        self.inner = product.depth[-1]
        self.width = how.vectors * product.lanes
        self.stripes, self.columns = divmod(product.columns, self.width)
        self.groups = ceil((self.stripes + bool(self.columns)) / how.stripes)
        self.parts = ceil(self.of.rows / (how.blocks * how.rows))
        self.chunks = ceil(self.inner.length / how.depth)
        self.own = [i for i, step in enumerate(self.of.batch) if step.b]  # products with a B of their own
        self.same = [i for i, step in enumerate(self.of.batch) if not step.b]
        self.operands = [*self._factors(), *self._others(walks)]

    def _factors(self) -> list[_Operand]:
        """A, B and C."""
        of = self.of
        loops = [*of.depth, *([of.passes] if of.passes else [])]
        walks = [[(step.length - 1) * step[i] for step in loops] for i in (1, 2)]
        walks[1].append((of.columns - 1) * of.b_column)
        (down, back), (across, left) = ((sum(n for n in x if n > 0), sum(n for n in x if n < 0)) for x in walks)
        a, b, c = (tuple(step[i] for step in of.batch) for i in (1, 2, 3))
        return [
            _Operand(of.kind, a, of.a_row, 0, down, back),
            _Operand(of.kind, b, 0, of.b_column, across, left),
            _Operand(of.kind, c, of.c_row, 1, of.columns - 1),
        ]

    def _others(self, walks: Sequence[tuple[int, ...]]) -> list[_Operand]:
        """What else the epilogue reads, and what it writes."""
        found = []
        places = self.epilogue.places[1:] if self.epilogue else []
        for place, (*batch, row, column) in zip(places, walks, strict=True):
            reach = (self.of.columns - 1) * max(column, 0)
            found.append(_Operand(stored_type(place.dtype), tuple(batch), row, column, reach))
        return found

    @property
    def units(self) -> int:
        return self.groups * self.parts * self._count(range(len(self.of.batch)))

    def _count(self, axes: Sequence[int]) -> int:
        """How many products there are side by side along these axes."""
        return prod(self.of.batch[i].length for i in axes)

    @property
    def packed_b(self) -> int:
        return self.how.packs_b * self.how.stripes * self.width * self.how.depth

    @property
    def packed(self) -> int:
        """Numbers that a thread packs."""
        rows = max(self.how.held * self.how.rows, self.how.rest) + self.of.lanes
        return self.packed_b + self.how.packs_a * rows * (self.how.depth + self.of.lanes)

    def span(self, x: _Operand, offset: int) -> Span | None:
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
        if offset or min([x.row, x.column, x.back, *[stride for _, stride in (*axes, *inside)]]) < 0:
            return None
        reach = x.reach + sum((n - 1) * stride for n, stride in ((rows, x.row), *inside))
        while axes and not axes[-1][1]:
            units *= axes.pop()[0]
        if not axes:
            return Span(1, reach + 1) if units == 1 else None
        beside = all(a == n * b for (_, a), (n, b) in pairwise(axes)) and axes[-1][1] > reach
        return Span(units, axes[-1][1]) if beside else None

    # Pieces: of products with a B of their own the groups of stripes, of these the products with the same B, of these
    # the parts of the rows.

    def write(self, bases: list[str], first: str, last: str) -> None:
        """The pieces from first to last, those with the same stripes of B together."""
        each = self.parts * self._count(self.same)
        self._runs(first, last, each, self.units // each, lambda i, *of: self._group(bases, i, *of))

    def _runs(self, first: str, last: str, each: int, count: int, body: Callable[[str, str, str], None]) -> None:
        """Of so many runs of so many pieces each those from first to last: which run, and what of it."""
        if count == 1:
            return body("0", first, last)
        if each == 1:
            return self.to.some(first, last, 1, lambda i: body(i, "0", "1"))
        low = self.to.put(f"udiv i64 {first}, {each}")
        high = self.to.put(f"udiv i64 {self.to.put(f'add i64 {last}, {each - 1}')}, {each}")

        def run(i: str) -> None:
            begin = self._times(i, each)
            start = self._extreme("smax", self.to.put(f"sub i64 {first}, {begin}"), "0")
            body(i, start, self._extreme("smin", self.to.put(f"sub i64 {last}, {begin}"), str(each)))

        return self.to.some(low, high, 1, run)

    def _group(self, bases: list[str], i: str, first: str, last: str) -> None:
        group, product = self._divided(i, self.groups)
        bases = self._within(self.own, product, bases)
        bases = self._at(bases, "0", self._times(group, self.how.stripes * self.width))
        number, end = self._share(self.stripes, group, self.how.stripes, self.groups)
        stripes = _Stripes(bases[1], str(self.inner.b), self.width * self.of.b_column, number, end)

        def rows(part: _Stripes, k: str) -> None:
            own = [self._shifted(bases[0], k), *bases[1:]]
            body = lambda i, *of: self._part(part, self._within(self.same, i, own), *of)  # noqa: E731
            self._runs(first, last, self.parts, self._count(self.same), body)

        self._chunks(stripes, rows)

    def _part(self, stripes: _Stripes, bases: list[str], first: str, last: str) -> None:
        """The rows of the parts from first to last."""
        how = self.how
        start, stop, end = "0", str(how.whole), "true"
        if self.parts > 1:
            start = self._times(first, how.blocks)
            stop = self._extreme("smin", self._times(last, how.blocks), str(how.whole))
            end = self.to.put(f"icmp eq i64 {last}, {self.parts}")

        def held(i: str) -> None:
            rest = self.to.put(f"sub i64 {stop}, {i}")
            self._rows(stripes, bases, i, self._extreme("smin", rest, str(how.held)), how.rows)

        if self.parts == 1 and 0 < how.whole <= how.held:
            self._rows(stripes, bases, "0", stop, how.rows)
        elif how.whole:
            self.to.some(start, stop, how.held, held)
        if how.rest:
            self._if(end, lambda: self._rows(stripes, bases, str(how.whole), "1", how.rest))

    # k, a part at a time.

    def _chunks(self, stripes: _Stripes, body: Callable[[_Stripes, str], None]) -> None:
        """Do it for each part of k: the first writes C, the others add to it."""
        step, inner, depth = self.of.passes, self.inner, self.how.depth
        if step:
            count, a, b = step.length, step.a, step.b
        else:
            count, a, b = self.chunks, depth * inner.a, depth * inner.b

        def part(i: str) -> None:
            length, _ = self._share(inner.length, i, depth, self.chunks)
            adding = "false" if count == 1 else self.to.put(f"icmp ne i64 {i}, 0")
            done = "true" if count == 1 else self.to.put(f"icmp eq i64 {i}, {count - 1}")
            at = self._shifted(stripes.b, self._times(i, b))
            own = stripes._replace(b=at, length=length, adding=adding, done=done)
            body(self._packed(own) if self.how.packs_b else own, self._times(i, a))

        if count == 1:
            part("0")
        else:
            self.to.some("0", str(count), 1, part)

    def _packed(self, stripes: _Stripes) -> _Stripes:
        """Pack this part of B: stripe after stripe, the rows of a stripe side by side."""
        apart = self.width * self.how.depth

        def stripe(j: str, width: int) -> None:
            target = self._shifted(self.scratch, self._times(j, apart))
            places = target, self._shifted(stripes.b, self._times(j, stripes.apart))
            if self.of.b_column == 1:
                rows = rows_function(self.of.kind, self.of.lanes)
                self._call(rows, places, stripes.length, width, self.width, self.inner.b)
            else:
                turn = turn_function(self.of.kind, self.of.lanes)
                self._call(turn, places, stripes.length, width, self.width, self.inner.b, self.of.b_column)

        self._each(stripes, lambda j: stripe(j, self.width), lambda j: stripe(j, self.columns))
        return stripes._replace(b=self.scratch, b_step=str(self.width), apart=apart)

    def _each(self, stripes: _Stripes, whole: Callable[[str], None], rest: Callable[[str], None]) -> None:
        """Do it for each stripe, and for the columns that fill none."""
        if self.stripes:
            self.to.some("0", stripes.number, 1, whole)
        if self.columns:
            self._if(stripes.end, lambda: rest(stripes.number))

    # Blocks.

    def _rows(self, stripes: _Stripes, bases: list[str], i: str, count: str, rows: int) -> None:
        """So many blocks of rows, one below the other, from the i-th on, by all the stripes."""
        bases = self._at(bases, self._times(i, self.how.rows), "0")
        a, _, c, *_ = bases
        a_row, a_step = self.of.a_row, self.inner.a
        if self.how.packs_a:
            a, a_row, a_step = self._packed_rows(stripes, a, self._times(count, rows))

        def stripe(j: str, vectors: int, left: int) -> None:
            block = Block(self.of.kind, rows, vectors, self.of.lanes, left, len(self.of.depth))
            self._fetch(bases, self._times(count, rows), j, block.width)
            b = self._shifted(stripes.b, self._times(j, stripes.apart))
            places = a, b, self._shifted(c, self._times(j, self.width))
            outer = [x for step in self.of.depth[:-1] for x in (step.length, step.a, step.b)]
            sizes: list[int | str] = [a_row, self.of.c_row, count, *outer, stripes.length, a_step, stripes.b_step]
            self._call(block_function(block), places, *sizes, adding=stripes.adding)

        vectors, left = ceil(self.columns / self.of.lanes), self.columns % self.of.lanes
        self._each(stripes, lambda j: stripe(j, self.how.vectors, 0), lambda j: stripe(j, vectors, left))
        if (epilogue := self.epilogue) is not None:
            self._if(stripes.done, lambda: self._finish(epilogue, stripes, bases, self._times(count, rows)))

    def _packed_rows(self, stripes: _Stripes, a: str, rows: str) -> tuple[str, int, int]:
        """Pack the rows of A as they lie, side by side along k or along the rows; where it is, and its strides."""
        target = self._shifted(self.scratch, str(self.packed_b))
        down = self.of.a_row == 1 and self.inner.a != 1
        apart = self.how.held * self.how.rows + self.of.lanes if down else self.how.depth + self.of.lanes
        sizes = (stripes.length, rows, apart, self.inner.a) if down else (rows, stripes.length, apart, self.of.a_row)
        self._call(rows_function(self.of.kind, self.of.lanes), (target, a), *sizes)
        return target, 1 if down else apart, apart if down else 1

    def _fetch(self, bases: list[str], rows: str, j: str, columns: int) -> None:
        """Ask for what the epilogue will read of stripe j: while the sums are computed it comes."""
        read = len(self.epilogue.outline.reads) + 2 if self.epilogue else 0
        for x, base in zip(self.operands[3:read], bases[3:read], strict=True):
            if x.row and x.column == 1:
                place = self.to.shifted(x.kind, base, self._times(j, self.width))
                self._call(fetch_function(x.kind), [place], rows, columns, x.row)

    def _finish(self, epilogue: Epilogue, stripes: _Stripes, bases: list[str], rows: str) -> None:
        """The epilogue on these rows and the columns of all the stripes."""
        strides = [(x.row, x.column) for x in self.operands[2:]]
        tile = tile_function(epilogue.outline, (strides[0], *epilogue.in_order(strides)))
        self._call(tile, (bases[2], *epilogue.in_order(bases[2:])), rows, self._columns(stripes))

    def _columns(self, stripes: _Stripes) -> str:
        columns = self._times(stripes.number, self.width)
        if not self.columns:
            return columns
        rest = self.to.put(f"select i1 {stripes.end}, i64 {self.columns}, i64 0")
        return self.to.put(f"add i64 {columns}, {rest}")

    def _call(self, function: Function, places: Sequence[str], *sizes: int | str, adding: str = "") -> None:
        flag = [f"i1 {adding}"] if adding else []
        self.to.call(function, *[f"ptr {place}" for place in places], *flag, *[f"i64 {size}" for size in sizes])

    # Small sums.

    def _divided(self, i: str, n: int) -> tuple[str, str]:
        """Remainder and quotient."""
        if n == 1:
            return "0", i
        return self.to.put(f"urem i64 {i}, {n}"), self.to.put(f"udiv i64 {i}, {n}")

    def _share(self, all: int, i: str, each: int, shares: int) -> tuple[str, str]:
        """How many of all are in share i, if each takes so many, and whether it is the last one."""
        if shares == 1:
            return str(all), "true"
        rest = self.to.put(f"sub i64 {all}, {self._times(i, each)}")
        return self._extreme("smin", rest, str(each)), self.to.put(f"icmp eq i64 {i}, {shares - 1}")

    def _extreme(self, name: str, a: str, b: str) -> str:
        self.to.declare(f"i64 @llvm.{name}.i64(i64, i64)")
        return self.to.put(f"call i64 @llvm.{name}.i64(i64 {a}, i64 {b})")

    def _if(self, condition: str, body: Callable[[], None]) -> None:
        if condition == "true":
            body()
        else:
            self.to.when(condition, body)

    def _shifted(self, pointer: str, by: str) -> str:
        return self.to.shifted(self.of.kind, pointer, by)

    def _times(self, i: str, stride: int) -> str:
        if i.isdigit():
            return str(int(i) * stride)
        return "0" if stride == 0 else i if stride == 1 else self.to.put(f"mul i64 {i}, {stride}")

    def _within(self, axes: Sequence[int], i: str, bases: list[str]) -> list[str]:
        """Where product i begins, of those side by side along these axes."""
        for axis in reversed(axes):
            place, i = self._divided(i, self.of.batch[axis].length)
            bases = self._moved(bases, place, [x.batch[axis] for x in self.operands])
        return bases

    def _at(self, bases: list[str], row: str, column: str) -> list[str]:
        """So many rows and columns further."""
        bases = self._moved(bases, row, [x.row for x in self.operands])
        return self._moved(bases, column, [x.column for x in self.operands])

    def _moved(self, bases: list[str], i: str, strides: Sequence[int]) -> list[str]:
        moves = zip(bases, self.operands, strides, strict=True)
        return [self.to.shifted(x.kind, base, self._times(i, stride)) for base, x, stride in moves]
