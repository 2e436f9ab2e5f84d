"""The matrix product as LLVM IR, and everything that is one: dense layers, convolutions, their gradients.

    C[i, j] = Σ_k A[i, k]·B[k, j]

A and B have any strides, the columns of C lie side by side, and k may be several nested loops. So a convolution is a
product, too: its rows are the places of an image row, and k runs over the rows, the columns and the channels of the
window. (Georganas et al., 2019.)

C is cut into pieces, some stripes of columns by some blocks of rows, which any thread may do. Pieces with the same
stripes of B follow each other: what is read of B stays in the cache while the rows go by. Where it does not lie side
by side it is packed first, a part of k at a time. The sum over k runs in order all the same, so the bits depend on the
sizes and the numbers alone.
"""

from collections.abc import Callable
from math import ceil, prod
from typing import NamedTuple

from pente.compiler.microkernel import Block, block_function, size_of
from pente.compiler.packing import rows_function, turn_function
from pente.compiler.product import ROWS, Product, Step, simplified, tiling_of
from pente.compiler.writer import Function, Kernel, Span, Writer

__all__ = ["ROWS", "Product", "Step", "gemm_kernel", "write_product"]


def gemm_kernel(product: Product) -> Kernel:
    """The product as a kernel. Operands: A, B, C, and where it packs, its scratch."""
    to = Writer()
    bases = [to.pointer(i, product.kind, offset) for i, offset in enumerate((*product.offsets, 0))]
    gemm = _Gemm(product, to, bases)
    if gemm.packed:
        to.scratch = gemm.packed * size_of(product.kind)
        own = to.put(f"mul i64 %part, {gemm.packed}")
        gemm.scratch = to.shifted(product.kind, to.pointer(3, product.kind, 0), own)
    gemm.write(*to.share(gemm.units))
    return to.kernel()._replace(spans=gemm.spans(product.offsets))


def write_product(to: Writer, product: Product, bases: list[str]) -> None:
    """The whole product inside another kernel, where A, B and C begin at these pointers; nothing is packed."""
    gemm = _Gemm(product, to, bases, packs=False)
    gemm.write("0", str(gemm.units))


def _span(units: int, step: int, start: int, walks: list[tuple[int, int]]) -> Span | None:
    """So many numbers further for so many pieces, if these walks stay on this side of the next ones."""
    reach = sum((length - 1) * stride for length, stride in walks)
    return Span(units, step) if reach < step and not start and all(stride >= 0 for _, stride in walks) else None


class _Stripes(NamedTuple):
    """Columns that are done together, over a part of k."""

    b: str
    b_step: str
    apart: int  # how far the stripes of B lie from each other
    number: str
    end: str  # whether the columns that fill no stripe come after them
    length: str  # of the part of k
    adding: str  # whether C already holds the parts before


