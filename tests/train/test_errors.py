"""Bad input gets one clear error: what was expected, what came, where, and what to do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Model, Sequential, layers
from pente.errors import DataError, PenteError, ShapeError, UnknownNameError, UsageError

RNG = np.random.default_rng(0)
X = RNG.uniform(size=(20, 6)).astype(np.float32)
Y = np.arange(20) % 3


def model(
    loss: Any = "sparse_categorical_crossentropy", activation: Any = "softmax", units: int = 3, **more: Any
) -> Any:
    made = Sequential([layers.Dense(8, "relu"), layers.Dense(units, activation)])
    made.compile("adam", loss, **more)
    return made


def with_(array: Any, place: Any, value: float) -> Any:
    changed = np.array(array, np.float32)
    changed[place] = value
    return changed


def fit_on_other_features() -> None:
    made = model()
    made(X)
    made.fit(X[:, :5], Y)


def softmax_with_logits() -> None:
    model(pente.losses.SparseCategoricalCrossentropy(from_logits=True)).fit(X, Y)


def two_inputs_of_which_one_is_missing() -> None:
    a, b = Input((4,), name="left"), Input((3,), name="right")
    Model(a, layers.Concatenate()([a, b]))


class Table:
    """A table as pandas and polars have it."""

    def __init__(self, **columns: Any) -> None:
        self.data = {name: np.asarray(column) for name, column in columns.items()}
        self.columns = list(columns)

    def __getitem__(self, name: str) -> "Column":
        return Column(self.data[name])

    def to_numpy(self) -> Any:
        return np.stack([np.asarray(c, object) for c in self.data.values()], axis=1)


class Column:
    def __init__(self, data: Any) -> None:
        self.data = data

    def to_numpy(self) -> Any:
        return self.data


CASES: list[tuple[str, Callable[[], Any], type[PenteError], str]] = [
    ("fit before compile", lambda: Sequential([layers.Dense(3)]).fit(X, Y), UsageError, r"model\.compile\(optimizer="),
    ("lengths", lambda: model().fit(X, Y[:10]), DataError, "x has 20, y has 10"),
    ("weights' length", lambda: model().fit(X, Y, sample_weight=np.ones(5)), DataError, "sample_weight has 5"),
    ("empty", lambda: model().fit(X[:0], Y[:0]), DataError, "empty: x has 0 rows"),
    (
        "nan",
        lambda: model().fit(with_(X, (7, 2), np.nan), Y),
        DataError,
        "x holds NaN: first in row 7, in column 2; 1 of 120",
    ),
    (
        "nan in a table",
        lambda: model().fit(Table(age=[1.0, np.nan], size=[1.0, 2.0]), Y[:2]),
        DataError,
        "column 'age'",
    ),
    (
        "text in a table",
        lambda: model().fit(Table(age=[1.0, 2.0], town=["a", "b"]), Y[:2]),
        DataError,
        "column 'town' of x holds text",
    ),
    (
        "infinite y",
        lambda: model("mse", None, 1).fit(X, with_(X[:, 0], 3, np.inf)),
        DataError,
        "y holds infinity: first in row 3",
    ),
    (
        "ragged",
        lambda: model().fit([[1.0, 2.0], [1.0]], [0, 1]),
        DataError,
        "row 0 has length 2 and row 1 has length 1",
    ),
    ("text", lambda: model().fit(np.array([["1", "b"]] * 20), Y), DataError, r"x holds text.*\[0, 0\].*np\.unique"),
    ("text labels", lambda: model().fit(X, ["cat"] * 20), DataError, "y holds text"),
    ("a number", lambda: model().fit(3.0, Y), UsageError, "got float"),
    ("labels from 1", lambda: model().fit(X, Y + 1), DataError, "from 0 to 2.*write y_true - 1"),
    ("labels beyond", lambda: model().fit(X, Y + 7), DataError, "3 classes"),
    ("labels between", lambda: model().fit(X, Y + 0.5), DataError, "whole number"),
    (
        "labels for one-hot",
        lambda: model("categorical_crossentropy").fit(X, Y),
        UsageError,
        "sparse_categorical_crossentropy",
    ),
    ("activation", lambda: layers.Dense(3, "rleu"), UnknownNameError, "'rleu'. Did you mean 'relu'"),
    (
        "loss",
        lambda: model("spars_categorical_crossentropy"),
        UnknownNameError,
        "Did you mean 'sparse_categorical_crossentropy'",
    ),
    ("optimizer", lambda: Sequential([]).compile("adm", "mse"), UnknownNameError, "Did you mean 'adam'"),
    ("optimizer's class", lambda: Sequential([]).compile(pente.optimizers.Adam, "mse"), UsageError, r"write Adam\(\)"),
    ("metric", lambda: model(metrics=["acuracy"]), UnknownNameError, "Did you mean 'accuracy'"),
    ("initializer", lambda: layers.Dense(3, kernel_initializer="glorot"), UnknownNameError, "glorot_uniform"),
    ("layer's argument", lambda: layers.Dense(3, actvation="relu"), UsageError, "Did you mean activation="),
    ("PyTorch's argument", lambda: layers.Dense(3, bias=False), UsageError, "Did you mean use_bias="),
    ("PyTorch's Linear", lambda: layers.Dense(64, 10), UsageError, "only the number of units that come out"),
    ("negative units", lambda: layers.Dense(-3), UsageError, "at least 1, got -3"),
    ("units as a float", lambda: layers.Dense(3.5), UsageError, "got 3.5"),  # type: ignore[arg-type]
    ("rate in percent", lambda: layers.Dropout(20), UsageError, "write rate=0.2"),
    ("negative rate", lambda: layers.Dropout(-0.1), UsageError, "got -0.1"),
    (
        "split above 1",
        lambda: model().fit(X, Y, validation_split=1.5),
        UsageError,
        "from 0 up to but without 1, got 1.5",
    ),
    ("split of few", lambda: model().fit(X[:1], Y[:1], validation_split=0.5), DataError, "none on one side"),
    ("batch size", lambda: model().fit(X, Y, batch_size=0), UsageError, "at least 1, got 0"),
    ("epochs", lambda: model().fit(X, Y, epochs=1.5), UsageError, "epochs is a whole number of at least 0, got 1.5"),
    ("steps", lambda: model().fit(X, Y, steps_per_epoch=0), UsageError, "at least 1, got 0"),
    ("validation's turn", lambda: model().fit(X, Y, validation_freq=0), UsageError, "validation_freq is a whole"),
    ("a single number", lambda: layers.Dense(2)(1.0), ShapeError, r"got shape \(\)\."),
    ("verbose", lambda: model().fit(X, Y, verbose=3), UsageError, "got 3"),
    ("linear head", lambda: model(activation=None).fit(X, Y), UsageError, "dense_1 is linear.*from_logits=True"),
    (
        "linear head at compile",
        lambda: Sequential([Input((6,)), layers.Dense(3)]).compile("adam", "categorical_crossentropy"),
        UsageError,
        "dense is linear.*CategoricalCrossentropy",
    ),
    ("softmax and logits", softmax_with_logits, UsageError, "dense_1 ends in softmax"),
    ("features", fit_on_other_features, ShapeError, "dense expects 6 features.*got 5"),
    ("one example", lambda: model().fit(X[:, 0], Y), ShapeError, r"x\[:, None\]"),
    (
        "channels first",
        lambda: Sequential([Input((28, 20, 3)), layers.Flatten()])(np.zeros((2, 3, 28, 20))),
        ShapeError,
        r"channels come last.*transpose\(0, 2, 3, 1\)",
    ),
    (
        "no channel",
        lambda: Sequential([Input((28, 28, 1)), layers.Flatten()])(np.zeros((2, 28, 28))),
        ShapeError,
        r"x\[\.\.\., None\]",
    ),
    (
        "no batch",
        lambda: Sequential([Input((28, 28, 1)), layers.Flatten()])(np.zeros((28, 28, 1))),
        ShapeError,
        r"x\[None\]",
    ),
    ("no weights yet", lambda: model().get_weights(), UsageError, "dense is not built yet"),
    ("no count yet", lambda: model().count_params(), UsageError, "dense is not built yet"),
    ("a class", lambda: Sequential([layers.Flatten]), UsageError, r"Make one: Flatten\("),
    ("a layer alone", lambda: Sequential(layers.Flatten()), UsageError, r"Sequential\(\[layer"),
    ("layers as a Model", lambda: Model([layers.Dense(3)], [layers.Dense(2)]), UsageError, r"Sequential\(\["),
    ("a late Input", lambda: Sequential([layers.Dense(3), Input((3,))]), UsageError, "at the front"),
    ("a missing input", two_inputs_of_which_one_is_missing, UsageError, "from right>, which is not among the inputs"),
    ("an Input of a number", lambda: Input(4), UsageError, r"Input\(\(4,\)\)"),
    ("a name twice", lambda: Sequential([layers.Dense(3, name="a"), layers.Dense(2, name="a")]), UsageError, "'a'"),
    ("a name with a path", lambda: layers.Dense(3, name="a/b"), UsageError, "without '/'"),
    ("merging one", lambda: layers.Add()(X), UsageError, r"Add\(\)\(\[a, b\]\)"),
    ("joining", lambda: layers.Concatenate()([X[None], X[None, :4]]), ShapeError, "the other axes must agree"),
    ("reshaping", lambda: layers.Reshape((4, 4))(X), ShapeError, r"shape \(6,\) \(6 numbers\) the shape \(4, 4\)"),
    ("get_layer", lambda: Sequential([layers.Dense(3)]).get_layer("dens"), UnknownNameError, "Did you mean 'dense'"),
    ("a callback's class", lambda: model().fit(X, Y, callbacks=[pente.callbacks.History]), UsageError, r"History\(\)"),
    ("a hook", lambda: pente.callbacks.LambdaCallback(on_epoch=print), UnknownNameError, "on_epoch_begin"),
    ("class_weight", lambda: model().fit(X, Y, class_weight={0: 1.0}), DataError, "no weight for class 1"),
    (
        "a word for class_weight",
        lambda: model().fit(X, Y, class_weight="balanced"),
        UsageError,
        r"a weight for each class, got 'balanced'\. To balance: {c: len",
    ),
    (
        "a history as a dict",
        lambda: model().fit(X, Y, verbose=0)["loss"],
        UsageError,
        r"write history\.history\['loss'\]",
    ),
    ("too few outputs", lambda: model("mse", None, 2).fit(X, Y), ShapeError, r"\(20,\).*\(20, 2\)"),
    ("no call", lambda: layers.Layer()(X), UsageError, r"write its call\(self, x\)"),
    ("no loss", lambda: model(None).fit(X, Y), UsageError, r"compile\(loss="),
    ("weights in another number", lambda: layers.PReLU().set_weights([X]), UsageError, "not built yet"),
]


@pytest.mark.parametrize(("call", "error", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_mistake_is_told(call: Callable[[], Any], error: type[PenteError], told: str) -> None:
    with pytest.raises(error, match=f"(?s){told}"):
        call()


def test_nothing_is_trained_where_labels_are_out_of_range() -> None:
    made = model()
    made(X)
    before = made.get_weights()
    with pytest.raises(DataError):
        made.fit(X, np.where(np.arange(20) == 19, 3, Y), batch_size=5)
    for old, new in zip(before, made.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


class Counted(layers.Layer):
    """Knows how often Python went through it."""

    factor: float = 1.0
    runs = 0

    def call(self, x: Any) -> Any:
        type(self).runs += 1
        return x * self.factor


def test_batches_of_one_kind_are_checked_by_their_values_alone() -> None:
    ids, labels = np.array([[1], [2], [3]]), np.array([0, 1, 2])
    model = Sequential([layers.Input((1,), dtype="int32"), layers.Embedding(4, 3), layers.Flatten(), Counted()])
    model.add(layers.Softmax())
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.train_on_batch(ids, labels)
    model.evaluate(ids, labels, verbose=0)
    before = Counted.runs
    for _ in range(3):
        model.train_on_batch(ids, labels)
        model.evaluate(ids, labels, verbose=0)
    assert Counted.runs == before
    weights = model.get_weights()
    with pytest.raises(DataError, match="a label is a whole number from 0 to 2"):
        model.train_on_batch(ids, labels + 1)
    with pytest.raises(DataError, match="embedding"):
        model.train_on_batch(ids + 1, labels)
    with pytest.raises(ShapeError, match="embedding"):  # with the way from the input to the prediction
        model.train_on_batch(ids, np.stack([labels, labels], axis=1))
    assert all(map(np.array_equal, weights, model.get_weights()))
    before, model.layers[2].factor = Counted.runs, 2.0
    model.train_on_batch(ids, labels)
    assert Counted.runs > before


def test_a_generator_that_runs_dry_is_told() -> None:
    with pytest.raises(DataError, match=r"ran out in epoch 2, after 0 batches.*steps_per_epoch="):
        model().fit(((X, Y) for _ in range(3)), epochs=5, verbose=0)


def test_an_error_inside_a_layer_says_in_which_and_on_what() -> None:
    class Half(layers.Layer):
        def call(self, x: Any) -> Any:
            return x @ x

    with pytest.raises(ShapeError) as caught:
        Sequential([Half(name="half")])(X)
    assert "half (Half)" in str(caught.value)
    assert "input (20, 6) → half" in str(caught.value)


def test_the_way_to_a_layer_that_does_not_fit_is_told() -> None:
    made = Sequential([Input((6,)), layers.Dense(4), layers.Dense(5)])
    with pytest.raises(ShapeError) as caught:
        made.add(layers.Reshape((2, 2)))
    assert "input (None, 6) → dense (None, 4) → dense_1 (None, 5) → reshape" in str(caught.value)


def test_the_weights_of_classes_that_are_proposed_give_each_class_the_same_share() -> None:
    y = np.array([0, 0, 0, 1, 1, 2])
    with pytest.raises(UsageError) as raised:
        model().fit(X[:6], y, class_weight="balanced")
    proposed = str(raised.value).partition("To balance: ")[2].rstrip(".")
    weights = eval(proposed, {"np": np, "y": y, "zip": zip, "set": set, "len": len})  # noqa: S307
    assert weights == {0: 6 / 9, 1: 1.0, 2: 2.0}
