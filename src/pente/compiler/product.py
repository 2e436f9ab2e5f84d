"""A matrix product by its sizes and strides, and how it is cut into pieces and blocks."""

from dataclasses import dataclass, field, replace
from math import ceil, prod
from typing import NamedTuple

from pente.compiler.llvm import has_wide_registers
from pente.compiler.microkernel import size_of

__all__ = ["ROWS", "Product", "Step", "Tiling", "simplified", "tiling_of"]

ROWS = 8  # of a block
BLOCKS = 8  # that go by a stripe together
PIECE = 300_000  # multiply-adds, some 5 µs: smaller pieces are not worth a thread's way to them
PIECES = 64  # are enough
HELD = 2**18  # bytes of B that stay in the cache of a core, next to what is read of A
LARGE = 2**20  # bytes that do not
DEPTH = 1024  # of what is packed at a time


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
    k for which C is written and read again, so that each pass works on what the cache holds. Only where k is one loop
    the columns of B may lie apart.
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
    b_column: int = 1

    @property
    def work(self) -> int:
        """How many multiply-adds."""
        loops = [*self.depth, *self.batch, *([self.passes] if self.passes else [])]
        return self.rows * self.columns * prod(step.length for step in loops)

    @property
    def lanes(self) -> int:
        """How many numbers are in a vector: 512 bits."""
        return 16 if self.kind == "float" else 8


def simplified(product: Product) -> Product:
    """The same product with the fewest loops around it.

    Neighbours that A, B and C walk as one are one, and products side by side with the same B are more rows of one.
    """
    batch: list[Step] = []
    for step in product.batch:
        outer = batch[-1] if batch else None
        if step.length == 1:
            continue
        if outer and outer[1:] == tuple(step.length * stride for stride in step[1:]):
            batch[-1] = step._replace(length=outer.length * step.length)
        else:
            batch.append(step)
    rows, below = product.rows, (product.rows * product.a_row, 0, product.rows * product.c_row)
    if batch and batch[-1][1:] == below:
        rows *= batch.pop().length
    return replace(product, rows=rows, batch=tuple(batch))


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


def tiling_of(product: Product, packs: bool = True) -> Tiling:
    """Pieces of a few µs or more, cut by rows first and then by columns; B is read from the cache while rows go by."""
    rows, vectors, most = _block(product.rows)
    whole, rest = divmod(product.rows, rows)
    if rest and whole and rows + rest <= most:
        whole, rest = whole - 1, rows + rest
    packs_a = packs and _is_scattered(product)
    packs_b = packs and (packs_a or product.b_column != 1 or _is_large(product))
    deep, width = product.depth[-1].length, vectors * product.lanes
    depth = min(deep, DEPTH // 2 if packs_a else DEPTH if packs_b else deep)
    stripe = depth * prod(step.length for step in product.depth[:-1]) * width * size_of(product.kind)
    held = max(HELD * (1 + packs_a) // stripe, 1)
    blocks, stripes = whole + bool(rest), ceil(product.columns / width)
    parts, groups = _pieces(product, blocks, stripes, ceil(stripes / held))
    cut = ceil(stripes / groups), ceil(blocks / parts)
    return Tiling(rows, vectors, whole, rest, *cut, BLOCKS, depth, packs_a, packs_b)


def _pieces(product: Product, blocks: int, stripes: int, groups: int) -> tuple[int, int]:
    """Into how many parts the rows are cut, and into how many the columns, of which there shall be at least some."""
    wanted = min(product.work // PIECE, PIECES) / prod(step.length for step in product.batch)
    parts = max(min(ceil(blocks / BLOCKS), ceil(wanted / groups)), 1)
    groups = min(max(groups, ceil(wanted / parts)), stripes)
    return max(parts, min(ceil(blocks / 2), ceil(wanted / groups))), groups


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
    return len(product.depth) == 1 and not product.passes
