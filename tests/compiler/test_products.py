"""Matrix products of every size, stride and nesting, on whole numbers: equal to NumPy's in float64 to the last bit.

Whole numbers this small have no rounding, so whatever the kernel leaves out, takes twice or puts elsewhere is seen.
"""

import ctypes
import operator
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pente.compiler import gemm, llvm, microkernel, product
from pente.compiler.gemm import Product, Step, gemm_kernel, write_product
from pente.compiler.microkernel import Block
from pente.compiler.writer import Kernel, Writer
from tests.compiler.random_programs import Draw

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")

CALL = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 3)
KINDS = {"float": np.float32, "double": np.float64}
SIZES = [1, 2, 3, 5, 7, 8, 9, 12, 13, 15, 16, 17, 31, 32, 33, 47, 64, 70]
MARGIN = 4096  # numbers around A and B that nobody should read, and around C that nobody should write
UNTOUCHED = 12345.0


def run(kernel: Kernel, arrays: list[Any], cuts: list[int]) -> None:
    """Run the pieces, cut into ranges, each by another thread's number."""
    code = llvm.load([kernel])
    function = CALL(code.addresses[kernel.text])
    scratch = np.full(kernel.scratch * (len(cuts) + 1), 255, np.uint8)  # NaN, wherever it is not written
    places = np.array([x.ctypes.data for x in (*arrays, scratch)], np.uint64)
    operands = np.arange(len(places), dtype=np.int64)
    edges = [0, *sorted(cut % (kernel.units + 1) for cut in cuts), kernel.units]
    for part, (first, last) in enumerate(pairwise(edges)):
        if first < last:
            function(places.ctypes.data, operands.ctypes.data, first, last, part)


def reach(lengths: list[int], strides: list[int]) -> tuple[int, int]:
    """The lowest and the highest place that such a walk comes to."""
    ends = [(n - 1) * s for n, s in zip(lengths, strides, strict=True)]
    return sum(min(end, 0) for end in ends), sum(max(end, 0) for end in ends)


def check(of: Product, cuts: list[int], write: Callable[[Product], Kernel] = gemm_kernel) -> None:
    """The kernel gives what NumPy gives, and writes nothing else."""
    passes = [of.passes] if of.passes else []
    loops, depth = [*of.batch], [*passes, *of.depth]
    lengths = [*[s.length for s in loops], of.rows, of.columns, *[s.length for s in depth]]
    walks = [
        [*[s.a for s in loops], of.a_row, 0, *[s.a for s in depth]],
        [*[s.b for s in loops], 0, of.b_column, *[s.b for s in depth]],
        [*[s.c for s in loops], of.c_row, 1, *[0 for s in depth]],
    ]
    kind, rng = KINDS[of.kind], np.random.default_rng(0)
    arrays, views = [], []
    for i, strides in enumerate(walks):
        low, high = reach(lengths, strides)
        array = rng.integers(-3, 4, high - low + 1 + 2 * MARGIN).astype(kind)
        if i == 2:
            array[:] = UNTOUCHED
        arrays.append(array)
        begin = MARGIN - low
        shape = lengths if i < 2 else lengths[: len(loops) + 2]
        steps = [s * array.itemsize for s in strides[: len(shape)]]
        views.append(np.lib.stride_tricks.as_strided(array[begin:], shape, steps))
        arrays[i] = array[begin - of.offsets[i] if i < 2 else begin :]
    a, b, c = views
    axes = tuple(range(len(loops) + 2, len(lengths)))
    wanted = (a.astype(np.float64) * b.astype(np.float64)).sum(axis=axes)
    run(write(of), arrays, cuts)
    np.testing.assert_array_equal(c, wanted)
    c[...] = UNTOUCHED
    whole = arrays[2].base if arrays[2].base is not None else arrays[2]
    np.testing.assert_array_equal(whole, np.full_like(whole, UNTOUCHED))


