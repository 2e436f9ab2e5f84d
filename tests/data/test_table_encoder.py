"""What becomes of columns is learned from the training rows alone, and is plain JSON."""

import json
from typing import Any

import numpy as np
import pytest

from pente.data import TableEncoder, read_table
from pente.errors import DataError, UnknownNameError, UsageError

RNG = np.random.default_rng(0)
N = 300
CITIES = ["Oslo", "Bergen", "Tromsø", "Bodø"]


def people(n: int = N, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 10, n)
    age[::17] = np.nan
    days = np.datetime64("2019-06-01T12:00") + rng.integers(0, 1500 * 24, n).astype("timedelta64[h]")
    return {
        "id": [f"P{i:05d}" for i in range(n)],
        "age": age,
        "income": np.exp(rng.normal(10, 2, n)),
        "city": rng.choice(CITIES, n),
        "member": rng.choice(["yes", "no"], n),
        "since": days,
        "currency": ["EUR"] * n,
        "essay": [f"a text of its own, number {i}" for i in range(n)],
        "bought": rng.choice(["no", "yes"], n),
    }


@pytest.fixture(scope="module")
def encoder() -> TableEncoder:
    return TableEncoder("bought").fit(people())


def test_each_column_becomes_what_its_kind_asks_for(encoder: TableEncoder) -> None:
    assert encoder.features == [
        "age",
        "age is missing",
        "income",
        *(f"city is {name}" for name in [feature.removeprefix("city is ") for feature in encoder.features[3:7]]),
        "member is yes",
        "since",
        *(f"since: {wave} of the {cycle}" for cycle in ("year", "week", "day") for wave in ("sine", "cosine")),
    ]
    assert sorted(feature.removeprefix("city is ") for feature in encoder.features[3:7]) == sorted(CITIES)
    x = encoder.transform(people())
    assert (x.shape, x.dtype) == ((N, len(encoder.features)), np.float32)
    assert np.isfinite(x).all()
    left_out = {column.name: column.told for column in encoder.columns if not column.features}
    assert set(left_out) == {"id", "currency", "essay"}
    assert left_out["id"] == "every row has a value of its own"
    assert left_out["currency"] == "every value is EUR"
    assert left_out["essay"] == "300 different texts in 300 rows"


def test_numbers_are_centred_on_the_median_and_far_ones_are_drawn_in(encoder: TableEncoder) -> None:
    table = people()
    x = encoder.transform(table)
    known = ~np.isnan(table["age"])
    assert abs(np.median(x[known, 0])) < 1e-6
    assert x[known, 0].std() == pytest.approx(1, abs=0.15)
    assert (x[~known, 0] == 0).all()
    np.testing.assert_array_equal(x[:, 1], ~known)
    order = np.argsort(table["income"])
    assert (np.diff(x[order, 2]) > 0).all()  # no two different numbers become equal
    assert x[:, 2].max() < 8 < (table["income"].max() - np.median(table["income"])) / table["income"].std() * 1.5


def test_the_place_in_a_cycle_is_its_sine_and_cosine(encoder: TableEncoder) -> None:
    table = people()
    x = encoder.transform(table)
    hours = table["since"].astype("datetime64[h]").astype(int) % 24
    column = encoder.features.index("since: sine of the day")
    np.testing.assert_allclose(x[:, column], np.sin(2 * np.pi * hours / 24), atol=1e-5)
    years = x[:, [encoder.features.index(f"since: {wave} of the year") for wave in ("sine", "cosine")]]
    np.testing.assert_allclose((years**2).sum(axis=1), 1, rtol=1e-5)


def test_dates_without_times_and_of_few_days_have_no_cycles() -> None:
    days = np.datetime64("2024-01-01") + np.arange(10).astype("timedelta64[D]")
    assert TableEncoder().fit({"day": np.tile(days, 5)}).features == ["day"]


def test_statistics_are_those_of_the_training_rows_alone() -> None:
    table = read_table(people())
    part = table[:200]
    changed = people()
    changed["age"][200:] = 1e6
    changed["city"][200:] = "Atlantis"
    assert (
        TableEncoder("bought").fit(part).get_config()
        == TableEncoder("bought").fit(read_table(changed)[:200]).get_config()
    )


def test_all_that_was_learned_is_plain_json_and_makes_an_equal_encoder(encoder: TableEncoder) -> None:
    config = json.loads(json.dumps(encoder.get_config()))
    copy = TableEncoder.from_config(config)
    assert copy.get_config() == encoder.get_config()
    assert copy.class_names == ["no", "yes"]
    new = people(seed=5)
    np.testing.assert_array_equal(copy.transform(new), encoder.transform(new))


def test_the_order_of_columns_and_columns_too_many_do_not_matter(encoder: TableEncoder) -> None:
    table = people()
    reordered = {"extra": np.arange(N), **dict(reversed(table.items()))}
    np.testing.assert_array_equal(encoder.transform(reordered), encoder.transform(table))
    assert "not used, as training did not have them: 'extra'" in encoder.notes(reordered)


def test_columns_that_lack_are_named(encoder: TableEncoder) -> None:
    table = read_table({name: values for name, values in people().items() if name not in ("age", "city")})
    with pytest.raises(DataError, match="lacks columns 'age', 'city', which the model learned from"):
        encoder.transform(table)


def test_columns_that_were_left_out_may_lack(encoder: TableEncoder) -> None:
    used = ("age", "income", "city", "member", "since")
    assert encoder.transform({name: people()[name] for name in used}).shape[0] == N


