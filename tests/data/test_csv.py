"""A CSV file is read whatever its dialect, and what is wrong with it is told with the line."""

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pente.data.csv import read_csv
from pente.errors import DataError


@pytest.fixture
def write(tmp_path: Path):
    def writer(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(write, delimiter: str) -> None:
    table = read_csv(write(f"{delimiter.join('abc')}\n{delimiter.join(['1', 'x y', '2'])}\n"))
    assert table.names == ["a", "b", "c"]
    assert table.columns[1] == ["x y"]
    assert table.delimiter == delimiter


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way_and_spaces_around_fields_do_not_count(write, ending: str) -> None:
    table = read_csv(write(ending.join(["name , age", "Ada, 36", " Bob ,41 ", ""])))
    assert table.names == ["name", "age"]
    assert table.columns == [["Ada", "Bob"], ["36", "41"]]


def test_a_quoted_field_holds_delimiters_quotes_and_line_ends_and_lines_are_still_counted(write) -> None:
    table = read_csv(write('a,b\n"x, ""y""\nz",1\n\nw,2\n'))
    assert table.columns == [['x, "y"\nz', "w"], ["1", "2"]]
    assert table.lines == [2, 5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(write, encoding: str) -> None:
    assert read_csv(write("größe,b\n1,é\n".encode(encoding))).names == ["größe", "b"]


def test_gzip_and_tsv_are_read(write) -> None:
    assert read_csv(write(gzip.compress(b"a,b\n1,2\n"), "data.csv.gz")).columns == [["1"], ["2"]]
    assert read_csv(write("a\tb, c\n1\t2\n", "data.tsv")).names == ["a", "b, c"]
    assert read_csv(write(gzip.compress(b"a;x\tb\n1\t2\n"), "data.tsv.gz")).names == ["a;x", "b"]


def test_a_file_without_names_is_read_and_noted(write) -> None:
    table = read_csv(write("5.1,3.5,setosa\n4.9,3.0,setosa\n"))
    assert table.names == ["column_1", "column_2", "column_3"]
    assert len(table.lines) == 2
    assert "line 1" in table.notes[0]
    assert read_csv(write("a,b\nc,d\n"), header=False).columns == [["a", "c"], ["b", "d"]]


@pytest.mark.parametrize("names", ["0,1,2", "2019,2020,2021", "name,2019,2020", "a,b,c"])
def test_names_that_count_are_names(write, names: str) -> None:
    assert read_csv(write(f"{names}\n5,6,7\n")).names == names.split(",")


def test_a_number_as_the_only_such_name_is_a_name_where_it_is_said(write) -> None:
    assert read_csv(write("a,2019\n1,2\n"), header=True).names == ["a", "2019"]


def test_a_last_column_of_nothing_is_none_and_an_index_without_a_name_gets_one(write) -> None:
    assert read_csv(write("a,b,\n1,2,\n3,4,\n")).names == ["a", "b"]
    assert read_csv(write(",a\n0,2\n1,4\n")).names == ["column_1", "a"]


WRONG = {
    "is empty": b"",
    "no rows": b"a,b\n",
    "line 3: 3 fields, and the header names 2 (2 lines differ, up to line 4). A field": b"a,b\n1,2\n1,2,3\n1\n",
    "line 3: 1 fields": b"a,b\n1,2\n1\n",
    "columns 1 and 3 are both named 'a'": b"a,b,a\n1,2,3\n",
    "line 3: the quotes do not fit": b'a,b\n1,2\n"x,2\n1,2\n1,2\n',
    "line 2: the quotes do not fit": b'a,b\n"x"y,2\n1,2\n',
    "line 2: byte 0xe9 is not utf-8": "a,b\né,2\n".encode("latin-1"),
    "line 2: there is a zero byte": b"a,b\n1\x00,2\n",
    "a spreadsheet": b"PK\x03\x04....",
    "packed with gzip and damaged": gzip.compress(b"a,b\n1,2\n" * 50)[:-10],
    "is packed with gzip and damaged: ": gzip.compress(b"a,b\n1,2\n" * 50)[:12] + b"\xff" * 30,
}


@pytest.mark.parametrize("reason", WRONG, ids=lambda reason: reason[:30])
def test_what_is_wrong_is_told_with_file_and_line(write, reason: str) -> None:
    path = write(WRONG[reason])
    with pytest.raises(DataError, match=re.escape(reason)) as caught:
        read_csv(path)
    assert str(path) in str(caught.value)


def test_another_encoding_can_be_said(write) -> None:
    path = write("a,b\né,2\n".encode("cp1252"))
    assert read_csv(path, encoding="cp1252").columns[0] == ["é"]
    with pytest.raises(DataError, match="no encoding named 'utf-9'"):
        read_csv(path, encoding="utf-9")


def test_a_folder_is_no_table_and_a_missing_file_says_its_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        read_csv(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        read_csv(tmp_path / "none.csv")


field = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6).map(str.strip)


@given(rows=st.lists(st.tuples(field, field, field), min_size=1, max_size=8), delimiter=st.sampled_from(",;\t|"))
def test_what_the_standard_library_writes_is_read_back(rows, delimiter: str, tmp_path_factory) -> None:
    import csv

    path = tmp_path_factory.mktemp("csv") / "data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow(["first", "second", "third"])
        writer.writerows(rows)
    table = read_csv(path)
    assert list(zip(*table.columns, strict=True)) == rows
