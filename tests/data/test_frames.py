"""Tables of pandas, polars and Arrow as data to learn from."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import pente
from pente import Input, Model, Sequential, layers
from pente.data import ArrayDataset
from pente.errors import DataError

RNG = np.random.default_rng(0)
COLUMNS = {"age": RNG.integers(20, 60, 40), "height": RNG.normal(170, 9, 40), "left": RNG.random(40) < 0.1}
TABLE = np.stack(list(COLUMNS.values()), axis=1)
LABELS = RNG.integers(0, 2, 40)


class Stream:
    """What has no more than Arrow's stream, as databases give it."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


MAKERS = {
    "pandas": lambda columns: pd.DataFrame(columns),
    "pandas, nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="numpy_nullable"),
    "pandas on Arrow": lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame,
    "Arrow": pa.table,
    "Arrow batch": pa.record_batch,
    "Arrow stream": lambda columns: Stream(pa.table(columns)),
}
SERIES = {"pandas": pd.Series, "polars": lambda y: pl.Series(values=y), "Arrow": lambda y: pa.chunked_array([y])}


@pytest.mark.parametrize("maker", MAKERS)
def test_a_table_of_numbers_is_one_array(maker: str) -> None:
    np.testing.assert_allclose(ArrayDataset(MAKERS[maker](COLUMNS))[:], TABLE)


@pytest.mark.parametrize("maker", SERIES)
def test_a_series_keeps_its_dtype(maker: str) -> None:
    y = ArrayDataset(TABLE, SERIES[maker](LABELS))[:][1]
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, LABELS)


def test_labels_that_may_be_missing_and_are_not_stay_whole_numbers() -> None:
    for series in (pd.Series(LABELS, dtype="Int64"), pd.Series(LABELS, dtype="int64[pyarrow]")):
        assert ArrayDataset(TABLE, series)[:][1].dtype == np.int64


@pytest.mark.parametrize("maker", MAKERS)
def test_training_on_a_table_is_training_on_its_array(maker: str) -> None:
    def trained(x: Any, y: Any) -> Any:
        pente.set_seed(1)
        model = Sequential([layers.Dense(4, "relu"), layers.Dense(2, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x, y, epochs=2, verbose=0)
        return model.predict(x, verbose=0)

    np.testing.assert_array_equal(trained(MAKERS[maker](COLUMNS), LABELS), trained(TABLE, LABELS))


def test_a_dict_of_columns_goes_to_the_inputs_of_these_names() -> None:
    age, rest = Input((1,), name="age"), Input((2,), name="rest")
    model = Model([age, rest], layers.Dense(1)(layers.Concatenate()([age, rest])))
    model.compile("sgd", "mse")
    frame = pd.DataFrame(COLUMNS)
    given = {"rest": frame[["height", "left"]].astype("float32"), "age": frame[["age"]].astype("float32")}
    model.fit(given, pd.Series(LABELS.astype("float32")), verbose=0)
    expected = model.predict([TABLE[:, :1].astype("float32"), TABLE[:, 1:].astype("float32")], verbose=0)
    np.testing.assert_allclose(model.predict(given, verbose=0), expected, rtol=1e-6)


TEXT = {"age": [1, 2, 3], "city": ["Oslo", "Rome", "Oslo"]}
GAPS = {"age": [1, None, 3], "weight": [True, None, None]}
DATES = {"when": np.array(["2024-01-01", "2024-01-03"], "datetime64[ms]")}


@pytest.mark.parametrize("maker", MAKERS)
def test_a_column_of_text_is_named_with_what_turns_it_into_numbers(maker: str) -> None:
    with pytest.raises(DataError, match=r"column 'city' of x holds .*\[0\] is 'Oslo'.*TableEncoder"):
        ArrayDataset(MAKERS[maker](TEXT))


def test_a_category_is_text() -> None:
    for frame in (pd.DataFrame(TEXT).astype({"city": "category"}), pl.DataFrame(TEXT).cast({"city": pl.Categorical})):
        with pytest.raises(DataError, match=r"column 'city' of x holds .*'Oslo'"):
            ArrayDataset(frame)


@pytest.mark.parametrize("maker", MAKERS)
def test_a_gap_is_told_with_its_column_and_row(maker: str) -> None:
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    frame = MAKERS[maker]({"weight": GAPS["weight"]})
    with pytest.raises(DataError, match=r"column 'weight' of x misses 2 of its 3 values, first in row 1.*fillna"):
        model.fit(frame, [1.0, 2.0, 3.0])
    with pytest.raises(DataError, match=r"column 'age'.*misses 1 of|NaN: first in row 1, in column 'age'"):
        model.fit(MAKERS[maker]({"age": GAPS["age"]}), [1.0, 2.0, 3.0])


@pytest.mark.parametrize("maker", MAKERS)
def test_dates_are_told_with_what_turns_them_into_numbers(maker: str) -> None:
    with pytest.raises(DataError, match=r"column 'when' of x holds (dates|objects).*2024.*"):
        ArrayDataset(MAKERS[maker](DATES))


def test_columns_of_one_name_are_told() -> None:
    with pytest.raises(DataError, match="several columns named 'a'"):
        ArrayDataset(pd.DataFrame(np.ones((2, 2)), columns=["a", "a"]))


def test_a_table_without_columns_is_told() -> None:
    with pytest.raises(DataError, match="no columns"):
        ArrayDataset(pd.DataFrame(index=range(3)))


def test_arrow_streams_say_what_they_need(monkeypatch: Any) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(pente.errors.MissingExtraError, match="pyarrow"):
        ArrayDataset(Stream(None))
