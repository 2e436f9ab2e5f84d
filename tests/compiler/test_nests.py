"""``explain`` tells the loops of a kernel so that a person can follow them."""

from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import llvm

pytestmark = pytest.mark.skipif(not llvm.available(), reason="native code only")


def table(function: Any, *args: Any) -> str:
    text = str(pente.jit(function).explain(*args))
    lines = text[text.index("the table") :].split("\n\n")[0].splitlines()[1:]
    return "\n".join(line.strip() if " kernel " not in line else "kernel " + line.split("kernel ")[1] for line in lines)


def ones(*shape: int) -> Any:
    return pente.ones(shape)


def test_element_wise_calls_are_statements_in_the_loops_that_are_walked() -> None:
    text = table(lambda x, y: pente.exp(x - y) * 2, ones(6, 40), ones(6, 1))
    assert "for i in 6:\nfor j in 40, 16 at a time:\nt0 = a[40·i + j] - b[i]\nt1 = exp(t0)" in text
    assert "out[40·i + j] = t2" in text


def test_axes_that_lie_one_behind_the_other_are_one_loop() -> None:
    assert "for i in 240, 16 at a time:\nt0 = a[i] + b[i]" in table(lambda x, y: x + y, ones(6, 40), ones(6, 40))


def test_a_sum_along_rows_ends_in_each_row_and_along_columns_in_each_column() -> None:
    rows = table(lambda x: x.sum(axis=1), ones(6, 40))
    assert (
        "for i in 6:\ntotal = nothing yet\nfor j in 40, 16 at a time:\ntotal = total + a[40·i + j]\nout[i] = total"
        in rows
    )
    columns = table(lambda x: x.max(axis=0), ones(6, 40))
    assert "for i in 40, 16 at a time:\ntotal = nothing yet\nfor j in 6:\ntotal = max(total, a[i + 40·j])" in columns


def test_a_product_tells_its_pieces_its_depth_and_what_is_made_of_it_in_the_cache() -> None:
    text = table(lambda x, w, b: x @ w + b, ones(64, 100), ones(100, 48), ones(48))
    assert "of 48 columns" in text
    assert "of 64 rows:" in text
    assert "for k in 100: c[i, j] += a[i, k] · b[k, j]" in text
    assert "then, while the piece is in the cache:" in text
    assert "t0 = c[48·i + j] + d[j]" in text


def test_a_convolution_is_told_as_the_product_that_it_is() -> None:
    x, kernel = ones(2, 9, 9, 3), ones(3, 3, 3, 5)
    assert "for k in 3·9: out[i, j] += a[i, k] · b[k, j]" in table(lambda x, k: pente.conv(x, k), x, kernel)


def test_every_formula_can_be_told() -> None:
    """Of operations with parameters, too: a cast has its dtype."""
    x = pente.tensor(np.arange(20))
    text = table(lambda x: pente.where(x > 3, x.astype("float32"), 0.5) ** 2, x)
    assert "out[i] = " in text
