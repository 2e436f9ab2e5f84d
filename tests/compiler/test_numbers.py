"""The ends of the line: NaN, infinities, zeros of either sign, denormals, whole numbers, casts, bad indices."""

import itertools
from functools import partial
from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit
from pente.core import primitives as p
from pente.core.primitives import Primitive
from pente.errors import BoundsError, DTypeError
from tests.compiler.agreement import agree, assert_agree, assert_same_bits

FLOATS = ["float32", "float64"]
SIGNED = ["int8", "int16", "int32", "int64"]
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]
WHOLE = SIGNED + UNSIGNED

# Those that IEEE 754 rounds exactly, so that there is one right answer.
EXACT = [p.add, p.subtract, p.multiply, p.divide, p.negative, p.absolute, p.sqrt]
EXACT += [p.sign, p.floor, p.ceil, p.trunc, p.rint, p.remainder, p.floor_divide]
COMPARED = [p.equal, p.not_equal, p.less, p.less_equal, p.greater, p.greater_equal]
ROUNDED = [p.exp, p.expm1, p.log, p.log1p, p.sin, p.cos, p.tan, p.asin, p.acos, p.atan, p.atan2, p.power]
ROUNDED += [p.sinh, p.cosh, p.tanh, p.asinh, p.acosh, p.atanh, p.erf]
BINARY = {p.add, p.subtract, p.multiply, p.divide, p.remainder, p.floor_divide, p.atan2, p.power, *COMPARED}


def _specials(kind: str) -> Any:
    limits = np.finfo(kind)
    numbers = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 7.0, 88.0, 100.0, 710.0, 1e10, limits.max, limits.tiny, np.inf]
    return np.array([*numbers, *[-x for x in numbers], np.nan], kind)


def _arguments(op: Primitive, values: Any) -> tuple[Any, ...]:
    """Each value, or each pair of values."""
    return tuple(np.array(list(itertools.product(values, values))).T) if op in BINARY else (values,)


def _flushed(x: Any) -> Any:
    """Denormal numbers are zeros in native code."""
    tiny = x.dtype.kind == "f" and np.abs(x) < np.finfo(x.dtype).tiny
    return np.where(tiny, np.copysign(x.dtype.type(0), x) if x.dtype.kind == "f" else x, x)


def _agree_flushed(check: Any) -> Any:
    return lambda got, wanted: check(_flushed(got), _flushed(wanted))


def _each_alone(got: Any, wanted: Any) -> None:
    """Each number to a few units of its own last place, and the sign of zero."""
    eps = np.finfo(wanted.dtype).eps
    np.testing.assert_allclose(got, wanted, rtol=8 * eps, atol=8 * np.finfo(wanted.dtype).tiny, equal_nan=True)


@pytest.mark.parametrize("op", EXACT + COMPARED, ids=str)
@pytest.mark.parametrize("kind", FLOATS)
def test_what_is_rounded_exactly_has_the_same_bits_at_the_ends(op: Primitive, kind: str) -> None:
    agree(op, *_arguments(op, _specials(kind)), check=_agree_flushed(assert_same_bits))


@pytest.mark.parametrize("op", ROUNDED, ids=str)
@pytest.mark.parametrize("kind", FLOATS)
def test_functions_agree_at_the_ends(op: Primitive, kind: str) -> None:
    agree(op, *_arguments(op, _specials(kind)), check=_agree_flushed(_each_alone))


@pytest.mark.parametrize("op", [p.maximum, p.minimum], ids=str)
@pytest.mark.parametrize("kind", FLOATS)
def test_nan_wins_a_maximum(op: Primitive, kind: str) -> None:
    values = _specials(kind)
    agree(op, *np.array(list(itertools.product(values, values))).T, check=_agree_flushed(np.testing.assert_array_equal))


@pytest.mark.parametrize("op", [p.reduce_sum, p.reduce_max, p.reduce_min, p.reduce_prod], ids=str)
@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0])
def test_one_odd_number_comes_through_a_reduction(op: Primitive, kind: str, bad: float) -> None:
    for place in (0, 15, 16, 30):
        x = np.linspace(-1.1, 1.2, 31, dtype=kind)
        x[place] = bad
        agree(lambda x: op(x, axes=(0,), keepdims=False), x, check=partial(assert_agree, least=1.0))


@pytest.mark.parametrize("kind", FLOATS)
def test_denormals_are_zeros_in_native_code_and_only_there(kind: str) -> None:
    tiny = np.finfo(kind).smallest_subnormal
    x = np.full(20, tiny, kind)
    assert jit(lambda x: x * 2)(x).numpy().max() in (0.0, 2 * tiny)  # 0 natively, exact in NumPy
    assert (np.float64(5e-324) * 2) > 0  # the caller's floating-point state is as it was
    assert (x * 2).min() > 0


