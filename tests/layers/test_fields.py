"""A layer's fields are its constructor, its configuration, its repr and its copy."""

from typing import Any

import pytest

from pente import layers
from pente.errors import UsageError


class Scale(layers.Layer):
    factor: float = 2.0

    def call(self, x: Any) -> Any:
        return x * self.factor


class Written(layers.Layer):
    def __init__(self, width: int, **more: Any) -> None:
        super().__init__(**more)
        self.width = width


class Forgetful(layers.Layer):
    def __init__(self, width: int) -> None:
        super().__init__()


def test_annotations_make_the_constructor() -> None:
    assert Scale(3.0).factor == Scale(factor=3.0).factor == 3.0
    assert (Scale().factor, Scale(name="s").name) == (2.0, "s")


@pytest.mark.parametrize(
    "layer",
    [
        layers.Dense(3, "relu", use_bias=False, name="head", trainable=False),
        layers.Dropout(0.3, seed=4),
        layers.Reshape((2, -1)),
        layers.Concatenate(axis=1),
        Scale(5.0, dtype="float64"),
        Written(4, name="w"),
    ],
    ids=repr,
)
def test_a_layer_of_the_same_configuration_has_the_same(layer: Any) -> None:
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    assert repr(twin) == repr(layer)


def test_a_change_of_a_field_shows_in_the_configuration() -> None:
    layer = layers.Dense(3)
    layer.activation = "tanh"
    assert layer.get_config()["activation"] == "tanh"
    assert repr(layer) == "Dense(units=3, activation='tanh')"


def test_a_name_that_was_not_given_is_not_configured() -> None:
    assert layers.Dense(3).get_config()["name"] is None
    assert layers.Dense(3).name == "dense"


def test_an_argument_that_is_not_kept_is_told() -> None:
    with pytest.raises(UsageError, match=r"self\.width = width"):
        Forgetful(3).get_config()


def test_a_layer_that_forgets_its_parents_constructor_works() -> None:
    class Bare(layers.Layer):
        def __init__(self) -> None:
            self.inner = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.inner(x)

    assert Bare()([[1.0, 2.0]]).shape == (1, 2)
