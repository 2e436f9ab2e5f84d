"""Every operation of the engine has all its rows, and they agree."""

import math
from typing import Any

import numpy as np
import pytest

from tests.core.completeness import CHECKS, OPERATIONS, samples


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_every_operation_keeps_the_promise(check: Any, name: str) -> None:
    check(OPERATIONS[name])


SCALARS = [name for name, op in OPERATIONS.items() if op.scalar is not None]


@pytest.mark.parametrize("name", SCALARS)
def test_a_row_for_plain_floats_gives_what_the_row_for_arrays_gives(name: str) -> None:
    op = OPERATIONS[name]
    for inputs, params in samples(op):
        for numbers in zip(*(np.ravel(x) for x in np.broadcast_arrays(*inputs)), strict=True):
            found = op.scalar(*(x.item() for x in numbers), **params)
            assert math.isclose(found, op.evaluate(*numbers, **params), rel_tol=1e-14, abs_tol=1e-15)


@pytest.mark.parametrize("name", SCALARS)
def test_a_row_for_plain_floats_agrees_at_the_ends_of_the_line(name: str) -> None:
    op = OPERATIONS[name]
    ends = [0.0, -0.0, 1.0, -1.0, 2.0, 0.3, -2.5, 1000.0, -1000.0, 1e308, math.inf, -math.inf, math.nan]
    arity = len(samples(op)[0][0])
    grid = np.meshgrid(*[ends] * (arity if name != "select" else 2))
    with np.errstate(all="ignore"):
        for numbers in zip(*map(np.ravel, grid), strict=True):
            given = (True, *numbers) if name == "select" else numbers
            found = op.scalar(*(x if isinstance(x, bool) else float(x) for x in given))
            wanted = np.asarray(op.evaluate(*given))
            np.testing.assert_allclose(found, wanted, rtol=1e-14, err_msg=f"{name}{given}")
