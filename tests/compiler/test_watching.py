"""A watched step gives more and computes the same: values and gradients from inside, and no other bit of training."""

from typing import Any

import numpy as np
import pytest

import pente
from benchmarks.workloads import WORKLOADS
from pente import Sequential, jit, layers
from pente.autodiff.watching import Found, watched
from pente.errors import UnknownNameError, UsageError

NETS = ["mlp", "tabular", "cnn", "lstm", "gpt"]  # among them BatchNormalization, Dropout, a scan and attention
ROWS = 5


def trained(name: str, jit: bool, every: int) -> tuple[list[Any], list[float], Found | None]:
    """All state and the losses after three steps, of which each ``every``-th is watched."""
    pente.set_seed(0)
    work = WORKLOADS[name](jit=jit)
    model, found = work.model, None
    x, y = (pente.asarray(np.asarray(a)[:ROWS]) for a in (work.x, work.y))
    losses = []
    for step in range(3):
        if every and step % every == 0:
            logs, found = model._watched("train_step", ("*",), x, y, None)
        else:
            logs = model._step(x, y, None)
        losses.append(logs["loss"].item())
    return [v.numpy() for v in model._all_variables()], losses, found


# The promise.


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])
@pytest.mark.parametrize("name", NETS)
def test_watching_changes_no_bit_of_a_training(name: str, compiled: bool) -> None:
    never, losses, _ = trained(name, compiled, every=0)
    for every in (1, 2):
        state, told, found = trained(name, compiled, every)
        assert told == losses
        assert found
        for ours, theirs in zip(state, never, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", NETS)
def test_a_compiled_step_watches_what_an_eager_one_does(name: str) -> None:
    seen = []
    for compiled in (True, False):
        pente.set_seed(0)
        work = WORKLOADS[name](jit=compiled)
        x, y = (pente.asarray(np.asarray(a)[:ROWS]) for a in (work.x, work.y))
        seen.append(work.model._watched("train_step", ("*",), x, y, None)[1])
    assert list(seen[0]) == list(seen[1])
    for path in seen[0]:
        ours, theirs = seen[0][path], seen[1][path]
        assert ours.reason == theirs.reason
        np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-3, atol=1e-4, err_msg=path)
        if ours.grad is not None:
            scale = float(np.abs(theirs.grad.numpy()).max())
            np.testing.assert_allclose(ours.grad, theirs.grad, rtol=1e-3, atol=1e-3 * scale + 1e-7, err_msg=path)


