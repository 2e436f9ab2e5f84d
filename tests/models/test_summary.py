"""The table of a model, before and after it is built."""

import pytest

from pente import Input, Model, Sequential, layers
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
    assert "17,000  no" in rows["dense"]
    assert "2,002  yes" in rows["dense_1"]
    assert "Parameters: 19,002 (76.0 kB), of which 2,002 are trained and 17,000 are not." in summary_text(model)


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


def test_a_nested_model_opens_when_asked() -> None:
    inner = Sequential([Input((3,)), layers.Dense(2)], name="inner")
    model = Sequential([inner, layers.Dense(1)])
    assert "  dense (Dense)" not in summary_text(model)
    assert "  dense (Dense)" in summary_text(model, expand_nested=True)


def test_summary_prints_plain_text_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential([Input((3,)), layers.Dense(2)])
    model.summary()
    assert capsys.readouterr().out == summary_text(model) + "\n"
