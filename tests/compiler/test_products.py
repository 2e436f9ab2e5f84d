"""Matrix products of every size, stride and nesting, on whole numbers: equal to NumPy's in float64 to the last bit.

Whole numbers this small have no rounding, so whatever the kernel leaves out, takes twice or puts elsewhere is seen.
"""

import ctypes
import inspect
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
from pente.compiler.epilogue import Epilogue
from pente.compiler.gemm import Product, Step, gemm_kernel
from pente.compiler.loops import Call, Outline, Place
from pente.compiler.microkernel import Block
from pente.compiler.script import operand_words
from pente.compiler.writer import Kernel
from pente.core import primitives as p
from tests.compiler.random_programs import Draw

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")

CALL = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 3)
KINDS = {"float": np.float32, "double": np.float64}
SIZES = [1, 2, 3, 5, 7, 8, 9, 12, 13, 15, 16, 17, 31, 32, 33, 47, 64, 70]
MARGIN = 4096  # numbers around A and B that nobody should read, and around C that nobody should write
UNTOUCHED = 12345.0


def run(kernel: Kernel, arrays: list[Any], cuts: list[int], edges: tuple[int, ...] = ()) -> None:
    """Run the pieces, cut into ranges, each by another thread's number; or the one range between these edges."""
    code = llvm.load([kernel])
    function = CALL(code.addresses[kernel.text])
    room = kernel.scratch * (len(cuts) + 1) + 2**22  # a broken one shall be found out, and not end the tests
    scratch = np.full(room, 255, np.uint8)  # NaN, wherever it is not written
    places = np.array([x.ctypes.data for x in (*arrays, scratch)], np.uint64)
    kept, operands = operand_words(kernel, range(len(places)), code.addresses)
    edges = edges or (0, *sorted(cut % (kernel.units + 1) for cut in cuts), kernel.units)
    for part, (first, last) in enumerate(pairwise(edges)):
        if first < last:
            function(places.ctypes.data, operands, first, last, part)
    del kept


def reach(lengths: list[int], strides: list[int]) -> tuple[int, int]:
    """The lowest and the highest place that such a walk comes to."""
    ends = [(n - 1) * s for n, s in zip(lengths, strides, strict=True)]
    return sum(min(end, 0) for end in ends), sum(max(end, 0) for end in ends)


def anew(of: Product) -> Kernel:
    """The kernel, written now whether or not it was before."""
    return inspect.unwrap(gemm.gemm_kernel)(of)


class Numbers:
    """Operands of a product amid numbers that do not belong to it, and what comes out."""

    def __init__(self, of: Product) -> None:
        loops, depth = [*of.batch], [*of.depth]
        lengths = [*[s.length for s in loops], of.rows, of.columns, *[s.length for s in depth]]
        walks = [
            [*[s.a for s in loops], of.a_row, 0, *[s.a for s in depth]],
            [*[s.b for s in loops], 0, of.b_column, *[s.b for s in depth]],
            [*[s.c for s in loops], of.c_row, 1],
        ]
        rng = np.random.default_rng(0)
        self.arrays, self.whole, views = [], [], []
        for strides, offset in zip(walks, (*of.offsets, 0), strict=True):
            low, high = reach(lengths[: len(strides)], strides)
            array = rng.integers(-3, 4, high - low + 1 + 2 * MARGIN).astype(KINDS[of.kind])
            steps = [s * array.itemsize for s in strides]
            begin = array[MARGIN - low :]
            views.append(np.lib.stride_tricks.as_strided(begin, lengths[: len(strides)], steps))
            self.arrays.append(array[MARGIN - low - offset :])
            self.whole.append(array)
        a, b, self.c = views
        self.whole[2][:] = UNTOUCHED
        n = len(loops)
        left, right = a[(slice(None),) * (n + 1) + (0,)], b[(slice(None),) * n + (0,)]
        left, right = (x.astype(np.float64).reshape(*x.shape[: n + 1], -1) for x in (left, right))
        self.wanted = left @ right.swapaxes(-1, -2)


