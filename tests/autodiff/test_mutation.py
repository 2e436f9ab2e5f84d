"""The completeness test can fail: every row, broken on purpose, is found out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pente
from pente.autodiff.batching import BATCHING
from pente.autodiff.forward import FORWARD
from pente.autodiff.gradients import GRADIENTS
from pente.autodiff.rows import Joint
from pente.core import primitives as p
from pente.core.node import Spec
from pente.core.primitives import Primitive
from pente.errors import PenteError
from tests.core import completeness
from tests.core.completeness import OPERATIONS, moving, samples

FOUND_OUT = (AssertionError, PenteError, ValueError, TypeError)


def _scaled(found: Any) -> Any:
    """What a row gave, one per cent too large; None stays None."""
    if isinstance(found, (tuple, list)):
        return [_scaled(x) for x in found]
    return None if found is None else found * 1.01


def _frozen(found: Any) -> Any:
    """The right number, cut off from where it came from: right to first order only."""
    return p.stop_gradient(found)


def _one_place(row: Any, place: int, spoil: Callable[[Any], Any]) -> Any:
    """The gradient row with the function of one input spoilt."""
    if isinstance(row, Joint):
        return Joint(lambda g, call: [spoil(x) if i == place else x for i, x in enumerate(row.back(g, call))])
    right = row[place]
    return (*row[:place], lambda *args, **params: spoil(right(*args, **params)), *row[place + 1 :])


SMOOTH = [name for name, op in OPERATIONS.items() if GRADIENTS[op] is not None]
PLACES = [
    (name, place)
    for name in SMOOTH
    for place in sorted({i for inputs, _ in samples(OPERATIONS[name]) for i in moving(OPERATIONS[name], inputs)})
    if samples(OPERATIONS[name])[0][0][place].size  # an empty input has no gradient to spoil
]


def _must_fail(check: Callable[[Primitive], None], op: Primitive) -> None:
    with pytest.raises(FOUND_OUT):
        check(op)


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_a_gradient_one_per_cent_too_large_is_found_out(name: str, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPERATIONS[name]
    monkeypatch.setitem(GRADIENTS, op, _one_place(GRADIENTS[op], place, _scaled))
    _must_fail(completeness.check_gradients, op)


# gradcheck sums as well, and two wrong signs of the sum are right again
@pytest.mark.parametrize(("name", "place"), [pair for pair in PLACES if pair[0] != "sum"])
def test_a_gradient_with_the_wrong_sign_is_found_out(name: str, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPERATIONS[name]
    monkeypatch.setitem(GRADIENTS, op, _one_place(GRADIENTS[op], place, lambda g: None if g is None else -g))
    _must_fail(completeness.check_gradients, op)


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_a_gradient_that_is_right_to_first_order_only_is_found_out(
    name: str, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    op = OPERATIONS[name]
    cut = _one_place(GRADIENTS[op], place, lambda g: None if g is None else _frozen(g))
    monkeypatch.setitem(GRADIENTS, op, cut)
    _must_fail(completeness.check_gradients, op)


@pytest.mark.parametrize("name", [n for n in SMOOTH if n != "custom"])
def test_a_forward_row_one_per_cent_too_large_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPERATIONS[name]
    right: Any = FORWARD[op]
    monkeypatch.setitem(FORWARD, op, lambda moves, call: _scaled(right(moves, call)))
    _must_fail(completeness.check_forward, op)


def _turned(found: Any) -> Any:
    """The batch in the opposite order."""
    if isinstance(found, (tuple, list)):
        return [_turned(x) for x in found]
    return pente.flip(found, axis=0)


@pytest.mark.parametrize("name", [name for name, op in OPERATIONS.items() if BATCHING[op] is not None])
def test_a_batching_row_that_mixes_up_the_batch_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPERATIONS[name]
    right: Any = BATCHING[op]
    monkeypatch.setitem(BATCHING, op, lambda call: _turned(right(call)))
    _must_fail(completeness.check_batching, op)


def _other_dtype(spec: Any) -> Any:
    if isinstance(spec, tuple):
        return tuple(map(_other_dtype, spec))
    return Spec(spec.shape, np.dtype("int8"))


def _longer(spec: Any) -> Any:
    if isinstance(spec, tuple):
        return tuple(map(_longer, spec))
    return Spec((*spec.shape, 1), spec.dtype)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("spoil", [_other_dtype, _longer])
def test_a_rule_that_tells_another_shape_or_dtype_is_found_out(
    name: str, spoil: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    op = OPERATIONS[name]
    right = op.rule
    monkeypatch.setattr(op, "rule", lambda *specs, **params: spoil(right(*specs, **params)))
    _must_fail(completeness.check_rule, op)


# the programs of the other three are written for float64
@pytest.mark.parametrize("name", [name for name in SMOOTH if name not in ("scan", "cond", "remat")])
def test_an_evaluation_that_leaks_float64_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPERATIONS[name]
    right = op.evaluate
    monkeypatch.setattr(op, "evaluate", lambda *values, **params: np.float64(right(*values, **params)))
    _must_fail(completeness.check_float32, op)


@pytest.mark.parametrize("table", [GRADIENTS, FORWARD, BATCHING], ids=["gradients", "forward", "batching"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_missing_row_is_found_out(name: str, table: dict[Primitive, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPERATIONS[name]
    monkeypatch.delitem(table, op)
    _must_fail(completeness.check_rows, op)
