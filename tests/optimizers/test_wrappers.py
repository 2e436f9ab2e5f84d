"""Accumulation, averages and groups: alone, around each other, in a training, and from a config."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pente
from pente import layers
from pente.compiler import llvm
from pente.errors import UsageError
from pente.optimizers import EMA, SGD, Accumulation, Adam, AdamW, Grouped, Nadam, Optimizer, Segment, get
from pente.schedules import InverseTimeDecay

Arrays = list[np.ndarray]


def weights(dtype: str = "float64") -> list[pente.Variable]:
    rng = np.random.default_rng(0)
    shapes = {"a/kernel": (4, 3), "a/bias": (3,), "b/kernel": (3, 1), "b/bias": ()}
    return [pente.Variable(rng.normal(size=shape), name=name, dtype=dtype) for name, shape in shapes.items()]


def gradients(steps: int) -> list[Arrays]:
    rng = np.random.default_rng(1)
    return [[rng.normal(size=v.shape) for v in weights()] for _ in range(steps)]


def apply(optimizer: Optimizer, given: list[Arrays], variables: list[pente.Variable] | None = None) -> Arrays:
    """The weights after these gradients."""
    variables = weights() if variables is None else variables
    for grads in given:
        optimizer.apply([pente.tensor(g) for g in grads], variables)
    return [v.numpy() for v in variables]


def assert_close(a: Any, b: Any, rtol: float = 1e-12) -> None:
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-14)


def means(given: list[Arrays], count: int) -> list[Arrays]:
    groups = [given[i : i + count] for i in range(0, len(given) - count + 1, count)]
    return [[np.mean(parts, axis=0) for parts in zip(*group, strict=True)] for group in groups]


# Accumulation.


@pytest.mark.parametrize("make", [lambda: SGD(0.1, 0.9), lambda: AdamW(0.1, clipnorm=0.5), lambda: Nadam(0.1)])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_accumulated_gradients_are_one_gradient_their_mean(make: Callable[[], Optimizer], steps: int) -> None:
    given = gradients(7)
    assert_close(apply(Accumulation(make(), steps), given), apply(make(), means(given, steps)))


def test_weights_stay_until_a_group_is_whole() -> None:
    optimizer, variables, given = Accumulation(Adam(0.1), 3), weights(), gradients(3)
    before = [v.numpy() for v in variables]
    assert all(np.array_equal(a, b) for a, b in zip(apply(optimizer, given[:2], variables), before, strict=True))
    assert (optimizer.iterations.numpy(), optimizer.batches.numpy()) == (0, 2)
    assert not any(np.array_equal(a, b) for a, b in zip(apply(optimizer, given[2:], variables), before, strict=True))
    assert (optimizer.iterations.numpy(), optimizer.batches.numpy()) == (1, 0)


def test_a_gradient_without_bound_does_not_outlive_its_group() -> None:
    w, optimizer = pente.Variable(1.0, name="w"), Accumulation(SGD(0.1, clipvalue=1.0), 2)
    step = pente.jit(lambda g: optimizer.apply([g], [w]))
    for g in (float("inf"), 1.0, 0.0, 0.0):
        step(np.float32(g))
    assert w.numpy() == pytest.approx(0.9)


@pytest.mark.parametrize("jit", [False, True])
def test_what_a_weight_had_gathered_when_it_was_frozen_is_gone_when_it_thaws(jit: bool) -> None:
    a, b = pente.Variable(0.0, name="a"), pente.Variable(0.0, name="b")
    optimizer = Accumulation(SGD(1.0), 4)

    def follow(g: Any) -> None:
        optimizer.apply([g + 0.0 * a, g + 0.0 * b], [a, b])  # as a model does, the step reads both

    step = pente.jit(follow) if jit else follow
    for gradients, trainable in (([64.0] * 6, True), ([1.0] * 4, False), ([1.0] * 2, True)):
        b.trainable = trainable
        for g in gradients:
            step(np.float32(g))
    assert (a.numpy(), b.numpy()) == (-64.0 - 130 / 4 - 1.0, -64.0 - 2 / 4)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras and torch with NumPy 2
def test_keras_accumulates_to_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    theirs = keras.optimizers.Adam(2**-5, gradient_accumulation_steps=3)
    variables = [keras.Variable(v.numpy(), dtype="float64") for v in weights()]
    for grads in gradients(7):
        theirs.apply([keras.ops.convert_to_tensor(g) for g in grads], variables)
    ours = apply(Accumulation(Adam(2**-5), 3), gradients(7))
    assert_close(ours, [keras.ops.convert_to_numpy(v) for v in variables], rtol=1e-10)


# Averages.


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras and torch with NumPy 2
def test_the_average_is_that_of_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    theirs = keras.optimizers.SGD(2**-5, use_ema=True, ema_momentum=0.75)
    variables = [keras.Variable(v.numpy(), dtype="float64") for v in weights()]
    ours, own = EMA(SGD(2**-5), 0.75), weights()
    for grads in gradients(5):
        theirs.apply([keras.ops.convert_to_tensor(g) for g in grads], variables)
        apply(ours, [grads], own)
    theirs.finalize_variable_values(variables)
    assert_close([v.numpy() for v in own], apply(SGD(2**-5), gradients(5)))
    ours.assign_to(own)
    assert_close([v.numpy() for v in own], [keras.ops.convert_to_numpy(v) for v in variables], rtol=1e-10)


@pytest.mark.parametrize("warmup", [False, True])
def test_the_average_begins_with_the_first_weights_and_follows(warmup: bool) -> None:
    optimizer, variables = EMA(SGD(0.1), 0.9, warmup), weights()
    average: Any = None
    for t, grads in enumerate(gradients(12), 1):
        now = apply(optimizer, [grads], variables)
        momentum = min(0.9, (1 + t) / (10 + t)) if warmup else 0.9
        average = now if t == 1 else [momentum * a + (1 - momentum) * w for a, w in zip(average, now, strict=True)]
        with optimizer.averaged(variables):
            assert_close([v.numpy() for v in variables], average, rtol=1e-10)
        assert_close([v.numpy() for v in variables], now)


def test_weights_come_back_where_the_block_fails() -> None:
    optimizer, variables = EMA(SGD(0.1)), weights()
    now = apply(optimizer, gradients(2), variables)
    with pytest.raises(ZeroDivisionError), optimizer.averaged(variables):
        raise ZeroDivisionError
    assert_close([v.numpy() for v in variables], now)


def test_a_weight_that_is_unfrozen_later_is_averaged_from_what_it_was() -> None:
    a, b = pente.Variable(1.0, name="a"), pente.Variable(10.0, name="b")
    optimizer = EMA(SGD(1.0), 0.75)
    optimizer.apply([pente.tensor(0.0)], [a])
    optimizer.apply([pente.tensor(0.0), pente.tensor(4.0)], [a, b])
    with optimizer.averaged([a, b]):
        assert b.numpy() == 9.0


def test_without_averages_there_is_nothing_to_assign() -> None:
    optimizer, variables = EMA(SGD(0.1)), weights()
    for early in (lambda: None, lambda: optimizer.build(variables)):
        early()
        with pytest.raises(UsageError, match=r"no averages of these weights yet: train first"):
            optimizer.assign_to(variables)
    apply(optimizer, gradients(1), variables)
    with pytest.raises(UsageError, match="the model that was trained"):
        optimizer.assign_to(weights())


# Groups.


def test_each_group_follows_its_own_rule() -> None:
    given = gradients(4)
    grouped = apply(Grouped({"*/bias": SGD(0.5, 0.9), "b/*": Nadam(0.1), "*": Adam(0.2)}), given)
    by_sgd, by_nadam, by_adam = (apply(rule, given) for rule in (SGD(0.5, 0.9), Nadam(0.1), Adam(0.2)))
    assert_close(grouped, [by_adam[0], by_sgd[1], by_nadam[2], by_sgd[3]])


def test_the_state_of_groups_has_paths_of_its_own() -> None:
    optimizer = Grouped({"*/bias": SGD(0.5, 0.9), "b/*": SGD(0.1), "*": Adam(0.2)})
    optimizer.build(weights())
    names = [v.name for v in optimizer.variables]
    assert len(set(names)) == len(names)
    assert {"optimizer_2/momentum/a/bias", "optimizer_1/iterations", "optimizer/velocity/a/kernel"} <= set(names)


def test_a_rate_that_is_set_moves_all_rates_in_proportion() -> None:
    optimizer = Grouped({"*/bias": SGD(0.5), "*": Adam(0.25)})
    assert float(optimizer.learning_rate) == 0.25
    before = optimizer.revision
    optimizer.learning_rate = 0.125
    assert [float(o.learning_rate) for o in optimizer.groups.values()] == [0.25, 0.125]
    assert optimizer.revision == before
    with pytest.raises(UsageError, match=r"write opt.groups\['\*'\].epsilon"):
        optimizer.epsilon = 1.0
    optimizer.groups["*"].epsilon = 1.0
    assert optimizer.revision > before


def test_a_group_that_follows_a_schedule_keeps_all_rates_from_being_set() -> None:
    optimizer = Grouped({"*/bias": SGD(InverseTimeDecay(0.5, 1, 1.0)), "*": Adam(0.25)})
    with pytest.raises(UsageError, match="follows a schedule"):
        optimizer.learning_rate = 0.125
    assert float(optimizer.learning_rate) == 0.25


def test_a_segment_of_rate_0_freezes_and_segments_hold_inside_wrappers() -> None:
    parts = {"a/*": Segment(rate=0.0), "*/bias": Segment(decay=0.0, rate=2.0)}
    settings: dict[str, Any] = {"weight_decay": 0.5, "segments": parts}
    for optimizer in (Adam(0.1, **settings), EMA(Accumulation(Adam(0.1, **settings), 1))):
        after = apply(optimizer, gradients(3))
        assert_close(after[:2], [v.numpy() for v in weights()[:2]])
        assert_close(after[2:3], apply(Adam(0.1, weight_decay=0.5), gradients(3))[2:3])
        assert_close(after[3:], apply(Adam(0.2), gradients(3))[3:], rtol=1e-7)


# Around each other, in a training.

WRAPPED: dict[str, Callable[[], Optimizer]] = {
    "accumulation": lambda: Accumulation(Adam(0.01), 3),
    "average": lambda: EMA(SGD(0.1, 0.9), 0.9),
    "average of accumulation": lambda: EMA(Accumulation(Adam(0.01), 3), 0.9, warmup=True),
    "accumulation of average": lambda: Accumulation(EMA(Adam(0.01), 0.9, warmup=True), 3),
    "groups": lambda: Grouped({"*/bias": SGD(InverseTimeDecay(0.1, 1, 0.5), 0.9), "*": Adam(0.01)}),
    "all": lambda: EMA(Accumulation(Grouped({"*/bias": SGD(0.1, 0.9), "*": AdamW(0.01)}), 3), 0.9),
}


def trained(optimizer: Optimizer, jit: bool = True, epochs: int = 3) -> pente.Sequential:
    """A model with running statistics after ``epochs`` epochs of 4 batches."""
    pente.set_seed(0)
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    model = pente.Sequential([layers.Dense(4, use_bias=False), layers.BatchNormalization(), layers.Dense(1)])
    model.compile(optimizer, "mse", jit=jit)
    model.fit(x, x[:, :1] * x[:, 1:2], epochs=epochs, batch_size=8, verbose=0)
    return model


@pytest.mark.parametrize("name", WRAPPED)
def test_compiled_training_is_eager_training_and_is_one_program(name: str) -> None:
    compiled, eager = trained(WRAPPED[name]()), trained(WRAPPED[name](), jit=False)
    held, other = ([*model.variables, *model.optimizer.variables] for model in (compiled, eager))
    for a, b in zip(held, other, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-4, atol=2e-5, err_msg=str(a.name))
    program = vars(compiled)["programs"]["train_step"]
    assert program.retraces == []
    assert not llvm.available() or program.recent.runner is not None  # many steps in one native call


def test_both_orders_of_accumulation_and_average_are_the_same() -> None:
    one, other = weights(), weights()
    outside, inside = EMA(Accumulation(Adam(0.1), 3), 0.9), Accumulation(EMA(Adam(0.1), 0.9), 3)
    apply(outside, gradients(8), one)
    apply(inside, gradients(8), other)
    outside.assign_to(one)
    inside.assign_to(other)
    assert_close([v.numpy() for v in one], [v.numpy() for v in other])


def test_micro_batches_train_as_one_large_batch_does() -> None:
    pente.set_seed(0)
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    small, large = (pente.Sequential([layers.Dense(4, activation="tanh"), layers.Dense(1)]) for _ in range(2))
    small.build((None, 3))
    large.build((None, 3))
    large.set_weights(small.get_weights())
    for model, optimizer, size in [(small, Accumulation(Adam(0.01), 4), 8), (large, Adam(0.01), 32)]:
        model.compile(optimizer, "mse")
        model.fit(x, x[:, :1], epochs=5, batch_size=size, shuffle=False, verbose=0)
    for a, b in zip(small.get_weights(), large.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert small.optimizer.iterations.numpy() == large.optimizer.iterations.numpy() == 10


def test_a_group_goes_on_over_the_end_of_an_epoch_and_statistics_follow_every_batch() -> None:
    model = trained(Accumulation(SGD(0.0001), 3), epochs=1)  # 4 batches: one update, and one that waits
    optimizer = model.optimizer
    assert (optimizer.iterations.numpy(), optimizer.batches.numpy()) == (1, 1)  # type: ignore[attr-defined]
    every = trained(SGD(1e-9), epochs=1)
    for a, b in zip(model.layers[1].non_trainable_weights, every.layers[1].non_trainable_weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-2, atol=1e-3)


def test_a_schedule_counts_updates() -> None:
    model = trained(Accumulation(SGD(InverseTimeDecay(0.1, 1, 1.0)), 3))  # 12 batches, 4 updates
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1 / 4)


def test_a_model_is_evaluated_with_its_averages() -> None:
    model = trained(EMA(Adam(0.05), 0.9))
    x = np.random.default_rng(1).normal(size=(16, 3)).astype("float32")
    before = model.predict(x, verbose=0)
    optimizer = model.optimizer
    assert isinstance(optimizer, EMA)
    with optimizer.averaged(model):
        averaged = model.predict(x, verbose=0)
    assert not np.allclose(averaged, before)
    assert np.array_equal(model.predict(x, verbose=0), before)
    optimizer.assign_to(model)
    assert np.array_equal(model.predict(x, verbose=0), averaged)


@pytest.mark.parametrize("name", WRAPPED)
def test_a_config_makes_an_equal_optimizer_with_the_same_paths(name: str) -> None:
    optimizer = WRAPPED[name]()
    again = get({"class_name": type(optimizer).__name__, "config": optimizer.get_config()})
    assert repr(again) == repr(optimizer)
    for made in (optimizer, again):
        made.build(weights())
    assert [v.name for v in again.variables] == [v.name for v in optimizer.variables]
    assert len({v.name for v in again.variables}) == len(again.variables)


@pytest.mark.parametrize("name", WRAPPED)
def test_a_copy_goes_on_alone(name: str) -> None:
    optimizer, variables = WRAPPED[name](), weights()
    apply(optimizer, gradients(2), variables)
    other, copies = copy.deepcopy((optimizer, variables))
    ahead = apply(optimizer, gradients(4), variables)
    assert [v.name for v in other.variables] == [v.name for v in optimizer.variables]
    assert_close(apply(other, gradients(4), copies), ahead)


def test_segments_are_copied_and_stay_read_only() -> None:
    other = copy.deepcopy(Adam(0.1, segments={"*": Segment(rate=0.5)}))
    assert other.segments == {"*": Segment(rate=0.5)}
    with pytest.raises(TypeError):
        other.segments["*"] = Segment()  # type: ignore[index]


@pytest.mark.parametrize("name", WRAPPED)
def test_a_saved_model_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    model = trained(WRAPPED[name](), epochs=1)
    model.save(tmp_path / "model.pente")
    other = pente.load_model(tmp_path / "model.pente")
    assert repr(other.optimizer) == repr(model.optimizer)
    x = np.random.default_rng(2).normal(size=(32, 3)).astype("float32")
    for one in (model, other):
        one.fit(x, x[:, :1], epochs=2, batch_size=8, verbose=0)
    for a, b in zip(
        [*model.variables, *model.optimizer.variables], [*other.variables, *other.optimizer.variables], strict=True
    ):
        assert np.array_equal(a.numpy(), b.numpy()), a.name


@pytest.mark.parametrize("name", ["all", "accumulation of average"])
def test_a_callback_that_sets_the_rate_reaches_the_optimizer_inside(name: str) -> None:
    model = trained(WRAPPED[name]())
    before = float(model.optimizer.learning_rate)
    x = np.zeros((8, 3), "float32")
    slower = pente.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    model.fit(x, x[:, :1], epochs=2, batch_size=8, verbose=0, callbacks=[slower])
    assert float(model.optimizer.learning_rate) == pytest.approx(before / 2)
    assert float(model.optimizer.nested()[-1].learning_rate) == pytest.approx(before / 2)
    assert vars(model)["programs"]["train_step"].retraces == []


def test_a_config_of_plain_numbers_is_enough() -> None:
    inner = {"class_name": "Adam", "config": {"learning_rate": 0.1}}
    made = get({"class_name": "Accumulation", "config": {"optimizer": inner, "steps": 2}})
    assert repr(made) == "Accumulation(optimizer=Adam(learning_rate=0.1), steps=2)"
    assert repr(EMA("adam")) == "EMA(optimizer=Adam())"
    assert repr(Grouped({"*": "sgd"})) == "Grouped(groups={'*': SGD()})"


def test_settings_reach_the_optimizer_inside_and_rates_never_recompile() -> None:
    inner = AdamW(0.1)
    optimizer = EMA(Accumulation(inner, 2))
    before = optimizer.revision
    optimizer.learning_rate = 0.5
    optimizer.weight_decay = 0.25
    assert (float(inner.learning_rate), float(inner.weight_decay)) == (0.5, 0.25)
    assert optimizer.learning_rate is inner.learning_rate
    assert optimizer.iterations is inner.iterations
    assert optimizer.revision == before
    for change in ("beta_1", "steps", "momentum", "clipnorm"):
        setattr(optimizer, change, 3 if change == "steps" else 0.5)
        assert optimizer.revision > before
        before = optimizer.revision
    assert (inner.beta_1, inner.clipnorm, optimizer.steps, optimizer.momentum) == (0.5, 0.5, 3, 0.5)


def test_a_schedule_inside_is_reached_from_outside() -> None:
    optimizer = Accumulation(SGD(InverseTimeDecay(0.1, 1, 1.0)), 2)
    assert optimizer.schedule is optimizer.optimizer.schedule
    optimizer.schedule = None
    optimizer.learning_rate = 0.5
    assert float(optimizer.optimizer.learning_rate) == 0.5


@pytest.mark.parametrize(
    ("misuse", "line"),
    [
        (lambda: Accumulation(Adam(), 0), "steps is a whole number from 1 up, got 0"),
        (lambda: Accumulation(Adam(), 1.5), "steps is a whole number"),
        (lambda: Accumulation(4, 4), r"got 4: write Accumulation\(Adam\(0.001\)"),
        (lambda: Accumulation(Adam, 4), "stands around an optimizer"),
        (lambda: EMA(EMA(Adam())), "EMA stands twice"),
        (lambda: EMA(Adam(), momentum=1.5), "momentum is a number from 0 to 1"),
        (lambda: Grouped({}), r'write Grouped\({"\*/bias"'),
        (lambda: Grouped(Adam()), "Grouped takes optimizers by the paths"),
        (lambda: Grouped({"*": EMA(Adam())}), r"write EMA\(Grouped"),
        (lambda: Grouped(dict.fromkeys("ab", Adam())), "one optimizer stands in two groups"),
        (lambda: apply(Grouped({"*/bias": Adam()}), gradients(1)), r'a/kernel fits no group: add "\*": Adam\(\)'),
        (lambda: Grouped({"*": Adam()}).init([pente.ones(2)]), r"write opt.apply\(grads, model\)"),
    ],
)
def test_what_cannot_be_wrapped_is_refused_with_the_line_that_works(misuse: Any, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        misuse()


def test_the_pure_functions_of_wrappers_do_what_the_door_does() -> None:
    optimizer, variables = EMA(Accumulation(Adam(0.1), 2), 0.9), weights()
    params: list[Any] = [v.read() for v in variables]
    state = optimizer.init(params)
    for grads in gradients(5):
        params, state = optimizer.update([pente.tensor(g) for g in grads], params, state)
    assert_close([x.numpy() for x in params], apply(optimizer, gradients(5), variables))
    assert int(optimizer.done(state)) == optimizer.iterations.numpy() == 2