@st.composite
def products(draw: Draw) -> Product:
    """Sizes, and strides with gaps, the other way round, or of 0; C never meets itself."""
    size = lambda: draw(st.sampled_from(SIZES))  # noqa: E731
    rows, columns, deep = size(), size(), size()
    few = lambda most: [draw(st.integers(1, 4)) for _ in range(draw(st.integers(0, most)))]  # noqa: E731
    batch, outer = few(2), few(2)
    passes = draw(st.sampled_from([0, 0, 1, 3]))
    gap = lambda n: n + draw(st.sampled_from([0, 0, 3]))  # noqa: E731
    a_row, a_k = (gap(deep), 1) if draw(st.booleans()) else (1, gap(rows))
    b_k, b_column = (gap(columns), 1) if draw(st.integers(0, 2)) else (draw(st.sampled_from([1, 2, -1])), gap(2 * deep))
    far = [rows * deep + rows + 40, columns * deep * 2 + columns + 40]
    turn = lambda stride: stride * draw(st.sampled_from([1, 1, 1, -1, 0]))  # noqa: E731
    c_row = gap(columns)
    steps, c_far = [], rows * c_row + draw(st.sampled_from([0, 5]))
    for n in reversed(batch):
        steps.insert(0, Step(n, turn(far[0]), turn(far[1]), c_far))
        far, c_far = [x * n for x in far], c_far * n
    depth = [Step(n, turn(far[0]), turn(far[1])) for n in outer]
    along = Step(passes, turn(7), turn(5)) if passes else None
    offsets = (draw(st.integers(0, 3)), draw(st.integers(0, 3)))
    inner = Step(deep, turn(a_k), b_k)
    kind = draw(st.sampled_from(sorted(KINDS)))
    return Product(
        rows, columns, turn(a_row), c_row, (*depth, inner), kind, tuple(steps), along, offsets,
        b_column if not depth and not along else 1,
    )  # fmt: skip


CUTS = st.lists(st.integers(0, 10_000), max_size=3)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(products(), CUTS)
def test_products_of_every_form_are_what_numpy_gives(of: Product, cuts: list[int]) -> None:
    check(of, cuts)


def plain(rows: int, deep: int, columns: int, *, turned: str = "", kind: str = "float") -> Product:
    """A product of arrays in order; those that are named in ``turned`` are stored the other way round."""
    a_row, a_k = (1, rows) if "a" in turned else (deep, 1)
    b_k, b_column = (1, deep) if "b" in turned else (columns, 1)
    return Product(rows, columns, a_row, columns, (Step(deep, a_k, b_k),), kind, b_column=b_column)


@st.composite
def tilings(draw: Draw, of: Product) -> dict[str, Any]:
    """Ways to cut it that only large products come to, and packing that only they are worth."""
    simple = len(of.depth) == 1 and not of.passes
    small = lambda: draw(st.integers(1, 3))  # noqa: E731
    cut = {"stripes": small(), "blocks": small(), "held": small()}
    if simple:
        cut |= {"packs_a": draw(st.booleans()) and 1 in (of.a_row, of.depth[0].a)}
        cut |= {"packs_b": draw(st.booleans()) or of.b_column != 1}
        cut |= {"depth": draw(st.integers(1, of.depth[0].length))}
    return cut


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), products(), CUTS)
def test_products_cut_and_packed_in_any_way_are_what_numpy_gives(
    data: st.DataObject, of: Product, cuts: list[int]
) -> None:
    cut = data.draw(tilings(product.simplified(of)))
    whole = gemm.tiling_of
    with mock.patch.object(gemm, "tiling_of", lambda of, packs: whole(of, packs)._replace(**cut)):
        check(of, cuts)


LARGE = [
    plain(200, 300, 1030),
    plain(200, 300, 1030, kind="double"),
    plain(70, 40, 50, turned="b"),
    plain(300, 1100, 270, turned="a"),
    plain(300, 1100, 270, turned="ab", kind="double"),
    Product(40, 70, 64, 70, (Step(64, 1, 70),), "float", (Step(3, 40 * 64, 0, 40 * 70),)),  # more rows of one
    Product(33, 40, 20, 40, (Step(20, 1, 40),), "float", (Step(5, 660, 800, 1320), Step(2, 0, 0, 6600))),
    Product(40, 70, 64, 70, (Step(64, 1, 70),), "float", (), Step(5, 40, 9)),
]


