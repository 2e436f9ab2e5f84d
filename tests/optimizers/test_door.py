"""The user's door: models and lists, Keras's way and PyTorch's, and what is refused."""

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pente
from pente.config import arguments
from pente.errors import GradientError, ShapeError, UnknownNameError, UsageError
from pente.optimizers import (
    EMA,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lamb,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
    Segment,
    get,
)

ALL = [
    SGD(0.1),
    SGD(0.1, 0.9),
    RMSprop(0.1),
    Adam(0.1),
    AdamW(0.1),
    Adagrad(0.1),
    Adadelta(0.1),
    Adamax(0.1),
    Nadam(0.1),
    Lion(0.1),
    Lamb(0.1),
]


@dataclass
class Model:
    """All that an optimizer asks of a model."""

    variables: list[pente.Variable]

    @property
    def trainable_variables(self) -> list[pente.Variable]:
        return [v for v in self.variables if v.trainable]


def model() -> Model:
    return Model([pente.Variable(np.ones(3), name="a/kernel"), pente.Variable(np.ones(2), name="a/bias")])


def gradients(m: Model) -> list[pente.Tensor]:
    return [pente.tensor(np.full(v.shape, 0.5)) for v in m.trainable_variables]


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: type(o).__name__)
def test_every_weight_moves_at_every_step_and_not_only_the_last(optimizer: Optimizer) -> None:
    m = model()
    for _ in range(3):
        before = [v.numpy() for v in m.variables]
        optimizer.apply(gradients(m), m)
        assert all(np.all(v.numpy() < old) for v, old in zip(m.variables, before, strict=True))


def test_the_ways_of_keras_and_pytorch_do_the_same() -> None:
    ours, keras, torch, one = model(), model(), model(), model()
    Adam(0.1).apply(gradients(ours), ours)
    Adam(0.1).apply_gradients(zip(gradients(keras), keras.variables, strict=True))
    (0.5 * torch.variables[0].sum() + 0.5 * torch.variables[1].sum()).backward()
    Adam(0.1).step(torch)
    Adam(0.1).apply({"k": gradients(one)[0], "b": gradients(one)[1]}, dict(zip("kb", one.variables, strict=True)))
    for other in (keras, torch, one):
        for v, w in zip(ours.variables, other.variables, strict=True):
            assert np.array_equal(v.numpy(), w.numpy())


def test_what_a_user_holds_does_not_change_under_a_step() -> None:
    w = pente.Variable([1.0], name="w")
    held, view = w.read(), w.read().numpy()
    SGD(0.1).apply([pente.tensor([1.0])], [w])
    assert held.tolist() == view.tolist() == [1.0]
    assert w.version == 1


def test_a_frozen_weight_stays_and_keeps_its_slots() -> None:
    m, optimizer = model(), SGD(0.1, 0.9)
    optimizer.apply(gradients(m), m)
    slots = {v.name: v.numpy() for v in optimizer.variables}
    m.variables[0].trainable = False
    before = m.variables[0].numpy()
    optimizer.apply(gradients(m), m)
    optimizer.apply([pente.tensor(np.ones(3)), pente.tensor(np.ones(2))], m.variables)  # the first is left aside
    optimizer.apply([None, pente.tensor(np.ones(2))], m.variables)
    after = {v.name: v.numpy() for v in optimizer.variables}
    assert np.array_equal(m.variables[0].numpy(), before)
    assert np.array_equal(after["optimizer/momentum/a/kernel"], slots["optimizer/momentum/a/kernel"])
    assert not np.array_equal(after["optimizer/momentum/a/bias"], slots["optimizer/momentum/a/bias"])


def test_a_weight_that_is_unfrozen_later_gets_its_slots_then() -> None:
    m, optimizer = model(), Adam(0.1)
    m.variables[0].trainable = False
    optimizer.apply(gradients(m), m)
    m.variables[0].trainable = True
    optimizer.apply(gradients(m), m)
    assert np.all(m.variables[0].numpy() < 1)


def test_weights_never_share_slots_whatever_they_are_called() -> None:
    weights = [pente.Variable(np.ones(n), name=name) for n, name in ((1, "w_1"), (2, "w"), (3, "w"))]
    optimizer = SGD(0.1, 0.9)
    optimizer.build(weights[:2])
    weights[1].name = "block/w"  # as it is called inside of another model
    weights.append(pente.Variable(np.ones(4), name="w"))
    for _ in range(2):
        optimizer.apply([pente.tensor(np.ones(w.shape)) for w in weights], weights)
    slots = [v for v in optimizer.variables if str(v.name).startswith("optimizer/momentum")]
    assert [v.shape for v in slots] == [(1,), (2,), (3,), (4,)]
    assert len({v.name for v in slots}) == 4