class _Gemm:
    """Writes one product."""

    def __init__(self, product: Product, to: Writer, bases: list[str], packs: bool = True) -> None:
        self.of = product = simplified(product)
        self.how = how = tiling_of(product, packs)
        self.to, self.bases, self.scratch = to, bases, ""
        self.inner = product.depth[-1]
        self.width = how.vectors * product.lanes
        self.stripes, self.columns = divmod(product.columns, self.width)
        self.groups = ceil((self.stripes + bool(self.columns)) / how.stripes)
        self.parts = ceil((how.whole + bool(how.rest)) / how.blocks)
        self.chunks = ceil(self.inner.length / how.depth)
        self.own = [step for step in product.batch if step.b]  # products with a B of their own
        self.same = [step for step in product.batch if not step.b]

    @property
    def pieces(self) -> int:
        """How many follow each other with the same stripes of B."""
        return self.parts * prod(step.length for step in self.same)

    @property
    def units(self) -> int:
        return self.pieces * self.groups * prod(step.length for step in self.own)

    def spans(self, offsets: tuple[int, int]) -> tuple[Span | None, ...]:
        """Which numbers of A, B and C belong to a piece: those of one product of those side by side, or some rows."""
        of, side, rows = self.of, [*self.own, *self.same], self.of.rows
        if self.groups > 1 and not self.own:
            return ()
        if side:
            units = self.units // side[0].length
        else:
            units, rows = 1, min(self.how.blocks * self.how.rows, rows)
            side = [Step(self.parts, rows * of.a_row, 0, rows * of.c_row)]
        k = [step._replace(c=0) for step in [*of.depth, *([of.passes] if of.passes else [])]]
        walks = [*side[1:], Step(rows, of.a_row, 0, of.c_row), Step(of.columns, 0, of.b_column, 1), *k]
        starts = (*offsets, 0)
        return tuple(_span(units, side[0][i + 1], starts[i], [(w.length, w[i + 1]) for w in walks]) for i in range(3))

    @property
    def packed_b(self) -> int:
        return self.how.packs_b * self.how.stripes * self.width * self.how.depth

    @property
    def packed(self) -> int:
        """Numbers that a thread packs."""
        rows = max(self.how.held * self.how.rows, self.how.rest) + self.of.lanes
        return self.packed_b + self.how.packs_a * rows * (self.how.depth + self.of.lanes)

    # Pieces.

    def write(self, first: str, last: str) -> None:
        """The pieces from first to last, those with the same stripes of B together."""
        n = self.pieces
        if self.units == n:
            return self._segment("0", first, last)
        if n == 1:
            return self.to.some(first, last, 1, lambda i: self._segment(i, "0", "1"))
        low = self.to.put(f"udiv i64 {first}, {n}")
        high = self.to.put(f"udiv i64 {self.to.put(f'add i64 {last}, {n - 1}')}, {n}")

        def segment(i: str) -> None:
            begin = self._times(i, n)
            start = self._extreme("smax", self.to.put(f"sub i64 {first}, {begin}"), "0")
            self._segment(i, start, self._extreme("smin", self.to.put(f"sub i64 {last}, {begin}"), str(n)))

        return self.to.some(low, high, 1, segment)

    def _segment(self, segment: str, first: str, last: str) -> None:
        group, above = self._divided(segment, self.groups)
        bases = self._within(self.own, above, self.bases)
        a, b, c = self._at(bases, "0", self._times(group, self.how.stripes * self.width))
        count, end = self._share(self.stripes, group, self.how.stripes, self.groups)
        stripes = _Stripes(b, str(self.inner.b), self.width * self.of.b_column, count, end, "", "")
        self._chunks(
            stripes, lambda own, k: self.to.some(first, last, 1, lambda i: self._piece(own, self._shifted(a, k), c, i))
        )

    def _within(self, steps: list[Step], i: str, bases: list[str]) -> list[str]:
        """The bases of product i of those side by side."""
        for step in reversed(steps):
            place, i = self._divided(i, step.length)
            bases = [self._shifted(p, self._times(place, s)) for p, s in zip(bases, step[1:], strict=True)]
        return bases

    def _piece(self, stripes: _Stripes, a: str, c: str, piece: str) -> None:
        part, above = self._divided(piece, self.parts)
        a, _, c = self._within(self.same, above, [a, "", c])
        a, _, c = self._at([a, "", c], self._times(part, self.how.blocks * self.how.rows), "0")
        blocks, end = self._share(self.how.whole, part, self.how.blocks, self.parts)

        def some(i: str, count: str, rows: int) -> None:
            own_a, _, own_c = self._at([a, "", c], self._times(i, self.how.rows), "0")
            self._rows(stripes, own_a, own_c, count, rows)

        def held(i: str) -> None:
            rest = self.to.put(f"sub i64 {blocks}, {i}")
            some(i, self._extreme("smin", rest, str(self.how.held)), self.how.rows)

        if self.how.blocks <= self.how.held and self.how.whole > self.how.blocks * (self.parts - 1):
            some("0", blocks, self.how.rows)
        elif self.how.whole:
            self.to.some("0", blocks, self.how.held, held)
        if self.how.rest:
            self._if(end, lambda: some(blocks, "1", self.how.rest))

    # k, a part at a time.

    def _chunks(self, stripes: _Stripes, body: Callable[[_Stripes, str], None]) -> None:
        """Do it for each part of k: the first writes C, the others add to it."""
        step, inner = self.of.passes, self.inner

        def part(i: str, a: int, b: int) -> None:
            length, _ = self._share(inner.length, i, self.how.depth, self.chunks)
            adding = "false" if i == "0" else self.to.put(f"icmp ne i64 {i}, 0")
            own = stripes._replace(b=self._shifted(stripes.b, self._times(i, b)), length=length, adding=adding)
            body(self._packed(own) if self.how.packs_b else own, self._times(i, a))

        if step:
            self.to.some("0", str(step.length), 1, lambda i: part(i, step.a, step.b))
        elif self.chunks > 1:
            self.to.some(
                "0", str(self.chunks), 1, lambda i: part(i, self.how.depth * inner.a, self.how.depth * inner.b)
            )
        else:
            part("0", 0, 0)

    def _packed(self, stripes: _Stripes) -> _Stripes:
        """Pack this part of B: stripe after stripe, the rows of a stripe side by side."""
        apart = self.width * self.how.depth

        def stripe(j: str, width: int) -> None:
            places = (
                self._shifted(self.scratch, self._times(j, apart)),
                self._shifted(stripes.b, self._times(j, stripes.apart)),
            )
            if self.of.b_column == 1:
                self._call(
                    rows_function(self.of.kind, self.of.lanes), places, stripes.length, width, self.width, self.inner.b
                )
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

    def _rows(self, stripes: _Stripes, a: str, c: str, count: str, rows: int) -> None:
        """So many blocks of rows, one below the other, by all the stripes."""
        a_row, a_step = self.of.a_row, self.inner.a
        if self.how.packs_a:
            a, a_row, a_step = self._packed_rows(stripes, a, self._times(count, rows))

        def stripe(j: str, vectors: int, left: int) -> None:
            block = Block(self.of.kind, rows, vectors, self.of.lanes, left, len(self.of.depth))
            places = (
                a,
                self._shifted(stripes.b, self._times(j, stripes.apart)),
                self._shifted(c, self._times(j, self.width)),
            )
            outer = [x for step in self.of.depth[:-1] for x in (step.length, step.a, step.b)]
            inner = (stripes.length, a_step, stripes.b_step)
            self._call(
                block_function(block), places, a_row, self.of.c_row, count, *outer, *inner, adding=stripes.adding
            )

        vectors, left = ceil(self.columns / self.of.lanes), self.columns % self.of.lanes
        self._each(stripes, lambda j: stripe(j, self.how.vectors, 0), lambda j: stripe(j, vectors, left))

    def _packed_rows(self, stripes: _Stripes, a: str, rows: str) -> tuple[str, int, int]:
        """Pack the rows of A as they lie, side by side along k or along the rows; where it is, and its strides."""
        target = self._shifted(self.scratch, str(self.packed_b))
        down = self.of.a_row == 1 and self.inner.a != 1
        apart = self.how.held * self.how.rows + self.of.lanes if down else self.how.depth + self.of.lanes
        sizes = (stripes.length, rows, apart, self.inner.a) if down else (rows, stripes.length, apart, self.of.a_row)
        self._call(rows_function(self.of.kind, self.of.lanes), (target, a), *sizes)
        return target, 1 if down else apart, apart if down else 1

    def _call(self, function: Function, places: tuple[str, ...], *sizes: int | str, adding: str = "") -> None:
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
        return self.to.shifted(self.of.kind, pointer, by) if pointer else ""

    def _times(self, i: str, stride: int) -> str:
        if i.isdigit():
            return str(int(i) * stride)
        return "0" if stride == 0 else i if stride == 1 else self.to.put(f"mul i64 {i}, {stride}")

    def _at(self, bases: list[str], row: str, column: str) -> list[str]:
        """Where A, B and C begin so many rows and columns further."""
        a, b, c = bases
        a, c = self._shifted(a, self._times(row, self.of.a_row)), self._shifted(c, self._times(row, self.of.c_row))
        return [a, self._shifted(b, self._times(column, self.of.b_column)), self._shifted(c, column)]
