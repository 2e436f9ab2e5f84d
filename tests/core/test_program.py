"""Programs: traced, printed, verified, run."""

import re
from typing import Any

import numpy as np
import pytest

import pente
from pente import Spec, float32, float64
from pente.core import primitives as p
from pente.core.graph import Graph, close
from pente.core.node import NOTHING, Node
from pente.core.printer import formula, number
from pente.core.state import layer_path
from pente.core.tracer import trace
from pente.core.verify import verify
from pente.errors import GraphError, ShapeError
from pente.tree import LEAF

PAIR = [Spec((2,), float64), Spec((2,), float64)]


def _f(a: Any, b: Any) -> Any:
    return {"sum": a * b + a.sin(), "b": b}


def test_a_function_becomes_a_program_that_runs_on_arrays_and_on_tensors() -> None:
    graph, structure = trace(_f, PAIR)
    assert [node.op.name for node in graph.nodes] == ["multiply", "sin", "add"]
    assert structure == {"b": LEAF, "sum": LEAF}
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    for found in (graph(a, b), graph(pente.tensor(a), pente.tensor(b))):
        np.testing.assert_array_equal(np.asarray(found[0]), b)
        np.testing.assert_array_equal(np.asarray(found[1]), a * b + np.sin(a))
    x = pente.tensor(a, requires_grad=True)
    graph(x, b)[1].sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), b + np.cos(a))


def test_what_is_not_used_is_not_in_the_program() -> None:
    def f(a: Any, b: Any) -> Any:
        a.exp()
        return b * 2.0

    graph, _ = trace(f, PAIR)
    assert [node.op.name for node in graph.nodes] == ["multiply"]


def test_what_comes_from_outside_is_captured_and_may_be_made_an_input() -> None:
    w = pente.tensor(np.array([5.0, 6.0]), name="w")
    graph, _ = trace(lambda a: a * w, PAIR[:1])
    assert [node.name for node in graph.captured] == ["w"]
    np.testing.assert_array_equal(np.asarray(graph(np.ones(2))[0]), [5.0, 6.0])
    closed = close(graph)
    assert closed.captured == ()
    np.testing.assert_array_equal(closed(np.ones(2), np.array([7.0, 8.0]))[0], [7.0, 8.0])


def test_an_assign_inside_a_trace_changes_later_reads_and_nothing_outside() -> None:
    v = pente.Variable(np.array([1.0, 1.0]), name="v")

    def f(a: Any) -> Any:
        v.assign(v + a)
        v.assign_add(a)
        return v * 2.0

    graph, _ = trace(f, PAIR[:1])
    assert v.numpy().tolist() == [1.0, 1.0]
    assert list(graph.assigned) == [v]
    assert "assigns v = " in str(graph)
    np.testing.assert_array_equal(np.asarray(graph(np.array([1.0, 2.0]))[0]), [6.0, 10.0])


def test_a_program_is_printed_a_line_a_call_with_shapes_parameters_and_layers() -> None:
    w = pente.tensor(np.zeros((2, 3), np.float32), name="w")

    def f(x: Any) -> Any:
        with layer_path("block/dense"):
            y = x @ w
        return y.sum(axis=1)

    graph, _ = trace(f, [Spec((4, 2), float32)])
    assert str(graph).splitlines() == [
        "inputs  %0:float32[4, 2]",
        "uses    %1:float32[2, 3] w",
        "%2:float32[4, 3] = matmul(%0, %1)  # block/dense",
        "%3:float32[4] = sum(%2, axes=(1,), keepdims=False)",
        "returns %3",
    ]


def test_a_program_inside_a_program_is_printed_on_its_line() -> None:
    graph, _ = trace(lambda a, b: pente.cond(a.sum() > 0, lambda a: a.sin(), lambda a: a.cos(), a), PAIR)
    text = str(graph)
    assert re.search(r"cond\(.*on_true=\{inputs .*sin.*\}, on_false=\{.*cos.*\}", text)
    assert "float64[2]" in text


def _formula(value: pente.Tensor) -> str:
    return formula(pente.core.dispatch.node_of(value), lambda node: node.name or "")


