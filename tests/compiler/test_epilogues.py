"""Light calls that read a product first are computed with it: fewer rows, the same bits."""

from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pente
from pente.compiler import gemm, jit, layout, llvm
from tests.compiler.agreement import agree, assert_same_bits, numbers
from tests.compiler.random_programs import Draw

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")


def labels(function: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """What the rows do that compute products."""
    compiled: Any = jit(function)
    compiled(*args)
    rows = compiled.explain().split("the table:")[1].splitlines()
    return [line.split("kernel  ")[1].split(" [")[0] for line in rows if "matmul" in line]


def check(function: Callable[..., Any], *args: Any) -> None:
    """Compiled is as eager, and has the same bits as where every group stays on its own."""
    agree(function, *args)
    together = numbers(jit(function)(*args))
    with mock.patch.object(layout, "endings", return_value={}):
        apart = numbers(jit(function)(*args))
    for one, other in zip(together, apart, strict=True):
        assert_same_bits(one, other)


def drawn(*shapes: tuple[int, ...], kind: str = "float32") -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(kind) for shape in shapes]


def dense(x: Any, kernel: Any, bias: Any) -> Any:
    return pente.relu(x @ kernel + bias)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (3, 5, 7), (64, 100, 48), (33, 17, 65), (300, 64, 130)])
def test_a_dense_layer_is_one_row(sizes: tuple[int, int, int], kind: str) -> None:
    rows, deep, columns = sizes
    args = drawn((rows, deep), (deep, columns), (columns,), kind=kind)
    check(dense, *args)
    if min(sizes) > 1:
        assert len(labels(dense, args)) == 1
        assert labels(dense, args)[0].startswith("matmul → add")


def test_reshapes_between_are_seen_through() -> None:
    def heads(x: Any, kernel: Any, bias: Any, rest: Any) -> Any:
        split = pente.reshape(x @ kernel, (6, 4, 80))
        return pente.reshape(split + bias, (24, 80)) * rest

    args = drawn((24, 30), (30, 80), (4, 1), (24, 80))
    check(heads, *args)
    assert labels(heads, args) == ["matmul → add"]


def test_columns_that_are_seen_split_stay_apart() -> None:
    split = lambda x, kernel, bias: pente.reshape(x @ kernel, (24, 5, 16)) + bias  # noqa: E731
    args = drawn((24, 30), (30, 80), (5, 1))
    check(split, *args)
    assert labels(split, args) == ["matmul"]


def test_axes_that_have_nothing_in_common_stay_apart() -> None:
    odd = lambda x, kernel, table: pente.reshape(x @ kernel, (4, 6, 16)) + table  # noqa: E731
    args = drawn((6, 4, 8), (8, 16), (4, 6, 16))
    check(odd, *args)
    assert labels(odd, args) == ["matmul"]


def test_products_of_one_row_keep_their_own_right_sides() -> None:
    def flat(a: Any, b: Any, x: Any) -> Any:
        return pente.reshape(a @ b, (3, 2)) + x

    args = drawn((3, 1, 4), (3, 4, 2), (3, 1))
    check(flat, *args)
    assert labels(flat, args) == ["matmul → add"]


def test_a_product_that_others_read_is_kept() -> None:
    def several(x: Any, kernel: Any, bias: Any) -> Any:
        raw = x @ kernel
        return raw + bias, raw.sum(axis=0), raw.T @ x

    check(several, *drawn((40, 20), (20, 33), (33,)))


def test_a_product_that_is_asked_for_is_given() -> None:
    def asked(x: Any, kernel: Any, bias: Any) -> Any:
        raw = x @ kernel
        return raw, pente.reshape(raw, (2, 20, 33)), raw + bias

    check(asked, *drawn((40, 20), (20, 33), (33,)))


def test_a_product_that_is_read_across_is_whole_before() -> None:
    def across(x: Any, kernel: Any) -> Any:
        raw = x @ kernel
        return raw + raw.T, raw * raw[::-1]

    check(across, *drawn((32, 20), (20, 32)))


