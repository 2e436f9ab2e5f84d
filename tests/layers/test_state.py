"""State is found by structure: paths, order, freezing, values in and out."""

from typing import Any

import numpy as np
import pytest

import pente
from pente import Sequential, layers
from pente.errors import DataError, ShapeError

X = np.ones((4, 3), np.float32)


class Block(layers.Layer):
    width: int = 2

    def __post_init__(self) -> None:
        self.parts = [layers.Dense(self.width), layers.Dense(self.width, name="mine")]
        self.heads = {"left": layers.Dense(1), "right": layers.Dense(1)}
        self.noise = layers.Dropout(0.5)

    def build(self, input_shape: Any) -> None:
        self.still = self.add_weight("still", (2,), "zeros", trainable=False)
        self.scale = self.add_weight("scale", (), "ones")

    def call(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return self.noise(self.heads["left"](x) + self.heads["right"](x)) * self.scale


def test_paths_are_attributes_places_and_keys_and_a_name_given_wins() -> None:
    block = Block()
    block(X)
    assert list(block.state_dict()) == [
        "scale",
        "still",
        "parts/0/kernel",
        "parts/0/bias",
        "mine/kernel",
        "mine/bias",
        "heads/left/kernel",
        "heads/left/bias",
        "heads/right/kernel",
        "heads/right/bias",
        "noise/draws/calls",
    ]


def test_paths_do_not_depend_on_what_was_made_before() -> None:
    for _ in range(2):
        model = Sequential([layers.Dense(2), Block(), layers.Dense(2), layers.Dense(1, name="head")])
        model(X)
        names = [v.name for v in model.weights]
        assert names[:3] == ["dense/kernel", "dense/bias", "block/scale"]
        assert names[-4:] == ["dense_1/kernel", "dense_1/bias", "head/kernel", "head/bias"]
        assert model.get_layer("block/heads/left").path == "block/heads/left"


def test_a_name_that_is_taken_is_not_given_again() -> None:
    model = Sequential([layers.Dense(2), layers.Dense(2, name="dense"), layers.Dense(2)])
    assert [layer.name for layer in model.layers] == ["dense_1", "dense", "dense_2"]


def test_weights_stand_in_keras_order_without_the_state_of_random_numbers() -> None:
    block = Block()
    block(X)
    assert [v.shape for v in block.weights[:4]] == [(), (2,), (3, 2), (2,)]
    assert [v.name for v in block.non_trainable_weights] == ["block/still"]
    assert {v.name for v in block.variables} - {v.name for v in block.weights} == {"block/noise/draws/calls"}


def test_a_layer_in_two_places_counts_once() -> None:
    shared = layers.Dense(3)
    model = Sequential([shared, layers.Activation("relu"), shared])
    model(X)
    assert model.count_params() == 12
    assert len(model.weights) == 2


def test_a_build_of_several_arguments_is_told_as_many_shapes() -> None:
    class Bilinear(layers.Layer):
        def build(self, left_shape: Any, right_shape: Any) -> None:
            self.between = self.add_weight("between", (left_shape[-1], right_shape[-1]), "ones")

        def call(self, left: Any, right: Any) -> Any:
            return ((left @ self.between) * right).sum(axis=-1)

    np.testing.assert_allclose(Bilinear()(X, np.ones((4, 2), np.float32)).numpy(), np.full(4, 6.0))
    a, b = pente.Input((3,)), pente.Input((2,))
    assert Bilinear()(a, b).shape == (None,)


def test_a_variable_in_an_attribute_is_a_weight() -> None:
    class Shift(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.by = pente.Variable(np.ones(3))

        def call(self, x: Any) -> Any:
            return x + self.by

    model = Sequential([Shift()])
    model(X)
    assert [v.name for v in model.trainable_weights] == ["shift/by"]


def test_freezing_walks_down_and_back() -> None:
    block = Block()
    block(X)
    trained = [v.name for v in block.trainable_weights]
    block.freeze()
    assert block.trainable_weights == []
    assert not block.parts[0].trainable
    block.unfreeze()
    assert [v.name for v in block.trainable_weights] == trained  # and not the one that never trained


def test_weights_that_are_made_after_freezing_are_frozen() -> None:
    layer = layers.Dense(2, trainable=False)
    layer(X)
    assert layer.trainable_weights == []
    layer.trainable = True
    assert len(layer.trainable_weights) == 2


def test_freeze_to_freezes_up_to_and_with_the_named_layer() -> None:
    model = Sequential([layers.Dense(2), layers.Dense(2), layers.Dense(2)])
    model(X)
    model.freeze_to("dense_1")
    assert [layer.trainable for layer in model.layers] == [False, False, True]
    model.freeze_to("dense")
    assert [layer.trainable for layer in model.layers] == [False, True, True]


def test_a_frozen_layer_is_not_trained() -> None:
    model = Sequential([layers.Dense(2), layers.Dense(1)])
    model(X)
    model.layers[0].trainable = False
    model.compile(pente.optimizers.SGD(0.1), "mse")
    before = model.get_weights()
    model.fit(X, np.zeros(4), verbose=0)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, False, True, True]


def test_parameters_are_what_can_train_frozen_or_not() -> None:
    block = Block()
    block(X)
    block.parts[0].freeze()
    assert "block/still" not in {v.name for v in block.parameters()}
    assert "block/parts/0/kernel" in {v.name for v in block.parameters()}


def test_state_goes_from_one_model_to_another() -> None:
    one, two = Sequential([layers.Dense(2), Block()]), Sequential([layers.Dense(2), Block()])
    pente.set_seed(1)
    one(X)
    pente.set_seed(2)
    two(X)
    pente.set_seed(0)
    assert not np.array_equal(one(X).numpy(), two(X).numpy())
    two.load_state_dict(one.state_dict())
    np.testing.assert_array_equal(one(X).numpy(), two(X).numpy())
    two.set_weights([0 * w for w in one.get_weights()])
    assert not two(X).numpy().any()


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    layer = layers.Dense(2)
    layer(X)
    before = layer.get_weights()
    with pytest.raises(DataError, match="it lacks bias; nothing is called extra"):
        layer.load_state_dict({"kernel": before[0] * 0, "extra": 1})
    with pytest.raises(ShapeError, match="bias has shape"):
        layer.load_state_dict({"kernel": before[0] * 0, "bias": np.zeros(7)})
    with pytest.raises(DataError, match="has 2 weights, and 1"):
        layer.set_weights(before[:1])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_every_change_of_a_field_raises_the_revision_and_assigning_a_variable_does_not() -> None:
    layer = layers.Dense(2)
    layer(X)
    for change in (lambda: setattr(layer, "activation", "relu"), layer.freeze, layer.train, layer.unfreeze):
        before = layer.revision
        change()
        assert layer.revision > before
    before = layer.revision
    layer.kernel.assign(layer.kernel.numpy() * 2)
    layer.trainable = True  # as it was
    assert layer.revision == before


def test_zero_grad_forgets_gradients() -> None:
    layer = layers.Dense(1)
    layer(X).sum().backward()
    assert layer.kernel.grad is not None
    layer.zero_grad()
    assert layer.kernel.grad is None


def test_weights_are_a_function_of_seed_and_path() -> None:
    def weights(seed: int) -> list[Any]:
        pente.set_seed(seed)
        model = Sequential([layers.Dense(4), layers.Dense(4)])
        model(X)
        return model.get_weights()

    first, again, other = weights(3), weights(3), weights(4)
    pente.set_seed(0)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0][:3], first[2][:3])


def test_values_that_were_seen_stay_when_a_layer_moves() -> None:
    layer = layers.Dense(2)
    layer(X)
    before = layer.get_weights()
    model = Sequential([layers.Dense(3), layer])
    model(X)
    assert layer.path == "dense_1"
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_a_tree_with_a_circle_is_walked_once() -> None:
    class Child(layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    class Parent(layers.Layer):
        def __post_init__(self) -> None:
            self.child = Child()
            self.child.parent = self

        def call(self, x: Any) -> Any:
            return self.child(x)

    parent = Parent()
    parent(X)
    assert [path for path, _ in parent.walk()] == ["", "child"]
