"""The embedding: torch's rows and slopes, and ids that have no row."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente import Input, Sequential, layers
from pente.compiler.jit import jit
from pente.errors import BoundsError, DataError, UsageError
from tests.layers.twins import randomized

IDS = np.random.default_rng(4).integers(0, 7, (3, 5))


def slope(layer: Any, ids: Any, compiled: bool) -> Any:
    step = pente.value_and_grad(lambda ids: (layer(ids) ** 2).sum(), wrt=layer.trainable_variables)
    return (jit(step) if compiled else step)(pente.tensor(ids))[1][0].numpy()


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_rows_and_slopes_are_torchs_also_where_an_id_comes_twice(compiled: bool) -> None:
    layer = randomized(layers.Embedding(7, 4), IDS)
    table = torch.tensor(layer.embeddings.numpy(), requires_grad=True)
    rows = torch.nn.functional.embedding(torch.tensor(IDS), table)
    (rows**2).sum().backward()
    np.testing.assert_array_equal(layer(IDS).numpy(), rows.detach())
    np.testing.assert_allclose(slope(layer, IDS, compiled), table.grad, rtol=1e-5, atol=1e-6)


def test_ids_may_be_lists_and_floats_that_are_whole() -> None:
    layer = layers.Embedding(7, 4)
    np.testing.assert_array_equal(layer(IDS.tolist()).numpy(), layer(IDS.astype(np.float32)).numpy())
    assert layer(3).shape == (4,)


def test_the_table_begins_within_a_twentieth_of_zero_and_has_kerass_name() -> None:
    model = Sequential([Input((5,), dtype="int64"), layers.Embedding(100, 8)])
    (table,) = model.weights
    assert (table.name, table.shape) == ("embedding/embeddings", (100, 8))
    assert 0.04 < abs(table.numpy()).max() <= 0.05


@pytest.mark.parametrize("shape", [(5,), (None,), (2, 3)])
def test_the_shape_that_comes_out_is_known_before_the_data(shape: Any) -> None:
    layer = layers.Embedding(7, 4)
    assert layer(Input(shape)).shape == layer.output_shape == (None, *shape, 4)
    assert repr(layers.Embedding.from_config(layer.get_config())) == repr(layer)


@pytest.mark.parametrize(("strange", "shown"), [(7, "7"), (-1, "-1"), (0.5, "0.5")])
def test_an_id_that_has_no_row_is_told_with_its_place(strange: Any, shown: str) -> None:
    ids = np.zeros((2, 3), type(strange))
    ids[1, 2] = strange
    with pytest.raises(DataError, match=rf"each id from 0 to 6, and got {shown} at ids\[1, 2\]"):
        layers.Embedding(7, 4)(ids)


@pytest.mark.parametrize("strange", [7, -1])
def test_an_id_that_has_no_row_stops_a_compiled_fit(strange: int) -> None:
    model = Sequential([layers.Embedding(7, 4), layers.GlobalAveragePooling1D(), layers.Dense(1)])
    model.compile("sgd", "mse")
    targets = np.zeros((3, 1), np.float32)
    model.fit(IDS, targets, verbose=0)
    before = model.get_weights()
    ids = np.where(np.arange(5) == 3, strange, IDS)
    with pytest.raises(DataError, match=rf"each id from 0 to 6, and got {strange} at ids\[0, 3\]"):
        model.fit(ids, targets, verbose=0)
    with pytest.raises(BoundsError, match="outside of axis 0, which has 7 places"):
        model.predict(ids, verbose=0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_settings_that_make_no_sense_are_told() -> None:
    with pytest.raises(UsageError, match="attention_mask=mask"):
        layers.Embedding(7, 4, mask_zero=True)
    with pytest.raises(UsageError, match="input_dim is a whole number of at least 1"):
        layers.Embedding(0, 4)