def test_a_formula_has_the_brackets_it_needs_and_no_others() -> None:
    a, b, c = (pente.tensor(v, requires_grad=True, name=n) for v, n in [(2.0, "a"), (3.0, "b"), (4.0, "c")])
    cases = {
        "a + b · c": a + b * c,
        "(a + b) · c": (a + b) * c,
        "a - (b - c)": a - (b - c),
        "a - b - c": a - b - c,
        "a / (b · c)": a / (b * c),
        "a / b / c": a / b / c,
        "(a + b)^2": (a + b) ** 2.0,
        "(a^b)^c": (a**b) ** c,
        "-(a + b)": -(a + b),
        "a · (-b)": a * -b,
        "sin(a + b)": (a + b).sin(),
        "√(a) · b": a.sqrt() * b,
        "a": a * 1.0,
        "a + b": (a + 0.0) + b / 1.0,
        "max(a, b)": pente.maximum(a, b),
        "2.5 · a": 2.5 * a,
    }
    for text, value in cases.items():
        assert _formula(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(2.0, "2"), (0.1, "0.1"), (-3, "-3"), (1 / 3, "0.333333"), (1e20, "1e+20"), (True, "True")]
)
def test_a_number_is_written_as_a_person_writes_it(value: Any, text: str) -> None:
    assert number(value) == text


def _graph() -> Graph:
    return trace(lambda a, b: (a * b).sin(), PAIR)[0]


def _node(op: Any, inputs: tuple[Node, ...], value: Any, **params: Any) -> Node:
    return Node(op, inputs, params or NOTHING, value, False, "", None)


def test_a_legal_program_is_verified_and_handed_back() -> None:
    graph = _graph()
    assert verify(graph) is graph


ILLEGAL: dict[str, tuple[Any, str]] = {
    "a call before its input": (
        lambda g: Graph(g.inputs, (), g.nodes[::-1], g.outputs),
        "comes later or never",
    ),
    "an input that is nowhere": (lambda g: Graph(g.inputs[:1], (), g.nodes, g.outputs), "comes later or never"),
    "a call twice": (lambda g: Graph(g.inputs, (), (*g.nodes, g.nodes[0]), g.outputs), "stands twice"),
    "an output that is not computed": (lambda g: Graph(g.inputs, (), g.nodes[:1], g.outputs), "does not compute"),
    "an assign that is not computed": (
        lambda g: Graph(g.inputs, (), (), (), {pente.Variable(1.0): g.nodes[0]}),
        "does not compute",
    ),
    "another shape": (
        lambda g: Graph(g.inputs, (), (_node(p.sin, g.inputs[:1], Spec((3,), float64)),), g.inputs),
        "its rule says float64",
    ),
    "another dtype": (
        lambda g: Graph(g.inputs, (), (_node(p.sin, g.inputs[:1], Spec((2,), float32)),), g.inputs),
        "its rule says float64",
    ),
    "a call that its rule refuses": (
        lambda g: Graph(g.inputs, (), (_node(p.matmul, g.inputs, Spec((2,), float64)),), g.inputs),
        "matmul: shapes",
    ),
    "a missing parameter": (
        lambda g: Graph(g.inputs, (), (_node(p.reduce_sum, g.inputs[:1], Spec((), float64)),), g.inputs),
        "axes",
    ),
    "too few inputs": (
        lambda g: Graph(g.inputs, (), (_node(p.solve, g.inputs[:1], Spec((2,), float64)),), g.inputs),
        "argument",
    ),
    "a leaf among the calls": (
        lambda g: Graph(g.inputs, (), (_node(None, (), Spec((2,), float64)),), g.inputs),
        "no operation",
    ),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_an_illegal_program_is_refused(name: str) -> None:
    spoil, message = ILLEGAL[name]
    with pytest.raises(GraphError, match=message):
        verify(spoil(_graph()))


def test_a_program_wants_as_many_inputs_as_it_has() -> None:
    with pytest.raises(ValueError, match="argument"):
        _graph()(np.ones(2))


def test_an_error_inside_a_layer_names_the_layer_and_the_operation() -> None:
    with layer_path("encoder/dense_1"), pytest.raises(ShapeError, match=r"^matmul in encoder/dense_1: shapes"):
        pente.ones((2, 3)) @ pente.ones((2, 3))


def test_a_node_knows_the_users_line() -> None:
    x = pente.tensor(1.0, requires_grad=True)
    y = pente.softmax(pente.stack([x, x]))
    assert re.fullmatch(r"test_program\.py, line \d+", y.node.where)
    line = int(y.node.where.rsplit(" ", 1)[1])
    with open(__file__) as source:
        assert "pente.softmax(pente.stack" in source.read().splitlines()[line - 1]


def test_a_composite_is_one_node_in_a_program_with_its_body_inside() -> None:
    graph, _ = trace(lambda a, b: pente.softmax(a) * b, PAIR)
    assert [node.op.name for node in graph.nodes] == ["softmax", "multiply"]
