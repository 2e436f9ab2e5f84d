"""Sequential, functional and subclassed models are the same thing written differently."""

import copy
from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Model, Sequential, layers
from pente.errors import BoundsError, ShapeError, UnknownNameError, UsageError

RNG = np.random.default_rng(3)
X = RNG.normal(size=(20, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 20)


def sequential() -> Any:
    return Sequential([layers.Dense(8, "relu"), layers.Dropout(0.3), layers.Dense(3, "softmax")])


def functional() -> Any:
    inputs = Input((6,))
    x = layers.Dense(8, activation="relu")(inputs)
    x = layers.Dropout(0.3)(x)
    return Model(inputs, layers.Dense(3, activation="softmax")(x))


class Subclassed(Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(8, "relu")
        self.dropout = layers.Dropout(0.3)
        self.dense_1 = layers.Dense(3, "softmax")

    def call(self, x: Any) -> Any:
        return self.dense_1(self.dropout(self.dense(x)))


def trained(make: Any) -> tuple[list[float], list[Any]]:
    pente.set_seed(5)
    model = make()
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(X, Y, epochs=3, batch_size=8, verbose=0)
    pente.set_seed(0)
    return history.history["loss"], model.get_weights()


def test_three_ways_to_write_a_model_train_to_the_same_bits() -> None:
    (losses, weights), *others = map(trained, (sequential, functional, Subclassed))
    for other_losses, other_weights in others:
        assert losses == other_losses
        for a, b in zip(weights, other_weights, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_layer_is_built_by_what_reaches_it_first() -> None:
    model = Sequential([layers.Dense(4), layers.Dense(2)])
    assert not model.built
    model(X)
    assert [v.shape for v in model.weights] == [(6, 4), (4,), (4, 2), (2,)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential([Input((6,)), layers.Dense(4)]),
        lambda: Sequential([layers.Dense(4, input_shape=(6,))]),
        lambda: Sequential([Sequential([Input((6,)), layers.Dense(5)]), layers.Dense(4)]),
    ],
    ids=["Input", "input_shape", "a model that knows its input"],
)
def test_a_sequential_that_knows_its_input_is_built_at_once(make: Any) -> None:
    model = make()
    assert model.built
    assert (model.input.shape, model.output.shape) == ((None, 6), (None, 4))


def test_building_by_shape_makes_the_weights() -> None:
    for model in (sequential(), Subclassed()):
        model.build((None, 6))
        assert model.count_params() == 6 * 8 + 8 + 8 * 3 + 3


def test_layers_are_added_and_taken_away() -> None:
    model = Sequential([Input((6,)), layers.Dense(4), layers.Dense(2)])
    assert model.pop().units == 2  # type: ignore[attr-defined]
    assert model.output.shape == (None, 4)
    model.add(layers.Dense(7))
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"]
    assert model(X).shape == (20, 7)
    with pytest.raises(UsageError, match="no layer left"):
        Sequential().pop()


def test_an_empty_sequential_gives_what_it_is_given() -> None:
    np.testing.assert_array_equal(Sequential()(X).numpy(), X)


def test_branches_start_from_different_weights() -> None:
    inputs = Input((6,))
    left, right = layers.Dense(6)(inputs), layers.Dense(6)(inputs)
    model = Model(inputs, layers.Add()([left, right]))
    one, two = model.get_layer("dense").get_weights()[0], model.get_layer("dense_1").get_weights()[0]
    assert not np.array_equal(one, two)


def test_towers_in_one_model_start_from_different_weights() -> None:
    inputs = Input((6,))
    towers = [Sequential([layers.Dense(4)]) for _ in range(2)]
    model = Model(inputs, layers.Concatenate()([tower(inputs) for tower in towers]))
    one, two = (tower.get_weights()[0] for tower in towers)
    assert not np.array_equal(one, two)
    assert [v.name for v in model.weights][::2] == ["sequential/dense/kernel", "sequential_1/dense/kernel"]


def test_a_shared_layer_counts_once_and_learns_from_both_sides() -> None:
    a, b = Input((6,), name="a"), Input((6,), name="b")
    shared = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = Model([a, b], layers.Subtract()([shared(a), shared(b)]))
    assert model.count_params() == 6
    model.compile(pente.optimizers.SGD(0.1), "mse")
    model.fit([X, X], np.ones(20), batch_size=20, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], np.ones((6, 1)))  # both sides cancel
    np.testing.assert_allclose(model.predict({"a": X, "b": 0 * X}), X.sum(1, keepdims=True), rtol=1e-4, atol=1e-5)


def several() -> Any:
    image, extra = Input((4, 4, 1), name="image"), Input((2,), name="extra")
    x = layers.Concatenate()([layers.Flatten()(image), extra])
    label = layers.Dense(3, "softmax", name="label")(x)
    size = layers.Dense(1, name="size")(x)
    return image, extra, label, size


IMAGE, EXTRA = RNG.normal(size=(20, 4, 4, 1)).astype(np.float32), RNG.normal(size=(20, 2)).astype(np.float32)
SIZE = RNG.normal(size=20).astype(np.float32)


def test_several_inputs_and_outputs_as_lists() -> None:
    image, extra, label, size = several()
    model = Model([image, extra], [label, size])
    losses = ["sparse_categorical_crossentropy", "mse"]
    model.compile("sgd", losses, [["accuracy"], ["mae"]], loss_weights=[1.0, 0.5])
    history = model.fit([IMAGE, EXTRA], [Y, SIZE], verbose=0).history
    assert list(history) == ["loss", "label_loss", "size_loss", "label_accuracy", "size_mae"]
    np.testing.assert_allclose(history["loss"][0], history["label_loss"][0] + 0.5 * history["size_loss"][0], rtol=1e-6)
    assert [p.shape for p in model.predict([IMAGE, EXTRA])] == [(20, 3), (20, 1)]


def test_several_inputs_and_outputs_as_dicts() -> None:
    image, extra, label, size = several()
    model = Model({"image": image, "extra": extra}, {"label": label, "size": size})
    losses = {"label": "sparse_categorical_crossentropy", "size": "mse"}
    model.compile("sgd", losses, {"label": ["accuracy"]})
    data, targets = {"image": IMAGE, "extra": EXTRA}, {"label": Y, "size": SIZE}
    assert list(model.fit(data, targets, verbose=0).history) == ["loss", "label_loss", "size_loss", "label_accuracy"]
    assert {name: p.shape for name, p in model.predict(data).items()} == {"label": (20, 3), "size": (20, 1)}


def test_the_inputs_of_a_dict_are_found_by_their_names() -> None:
    image, extra, label, _ = several()
    model = Model({"image": image, "extra": extra}, label)
    answers = model.predict({"extra": EXTRA, "image": IMAGE}, verbose=0)
    np.testing.assert_array_equal(answers, model.predict({"image": IMAGE, "extra": EXTRA, "unused": Y}, verbose=0))
    with pytest.raises(UsageError, match="the input 'extra' is missing: the dict has 'image', 'extras'"):
        model.predict({"image": IMAGE, "extras": EXTRA}, verbose=0)


def test_a_model_inside_a_model_keeps_its_layers_paths() -> None:
    inputs = Input((6,))
    encoder = Model(inputs, layers.Dense(4, "relu")(inputs), name="encoder")
    outside = Input((6,))
    model = Model(outside, layers.Dense(2)(encoder(outside)))
    assert [v.name for v in model.weights] == [
        "encoder/dense/kernel",
        "encoder/dense/bias",
        "dense/kernel",
        "dense/bias",
    ]
    assert model.get_layer("encoder/dense") is encoder.layers[1]
    np.testing.assert_allclose(model(X).numpy(), model.layers[-1](encoder(X)).numpy())


def test_an_inner_tensor_is_an_output_of_another_model() -> None:
    model = functional()
    features = Model(model.input, model.get_layer("dense").output)
    kernel, bias = model.get_weights()[:2]
    np.testing.assert_allclose(features.predict(X), np.maximum(X @ kernel + bias, 0), rtol=1e-5, atol=1e-6)
    assert model.get_layer("dense").path == "dense"


def test_an_inner_tensor_is_an_input_of_another_model() -> None:
    model = sequential()
    model(X)
    hidden = model.layers[0].output
    head = Model(hidden, model.output)
    np.testing.assert_allclose(head.predict(model.layers[0](X)), model.predict(X), rtol=1e-6)


def test_layers_stand_in_keras_order_those_far_from_the_output_first() -> None:
    inputs = Input((6,))
    short = layers.Dense(2, name="short")(inputs)
    deep = layers.Dense(2, name="deep_1")(inputs)
    deep = layers.Dense(2, name="deep_2")(deep)
    model = Model(inputs, layers.Add(name="sum")([short, deep]))
    assert [layer.name for layer in model.layers] == ["input_layer", "deep_1", "short", "deep_2", "sum"]


def test_operators_between_symbolic_tensors_are_layers() -> None:
    inputs = Input((6,))
    model = Model(inputs, (1.0 - inputs) / 2.0 + inputs * inputs)
    np.testing.assert_allclose(model(X).numpy(), (1 - X) / 2 + X * X, rtol=1e-6)


def test_an_open_length_stays_open_through_the_layers() -> None:
    inputs = Input((None, 6))
    x = layers.Dense(4)(inputs)
    assert x.shape == (None, None, 4)
    assert Model(inputs, x)(np.zeros((2, 9, 6))).shape == (2, 9, 4)


def test_a_very_deep_model_needs_no_recursion() -> None:
    inputs = x = Input((2,))
    for _ in range(1500):
        x = layers.Activation("linear")(x)
    model = Model(inputs, x)
    np.testing.assert_array_equal(model(np.ones((1, 2))).numpy(), np.ones((1, 2)))


def test_a_model_with_a_loop_of_ones_own_updates_by_gradients() -> None:
    model, opt = sequential(), pente.optimizers.Adam(1e-2)
    loss_of = pente.losses.SparseCategoricalCrossentropy()
    model(X)

    def loss(x: Any, y: Any) -> Any:
        return loss_of(y, model(x, training=True))

    values = []
    for _ in range(30):
        value, grads = pente.value_and_grad(loss, wrt=model)(pente.tensor(X), pente.tensor(Y))
        opt.apply(grads, model)
        values.append(value.item())
    assert values[-1] < values[0]


def test_pytorchs_way_of_a_step_works() -> None:
    model, opt = sequential(), pente.optimizers.SGD(0.1)
    loss_of = pente.losses.SparseCategoricalCrossentropy()
    first = last = 0.0
    for i in range(30):
        value = loss_of(Y, model(X, training=True))
        value.backward()
        opt.step(model)
        model.zero_grad()
        first, last = (value.item() if i == 0 else first), value.item()
    assert last < first


def test_a_copy_of_a_trained_model_is_a_model_of_its_own() -> None:
    model = sequential()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    twin = copy.deepcopy(model)
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    twin.fit(X, Y, verbose=0)
    assert not np.array_equal(twin.get_weights()[0], before[0])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_the_tutorials_snippet_runs() -> None:
    import pente as tf

    x, y = tf.data.load_digits()
    x, y = np.asarray(x).reshape(len(x), -1), tf.keras.utils.to_categorical(y)
    x_train, x_test, y_train, y_test = x[:1500], x[1500:], y[:1500], y[1500:]
    model = tf.keras.Sequential(
        [tf.keras.layers.Dense(64, activation="relu"), tf.keras.layers.Dense(10, activation="softmax")]
    )
    model.compile(tf.keras.optimizers.Adam(0.01), "categorical_crossentropy", ["accuracy"])
    model.fit(x_train, y_train, epochs=3, verbose=0)
    with tf.GradientTape() as tape:
        predictions = model(x_test)
        loss = tf.keras.losses.categorical_crossentropy(y_test, predictions)
    gradients = tape.gradient(loss, model.trainable_weights)
    assert [g.shape for g in gradients] == [v.shape for v in model.trainable_weights]
    assert model.evaluate(x_test, y_test)[1] > 0.85


@pytest.mark.parametrize("verb", ["predict", "evaluate", "record"])
def test_what_a_compiled_step_has_used_stays_when_the_model_is_put_into_another(verb: str) -> None:
    model = functional()
    model.compile("sgd", "sparse_categorical_crossentropy")
    data = [X] if verb == "predict" else [X, Y]
    getattr(model, verb)(*data)
    before = [v.numpy() for v in model.weights]
    outside = Input((6,))
    Model(outside, layers.Dense(2)(model(outside)))
    for old, variable in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())


