"""The table of a model, before and after it is built."""

from typing import Any

import pytest

import pente
from pente import Input, Model, Sequential, layers
from pente.errors import ShapeError
from pente.models.costs import costs_of
from pente.models.summary import summary_text


def test_an_unbuilt_model_shows_what_is_known() -> None:
    text = summary_text(Sequential([layers.Dense(3), layers.Flatten()], name="small"))
    assert "Sequential 'small'" in text
    assert "dense (Dense)" in text
    assert "Not built yet" in text


def test_a_built_model_shows_shapes_counts_and_what_is_trained() -> None:
    model = Sequential([Input((4, 4)), layers.Flatten(), layers.Dense(1000), layers.Dense(2)])
    model.layers[1].freeze()
    rows = {line.split()[0]: line for line in summary_text(model).splitlines()}
    assert "(None, 16)" in rows["flatten"]
    assert rows["dense"].split()[-3:] == ["17,000", "no", "16,000"]
    assert rows["dense_1"].split()[-3:] == ["2,002", "yes", "2,000"]
    assert "Parameters: 19,002 (76.0 kB), of which 2,002 are trained and 17,000 are not." in summary_text(model)
    assert "An example: 18,000 multiply-adds, and 4.1 kB for the outputs of all layers." in summary_text(model)


def test_a_subclassed_model_shows_the_shapes_that_it_saw() -> None:
    class Net(Model):
        def __init__(self) -> None:
            super().__init__()
            self.head = layers.Dense(2)

        def call(self, x: object) -> object:
            return self.head(x)

    net = Net()
    net.predict([[1.0, 2.0, 3.0]])
    assert "head (Dense)  (None, 2)" in summary_text(net)


def test_where_a_layer_does_not_fit_the_table_ends_with_the_reason() -> None:
    model = Sequential([layers.Dense(4), layers.Flatten(), layers.Conv2D(3, 3), layers.Dense(1)])
    with pytest.raises(ShapeError):
        model.build((None, 5))
    lines = summary_text(model).splitlines()
    assert [line.split()[0] for line in lines[4:7]] == ["dense", "flatten", "conv2d"]
    assert "(None, 4)" in lines[5]
    assert "does not fit" in lines[6]
    assert lines[8].startswith("conv2d expects inputs (batch, rows, columns, channels), and got shape (None, 4)")
    assert "dense_1" not in summary_text(model)
    model.pop(), model.pop()
    assert "does not fit" not in summary_text(model)
    with pytest.raises(ShapeError):
        model.add(layers.Conv2D(3, 3))
    assert "does not fit" in summary_text(model)


def test_a_failed_fit_leaves_the_table_up_to_the_layer_that_does_not_fit() -> None:
    model = Sequential([layers.Dense(4), layers.Conv2D(3, 3)])
    model.compile("sgd", "mse")
    with pytest.raises(ShapeError):
        model.fit([[1.0, 2.0]], [[1.0]], verbose=0)
    assert "does not fit" in summary_text(model)


def test_a_nested_model_opens_when_asked() -> None:
    inner = Sequential([Input((3,)), layers.Dense(2)], name="inner")
    model = Sequential([inner, layers.Dense(1)])
    assert "  dense (Dense)" not in summary_text(model)
    assert "  dense (Dense)" in summary_text(model, expand_nested=True)


def test_summary_prints_plain_text_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential([Input((3,)), layers.Dense(2)])
    model.summary()
    assert capsys.readouterr().out == summary_text(model) + "\n"


def test_the_text_goes_to_a_function_when_asked() -> None:
    texts: list[str] = []
    model = Sequential([Input((3,)), layers.Dense(2)])
    model.summary(print_fn=texts.append)
    assert texts == [summary_text(model)]


def work(model: Any) -> dict[str, str]:
    lines = summary_text(model, expand_nested=True).splitlines()
    end = lines[2].index("Multiply-adds") + len("Multiply-adds")
    return {line.split()[0]: line[:end].split()[-1] for line in lines[4:] if "(" in line[:end] and ":" not in line}


@pytest.mark.parametrize(
    ("shape", "layer", "wanted"),
    [
        ((8,), layers.Dense(5), 8 * 5),
        ((3, 8), layers.Dense(5), 3 * 8 * 5),
        ((9, 9, 4), layers.Conv2D(6, 3), 7 * 7 * 6 * 3 * 3 * 4),
        ((9, 9, 4), layers.Conv2D(6, 3, strides=2, padding="same"), 5 * 5 * 6 * 3 * 3 * 4),
        ((9, 9, 4), layers.Conv2D(6, 3, groups=2), 7 * 7 * 6 * 3 * 3 * 2),
        ((9, 9, 4), layers.DepthwiseConv2D(3), 7 * 7 * 4 * 3 * 3),
        ((9, 9, 4), layers.SeparableConv2D(6, 3), 7 * 7 * 4 * 3 * 3 + 7 * 7 * 6 * 4),
        ((9, 4), layers.Conv1D(6, 3, dilation_rate=2), 5 * 6 * 3 * 4),
        ((5, 5, 4), layers.Conv2DTranspose(6, 3, strides=2), 5 * 5 * 4 * 3 * 3 * 6),
        ((7, 8), layers.SimpleRNN(5), 7 * (8 * 5 + 5 * 5)),
        ((7, 8), layers.LSTM(5), 7 * (8 + 5) * 4 * 5),
        ((7, 8), layers.GRU(5, return_sequences=True), 7 * (8 + 5) * 3 * 5),
        ((7, 8), layers.BatchNormalization(), 0),
        ((8, 8, 2), layers.MaxPooling2D(), 0),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, layers.Layer) else None,
)
def test_the_multiply_adds_of_one_example_are_exact(shape: Any, layer: Any, wanted: int) -> None:
    assert costs_of(Sequential([Input(shape), layer])).of("") == wanted  # type: ignore[union-attr]
    assert costs_of(Sequential([Input(shape, batch_size=4), layer])).of("") == wanted  # type: ignore[union-attr]


