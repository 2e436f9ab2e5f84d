import pytest
from hypothesis import given
from hypothesis import strategies as st

from pente.see.numerals import number


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0.0"),
        (2.0, "2.0"),
        (-8.0, "−8.0"),
        (0.1 + 0.2, "0.3"),
        (3.14159265, "3.1416"),
        (0.50288, "0.5029"),
        (12345.0, "12345.0"),
        (12345.6, "12346"),
        (99999.9, "1e5"),
        (1234567.0, "1.2346e6"),
        (-3e-12, "−3e−12"),
        (5e-324, "4.941e−324"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (float("-inf"), "−inf"),
        (1234567, "1234567"),
        (2**62, "4.6117e18"),
        (True, "True"),
        (1 - 2j, "1.0 − 2.0i"),
    ],
)
def test_numbers_are_short_and_true(x, text):
    assert number(x) == text


@given(st.floats(-1e300, 1e300))
def test_a_float_reads_back_to_four_digits(x):
    text = number(x)
    assert len(text) <= 11
    assert float(text.replace("−", "-")) == pytest.approx(x, rel=6e-4, abs=5e-324)