def test_a_group_ends_one_product_of_those_it_reads() -> None:
    two = lambda x, a, b: pente.maximum(x @ a + x @ b, 0)  # noqa: E731
    args = drawn((32, 20), (20, 32), (20, 32))
    check(two, *args)
    assert sorted(labels(two, args)) == ["matmul", "matmul → add → maximum"]


def test_truths_alone_leave_the_product_no_place() -> None:
    above = lambda x, a: x @ a > 0  # noqa: E731
    args = drawn((32, 20), (20, 32))
    check(above, *args)
    assert labels(above, args) == ["matmul"]


def test_heavy_calls_stay_apart() -> None:
    heavy = lambda x, a: pente.exp(x @ a)  # noqa: E731
    args = drawn((32, 20), (20, 32))
    check(heavy, *args)
    assert labels(heavy, args) == ["matmul"]


def test_whole_numbers_are_left_to_numpy() -> None:
    check(lambda x, y: x @ y + 1, np.arange(12).reshape(3, 4), np.arange(8).reshape(4, 2))


def test_what_writes_state_does_so_in_place() -> None:
    weight = pente.Variable(np.ones((20, 33), np.float32))

    @jit
    def step(x: Any, slope: Any) -> Any:
        weight.assign(weight - 0.1 * (x.T @ slope))
        return (weight * 1).sum()

    x, slope = drawn((40, 20), (40, 33))
    step(x, slope)
    step(x, slope)
    np.testing.assert_allclose(weight.numpy(), 1 - 0.2 * (x.T @ slope), rtol=1e-4, atol=1e-5)
    (row,) = [line for line in step.explain().splitlines() if "kernel" in line and "matmul" in line]
    assert "→" not in row


def test_the_slopes_of_a_network_have_the_same_bits() -> None:
    def loss(a: Any, b: Any, bias: Any, x: Any) -> Any:
        hidden = pente.relu(x @ a + bias)
        return ((hidden @ b + x) ** 2).mean()

    check(lambda *args: pente.value_and_grad(loss, (0, 1, 2, 3))(*args), *drawn((20, 30), (30, 20), (30,), (50, 20)))


@st.composite
def chains(draw: Draw) -> tuple[Callable[..., Any], list[Any]]:
    """A product of some form, reshaped or not, and light calls on it with operands of all kinds."""
    kind = draw(st.sampled_from(["float32", "float64"]))
    batch = draw(st.sampled_from([(), (1,), (3,), (2, 3)]))
    rows, deep, columns = (draw(st.sampled_from([1, 2, 8, 12, 17, 33, 48])) for _ in range(3))
    shared = draw(st.booleans())
    shape = (*batch, rows, columns)
    seen = draw(st.sampled_from([shape, (int(np.prod(shape[:-1])), columns), (1, *shape)]))
    operands = [tuple(n if draw(st.booleans()) else 1 for n in seen) for _ in range(draw(st.integers(1, 4)))]
    turned = draw(st.booleans())
    choose = draw(st.lists(st.sampled_from(["add", "multiply", "maximum", "select"]), min_size=4, max_size=4))
    keep, steps = draw(st.booleans()), list(zip(choose, operands, strict=False))
    right = (columns, deep) if turned else (deep, columns)

    def function(a: Any, b: Any, *others: Any) -> Any:
        raw = a @ (pente.matrix_transpose(b) if turned else b)
        value = pente.reshape(raw, seen)
        for (name, _), x in zip(steps, others, strict=True):
            value = pente.where(value > x, value, x - 1) if name == "select" else getattr(pente, name)(value, x)
        return (value, raw.sum(axis=-1)) if keep else value

    args = drawn((*batch, rows, deep), right if shared else (*batch, *right), *operands, kind=kind)
    return function, args


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(chains())
def test_random_chains_on_products_have_the_same_bits(case: tuple[Callable[..., Any], list[Any]]) -> None:
    function, args = case
    check(function, *args)


def test_a_broken_epilogue_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    old = gemm._Gemm._record
    monkeypatch.setattr(gemm._Gemm, "_record", lambda self, i: [*old(self, i)[:-1], 0])
    gemm.gemm_kernel.cache_clear()
    with pytest.raises(AssertionError):
        check(dense, *drawn((200, 100), (100, 48), (48,)))
    monkeypatch.undo()
    gemm.gemm_kernel.cache_clear()