@pytest.mark.parametrize("of", LARGE, ids=str)
def test_large_products_are_what_numpy_gives(of: Product) -> None:
    check(of, [1, 5])


@pytest.mark.parametrize("of", [plain(64, 64, 64), plain(32, 64, 10), plain(1, 100, 100)], ids=str)
def test_small_products_are_one_piece(of: Product) -> None:
    assert gemm_kernel(of).units == 1


WIDE_TALL_DEEP = [plain(32, 512, 2048), plain(4096, 64, 64), plain(64, 4096, 256, turned="a"), plain(512, 512, 512)]
MANY = Product(64, 64, 64, 64, (Step(64, 1, 64),), "float", (Step(48, 64 * 64, 64 * 64, 64 * 64),))


@pytest.mark.parametrize("of", [*WIDE_TALL_DEEP, MANY], ids=str)
def test_large_products_are_cut_into_many_pieces_whatever_their_form(of: Product) -> None:
    assert gemm_kernel(of).units >= 16


def test_equal_blocks_of_different_products_are_one_function() -> None:
    one, other = gemm_kernel(plain(64, 64, 64)), gemm_kernel(plain(128, 32, 96))
    assert {f.name for f in one.functions} == {f.name for f in other.functions}


@pytest.mark.parametrize("of", [LARGE[5], LARGE[7], plain(9, 30, 45)], ids=str)
def test_a_product_inside_another_kernel_is_the_same(of: Product) -> None:
    def inside(of: Product) -> Kernel:
        to = Writer()
        write_product(to, of, [to.pointer(i, of.kind, by) for i, by in enumerate((*of.offsets, 0))])
        return to.kernel()

    check(of, [], inside)


def _further(function: Any, condition: Callable[..., bool]) -> Any:
    """The function, one number further on where the condition holds."""

    def wrong(self: Any, *args: Any) -> Any:
        given = function(self, *args)
        return self.to.put(f"add i64 {given}, 1") if condition(*args) else given

    return wrong


def _one_less(function: Any) -> Any:
    def wrong(*args: Any) -> Any:
        kernel = function(*args)
        return kernel._replace(units=kernel.units - 1)

    return wrong


def _without_left(block: Block) -> Any:
    return microkernel.block_function(block._replace(left=0))


def _all_or_none(old: Any) -> Any:
    return lambda self, *args: (old(self, *args)[0], "true")


def _standing_still(old: Any) -> Any:
    return lambda self, stripes, body: old(self, stripes, lambda own, k: body(own, "0"))


def _at_the_first(old: Any) -> Any:
    return lambda self, stripes, whole, rest: old(self, stripes, whole, lambda j: rest("0"))


BROKEN: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "strides": ("_Gemm._times", lambda old: _further(old, lambda i, stride: stride > 1 and i != "0")),
    "shares": ("_Gemm._share", _all_or_none),
    "pieces": ("gemm_kernel", _one_less),
    "columns that are left": ("block_function", lambda old: _without_left),
    "parts of k": ("_Gemm._chunks", _standing_still),
    "rows": ("tiling_of", lambda old: lambda of, packs: old(of, packs)._replace(rest=0)),
    "adding": ("_Stripes._replace", lambda old: lambda self, **new: old(self, **new | {"adding": "false"})),
    "stripes": ("_Gemm._each", _at_the_first),
}


def check_all() -> None:
    for of in [*LARGE[2:], plain(13, 20, 45), plain(70, 2, 70)]:
        check(of, [1, 5], gemm.gemm_kernel)


def test_what_is_broken_below_is_right_as_it_is() -> None:
    check_all()


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_product_is_found_out(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, spoil = BROKEN[what]
    monkeypatch.setattr(f"pente.compiler.gemm.{path}", spoil(operator.attrgetter(path)(gemm)))
    with pytest.raises(AssertionError):
        check_all()
