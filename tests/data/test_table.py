"""A table is the same whatever it comes from, and is split without a leak."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from pente.data import Table, read_table
from pente.errors import DataError, MissingExtraError, UnknownNameError, UsageError

COLUMNS: dict[str, list[Any]] = {
    "age": [31.0, None, 27.0, 45.0, 31.0, 50.0],
    "city": ["Oslo", "Bergen", None, "Oslo", "Oslo", "Bergen"],
    "member": [True, False, True, True, False, False],
    "visits": [1, 2, 3, 3, 1, 0],
}
DAYS = np.array(["2024-01-01", "2024-02-01", "2024-03-01", "2024-01-01", "2024-02-01", "2024-03-01"], "datetime64[D]")


def from_csv(folder: Path) -> Table:
    path = folder / "data.csv"
    rows = zip(*COLUMNS.values(), DAYS, strict=True)
    text = "\n".join(",".join("" if value is None else str(value) for value in row) for row in rows)
    path.write_text(f"{','.join(COLUMNS)},day\n{text}\n")
    return read_table(path)


def from_parquet(folder: Path) -> Table:
    parquet.write_table(pa.table(COLUMNS | {"day": DAYS}), folder / "data.parquet")
    return read_table(folder / "data.parquet")


SOURCES = {
    "csv": from_csv,
    "parquet": from_parquet,
    "arrow": lambda _: read_table(pa.table(COLUMNS | {"day": DAYS})),
    "pandas": lambda _: read_table(pd.DataFrame(COLUMNS | {"day": DAYS})),
    "pandas with pandas's own types": lambda _: read_table(pd.DataFrame(COLUMNS | {"day": DAYS}).convert_dtypes()),
    "polars": lambda _: read_table(pl.DataFrame(COLUMNS | {"day": DAYS})),
    "dict": lambda _: read_table(COLUMNS | {"day": DAYS}),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_table_is_the_same_whatever_it_comes_from(source: str, tmp_path: Path) -> None:
    table = SOURCES[source](tmp_path)
    assert table.kinds == {
        "age": "number",
        "city": "category",
        "member": "boolean",
        "visits": "number",
        "day": "date",
    }
    np.testing.assert_array_equal(table["age"].values, [31, np.nan, 27, 45, 31, 50])
    assert table["city"].values.tolist() == COLUMNS["city"]
    assert table["member"].values.tolist() == [str(value) for value in COLUMNS["member"]]
    np.testing.assert_array_equal(table["day"].values, DAYS)


def test_categories_of_pandas_and_decimals_are_read() -> None:
    from decimal import Decimal

    frame = pd.DataFrame({"c": pd.Categorical(["a", "b"] * 5), "d": [Decimal("1.5")] * 10})
    table = read_table(frame)
    assert table.kinds == {"c": "category", "d": "number"}
    assert table["d"].values[0] == 1.5


def test_rows_are_taken_by_slice_number_and_mask_and_know_their_line(tmp_path: Path) -> None:
    table = from_csv(tmp_path)
    part = table[2:][[1, 3]]
    assert part["visits"].values.tolist() == [3, 0]
    assert part.where(0) == "line 5"
    assert len(table[table["age"].missing]) == 1
    assert read_table(COLUMNS)[3:].where(0) == "row 3"


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    table = read_table(COLUMNS)
    with pytest.raises(UnknownNameError, match="Did you mean 'city'"):
        table["citi"]
    with pytest.raises(UnknownNameError, match="Did you mean 'age'"):
        read_table(COLUMNS, types={"agee": "number"})


def test_what_is_no_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="got ndarray"):
        read_table(np.ones((3, 2)))
    with pytest.raises(DataError, match="as many rows"):
        read_table({"a": [1], "b": [1, 2]})
    with pytest.raises(DataError, match="no rows"):
        read_table({"a": []})
    with pytest.raises(DataError, match=re.escape("shape (2, 2)")):
        read_table({"a": np.ones((2, 2))})
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="damaged Parquet"):
        read_table(tmp_path / "bad.parquet")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=re.escape("pente[parquet]")):
        read_table(tmp_path / "bad.parquet")


def test_a_split_keeps_shares_of_classes_and_equal_rows_together() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 60, 400)
    table = read_table(
        {"x": x, "name": [f"row-{i}" for i in range(400)], "y": np.where(x % 4 == 0, "rare", "usual")},
        types={"x": "number"},
    )
    train, test = table.split("y", test_size=0.25, seed=3)
    assert len(train) + len(test) == 400
    assert not set(train["x"].values) & set(test["x"].values)
    share = np.mean(test["y"].values == "rare") / np.mean(table["y"].values == "rare")
    assert 0.8 < share < 1.25
    again = table.split("y", test_size=0.25, seed=3)[1]
    assert again.places.tolist() == test.places.tolist()
    assert table.split("y", seed=4)[1].places.tolist() != test.places.tolist()


def test_rows_that_are_equal_but_for_missing_values_stay_together() -> None:
    table = read_table({"x": [1.0, np.nan, np.nan, 2.0] * 5, "y": [1.0, 2.0, 3.0, 4.0] * 5})
    train, test = table.split("y", test_size=0.5)
    assert {str(v) for v in train["x"].values} & {str(v) for v in test["x"].values} == set()


def test_nothing_to_learn_from_is_told() -> None:
    with pytest.raises(DataError, match="no column to learn from beside 'y'"):
        read_table({"y": [1, 2] * 10}).split("y")
