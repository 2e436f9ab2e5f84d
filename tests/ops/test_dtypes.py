"""Which kind of number comes out when two meet."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pente
from pente import dtypes
from pente.errors import DTypeError, PenteError

WHOLE = "int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()
FLOATS = "float16 float32 float64".split()
ALL = ["bool", *WHOLE, *FLOATS, "complex64", "complex128"]
ARITHMETIC = [pente.add, pente.multiply, pente.maximum]


def _meet(a: str, b: str) -> Any:
    return (pente.zeros(2, dtype=a) + pente.ones(2, dtype=b)).dtype


@pytest.mark.parametrize(("a", "b"), list(itertools.product(["bool", *WHOLE], FLOATS)))
def test_a_whole_number_that_meets_a_float_becomes_that_float(a: str, b: str) -> None:
    assert _meet(a, b) == b
    assert _meet(b, a) == b


@pytest.mark.parametrize(("a", "b"), list(itertools.product(FLOATS, FLOATS)))
def test_of_two_floats_the_wider_stays(a: str, b: str) -> None:
    assert _meet(a, b) == np.promote_types(a, b)


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations(WHOLE, 2)))
def test_two_whole_numbers_meet_as_in_numpy_or_raise(a: str, b: str) -> None:
    if np.promote_types(a, b).kind == "f":
        with pytest.raises(DTypeError, match="cast one of them first"):
            _meet(a, b)
    else:
        assert _meet(a, b) == np.promote_types(a, b)


def test_uint64_with_int64_raises_and_names_both() -> None:
    with pytest.raises(DTypeError, match="uint64 and int64"):
        pente.ones(2, dtype="uint64") * pente.ones(2, dtype="int64")


@pytest.mark.parametrize("dtype", ["bool", *WHOLE])
def test_bools_and_whole_numbers_keep_the_kind(dtype: str) -> None:
    assert _meet("bool", dtype) == (np.int64 if dtype == "bool" else dtype)


def test_bools_are_counted_when_they_are_added_and_stay_bools_when_they_are_multiplied() -> None:
    yes = pente.tensor([True, True, False])
    assert (yes + yes).tolist() == [2, 2, 0]
    assert (yes - yes).tolist() == [0, 0, 0]
    assert (yes * yes).dtype == bool
    assert (yes / yes)[:2].tolist() == [1.0, 1.0]
    assert yes.sum().item() == 2
    assert yes.mean().item() == pytest.approx(2 / 3)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("number", [True, 2, 2.5, float("inf")])
def test_a_plain_number_bends_to_a_float_tensor(dtype: str, number: Any) -> None:
    x = pente.ones(2, dtype=dtype)
    for y in (x + number, number + x, x * number, x**number, number - x, x / number, number / x):
        assert y.dtype == dtype


@pytest.mark.parametrize("dtype", WHOLE)
def test_a_plain_whole_number_bends_to_a_whole_tensor_and_a_float_does_not(dtype: str) -> None:
    x = pente.ones(2, dtype=dtype)
    assert (x + 2).dtype == dtype
    assert (2 * x).dtype == dtype
    assert (x + 2.5).dtype == np.float32
    assert (x / 2).dtype == np.float32


def test_a_numpy_float64_number_bends_to_a_tensor_beside_it_and_keeps_its_dtype_alone() -> None:
    x = pente.ones(2)
    assert (np.sqrt(2.0) * x).dtype == np.float32
    assert (x * np.sqrt(2.0)).dtype == np.float32
    assert pente.tensor(np.float64(1.0)).dtype == np.float64
    assert pente.exp(np.float64(1.0)).dtype == np.float64
    assert (x + np.array(1.0)).dtype == np.float64
    assert (np.array(1.0) + x).dtype == np.float64


@pytest.mark.parametrize("dtype", ["bool", *WHOLE])
@pytest.mark.parametrize("name", ["exp", "sin", "sqrt", "mean", "softmax", "sigmoid", "var"])
def test_functions_of_analysis_give_float32_for_whole_numbers(name: str, dtype: str) -> None:
    assert getattr(pente, name)(pente.ones(3, dtype=dtype)).dtype == np.float32


@pytest.mark.parametrize("dtype", [*FLOATS, "complex64", "complex128"])
def test_functions_of_analysis_keep_a_float(dtype: str) -> None:
    for name in ("exp", "sin", "sqrt", "tanh", "log"):
        assert getattr(pente, name)(pente.ones(3, dtype=dtype)).dtype == dtype


@given(st.lists(st.sampled_from(ALL), min_size=1, max_size=4), st.randoms())
def test_the_order_in_which_dtypes_meet_makes_no_difference(names: list[str], random: Any) -> None:
    def met(order: list[str]) -> Any:
        try:
            return dtypes.result_type(map(dtypes.as_dtype, order))
        except PenteError:
            return None

    shuffled = list(names)
    random.shuffle(shuffled)
    first, second = met(names), met(shuffled)
    if first is not None and second is not None:
        assert first == second


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, "float32"),
        (1, "int64"),
        (True, "bool"),
        (1j, "complex64"),
        ([1.0, 2], "float32"),
        ([[1, 2]], "int64"),
        ([True], "bool"),
        (np.ones(2), "float64"),
        (np.ones(2, np.float16), "float16"),
        ([np.float64(1.0)], "float32"),
        (range(3), "int64"),
    ],
)
def test_data_becomes_the_dtype_that_its_kind_says(data: Any, dtype: str) -> None:
    assert pente.tensor(data).dtype == dtype


def test_a_float_that_float32_cannot_hold_is_told_by_its_dtype_alone() -> None:
    assert pente.tensor(0.1, dtype="float64").item() == 0.1
    assert pente.tensor([0.1], dtype="float64").tolist() == [0.1]
    assert pente.tensor(2**53 + 1).item() == 2**53 + 1


@pytest.mark.parametrize("data", [["a"], [None], np.array(["x"]), np.array([{}]), "text", {1: 2}, object()])
def test_data_that_is_no_number_raises(data: Any) -> None:
    with pytest.raises(DTypeError, match=r"number|dtype"):
        pente.tensor(data)


@pytest.mark.parametrize("dtype", ["float128x", "U4", "datetime64[s]", object])
def test_an_unknown_dtype_raises_and_lists_those_there_are(dtype: Any) -> None:
    with pytest.raises(DTypeError, match="Known: bool, int8"):
        pente.tensor([1.0], dtype=dtype)


def test_python_types_are_dtypes() -> None:
    assert pente.tensor([1], dtype=float).dtype == np.float32
    assert pente.tensor([1.0], dtype=int).dtype == np.int64
    assert pente.tensor([1.0], dtype=bool).dtype == bool


def test_a_complex_number_does_not_lose_its_imaginary_part_in_silence() -> None:
    with pytest.raises(DTypeError, match="real"):
        pente.tensor([1j]).astype("float32")
