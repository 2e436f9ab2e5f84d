"""The matrix product as LLVM IR, and everything that is one: dense layers, convolutions, their gradients.

    C[i, j] = Σ_k A[i, k]·B[k, j]

The columns of B and C lie side by side; A has any strides, and k may be several nested loops. So a convolution is a
product, too: its rows are the places of an image row, and k runs over the rows, the columns and the channels of the
window. A block of C stays in registers over all of k: 8 rows by 2 vectors of 16 floats. Each step loads two vectors of
B, repeats one number of A a row, and does 16 fused multiply-adds. (Georganas et al., 2019.)

The sum over k runs in order, so the bits depend on the sizes and the numbers alone.
"""

from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from pente.compiler.writer import Kernel, Writer

__all__ = ["ROWS", "Product", "Step", "gemm_kernel", "write_product"]

ROWS, VECTORS = 8, 2
SHARED = 100_000  # a product of fewer multiply-adds is done before another thread has begun


class Step(NamedTuple):
    """A loop over k, or over products side by side: how far, and the strides of A, B and C."""

    length: int
    a: int
    b: int
    c: int = 0


@dataclass(frozen=True)
class Product:
    """Sizes and strides of a product, in elements.

    ``batch`` are the loops around it. ``depth`` are the loops of k, the innermost last. ``passes`` are further loops of
    k for which C is written and read again, so that each pass works on what the cache holds.
    """

    rows: int
    columns: int
    a_row: int
    c_row: int
    depth: tuple[Step, ...]
    kind: str  # "float" or "double"
    batch: tuple[Step, ...] = ()
    passes: Step | None = None
    offsets: tuple[int, int] = field(default=(0, 0))  # where A and B begin

    @property
    def work(self) -> int:
        """How many multiply-adds."""
        loops = [*self.depth, *self.batch, *([self.passes] if self.passes else [])]
        return self.rows * self.columns * prod(step.length for step in loops)

    @property
    def lanes(self) -> int:
        return 16 if self.kind == "float" else 8


def gemm_kernel(product: Product) -> Kernel:
    """The product as a kernel. Operands: A, B, C."""
    to = Writer()
    offsets = (*product.offsets, 0)
    gemm = _Gemm(product, to)
    gemm.shared = gemm.way()
    gemm.write([to.pointer(i, product.kind, offset) for i, offset in enumerate(offsets)])
    return to.kernel()


def write_product(to: Writer, product: Product, bases: list[str]) -> None:
    """The whole product inside another kernel, where A, B and C begin at these pointers."""
    _Gemm(product, to).write(bases)