def test_values_never_seen_are_unknown_and_told(encoder: TableEncoder) -> None:
    table = people(4)
    table["city"] = ["Oslo", "Atlantis", None, "Bergen"]
    x = encoder.transform(table)
    places = [i for i, feature in enumerate(encoder.features) if feature.startswith("city")]
    assert x[:, places].sum(axis=1).tolist() == [1, 0, 0, 1]
    (note,) = [note for note in encoder.notes(table) if "city" in note]
    assert note == "column 'city', row 1: 'Atlantis' (2 rows in all); not seen in training: it counts as unknown"


def test_rare_categories_share_a_place_with_unknown_ones() -> None:
    cities = ["a"] * 20 + ["b"] * 20 + ["c"] * 5 + ["rare1", "rare2"]
    encoder = TableEncoder(max_categories=3).fit(read_table({"city": cities}, types={"city": "category"}))
    assert encoder.features == ["city is a", "city is b", "city is c", "city is another value"]
    new = read_table({"city": ["rare1", "new", "c", None]}, types={"city": "category"})
    np.testing.assert_array_equal(encoder.transform(new), [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]])


def test_two_values_share_a_column() -> None:
    encoder = TableEncoder().fit(read_table({"member": ["yes", "no", None, "no", "yes"]}))
    np.testing.assert_array_equal(
        encoder.transform(read_table({"member": ["no", "yes", None]})), [[-1, 0], [1, 0], [0, 1]]
    )


def test_text_in_a_column_of_numbers_is_told_with_its_row(encoder: TableEncoder, tmp_path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("age,income,city,member,since\n31,10,Oslo,yes,2020-01-01\nold,20,Oslo,no,2020-01-01\n")
    table = read_table(path, types=encoder.types)
    assert np.isnan(table["age"].values[1])
    assert "column 'age': 1 value is no number and counted as missing, first 'old' in line 3" in table.notes
    path.write_text("age,income,city,member,since\nold,10,Oslo,yes,2020-01-01\n")
    with pytest.raises(DataError, match="column 'age' is to hold numbers, and holds none: 'old' in line 2"):
        read_table(path, types=encoder.types)
    with pytest.raises(DataError, match=r"column 'income' of the table is read as category.*types=encoder\.types"):
        encoder.transform(read_table(people() | {"income": ["low", "high", "low"] * (N // 3)}))


@pytest.mark.parametrize(
    ("values", "task", "names"),
    [
        (["b", "a"] * 20, "classification", ["a", "b"]),
        ([10, 2, 1] * 20, "classification", ["1", "2", "10"]),
        ([True, False] * 20, "classification", ["False", "True"]),
        (np.arange(60) + 0.5, "regression", None),
        (np.arange(60) % 30, "regression", None),
        ([1.5, 2.5] * 20, "regression", None),
    ],
    ids=str,
)
def test_the_task_follows_from_the_target(values: Any, task: str, names: list[str] | None) -> None:
    table = {"x": np.arange(len(values)) * 0.37, "y": values}
    encoder = TableEncoder("y").fit(table)
    assert (encoder.task, encoder.class_names) == (task, names)
    labels = encoder.labels(table)
    assert (labels.dtype, labels.ndim) == ((np.int64, 1) if names else (np.float32, 2))
    if names:
        assert [names[i] for i in labels[:3]] == [str(v) for v in list(values)[:3]]


def test_a_task_that_is_said_is_taken() -> None:
    table = {"x": np.arange(60) * 0.37, "y": [10, 2, 1] * 20}
    assert TableEncoder("y", "regression").fit(table).labels(table)[:2].tolist() == [[10.0], [2.0]]


WRONG_TARGETS: dict[str, Any] = {
    "has the same value in every row: 'a'. To learn classes takes at least two": ["a"] * 40,
    "may be an identifier or free text": [f"n{i}" for i in range(40)],
    "has no values": [None] * 40,
    "holds dates, which are no classes": np.datetime64("2024-01-01") + np.arange(40).astype("timedelta64[D]"),
}


@pytest.mark.parametrize("reason", WRONG_TARGETS)
def test_a_target_that_cannot_be_learned_is_refused(reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        TableEncoder("y").fit({"x": np.arange(40) * 0.37, "y": WRONG_TARGETS[reason]})


def test_mistakes_are_told() -> None:
    table = {"x": np.arange(40) * 0.37, "y": ["a", "b"] * 20}
    with pytest.raises(UnknownNameError, match="Did you mean 'regression'"):
        TableEncoder("y", "regressio")
    with pytest.raises(
        DataError, match="regression predicts numbers, and column 'y' holds category values such as 'a'"
    ):
        TableEncoder("y", "regression").fit(table)
    with pytest.raises(UnknownNameError, match="column in the table named 'z'"):
        TableEncoder("z").fit(table)
    with pytest.raises(DataError, match=r"no column to learn 'y' from\. 'c' is left out: every value is 1"):
        TableEncoder("y").fit({"c": [1] * 40, "y": ["a", "b"] * 20})
    with pytest.raises(UsageError, match=r"encoder\.fit\(table\)"):
        TableEncoder("y").transform(table)
    with pytest.raises(UsageError, match="knows no target"):
        TableEncoder().fit(table).labels(table)
    encoder = TableEncoder("y").fit(table)
    with pytest.raises(DataError, match=r"column 'y', row 1: 'c' is none of the classes of training \(a, b\)"):
        encoder.labels({"x": [1.0, 2.0], "y": ["a", "c"]})
    with pytest.raises(DataError, match=r"column 'y', row 1: None has no value.*table\[~table\['y'\].missing\]"):
        encoder.labels({"x": [1.0, 2.0], "y": ["a", None]})