def check(of: Product, cuts: list[int], write: Callable[[Product], Kernel] = anew) -> None:
    """The kernel gives what NumPy gives, and writes nothing else."""
    given = Numbers(of)
    run(write(of), given.arrays, cuts)
    np.testing.assert_array_equal(given.c, given.wanted)
    given.c[...] = UNTOUCHED
    np.testing.assert_array_equal(given.whole[2], np.full_like(given.whole[2], UNTOUCHED))


@st.composite
def products(draw: Draw) -> Product:
    """Sizes, and strides with gaps, the other way round, or of 0; C never meets itself."""
    size = lambda: draw(st.sampled_from(SIZES))  # noqa: E731
    rows, columns, deep = size(), size(), size()
    few = lambda most: [draw(st.integers(1, 4)) for _ in range(draw(st.integers(0, most)))]  # noqa: E731
    batch, outer = few(2), few(2)
    cut = draw(st.sampled_from([0, 0, 1, 3]))
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
    depth = [Step(draw(st.integers(1, 8)), turn(7), turn(5)), *depth] if cut else depth
    offsets = (draw(st.integers(0, 3)), draw(st.integers(0, 3)))
    inner = Step(deep, turn(a_k), b_k)
    kind = draw(st.sampled_from(sorted(KINDS)))
    return Product(
        rows, columns, turn(a_row), c_row, (*depth, inner), kind, tuple(steps), cut, offsets,
        1 if depth else b_column,
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
    simple = len(of.depth) == 1
    small = lambda: draw(st.integers(1, 3))  # noqa: E731
    cut = {"stripes": small(), "blocks": small(), "held": small()}
    if simple:
        cut |= {"packs_a": draw(st.booleans()) and of.a_row == 1}
        cut |= {"packs_b": draw(st.booleans()) or of.b_column != 1}
        cut |= {"depth": draw(st.integers(1, of.depth[0].length))}
    return cut


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), products(), CUTS)
def test_products_cut_and_packed_in_any_way_are_what_numpy_gives(
    data: st.DataObject, of: Product, cuts: list[int]
) -> None:
    cut = data.draw(tilings(product.simplified(of)[0]))
    whole = gemm.tiling_of
    with mock.patch.object(gemm, "tiling_of", lambda of: whole(of)._replace(**cut)):
        check(of, cuts)


