"""Functions under keras.ops give Keras's numbers, and in a functional model they are layers."""

from typing import Any

import numpy as np
import pytest

import pente
from pente.keras import Input, Model, ops
from tests.keras.oracle import keras
from tests.keras.test_mirror import LISTED

pytestmark = pytest.mark.filterwarnings("ignore:__array__")  # of Keras's own
X = np.random.default_rng(0).uniform(0.1, 0.9, size=(3, 4, 6)).astype(np.float32)
Z = X[::-1].copy()
OTHERS: dict[str, tuple[Any, ...]] = {
    "cast": ("float64",),
    "clip": (0.3, 0.6),
    "expand_dims": (1,),
    "repeat": (2, 1),
    "reshape": ((-1, 24),),
    "transpose": ((0, 2, 1),),
}
PAIRS = """
    add divide equal floor_divide greater greater_equal less less_equal logaddexp maximum minimum multiply not_equal
    power subtract true_divide
    """.split()
ALONE = sorted(set(LISTED["ops"].split()) - set(PAIRS) - {"concatenate", "matmul", "one_hot", "stack", "take", "where"})


def given(name: str) -> Any:
    """Bools where the function is one of logic."""
    return X > 0.5 if name in ("all", "any") or name.startswith("logical") else X


def both(name: str, *args: Any) -> tuple[Any, Any]:
    theirs = getattr(keras.ops, name)(*args)
    return np.asarray(getattr(ops, name)(*args)), keras.ops.convert_to_numpy(theirs)


@pytest.mark.parametrize("name", [name for name in ALONE if name not in ("logical_and", "logical_or")])
def test_a_function_of_one_tensor_gives_keras_numbers(name: str) -> None:
    ours, theirs = both(name, given(name), *OTHERS.get(name, ()))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [*PAIRS, "logical_and", "logical_or"])
def test_a_function_of_two_tensors_gives_keras_numbers(name: str) -> None:
    second = Z > 0.5 if name.startswith("logical") else Z
    ours, theirs = both(name, given(name), second)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_functions_of_several_tensors_give_keras_numbers() -> None:
    for name, args in {
        "concatenate": ([X, Z], -1),
        "stack": ([X, Z], 1),
        "matmul": (X, X.transpose(0, 2, 1)),
        "where": (X > 0.5, X, Z),
        "take": (X, np.array([2, 0]), 1),
        "one_hot": (np.array([1, 0, 2]), 3),
    }.items():
        ours, theirs = both(name, *args)
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("compiled", [True, False])
def test_functions_and_slices_of_symbolic_tensors_are_layers_of_the_model(compiled: bool) -> None:
    x = Input((4, 6))
    first, last = x[:, 0], x[..., -1, 1:4] ** 2.0
    outputs = {
        "joined": ops.concatenate([first, last], axis=-1),
        "mean": ops.mean(x, axis=(1, 2), keepdims=True),
        "turned": ops.transpose(ops.relu(x - 0.5), (0, 2, 1)),
        "flat": ops.reshape(x, (-1, 24)),
        "taken": ops.take(x, np.array([2, 0]), axis=1),
        "double": ops.cast(x, "float64"),
    }
    model = Model(x, outputs)
    model.compile(loss=None, jit=compiled)
    found = model.predict(X, verbose=0)
    np.testing.assert_allclose(found["joined"], np.concatenate([X[:, 0], X[:, -1, 1:4] ** 2], -1), rtol=1e-5)
    np.testing.assert_allclose(found["mean"], X.mean((1, 2), keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(found["turned"], np.maximum(X - 0.5, 0).transpose(0, 2, 1), rtol=1e-5)
    np.testing.assert_array_equal(found["flat"], X.reshape(-1, 24))
    np.testing.assert_array_equal(found["taken"], X[:, [2, 0]])
    assert found["double"].dtype == np.float64
    assert {name: y.shape for name, y in model.output.items()} == {
        "joined": (None, 9),
        "mean": (None, 1, 1),
        "turned": (None, 6, 4),
        "flat": (None, 24),
        "taken": (None, 2, 6),
        "double": (None, 4, 6),
    }


def test_a_model_with_functions_in_it_is_saved(tmp_path: Any) -> None:
    x = Input((4, 6))
    model = Model(x, ops.softmax(ops.mean(x[:, 1:], axis=1)))
    loaded = pente.load_model(model.save(tmp_path / "model.pente"))
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
