"""A matrix product by its sizes and strides, and how it is cut into pieces and blocks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil, prod
from typing import NamedTuple

from pente.compiler.llvm import has_wide_registers
from pente.compiler.microkernel import size_of
from pente.compiler.views import View, broadcast
from pente.shapes import Shape

__all__ = ["ROWS", "Product", "Step", "Tiling", "matrix_product", "simplified", "tiling_of"]

ROWS = 8  # of a block
BLOCKS = 8  # that go by a stripe together
PIECE = 100_000  # multiply-adds, some 2 µs: smaller pieces are not worth a thread's way to them
PIECES = 64  # are enough
FEW = 16  # too few to leave the columns whole
HELD = 2**18  # bytes of B that stay in the cache of a core, next to what is read of A
LARGE = 2**20  # bytes that do not
DEPTH = 1024  # of what is packed at a time
ALONE = 16  # rows of a product, for each that could be saved: then a few are done alone


class Step(NamedTuple):
    """A loop over k, or over products side by side: how far, and the strides of A, B and C."""

    length: int
    a: int
    b: int
    c: int = 0


@dataclass(frozen=True)
class Product:
    """Sizes and strides of a product, in elements.

    ``batch`` are the loops around it. ``depth`` are the loops of k, the innermost last. Of the first of several ``cut``
    steps are done at a time, and C is written and read between, so that each part works on what the cache holds; 0
    stands for all. Only where k is one loop the columns of B may lie apart.
    """

    rows: int
    columns: int
    a_row: int
    c_row: int
    depth: tuple[Step, ...]
    kind: str  # "float" or "double"
    batch: tuple[Step, ...] = ()
    cut: int = 0
    offsets: tuple[int, int] = field(default=(0, 0))  # where A and B begin
    b_column: int = 1
    c_offset: int = 0

    @property
    def work(self) -> int:
        """How many multiply-adds, those of a vector that is not full among them."""
        columns = ceil(self.columns / self.lanes) * self.lanes
        return self.rows * columns * prod(step.length for step in (*self.depth, *self.batch))

    @property
    def loops(self) -> tuple[Step, ...]:
        """Those of k that are done at a time."""
        first, *deeper = self.depth
        if self.cut == 1 and deeper:
            return tuple(deeper)
        return (first._replace(length=min(first.length, self.cut or first.length)), *deeper)

    @property
    def lanes(self) -> int:
        """How many numbers are in a vector: 512 bits."""
        return 16 if self.kind == "float" else 8


def matrix_product(a: View, b: View, out: View) -> Product:
    """The product of two arrays, or of many side by side: what NumPy's matmul gives."""
    lead = out.shape[:-2]
    a_lead, b_lead = (broadcast(v._replace(shape=v.shape[:-2], strides=v.strides[:-2]), lead).strides for v in (a, b))
    return Product(
        out.shape[-2],
        out.shape[-1],
        a.strides[-2],
        out.strides[-2],
        (Step(a.shape[-1], a.strides[-1], b.strides[-2]),),
        "float" if out.dtype.itemsize == 4 else "double",
        tuple(map(Step, lead, a_lead, b_lead, out.strides[:-2])),
        offsets=(a.offset, b.offset),
        b_column=b.strides[-1] if out.shape[-1] > 1 else 1,
    )


def simplified(product: Product, others: Sequence[Shape] = ()) -> tuple[Product, list[Shape]]:
    """The same product with the fewest loops around it.

    Neighbours that all operands walk as one are one, and products side by side with the same B are more rows of one.
    ``others`` are strides of further operands, along the loops around it, the rows and the columns; so is what comes
    back of them.
    """
    loops = [(step.length, (*step[1:], *[x[i] for x in others])) for i, step in enumerate(product.batch)]
    loops.append((product.rows, (product.a_row, 0, product.c_row, *[x[-2] for x in others])))
    found: list[tuple[int, Shape]] = []
    for length, strides in loops:
        if length == 1:
            continue
        if found and found[-1][1] == tuple([length * stride for stride in strides]):
            found[-1] = found[-1][0] * length, strides
        else:
            found.append((length, strides))
    if not found or found[-1][1][1]:  # each product has a B of its own
        found.append((1, (0,) * (3 + len(others))))
    *batch, (rows, (a_row, _, c_row, *_)) = found
    walks = [(*[strides[i] for _, strides in found], x[-1]) for i, x in enumerate(others, 3)]
    steps = tuple([Step(length, *strides[:3]) for length, strides in batch])
    return replace(product, rows=rows, a_row=a_row, c_row=c_row, batch=steps), walks


