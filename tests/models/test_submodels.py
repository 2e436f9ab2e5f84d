"""Models of a part of another: any inner tensor is an output or an input, also through nested models."""

import copy
from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Model, Sequential, layers
from pente.errors import UsageError

RNG = np.random.default_rng(3)
X = RNG.normal(size=(5, 6)).astype(np.float32)


def make_base() -> Model:
    x = Input((6,))
    inner = layers.Dense(5, activation="tanh", name="inner")(x)
    return Model(x, layers.Dense(4, name="last")(inner), name="base")


def inner_of(base: Model, x: Any) -> np.ndarray[Any, Any]:
    kernel, bias = base.get_layer("inner").get_weights()
    return np.tanh(np.asarray(x) @ kernel + bias)


def check(model: Model, x: Any, wanted: Any) -> None:
    """Eager and compiled."""
    np.testing.assert_allclose(model(x).numpy(), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict(x, verbose=0), wanted, rtol=1e-5, atol=1e-6)


def test_an_inner_layer_of_a_nested_model_is_an_output_from_the_outer_inputs() -> None:
    base, x = make_base(), Input((6,))
    base(x)
    features = Model(x, base.get_layer("inner").output)
    check(features, X, inner_of(base, X))
    assert features.weights == base.get_layer("inner").weights
    assert features.get_layer("inner") is base.get_layer("inner")


def test_what_the_nested_model_was_called_on_is_what_counts() -> None:
    base, x = make_base(), Input((6,))
    before = layers.Dense(6, name="before")
    model = Model(x, layers.Dense(2)(base(before(x))))
    features = Model(model.input, model.get_layer("base/inner").output)
    check(features, X, inner_of(base, before(X)))
    check(Model(model.input, base.output), X, base(before(X)).numpy())


def test_an_inner_layer_is_reached_through_two_models() -> None:
    base, x, outside = make_base(), Input((6,)), Input((6,))
    middle = Model(x, layers.Dense(3)(base(layers.Dense(6, name="before")(x))), name="middle")
    model = Model(outside, layers.Dense(2)(middle(outside)))
    features = Model(model.input, model.get_layer("middle/base/inner").output)
    check(features, X, inner_of(base, middle.get_layer("before")(X)))


@pytest.mark.parametrize("wrap", [lambda base: [base], lambda base: [Sequential([base], name="deep")]])
def test_an_inner_layer_is_reached_through_sequentials(wrap: Any) -> None:
    base = make_base()
    model = Sequential([Input((6,)), layers.Dense(6, name="before"), *wrap(base), layers.Dense(3)])
    features = Model(model.inputs, base.get_layer("inner").output)
    check(features, X, inner_of(base, model.get_layer("before")(X)))


def test_a_sequential_inside_opens_as_well() -> None:
    block = Sequential([Input((6,)), layers.Dense(5, name="first"), layers.Dense(4)], name="block")
    x = Input((6,))
    model = Model(x, layers.Dense(2)(block(x)))
    check(Model(x, model.get_layer("block/first").output), X, block.layers[0](X).numpy())


def test_a_new_head_stands_on_an_inner_tensor() -> None:
    base, x = make_base(), Input((6,))
    base(x)
    head = layers.Dense(2, name="new")
    model = Model(x, head(base.get_layer("inner").output))
    check(model, X, head(inner_of(base, X)).numpy())
    model.compile("sgd", "mse")
    before = [v.numpy() for v in model.weights]
    model.fit(X, np.ones((5, 2)), verbose=0)
    assert all(not np.array_equal(a, v.numpy()) for a, v in zip(before, model.weights, strict=True))