def check_spans(of: Product) -> int:
    """Pieces read and write in their spans alone; how many operands have one."""
    kernel = anew(of)
    for first in {0, kernel.units // 2, kernel.units - 1}:
        given = Numbers(of)
        ends = []
        for array, span in zip(given.arrays, kernel.spans, strict=True):
            low, high = 0, len(array)
            if span is not None:
                low, high = (n // span.units * span.numbers for n in (first, first + span.units))
            ends.append((low, high))
        for array, (low, high) in zip(given.arrays[:2], ends, strict=False):
            array[:low], array[high:] = np.nan, np.nan
        before = given.arrays[2].copy()
        run(kernel, given.arrays, [], (first, first + 1))
        low, high = ends[2]
        np.testing.assert_array_equal(given.arrays[2][:low], before[:low])
        np.testing.assert_array_equal(given.arrays[2][high:], before[high:])
        written = given.c != UNTOUCHED
        np.testing.assert_array_equal(given.c[written], given.wanted[written])
    return sum(span is not None for span in kernel.spans)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(products(), st.sampled_from([product.PIECE, 500]))
def test_a_piece_keeps_to_its_spans(of: Product, piece: int) -> None:
    with mock.patch.object(product, "PIECE", piece):
        check_spans(of)


LARGE = [
    plain(200, 300, 1030),
    plain(200, 300, 1030, kind="double"),
    plain(70, 40, 50, turned="b"),
    plain(300, 1100, 270, turned="a"),
    plain(300, 1100, 270, turned="ab", kind="double"),
    Product(40, 70, 64, 70, (Step(64, 1, 70),), "float", (Step(3, 40 * 64, 0, 40 * 70),)),  # more rows of one
    Product(33, 40, 20, 40, (Step(20, 1, 40),), "float", (Step(5, 660, 800, 1320), Step(2, 0, 0, 6600))),
    Product(40, 70, 64, 70, (Step(5, 40, 9), Step(64, 1, 70)), "float", (), 1),
    Product(40, 70, 64, 70, (Step(11, 40, 9), Step(64, 1, 70)), "float", (), 4),
]


@pytest.mark.parametrize("of", LARGE, ids=str)
def test_large_products_are_what_numpy_gives(of: Product) -> None:
    check(of, [1, 5])


@pytest.mark.parametrize("of", [plain(48, 40, 48), plain(32, 64, 10), plain(1, 100, 100)], ids=str)
def test_small_products_are_one_piece(of: Product) -> None:
    assert gemm_kernel(of).units == 1


WIDE_TALL_DEEP = [plain(32, 512, 2048), plain(4096, 64, 64), plain(64, 4096, 256, turned="a"), plain(512, 512, 512)]
MANY = Product(64, 64, 64, 64, (Step(64, 1, 64),), "float", (Step(48, 64 * 64, 64 * 64, 64 * 64),))


@pytest.mark.parametrize("of", [*WIDE_TALL_DEEP, MANY], ids=str)
def test_large_products_are_cut_into_many_pieces_whatever_their_form(of: Product) -> None:
    assert gemm_kernel(of).units >= 16


ROWS_ALONE = [plain(4096, 64, 64), plain(784, 32, 64), plain(256, 128, 128), plain(3000, 30, 20)]


@pytest.mark.parametrize("of", ROWS_ALONE, ids=str)
def test_where_there_are_enough_rows_pieces_of_a_and_c_follow_each_other(of: Product) -> None:
    assert check_spans(of) == 2


def test_products_side_by_side_have_their_own_part_of_each_operand() -> None:
    assert check_spans(MANY) == 3


def test_equal_blocks_of_different_products_are_one_function() -> None:
    one, other = gemm_kernel(plain(64, 64, 64)), gemm_kernel(plain(128, 32, 96))
    assert set(one.texts[1:]) == set(other.texts[1:])


TRUTH = np.dtype("bool")


def epilogue(of: Product, places: list[Place]) -> Epilogue:
    """C + bias, its positive part over C itself, and where it is positive; the bias is one for each column.

    ``places`` are how C and the two others lie, the bias first.
    """
    kind = np.dtype(KINDS[of.kind])
    c = Place(0, (*[step.c for step in of.batch], of.c_row, 1), kind)
    bias, other, truth = places
    calls = (
        Call(p.add, kind, (0, 1)),
        Call(p.multiply, kind, (3, 2)),
        Call(p.subtract, kind, (4, 4)),
        Call(p.maximum, kind, (4, 5)),
        Call(p.greater, TRUTH, (4, 5)),
    )
    shape = (*[step.length for step in of.batch], of.rows, of.columns)
    return Epilogue(Outline(shape, None, calls, (c, bias, other), ((7, truth), (6, c))), 1)


EPILOGUES = [
    plain(13, 20, 45),
    plain(64, 30, 64, kind="double"),
    plain(100, 30, 70, turned="b"),
    MANY,
    LARGE[5],
    LARGE[6],
    LARGE[7],
]


@pytest.mark.parametrize("tight", [False, True], ids=["as it is", "in many parts"])
@pytest.mark.parametrize("of", EPILOGUES, ids=str)
def test_an_epilogue_computes_on_what_is_in_the_cache(
    of: Product, tight: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tight:
        simple = {"stripes": 1, "blocks": 2, "held": 1, "depth": 7, "packs_b": True}
        cut = simple if len(of.depth) == 1 else {"blocks": 1}
        whole = gemm.tiling_of
        monkeypatch.setattr(gemm, "tiling_of", lambda of: whole(of)._replace(**cut))
    given = Numbers(of)
    kind, rng, shape = given.c.dtype, np.random.default_rng(1), given.c.shape
    bias, other = (rng.integers(-3, 4, n).astype(kind) for n in (of.columns + 2, shape[0] * of.columns * 3))
    truth = np.full(given.wanted.size + 5, 7, np.uint8)
    still = (0,) * (len(shape) - 2)
    places = [
        Place(2, (*still, 0, 1), kind),
        Place(0, (3, *still, 2) if still else (3, 2), kind),  # one for each product and column, not side by side
        Place(5, tuple(int(x) for x in np.array(np.empty(shape, np.int8).strides)), TRUTH),
    ]
    kernel = inspect.unwrap(gemm.gemm_kernel)(of, epilogue(of, places))
    run(kernel, [*given.arrays[:2], bias, other, truth, given.arrays[2]], [1, 5])
    factor = np.lib.stride_tricks.as_strided(other, shape, [s * kind.itemsize for s in places[1].strides])
    value = (given.wanted + bias[2:]) * factor
    np.testing.assert_array_equal(given.c, np.maximum(value, 0))
    np.testing.assert_array_equal(truth[5:].reshape(shape), value > 0)
    given.c[...] = UNTOUCHED
    np.testing.assert_array_equal(given.whole[2], np.full_like(given.whole[2], UNTOUCHED))


def _one_less(function: Any) -> Any:
    def wrong(of: Product) -> Any:
        kernel = inspect.unwrap(function)(of)
        return kernel._replace(units=kernel.units - 1)

    return wrong


def _without_left(block: Block) -> Any:
    return microkernel.block_function(block._replace(left=0))


def _without_a(function: Any) -> Any:
    return lambda self, axes: [axis._replace(a=0) for axis in function(self, axes)]


def _further(*names: str) -> Callable[[Any], Any]:
    """These amounts are a number more."""
    return lambda old: property(lambda self: _moved(old.fget(self), names, 8))


def _none(*names: str) -> Callable[[Any], Any]:
    return lambda old: property(lambda self: old.fget(self)._replace(**dict.fromkeys(names, 0)))


def _moved(amounts: Any, names: tuple[str, ...], by: int) -> Any:
    return amounts._replace(**{name: getattr(amounts, name) + by for name in names})


BROKEN: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "where A begins": ("_Gemm.amounts", _further("a_begin")),
    "where C begins": ("_Gemm.amounts", _further("c_begin")),
    "rows of A": ("_Gemm.amounts", _further("a_down")),
    "rows of C": ("_Gemm.amounts", _further("c_down")),
    "stripes of B": ("_Gemm.amounts", _further("b_far")),
    "stripes of C": ("_Gemm.amounts", _further("c_apart")),
    "the last block in A": ("_Gemm.amounts", _further("a_block")),
    "the last block in C": ("_Gemm.amounts", _further("c_block")),
    "parts of k in A": ("_Gemm.amounts", _none("a_chunk")),
    "parts of k in B": ("_Gemm.amounts", _none("b_chunk")),
    "the last part of k": ("_Gemm.amounts", _none("step")),
    "stripes that are full": ("_Gemm.amounts", _further("full")),
    "memory of each thread's own": ("_Gemm.amounts", _none("a_packed")),
    "pieces": ("gemm_kernel", _one_less),
    "columns that are left": ("block_function", lambda old: _without_left),
    "rows": ("tiling_of", lambda old: lambda of: old(of)._replace(rest=0)),
    "products side by side": ("_Gemm._steps", _without_a),
}


def check_all() -> None:
    for of in [*LARGE[2:], plain(13, 20, 45), plain(70, 2, 70), plain(16, 400, 1005)]:
        check(of, [1, 5])


def test_what_is_broken_below_is_right_as_it_is() -> None:
    check_all()


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_product_is_found_out(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, spoil = BROKEN[what]
    monkeypatch.setattr(f"pente.compiler.gemm.{path}", spoil(operator.attrgetter(path)(gemm)))
    with pytest.raises(AssertionError):
        check_all()


def test_products_of_all_sizes_are_one_text() -> None:
    kernels = [gemm_kernel(of) for of in (*LARGE, *WIDE_TALL_DEEP, MANY, plain(3, 5, 7, kind="double"))]
    assert len({kernel.text for kernel in kernels}) == 1