def test_paths_of_the_state_follow_from_the_weights() -> None:
    m, optimizer = model(), AdamW(0.1)
    assert [v.name for v in optimizer.variables] == [
        "optimizer/iterations",
        "optimizer/learning_rate",
        "optimizer/weight_decay",
    ]
    optimizer.build(m)
    made = {v.name: v for v in optimizer.variables}
    assert set(list(made)[3:]) == {
        f"optimizer/{slot}/{path}" for slot in ("momentum", "velocity") for path in ("a/kernel", "a/bias")
    }
    optimizer.apply(gradients(m), m)
    assert {v.name: v for v in optimizer.variables} == made  # the same cells
    assert made["optimizer/iterations"].numpy() == 1
    assert not any(v.trainable for v in optimizer.variables)


def test_paths_stay_distinct_where_names_are_missing_or_equal() -> None:
    weights = [pente.Variable(1.0), pente.Variable(1.0), pente.Variable(1.0, name="w"), pente.Variable(1.0, name="w")]
    optimizer = SGD(0.1, 0.9, name="critic")
    optimizer.apply([pente.tensor(1.0)] * 4, weights)
    paths = [v.name for v in optimizer.variables[2:]]
    assert paths == [f"critic/momentum/{path}" for path in ("variable", "variable_1", "w", "w_1")]


def test_a_segment_that_holds_for_no_weight_is_told() -> None:
    weights = [pente.Variable(1.0, name="backbone/kernel"), pente.Variable(1.0, name="head/kernel")]
    table = {"backbon/*": Segment(rate=0.1), "head/*": Segment(), "*/kernel": Segment(), "head/kernel": Segment()}
    for optimizer in (SGD(0.1, segments=table), EMA(SGD(0.1, segments=table))):
        line = r"^segments 'backbon/\*', 'head/kernel' hold for no .* The weights are backbone/kernel, head/kernel\.$"
        with pytest.warns(UserWarning, match=line) as told:
            optimizer.apply([pente.tensor(1.0)] * 2, weights)
        assert [warning.filename for warning in told] == [__file__]
        optimizer.apply([pente.tensor(1.0)] * 2, weights)  # once, and not at every step


def test_segments_change_rate_and_decay_by_path() -> None:
    m = model()
    parts = {"*/bias": Segment(decay=0.0), "a/*": Segment(rate=0.5)}
    optimizer = SGD(0.5, weight_decay=0.5, segments=parts)
    optimizer.apply([pente.tensor(np.ones(3)), pente.tensor(np.ones(2))], m)
    np.testing.assert_allclose(m.variables[0].numpy(), 1 - 0.25 * 0.5 - 0.25)  # half the rate, for the decay too
    np.testing.assert_allclose(m.variables[1].numpy(), 1 - 0.5)  # the first that fits holds: full rate, no decay
    assert SGD.from_config(optimizer.get_config()).segments == parts


def test_a_schedule_is_asked_at_every_step() -> None:
    w = pente.Variable(0.0, name="w")
    optimizer = SGD(lambda step: 1.0 / (step + 1))
    seen = []
    for _ in range(3):
        optimizer.apply([pente.tensor(1.0)], [w])
        seen.append(float(optimizer.learning_rate))
    assert seen == pytest.approx([1, 1 / 2, 1 / 3])
    assert w.numpy() == pytest.approx(-(1 + 1 / 2 + 1 / 3))
    with pytest.raises(UsageError, match=r"opt.schedule = None"):
        optimizer.learning_rate = 0.5
    optimizer.schedule = None
    optimizer.learning_rate = 0.5
    optimizer.apply([pente.tensor(1.0)], [w])
    assert w.numpy() == pytest.approx(-(1 + 1 / 2 + 1 / 3 + 1 / 2))


def test_a_schedule_may_begin_at_0() -> None:
    w = pente.Variable(0.0, name="w")
    optimizer = Adam(lambda step: 0.1 * step)
    optimizer.apply([pente.tensor(1.0)], [w])
    assert w.numpy() == 0
    optimizer.apply([pente.tensor(1.0)], [w])
    assert w.numpy() == pytest.approx(-0.1, rel=1e-5)


