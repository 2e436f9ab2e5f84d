import gc

import numpy as np
import pytest

import pente
from pente.errors import GraphError, UsageError
from pente.see.describe import describe
from tests.see.drawings import Drawing


def chain_rule():
    a, b, c, f = (pente.Value(v, name=n) for v, n in [(2.0, "a"), (-3.0, "b"), (10.0, "c"), (-2.0, "f")])
    e = (a * b).named("e")
    d = (e + c).named("d")
    return (d * f).named("L")


def boxes(x):
    return {box.name: box for box in describe(x).boxes if box.kind != "op"}


def test_the_graph_of_the_chain_rule_is_drawn_with_all_values_and_gradients():
    L = chain_rule()
    L.backward()
    drawing = Drawing(pente.draw(L).svg)
    shown = {box.texts[0].text: tuple(t.text for t in box.texts[2::2]) for box in drawing.boxes if box.kind != "op"}
    assert shown == {
        "a": ("2.0", "6.0"),
        "b": ("−3.0", "−4.0"),
        "c": ("10.0", "−2.0"),
        "d": ("4.0", "−2.0"),
        "e": ("−6.0", "−2.0"),
        "f": ("−2.0", "4.0"),
        "L": ("−8.0", "1.0"),
    }
    assert [box.texts[0].text for box in drawing.boxes if box.kind == "op"] == ["×", "+", "×"]
    assert [text.text for text in drawing.caption] == ["L = (a · b + c) · f"]
    assert {box.kind for box in drawing.boxes} == {"leaf", "inner", "op", "result"}


def test_a_value_added_to_itself_has_two_edges():
    a = pente.Value(3.0, name="a")
    b = (a + a).named("b")
    description = describe((b + b).named("c"))
    pairs = [(edge.source, edge.target) for edge in description.edges]
    assert len(pairs) == 6
    assert sorted(pairs.count(pair) for pair in set(pairs)) == [1, 1, 2, 2]


def test_equal_numbers_are_different_boxes():
    a, b = pente.Value(1.0, name="a"), pente.Value(1.0, name="b")
    kinds = [box.kind for box in describe(a * b).boxes]
    assert kinds == ["leaf", "leaf", "op", "result"]


def test_the_order_of_arguments_is_kept_where_it_matters():
    a, b = pente.Value(1.0, name="a"), pente.Value(1.0, name="b")
    assert [edge.order for edge in describe(a - b).edges] == [0, 1, 0]
    assert [edge.order for edge in describe(a + b).edges] == [0, 0, 0]


def test_a_tensor_shows_dtype_shape_range_and_the_norm_of_its_gradient():
    x = pente.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="x")
    y = (x * x).sum().named("y")
    y.backward()
    assert [row[:2] for row in boxes(y)["x"].rows] == [
        ("float64", "2 × 3"),
        ("value", "0.0 … 5.0"),
        ("‖grad‖", "14.832"),
    ]
    assert [row[:2] for row in boxes(y)["y"].rows] == [("float64", "scalar"), ("value", "55.0"), ("grad", "1.0")]


def test_a_few_elements_are_shown_themselves():
    x = pente.tensor([1.0, -2.0], requires_grad=True, name="x")
    (x * x).sum().backward()
    assert [row.text for row in boxes(x)["x"].rows] == ["2", "[1.0, −2.0]", "[2.0, −4.0]"]


def test_tensors_without_gradient_or_name_are_small_constants():
    x = pente.tensor(np.ones((4, 2)), requires_grad=True, name="x")
    found = describe((x @ pente.tensor(np.ones((2, 3)))) * 2.0)
    assert [box.name for box in found.boxes if box.kind == "constant"] == ["float64 2 × 3", "2.0"]


def test_a_tensor_without_gradient_yet_shows_none():
    x = pente.tensor([1.0], requires_grad=True, name="x")
    assert [row.label for row in boxes(x * 2)["x"].rows] == ["float32", "value"]


def test_values_that_nobody_holds_are_drawn_without_a_name():
    x = pente.tensor([1.0], requires_grad=True, name="x")
    y = (x * 2).named("forgotten") + 1
    gc.collect()
    assert set(boxes(y)) >= {"x", ""}
    assert "forgotten" not in boxes(y)


def test_a_variable_and_a_lone_value_are_drawn():
    assert len(Drawing(pente.draw(pente.Value(1.0)).svg).boxes) == 1
    assert len(Drawing(pente.draw(pente.Variable([1.0], name="w")).svg).boxes) == 1
    assert len(Drawing(pente.draw(pente.tensor([[1, 2], [3, 4]])).svg).boxes) == 1


def test_special_numbers_are_drawn():
    x = pente.tensor([np.nan, np.inf, 1.0, 2.0], requires_grad=True, name="x")
    empty = pente.tensor(np.zeros((0, 3)), name="empty")
    assert [row.text for row in boxes(x)["x"].rows] == ["4", "nan … nan"]
    assert [row.text for row in boxes(empty)["empty"].rows] == ["0 × 3", "[]"]


def test_an_op_of_several_results_is_one_op():
    x = pente.tensor(np.arange(3.0), requires_grad=True, name="x")
    total, partial = pente.scan(lambda carry, row: (carry + row, carry), pente.tensor(0.0, dtype="float64"), x)
    description = describe(total + partial.sum())
    assert [box.name for box in description.boxes if box.kind == "op"].count("scan") == 1


def test_what_cannot_be_drawn_says_what_can():
    with pytest.raises(UsageError, match=r"pente\.draw\(f\(x\)\)"):
        pente.draw(lambda x: x)


def test_a_large_graph_of_values_is_drawn():
    y = pente.Value(0.5, name="x")
    for _ in range(1000):
        y = (y * 0.5).tanh()
    assert len(Drawing(pente.draw(y).svg).boxes) == 5001


def test_a_graph_that_is_too_large_is_refused():
    x = y = pente.Value(0.5, name="x")
    for _ in range(1000):
        y = (y * x).tanh()
    with pytest.raises(GraphError, match="too large to be drawn"):
        pente.draw(y)