def test_steps_that_fit_runs_by_itself_go_on_as_before_after_a_watched_one() -> None:
    x, y = np.random.default_rng(0).normal(size=(64, 5)).astype(np.float32), np.zeros(64, np.int64)
    finals = []
    for watch in (False, True):
        pente.set_seed(0)
        model = Sequential([layers.Dense(8, activation="relu"), layers.Dropout(0.5), layers.Dense(3)])
        model.compile("adam", pente.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, batch_size=16, verbose=0)
        if watch:
            model.record(x[:16], y[:16])
        model.fit(x, y, batch_size=16, verbose=0)
        finals.append(model.get_weights())
    for ours, theirs in zip(*finals, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# What is found.


def model_and_loss() -> tuple[Any, Any]:
    pente.set_seed(0)
    model = Sequential([layers.Dense(3, activation="tanh", name="first"), layers.Dense(1, name="last")])
    model.build((None, 4))
    return model, lambda x: (model(x) ** 2).sum()


@pytest.fixture(params=[lambda f, *paths: jit(f).watched(*paths), watched], ids=["compiled", "eager"])
def watch(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_values_and_gradients_are_those_of_the_formulas(watch: Any) -> None:
    model, loss = model_and_loss()
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)
    step = pente.value_and_grad(loss, wrt=model)
    (_, slopes), found = watch(step, "first", "last", "*/kernel")(x)
    hidden, out = found["first"], found["last"]
    np.testing.assert_allclose(hidden.value, np.tanh(x @ model.layers[0].kernel.numpy()), rtol=1e-5)
    np.testing.assert_allclose(out.grad, 2 * out.value.numpy(), rtol=1e-6)
    np.testing.assert_allclose(hidden.grad, out.grad.numpy() @ model.layers[1].kernel.numpy().T, rtol=1e-6)
    assert hidden.shape == (2, 3)
    np.testing.assert_array_equal(found["first/kernel"].grad, slopes[0])
    np.testing.assert_array_equal(found["last/kernel"].grad, slopes[2])
    assert list(found) == ["first", "last", "first/kernel", "last/kernel"]


def test_backward_and_tape_and_value_and_grad_give_the_same(watch: Any) -> None:
    model, loss = model_and_loss()

    def by_tape(x: Any) -> None:
        with pente.GradientTape() as tape:
            value = loss(x)
        tape.gradient(value, model.trainable_weights)

    ways = [lambda x: loss(x).backward(), by_tape, lambda x: pente.value_and_grad(loss, wrt=model)(x)[0]]
    grads = [watch(way, "first")(np.ones((2, 4), np.float32))[1]["first"].grad.numpy() for way in ways]
    np.testing.assert_array_equal(grads[0], grads[1])
    np.testing.assert_array_equal(grads[0], grads[2])


def test_a_variable_has_its_value_before_the_step(watch: Any) -> None:
    v = pente.Variable([1.0, 2.0], name="v")

    def step(x: Any) -> Any:
        value, (slope,) = pente.value_and_grad(lambda: (v * v * x).sum(), wrt=[v])()
        v.assign(v - slope)
        return value

    _, found = watch(step, "v")(pente.tensor(1.0))
    assert found["v"].value.tolist() == [1.0, 2.0]
    assert found["v"].grad.tolist() == [2.0, 4.0]
    assert v.numpy().tolist() == [-1.0, -2.0]


def test_a_layer_called_several_times_has_a_list_in_the_order_of_calls(watch: Any) -> None:
    double = layers.Dense(1, kernel_initializer="ones", use_bias=False, name="double")
    double.build((None, 1))
    step = pente.grad(lambda x: (double(double(x) * 2) * 5).sum())
    calls = watch(step, "double")(pente.ones((1, 1)))[1]["double"]
    assert [call.value.item() for call in calls] == [1.0, 2.0]
    assert [call.grad.item() for call in calls] == [10.0, 5.0]


def test_a_gradient_reaches_what_nothing_before_it_needs_one_for(watch: Any) -> None:
    model = Sequential([layers.Flatten(name="features"), layers.Dense(1, kernel_initializer="ones")])
    model.build((None, 2, 2))
    step = pente.value_and_grad(lambda x: (model(x) * 3).sum(), wrt=model)
    assert watch(step, "features")(np.ones((1, 2, 2), np.float32))[1]["features"].grad.tolist() == [[3.0] * 4]


def test_a_layer_that_gives_several_tensors_is_watched_as_it_gives_them(watch: Any) -> None:
    rnn = layers.LSTM(3, return_state=True, name="rnn")
    rnn.build((None, 5, 2))
    step = pente.value_and_grad(lambda x: sum(s.sum() for s in rnn(x)[:2]), wrt=[rnn.kernel])
    found = watch(step, "rnn")(np.ones((2, 5, 2), np.float32))[1]["rnn"]
    assert [x.shape for x in found.value] == [(2, 3)] * 3
    assert [None if g is None else g.shape for g in found.grad] == [(2, 3), (2, 3), None]
    assert "does not depend on it" in found.reason


# Where there is no gradient.


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (lambda model, x: model(x).sum(), "no gradient was taken"),
        (lambda model, x: pente.grad(lambda y: (y + model(x)).sum())(x), None),
        (lambda model, x: pente.grad(lambda y: y.sum() + pente.stop_gradient(model(x)).sum())(x), "stop_gradient"),
    ],
    ids=["none taken", "taken", "stopped"],
)
def test_a_missing_gradient_has_a_reason(watch: Any, step: Any, reason: str | None) -> None:
    model, _ = model_and_loss()
    found = watch(lambda x: step(model, x), "last")(np.ones((2, 4), np.float32))[1]["last"]
    assert (found.grad is None) == (reason is not None)
    assert (reason or "") in found.reason


