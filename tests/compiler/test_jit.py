"""What jit promises: when it traces, what it keeps, what it never touches."""

import re
import threading
from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit, llvm
from pente.compiler.jit import Jitted
from pente.errors import GradientError, PenteError, ShapeError, TraceError
from tests.compiler.agreement import agree, numbers


class Counted:
    """A function that counts how often Python runs it."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.runs = 0

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.runs += 1
        return self.function(*args, **options)


def counted(function: Any, **options: Any) -> tuple[Any, Counted]:
    inner = Counted(function)
    return jit(inner, **options), inner


# When it is traced.


def test_one_trace_serves_all_arguments_of_a_kind() -> None:
    f, inner = counted(lambda x: x * 2)
    for i in range(5):
        assert f(np.full(3, i, np.float32)).tolist() == [2 * i] * 3
    assert inner.runs == 1
    assert f.retraces == []


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (np.ones(4, np.float32), r"argument 0 was float32\[3\] and is float32\[4\]"),
        (np.ones((3, 1), np.float32), r"argument 0 was float32\[3\] and is float32\[3, 1\]"),
        (np.ones(3, np.float64), r"argument 0 was float32\[3\] and is float64\[3\]"),
        ([np.ones(3, np.float32)], "the arguments are built in another way"),
    ],
)
def test_another_kind_of_argument_is_traced_again_with_the_reason(other: Any, reason: str) -> None:
    f, inner = counted(lambda x: pente.asarray(x[0] if isinstance(x, list) else x) + 1)
    x = np.ones(3, np.float32)
    f(x), f(other), f(x), f(other)
    assert inner.runs == 2
    assert len(f.retraces) == 1
    assert re.fullmatch(reason, f.retraces[0])


def test_static_arguments_are_python_values_and_known_by_value() -> None:
    f, inner = counted(lambda x, n, mode: x * n if mode == "times" else x + n, static_argnums=1)
    assert f(2.0, 3, "times").item() == 6.0
    assert f(5.0, 3, "times").item() == 15.0
    assert inner.runs == 1
    assert f(5.0, 4, "times").item() == 20.0
    assert f(5.0, 4, "plus").item() == 9.0
    assert inner.runs == 3
    assert f.retraces == ["a static argument changed"] * 2


def test_the_same_number_may_be_static_in_one_place_and_moving_in_another() -> None:
    f, inner = counted(lambda x, n: [x] * n, static_argnums=1)
    assert len(f(2, 2)) == 2
    assert len(f(7, 2)) == 2
    assert inner.runs == 1


def test_static_places_are_counted_from_the_end_too() -> None:
    f = jit(lambda x, n: [x] * n, static_argnums=-1)
    assert len(f(2.0, 3)) == 3


@pytest.mark.parametrize(("first", "second"), [(True, False), (0.0, -0.0), (1, 1.0), ("a", "b"), (None, "None")])
def test_static_values_that_differ_are_never_taken_for_each_other(first: Any, second: Any) -> None:
    f, inner = counted(lambda x, s: (x, repr(s))[0], static_argnums=1)
    f(1.0, first), f(1.0, second), f(1.0, first), f(1.0, second)
    assert inner.runs == 2


def test_a_static_nan_is_itself() -> None:
    f, inner = counted(lambda x, s: x + s, static_argnums=1)
    f(1.0, float("nan")), f(1.0, float("nan"))
    assert inner.runs == 1


def test_a_function_made_anew_is_never_taken_for_one_that_is_gone() -> None:
    f = jit(lambda x, g: g(x))
    assert [f(1.0, lambda v, i=i: v * i).item() for i in range(10)] == list(range(10))


def test_named_arguments_may_come_in_any_order() -> None:
    f, inner = counted(lambda x, *, a, b: x * a - b)
    assert f(2.0, a=3.0, b=1.0).item() == 5.0
    assert f(2.0, b=1.0, a=3.0).item() == 5.0
    assert inner.runs <= 2


def test_a_changed_learning_rate_is_not_traced_again() -> None:
    w, x = pente.Variable([1.0, 2.0], name="w"), np.ones(2, np.float32)
    opt = pente.optimizers.SGD(0.5)

    def step(x: Any) -> Any:
        value, grads = pente.value_and_grad(lambda: (w * x).sum(), wrt=[w])()
        opt.apply(grads, [w])
        return value

    f, inner = counted(step)
    f(x)
    assert w.numpy().tolist() == [0.5, 1.5]
    opt.learning_rate = 0.25
    f(x)
    assert w.numpy().tolist() == [0.25, 1.25]
    assert inner.runs == 1


def test_freezing_a_variable_is_traced_again_with_the_reason() -> None:
    w, v = pente.Variable([1.0]), pente.Variable([2.0])
    f, inner = counted(lambda: pente.value_and_grad(lambda: (w * v).sum(), wrt=[x for x in (w, v) if x.trainable])()[1])
    assert [g.tolist() for g in f()] == [[2.0], [1.0]]
    v.trainable = False
    assert [g.tolist() for g in f()] == [[2.0]]
    assert f.retraces == ["another set of Variables is trained"]
    v.trainable = True
    assert len(f()) == 2
    assert inner.runs == 3


def test_it_works_as_a_decorator_on_functions_and_methods() -> None:
    class Model:
        def __init__(self, factor: float) -> None:
            self.w = pente.Variable(factor)

        @jit
        def call(self, x: Any) -> Any:
            return x * self.w

    a, b = Model(2.0), Model(3.0)
    assert [m.call(1.0).item() for m in (a, b, a)] == [2.0, 3.0, 2.0]
    assert isinstance(Model.call, Jitted)

    @jit(static_argnums=1)
    def named(x: Any, n: int) -> Any:
        """Told."""
        return x * n

    assert named(2.0, 3).item() == 6.0
    assert (named.__name__, named.__doc__) == ("named", "Told.")


# State.


def test_variables_that_are_read_and_assigned_are_found() -> None:
    total, count = pente.Variable(0.0, name="total"), pente.Variable(0, name="count")

    @jit
    def step(x: Any) -> Any:
        count.assign_add(1)
        total.assign(total + x * count)
        return total.read()

    assert [step(float(i)).item() for i in (1, 2, 3)] == [1.0, 5.0, 14.0]
    assert count.numpy() == 3
    total.assign(100.0)
    assert step(0.0).item() == 100.0


def test_a_variable_assigned_and_never_read_is_found() -> None:
    v = pente.Variable([0.0, 0.0])
    jit(lambda x: v.assign(x))(np.array([3.0, 4.0]))
    assert v.numpy().tolist() == [3.0, 4.0]
    assert v.dtype == np.float32


def test_what_is_not_assigned_is_not_touched() -> None:
    v = pente.Variable([1.0])
    before = v.version
    jit(lambda x: x * v)(2.0)
    assert v.version == before


def test_random_streams_give_the_same_numbers_eager_and_compiled() -> None:
    def draw() -> Any:
        return pente.random.uniform((3,)), pente.random.bernoulli(0.5, (5,)), pente.random.randint((4,), 0, 100)

    runs = []
    for f in (draw, jit(draw)):
        pente.set_seed(3)
        runs.append([numbers(f()) for _ in range(4)])
        after = pente.random.uniform((2,)).tolist()
        runs[-1].append([after])
    for eager, compiled in zip(*runs, strict=True):
        for a, b in zip(eager, compiled, strict=True):
            np.testing.assert_array_equal(a, b)


def test_normal_numbers_agree_to_a_few_ulp() -> None:
    draw = lambda: pente.random.normal((50,))  # noqa: E731
    pente.set_seed(1)
    eager = draw().numpy()
    pente.set_seed(1)
    np.testing.assert_allclose(jit(draw)().numpy(), eager, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
def test_a_training_step_compiled_is_a_training_step_eager(optimizer: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(17, 5)).astype(np.float32), rng.integers(0, 3, 17)
    weights = []
    for wrap in (lambda f: f, jit):
        w = pente.Variable(np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3), name="w")
        b = pente.Variable(np.zeros(3, np.float32), name="b")
        opt = pente.optimizers.get(optimizer)

        def loss(x: Any, y: Any, w: Any = w, b: Any = b) -> Any:
            return pente.cross_entropy(x @ w + b, y).mean()

        def step(x: Any, y: Any, w: Any = w, b: Any = b, opt: Any = opt, loss: Any = loss) -> Any:
            value, grads = pente.value_and_grad(loss, wrt=[w, b])(x, y)
            opt.apply(grads, [w, b])
            return value

        f = wrap(step)
        losses = [f(x, y).item() for _ in range(10)]
        weights.append((np.array(losses), w.numpy(), b.numpy()))
    for eager, compiled in zip(*weights, strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=1e-5, atol=1e-6)


# What goes wrong.


@pytest.mark.parametrize(
    "question",
    [
        lambda x: 1 if x.sum() > 0 else 0,
        lambda x: float(x.sum()),
        lambda x: [0, 1, 2][pente.argmax(x)],
        lambda x: x.numpy(),
        lambda x: np.asarray(x),
        lambda x: f"{x.sum():.2f}",
        lambda x: x.tolist(),
    ],
    ids=["if", "float", "index", "numpy", "asarray", "format", "tolist"],
)
def test_python_that_asks_for_a_value_is_taught(question: Any) -> None:
    with pytest.raises(TraceError, match=r"no value yet: the function is being traced.*pente.where or pente.cond"):
        jit(question)(np.ones(3))


def test_printing_a_traced_tensor_shows_what_is_known() -> None:
    seen = []
    jit(lambda x: (seen.append(repr(x)), x)[1])(np.ones((2, 3), np.float32))
    assert seen == ["Tensor(traced, shape=(2, 3), dtype=float32, name='argument 0')"]


def test_an_exception_while_tracing_leaves_the_state_as_it_was() -> None:
    v = pente.Variable([1.0, 2.0])

    def step(x: Any) -> None:
        v.assign(v + x)
        raise RuntimeError("stop")

    f = jit(step)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="stop"):
            f(np.ones(2, np.float32))
    assert v.numpy().tolist() == [1.0, 2.0]
    assert v.version == 0
    assert pente.tensor(1.0).item() == 1.0  # and no trace is left open


def test_a_value_of_another_shape_is_refused_and_no_other_variable_changes() -> None:
    a, b = pente.Variable([1.0, 2.0], name="a"), pente.Variable([1.0, 2.0], name="b")

    @jit
    def step(x: Any) -> None:
        a.assign(x)
        b.assign(x.sum())

    with pytest.raises(ShapeError, match=r"variable b has shape \(2,\) and cannot take a value of \(\)"):
        step(np.array([5.0, 6.0], np.float32))
    assert a.numpy().tolist() == b.numpy().tolist() == [1.0, 2.0]


@pytest.mark.parametrize("error", [ValueError("no"), ZeroDivisionError("no"), RuntimeError("no"), KeyError("no")])
def test_a_host_row_that_fails_leaves_the_state_as_it_was(error: Exception) -> None:
    v, armed = pente.Variable([1.0, 2.0]), []

    @pente.custom_gradient
    def fragile(x: Any) -> Any:
        if armed:
            raise error
        return x * 2, lambda g: g * 2

    @jit
    def step(x: Any) -> Any:
        v.assign(v + x)
        out = fragile(x)
        v.assign(v + out)
        return out

    x = np.ones(2, np.float32)
    assert step(x).tolist() == [2.0, 2.0]
    armed.append(True)
    with pytest.raises(type(error), match="no"):
        step(x)
    assert v.numpy().tolist() == [4.0, 5.0]
    armed.clear()
    step(x)
    assert v.numpy().tolist() == [7.0, 8.0]


def test_a_failing_row_tells_the_operation_the_layer_and_the_line() -> None:
    with pytest.raises(ZeroDivisionError, match=r"in floor_divide, made at test_jit.py, line \d+"):
        jit(lambda x: 1 // x)(np.array([0, 1]))
    singular = np.zeros((2, 2))
    with pytest.raises(np.linalg.LinAlgError, match=r"in inverse, made at test_jit.py"):
        jit(pente.linalg.inv)(singular)


def test_an_error_that_takes_more_than_a_text_comes_through() -> None:
    @pente.custom_gradient
    def odd(x: Any) -> Any:
        if armed:
            b"\xff".decode("utf-8")
        return x * 1, lambda g: g

    armed: list[int] = []
    f = jit(lambda x: odd(x))
    f(1.0)
    armed.append(1)
    with pytest.raises(UnicodeDecodeError):
        f(1.0)


# What is shared: nothing.


def test_writing_into_a_given_array_later_changes_no_result() -> None:
    x = np.ones((3, 3), np.float32)
    results = jit(lambda x: (x, x.T, x.reshape(9), x[1:], x + 1, x.sum(axis=0)))(x)
    before = [r.numpy().copy() for r in results]
    x[:] = 99
    for result, expected in zip(results, before, strict=True):
        np.testing.assert_array_equal(result.numpy(), expected)


def test_results_of_earlier_calls_never_change() -> None:
    v = pente.Variable(np.zeros(4, np.float32))

    @jit
    def step(x: Any) -> Any:
        v.assign(v + x)
        y = v * 2
        return y, y.reshape(2, 2), y.sum(), v.read()

    held = []
    for i in range(6):
        results = step(np.full(4, i, np.float32))
        held.append((results, [r.numpy().copy() for r in results], v.read(), v.numpy()))
    for results, copies, tensor, array in held:
        for result, copy in zip(results, copies, strict=True):
            np.testing.assert_array_equal(result.numpy(), copy)
        np.testing.assert_array_equal(tensor.numpy(), array)


def test_no_two_results_share_memory() -> None:
    v = pente.Variable(np.zeros((2, 3), np.float32))
    constant = pente.tensor(np.ones((2, 3), np.float32))

    @jit
    def step(x: Any) -> Any:
        y = x * 2
        v.assign(y)
        return x, x, y, y, y.T, y.reshape(6), constant, constant, v.read(), x[0], pente.broadcast_to(x[0], (2, 3))

    x = np.ones((2, 3), np.float32)
    arrays = [r.data for r in step(x)] + [x, v.array, constant.data]
    for i, a in enumerate(arrays):
        for b in arrays[:i]:
            assert not np.shares_memory(a, b)


def test_a_variable_given_an_argument_keeps_no_hold_of_it() -> None:
    v, x = pente.Variable(np.zeros(3, np.float32)), np.ones(3, np.float32)
    jit(lambda x: v.assign(x))(x)
    x[:] = 7
    assert v.numpy().tolist() == [1.0, 1.0, 1.0]


def test_an_array_from_outside_is_fixed_when_the_function_is_traced() -> None:
    for c in (np.array([1.0, 2.0]), np.array([[1.0, 0.0], [2.0, 0.0]])[:, 0]):
        shared = pente.asarray(c)
        f = jit(lambda x, shared=shared: x + shared)
        f(np.zeros(2))
        c[0] = 100.0
        assert f(np.zeros(2)).tolist() == [1.0, 2.0]


def test_results_lie_in_order_in_memory() -> None:
    for result in jit(lambda x: (x.T, x.T + 1, x[:, ::2], x.transpose((1, 0))))(np.ones((3, 4))):
        assert result.data.flags.c_contiguous


# What comes back.


def test_trees_go_in_and_come_out() -> None:
    f = jit(lambda tree, *, scale: {"b": [tree["x"] * scale, None], "a": (tree["y"][0], 3, 2.5), "none": None})
    got = f({"x": np.ones(2), "y": [np.zeros(1), "text"]}, scale=2.0)
    assert list(got) == ["b", "a", "none"]
    assert got["b"][0].tolist() == [2.0, 2.0]
    assert got["b"][1] is None
    assert got["none"] is None
    assert [x.item() for x in got["a"]] == [0.0, 3, 2.5]


def test_a_function_that_returns_nothing_or_takes_nothing_goes() -> None:
    v = pente.Variable(1.0)
    assert jit(lambda: v.assign(v * 2))() is None
    assert v.numpy() == 2.0
    assert jit(lambda: pente.arange(3) * v)().tolist() == [0.0, 2.0, 4.0]
    assert jit(lambda: ())() == ()


def test_constants_inputs_and_repeats_come_back_as_they_are() -> None:
    c = pente.tensor([1.0, 2.0])
    x = np.array([3.0, 4.0])
    got = jit(lambda x: (c, x, c, x, x * 2, c + 1))(x)
    assert [r.tolist() for r in got] == [[1, 2], [3, 4], [1, 2], [3, 4], [6, 8], [2, 3]]
    again = jit(lambda x: [x * 2] * 3)(x)
    assert [r.tolist() for r in again] == [[6, 8]] * 3


def test_results_are_constants_and_a_number_is_a_tensor_of_the_default_dtype() -> None:
    y = jit(lambda x, n: (x * 2, n))(pente.tensor(1.5), 3)
    assert not y[0].requires_grad
    assert [r.dtype.name for r in y] == ["float32", "int64"]
    assert jit(lambda x: x)(0.5).dtype == np.float32


# Inside other things it is the plain function.


def test_inside_a_gradient_it_is_the_plain_function() -> None:
    f = jit(lambda x: (x * x).sum())
    x = pente.tensor([1.0, 2.0], requires_grad=True)
    f(x).backward()
    assert x.grad.tolist() == [2.0, 4.0]
    assert pente.grad(f)(np.array([1.0, 3.0])).tolist() == [2.0, 6.0]
    with pente.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert tape.gradient(y, x).tolist() == [2.0, 4.0]
    agree(lambda x: pente.grad(pente.grad(jit(lambda x: x**3)))(x), np.array(2.0))


def test_inside_vmap_and_inside_jit_it_is_the_plain_function() -> None:
    f, inner = counted(lambda x: (x * x).sum())
    assert pente.vmap(f)(np.arange(6.0).reshape(2, 3)).tolist() == [5.0, 50.0]
    g = jit(lambda x: f(x) + 1)
    assert [g(np.ones(3)).item() for _ in range(3)] == [4.0] * 3
    assert inner.runs == 2
    assert f.programs == {}


def test_transforms_inside_it_agree() -> None:
    x = np.linspace(-1, 1, 6)
    agree(lambda x: pente.grad(lambda x: pente.sin(x).sum())(x), x)
    agree(lambda x: pente.grad(lambda x: (pente.grad(lambda y: (y**3).sum())(x) * x).sum())(x), x)
    agree(lambda x: pente.vmap(lambda r: r.sum() * r)(x.reshape(2, 3)), x)
    agree(lambda x: pente.jvp(lambda x: pente.exp(x), (x,), (x * 2,)), x)
    agree(lambda x: pente.scan(lambda c, r: (c + r.sum(), c * r), 0.0, x.reshape(3, 2).astype("float32")), x)
    agree(lambda x: pente.cond(x.sum() > 100, lambda x: x * 2, lambda x: x - 1, x), x)
    agree(lambda x: pente.cond(x.sum() < 100, lambda x: x * 2, lambda x: x - 1, x), x)
    agree(lambda x: pente.grad(pente.remat(lambda x: pente.tanh(x * x).sum()))(x), x)


def test_state_changed_inside_loops_and_branches_is_kept() -> None:
    v = pente.Variable(0.0)

    @jit
    def step(x: Any) -> Any:
        def body(c: Any, row: Any) -> Any:
            v.assign_add(row)
            return c, v.read()

        out = pente.scan(body, 0.0, x)[1]
        pente.cond(out[0] > 0, lambda: (v.assign_add(100.0), v.read())[1], lambda: v.read())
        return out

    assert step(np.array([1.0, 2.0], np.float32)).tolist() == [1.0, 3.0]
    assert v.numpy() == 103.0
    assert step(np.array([-200.0, 2.0], np.float32)).tolist() == [-97.0, -95.0]
    assert v.numpy() == -95.0


# Threads.


def test_calls_from_several_threads_give_right_answers() -> None:
    w = pente.Variable(np.eye(40, dtype=np.float32))
    f = jit(lambda x: ((x @ w) * 2 + pente.exp(-x), pente.cumulative_sum(x, axis=1)))
    wrong: list[Any] = []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(100):
            x = rng.normal(size=(30, 40)).astype(np.float32)
            first, second = f(x)
            if not np.allclose(first.numpy(), 2 * x + np.exp(-x), rtol=1e-4, atol=1e-4):
                wrong.append(seed)
            if not np.allclose(second.numpy(), np.cumsum(x, axis=1), rtol=1e-4, atol=1e-4):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_explain_tells_the_program_after_each_pass_and_why_it_was_traced_again() -> None:
    f = jit(lambda x: (x * 2 + 0).sum())
    assert "not traced yet" in f.explain()
    f(np.ones(3)), f(np.ones(4))
    text = f.explain()
    assert "after trace" in text
    assert "after drop_dead" in text
    assert "traced again: argument 0 was float64[3] and is float64[4]" in text
    assert [n.op.name for n in f.lower(np.ones(3)).nodes][-1] == "sum"


def test_a_gradient_of_a_compiled_result_says_that_it_is_a_constant() -> None:
    y = jit(lambda x: x * 2)(1.0)
    with pytest.raises((GradientError, PenteError)):
        y.backward()


def test_explain_shows_the_rows_and_times_them_without_touching_the_state() -> None:
    w = pente.Variable([1.0, 2.0], name="w")

    @jit
    def step(x: Any) -> Any:
        w.assign(w * 2.0)
        return (x * w).sum()

    step(pente.tensor([1.0, 1.0]))
    plain, timed = step.explain(), step.explain(pente.tensor([1.0, 1.0]))
    assert "after trace" in plain
    assert repr(plain) == str(plain)
    np.testing.assert_array_equal(w.numpy(), [2.0, 4.0])
    if llvm.available():
        assert re.search(r"kernel  .*\n\nmemory: .* bytes", plain, re.DOTALL)
        assert " µs on one thread" in timed


def dropped() -> tuple[Any, Any]:
    model = pente.Sequential([pente.Input((4,)), pente.layers.Dropout(0.5, name="drop")])
    return model, np.ones((64, 4), np.float32)


def test_the_mode_of_a_model_that_a_function_closes_over_is_never_stale() -> None:
    model, x = dropped()
    step = jit(lambda x: model(x))
    assert (step(x).numpy() == 1).all()
    model.train()
    assert (step(x).numpy() == 0).any()
    assert step.retraces == ["a layer, the optimizer or the mode changed"]
    model.eval()
    assert (step(x).numpy() == 1).all()


def test_a_mode_that_is_back_when_the_function_is_called_again_is_not_traced_again() -> None:
    model, x = dropped()
    step = jit(lambda x: model(x))
    step(x)
    model.train()
    model(x)
    model.eval()
    step(x)
    assert step.retraces == []


@pytest.mark.parametrize("argument", [False, True])
def test_a_field_of_an_inner_layer_is_never_stale(argument: bool) -> None:
    model, x = dropped()
    step = jit(lambda x, model=model: model(x, training=True))
    given = (x, model) if argument else (x,)
    assert (step(*given).numpy() == 0).any()
    model.get_layer("drop").rate = 0.0
    assert (step(*given).numpy() == 1).all()


def test_a_setting_of_an_optimizer_that_a_function_closes_over_is_never_stale() -> None:
    def moved(compiled: bool) -> Any:
        w, sgd = pente.Variable(1.0), pente.optimizers.SGD(0.1)
        step = lambda: sgd.apply([pente.tensor(1.0)], [w])  # noqa: E731
        step = jit(step) if compiled else step
        step()
        sgd.momentum = 0.9
        step(), step()
        return w.numpy()

    assert moved(True) == pytest.approx(moved(False))


def test_a_layer_that_notes_something_at_each_call_is_traced_once() -> None:
    class Noting(pente.layers.Layer):
        def call(self, x: Any) -> Any:
            self.last_shape = x.shape
            return x * 2

    layer, runs = Noting(), []
    step = jit(lambda x: (runs.append(1), layer(x))[1])
    for _ in range(3):
        step(np.ones(3, np.float32))
    assert len(runs) == 1


def test_a_frozen_normalization_without_weights_of_its_own_is_never_stale() -> None:
    norm = pente.layers.BatchNormalization(center=False, scale=False)
    x = np.random.default_rng(0).normal(3.0, 2.0, (64, 4)).astype(np.float32)
    norm(x)
    step = jit(lambda x: norm(x, training=True))
    assert abs(step(x).numpy().mean()) < 1e-3  # the batch's own mean is taken off
    norm.trainable = False
    assert step(x).numpy().mean() > 1


def test_arrays_and_tensors_of_one_kind_are_one_program() -> None:
    x = np.ones((3, 2), np.float32)
    f = jit(lambda a, b: a + b)
    for args in [(x, x), (pente.tensor(x), pente.tensor(x)), (x, pente.tensor(x))]:
        np.testing.assert_array_equal(f(*args).numpy(), x + x)
    assert len(f.programs) == 1
    f(pente.tensor(x), pente.tensor(x[:1]))
    assert f.retraces == ["argument 1 was float32[3, 2] and is float32[1, 2]"]
