"""The passes, one by one: what is computed once, what is gone, and in which order the rest stands."""

from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit
from pente.core.node import Node
from tests.compiler.agreement import agree

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)


def calls(function: Any, *args: Any) -> list[Node]:
    """The calls that are left after all passes."""
    return list(jit(function).lower(*args).nodes)


def count(function: Any, op: str, *args: Any) -> int:
    return sum(node.op.name == op for node in calls(function, *args))


def test_equal_calls_on_the_same_input_stand_once() -> None:
    assert count(lambda x: pente.exp(x) * 2 + pente.exp(x), "exp", X) == 1


def test_sums_of_what_equal_numbers_made_of_one_input_stand_once() -> None:
    assert count(lambda x: (x / 3).sum(axis=0) * (x / 3).sum(axis=0), "sum", X) == 1
    agree(lambda x: (x / 3).sum(axis=0) * (x / 3).sum(axis=0), X)


@pytest.mark.parametrize("other", [3.0000002, -3.0, np.nan])
def test_sums_of_what_other_numbers_made_stand_apart(other: float) -> None:
    assert count(lambda x: (x / 3).sum() * (x / other).sum(), "sum", X) == 2


def test_zeros_of_either_sign_are_two_numbers() -> None:
    assert count(lambda x: (x + 0.0).sum() * (x + -0.0).sum(), "sum", X) == 2


def test_batch_normalization_goes_through_the_batch_for_each_statistic_once() -> None:
    """Output, moving statistics and gradient need one mean, one variance, and the gradient's own sums."""
    layer = pente.layers.BatchNormalization()
    layer(X)
    forward = jit(lambda x: layer(x, training=True))
    assert sum(node.op.name == "sum" for node in forward.lower(X).nodes) == 2


def test_what_remat_computes_again_stays_computed_again() -> None:
    def twice(x: Any) -> Any:
        return pente.remat(lambda x: pente.exp(x).sum())(x) + pente.exp(x).sum()

    assert count(twice, "remat", X) + count(twice, "exp", X) == 2
    agree(twice, X)


def test_a_program_keeps_its_own_order() -> None:
    """Two branches, one of which holds composites: what the passes put in stands where the composite stood."""

    def branches(x: Any) -> Any:
        first = pente.softmax(x)
        return pente.matmul(first, pente.sin(x).T)

    names = [node.op.name for node in calls(branches, X)]
    assert names.index("exp") < names.index("sin") < names.index("matmul")


def test_what_nobody_asks_for_is_gone() -> None:
    assert [node.op.name for node in calls(lambda x: (pente.exp(x), x + 1)[1], X)] == ["add"]


def test_the_report_shows_the_program_only_where_a_pass_changed_it() -> None:
    step = jit(lambda x: pente.exp(x) + 0.0 * pente.sin(x))
    step(X)
    text = str(step.explain())
    assert text.split("the table")[0].count("= sin(") == 1
    assert "after drop_dead: nothing changed" in text