def test_an_inner_tensor_and_the_end_together_are_computed_once() -> None:
    base, x = make_base(), Input((6,))
    y = layers.Dense(2)(base(x))
    model = Model(x, {"inner": base.get_layer("inner").output, "end": y})
    outputs = model.predict(X, verbose=0)
    np.testing.assert_allclose(outputs["inner"], inner_of(base, X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs["end"], Model(x, y).predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    assert [layer.name for layer in model.layers] == ["input_layer", "inner", "last", "dense"]


def test_an_inner_tensor_of_a_nested_model_is_an_input() -> None:
    base, x = make_base(), Input((6,))
    model = Model(x, layers.Dense(2)(base(x)))
    head = Model(base.get_layer("inner").output, model.output)
    check(head, inner_of(base, X), model(X).numpy())
    middle = Model(base.get_layer("inner").output, base.get_layer("last").output)
    check(middle, inner_of(base, X), base(X).numpy())


def test_a_model_that_begins_inside_has_only_the_layers_behind() -> None:
    base, x = make_base(), Input((6,))
    model = Model(x, layers.Dense(2)(base(x)))
    hidden = base.get_layer("inner").output
    head = Model(hidden, model.output)
    assert [layer.name for layer in head.layers] == ["last", "dense"]
    head.compile("sgd", "mse")
    assert head.fit(inner_of(base, X), np.ones((5, 2)), epochs=2, verbose=0).history["loss"][1] < 10
    outside = Input((6,))
    whole = Model(outside, head(Model(base.input, hidden)(outside)))
    check(whole, X, model(X).numpy())
    check(Model(outside, base.get_layer("last").output), X, base(X).numpy())  # through the model that begins inside


def test_a_model_that_was_called_twice_says_which_ways_there_are() -> None:
    base, a, b = make_base(), Input((6,), name="a"), Input((6,), name="b")
    both = Model([a, b], layers.Subtract()([base(a), base(b)]))
    with pytest.raises(UsageError, match=r"'base', which was called 2 times .*: on [ab] and on [ab]\. Say which"):
        Model(both.inputs, base.get_layer("inner").output)
    check(Model(a, base.get_layer("inner").output), X, inner_of(base, X))  # from a alone there is one way
    inside = Model(base.input, base.get_layer("inner").output)
    check(Model([a, b], inside(b)), [X, 2 * X], inner_of(base, 2 * X))


def test_a_beginning_inside_of_a_model_that_is_called_twice_is_refused() -> None:
    base, a, b = make_base(), Input((6,), name="a"), Input((6,), name="b")
    both = layers.Subtract()([base(a), base(b)])
    with pytest.raises(UsageError, match=r"'base', which the outputs call 2 times: on a and on b\. Begin with"):
        Model(base.get_layer("inner").output, both)
    behind = Model(base.get_layer("inner").output, base.output)
    check(behind, inner_of(base, X), base(X).numpy())


def test_calls_on_the_same_tensor_and_calls_elsewhere_do_not_disturb() -> None:
    base, x = make_base(), Input((6,))
    base(x), base(x), base(Input((6,)))
    check(Model(x, base.get_layer("inner").output), X, inner_of(base, X))


def test_a_part_of_a_model_that_was_called_counts_as_well_as_the_whole() -> None:
    base, x = make_base(), Input((6,))
    twin = Model(base.input, base.get_layer("inner").output)
    twin(x)
    check(Model(x, base.output), X, base(X).numpy())


def test_several_inputs_lead_into_a_nested_model() -> None:
    a, b = Input((6,), name="a"), Input((3,), name="b")
    joined = layers.Concatenate(name="joined")([layers.Dense(4)(a), b])
    base = Model({"a": a, "b": b}, layers.Dense(2)(joined), name="base")
    p, q = Input((6,)), Input((3,))
    base({"a": p, "b": q})
    features = Model([p, q], joined)
    wanted = Model([a, b], joined).predict([X, X[:, :3]], verbose=0)
    check(features, [X, X[:, :3]], wanted)


def test_the_mode_of_the_call_holds_inside() -> None:
    x = Input((6,))
    base = Model(x, layers.BatchNormalization(name="norm")(x), name="base")
    outside = Input((6,))
    base(outside, training=False)
    features = Model(outside, base.get_layer("norm").output)
    np.testing.assert_allclose(features(X, training=True).numpy(), base(X, training=False).numpy())


def test_open_lengths_become_those_of_the_outer_input() -> None:
    x = Input((None, 6))
    inner = layers.Dense(4, name="inner")(x)
    base, outside = Model(x, layers.GlobalAveragePooling1D()(inner)), Input((7, 6))
    base(outside)
    assert Model(outside, base.get_layer("inner").output).output_shape == (None, 7, 4)


def test_a_copy_of_a_nested_model_can_be_taken_apart() -> None:
    base, x = make_base(), Input((6,))
    model = copy.deepcopy(Model(x, layers.Dense(2)(base(x))))
    inner = model.get_layer("base/inner")
    check(Model(model.input, inner.output), X, inner_of(model.get_layer("base"), X))  # type: ignore[arg-type]


def test_what_does_not_come_from_the_inputs_is_told() -> None:
    base = make_base()
    with pytest.raises(UsageError, match=r"where 'base' begins, and that was not called .*Model\(base\.input"):
        Model(Input((6,)), base.get_layer("inner").output)
    with pytest.raises(UsageError, match="which is not among the inputs"):
        Model(Input((6,)), layers.Dense(2)(Input((6,))))


def test_a_call_of_ones_own_is_never_opened() -> None:
    class Doubled(Model):
        def call(self, x: Any) -> Any:
            return 2 * self.graph.run(x)  # type: ignore[union-attr]

    x, outside = Input((6,)), Input((6,))
    inner = layers.Dense(4, name="inner")(x)
    base = Doubled(x, layers.Dense(2)(inner))
    base(outside)
    with pytest.raises(UsageError, match="not among the inputs"):
        Model(outside, inner)


def test_a_deep_nested_model_opens_without_recursion() -> None:
    x = inner = Input((2,))
    for _ in range(300):
        inner = layers.Activation("linear")(inner)
    base, outside = Model(x, inner + 1.0), Input((2,))
    base(outside)
    np.testing.assert_array_equal(Model(outside, inner)(np.ones((1, 2))).numpy(), np.ones((1, 2)))
    assert pente.Model(outside, inner).count_params() == 0


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("used", ["one output", "one loss"])
def test_of_a_nested_model_what_is_used_is_trained(used: str, jit: bool) -> None:
    x, z = pente.Input((4,)), pente.Input((4,))
    shared = pente.layers.Dense(3, name="shared")(x)
    inner = pente.Model(x, [pente.layers.Dense(1, name=name)(shared) for name in ("left", "right")])
    left, right = inner(z)
    outer = pente.Model(z, left if used == "one output" else {"left": left, "right": right})
    outer.compile("sgd", "mse" if used == "one output" else {"left": "mse"}, jit=jit)
    before = {path: variable.numpy() for path, variable in inner.named_state().items()}
    y = np.ones((8, 1), np.float32)
    outer.fit(np.ones((8, 4), np.float32), y if used == "one output" else {"left": y}, verbose=0)
    moved = {path for path, variable in inner.named_state().items() if not np.array_equal(before[path], variable)}
    assert moved == {"shared/kernel", "shared/bias", "left/kernel", "left/bias"}
