"""Kernels cut into as many pieces as there can be, on several threads: the same bits as in one piece on one thread."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pente
from pente.compiler import chains, jit, llvm, native, places, schedule, script, windows
from pente.compiler.chains import Chain
from pente.compiler.rows import KernelRow
from pente.compiler.schedule import Stage
from pente.compiler.threads import set_threads, threads
from pente.compiler.writer import Kernel, Span
from pente.core import primitives as p
from pente.core.node import NOTHING, Node, Spec
from tests.compiler.agreement import agree, numbers
from tests.compiler.random_programs import Program, programs
from tests.compiler.test_random_programs import TAME

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")
ROOMY = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@pytest.fixture(scope="module", autouse=True)
def in_many_pieces() -> Iterator[None]:
    """Everything is worth being cut and shared, however small it is."""
    before = threads()
    with pytest.MonkeyPatch.context() as patch:
        for module in (places, windows):
            patch.setattr(module, "SHARED", 1)
        for module in (chains, script):
            patch.setattr(module, "GRAIN", 1.0)
        patch.setattr(native, "WORTH_SHARING", 0.0)
        patch.setattr(schedule, "SMALL", 0.0)
        set_threads(3)
        yield
    set_threads(before)


@settings(max_examples=150, suppress_health_check=ROOMY)
@given(programs())
def test_exact_programs_agree_to_the_last_bit(drawn: tuple[Program, list[Any]]) -> None:
    agree(drawn[0], *drawn[1], check=np.testing.assert_array_equal)


@settings(max_examples=60, suppress_health_check=ROOMY)
@given(
    st.lists(st.sampled_from(sorted(TAME)), min_size=1, max_size=8),
    st.tuples(st.sampled_from([1, 2, 5, 16, 48]), st.sampled_from([1, 3, 16, 17, 40])),
    st.integers(0, 2**32 - 1),
)
def test_threads_change_no_bit_of_chains_and_their_gradients(
    names: list[str], shape: tuple[int, int], seed: int
) -> None:
    x = np.random.default_rng(seed).uniform(-2, 2, shape).astype(np.float32)
    w = np.random.default_rng(seed + 1).uniform(-1, 1, (shape[1], shape[1])).astype(np.float32)

    def chain(x: Any, w: Any) -> Any:
        for name in names:
            x = TAME[name](x)
            x = x @ w if x.shape == shape else x
        return x

    def step(x: Any, w: Any) -> Any:
        value, slopes = pente.value_and_grad(lambda x, w: (chain(x, w) ** 2).mean(), (0, 1))(x, w)
        return value, slopes, [w - 0.1 * slopes[1], chain(x, w)]

    found = {}
    for count in (1, 3):
        set_threads(count)
        found[count] = [np.asarray(a).tobytes() for a in numbers(jit(step)(x, w))]
    set_threads(3)
    assert found[1] == found[3]


# How rows go along.


def _row(units: int, operands: list[Node], spans: list[Span | None], work: float = 1e6) -> KernelRow:
    return KernelRow(Kernel("", units, spans=tuple(spans)), tuple(operands[:-1]), (operands[-1],), "", work)


def _buffers(count: int) -> list[Node]:
    return [Node(p.identity, (), NOTHING, Spec((4096,), np.dtype(np.float32)), False, "", None) for _ in range(count)]


@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 32])
def test_pieces_of_a_chain_cover_the_same_numbers(pieces: int) -> None:
    a, b, c, d = _buffers(4)
    chain = Chain(_row(64, [a, b], [None, Span(1, 64)]))
    assert chain.takes(_row(256, [b, c], [Span(1, 16), Span(1, 16)]), {b})
    assert chain.takes(_row(32, [c, d], [Span(1, 128), Span(1, 4)]), {c})
    assert chain.pitch == 2
    first, second, third = (chain.edges(member, pieces) for member in chain.members)
    assert [4 * i for i in first] == second
    assert [2 * i for i in third] == first
    assert [edges[-1] for edges in (first, second, third)] == [64, 256, 32]


def test_the_last_piece_takes_what_is_left() -> None:
    a, b, c = _buffers(3)
    chain = Chain(_row(10, [a, b], [None, Span(1, 8)]))  # 80 places for 73 numbers
    assert chain.takes(_row(73, [b, c], [Span(1, 1), Span(1, 1)]), {b})
    assert chain.edges(chain.members[1], 2) == [0, 40, 73]


@pytest.mark.parametrize(
    ("units", "spans"),
    [(256, [None, Span(1, 16)]), (1, [Span(1, 4096), Span(1, 4096)]), (252, [Span(1, 16), Span(1, 16)])],
    ids=["reads all of it in every piece", "would leave one piece", "has a larger last piece"],
)
def test_a_row_that_needs_more_than_its_piece_does_not_go_along(units: int, spans: list[Span | None]) -> None:
    a, b, c = _buffers(3)
    chain = Chain(_row(64, [a, b], [None, Span(1, 64)]))
    assert not chain.takes(_row(units, [b, c], spans), {b})


def test_rows_that_disagree_on_what_belongs_together_part() -> None:
    a, b, c = _buffers(3)
    head = KernelRow(Kernel("", 8, spans=(None, Span(1, 8), Span(1, 16))), (a,), (b, c), "", 1e6)
    other = KernelRow(Kernel("", 8, spans=(Span(1, 8), Span(1, 8))), (b, c), (), "", 1e6)
    assert not Chain(head).takes(other, {b, c})


def test_a_softmax_is_one_stage() -> None:
    f = jit(lambda x: pente.softmax(x * 2.0) + 1.0)
    f(np.ones((64, 48), np.float32))
    assert [isinstance(part, Stage) for part in f.recent.table.parts] == [True]
    assert len(f.recent.table.rows) > 1


@pytest.mark.parametrize("columns", [16, 100, 128])
def test_statistics_of_columns_are_one_chain_over_the_columns(columns: int) -> None:
    """The mean, and what is made of it, stay with whoever has the column; the numbers are those of NumPy."""
    x = np.random.default_rng(0).normal(size=(300, columns)).astype(np.float32)
    f = jit(lambda x: ((x - x.mean(axis=0)) ** 2).mean(axis=0) + 1.0)
    np.testing.assert_allclose(f(x).numpy(), x.var(axis=0) + 1.0, rtol=1e-5)
    (stage,) = f.recent.table.parts
    assert len(stage.chains) == 1
    assert len(stage.rows) > 2