class _Gemm:
    def __init__(self, product: Product, to: Writer) -> None:
        self.of = product
        self.to = to
        self.vector = f"<{product.lanes} x {product.kind}>"
        self.adding = False  # whether C is added to
        self.shared = ""

    def way(self) -> str:
        """What is shared between threads: products side by side, or rows. Never k: each sum belongs to one thread."""
        first = self.of.batch[0].length if self.of.batch else 1
        if self.of.work < SHARED:
            return ""
        if first >= 8 or (first > 1 and self.of.rows < 2 * ROWS):
            return "batch"
        return "rows" if self.of.rows >= 2 * ROWS else ""

    def _shifted(self, pointer: str, by: str) -> str:
        return pointer if by == "0" else self.to.put(f"getelementptr {self.of.kind}, ptr {pointer}, i64 {by}")

    def _times(self, i: str, stride: int) -> str:
        return "0" if stride == 0 else i if stride == 1 else self.to.put(f"mul i64 {i}, {stride}")

    def _moved(self, bases: list[str], step: Step, i: str) -> list[str]:
        return [self._shifted(p, self._times(i, s)) for p, s in zip(bases, step[1:], strict=True)]

    def write(self, bases: list[str]) -> None:
        """The first pass writes C, the others add to it."""
        self._columns(bases)
        step = self.of.passes
        if step is not None and step.length > 1:
            self.adding = True

            def body(i: str, _: list[str]) -> list[str]:
                self._columns(self._moved(bases, step, i))
                return []

            self.to.loop("1", str(step.length), 1, body)

    def _columns(self, bases: list[str]) -> None:
        """Stripes of two vectors, then of one, then the columns that are left, in a vector that is not full.

        A stripe of B stays in the cache while all of A goes by.
        """
        done = 0
        for vectors in (VECTORS, 1):
            width = vectors * self.of.lanes
            stop = done + (self.of.columns - done) // width * width
            if stop > done:
                self._stripes(bases, done, stop, vectors)
            done = stop
        if done < self.of.columns:
            self._batches(0, self._across(bases, str(done)), 1, self.of.columns - done)

    def _across(self, bases: list[str], column: str) -> list[str]:
        return [bases[0], *[self._shifted(base, column) for base in bases[1:]]]

    def _stripes(self, bases: list[str], start: int, stop: int, vectors: int) -> None:
        def body(j: str, _: list[str]) -> list[str]:
            self._batches(0, self._across(bases, j), vectors, 0)
            return []

        self.to.loop(str(start), str(stop), vectors * self.of.lanes, body)

    def _batches(self, level: int, bases: list[str], vectors: int, left: int) -> None:
        if level == len(self.of.batch):
            a, b, c = bases
            return self._rows(a, b, c, vectors, left)
        step = self.of.batch[level]
        if level == 0 and self.shared == "batch":
            first, last = self.to.share(step.length)
            return self.to.some(first, last, 1, lambda i: self._batches(1, self._moved(bases, step, i), vectors, left))

        def body(i: str, _: list[str]) -> list[str]:
            self._batches(level + 1, self._moved(bases, step, i), vectors, left)
            return []

        self.to.loop("0", str(step.length), 1, body)
        return None

    def _rows(self, a: str, b: str, c: str, vectors: int, left: int) -> None:
        """Blocks of eight rows, then one block of the rows that are left."""
        whole = self.of.rows // ROWS * ROWS
        if self.shared == "rows":
            self._shared_rows(a, b, c, vectors, left)
            return
        for rows, start, stop in ((ROWS, 0, whole), (self.of.rows - whole, whole, self.of.rows)):
            if start < stop:

                def body(i: str, _: list[str], rows: int = rows) -> list[str]:
                    own_a = self._shifted(a, self._times(i, self.of.a_row))
                    self._block(own_a, b, self._shifted(c, self._times(i, self.of.c_row)), rows, vectors, left)
                    return []

                self.to.loop(str(start), str(stop), rows, body)

    def _shared_rows(self, a: str, b: str, c: str, vectors: int, left: int) -> None:
        """A piece of work is a block of rows; the rows that are left belong to the last."""
        blocks, rest = divmod(self.of.rows, ROWS)

        def block(i: str, rows: int) -> None:
            at = self._times(i, ROWS)
            own_a, own_c = (
                self._shifted(a, self._times(at, self.of.a_row)),
                self._shifted(c, self._times(at, self.of.c_row)),
            )
            self._block(own_a, b, own_c, rows, vectors, left)

        first, last = self.to.share(blocks)
        self.to.some(first, last, 1, lambda i: block(i, ROWS))
        if rest:
            self.to.when(self.to.put(f"icmp eq i64 %last, {blocks}"), lambda: block(str(blocks), rest))

    def _block(self, a: str, b: str, c: str, rows: int, vectors: int, left: int) -> None:
        """rows × vectors sums in registers over all of k; ``left`` is how many lanes count, 0 for all."""
        lanes = self.of.lanes
        mask = "<" + ", ".join(f"i1 {'true' if not left or i < left else 'false'}" for i in range(lanes)) + ">"
        places = [self._shifted(c, str(r * self.of.c_row + v * lanes)) for r in range(rows) for v in range(vectors)]
        start = (
            [self._load(place, left, mask) for place in places] if self.adding else ["zeroinitializer"] * len(places)
        )
        for place, value in zip(places, self._depth(0, a, b, rows, vectors, left, mask, start), strict=True):
            self._store(value, place, left, mask)

    def _depth(
        self, level: int, a: str, b: str, rows: int, vectors: int, left: int, mask: str, sums: list[str]
    ) -> list[str]:
        """The loops of k, and in the innermost the multiply-adds."""
        if level == len(self.of.depth):
            return self._multiply(a, b, rows, vectors, left, mask, sums)
        step = self.of.depth[level]

        def body(k: str, held: list[str]) -> list[str]:
            own_a, own_b = self._shifted(a, self._times(k, step.a)), self._shifted(b, self._times(k, step.b))
            return self._depth(level + 1, own_a, own_b, rows, vectors, left, mask, held)

        if step.length == 1:
            return body("0", sums)
        return self.to.loop("0", str(step.length), 1, body, [(self.vector, s) for s in sums])

    def _multiply(self, a: str, b: str, rows: int, vectors: int, left: int, mask: str, sums: list[str]) -> list[str]:
        lanes, plain, out = self.of.lanes, self.of.kind, []
        fma = f"@llvm.fma.{self._suffix()}"
        self.to.declare(f"{self.vector} {fma}({self.vector}, {self.vector}, {self.vector})")
        bs = [self._load(self._shifted(b, str(v * lanes)), left, mask) for v in range(vectors)]
        for r in range(rows):
            one = self.to.put(f"load {plain}, ptr {self._shifted(a, str(r * self.of.a_row))}")
            first = self.to.put(f"insertelement {self.vector} poison, {plain} {one}, i32 0")
            zeros = f"<{lanes} x i32> zeroinitializer"
            spread = self.to.put(f"shufflevector {self.vector} {first}, {self.vector} poison, {zeros}")
            for v in range(vectors):
                args = f"{self.vector} {spread}, {self.vector} {bs[v]}, {self.vector} {sums[r * vectors + v]}"
                out.append(self.to.put(f"call {self.vector} {fma}({args})"))
        return out

    def _load(self, place: str, left: int, mask: str) -> str:
        align, lanes = 4 if self.of.kind == "float" else 8, self.of.lanes
        if not left:
            return self.to.put(f"load {self.vector}, ptr {place}, align {align}")
        name = f"@llvm.masked.load.{self._suffix()}.p0"
        self.to.declare(f"{self.vector} {name}(ptr, i32, <{lanes} x i1>, {self.vector})")
        rest = f"i32 {align}, <{lanes} x i1> {mask}, {self.vector} zeroinitializer"
        return self.to.put(f"call {self.vector} {name}(ptr {place}, {rest})")

    def _store(self, value: str, place: str, left: int, mask: str) -> None:
        align, lanes = 4 if self.of.kind == "float" else 8, self.of.lanes
        if not left:
            return self.to.do(f"store {self.vector} {value}, ptr {place}, align {align}")
        name = f"@llvm.masked.store.{self._suffix()}.p0"
        self.to.declare(f"void {name}({self.vector}, ptr, i32, <{lanes} x i1>)")
        self.to.do(f"call void {name}({self.vector} {value}, ptr {place}, i32 {align}, <{lanes} x i1> {mask})")
        return None

    def _suffix(self) -> str:
        return f"v{self.of.lanes}{'f32' if self.of.kind == 'float' else 'f64'}"
