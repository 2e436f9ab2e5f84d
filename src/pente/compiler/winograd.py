"""Convolutions with a window of 3 × 3 by Winograd's method, F(4 × 4, 3 × 3): a quarter of the multiplications.

The result is cut into tiles of 4 × 4 places. What a tile sees, 6 × 6 places, and the kernel are transformed; then the
36 numbers of each are multiplied one by one and added up over the channels, which are 36 matrix products over all
tiles; and what comes out is transformed back. Where the image ends, and where a tile reaches past the result, is known
to the transforms alone. With t for tiles, c for channels and k for filters

    y_t = Aᵀ[Σ_c (G w_ck Gᵀ) ⊙ (Bᵀ x_tc B)]A        dw_ck = Gᵀ[Σ_t (Bᵀ x_tc B) ⊙ (A dy_tk Aᵀ)]G

and the gradient of the input is the first with the kernel turned round. Of two factors the smaller one is transformed
whole, by a row of its own; the other part by part next to the products, so that it never leaves the cache of a core.

With normal numbers the largest error is 1.3e-6 of the largest result for 64 channels and 4e-6 for 512; that of the
plain sum is half of it. (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.)
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, prod

from pente.compiler.llvm import has_wide_registers
from pente.compiler.microkernel import Block, block_function
from pente.compiler.nests import Plan
from pente.compiler.packing import turn_function
from pente.compiler.product import Product, Step
from pente.compiler.tiles import Strides, Tiles, times
from pente.compiler.transforms import LANES, OUT, POINTS, TAPS, fetch_function, kernel_function, slope_function
from pente.compiler.views import View, contiguous
from pente.compiler.writer import Kernel, Writer
from pente.core import primitives as p
from pente.core.node import NOTHING, Node, Spec
from pente.shapes import Shape

__all__ = ["Call", "buffer", "is_winograd", "winograd_calls"]

SQUARE = POINTS * POINTS
BLOCK = SQUARE * LANES  # numbers of 16 transformed channels
FEWEST = 8  # tiles: below, it does not pay to transform the kernel
CHUNK = 16  # tiles of an image that are done together
SUMMED = 32  # tiles that a product of the weights' gradient adds up
GROUPS = 16  # sums of the weights' gradient, over a part of the tiles each
PAD = 16  # numbers between tiles, so that they do not all fall into the same few places of the cache

Ahead = Callable[[str], None]


@dataclass(frozen=True)
class Call:
    """A row of the table to be: a kernel, what it reads, what it writes, and about how many nanoseconds it takes."""

    kernel: Kernel
    reads: list[View]
    writes: Node
    work: float
    plan: Plan | None = None


def buffer(node: Node, size: int) -> View:
    """Memory for so many numbers, on the way to the result of a call."""
    held = Node(node.op, (), NOTHING, Spec((size,), node.dtype), False, node.path, None)
    return View(held, 0, held.shape, contiguous(held.shape), held.dtype)


def is_winograd(node: Node) -> bool:
    """Whether it is done this way: it can be, and there is enough to save."""
    params, (first, second) = node.params, (x.shape for x in node.inputs)
    kernel, out = (node.shape, second) if node.op is p.conv_kernel else (second, node.shape)
    plain = params["strides"] == params["dilation"] == (1, 1) and params["groups"] == 1
    if kernel[:-2] != (TAPS, TAPS) or not plain or node.dtype.name != "float32":
        return False
    tiles = Tiles.of(first, (0, 0), out)
    full = prod(out[1:3]) >= OUT * OUT // 2 * prod(tiles.counts)  # at least half of what the tiles hold
    return full and tiles.total >= FEWEST and all(n % LANES == 0 for n in kernel[2:])


def winograd_calls(node: Node, a: View, b: View) -> list[Call]:
    """What computes it, call after call."""
    (top, _), (left, _) = node.params["padding"]
    corner = top, left
    if node.op is p.conv_kernel:
        seen, acting = Tiles.of(a.shape, corner, b.shape), Tiles.of(b.shape, (0, 0), b.shape)
        few = seen.total <= min(seen.channels, acting.channels)
        return (_slopes_of_few if few else _slopes_of_many)(node, a, b, seen, acting)
    if node.op is p.conv_input:
        acting = Tiles.of(a.shape, (0, 0), a.shape)
        if _spreads(acting, node.shape):
            return _of_many(node, a, _turned(b, flipped=False), acting, Tiles.of(node.shape, corner, a.shape), True)
        b, corner = _turned(b), (TAPS - 1 - top, TAPS - 1 - left)
    seen, made = Tiles.of(a.shape, corner, node.shape), Tiles.of(node.shape, (0, 0), node.shape)
    return (_of_few if made.total <= made.channels else _of_many)(node, a, b, seen, made)


def _spreads(acting: Tiles, shape: Shape) -> bool:
    """Whether the gradient of the input is better done by the tiles of the result, each adding to all that it saw.

    They are fewer where the window goes beyond no border, and images are small: 3 × 3 for 4 × 4 of 13 × 13 places.
    """
    fewer = acting.total < 0.9 * Tiles.of(shape, (0, 0), shape).total
    return fewer and prod(acting.counts) <= 2 * CHUNK and acting.total > shape[3]


def _turned(kernel: View, flipped: bool = True) -> View:
    """The kernel that takes the gradient of the result to that of the input."""
    down, across, channel, filter_ = kernel.strides
    kernel = kernel._replace(shape=(*kernel.shape[:2], kernel.shape[3], kernel.shape[2]))
    if not flipped:
        return kernel._replace(strides=(down, across, filter_, channel))
    end = kernel.offset + (TAPS - 1) * (down + across)
    return kernel._replace(offset=end, strides=(-down, -across, filter_, channel))


# Few tiles: the image is transformed whole, and the kernel for 16 filters at a time.


def _of_few(node: Node, x: View, kernel: View, seen: Tiles, made: Tiles) -> list[Call]:
    strides, sums = Strides(SQUARE * seen.channels + PAD, seen.channels, LANES), BLOCK + PAD
    rows = _rounded(made.total)
    first = _image_call(node, x, seen, POINTS, strides, rows * strides.tile)
    to = Writer()
    v, w, y = _bases(to, 0, kernel.offset, 0)
    nowhere, u, turned, m = _scratch(to, 3, LANES, _size(kernel), _turned_size(kernel), rows * sums)
    depth, points = Step(seen.channels, 1, BLOCK), Step(SQUARE, strides.point, LANES, LANES)
    product = Product(rows, LANES, strides.tile, sums, (depth,), "float", (points,))

    def sixteen(k: str) -> None:
        _transform_kernel(to, kernel, w, k, u, turned)
        _multiply(to, product, [v, u, m])
        own = to.shifted("float", y, times(to, k, LANES))
        to.some("0", to.number(made.total), 1, lambda t: result(t, own))

    def result(t: str, own: str) -> None:
        made.result(to, (to.shifted("float", m, times(to, t, sums)), own, nowhere), t, LANES, LANES)

    to.some(*to.share(made.channels // LANES), 1, sixteen)
    return [first, Call(to.kernel(), [_view(first), kernel], node, _work(seen, made))]


# Many tiles: the kernel is transformed whole, and the image for 16 tiles at a time.


def _of_many(node: Node, x: View, kernel: View, seen: Tiles, made: Tiles, spreads: bool = False) -> list[Call]:
    """Where results are spread, images are done whole, since tiles add to the same places."""
    channels, filters, places = seen.channels, made.channels, OUT if spreads else POINTS
    strides, sums = Strides(SQUARE * channels + PAD, channels, LANES), SQUARE * filters + PAD
    count = _whole_images(prod(made.counts)) if spreads else CHUNK
    rows, chunks, steps = _rounded(count), ceil(made.total / count), filters // LANES * SQUARE
    first = _kernel_call(node, kernel)
    to = Writer()
    source, u, y = _bases(to, x.offset, 0, 0)
    nothing, nowhere, v, m = _scratch(to, 3, channels, filters, rows * strides.tile, rows * sums)
    _clear(to, nothing, to.number(channels))
    batch = Step(filters // LANES, 0, _size(kernel), LANES), Step(SQUARE, strides.point, LANES, filters)
    product = Product(rows, LANES, strides.tile, sums, (Step(channels, 1, BLOCK),), "float", batch)

    def chunk(i: str) -> None:
        start = times(to, i, count)
        stop = _least(to, to.put(f"add i64 {start}, {to.number(count)}"), made.total)

        def place(base: str, t: str, size: int) -> str:
            return to.shifted("float", base, times(to, to.put(f"sub i64 {t}, {start}"), size))

        def transform(t: str) -> None:
            seen.transform(to, places, (source, place(v, t, strides.tile), nothing), t, strides)

        def finish(t: str) -> None:
            ends = place(m, t, sums), y, nowhere
            made.spread(to, ends, t, filters) if spreads else made.result(to, ends, t, filters, filters)

        to.some(start, stop, 1, transform)
        following = _fetch(to, source, to.put(f"add i64 {i}, 1"), prod(x.shape), chunks, steps)
        own = _fetch(to, y, i, prod(node.shape), chunks, steps, write=True)
        _multiply(to, product, [v, u, m], _together(following, own))
        if spreads:
            first, last = (
                times(to, to.put(f"udiv i64 {t}, {to.number(prod(made.counts))}"), prod(node.shape[1:]))
                for t in (start, stop)
            )
            _clear(to, to.shifted("float", y, first), to.put(f"sub i64 {last}, {first}"))
        to.some(start, stop, 1, finish)

    to.some(*to.share(chunks), 1, chunk)
    return [first, Call(to.kernel(), [x, _view(first)], node, _work(seen, made))]


def _whole_images(tiles: int) -> int:
    """So many tiles, of whole images, that few rows are lost to whole blocks of them."""
    return max((n * tiles for n in range(1, 3 * CHUNK // tiles + 1)), key=lambda n: n / _rounded(n))


# The gradient of the weights of few tiles: both are transformed whole, and done by 16 channels and 16 filters.


def _slopes_of_few(node: Node, x: View, grad: View, seen: Tiles, acting: Tiles) -> list[Call]:
    point = seen.total * LANES + PAD
    strides = Strides(LANES, point, SQUARE * point)
    images = ((x, seen, POINTS), (grad, acting, OUT))
    first = [_image_call(node, *image, strides, image[1].channels // LANES * strides.block) for image in images]
    to = Writer()
    v, h, w = _bases(to, 0, 0, 0)
    (u,) = _scratch(to, 3, BLOCK * LANES)
    filters = acting.channels // LANES

    def pair(i: str) -> None:
        c, k = (to.put(f"{word} i64 {i}, {to.number(filters)}") for word in ("udiv", "urem"))
        place = _of_pair(to, node, w, c, k)
        own = [to.shifted("float", base, times(to, at, strides.block)) for base, at in ((v, c), (h, k))]
        _add_slope(to, node, seen.total, strides, [*own, u, place], "false", _fetch_weights(to, node, place))

    to.some(*to.share(seen.channels // LANES * filters), 1, pair)
    return [*first, Call(to.kernel(), [_view(call) for call in first], node, _work(seen, acting))]


# And of many tiles: some at a time for all channels and filters. A few sums over a part of the tiles each, so that
# threads can share the work; then the sum of those.


def _slopes_of_many(node: Node, x: View, grad: View, seen: Tiles, acting: Tiles) -> list[Call]:
    chunks = ceil(seen.total / SUMMED)
    each, tiles = ceil(chunks / GROUPS), ceil(seen.total / chunks)
    groups, size = ceil(chunks / each), prod(node.shape)
    strides = Strides(BLOCK + PAD, LANES, tiles * (BLOCK + PAD))
    counts = [image.channels // LANES for image in (seen, acting)]
    to = Writer()
    source, change, w = _bases(to, x.offset, grad.offset, 0)
    most = LANES * max(counts)
    nothing, v, h, u = _scratch(to, 3, most, *[n * strides.block for n in counts], BLOCK * LANES)
    _clear(to, nothing, to.number(most))

    def chunk(group: str, j: str) -> None:
        first = times(to, to.put(f"add i64 {times(to, group, each)}, {j}"), tiles)
        own = to.shifted("float", w, times(to, group, size))
        again = to.put(f"icmp ne i64 {j}, 0")

        def transform(i: str) -> None:
            t, at = to.put(f"add i64 {first}, {i}"), times(to, i, strides.tile)
            seen.transform(to, POINTS, (source, to.shifted("float", v, at), nothing), t, strides)
            acting.transform(to, OUT, (change, to.shifted("float", h, at), nothing), t, strides)

        to.some("0", to.number(tiles), 1, transform)
        following = to.put(f"add i64 {times(to, group, each)}, {to.put(f'add i64 {j}, 1')}")
        shares, pairs = groups * each, prod(counts)
        images = ((source, prod(x.shape)), (change, prod(grad.shape)))
        ahead = _together(*[_fetch(to, base, following, n, shares, pairs * SQUARE) for base, n in images])

        def pair(c: str, k: str) -> None:
            ends = [to.shifted("float", base, times(to, at, strides.block)) for base, at in ((v, c), (h, k))]
            number = to.put(f"add i64 {times(to, c, counts[1])}, {k}")
            ends = [*ends, u, _of_pair(to, node, own, c, k)]
            _add_slope(to, node, tiles, strides, ends, again, ahead, number)

        some = lambda c: to.some("0", to.number(counts[1]), 1, lambda k: pair(c, k))  # noqa: E731
        to.some("0", to.number(counts[0]), 1, some)

    to.some(*to.share(groups), 1, lambda group: to.some("0", to.number(each), 1, lambda j: chunk(group, j)))
    sums = buffer(node, groups * size)
    first = Call(to.kernel(), [x, grad], sums.buffer, _work(seen, acting))
    return [first, Call(_sum(groups, size), [sums], node, groups * size / 8)]


def _add_slope(
    to: Writer, node: Node, tiles: int, strides: Strides, ends: list[str], again: str, ahead: Ahead, number: str = "0"
) -> None:
    """16 channels by 16 filters, over so many tiles; added to what is there where they come again."""
    *factors, u, target = ends
    channels, filters = node.shape[2:]
    depth, points = Step(tiles, strides.tile, strides.tile), Step(SQUARE, strides.point, strides.point, LANES)
    _multiply(to, Product(LANES, LANES, 1, BLOCK, (depth,), "float", (points,)), [*factors, u], ahead, number)
    sizes = [f"i64 {to.number(n)}" for n in (LANES, filters, channels * filters)]
    to.call(slope_function(), f"ptr {target}", f"ptr {u}", f"i1 {again}", *sizes)


def _of_pair(to: Writer, node: Node, w: str, c: str, k: str) -> str:
    """Where the weights of 16 channels by 16 filters begin."""
    row = to.shifted("float", w, times(to, c, LANES * node.shape[3]))
    return to.shifted("float", row, times(to, k, LANES))


def _sum(groups: int, size: int) -> Kernel:
    """The sum of the groups, one after the other."""
    to = Writer()
    source, target = _bases(to, 0, 0)
    vector = f"<{LANES} x float>"

    def sixteen(i: str) -> None:
        at = times(to, i, LANES)

        def add(group: str, held: list[str]) -> list[str]:
            place = to.shifted("float", source, to.put(f"add i64 {times(to, group, size)}, {at}"))
            return [to.put(f"fadd {vector} {held[0]}, {to.put(f'load {vector}, ptr {place}, align 4')}")]

        total = to.loop("0", to.number(groups), 1, add, [(vector, "zeroinitializer")])[0]
        to.do(f"store {vector} {total}, ptr {to.shifted('float', target, at)}, align 4")

    to.some(*to.share(size // LANES), 1, sixteen)
    return to.kernel()


# What is transformed whole.


def _image_call(node: Node, x: View, tiles: Tiles, places: int, strides: Strides, size: int) -> Call:
    to = Writer()
    source, target = _bases(to, x.offset, 0)
    (nothing,) = _scratch(to, 2, tiles.channels)
    _clear(to, nothing, to.number(tiles.channels))

    def tile(t: str) -> None:
        own = to.shifted("float", target, times(to, t, strides.tile))
        tiles.transform(to, places, (source, own, nothing), t, strides)

    to.some(*to.share(tiles.total), 1, tile)
    return Call(to.kernel(), [x], buffer(node, size).buffer, size / 8)


def _kernel_call(node: Node, kernel: View) -> Call:
    size, blocks = _size(kernel), kernel.shape[3] // LANES
    to = Writer()
    w, u = _bases(to, kernel.offset, 0)
    turned = _scratch(to, 2, _turned_size(kernel))[0] if _turned_size(kernel) else ""

    def sixteen(k: str) -> None:
        _transform_kernel(to, kernel, w, k, to.shifted("float", u, times(to, k, size)), turned)

    to.some(*to.share(blocks), 1, sixteen)
    return Call(to.kernel(), [kernel], buffer(node, blocks * size).buffer, blocks * size / 8)


def _view(call: Call) -> View:
    """What a call has written."""
    node = call.writes
    return View(node, 0, node.shape, contiguous(node.shape), node.dtype)


def _size(kernel: View) -> int:
    """Numbers of 16 transformed filters."""
    return kernel.shape[2] * BLOCK


def _turned_size(kernel: View) -> int:
    """Numbers of 16 filters side by side, where they are not."""
    return 0 if kernel.strides[3] == 1 else TAPS * TAPS * kernel.shape[2] * LANES


def _transform_kernel(to: Writer, kernel: View, w: str, k: str, u: str, turned: str) -> None:
    """Sixteen filters, which are first brought side by side."""
    down, across, row, column = kernel.strides
    channels = kernel.shape[2]
    w = to.shifted("float", w, times(to, k, LANES * column))
    if column != 1:
        for i in range(TAPS * TAPS):
            own = to.shifted("float", w, to.number(i // TAPS * down + i % TAPS * across))
            there = to.shifted("float", turned, to.number(i * channels * LANES))
            turn = [f"i64 {to.number(n)}" for n in (channels, LANES, LANES, row, column, LANES, 0)]
            to.call(turn_function("float", LANES), f"ptr {there}", f"ptr {own}", *turn)
        w, down, across, row = turned, TAPS * channels * LANES, channels * LANES, LANES
    sizes = [f"i64 {to.number(n)}" for n in (down, across, channels, row, LANES, BLOCK)]
    to.call(kernel_function(), f"ptr {u}", f"ptr {w}", *sizes)


# Small things. Sizes are no part of a kernel's text: nets share a few kernels, whatever their shapes.


def _bases(to: Writer, *offsets: int) -> list[str]:
    """Where the operands begin."""
    return [to.shifted("float", to.pointer(i, "float", 0), to.number(offset)) for i, offset in enumerate(offsets)]


def _scratch(to: Writer, operand: int, *sizes: int) -> list[str]:
    """Memory of the thread that calls, for so many floats each."""
    to.scratch = 4 * sum(sizes)
    own = to.shifted("float", to.pointer(operand, "float", 0), times(to, "%part", sum(sizes)))
    return [to.shifted("float", own, to.number(sum(sizes[:i]))) for i in range(len(sizes))]


def _clear(to: Writer, place: str, count: str) -> None:
    zeros = f"store <{LANES} x float> zeroinitializer"
    to.some("0", count, LANES, lambda i: to.do(f"{zeros}, ptr {to.shifted('float', place, i)}, align 4"))


def _least(to: Writer, a: str, b: int) -> str:
    end = to.number(b)
    return to.put(f"select i1 {to.put(f'icmp slt i64 {a}, {end}')}, i64 {a}, i64 {end}")


def _rows() -> int:
    """Of a block of sums that stays in registers, one vector wide."""
    return 8 if has_wide_registers() else 4


def _rounded(rows: int) -> int:
    """So many rows in whole blocks."""
    return ceil(rows / _rows()) * _rows()


def _multiply(
    to: Writer, of: Product, bases: list[str], ahead: Ahead = lambda _: None, at: str = "0", level: int = 0
) -> None:
    """Products of 16 columns side by side, by whole blocks of rows; with each goes a part of what is fetched ahead."""
    if level < len(of.batch):
        length, *strides = of.batch[level]

        def one(i: str) -> None:
            own = [to.shifted("float", base, times(to, i, s)) for base, s in zip(bases, strides, strict=True)]
            _multiply(to, of, own, ahead, to.put(f"add i64 {times(to, at, length)}, {i}"), level + 1)

        return to.some("0", to.number(length), 1, one)
    ahead(at)
    rows, (depth,) = _rows(), of.depth
    sizes = (of.a_row, of.c_row, of.rows // rows, depth.length, depth.a, depth.b)
    block = block_function(Block("float", rows, 1, LANES))
    return to.call(block, *[f"ptr {x}" for x in bases], "i1 false", *[f"i64 {to.number(n)}" for n in sizes], "ptr null")


# Memory is slow to begin: what comes next is asked for while products are computed, a part with each of them.


def _fetch(to: Writer, base: str, i: str, size: int, shares: int, steps: int, write: bool = False) -> Ahead:
    """Share i of so many numbers, in so many steps."""
    step = ceil(size / shares / steps / LANES) * LANES
    start = to.shifted("float", base, times(to, i, size // shares))

    def ahead(at: str) -> None:
        place = to.shifted("float", start, times(to, at, step))
        to.call(fetch_function(write), f"ptr {place}", "i64 1", "i64 0", f"i64 {to.number(step)}")

    return ahead


def _fetch_weights(to: Writer, node: Node, place: str) -> Ahead:
    """Those of 16 channels and 16 filters, which will be written: four rows of a weight with each of 36 steps."""
    channels, filters = node.shape[2:]

    def ahead(at: str) -> None:
        tap, part = to.put(f"udiv i64 {at}, 4"), to.put(f"urem i64 {at}, 4")
        own = to.shifted("float", place, times(to, tap, channels * filters))
        own = to.shifted("float", own, times(to, part, 4 * filters))
        to.call(fetch_function(write=True), f"ptr {own}", "i64 4", f"i64 {to.number(filters)}", f"i64 {LANES}")

    return ahead


def _together(*parts: Ahead) -> Ahead:
    def ahead(at: str) -> None:
        for part in parts:
            part(at)

    return ahead


def _work(tiles: Tiles, others: Tiles) -> float:
    return SQUARE * tiles.total * tiles.channels * others.channels / 50