def test_a_frozen_weight_says_why_it_has_no_gradient(watch: Any) -> None:
    model, loss = model_and_loss()
    model.layers[0].freeze()
    step = pente.value_and_grad(loss, wrt=model)
    found = watch(step, "first*")(np.ones((2, 4), np.float32))[1]
    assert found["first"].grad.shape == (2, 3)
    assert found["first/kernel"].grad is None
    assert "not trainable" in found["first/kernel"].reason


def test_a_gradient_inside_of_another_does_not_count(watch: Any) -> None:
    model, loss = model_and_loss()

    def penalty(x: Any) -> Any:
        return loss(x) + 0.0 * (pente.grad(loss)(x) ** 2).sum()

    x = np.ones((2, 4), np.float32)
    ours = watch(pente.value_and_grad(penalty, wrt=model), "last")(x)[1]["last"][0]
    plain = watch(pente.value_and_grad(loss, wrt=model), "last")(x)[1]["last"]
    np.testing.assert_allclose(ours.grad, plain.grad, rtol=1e-6)


# What cannot be watched.


def test_an_unknown_path_is_told_with_the_nearest_and_changes_nothing(watch: Any) -> None:
    v = pente.Variable(1.0, name="weight")

    def step(x: Any) -> None:
        v.assign(v * x)

    with pytest.raises(UnknownNameError, match=r"named 'wieght'\. Did you mean 'weight'?"):
        watch(step, "weight", "wieght")(2.0)
    assert v.numpy() == 1.0


@pytest.mark.parametrize("around", ["scan", "remat"])
def test_what_only_an_inner_program_computes_is_refused(watch: Any, around: str) -> None:
    cell = layers.Dense(2, name="cell")
    cell.build((None, 2))

    def step(x: Any) -> Any:
        if around == "scan":
            return pente.scan(lambda c, _: (cell(c), ()), x, length=3)[0]
        return pente.remat(cell)(x)

    with pytest.raises(UsageError, match="cell is computed inside of a scan"):
        watch(step, "cell")(np.ones((1, 2), np.float32))


def test_the_weights_of_a_scan_can_be_watched(watch: Any) -> None:
    rnn = layers.GRU(3, name="rnn")
    rnn.build((None, 5, 2))
    x = np.random.default_rng(0).normal(size=(2, 5, 2)).astype(np.float32)
    (_, slopes), found = watch(pente.value_and_grad(lambda x: rnn(x).sum(), wrt=rnn), "rnn*")(x)
    assert list(found) == ["rnn", "rnn/kernel", "rnn/recurrent_kernel", "rnn/bias"]
    np.testing.assert_array_equal(found["rnn/recurrent_kernel"].grad, slopes[1])


# How it is kept.


def test_a_program_that_watches_is_traced_once_for_its_paths() -> None:
    _, loss = model_and_loss()
    runs = []
    step = jit(lambda x: (runs.append(1), loss(x))[1])
    x = np.ones((2, 4), np.float32)
    for _ in range(2):
        step(x), step.watched("first")(x), step.watched("first", "last")(x)
    assert len(runs) == 3
    assert step.retraces == ["other values inside are watched"] * 2


def test_without_keep_the_state_stays(watch: Any) -> None:
    v = pente.Variable(1.0, name="v")
    step = lambda: v.assign(v + 1)  # noqa: E731
    for run in (jit(step).watched("v", keep=False), watched(step, "v", keep=False)):
        assert run()[1]["v"].value.item() == 1.0
        assert v.numpy() == 1.0


def test_without_keep_an_optimizer_stays_as_it_was_too() -> None:
    w, adam = pente.Variable([1.0, 2.0], name="w"), pente.optimizers.Adam(0.1)
    step = lambda: adam.apply([pente.ones(2)], [w])  # noqa: E731
    step()
    before = [v.numpy() for v in (w, *adam.variables)]
    for run in (jit(step).watched("w", keep=False), watched(step, "w", keep=False)):
        run()
        for old, v in zip(before, (w, *adam.variables), strict=True):
            np.testing.assert_array_equal(v.numpy(), old)


def test_what_is_jitted_inside_of_a_watched_function_is_seen() -> None:
    model, _ = model_and_loss()
    inner = jit(model)
    inner(np.ones((2, 4), np.float32))
    assert watched(lambda x: inner(x), "first")(np.ones((2, 4), np.float32))[1]["first"].shape == (2, 3)
