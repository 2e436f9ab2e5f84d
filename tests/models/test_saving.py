"""A model that is loaded is the one that was saved: layers, weights, training, and what it carries."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Model, Sequential, layers
from pente.errors import DataError, UsageError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 48)


class Scale(layers.Layer):
    factor: float = 2.0

    def call(self, x: Any) -> Any:
        return x * self.factor


class Block(layers.Layer):
    """Layers inside: one made at once, one when the shape is known."""

    units: int
    deep: bool = True

    def __post_init__(self) -> None:
        self.first = layers.Dense(self.units, activation="tanh")
        self.others = [layers.Dense(self.units), layers.Dropout(0.5)]

    def build(self, input_shape: Any) -> None:
        self.last = layers.Dense(input_shape[-1])
        self.bias = self.add_weight("bias", (input_shape[-1],), "ones")

    def call(self, x: Any, training: bool = False) -> Any:
        y = self.first(x)
        for layer in self.others:
            y = layer(y)
        return self.last(y) + self.bias.read()


class Twin(Model):
    """A model of a class of its own, that is built when it is called."""

    def __init__(self, width: int, shape: tuple[int, ...] = (2, 3), name: str | None = None) -> None:
        super().__init__(name=name)
        self.width, self.shape = width, shape
        self.body = Block(width)
        self.heads = {"a": layers.Dense(2), "b": Sequential([layers.Dense(3), layers.BatchNormalization()])}

    def call(self, x: Any) -> Any:
        y = self.body(x)
        return {name: head(y) for name, head in self.heads.items()}


KEPT: list[Any] = []  # models that others are parts of: while they are there, their layers have the names from there
OWN: dict[str, Any] = {"Scale": Scale, "Block": Block, "Twin": Twin}


def through(model: Any, folder: Path, **options: Any) -> Any:
    return pente.load_model(model.save(folder / "model.pente"), **options)


def equal(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            equal(one[name], other[name])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for mine, theirs in zip(one, other, strict=True):
            equal(mine, theirs)
    else:
        np.testing.assert_array_equal(one, other)
        assert np.asarray(one).dtype == np.asarray(other).dtype


# Every way to make a model.


def sequential() -> Any:
    return Sequential([Input((6,)), layers.Dense(8, activation="relu", name="wide"), layers.Dense(3)])


def unlike_inputs() -> Any:
    return Sequential([layers.Dense(4, input_shape=(6,)), layers.ReLU(max_value=1.0), Scale(3.0)], name="net")


def shared_layer() -> Any:
    x, shared = Input((6,)), layers.Dense(6, activation="tanh", kernel_regularizer=pente.regularizers.L1L2(0.1, 0.2))
    return Model(x, layers.Dense(3)(shared(shared(x)) + shared(x * 2.0)))


def operations() -> Any:
    x = Input((6,))
    y = (1.0 - x) @ pente.tensor(X[:6]) / np.float32(2.0) - x
    return Model(x, [y**2, -y[:, 1:3], y[..., ::2], 2.0 / y[:, None]])


def two_and_two() -> Any:
    x = Input((6,), name="x")
    y = layers.Concatenate()([layers.Dense(4)(x), layers.Dense(4, use_bias=False)(x)])
    return Model(x, [layers.Dense(2, name="first")(y), layers.Dense(1, name="second")(y)])


def by_name() -> Any:
    a, b = Input((6,), name="a"), Input((3,), name="b")
    y = layers.Dense(4)(a)
    return Model({"a": a, "b": b}, {"sum": layers.Add()([y, layers.Dense(4)(b)]), "y": y})


def nested() -> Any:
    x = Input((6,))
    inner = Sequential([Input((6,)), layers.Dense(6), layers.Dropout(0.2), Sequential([layers.Dense(6), Scale(2.0)])])
    return Model(x, layers.Dense(2)(inner(inner(x))))


def inside_of_nested() -> Any:
    inner = Sequential([Input((6,)), layers.Dense(5, name="deep"), layers.Dense(4, name="low")], name="inner")
    x = Input((6,))
    whole = Model(x, layers.Dense(2)(inner(x)))
    KEPT.append(whole)
    return Model(whole.input, [inner.get_layer("deep").output, whole.output])


def from_an_inner_tensor() -> Any:
    x = Input((6,))
    middle = layers.Dense(6)(x)
    end = layers.Dense(2, name="end")(layers.Dense(3)(middle))
    KEPT.append(Model(x, end))
    return Model(middle, end)


def own_class() -> Any:
    model = Twin(5)
    model(X)
    return model


def own_class_in_a_graph() -> Any:
    x = Input((6,))
    return Model(x, Twin(4)(Block(3)(x)))


def normalized() -> Any:
    middle = [layers.BatchNormalization(), layers.LayerNormalization(), layers.GroupNormalization(2), layers.PReLU()]
    return Sequential([Input((6,)), *middle, layers.GaussianNoise(0.1), layers.Activation(pente.tanh)])


def steps() -> Any:
    x = Input((6,))
    s = layers.Reshape((3, 2))(x)
    y = layers.GRU(4, return_sequences=True, dropout=0.1)(s)
    z = layers.MultiHeadAttention(2, 3, dropout=0.1)(y, y, use_causal_mask=True)
    out, *state = layers.LSTM(3, return_state=True)(z)
    return Model(x, [out, *state, layers.SimpleRNN(2, recurrent_dropout=0.5)(z)])


def pictures() -> Any:
    blocks = [layers.Conv2D(3, 2, padding="same"), layers.DepthwiseConv2D(2), layers.SeparableConv2D(4, 1)]
    ends = [layers.Conv2DTranspose(2, 2), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(2)]
    return Sequential([Input((6,)), layers.Reshape((3, 2, 1)), *blocks, *ends])


MODELS: list[Callable[[], Any]] = [
    sequential,
    unlike_inputs,
    shared_layer,
    operations,
    two_and_two,
    by_name,
    nested,
    inside_of_nested,
    from_an_inner_tensor,
    own_class,
    own_class_in_a_graph,
    normalized,
    steps,
    pictures,
]


def told(model: Any) -> list[str]:
    return [repr(layer) for _, layer in model.walk() if not isinstance(layer, Model)]


def data_for(model: Any) -> Any:
    return {"a": X, "b": X[:, :3]} if isinstance(model.known_output, dict) and len(model.inputs) == 2 else X


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("jit", [True, False])
def test_what_is_loaded_predicts_the_same_under_the_same_paths(
    make: Callable[[], Any], jit: bool, tmp_path: Path
) -> None:
    model = make()
    model.compile(jit=jit)
    expected = model.predict(data_for(model), verbose=0)
    twin = through(model, tmp_path, custom_objects=OWN)
    equal(twin.predict(data_for(model), verbose=0), expected)
    equal(twin.state_dict(), model.state_dict())
    assert [path for path, _ in twin.walk()] == [path for path, _ in model.walk()]
    assert told(twin) == told(model)
    assert [layer.output_shape for layer in twin.layers] == [layer.output_shape for layer in model.layers]
    assert twin.output_names == model.output_names


@pytest.mark.parametrize("make", MODELS)
def test_what_is_loaded_saves_to_the_same_bytes(make: Callable[[], Any], tmp_path: Path) -> None:
    first = make().save(tmp_path / "first.pente")
    second = pente.load_model(first, custom_objects=OWN).save(tmp_path / "second.pente")
    assert first.read_bytes() == second.read_bytes()


class Head(Model):
    """Makes inputs and outputs itself, and hands on what it does not know."""

    def __init__(self, units: int = 2, **options: Any) -> None:
        self.units = units
        if "inputs" not in options:
            x = Input((6,))
            options |= {"inputs": x, "outputs": layers.Dense(units)(x)}
        super().__init__(**options)


class Stack(Sequential):
    def __init__(self, units: int, **options: Any) -> None:
        super().__init__([layers.Dense(units)], **options)
        self.units = units


@pytest.mark.parametrize("name", ["made inside", "given", "stack", "stack inside"])
def test_classes_that_make_their_graph_themselves_come_back(name: str, tmp_path: Path) -> None:
    x = Input((6,))
    made: dict[str, Callable[[], Model]] = {
        "made inside": lambda: Head(3, name="head"),
        "given": lambda: Head(inputs=x, outputs=layers.Dense(4)(x)),
        "stack": lambda: Stack(3, name="stack"),
        "stack inside": lambda: Sequential([layers.Input((6,)), Stack(3)]),
    }
    model = made[name]()
    wanted = model(X).numpy()
    twin = pente.load_model(model.save(tmp_path / "model.pente"), custom_objects={"Head": Head, "Stack": Stack})
    assert type(twin) is type(model)
    assert (twin.name, list(twin.named_state())) == (model.name, list(model.named_state()))
    assert np.array_equal(twin(X).numpy(), wanted)


def test_a_layer_in_two_places_stays_one(tmp_path: Path) -> None:
    twin = through(shared_layer(), tmp_path)
    assert len(twin.layers) == len(shared_layer().layers)
    assert len(twin.weights) == 4


def test_inner_outputs_are_there_for_other_models(tmp_path: Path) -> None:
    model = sequential()
    twin = through(model, tmp_path)
    features = Model(twin.input, twin.get_layer("wide").output)
    equal(features.predict(X, verbose=0), np.maximum(X @ model.get_weights()[0] + model.get_weights()[1], 0.0))


def test_a_model_that_is_not_built_is_saved_as_that(tmp_path: Path) -> None:
    twin = through(Sequential([layers.Dense(4), layers.Dense(3)]), tmp_path)
    assert not twin.built
    assert twin(X).shape == (48, 3)


def test_layers_that_are_frozen_stay_frozen_and_thaw(tmp_path: Path) -> None:
    model = nested()
    model.layers[1].trainable = False
    model.layers[-1].bias.trainable = False
    twin = through(model, tmp_path, custom_objects=OWN)
    assert [v.trainable for v in twin.variables] == [v.trainable for v in model.variables]
    assert [layer.trainable for _, layer in twin.walk()] == [layer.trainable for _, layer in model.walk()]
    for each in (model, twin):
        each.layers[1].trainable = True
    assert [v.trainable for v in twin.variables] == [v.trainable for v in model.variables]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes_of_weights_stay(dtype: str, tmp_path: Path) -> None:
    model = Sequential([Input((6,), dtype=dtype), layers.Dense(3, dtype=np.dtype(dtype))])
    equal(through(model, tmp_path).state_dict(), model.state_dict())


def test_weights_in_odd_orders_come_back_as_they_were(tmp_path: Path) -> None:
    model = sequential()
    model.weights[0].replace(np.asfortranarray(RNG.normal(size=(6, 8)).astype(np.float32)))
    model.weights[2].replace(np.arange(48, dtype=np.float32).reshape(3, 16).T[::2])
    equal(through(model, tmp_path).state_dict(), model.state_dict())


# Training.


def learner(optimizer: Any, jit: bool, **options: Any) -> Any:
    pente.set_seed(5)
    parts = [layers.Dense(8, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.4), layers.Dense(3)]
    model = Sequential([Input((6,)), *parts, layers.Softmax()])
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"], jit=jit, **options)
    return model


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "adam": lambda: pente.optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: pente.optimizers.AdamW(0.01, weight_decay=0.1, global_clipnorm=1.0),
    "sgd": lambda: pente.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda: pente.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "schedule": lambda: pente.optimizers.Adam(pente.schedules.CosineDecay(0.1, decay_steps=20)),
    "one cycle": lambda: pente.optimizers.SGD(pente.schedules.OneCycle(0.1, 30), momentum=0.9),
    "wrapped": lambda: pente.optimizers.EMA(pente.optimizers.Accumulation("adam", 3), 0.9),
    "grouped": lambda: pente.optimizers.Grouped({"*/bias": "sgd", "*": pente.optimizers.AdamW(0.01)}),
    "segments": lambda: pente.optimizers.Adam(0.1, segments={"*/bias": pente.optimizers.Segment(rate=0.5)}),
}


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_as_if_it_had_never_stopped(name: str, jit: bool, tmp_path: Path) -> None:
    whole = learner(OPTIMIZERS[name](), jit)
    history = whole.fit(X, Y, epochs=4, batch_size=10, verbose=0).history
    model = learner(OPTIMIZERS[name](), jit)
    model.fit(X, Y, epochs=2, batch_size=10, verbose=0)
    twin = through(model, tmp_path)
    first, then = model.history.history, twin.fit(X, Y, epochs=2, batch_size=10, verbose=0).history
    assert {name: first[name] + then[name] for name in first} == history
    equal(twin.state_dict(), whole.state_dict())


def test_of_an_optimizer_of_two_models_each_file_has_its_own_part(tmp_path: Path) -> None:
    optimizer = pente.optimizers.EMA(pente.optimizers.Adam(0.01))
    models = [Sequential([layers.Input((6,)), layers.Dense(3, activation="softmax")]) for _ in range(2)]
    for model in models:
        model.compile(optimizer, "sparse_categorical_crossentropy")
        model.fit(X, Y, verbose=0)
    loaded = [pente.load_model(model.save(tmp_path / f"{i}.pente")) for i, model in enumerate(models)]
    assert [v.name for v in loaded[1].optimizer.variables] == [v.name for v in loaded[0].optimizer.variables]
    for model in (models[1], loaded[1]):
        model.fit(X, Y, verbose=0)
    assert np.array_equal(models[1](X).numpy(), loaded[1](X).numpy())


@pytest.mark.parametrize("jit", [True, False])
def test_training_goes_on_from_the_file_that_a_callback_wrote(jit: bool, tmp_path: Path) -> None:
    whole = learner("adam", jit)
    keeper = pente.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: whole.save(tmp_path / "second.pente") if epoch == 1 else None
    )
    whole.fit(X, Y, epochs=4, batch_size=10, verbose=0, callbacks=[keeper])
    twin = pente.load_model(tmp_path / "second.pente")
    twin.fit(X, Y, initial_epoch=2, epochs=4, batch_size=10, verbose=0)
    equal(twin.state_dict(), whole.state_dict())


def test_training_goes_on_in_another_process_with_its_seed(tmp_path: Path) -> None:
    whole = learner("adam", True)
    whole.fit(X, Y, epochs=3, verbose=0)
    model = learner("adam", True)
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(tmp_path / "model.pente")
    np.savez(tmp_path / "data.npz", x=X, y=Y)
    script = (
        "import numpy as np, pente; data = np.load('data.npz'); model = pente.load_model('model.pente');"
        "model.fit(data['x'], data['y'], verbose=0); model.save_weights('end.npz')"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    whole.load_weights(tmp_path / "end.npz")
    twin = learner("adam", True)
    twin.fit(X, Y, epochs=3, verbose=0)
    equal(whole.get_weights(), twin.get_weights())


def test_loading_leaves_the_random_numbers_of_a_chosen_seed(tmp_path: Path) -> None:
    pente.set_seed(1)
    expected = pente.random.uniform((4,)).numpy()
    model = learner("adam", True)
    path = model.save(tmp_path / "model.pente")
    pente.set_seed(1)
    pente.load_model(path)
    equal(pente.random.uniform((4,)).numpy(), expected)


@pytest.mark.parametrize("jit", [True, False])
def test_metrics_go_on_counting(jit: bool, tmp_path: Path) -> None:
    model = learner("adam", jit, weighted_metrics=[pente.metrics.SparseTopKCategoricalAccuracy(2)])
    model.train_on_batch(X[:16], Y[:16])
    twin = through(model, tmp_path)
    assert twin.metrics_names == model.metrics_names
    assert twin.train_on_batch(X[16:], Y[16:]) == model.train_on_batch(X[16:], Y[16:])
    assert twin.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_losses_and_metrics_of_several_outputs(tmp_path: Path) -> None:
    model = two_and_two()
    targets = [Y % 2, X[:, :1]]
    model.compile(
        "adam",
        {"first": pente.losses.SparseCategoricalCrossentropy(from_logits=True), "second": pente.losses.huber},
        {"first": ["accuracy"], "second": ["mae", pente.metrics.AUC(20, from_logits=True)]},
        loss_weights={"first": 2.0, "second": np.float32(0.5)},
    )
    model.fit(X, [targets[0], targets[0]], verbose=0)
    twin = through(model, tmp_path)
    for each in (model, twin):
        each.fit(X, [targets[0], targets[0]], verbose=0)
    assert twin.history.history == model.history.history


def cubic(y_true: Any, y_pred: Any) -> Any:
    return (abs(y_pred - y_true) ** 3).mean(axis=-1)


class Worst(pente.metrics.Metric):
    def __init__(self, power: int = 1, name: str = "worst") -> None:
        super().__init__(name)
        self.power = power
        self.total = self.add_variable(name="total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.assign(pente.maximum(self.total.read(), abs(y_pred - y_true).max() ** self.power))

    def result(self) -> Any:
        return self.total.read()


class SignDescent(pente.optimizers.Optimizer):
    def rule(self, grad: Any, weight: Any, pace: Any, *slots: Any) -> tuple[Any, ...]:
        return (weight - pace * grad,)


def test_losses_metrics_and_optimizers_of_ones_own(tmp_path: Path) -> None:
    model = Sequential([Input((6,)), layers.Dense(1, activation=squashed)])
    model.compile(SignDescent(0.01), cubic, [Worst(2)])
    model.fit(X, X[:, :1], verbose=0)
    own = {"cubic": cubic, "Worst": Worst, "SignDescent": SignDescent, "squashed": squashed}
    twin = through(model, tmp_path, custom_objects=own)
    assert twin.evaluate(X, X[:, :1], verbose=0) == model.evaluate(X, X[:, :1], verbose=0)
    for each in (model, twin):
        each.fit(X, X[:, :1], verbose=0)
    equal(twin.get_weights(), model.get_weights())


def squashed(x: Any) -> Any:
    return pente.tanh(x) * 0.5


@pytest.mark.parametrize("missing", ["cubic", "Worst", "SignDescent", "squashed"])
def test_a_class_that_was_not_passed_is_named_with_the_line_that_works(missing: str, tmp_path: Path) -> None:
    model = Sequential([Input((6,)), layers.Dense(1, activation=squashed)])
    model.compile(SignDescent(0.01), cubic, [Worst(2)])
    own = {"cubic": cubic, "Worst": Worst, "SignDescent": SignDescent, "squashed": squashed}
    del own[missing]
    with pytest.raises(DataError, match=rf'custom_objects={{"{missing}": {missing}}}'):
        through(model, tmp_path, custom_objects=own)


# What it carries.


class Centred(pente.config.Configured):
    def __init__(self, means: Any = None, names: Any = ()) -> None:
        self.means, self.names = means, names


def test_preprocessing_class_names_and_history_come_along(tmp_path: Path) -> None:
    model = learner("adam", True)
    model.preprocessing = Centred({"a": [1.5, float("nan")], 3: X[0]}, ("a", None, -0.0))
    model.class_names = ["cat", "dog", "Zürich \ud83d"]
    model.fit(X, Y, epochs=3, validation_split=0.25, verbose=0)
    twin = through(model, tmp_path, custom_objects={"Centred": Centred})
    assert twin.class_names == model.class_names
    assert twin.history.history == model.history.history
    assert twin.history.epoch == [0, 1, 2]
    assert repr(twin.history) == repr(model.history)
    assert twin.preprocessing.names == ("a", None, 0.0)
    assert str(twin.preprocessing.names[2]) == "-0.0"
    assert twin.preprocessing.means["a"][0] == 1.5
    assert np.isnan(twin.preprocessing.means["a"][1])
    equal(twin.preprocessing.means[3], X[0])


def test_what_a_model_carries_does_not_compile_it_again(tmp_path: Path) -> None:
    model = learner("adam", True)
    model.fit(X, Y, verbose=0)
    before = model.revision
    model.class_names = ["a", "b", "c"]
    model.preprocessing = Centred()
    assert model.revision == before


def test_class_names_are_names() -> None:
    model = sequential()
    model.class_names = [1, 2]
    with pytest.raises(UsageError, match="class_names is a list of names"):
        model.save("never.pente")


def test_models_nested_deep_come_back(tmp_path: Path) -> None:
    model: Any = layers.Dense(2)
    for _ in range(30):
        model = Sequential([model])
    model(X)
    equal(through(model, tmp_path).get_weights(), model.get_weights())


# What cannot be saved.


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (layers.Lambda(lambda x: x * 2.0), r"lambda is a Lambda layer.*custom_objects=\{\"Doubled\": Doubled\}"),
        (layers.Dense(2, activation=lambda x: x), r"dense\.activation cannot be saved.*has no name"),
        (layers.Dense(2, kernel_initializer=lambda shape, dtype: X[:6, :2]), r"dense\.kernel_initializer"),
        (Scale(pente.Variable(1.0)), r"scale\.factor is Variable.*cannot be saved"),
        (Scale(object()), r"scale\.factor is <object.*cannot be saved"),
        (Scale(np.array([object()])), r"scale\.factor is array.*cannot be saved"),
    ],
)
def test_what_no_file_holds_is_refused_with_its_place(layer: Any, message: str, tmp_path: Path) -> None:
    model = Sequential([layer])
    with pytest.raises(UsageError, match=message):
        model.save(tmp_path / "model.pente")
    assert list(tmp_path.iterdir()) == []


def test_a_schedule_without_a_name_is_refused(tmp_path: Path) -> None:
    model = sequential()
    model.compile(pente.optimizers.SGD(lambda step: 0.1), "mse")
    with pytest.raises(UsageError, match=r"compile\(optimizer=.*learning_rate cannot be saved.*has no name"):
        model.save(tmp_path / "model.pente")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("model", r"model\.save\('model\.pente'\)"),
        ("model.keras", r"model\.save\('model\.pente'\)"),
        ("model.weights.h5", r"model\.save_weights\('model\.safetensors'\)"),
        ("model.safetensors", r"model\.save_weights\('model\.safetensors'\)"),
    ],
)
def test_another_ending_gets_the_line_that_works(name: str, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        sequential().save(name)


def test_layers_made_while_calling_are_told_of(tmp_path: Path) -> None:
    class Late(Model):
        def call(self, x: Any) -> Any:
            if not hasattr(self, "dense"):
                self.dense = layers.Dense(2)
            return self.dense(x)

    model = Late()
    model(X)
    with pytest.raises(DataError, match=r"a layer 'dense' .*Late makes its layers in __init__ or build"):
        through(model, tmp_path, custom_objects={"Late": Late})


class Chain(Model):
    def __init__(self, *units: int) -> None:
        super().__init__()
        self.units = units
        self.parts = [layers.Dense(n) for n in units]

    def call(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x


class TellingChain(Chain):
    def get_config(self) -> dict[str, Any]:
        return {"units": self.units}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        return cls(*config["units"])


def test_arguments_without_names_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Chain, whose __init__ takes \*arguments.*write get_config"):
        Chain(3, 4).save(tmp_path / "model.pente")
    model = TellingChain(3, 4)
    expected = model(X)
    twin = through(model, tmp_path, custom_objects={"TellingChain": TellingChain})
    equal(twin(X).numpy(), expected.numpy())


@pytest.mark.parametrize("given", [{"Scale": "Scale"}, [Scale], Scale])
def test_custom_objects_is_a_dict_of_classes(given: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'custom_objects=\{"Scale": Scale\}'):
        through(sequential(), tmp_path, custom_objects=given)


@pytest.mark.parametrize("form", ["npz", "safetensors"])
def test_a_file_of_weights_alone_gets_the_line_that_works(form: str, tmp_path: Path) -> None:
    path = sequential().save_weights(tmp_path / f"w.{form}")
    with pytest.raises(UsageError, match=rf"make the model, and write model\.load_weights\('.*w\.{form}'\)"):
        pente.load_model(path)
