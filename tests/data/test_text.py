"""Characters as numbers, files of text, and windows of both."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pente
from pente import layers
from pente.data import CharacterSet, read_text, text_windows, time_series_windows
from pente.data.rows import ArrayDataset
from pente.errors import DataError, UsageError

texts = st.text(min_size=1, max_size=40)


@given(text=texts)
def test_decode_undoes_encode(text: str) -> None:
    characters = CharacterSet.of(text)
    numbers = characters.encode(text)
    assert characters.decode(numbers) == text
    assert numbers.dtype == np.int64
    assert set(numbers.tolist()) == set(range(len(characters)))


@given(text=texts, other=texts)
def test_what_is_not_in_the_set_is_the_one_for_unknown(text: str, other: str) -> None:
    characters = CharacterSet.of(text, unknown="?")
    assert characters.decode(characters.encode(other)) == "".join(c if c in text else "?" for c in other)


@given(text=texts)
def test_a_character_set_is_its_config(text: str) -> None:
    characters = CharacterSet.of(text, unknown="�")
    again = CharacterSet.from_config(json.loads(json.dumps(characters.get_config())))
    np.testing.assert_array_equal(again.encode(text), characters.encode(text))


def test_the_order_is_the_one_given() -> None:
    assert CharacterSet("cab").encode("abc").tolist() == [1, 2, 0]
    assert CharacterSet("a😀é").encode("😀éa").tolist() == [1, 2, 0]
    assert CharacterSet("ab").encode("").tolist() == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: CharacterSet("abc\n").encode("ab\nxa"), "'x' at line 2, column 1 is not one of the 4 characters"),
        (lambda: CharacterSet("aba"), "'a' comes twice"),
        (lambda: CharacterSet(""), "at least one"),
        (lambda: CharacterSet("ab", unknown="?"), "one of the set's characters"),
        (lambda: CharacterSet("ab").decode([0, 5]), "number 5 at place 1.*0 to 1"),
        (lambda: CharacterSet("ab").decode([0.5]), "whole numbers"),
        (lambda: CharacterSet("ab").decode([[0]]), "one row"),
    ],
)
def test_what_is_no_text_of_the_set_is_told(wrong: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        wrong()


def test_a_text_file_is_read_with_plain_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffeins\r\nzwei\rdrei\n".encode())
    assert read_text(path) == "eins\nzwei\ndrei\n"
    path.write_bytes("ça\nété".encode("cp1252"))
    assert read_text(path, "cp1252") == "ça\nété"
    path.write_bytes("fine\nété".encode("cp1252"))
    with pytest.raises(DataError, match=r"is not utf-8: line 2, byte 5 is 0xe9.*cp1252"):
        read_text(path)


# Windows.


@given(count=st.integers(2, 60), length=st.integers(1, 20), stride=st.integers(1, 9))
def test_windows_of_text_are_the_text_and_one_later(count: int, length: int, stride: int) -> None:
    ids = np.arange(count) * 3
    starts = range(0, count - length, stride)
    if not starts:
        with pytest.raises(DataError, match="no window fits"):
            text_windows(ids, length, stride=stride)
        return
    x, y = text_windows(ids, length, stride=stride)
    assert x.tolist() == [ids[i : i + length].tolist() for i in starts]
    assert y.tolist() == [ids[i + 1 : i + 1 + length].tolist() for i in starts]


@given(
    count=st.integers(1, 50),
    length=st.integers(1, 15),
    stride=st.integers(1, 7),
    horizon=st.integers(0, 6),
    features=st.sampled_from([(), (1,), (3,), (2, 2)]),
    own=st.booleans(),
)
def test_windows_of_a_series_are_as_the_formula_says(
    count: int, length: int, stride: int, horizon: int, features: Any, own: bool
) -> None:
    series = np.arange(count * int(np.prod(features))).reshape(count, *features)
    targets = None if own else -np.arange(count)
    starts = range(0, count - length - horizon + 1, stride)
    if not starts:
        with pytest.raises(DataError, match="no window fits"):
            time_series_windows(series, length, horizon=horizon, stride=stride, targets=targets)
        return
    x, y = time_series_windows(series, length, horizon=horizon, stride=stride, targets=targets)
    aims = series if own else targets
    assert x.tolist() == [series[i : i + length].tolist() for i in starts]
    assert y.tolist() == [aims[i + length - 1 + horizon].tolist() for i in starts]


def test_windows_hold_no_copy_until_a_batch_is_taken() -> None:
    series = np.zeros((1_000_000, 4), np.float32)
    x, y = time_series_windows(series, 500)
    assert np.shares_memory(x, series)
    assert np.shares_memory(y, series)
    assert x.nbytes > 7e9
    batch, _ = next(iter(ArrayDataset(x, y).shuffle(0).batch(32)))
    assert batch.shape == (32, 500, 4)


def test_windows_that_make_no_sense_are_told() -> None:
    with pytest.raises(DataError, match="a window of 5 steps and 2 ahead of it need 7, and there are 6"):
        time_series_windows(np.arange(6), 5, horizon=2)
    with pytest.raises(DataError, match="targets has 3 steps and series has 6"):
        time_series_windows(np.arange(6), 2, targets=np.arange(3))
    with pytest.raises(UsageError, match="length"):
        time_series_windows(np.arange(6), 0)
    with pytest.raises(UsageError, match="stride"):
        text_windows(np.arange(6), 2, stride=0)
    with pytest.raises(UsageError, match="horizon"):
        time_series_windows(np.arange(6), 2, horizon=-1)
    with pytest.raises(DataError, match=r"CharacterSet\.of\(text\)\.encode"):
        text_windows(np.array(list("hello")), 2)
    with pytest.raises(DataError, match="empty"):
        time_series_windows([], 2)


def test_a_character_set_is_saved_with_its_model(tmp_path: Path) -> None:
    model = pente.Sequential([layers.Embedding(4, 2), layers.Dense(4)])
    model.build((None, 3))
    model.preprocessing = CharacterSet("dcba", unknown="a")
    model.save(tmp_path / "m.pente")
    again = pente.load_model(tmp_path / "m.pente").preprocessing
    assert again.encode("abcx").tolist() == [3, 2, 1, 3]
