"""One call makes a model of a table; what it needs to read new rows goes with it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pente
from pente.data import TableEncoder, read_table
from pente.errors import DataError, UsageError
from pente.tables import TableFit, fit_table, predict_table
from pente.tables.fitting import most_epochs, network, patience, usual_batch_size


def areas(rows: int = 240) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    height, width = rng.uniform(1, 5, rows), rng.uniform(1, 5, rows)
    return {"height": height, "width": width, "large": np.where(height * width > 9, "large", "small")}


@pytest.fixture(scope="module")
def fitted() -> TableFit:
    return fit_table(pd.DataFrame(areas()), "large", epochs=60)


def test_it_learns_as_long_as_the_watched_rows_say_and_from_them_too(fitted: TableFit) -> None:
    assert fitted.scores["accuracy"] > 0.9 > fitted.baseline["accuracy"]
    assert fitted.history["val_loss"][fitted.best_epoch - 1] == min(fitted.history["val_loss"])
    again = network(fitted.encoder, seed=0)
    x, y = (
        np.concatenate([of(part) for part in (fitted.parts.learned, fitted.parts.watched)])
        for of in (fitted.encoder.transform, fitted.encoder.labels)
    )
    again.fit(x, y, epochs=fitted.best_epoch, batch_size=usual_batch_size(len(fitted.parts.learned)), verbose=0)
    for mine, its in zip(again.weights, fitted.model.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), its.numpy())


def test_no_row_is_in_two_parts(fitted: TableFit) -> None:
    parts = fitted.parts
    places = [*parts.learned.places, *parts.watched.places, *parts.held_out.places]
    assert sorted(places) == list(range(240))


def test_a_model_that_was_saved_predicts_the_same_of_new_rows(fitted: TableFit, tmp_path) -> None:
    new = {"width": [1.0, 4.5], "height": [1.5, 4.0]}
    before = predict_table(fitted.model, new)
    after = predict_table(pente.load_model(fitted.model.save(tmp_path / "m.pente")), new)
    assert before.values.tolist() == after.values.tolist() == ["small", "large"]
    np.testing.assert_array_equal(before.probabilities["large"], after.probabilities["large"])


def test_the_seed_decides_everything_and_no_other_randomness_does() -> None:
    first = fit_table(areas(), "large", epochs=3, seed=5)
    pente.set_seed(99)
    second = fit_table(areas(), "large", epochs=3, seed=5)
    assert first.history == second.history
    assert first.scores == second.scores


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_numbers_of_any_size_are_as_easy_to_learn(scale: float) -> None:
    table = areas()
    table["area"] = scale * (table["height"] * table["width"] + 1000)
    del table["large"]
    fitted = fit_table(table, "area", epochs=60)
    assert fitted.encoder.task == "regression"
    assert fitted.scores["r2"] > 0.93
    predicted = predict_table(fitted.model, {"height": [2.0], "width": [2.0]}).values[0]
    assert predicted == pytest.approx(scale * 1004, rel=5e-3)


def test_a_column_of_numbers_can_be_classes_and_classes_be_numbers() -> None:
    table = areas() | {"stars": np.arange(240) % 3 + 1}
    assert fit_table(table, "stars", epochs=1).model.class_names == ["1", "2", "3"]
    assert fit_table(table, "stars", task="regression", epochs=1).model.class_names is None


def test_callbacks_hear_of_the_training() -> None:
    epochs: list[int] = []
    listener = pente.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    fit_table(areas(), "large", epochs=4, callbacks=[listener])
    assert epochs == [0, 1, 2, 3]


def test_the_parts_do_the_same_in_a_users_own_hands() -> None:
    table = read_table(areas())
    train, test = table.split("large", test_size=0.25)
    encoder = TableEncoder("large").fit(train)
    model = pente.Sequential([pente.layers.Dense(16, activation="relu"), pente.layers.Dense(2, activation="softmax")])
    model.compile(pente.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(encoder.transform(train), encoder.labels(train), epochs=30, verbose=0)
    model.preprocessing = encoder
    assert predict_table(model, test).scores["accuracy"] > 0.9


def test_what_cannot_be_done_is_told() -> None:
    with pytest.raises(DataError, match="has 10 rows in which 'large' is known, and at least 20"):
        fit_table(areas(10), "large")
    with pytest.raises(UsageError, match=r"it has no TableEncoder as model\.preprocessing"):
        predict_table(pente.Sequential([pente.layers.Dense(1)]), areas())


def test_many_classes_of_few_rows_are_split_where_they_can_be() -> None:
    table = areas(120) | {"kind": [f"k{i % 30}" for i in range(120)]}
    fitted = fit_table(table, "kind", epochs=1)
    assert len(fitted.encoder.class_names or []) == 30
    assert len(fitted.parts.watched) >= 30


@pytest.mark.parametrize(
    ("rows", "batch", "epochs", "wait"), [(100, 16, 300, 30), (3000, 128, 300, 30), (10**6, 512, 30, 5)]
)
def test_large_tables_get_large_batches_and_fewer_epochs(rows: int, batch: int, epochs: int, wait: int) -> None:
    assert (usual_batch_size(rows), most_epochs(rows), patience(rows)) == (batch, epochs, wait)


def test_a_result_shows_itself_in_a_line(fitted: TableFit) -> None:
    assert repr(fitted).startswith("<TableFit: ")
    assert all(name in repr(fitted) for name in fitted.scores)
    assert len(repr(fitted)) < 200