def test_attention_is_counted_with_its_projections_scores_and_sums() -> None:
    x = Input((10, 8))
    model = Model(x, layers.MultiHeadAttention(num_heads=2, key_dim=4)(x, x))
    assert costs_of(model).of("") == 4 * 10 * 8 * 8 + 2 * (2 * 10 * 10 * 4)  # type: ignore[union-attr]


def test_layers_of_ones_own_and_the_bodies_of_programs_are_counted() -> None:
    class Power(layers.Layer):
        steps: int

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight("kernel", (input_shape[-1], input_shape[-1]))

        def call(self, x: Any) -> Any:
            square = pente.remat(lambda c: c @ self.kernel)
            return pente.scan(lambda c, _: (square(c), ()), x, length=self.steps)[0]

    assert costs_of(Sequential([Input((6,)), Power(5)])).of("") == 5 * 6 * 6  # type: ignore[union-attr]


def test_a_shared_layer_counts_each_of_its_calls_and_nested_models_their_layers() -> None:
    a, b = Input((6,), name="a"), Input((6,), name="b")
    shared = layers.Dense(4, name="shared")
    base = Sequential([Input((4,)), layers.Dense(3, name="inner")], name="base")
    joined = layers.Concatenate(name="joined")([base(shared(a)), base(shared(b)), a])
    model = Model([a, b], layers.Dense(1, name="head")(joined))
    counts = work(model)
    assert counts["shared"] == str(2 * 6 * 4)
    assert counts["base"] == counts["inner"] == str(2 * 4 * 3)
    assert counts["head"] == "12"
    text = summary_text(model)
    rows = {line.split()[0]: line for line in text.splitlines()}
    assert rows["shared"].endswith("  a, b")
    assert rows["base"].endswith("  shared[0], shared[1]")
    assert rows["joined"].endswith("  base[0], base[1], a")
    numbers = 2 * 4 + 2 * 3 + 12 + 1
    assert f"{4 * numbers} bytes for the outputs of all layers" in text


def test_layers_one_behind_the_other_need_no_column_of_connections() -> None:
    inputs = Input((6,))
    assert "Connected" not in summary_text(Model(inputs, layers.Dense(1)(layers.Dense(2)(inputs))))


def test_what_depends_on_an_open_length_is_not_told() -> None:
    model = Sequential([Input((None, 6)), layers.Dense(4), layers.GlobalAveragePooling1D()])
    assert work(model) == {"dense": "?", "global_average_pooling1d": "0"}
    assert "ask for" in summary_text(model)


def test_two_layers_of_one_path_are_not_mixed_up() -> None:
    towers = []
    for units in (3, 4):
        x = Input((6,))
        towers.append(Model(x, layers.Dense(2)(layers.Dense(units, name="inner")(x))))
    inputs = Input((6,))
    for tower in towers:
        tower(inputs)
    model = Model(inputs, layers.Concatenate()([tower.layers[1].output for tower in towers]))
    assert work(model) == {"input_layer": "0", "inner": "?", "inner_1": "?", "concatenate": "0"}


def test_a_layer_that_stands_twice_in_a_sequential_has_one_row() -> None:
    twice = layers.Dense(4)
    model = Sequential([Input((4,)), twice, twice])
    assert work(model) == {"dense": "32"}


def test_a_summary_changes_nothing_and_bears_what_a_call_of_ones_own_does() -> None:
    class Odd(Model):
        def __init__(self) -> None:
            super().__init__()
            self.head = layers.Dense(2)

        def call(self, x: Any) -> Any:
            if len(x) < 2:
                raise ValueError("I want more")
            self.add_loss(pente.sum(x))
            return self.head(x)

    class Even(Odd):
        def call(self, x: Any) -> Any:
            self.add_loss(pente.sum(x))
            return self.head(x)

    odd, even = Odd(), Even()
    for net in (odd, even):
        net(pente.ones((3, 4)))
    assert work(odd) == {"head": "?"}
    assert work(even) == {"head": "8"}
    assert [float(loss) for loss in even.losses] == [12.0]


def test_a_part_cut_from_a_nested_model_has_its_multiply_adds() -> None:
    x, y = Input((4,)), Input((4,))
    backbone = Model(x, layers.Dense(3, name="top")(layers.Dense(5, name="low")(x)), name="backbone")
    whole = Model(y, layers.Dense(2)(backbone(y)))
    part = Model(whole.input, whole.get_layer("backbone/low").output, name="part")
    text = summary_text(Sequential([part, layers.Dense(2)]))
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line}
    assert (rows["part"][-1], rows["dense"][-1]) == ("20", "10")
    assert "An example: 30 multiply-adds" in text
