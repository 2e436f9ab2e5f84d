"""What model.record shows of a model, and that it changes nothing."""

from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Model, Sequential, layers
from pente.errors import UnknownNameError, UsageError
from pente.losses import SparseCategoricalCrossentropy

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
Y = np.array([0, 1, 2, 0, 1, 2])
COMPILED = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])


def nested(compiled: bool = True) -> Model:
    """A model in a model, and a layer that is used twice."""
    pente.set_seed(0)
    block = Sequential([layers.Dense(5, activation="relu"), layers.BatchNormalization(), layers.Dense(4)], name="block")
    shared = layers.Dense(4, name="shared")
    x = Input((4,))
    features = layers.Dropout(0.5, name="features")(shared(block(shared(x))))
    model = Model(x, layers.Dense(3, name="head")(features))
    model.compile("adam", SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"], jit=compiled)
    return model


@COMPILED
def test_outputs_and_gradients_are_found_by_path_through_nested_and_shared_layers(compiled: bool) -> None:
    model = nested(compiled)
    record = model.record(X, Y)
    assert record["features"].shape == record["features"].grad.shape == (6, 4)
    assert record["block/dense"].grad.shape == (6, 5)
    assert record["block/dense/kernel"].grad.shape == (4, 5)
    first, second = record["shared"]
    np.testing.assert_allclose(first.value, X @ model.get_layer("shared").kernel.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(second.value, record["features"].value)  # Dropout does nothing here
    np.testing.assert_allclose(record.predictions, model.predict(X), rtol=1e-5)
    np.testing.assert_allclose(record.loss, model.evaluate(X, Y, verbose=0)[0], rtol=1e-5)


@COMPILED
def test_the_gradients_are_those_of_the_loss(compiled: bool) -> None:
    model = nested(compiled)
    record = model.record(X, Y)
    loss = SparseCategoricalCrossentropy(from_logits=True)
    _, slopes = pente.value_and_grad(lambda: loss(pente.tensor(Y), model(X)), wrt=model)()
    for variable, slope in zip(model.trainable_variables, slopes, strict=True):
        np.testing.assert_allclose(record[variable.name].grad, slope, rtol=1e-4, atol=1e-6)
    e = np.exp(record.predictions.numpy())
    wanted = (e / e.sum(axis=1, keepdims=True) - np.eye(3)[Y]) / 6
    np.testing.assert_allclose(record["head"].grad, wanted, rtol=1e-4, atol=1e-6)


@COMPILED
@pytest.mark.parametrize("training", [True, False])
def test_nothing_is_changed(compiled: bool, training: bool) -> None:
    model = nested(compiled)
    model.fit(X, Y, verbose=0)
    before = [(v, v.numpy()) for v in model._all_variables()]
    random = pente.random.key(0).tolist()
    first = model.record(X, Y, training=training)
    again = model.record(X, Y, training=training)
    for variable, array in before:
        np.testing.assert_array_equal(variable.numpy(), array, err_msg=variable.name or "")
        assert variable.grad is None or not variable.trainable
    assert pente.random.key(0).tolist() == random
    np.testing.assert_array_equal(first["features"].value, again["features"].value)


def test_training_mode_is_asked_for() -> None:
    model = nested()
    for training in (True, False):
        record = model.record(X, Y, training=training)
        dropped = record["features"].value.numpy() != record["shared"][1].value.numpy()
        assert dropped.any() == training


@COMPILED
def test_without_targets_there_are_values_and_asking_for_a_gradient_says_what_it_needs(compiled: bool) -> None:
    record = nested(compiled).record(X)
    assert record["block"].shape == (6, 4)
    assert record.loss is None
    with pytest.raises(UsageError, match=r"the loss needs y: write model.record\(x, y\)"):
        _ = record["block"].grad
    with pytest.raises(UsageError, match="needs y"):
        _ = record["shared"][0].grad


def test_values_need_no_compile_and_gradients_do() -> None:
    model = Sequential([layers.Dense(3, name="features"), layers.Dense(1)])
    assert model.record(X)["features"].shape == (6, 3)
    with pytest.raises(UsageError, match=r"model\.compile"):
        model.record(X, Y)


def test_an_unknown_path_is_told_with_the_nearest() -> None:
    record = nested().record(X, Y)
    with pytest.raises(UnknownNameError, match="Did you mean 'block/dense'"):
        record["block/dens"]
    assert "block/dens" not in record


def test_a_layer_inside_of_a_scan_is_told_to_be_there() -> None:
    class Net(Model):
        def __init__(self) -> None:
            super().__init__()
            self.cell = layers.Dense(4)

        def call(self, x: Any) -> Any:
            return pente.scan(lambda c, _: (self.cell(c), ()), self.cell(x) * 0 + x, length=2)[0]

    record = Net().record(X)
    assert record["cell"].shape == (6, 4)  # what is called outside


def test_what_belongs_to_two_models_has_the_paths_of_the_one_that_is_asked() -> None:
    inner = Sequential([layers.Dense(2, name="leaf")], name="inner")
    first = Sequential([Sequential([inner], name="deep")])
    second = Sequential([inner, layers.Dense(1)])
    assert first.record(X)["deep/inner/leaf"].shape == (6, 2)
    assert second.record(X)["inner/leaf/kernel"].shape == (4, 2)


def test_a_model_that_is_not_built_yet_is_built_for_it() -> None:
    pente.set_seed(0)
    model = Sequential([layers.Dense(3), layers.Dense(1)])
    model.compile(loss="mse")
    record = model.record(X, np.zeros((6, 1), np.float32))
    assert record["dense/kernel"].grad.shape == (4, 3)


def test_several_inputs_outputs_and_weights_of_samples_go() -> None:
    a, b = Input((4,), name="a"), Input((2,), name="b")
    joined = layers.Concatenate(name="joined")([a, b])
    model = Model([a, b], {"p": layers.Dense(1, name="p")(joined), "q": layers.Dense(2, name="q")(joined)})
    model.compile(loss={"p": "mse", "q": "mse"})
    x = [X, X[:, :2]]
    y = {"p": np.zeros((6, 1), np.float32), "q": np.zeros((6, 2), np.float32)}
    record = model.record(x, y, np.array([1, 0, 1, 0, 0, 0], np.float32))
    assert record["joined"].grad.shape == (6, 6)
    assert not record["joined"].grad.numpy()[[1, 3, 4, 5]].any()
    assert record["joined"].grad.numpy()[[0, 2]].all()


def busy(compiled: bool) -> Model:
    """Two inputs by name, two outputs by name, a model in a model in a model, a layer of three calls, a recurrence."""
    pente.set_seed(0)
    inner = Sequential([Input((4,)), layers.Dense(4, activation="tanh", name="leaf")], name="inner")
    x = Input((4,))
    middle = Model(x, layers.Dense(4, name="after")(inner(x)), name="middle")
    shared = layers.Dense(4, name="shared")
    a, s = Input((4,), name="a"), Input((5, 3), name="s")
    steps = layers.GRU(4, return_sequences=True, name="gru")(s)
    last = layers.LSTM(4, name="lstm")(steps)
    joined = layers.Concatenate(name="joined")([shared(shared(shared(a))), middle(a), last])
    outputs = {"size": layers.Dense(1, name="size")(joined), "label": layers.Dense(3, name="label")(joined)}
    model = Model({"a": a, "s": s}, outputs)
    losses = {"size": "mse", "label": SparseCategoricalCrossentropy(from_logits=True)}
    model.compile("sgd", losses, loss_weights={"size": 0.5, "label": 1.0}, jit=compiled)
    return model


BUSY_X = {"a": X, "s": np.random.default_rng(1).normal(size=(6, 5, 3)).astype(np.float32)}
BUSY_Y = {"label": Y, "size": np.ones((6, 1), np.float32)}


@COMPILED
def test_a_model_with_everything_is_recorded(compiled: bool) -> None:
    model = busy(compiled)
    record = model.record(BUSY_X, BUSY_Y)
    assert record["middle/inner/leaf"].shape == record["middle/inner/leaf"].grad.shape == (6, 4)
    assert [call.grad.shape for call in record["shared"]] == [(6, 4)] * 3
    assert record["gru"].grad.shape == (6, 5, 4)
    assert record["lstm/recurrent_kernel"].grad.shape == model.get_layer("lstm").recurrent_kernel.shape  # type: ignore[attr-defined]
    np.testing.assert_array_equal(record["middle"].value, record["middle/after"].value)
    np.testing.assert_array_equal(record["s"].value, BUSY_X["s"])
    assert record["s"].grad.shape == (6, 5, 3)  # how the loss depends on the data
    np.testing.assert_array_equal(record["joined"].value[:, :4], record["shared"][2].value)
    np.testing.assert_allclose(record.predictions["size"], model.predict(BUSY_X, verbose=0)["size"], rtol=1e-5)
    np.testing.assert_allclose(record["size"].grad, 0.5 * 2 / 6 * (record.predictions["size"].numpy() - 1), rtol=1e-4)
    wanted = model.evaluate(BUSY_X, BUSY_Y, verbose=0, return_dict=True)["loss"]
    np.testing.assert_allclose(record.loss, wanted, rtol=1e-5)


def test_compiled_and_eager_records_agree_at_every_path() -> None:
    compiled, eager = (busy(jit).record(BUSY_X, BUSY_Y) for jit in (True, False))
    assert set(compiled) == set(eager) >= {"shared", "middle/inner/leaf", "gru", "label/kernel", "a", "s"}
    for path in compiled:
        pairs = [(each[path] if isinstance(each[path], list) else [each[path]]) for each in (compiled, eager)]
        for one, other in zip(*pairs, strict=True):
            np.testing.assert_allclose(one.value, other.value, rtol=2e-5, atol=1e-6, err_msg=path)
            if one.grad is not None:
                np.testing.assert_allclose(one.grad, other.grad, rtol=2e-4, atol=1e-6, err_msg=path)


def test_the_gradient_of_an_inner_value_is_the_slope_of_the_loss() -> None:
    model = busy(True)
    record = model.record(BUSY_X, BUSY_Y)
    leaf = model.get_layer("middle/inner/leaf")
    leaf.bias.assign(leaf.bias.numpy() + np.float32(1e-2))  # type: ignore[attr-defined]
    up = float(model.record(BUSY_X, BUSY_Y).loss)
    leaf.bias.assign(leaf.bias.numpy() - np.float32(2e-2))  # type: ignore[attr-defined]
    down = float(model.record(BUSY_X, BUSY_Y).loss)
    np.testing.assert_allclose(record["middle/inner/leaf/bias"].grad.numpy().sum(), (up - down) / 2e-2, rtol=1e-2)


@COMPILED
def test_a_part_of_a_model_is_recorded_by_its_own_paths(compiled: bool) -> None:
    x = Input((4,))
    base = Model(x, layers.Dense(2)(layers.Dense(3, name="inner")(x)), name="base")
    outside = Input((4,))
    model = Model(outside, base(layers.Dense(4, name="before")(outside)))
    part = Model(model.input, model.get_layer("base/inner").output)
    part.compile("sgd", "mse", jit=compiled)
    record = part.record(X, np.zeros((6, 3), np.float32))
    np.testing.assert_array_equal(record["inner"].value, record.predictions)
    assert record["inner/kernel"].grad.shape == record["before"].grad.shape[1:] + (3,) == (4, 3)


def test_several_inputs_of_one_layer_and_several_outputs_of_one_are_trees() -> None:
    class Both(layers.Layer):
        def call(self, inputs: Any) -> Any:
            a, b = inputs
            return {"sum": a + b, "rest": [a - b, a * b]}

    class Net(Model):
        def __init__(self) -> None:
            super().__init__()
            self.both, self.head = Both(), layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            found = self.both([inputs["p"], inputs["q"]])
            return self.head(found["sum"] + found["rest"][1])

    net = Net()
    net.compile("sgd", "mse")
    record = net.record({"p": X, "q": 2 * X}, np.zeros((6, 1), np.float32))
    np.testing.assert_allclose(record["both"].value["sum"], 3 * X, rtol=1e-6)
    assert record["both"].shape == {"sum": (6, 4), "rest": [(6, 4), (6, 4)]}
    assert record["both"].grad["sum"].shape == record["both"].grad["rest"][1].shape == (6, 4)
