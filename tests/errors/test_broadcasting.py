"""Both sides of an operation grow: a warning, or with strict_broadcasting an error, where a user's own line does it."""

import threading
import warnings
from typing import Any

import numpy as np
import pytest

import pente
from pente import Sequential, layers, losses
from pente.errors import BroadcastingWarning, ShapeError

COLUMN, ROW = pente.ones((3, 1)), pente.ones(3)
FUNCTIONS = [
    pente.add,
    pente.subtract,
    pente.multiply,
    pente.divide,
    pente.floor_divide,
    pente.pow,
    pente.maximum,
    pente.atan2,
    pente.remainder,
    pente.equal,
    pente.less,
    pente.logical_and,
    lambda a, b: a - b,
    lambda a, b: a < b,
    lambda a, b: np.ones((3, 1), np.float32) * b,
    lambda a, b: pente.where(True, a, b),
    lambda a, b: pente.where(a > 0, b, 0.0),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_column_beside_a_row_warns_and_is_refused_where_that_is_wanted(function: Any) -> None:
    with pytest.warns(BroadcastingWarning, match=r"of shapes \(3, 1\) and \(3,\) gives \(3, 3\)") as told:
        assert function(COLUMN, ROW).shape == (3, 3)
    assert told[0].filename == __file__
    with pente.strict_broadcasting(), pytest.raises(ShapeError, match=r"both sides grow\. .* x\[\.\.\., 0\]"):
        function(COLUMN, ROW)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 4), (3, 4)),
        ((3, 4), (4,)),
        ((3, 4), (3, 1)),
        ((3, 4), ()),
        ((2, 3, 4), (3, 1)),
        ((1, 4), (4,)),
        ((1, 1), (4,)),
        ((1,), (1, 4)),
        ((0, 4), (1, 4)),
    ],
)
def test_one_side_alone_may_be_repeated(a: Any, b: Any) -> None:
    x, y = pente.ones(a), pente.ones(b)
    with pente.strict_broadcasting():
        assert (x * y).shape == (y * x).shape


@pytest.mark.parametrize(("a", "b"), [((3, 1), (1, 4)), ((2, 1, 4), (3, 1)), ((3, 1), (2, 1, 4)), ((1, 4), (2, 3, 1))])
def test_any_two_that_both_grow_are_refused(a: Any, b: Any) -> None:
    x, y = pente.ones(a), pente.ones(b)
    with pente.strict_broadcasting():
        for left, right in ((x, y), (y, x)):
            with pytest.raises(ShapeError, match=r"pente\.broadcast_arrays\(x, y\)"):
                left + right


def test_what_the_message_proposes_is_silent() -> None:
    with pente.strict_broadcasting():
        assert (COLUMN[..., 0] - ROW).shape == (3,)
        x, y = pente.broadcast_arrays(COLUMN, ROW)
        assert (x - y).shape == (3, 3)


def test_a_line_is_told_once() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for _ in range(3):
            COLUMN - ROW
    assert len(told) == 1


@pytest.mark.parametrize("strict", [False, True])
def test_while_a_function_is_traced(strict: bool) -> None:
    def loss(x: Any, y: Any) -> Any:
        return ((x - y) ** 2).mean()

    if strict:
        with pente.strict_broadcasting(), pytest.raises(ShapeError, match="subtract of shapes"):
            pente.jit(loss)(COLUMN, ROW)
    else:
        with pytest.warns(BroadcastingWarning) as told:
            pente.jit(loss)(COLUMN, ROW)
        assert told[0].lineno == loss.__code__.co_firstlineno + 1


@pytest.mark.parametrize("jit", [False, True])
def test_a_loss_of_ones_own_in_fit(jit: bool) -> None:
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", lambda y, p: ((y - p[..., 0]) ** 2).mean(), jit=jit)
    with pytest.warns(BroadcastingWarning, match="both sides grow"):
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0)


def test_pente_itself_does_it_on_purpose_and_in_silence() -> None:
    x = pente.ones((2, 3, 4))
    with pente.strict_broadcasting():
        layers.MultiHeadAttention(2, 2)(x, x, use_causal_mask=True, return_attention_scores=True)
        layers.GroupNormalization(2)(x)
        pente.one_hot([[0, 1], [1, 2]], 3)
        pente.softmax(x)
        losses.sparse_categorical_crossentropy([0, 1], pente.softmax(pente.ones((2, 3))))
        pente.linalg.norm(x)


def test_operators_between_symbolic_tensors() -> None:
    a, b = pente.Input((4, 1)), pente.Input((1, 5))
    with pytest.warns(BroadcastingWarning, match=r"multiply of shapes \(None, 4, 1\) and \(None, 1, 5\)"):
        assert (a * b).shape == (None, 4, 5)
    with pente.strict_broadcasting(), pytest.raises(ShapeError, match="both sides grow"):
        a - b


def test_the_switch_holds_until_it_is_turned_back() -> None:
    pente.strict_broadcasting()
    try:
        with pytest.raises(ShapeError):
            COLUMN - ROW
        with pente.strict_broadcasting(False), pytest.warns(BroadcastingWarning):
            COLUMN - ROW
        with pytest.raises(ShapeError):
            COLUMN - ROW
    finally:
        pente.strict_broadcasting(False)
    with pytest.warns(BroadcastingWarning):
        COLUMN - ROW


def test_it_ends_with_the_block_also_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), pente.strict_broadcasting():
        raise ZeroDivisionError
    with pytest.warns(BroadcastingWarning):
        COLUMN - ROW


def test_it_holds_for_its_own_thread() -> None:
    seen = []

    def other() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seen.append((COLUMN - ROW).shape)

    with pente.strict_broadcasting():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert seen == [(3, 3)]
