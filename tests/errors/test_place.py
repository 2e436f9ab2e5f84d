"""An error tells the layer's path, the user's line, and the shapes from the input to there."""

from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Model, Sequential, layers
from pente.errors import DataError, PenteError, ShapeError, UsageError
from tests.errors.mistake import users_line

X = np.ones((4, 6), np.float32)


def shapes(call: Any) -> str:
    """The last line of the message: the way to the layer that failed."""
    with pytest.raises(PenteError) as caught:
        call()
    return str(caught.value).split("\n")[-1].removeprefix("  shapes: ")


class Block(layers.Layer):
    """Two layers inside of one."""

    def __post_init__(self) -> None:
        self.wide, self.last = layers.Dense(8), layers.LSTM(3)

    def call(self, x: Any) -> Any:
        return self.last(self.wide(x))


class Net(Model):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.block = layers.Dense(5), Block()

    def call(self, x: Any) -> Any:
        return self.block(self.first(x))


def test_the_whole_message() -> None:
    model = Sequential([Input((6,)), layers.Dense(4)], name="net")
    with pytest.raises(ShapeError) as caught:
        model.add(layers.LSTM(3))
    error = str(caught.value)
    assert error.startswith("lstm expects inputs (batch, steps, features), and got shape (None, 4). ")
    assert error.split("\n")[1].startswith("  layer:  lstm (LSTM)")
    assert error.split("\n")[2].startswith("  called: test_place.py, line ")
    assert error.split("\n")[3:] == ["  shapes: input (None, 6) → dense (None, 4) → lstm"]


def test_the_line_that_made_the_layer_is_told_where_it_is_another() -> None:
    layer = layers.Conv2D(3, 3)
    with pytest.raises(ShapeError, match=r"\(Conv2D\), made in test_place.py, line \d+\n  called: test_place.py"):
        layer(X)
    with pytest.raises(ShapeError, match=r"\(Conv2D\)\n  called: test_place.py"):
        layers.Conv2D(3, 3)(X)


WAY = "first {0} → block/wide {1} → block/last"


@pytest.mark.parametrize("jit", [False, True])
def test_layers_inside_of_layers_have_their_paths(jit: bool) -> None:
    way = "input (4, 6) → " + WAY.format("(4, 5)", "(4, 8)")
    assert shapes(lambda: Net()(X)) == way
    assert shapes(lambda: (pente.jit(Net()) if jit else Net())(X)) == way

    def fit() -> None:
        model = Net()
        model.compile("sgd", "mse", jit=jit)
        model.fit(X, X, verbose=0)

    assert shapes(fit) == way


def test_a_symbolic_call_shows_an_open_batch() -> None:
    assert shapes(lambda: Net()(Input((6,)))) == "input (None, 6) → " + WAY.format("(None, 5)", "(None, 8)")


def test_several_inputs_have_a_way_each() -> None:
    a, b = Input((4,), name="a"), Input((5,), name="b")
    wide = layers.Dense(3)(a)
    assert shapes(lambda: layers.Add()([wide, b])) == "[a (None, 4) → dense (None, 3), b (None, 5)] → add"


def test_of_a_long_way_the_middle_is_left_out() -> None:
    stack = [layers.Dense(i + 1) for i in range(12)]
    way = shapes(lambda: Sequential([Input((6,)), *stack, layers.LSTM(3)])).split(" → ")
    assert way[:3] == ["input (None, 6)", "dense (None, 1)", "…"]
    assert way[-2:] == ["dense_11 (None, 12)", "lstm"]
    assert len(way) < 12


def test_layers_that_are_called_one_by_one_remember_the_way_as_far_as_the_graph_does() -> None:
    hidden = layers.Dense(4, name="hidden")(X)
    assert shapes(lambda: layers.LSTM(3)(hidden)) == "input (4, 6) → hidden (4, 4) → lstm"


def test_a_layer_that_was_tried_on_shapes_leaves_no_trace_in_the_call_around_it() -> None:
    class Outer(Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.end = Sequential([layers.Dense(5), layers.Dense(4)]), layers.LSTM(3)

        def call(self, x: Any) -> Any:
            return self.end(self.inner(x))

    assert shapes(lambda: Outer()(X)) == "input (4, 6) → inner (4, 4) → end"


def test_the_trail_of_one_call_does_not_reach_the_next() -> None:
    model = Net()
    for _ in range(2):
        assert shapes(lambda: model(X)).count("first") == 1


def test_the_line_inside_of_a_class_of_ones_own_is_told() -> None:
    with pytest.raises(ShapeError) as caught:
        Net()(X)
    line = Block.call.__code__.co_firstlineno + 1
    assert f"called: test_place.py, line {line}\n" in str(caught.value)


def test_what_a_layer_of_ones_own_raises_gets_its_place_too() -> None:
    class Strict(layers.Layer):
        def call(self, x: Any) -> Any:
            raise DataError("no.")

    with pytest.raises(DataError, match=r"^no\.\n  layer:  strict \(Strict\)"):
        Sequential([Strict()])(X)


def test_the_plain_message_is_the_first_argument() -> None:
    with pytest.raises(ShapeError) as caught:
        layers.LSTM(3)(X)
    assert caught.value.args[0].endswith("for a single example write x[None].")


def test_an_error_outside_of_layers_has_no_place() -> None:
    with pytest.raises(UsageError) as caught:
        layers.Dense(-1)
    assert caught.value.place is None
    assert "\n" not in str(caught.value)


def test_a_copy_and_a_config_do_not_tell_where_the_layer_was_made() -> None:
    assert "made_at" not in layers.Dense(3).get_config()
    assert "line" not in repr(layers.Dense(3))


def test_a_cell_of_a_notebook_is_called_one() -> None:
    source = compile("layer(x)", "/tmp/ipykernel_4711/815.py", "exec")
    with pytest.raises(ShapeError, match=r"called: a cell, line 1"):
        exec(source, {"layer": layers.LSTM(3), "x": X})


@pytest.mark.parametrize("jit", [False, True])
def test_an_error_of_a_loss_has_the_way_to_the_prediction(jit: bool) -> None:
    model = Sequential([layers.Dense(5), layers.Dense(3)])
    model.compile("sgd", "mse", jit=jit)
    with pytest.raises(ShapeError) as caught:
        model.fit(X, X, verbose=0)
    assert str(caught.value).split("\n")[1:] == [
        f"  called: test_place.py, line {users_line(caught.value, __file__)}",
        "  shapes: input (4, 6) → dense (4, 5) → dense_1 (4, 3) → mean_squared_error",
    ]


def test_an_error_of_a_loss_at_compile_has_the_way_to_the_output() -> None:
    model = Sequential([Input((6,)), layers.Dense(5), layers.Dense(3)])
    way = "input (None, 6) → dense (None, 5) → dense_1 (None, 3) → categorical_crossentropy"
    assert shapes(lambda: model.compile("sgd", "categorical_crossentropy")) == way


def test_operations_between_the_layers_are_passed_over() -> None:
    class Net(Model):
        def __init__(self) -> None:
            super().__init__()
            self.wide = layers.Dense(5)

        def call(self, x: Any) -> Any:
            return self.wide(x * 2.0)

    model = Net()
    model.compile("sgd", "mse")
    assert shapes(lambda: model.fit(X, X, verbose=0)) == "input (4, 6) → wide (4, 5) → mean_squared_error"
