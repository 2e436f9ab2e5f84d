import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pente
from pente.errors import GradientError, UsageError


@pytest.fixture
def chain():
    a, b, c, f = (pente.Value(v, name=n) for v, n in [(2.0, "a"), (-3.0, "b"), (10.0, "c"), (-2.0, "f")])
    e = (a * b).named("e")
    d = (e + c).named("d")
    return {v.name: v for v in (a, b, c, d, e, f, (d * f).named("L"))}


@pytest.mark.parametrize(
    ("wrt", "text"),
    [
        ("a", "dL/da = dL/dd · dd/de · de/da = f · 1 · b = -2.0 · 1 · -3.0 = 6.0"),
        ("b", "dL/db = dL/dd · dd/de · de/db = f · 1 · a = -2.0 · 1 · 2.0 = -4.0"),
        ("e", "dL/de = dL/dd · dd/de = f · 1 = -2.0 · 1 = -2.0"),
        ("c", "dL/dc = dL/dd · dd/dc = f · 1 = -2.0 · 1 = -2.0"),
        ("d", "dL/dd = f = -2.0"),
        ("f", "dL/df = d = 4.0"),
        ("L", "dL/dL = 1.0"),
    ],
)
def test_one_path_is_one_line_of_symbols_and_numbers(chain, wrt, text):
    assert str(pente.explain(chain["L"], wrt=chain[wrt])) == text


def test_several_paths_are_summed():
    a = pente.Value(3.0, name="a")
    e = (a + 1).named("e")
    assert str(pente.explain((a * e).named("L"), wrt=a)).splitlines() == [
        "directly: ∂L/∂a = e = 4.0",
        "through e: ∂L/∂e · ∂e/∂a = a · 1 = 3.0 · 1 = 3.0",
        "dL/da = 4.0 + 3.0 = 7.0",
    ]


def test_a_value_used_twice_by_one_op_has_one_derivative():
    a = pente.Value(3.0, name="a")
    assert str(pente.explain((a * a).named("b"), wrt=a)) == "db/da = a + a = 6.0"
    assert str(pente.explain((a + a).named("b"), wrt=a)) == "db/da = 2 = 2.0"


def test_unnamed_values_get_short_names_that_are_explained():
    x, taken = pente.Value(0.5, name="x"), pente.Value(1.0, name="v1")
    explained = str(pente.explain(((x * taken).tanh() ** 2).named("y"), wrt=x))
    assert "dy/dv3 · dv3/dv2 · dv2/dx = 2 · v3 · (1 - v3 · v3) · v1" in explained
    assert explained.endswith("where v2 = x · v1, v3 = tanh(v2)")


def test_a_name_that_reads_like_a_formula_gets_brackets():
    x, w = pente.Value(2.0, name="x"), pente.Value(3.0, name="dense/kernel")
    assert str(pente.explain((x * w).named("y"), wrt=x)) == "dy/dx = (dense/kernel) = 3.0"


def test_more_paths_than_can_be_read_are_counted():
    x = y = pente.Value(0.1, name="x")
    for _ in range(30):
        y = y + y.sin()
    explanation = pente.explain(y, wrt=x)
    y.backward()
    assert "and 1,073,741,816 more paths" in str(explanation)
    assert explanation.value == pytest.approx(x.grad, rel=1e-9)


def test_a_long_path_is_shortened_in_the_middle():
    x = y = pente.Value(0.1, name="x")
    for _ in range(3000):
        y = y.sin()
    explained = str(pente.explain(y, wrt=x))
    assert explained.count(" · … · ") == 3
    assert len(explained) < 2000


OPERATIONS = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (b * b + 1),
    lambda a, b: a**3,
    lambda a, b: 2**a,
    lambda a, b: -a,
    *(lambda a, b, name=name: getattr(a, name)() for name in ["exp", "sin", "cos", "tanh", "sigmoid", "relu", "abs"]),
]


@st.composite
def programs(draw):
    """Leaves, and a Value computed from them by random operations that share their inputs."""
    data = draw(st.lists(st.floats(-1.5, 1.5).filter(lambda x: abs(x) > 0.05), min_size=2, max_size=3))
    leaves = [pente.Value(x, name=f"x{i}") for i, x in enumerate(data)]
    values = [*leaves]
    for _ in range(draw(st.integers(1, 7))):
        operation = draw(st.sampled_from(OPERATIONS))
        values.append(operation(draw(st.sampled_from(values)), draw(st.sampled_from(values))))
    return leaves, values[-1]


@given(programs())
def test_the_value_is_the_gradient_of_backward(program):
    leaves, result = program
    result.backward()
    for leaf in leaves:
        try:
            explained = pente.explain(result, wrt=leaf)
        except GradientError:
            assert leaf.grad == 0.0
            continue
        assert explained.value == pytest.approx(leaf.grad, rel=1e-9, abs=1e-12)
        last = [line for line in explained.lines if line.startswith("d")][-1].split(" = ")[-1]
        assert float(last) == pytest.approx(leaf.grad, rel=1e-3, abs=1e-12)


def test_scalar_tensors_are_explained_through_composites_too():
    t = pente.tensor(0.7, requires_grad=True, name="t", dtype="float64")
    y = pente.gelu(t * 3)
    y.backward()
    assert pente.explain(y, wrt=t).value == pytest.approx(t.grad.item(), rel=1e-12)


def test_variables_are_explained():
    w = pente.Variable(2.0, name="w", dtype="float64")
    assert str(pente.explain((w * w * 0.5).named("loss"), wrt=w)).startswith(
        "dloss/dw = dloss/dv1 · dv1/dw = 0.5 · (w + w)"
    )


def test_what_does_not_depend_has_no_derivative(chain):
    with pytest.raises(GradientError, match="d does not depend on f"):
        pente.explain(chain["d"], wrt=chain["f"])


def test_arrays_on_the_way_are_refused_with_the_lines_that_work():
    x = pente.tensor([1.0, 2.0], requires_grad=True, name="x")
    with pytest.raises(UsageError, match=r"x on the way has shape \(2,\).*backward"):
        pente.explain((x * x).sum(), wrt=x)
    with pytest.raises(UsageError, match="got a float"):
        pente.explain(x.sum(), wrt=1.0)


def test_a_notebook_shows_the_lines_escaped(chain):
    a = pente.Value(1.0, name="<a>")
    shown = pente.explain((a * a).named("L"), wrt=a)._repr_html_()
    assert "&lt;a&gt;" in shown
    assert "<a>" not in shown
    assert "f · 1 · b" in pente.explain(chain["L"], wrt=chain["a"])._repr_html_()


def test_a_derivative_that_is_not_a_number_is_said_to_be_none():
    x = pente.Value(0.0, name="x")
    explained = pente.explain((x.log() * 0.0).named("y"), wrt=x)
    assert math.isnan(explained.value)
    assert str(explained).splitlines()[0].endswith("= nan")


def test_a_single_factor_has_no_bracket_and_one_of_several_has():
    x = pente.Value(0.0, name="x")
    t = x.tanh().named("t")
    assert str(pente.explain(t, wrt=x)) == "dt/dx = 1 - t · t = 1.0"
    assert str(pente.explain((t * 3).named("u"), wrt=x)).startswith("du/dx = du/dt · dt/dx = 3 · (1 - t · t) = 3 · 1.0")