@pytest.mark.parametrize("kind", FLOATS)
def test_a_float_that_fits_no_integer_becomes_the_nearest_one_and_nan_becomes_0(kind: str) -> None:
    edges = [2.0**k + d for k in (7, 8, 15, 16, 31, 32, 63, 64) for d in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    x = np.array([0.0, 0.3, 0.99, *edges, np.inf, np.nan], kind)
    x = np.concatenate([x, -x])
    for whole in WHOLE:
        agree(lambda x, whole=whole: pente.astype(x, whole), x, check=np.testing.assert_array_equal)
        bounds = np.iinfo(whole)
        given = [
            0 if v != v else min(max(int(min(max(v, -1e30), 1e30)), bounds.min), bounds.max) for v in map(float, x)
        ]
        assert pente.astype(pente.tensor(x), whole).tolist() == given


@pytest.mark.parametrize("old", ["bool", *WHOLE])
def test_casts_of_whole_numbers_agree(old: str) -> None:
    values = [0, 1] if old == "bool" else [0, 1, 2, 100, np.iinfo(old).min, np.iinfo(old).max]
    x = np.array(values, old)
    for new in ["bool", *WHOLE, *FLOATS, "float16"]:
        agree(lambda x, new=new: p.cast(x, dtype=np.dtype(new)), x, check=assert_same_bits)


@pytest.mark.parametrize("kind", FLOATS)
def test_casts_of_floats_to_floats_and_bools_agree(kind: str) -> None:
    x = _specials(kind)
    for new in ["bool", *FLOATS, "float16"]:
        agree(lambda x, new=new: p.cast(x, dtype=np.dtype(new)), x, check=_agree_flushed(assert_same_bits))


def _pairs(kind: str) -> Any:
    bounds = np.iinfo(kind)
    values = [0, 1, 2, 3, 7, 8, 31, 100, bounds.max, bounds.max - 1, bounds.min, bounds.min + 1]
    values += [-1, -2, -7] if bounds.min else []
    return np.array(list(itertools.product(values, values)), kind).T


@pytest.mark.parametrize("kind", WHOLE)
def test_integers_of_every_width_agree_bit_for_bit_also_where_they_overflow(kind: str) -> None:
    a, b = _pairs(kind)
    two = [p.add, p.subtract, p.multiply, p.maximum, p.minimum, p.bitwise_and, p.bitwise_or, p.bitwise_xor, *COMPARED]
    for op in two:
        agree(op, a, b, check=np.testing.assert_array_equal)
    for op in [p.negative, p.absolute, p.sign, p.bitwise_invert, p.floor, p.rint]:
        agree(op, a, check=np.testing.assert_array_equal)
    agree(lambda a, b: p.select(a < b, a, b), a, b, check=np.testing.assert_array_equal)


@pytest.mark.parametrize("op", [p.reduce_sum, p.reduce_max, p.reduce_min, p.reduce_prod], ids=str)
@pytest.mark.parametrize("kind", WHOLE)
def test_integers_of_every_width_are_reduced_bit_for_bit(op: Primitive, kind: str) -> None:
    x = np.tile(_pairs(kind)[0][:33], (3, 1))
    for axes in [(0,), (1,), (0, 1)]:
        agree(lambda x, axes=axes: op(x, axes=axes, keepdims=False), x, check=np.testing.assert_array_equal)


def test_truths_agree() -> None:
    a, b = np.array(list(itertools.product([False, True], repeat=2)) * 5).T
    two = [p.multiply, p.maximum, p.minimum, p.bitwise_and, p.bitwise_or, p.bitwise_xor, *COMPARED]
    for op in two:
        agree(op, a, b, check=np.testing.assert_array_equal)
    agree(p.bitwise_invert, a, check=np.testing.assert_array_equal)
    agree(lambda a, b: p.select(a, b, ~b), a, b, check=np.testing.assert_array_equal)
    for op in (p.reduce_max, p.reduce_min):
        agree(lambda a, op=op: op(a, axes=(0,), keepdims=False), a, check=np.testing.assert_array_equal)


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("op", [p.floor_divide, p.remainder], ids=str)
def test_an_integer_division_by_0_raises_and_kills_nothing(op: Primitive, kind: str) -> None:
    zero, x = np.array([3, 0, 1], kind), np.array([1, 2, 3], kind)
    with pytest.raises(ZeroDivisionError, match="an integer is divided by 0"):
        jit(op)(x, zero)
    with pytest.raises(ZeroDivisionError, match="an integer is divided by 0"):
        op(pente.tensor(x), zero)


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("op", [p.floor_divide, p.remainder], ids=str)
def test_the_least_integer_divided_by_minus_1_kills_nothing(op: Primitive, kind: str) -> None:
    a, b = _pairs(kind)
    agree(op, a[b != 0], b[b != 0], check=np.testing.assert_array_equal)


@pytest.mark.parametrize("kind", WHOLE)
def test_shifts_beyond_the_width_leave_nothing_but_the_sign(kind: str) -> None:
    a, b = _pairs(kind)
    width = np.iinfo(kind).bits
    for op, beyond in ((p.left_shift, 0 * a), (p.right_shift, np.where(a < 0, -1, 0))):
        agree(op, a, b, check=np.testing.assert_array_equal)
        far = (b >= width) | (b < 0)
        got = jit(op)(a, b).numpy()
        np.testing.assert_array_equal(got[far], beyond[far])


def test_an_integer_to_a_negative_power_raises() -> None:
    with pytest.raises(DTypeError, match="negative power"):
        jit(p.power)(np.array([2, 3]), np.array([1, -1]))


@pytest.mark.parametrize("op", [p.gather, p.scatter_add, p.scatter_set], ids=str)
@pytest.mark.parametrize("bad", [-1, 5, 2**40])
def test_an_index_outside_raises_and_writes_nothing(op: Primitive, bad: int) -> None:
    table, total = pente.Variable(np.arange(5.0)), pente.Variable(0.0)
    updates = (np.ones(2),) if op is not p.gather else ()

    @jit
    def step(indices: Any) -> None:
        total.assign_add(1.0)
        table.assign(op(table.read(), indices, *map(pente.asarray, updates), axis=0).sum() + table.read())

    with pytest.raises(BoundsError, match=f"index.* is outside of axis 0, which has 5 places.*in {op}"):
        step(np.array([1, bad]))
    np.testing.assert_array_equal(table.numpy(), np.arange(5.0))
    assert total.numpy() == 0.0


def test_two_bad_indices_are_told_once_and_forgotten() -> None:
    step = jit(lambda x, i, j: pente.take(x, i) + pente.take(x, j))
    x, good, bad = np.arange(4.0), np.array([0]), np.array([9])
    for _ in range(2):
        with pytest.raises(BoundsError):
            step(x, bad, bad)
        assert step(x, good, good).tolist() == [0.0]


def test_a_bad_index_is_told_before_what_it_leads_to() -> None:
    """The division by 0 comes of reading at place 0 instead."""
    step = jit(lambda x, i: 6 // pente.take(x, i))
    with pytest.raises(BoundsError):
        step(np.array([0, 3]), np.array([7]))
    with pytest.raises(ZeroDivisionError):
        step(np.array([0, 3]), np.array([0]))
    assert step(np.array([0, 3]), np.array([1])).tolist() == [2]


def test_random_numbers_of_a_key_among_keys_agree() -> None:
    keys = pente.random.bits((4, 2), key=pente.random.key(3)).numpy()
    shapes = [(), (1,), (3,), (4, 5), (0, 2)]
    for kind in ("uint32", "uint64"):
        draw = lambda keys, kind=kind: [  # noqa: E731
            pente.random.bits(shape, key=key, dtype=kind)
            for key in (keys[0], keys[2], keys.T[:, 3])
            for shape in shapes
        ]
        agree(draw, keys, check=np.testing.assert_array_equal)


@pytest.mark.parametrize("counter", [0, 1, 2**53 + 1, 2**63 - 1, 2**63 + 5, 2**64 - 1])
def test_random_bits_of_every_counter_are_the_words_of_philox(counter: int) -> None:
    key, given = np.array([2**63 + 9, 7], np.uint64), np.uint64(counter)
    wanted = np.random.Philox(counter=np.array([0, 0, counter, 0], np.uint64), key=key).random_raw(6)
    draw = lambda key, given: p.random_bits(key, given, shape=(6,), dtype=np.dtype("uint64"))  # noqa: E731
    agree(draw, key, given, check=np.testing.assert_array_equal)
    np.testing.assert_array_equal(draw(key, given), wanted)


EMPTY = [(0,), (0, 3), (3, 0), (2, 0, 3)]


@pytest.mark.parametrize("shape", EMPTY)
def test_empty_arrays_agree(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, np.float32)
    agree(lambda x: (x * 2 + x.exp(), x.T, x.reshape(-1), x > 0), x)
    agree(lambda x: (x.sum(), x.sum(axis=0), x.sum(axis=-1), x.prod()), x)
    agree(lambda x: pente.concat([x, x], axis=0) - 1, x)
    agree(lambda x: (p.pad(x, widths=((2, 1, 0),) * x.ndim, value=1.0), p.flip(x, axes=(0,)) + 1), x)
    agree(lambda x: p.pad(x, widths=((0, 0, 1),) * x.ndim, value=1.0), x)
    agree(lambda x: pente.broadcast_to(pente.expand_dims(x, axis=0), (4, *shape)) * 3, x)
    agree(lambda x: pente.grad(lambda x: (x * x).sum())(x), x)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((0, 3), (3, 2)),
        ((3, 0), (0, 2)),
        ((3, 2), (2, 0)),
        ((0, 3, 4), (0, 4, 2)),
        ((0, 3, 4), (4, 2)),
        ((1, 3, 4), (0, 4, 2)),
    ],
)
def test_matrix_products_of_nothing_agree(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = np.ones(a, np.float32), np.ones(b, np.float32)
    agree(pente.matmul, x, y)
    agree(lambda x, y: pente.matmul(x, pente.matrix_transpose(y)), x, np.swapaxes(y, -1, -2))


def test_a_batch_of_no_rows_goes_through_a_training_step() -> None:
    w, b = pente.Variable(np.ones((4, 3), np.float32)), pente.Variable(np.zeros(3, np.float32))

    @jit
    def step(x: Any) -> Any:
        value, (dw, db) = pente.value_and_grad(lambda: ((x @ w + b).relu() ** 2).sum(), wrt=[w, b])()
        w.assign_sub(dw)
        b.assign_sub(db)
        return value

    assert step(np.ones((0, 4), np.float32)).item() == 0.0
    np.testing.assert_array_equal(w.numpy(), np.ones((4, 3), np.float32))
    np.testing.assert_array_equal(b.numpy(), np.zeros(3, np.float32))


@pytest.mark.parametrize("kind", ["float32", "float64", "int8", "uint64", "bool", "float16", "complex64"])
def test_single_numbers_agree(kind: str) -> None:
    x = np.array(1, kind)
    agree(lambda x: (x * x, p.equal(x, x), pente.reshape(x, (1, 1)), pente.broadcast_to(x, (3,))), x)
    assert jit(lambda x: x * x)(x).shape == ()


@pytest.mark.parametrize("kind", ["float16", "complex64", "complex128"])
def test_numbers_that_have_no_kernel_are_left_to_numpy(kind: str) -> None:
    x = np.arange(12).reshape(3, 4).astype(kind)
    agree(lambda x: (x.T.reshape(-1) * 2, (x + x).sum(axis=0), x @ x.T, x[:, ::2] - 1), x)
    agree(lambda x: (pente.concat([x, x], axis=1), p.pad(x, widths=((1, 2, 1), (0, 1, 0)), value=1), pente.flip(x)), x)
    agree(lambda x: (pente.take(x, np.array([2, 0]), axis=1), x.at[1].add(x[0]), pente.where(x == x, x, 0 * x)), x)
    if kind == "float16":
        agree(lambda x: (x.max(axis=0), x.argmax(axis=1), x.cumsum(axis=0), pente.exp(-x), pente.softmax(x)), x)
        agree(lambda x: pente.value_and_grad(lambda x: (pente.tanh(x) @ x.T).sum())(x / 16), x)


@pytest.mark.parametrize("kind", [">f4", ">f8", ">i4"])
def test_numbers_in_another_byte_order_are_turned_round(kind: str) -> None:
    x = np.arange(20).astype(kind)
    for given in (x, pente.Variable(x)):
        found = jit(lambda v: v * 2)(given) if given is x else jit(lambda: given * 2)()  # noqa: B023
        np.testing.assert_array_equal(found.numpy(), np.arange(20) * 2)
        assert found.dtype.isnative


def test_numbers_that_lie_across_the_words_of_memory_are_read_right() -> None:
    raw = np.zeros(4 * 40 + 1, np.uint8)
    x = raw[1:].view(np.float32)
    x[:] = np.arange(40)
    assert not x.flags.aligned
    agree(lambda x: (x + 1, x.sum(), x.reshape(5, 8) @ x.reshape(8, 5)), x)


def test_strided_and_reversed_arguments_are_read_right() -> None:
    x = np.arange(60, dtype=np.float32).reshape(6, 10)
    for given in (x.T, x[::-1], x[:, ::-2], x[1::2, 3:7], np.broadcast_to(x[0], (5, 10)), np.asfortranarray(x)):
        agree(lambda x: (x * 2, x.sum(axis=0), x.T @ x), given, check=assert_agree)
