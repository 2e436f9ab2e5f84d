"""A delimited text file as columns of text: which delimiter, which encoding, whether there is a header.

What is plain from the file itself is handled and noted; what is not is a DataError with file, line and what to do.
"""

import codecs
import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from pente.errors import DataError

__all__ = ["TextColumns", "read_csv"]

DELIMITERS = ",;\t|"
LOOKED_AT = 50  # the rows by which delimiter and header are judged
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# How files begin that are no text, and what to do about each.
NO_TEXT = {
    b"PK\x03\x04": "is a zip or a spreadsheet, and no text: save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet of the old kind, and no text: save the sheet as CSV",
}


class TextColumns(NamedTuple):
    """A table of text."""

    names: list[str]
    columns: list[list[str]]
    """A list of N fields for each name, without the spaces around them."""
    lines: list[int]
    """The line of the file at which each row begins, from 1."""
    delimiter: str
    notes: list[str]


def read_csv(path: str | Path, *, encoding: str | None = None, header: bool | None = None) -> TextColumns:
    """Read a file of rows whose fields a comma, semicolon, tab or bar delimits; it may be packed with gzip.

    The encoding is UTF-8, or what a byte order mark says. ``header`` says whether the first line holds names; where it
    is None, a first line with numbers among its fields is a row, and columns are named column_1, column_2, ….
    """
    text = _decode(_bytes(Path(path)), path, encoding)
    delimiter = "\t" if _ending(path) == ".tsv" else _delimiter(text)
    rows = list(_rows(text, delimiter, path))
    if not rows:
        raise DataError(f"{path} is empty: a table begins with a line of column names.")
    named = _looks_like_names(rows) if header is None else header
    names = _names(rows.pop(0)[1], path) if named else [f"column_{i + 1}" for i in range(len(rows[0][1]))]
    if not rows:
        raise DataError(f"{path} has a line of names and no rows below it.")
    _check_widths(rows, names, path, delimiter, named)
    columns = [[field.strip() for field in column] for column in zip(*(row for _, row in rows), strict=True)]
    told = f"line {rows[0][0]} holds numbers, and no names: the columns are called {names[0]} to {names[-1]}"
    notes = [told] if header is None and not named else []
    return _without_empty_end(TextColumns(names, columns, [line for line, _ in rows], delimiter, notes))


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise DataError(f"{path} is a folder, and a table is a file.")
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path} is packed with gzip and damaged: {error}. Fetch it again.") from None
    return data


def _ending(path: str | Path) -> str:
    """The ending that says what the file is, before a ``.gz``."""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes if suffix.lower() != ".gz"]
    return suffixes[-1] if suffixes else ""


def _decode(data: bytes, path: str | Path, encoding: str | None) -> str:
    for beginning, reason in NO_TEXT.items():
        if data.startswith(beginning):
            raise DataError(f"{path} {reason}.")
    marked = next((name for mark, name in BOMS.items() if data.startswith(mark)), None)
    try:
        text = data.decode(encoding or marked or "utf-8")
    except LookupError:
        raise DataError(f"there is no encoding named {encoding!r}; known are utf-8, cp1252, utf-16 …") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte 0x{data[error.start]:02x} is not {error.encoding}. Save the file as UTF-8, or "
            "say its encoding; files from Windows often are cp1252."
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}, line {line}: there is a zero byte, so this is no text. Save the table as CSV.")
    return text


def _delimiter(text: str) -> str:
    """The one that cuts most of the first lines into equally many fields, and of those into the most."""
    beginning = "".join(line for line, _ in zip(io.StringIO(text, newline=""), range(LOOKED_AT), strict=False))

    def worth(delimiter: str) -> tuple[float, int]:
        try:
            widths = Counter(len(row) for row in _reader(beginning, delimiter, strict=False) if row)
        except csv.Error:
            return 0.0, 1
        width, times = widths.most_common(1)[0] if widths else (1, 0)
        return (times / widths.total(), width) if width > 1 else (0.0, 1)

    return max(DELIMITERS, key=worth)  # of equals the first, the comma


def _reader(text: str, delimiter: str, *, strict: bool = True) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=strict)


def _rows(text: str, delimiter: str, path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Each row and the line at which it begins; empty lines are none."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}, line {line}: the quotes do not fit ({error}). A field in quotes ends with a quote before the "
            'delimiter, and a quote inside of it is written twice: "so ""quoted"" here".'
        ) from None


def _looks_like_names(rows: list[tuple[int, list[str]]]) -> bool:
    """Names hold no numbers, unless they count: 0, 1, 2, … or 2019, 2020, …"""
    numbers = [float(field) for field in rows[0][1] if _is_number(field)]
    counted = len(numbers) > 1 and all(b - a == 1 for a, b in pairwise(numbers))
    return not numbers or counted


def _is_number(text: str) -> bool:
    try:
        return float(text.replace(",", ".")) == float(text.replace(",", "."))  # NaN is none
    except ValueError:
        return False


def _names(fields: list[str], path: str | Path) -> list[str]:
    names = [field.strip() or f"column_{i + 1}" for i, field in enumerate(fields)]
    for name, times in Counter(names).items():
        if times > 1:
            places = " and ".join(str(i + 1) for i, other in enumerate(names) if other == name)
            raise DataError(f"{path}, line 1: columns {places} are both named {name!r}. Give each a name of its own.")
    return names


def _check_widths(
    rows: list[tuple[int, list[str]]], names: list[str], path: str | Path, delimiter: str, named: bool
) -> None:
    wrong = [(line, len(row)) for line, row in rows if len(row) != len(names)]
    if wrong:
        line, width = wrong[0]
        others = f" ({len(wrong)} lines differ, up to line {wrong[-1][0]})" if len(wrong) > 1 else ""
        expected = "the header names" if named else "the first line has"
        cause = (
            f"A field that holds {delimiter!r} stands in quotes"
            if width > len(names)
            else "Each row has a field for each column, if only an empty one"
        )
        raise DataError(f"{path}, line {line}: {width} fields, and {expected} {len(names)}{others}. {cause}.")


def _without_empty_end(table: TextColumns) -> TextColumns:
    """Lines that all end with a delimiter have a last column of nothing."""
    last = len(table.names)
    if last > 1 and table.names[-1] == f"column_{last}" and not any(table.columns[-1]):
        return table._replace(names=table.names[:-1], columns=table.columns[:-1])
    return table