def test_the_pure_functions_do_what_the_door_does() -> None:
    for optimizer in [Adam(0.1, amsgrad=True), RMSprop(0.1, momentum=0.5, centered=True), SGD(0.1, 0.9)]:
        m = model()
        params: list[Any] = [v.read() for v in m.variables]
        state = optimizer.init(params)
        for _ in range(2):
            params, state = optimizer.update(gradients(m), params, state)
        for _ in range(2):
            optimizer.apply(gradients(m), m)
        assert int(state["iterations"]) == 2
        for v, x in zip(m.variables, params, strict=True):
            assert np.array_equal(v.numpy(), x.numpy())


def test_a_missing_gradient_is_refused_by_path_and_nothing_changes() -> None:
    m, optimizer = model(), Adam(0.1)
    with pytest.raises(GradientError, match="a/bias"):
        optimizer.apply([gradients(m)[0], None], m)
    with pytest.raises(GradientError, match="a/kernel, a/bias"):
        optimizer.apply([None, None], m)
    with pytest.raises(GradientError, match="a/kernel"):
        Adam(0.1).step(Model([pente.Variable(1.0, name="a/kernel")]))
    assert optimizer.iterations.numpy() == 0
    assert np.all(m.variables[0].numpy() == 1)


def test_gradients_that_do_not_fit_are_refused() -> None:
    m, optimizer = model(), SGD(0.1)
    with pytest.raises(GradientError, match="1 gradients for 2 trainable variables"):
        optimizer.apply(gradients(m)[:1], m)
    with pytest.raises(ShapeError, match=r"a/kernel has shape \(3,\).*\(2,\)"):
        optimizer.apply(gradients(m)[::-1], m)
    with pytest.raises(UsageError, match="twice"):
        optimizer.apply(gradients(m), [m.variables[0]] * 2)
    with pytest.raises(UsageError, match="not Tensor"):
        optimizer.apply(gradients(m), gradients(m))
    with pytest.raises(UsageError, match="nothing to train"):
        optimizer.apply([], Model([]))


@pytest.mark.parametrize(
    ("misuse", "line"),
    [
        (lambda m: Adam(lr=0.1), r"write Adam\(learning_rate=0"),
        (lambda m: Adam(0.1, betas=(0.9, 0.99)), r"write Adam\(beta_1=0.9, beta_2=0.999\)"),
        (lambda m: RMSprop(eps=1e-8), r"write RMSprop\(epsilon=1e-7\)"),
        (lambda m: Adam(m.trainable_variables), r"opt = Adam\(0.001\), then opt.apply\(grads, model\)"),
        (lambda m: Adam(v for v in m.variables), r"opt.step\(model\)"),
        (lambda m: SGD(m, learning_rate=0.1), r"opt.step\(model\)"),
        (lambda m: SGD(params=m, learning_rate=0.1), r"opt.step\(model\)"),
        (lambda m: SGD(0.1).step(), r"write opt.step\(model\)"),
        (lambda m: SGD(0.1).apply(gradients(m)), r"write opt.apply\(grads, model\)"),
        (lambda m: SGD(0.1).apply(m, gradients(m)), r"write opt.apply\(grads, model\)"),
        (lambda m: SGD(0.1, clipnorm=1.0, clipvalue=1.0), "clipvalue and clipnorm"),
        (lambda m: SGD(0.1, segments={"*": 0.1}), r"write Segment\(rate=0.1\)"),
        (lambda m: get(0.1), "expected one optimizer"),
    ],
)
def test_habits_from_elsewhere_get_the_line_that_works(misuse: Any, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        misuse(model())


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'adam'"):
        get("addam")
    with pytest.raises(UnknownNameError, match="Did you mean 'momentum'"):
        SGD(0.1, momentm=0.9)


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf"), "0.1", None, True])
def test_a_learning_rate_that_cannot_work_is_refused(rate: Any) -> None:
    with pytest.raises(UsageError, match="learning_rate is a number above 0"):
        Adam(rate)
    optimizer = Adam(0.1)
    with pytest.raises(UsageError, match="learning_rate is a number above 0"):
        optimizer.learning_rate = rate
    assert float(optimizer.learning_rate) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "settings",
    [
        {"beta_1": 1.0},
        {"beta_2": -0.1},
        {"epsilon": 0.0},
        {"weight_decay": -1.0},
        {"clipnorm": 0.0},
        {"clipvalue": -1.0},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(settings))):
        Adam(0.1, **settings)


