"""The kind of a column is found from what it holds, and can be said."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pente.data.columns import column_of_text, column_of_values
from pente.errors import DataError, UnknownNameError

MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "None", "?", "-"]


def read(*texts: str, name: str = "x", **options):
    return column_of_text(texts, name, **options)


def words(*texts: str, times: int = 10) -> tuple[str, ...]:
    return texts * times


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (("1", "2.5", "-3e2", ".5", "+7."), "number"),
        (("$1,200.50", "$300"), "number"),
        (("12%", "7.5 %"), "number"),
        (("1_000", "2_000"), "text"),
        (words("true", "false"), "boolean"),
        (words("Yes", "no"), "boolean"),
        (words("T", "F", "NA"), "boolean"),
        (words("red", "green", "blue"), "category"),
        (("2024-01-31", "2024-02-01"), "date"),
        (("2024-01-31T10:00:00Z", "2024-02-01 11:30"), "date"),
        (("31.12.2023", "1.1.2024"), "date"),
        (("12/31/2023", "1/2/2024"), "date"),
        (("31/12/2023", "1/2/2024"), "date"),
        (("5 Jan 2024", "17 Mar 2023"), "date"),
        (("08:15", "23:59"), "date"),
        (tuple(f"A-{i}" for i in range(50)), "identifier"),
        (tuple(f"{i} apples and {i} pears" for i in range(50)), "text"),
        (tuple(str(i) for i in range(1, 51)), "identifier"),
        (tuple(str(i * 7 % 1009) for i in range(1, 51)), "number"),
        (tuple(MISSING), "text"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_the_kind_is_found(texts: tuple[str, ...], kind: str) -> None:
    assert read(*texts).kind == kind


def test_whole_numbers_that_all_differ_are_an_identifier_by_their_name() -> None:
    numbers = [str(i * 7 % 1009) for i in range(50)]
    for name in ("id", "ID", "customer_id", "customerId", "user id", "index"):
        assert column_of_text(numbers, name).kind == "identifier"
    for name in ("width", "paid", "area"):
        assert column_of_text(numbers, name).kind == "number"


@pytest.mark.parametrize("missing", MISSING)
def test_what_says_that_nothing_is_there_is_missing(missing: str) -> None:
    numbers = read("1", missing, "3")
    np.testing.assert_array_equal(numbers.values, [1, np.nan, 3])
    assert numbers.missing.tolist() == [False, True, False]
    assert read(*words("a", "b", missing)).values[:3].tolist() == ["a", "b", None]
    assert np.isnat(read("2024-01-01", missing, "2024-01-02").values[1])


def test_a_comma_is_a_decimal_one_where_it_does_not_delimit() -> None:
    assert read("1,5", "2", "1.234,5", delimiter=";").values.tolist() == [1.5, 2, 1234.5]
    assert read("1.234", "5.678", delimiter=";").values.tolist() == [1.234, 5.678]
    assert read("1,234", "5", "1,234,567.5").values.tolist() == [1234, 5, 1234567.5]


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (("2024-03-01T10:00:00+02:00", "2024-01-01"), datetime(2024, 3, 1, 8)),
        (("31/12/2023 10:30", "1/2/2024 00:00"), datetime(2023, 12, 31, 10, 30)),
        (("12/31/2023", "1/2/2024"), datetime(2023, 12, 31)),
        (("31.12.2023", "1.2.2024"), datetime(2023, 12, 31)),
    ],
)
def test_dates_are_read_in_the_form_that_fits_all(texts: tuple[str, ...], first: datetime) -> None:
    assert read(*texts).values[0] == np.datetime64(first)


def test_dates_that_fit_two_forms_are_told_and_the_form_can_be_said() -> None:
    column = read("1/2/2024", "3/4/2024", name="day")
    assert column.values[0] == np.datetime64("2024-01-02")
    assert "date:%d/%m/%Y" in column.notes[0]
    assert read("1/2/2024", "3/4/2024", kind="date:%d/%m/%Y").values[0] == np.datetime64("2024-02-01")
    assert read("2024-02-01", kind="date:%d/%m/%Y").values[0] == np.datetime64("2024-02-01")


def test_a_few_texts_among_many_numbers_are_missing_and_told() -> None:
    column = column_of_text([*map(str, range(7, 50)), "unknown"], "age", where=lambda i: f"line {i + 2}")
    assert column.kind == "number"
    assert column.missing.sum() == 1
    assert column.notes == ("column 'age': 1 value is no number and counted as missing, first 'unknown' in line 45",)
    assert read(*map(str, range(5)), "a", "b", "c").kind != "number"


def test_a_kind_that_is_said_is_taken() -> None:
    assert read("01234", "90210", kind="category").values.tolist() == ["01234", "90210"]
    assert read("1", "2", kind="text").kind == "text"
    with pytest.raises(UnknownNameError, match="Did you mean 'category'"):
        read("1", kind="categories")
    with pytest.raises(DataError, match="column 'x' is to hold numbers, and holds none: 'a' in row 0"):
        read("a", "b", kind="number")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_float_is_read_as_python_writes_it(numbers: list[float]) -> None:
    np.testing.assert_array_equal(column_of_text([repr(n) for n in numbers], "x", "number").values, numbers)


def test_arrays_of_frames_keep_their_kind() -> None:
    assert column_of_values(np.array([1, 2, 3], dtype=np.int8), "x").values.dtype == np.float64
    assert np.isnan(column_of_values(np.array([1.0, np.inf]), "x").values[1])
    assert column_of_values(np.array([90, 60], "timedelta64[m]"), "x").values.tolist() == [5400, 3600]
    assert column_of_values(np.array([True, False]), "x").values.tolist() == ["True", "False"]
    assert column_of_values(np.array(["2024-01-01"], dtype="datetime64[D]"), "x").kind == "date"
    assert column_of_values(np.array([1, 2], dtype=np.int64), "x", "category").values.tolist() == ["1", "2"]
    assert column_of_values(np.array(["a", None, "a", "b", "b"], dtype=object), "x").values[1] is None


def test_labels_of_whole_numbers_have_no_point() -> None:
    assert read("1.0", "2.50", "").labels().tolist() == ["1", "2.5", None]