class Tiling(NamedTuple):
    """How a product is cut.

    A block is ``rows`` by ``vectors``, and there are ``whole`` of them below each other; ``rest`` is how many rows the
    last one has, where it is another: a few rows more than the others, or fewer. A piece is ``blocks`` of these by
    ``stripes`` of columns. ``held`` blocks go by one stripe before the next: their part of A stays in the cache.
    ``depth`` is how much of k is done at a time. ``packs_a`` and ``packs_b`` tell what is packed.
    """

    rows: int
    vectors: int
    whole: int
    rest: int
    stripes: int
    blocks: int
    held: int
    depth: int
    packs_a: bool
    packs_b: bool


def tiling_of(product: Product) -> Tiling:
    """Pieces of a few µs or more, cut by rows first and then by columns; B is read from the cache while rows go by."""
    rows, vectors, most = _block(product.rows)
    packs_a = _is_scattered(product)
    packs_b = packs_a or product.b_column != 1 or _is_large(product)
    deep, width = product.loops[-1].length, vectors * product.lanes
    depth = min(deep, DEPTH // 2 if packs_a else DEPTH if packs_b else deep)
    stripe = depth * prod(step.length for step in product.loops[:-1]) * width * size_of(product.kind)
    held = max(HELD * (1 + packs_a) // stripe, 1)
    total, stripes = ceil(product.rows / rows), ceil(product.columns / width)
    parts, groups = _pieces(product, total, stripes, ceil(stripes / held), packs_b)
    blocks = ceil(total / parts)
    whole, rest = divmod(product.rows, rows)
    saved = most - rows - rest  # a few rows alone take as long as so many
    if rest and ALONE * saved > product.rows and whole % blocks:  # the last two blocks are of one piece
        whole, rest = whole - 1, rows + rest
    return Tiling(rows, vectors, whole, rest, ceil(stripes / groups), blocks, BLOCKS, depth, packs_a, packs_b)


def _pieces(product: Product, blocks: int, stripes: int, groups: int, packs: bool) -> tuple[int, int]:
    """Into how many parts the rows are cut, and into how many the columns, of which there shall be at least some.

    Pieces of rows alone are better: what reads them can go along. Where B is packed for a piece, there shall be many
    rows to use it.
    """
    side = prod(step.length for step in product.batch)
    wanted = max(min(product.work // PIECE, PIECES // (3 if packs else 1)) // side, 1)
    parts = min(ceil(blocks / (16 if packs else 2)), ceil(wanted / groups))
    return parts, min(max(groups, ceil(min(wanted, FEW // side) / parts)), stripes)


def _block(rows: int) -> tuple[int, int, int]:
    """Rows and vectors of a block, and the most rows of one: its sums have to fit into the registers."""
    if has_wide_registers():
        return (ROWS, 2, 12) if rows > 4 else (rows, 4, rows)
    return (6, 1, 6) if rows > 3 else (rows, 2, rows)


def _is_large(product: Product) -> bool:
    """Whether the rows of B are many and far apart, and there are enough rows of A for packing them."""
    rows = product.rows * prod(step.length for step in product.batch if not step.b)
    k = product.depth[-1].length
    return _is_simple(product) and rows >= 192 and k * product.columns * size_of(product.kind) > LARGE


def _is_scattered(product: Product) -> bool:
    """Whether A is large and stored by columns, and there are enough columns of B for packing it."""
    inner = product.depth[-1]
    large = inner.length * abs(inner.a) * size_of(product.kind) > LARGE
    return _is_simple(product) and product.a_row == 1 and large and product.columns >= 256


def _is_simple(product: Product) -> bool:
    """Whether k is one loop."""
    return len(product.depth) == 1