def test_rates_are_variables_that_are_assigned_and_other_settings_raise_the_revision() -> None:
    optimizer = AdamW(0.1)
    rate, revision = optimizer.learning_rate, optimizer.revision
    optimizer.learning_rate = 0.2
    optimizer.weight_decay = 0.5
    assert optimizer.learning_rate is rate
    assert float(rate) == pytest.approx(0.2)
    assert optimizer.revision == revision
    optimizer.beta_1 = 0.5
    assert optimizer.revision > revision


def test_weight_decay_may_be_switched_on_later() -> None:
    w, optimizer = pente.Variable(1.0, name="w"), SGD(0.5)
    optimizer.weight_decay = 0.5
    optimizer.apply([pente.tensor(0.0)], [w])
    assert w.numpy() == 0.75
    assert "optimizer/weight_decay" in [v.name for v in optimizer.variables]


def test_a_config_makes_an_equal_optimizer_with_the_numbers_as_given() -> None:
    optimizer = AdamW(3e-4, 0.01, amsgrad=True, clipnorm=1.0)
    config = optimizer.get_config()
    assert (config["learning_rate"], config["weight_decay"]) == (3e-4, 0.01)
    again = get({"class_name": "AdamW", "config": config})
    assert isinstance(again, AdamW)
    assert again.get_config() == config


def test_an_optimizer_shows_what_it_was_told() -> None:
    assert repr(Adam()) == "Adam()"
    assert repr(SGD(0.1, 0.9, clipnorm=1.0)) == "SGD(learning_rate=0.1, momentum=0.9, clipnorm=1.0)"


def test_defaults_are_those_of_keras() -> None:
    assert SGD().get_config().items() >= {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False}.items()
    assert RMSprop().get_config().items() >= {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7}.items()
    adam = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}
    assert Adam().get_config().items() >= adam.items() | {("weight_decay", None)}
    assert AdamW().get_config().items() >= adam.items() | {("weight_decay", 0.004)}


@pytest.mark.parametrize("kind", [type(optimizer) for optimizer in ALL[1:]], ids=lambda kind: kind.__name__)
def test_arguments_and_defaults_are_those_of_keras_itself(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    theirs = inspect.signature(getattr(keras.optimizers, kind.__name__).__init__).parameters
    own = set(arguments(kind)) - {"segments", "name"}
    assert {name: arguments(kind)[name] for name in own} == {name: theirs[name].default for name in own}
    wrapped = {"use_ema", "ema_momentum", "ema_overwrite_frequency", "gradient_accumulation_steps"}
    assert set(theirs) - own - wrapped == {"self", "name", "kwargs", "loss_scale_factor"}


def test_get_knows_names_classes_and_objects() -> None:
    kept = SGD(0.1)
    assert get(kept) is kept
    assert [type(get(name)) for name in ("sgd", "RMSprop", "adam", "AdamW", Adam)] == [SGD, RMSprop, Adam, AdamW, Adam]
    assert [type(get(kind.__name__.lower())) for kind in map(type, ALL)] == [type(optimizer) for optimizer in ALL]
    with pytest.raises(UnknownNameError):
        get("ema")  # around what?


@pytest.mark.parametrize(
    ("misuse", "line"),
    [
        (
            lambda o: o.exclude_from_weight_decay(var_names=["bias"]),
            r'write segments={"\*/bias": Segment\(decay=0.0\)}',
        ),
        (lambda o: o.param_groups[0]["lr"], r"write Grouped"),
        (lambda o: o.zero_grad(), r"write model.zero_grad\(\)"),
        (lambda o: o.lr, "write opt.learning_rate"),
        (lambda o: o.nothing, "^Adam has no nothing$"),
    ],
)
def test_attributes_from_elsewhere_get_the_line_that_works(misuse: Any, line: str) -> None:
    with pytest.raises(AttributeError, match=line):
        misuse(Adam())
    with pytest.raises(AttributeError, match=line):
        misuse(EMA(Adam()))


def test_an_attribute_from_elsewhere_cannot_be_set_without_effect() -> None:
    for optimizer in (Adam(), EMA(Adam())):
        with pytest.raises(UsageError, match=r"Adam has no lr: write opt\.learning_rate"):
            optimizer.lr = 0.1
    with pytest.raises(UsageError, match=r"write EMA\(optimizer, momentum=0.99\)"):
        Adam(0.1, use_ema=True)
    with pytest.raises(UsageError, match=r"write Accumulation\(optimizer, steps=4\)"):
        Adam(0.1, gradient_accumulation_steps=4)