def test_a_layer_is_found_by_each_of_its_paths() -> None:
    shared = layers.Dense(6, name="shared")
    towers = [Sequential([Input((6,)), shared], name=name) for name in ("left", "right")]
    inputs = Input((6,))
    model = Model(inputs, layers.Add(name="sum")([tower(inputs) for tower in towers]))
    assert model.get_layer("left/shared") is model.get_layer("right/shared") is shared
    assert model.get_layer("sum") is model.get_layer(index=-1) is model.layers[-1]
    with pytest.raises(UnknownNameError, match="Did you mean 'left/shared'"):
        model.get_layer("left/shard")
    with pytest.raises(BoundsError, match="there is no layer 4: the model has 4, counted from 0"):
        model.get_layer(index=4)
    for given in ({}, {"name": "sum", "index": 0}):
        with pytest.raises(UsageError, match="a name or an index"):
            model.get_layer(**given)


def test_layers_in_lists_and_dicts_are_found_by_path() -> None:
    class Net(Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [Sequential([layers.Dense(2)]), Sequential([layers.Dense(3, name="last")])]

        def call(self, x: Any) -> Any:
            return self.blocks[1](self.blocks[0](x))

    net = Net()
    assert net(X).shape == (20, 3)
    assert net.get_layer("blocks/1/last") is net.blocks[1].layers[0]
    assert net.get_layer("blocks/0").layers[0].path == "blocks/0/dense"  # type: ignore[attr-defined]


def test_nested_inputs_and_outputs_keep_their_structure() -> None:
    a, b, c = (Input((2,), name=name) for name in "abc")
    model = Model({"x": [a, b], "y": (c,)}, {"sum": [a + b, b + c], "last": c * 2.0})
    ones = np.ones((3, 2), np.float32)
    outputs = model.predict({"x": [ones, 2 * ones], "y": (3 * ones,)}, verbose=0)
    assert [float(x[0, 0]) for x in outputs["sum"]] == [3.0, 5.0]
    assert float(outputs["last"][0, 0]) == 6.0
    by_name = model({"a": ones, "b": 2 * ones, "c": 3 * ones})
    np.testing.assert_array_equal(by_name["last"].numpy(), outputs["last"])
    assert [x.name for x in model.inputs] == ["a", "b", "c"]


def test_a_dict_is_read_by_its_keys_and_else_by_the_names_of_the_inputs() -> None:
    a, b = Input((2,), name="a"), Input((2,), name="b")
    model = Model({"b": a, "a": b}, a - b)  # the keys are the model's, and win
    one, two = np.ones((1, 2), np.float32), np.full((1, 2), 2.0, np.float32)
    assert model.predict({"b": two, "a": one}, verbose=0).tolist() == [[1.0, 1.0]]
    pair = Model({"x": [a, b]}, a - b)
    assert pair.predict({"a": two, "b": one}, verbose=0).tolist() == [[1.0, 1.0]]
    for given, missing in (({"a": two}, "b"), ({"y": one}, "x")):
        with pytest.raises(UsageError, match=f"the input {missing!r} is missing"):
            pair.predict(given, verbose=0)


@pytest.mark.parametrize("jit", [True, False])
def test_an_output_without_a_loss_is_for_predictions_alone(jit: bool) -> None:
    image, extra, label, size = several()
    model = Model([image, extra], [label, size])
    model.compile("sgd", ["sparse_categorical_crossentropy", None], jit=jit)
    before = {v.name: v.numpy() for v in model.weights}
    history = model.fit([IMAGE, EXTRA], [Y, SIZE], verbose=0).history
    assert list(history) == ["loss", "label_loss"]
    changed = {v.name for v in model.weights if not np.array_equal(v.numpy(), before[v.name])}
    assert changed == {"label/kernel", "label/bias"}
    assert model.predict([IMAGE, EXTRA], verbose=0)[1].shape == (20, 1)


def test_outputs_with_losses_have_one_name_each() -> None:
    x = Input((2,))
    model = Model(x, {"p": [x + 1.0, x * 2.0], "q": x})
    with pytest.raises(UsageError, match="a loss is for one output, and 'p' is several"):
        model.compile("sgd", "mse")


def test_a_list_is_refused_where_inputs_have_names() -> None:
    a, b = Input((2,), name="a"), Input((2,), name="b")
    model = Model({"b": b, "a": a}, a - b)
    with pytest.raises(UsageError, match=r"give it a dict, \{'b': \.\.\., 'a': \.\.\.\}"):
        model([np.ones((1, 2)), np.zeros((1, 2))])


def test_a_functional_model_stands_in_a_subclassed_one() -> None:
    class Net(Model):
        def __init__(self) -> None:
            super().__init__()
            self.body = functional()
            self.head = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.head(self.body(x))

    net = Net()
    assert net.predict(X, verbose=0).shape == (20, 2)
    assert net.weights[0].name == "body/dense/kernel"
    inputs = Input((6,))
    model = Model(inputs, net(inputs))
    np.testing.assert_allclose(model.predict(X, verbose=0), net.predict(X, verbose=0), rtol=1e-6)


@pytest.mark.parametrize("nothing", [[], {}, ()])
def test_a_model_of_nothing_is_refused(nothing: Any) -> None:
    x = Input((2,))
    for inputs, outputs, what in ((nothing, x, "inputs"), (x, nothing, "outputs")):
        with pytest.raises(UsageError, match=f"a model has {what}, got"):
            Model(inputs, outputs)


def test_a_subclass_draws_its_graph_in_its_own_init() -> None:
    class Net(Model):
        def __init__(self, units: int) -> None:
            inputs = Input((6,))
            super().__init__(inputs, layers.Dense(units)(inputs), name="net")

    assert Net(4).predict(X, verbose=0).shape == (20, 4)


class Listed(Model):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = [layers.Dense(6), layers.Dense(6)]
        self.heads = {"a": [layers.Dense(6)]}

    def call(self, x: Any) -> Any:
        for block in (*self.blocks, *self.heads["a"]):
            x = block(x)
        return x


CHANGES: dict[str, Any] = {
    "other order": lambda model: model.blocks.reverse(),
    "one less": lambda model: model.blocks.pop(),
    "twice": lambda model: model.blocks.append(model.blocks[0]),
    "another key": lambda model: model.heads.update(a=model.blocks),
    "deep": lambda model: model.heads["a"].append(model.blocks[1]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_compiled_model_sees_what_became_of_its_lists_of_layers(name: str) -> None:
    model = Listed()
    for _ in range(3):
        model.predict(X, verbose=0)
    CHANGES[name](model)
    found = model.predict(X, verbose=0)
    np.testing.assert_allclose(found, model(X).numpy(), rtol=1e-5, atol=1e-5)
    programs = len(model.programs["predict_step"].programs)
    model.predict(X, verbose=0)
    assert len(model.programs["predict_step"].programs) == programs


def test_what_fits_again_after_a_layer_was_taken_away_goes_on() -> None:
    model = Sequential([Input((6,)), layers.Dense(4)])
    with pytest.raises(ShapeError):
        model.add(layers.Conv2D(3, 3))
    model.add(layers.Dense(2))
    assert not model.built
    model.pop()
    model.pop()
    assert model.built
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)


def test_models_and_layers_know_the_shapes_that_they_take_and_give() -> None:
    image, extra, label, size = several()
    model = Model([image, extra], [label, size])
    assert (model.input_shape, model.output_shape) == ([(None, 4, 4, 1), (None, 2)], [(None, 3), (None, 1)])
    flat = model.get_layer("flatten")
    assert (flat.input_shape, flat.output_shape) == ((None, 4, 4, 1), (None, 16))
    assert model.get_layer("concatenate").input_shape == [(None, 16), (None, 2)]
    eager = Sequential([layers.Dense(3)])
    assert eager.input_shape is None
    eager(X)
    assert (eager.input_shape, eager.output_shape) == ((None, 6), (None, 3))
    told = layers.Dense(3, input_shape=(6,))
    assert (told.input_shape, told.get_config()["input_shape"]) == ((None, 6), (6,))
    net = Subclassed()
    net.predict(X, verbose=0)
    assert (net.input_shape, net.dense.input_shape, net.output_shape) == ((None, 6), (None, 6), (None, 3))


def test_a_forward_as_in_pytorch_is_told_its_name_here() -> None:
    class Net(Model):
        def forward(self, x: Any) -> Any:
            return x

    with pytest.raises(UsageError, match=r"a class with call\(self, x\)\. Its forward\(\) is named call\(\) here\."):
        Net()(np.ones((1, 2)))
