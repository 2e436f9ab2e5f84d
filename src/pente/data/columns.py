"""What a column of text holds: numbers, truth values, dates, categories, or text that no table can learn from.

Each distinct text is read once, so that long columns of few values cost little.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pente.errors import DataError, UnknownNameError

__all__ = ["KINDS", "Column", "column_of_text", "column_of_values", "is_missing"]

Array = NDArray[Any]

KINDS = ("number", "boolean", "category", "date", "identifier", "text")
MISSING = frozenset(["", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "?", "-"])
TRUTHS = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}, {"on", "off"})
MOST_TRUTHS = 6  # yes, Yes, YES and the same of no
MOSTLY = 0.9  # the share of a column's values that makes it one of numbers or dates; the others are missing, and told
FEW = 20  # so many different values are few in any column in which they come twice each
REPEATED = 5  # how often the values of a larger vocabulary come on average
SURELY_DISTINCT = 20  # fewer rows may all differ by chance

ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?(Z|[+-]\d\d:?\d\d))?)?")
DAYS = ("%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y")
CLOCKS = ("", " %H:%M", " %H:%M:%S")
FORMS = ("iso", *(day + clock for day in DAYS for clock in CLOCKS), "%H:%M", "%H:%M:%S")

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WITH_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
WITH_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?([eE][+-]?\d+)?")


Where = Callable[[int], str]


def _row(i: int) -> str:
    return f"row {i}"


class _Text(NamedTuple):
    """A column of text, and what is needed to speak of it."""

    all: Sequence[str]
    present: list[str]
    """The different texts that are not missing."""
    name: str
    where: Where


class Column(NamedTuple):
    """A column of N values of one kind."""

    kind: str
    """One of number, boolean, category, date, identifier, text."""
    values: Array
    """float64 with NaN for numbers, datetime64[us] with NaT for dates, else str with None: what is missing."""
    form: str = ""
    """How dates are written."""
    notes: tuple[str, ...] = ()
    """What was not plain when it was read."""

    @property
    def missing(self) -> Array:
        """(N,): whether there is no value."""
        return self.values == None if self.values.dtype == object else np.isnan(self.values)  # noqa: E711

    def labels(self) -> Array:
        """(N,): the values as text, None where there is none; whole numbers have no point.

        >>> Column("number", np.array([1.0, 2.5, np.nan])).labels().tolist()
        ['1', '2.5', None]
        """
        if self.values.dtype == object:
            return self.values
        texts = [_label(value) for value in self.values.tolist()] if self.kind == "number" else map(str, self.values)
        labels = np.array(list(texts), dtype=object)
        labels[self.missing] = None
        return labels


def _label(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def is_missing(text: str) -> bool:
    """Whether the text says that there is no value: empty, NA, NaN, null, None, ? or -."""
    return text.lower() in MISSING


def column_of_text(
    texts: Sequence[str], name: str, kind: str | None = None, *, delimiter: str = ",", where: Where = _row
) -> Column:
    """Read a column of this kind, or of the kind that it seems to be; ``where`` says where a row stands.

    Raises UnknownNameError for a kind that there is not, and DataError where no value is of the kind.
    """
    distinct = dict.fromkeys(texts)
    present = [text for text in distinct if not is_missing(text)]
    text = _Text(texts, present, name, where)
    if kind is None:
        return _guessed(text, delimiter)
    wanted, _, form = kind.partition(":")
    if wanted not in KINDS:
        raise UnknownNameError("kind of column", kind, KINDS)
    if wanted == "number":
        return _parsed(text, "number", _numbers(present, delimiter))
    if wanted == "date":
        form, dates, _ = _dates(present, [form] if form and _fits(form, present) else FORMS)
        return _parsed(text, "date", dates, form)
    return Column(wanted, _words(texts))


def column_of_values(values: Array, name: str, kind: str | None = None) -> Column:
    """A column of a frame: of numbers, dates and truth values as they are, of objects by what they say."""
    wanted = (kind or "").partition(":")[0]
    if values.dtype.kind == "m":
        values = values / np.timedelta64(1, "s")
    if values.dtype.kind in "iuf" and wanted in ("", "number"):
        numbers = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
        return Column("number" if kind else _kind_of_numbers(numbers, name), numbers)
    if values.dtype.kind == "M" and wanted in ("", "date"):
        return Column("date", values.astype("datetime64[us]"), "iso")
    if values.dtype.kind in "iuf":
        values = Column("number", values.astype(np.float64)).labels()
    texts = ["" if value is None else str(value).strip() for value in values.tolist()]
    return column_of_text(texts, name, kind)


def _guessed(text: _Text, delimiter: str) -> Column:
    present = text.present
    if not present:
        return Column("text", _words(text.all))
    if len(present) <= MOST_TRUTHS and any({word.lower() for word in present} <= pair for pair in TRUTHS):
        return Column("boolean", _words(text.all))
    numbers = _numbers(present, delimiter)
    if len(numbers) >= MOSTLY * len(present):
        column = _parsed(text, "number", numbers)
        return column._replace(kind=_kind_of_numbers(column.values, text.name))
    form, dates, others = _dates(present, FORMS)
    if len(dates) >= MOSTLY * len(present):
        return _parsed(text, "date", dates, form, others)
    return _guessed_words(_words(text.all), present)


def _guessed_words(words: Array, present: list[str]) -> Column:
    """Few values that come again and again are categories, values that never do identify the row."""
    rows = sum(word is not None for word in words)
    few = len(present) <= FEW and 2 * len(present) <= rows
    if few or REPEATED * len(present) <= rows:
        return Column("category", words)
    named = len(present) == rows >= SURELY_DISTINCT and not any(" " in text for text in present)
    return Column("identifier" if named else "text", words)


def _kind_of_numbers(numbers: Array, name: str) -> str:
    """Whole numbers that all differ are identifiers if they count the rows or are called so."""
    present = numbers[~np.isnan(numbers)]
    if len(present) < max(SURELY_DISTINCT, len(numbers)) or (present % 1).any():
        return "number"
    if len(np.unique(present)) < len(present):
        return "number"
    counting = present.min() in (0, 1) and present.max() - present.min() + 1 == len(present)
    called = re.search(r"(^|[\W_])(id|index|key|nr)$", re.sub(r"(?<=[a-z])I(?=[Dd]$)", "_i", name).lower())
    return "identifier" if counting or called else "number"


def _words(texts: Sequence[str]) -> Array:
    known = {text: None if is_missing(text) else text for text in dict.fromkeys(texts)}
    words = np.empty(len(texts), dtype=object)
    words[:] = [known[text] for text in texts]
    return words


def _parsed(text: _Text, kind: str, known: dict[str, Any], form: str = "", forms: Sequence[str] = ()) -> Column:
    """The column with what is known of each text; the texts that say something else are missing, and told of."""
    nothing, dtype = (np.nan, "float64") if kind == "number" else (np.datetime64("NaT"), "datetime64[us]")
    strange = []
    if len(known) < len(text.present):
        strange = [i for i, item in enumerate(text.all) if item not in known and not is_missing(item)]
    if strange and not known:
        raise DataError(
            f"column {text.name!r} is to hold {kind}s, and holds none: {text.all[strange[0]]!r:.40} in "
            f"{text.where(strange[0])}. If it is text, give it the type 'category'."
        )
    values = np.array([known.get(item, nothing) for item in text.all], dtype=dtype)
    return Column(kind, values, form, tuple(_notes(text, kind, strange, form, forms)))


def _notes(text: _Text, kind: str, strange: list[int], form: str, forms: Sequence[str]) -> Iterator[str]:
    if strange:
        count = f"{len(strange)} values are" if len(strange) > 1 else "1 value is"
        first = f"{text.all[strange[0]]!r:.40} in {text.where(strange[0])}"
        yield f"column {text.name!r}: {count} no {kind} and counted as missing, first {first}"
    for other in forms[:1]:
        told = f"the dates fit {form} and {other}, and are read as {form}"
        yield f"column {text.name!r}: {told}; for the other give it the type 'date:{other}'"


def _numbers(texts: Iterable[str], delimiter: str) -> dict[str, float]:
    """Those of the texts that are finite numbers; a comma is a decimal one where it does not delimit."""
    texts = list(texts)
    comma = delimiter != "," and any("," in text for text in texts)
    read = _with_comma if comma else _with_point
    numbers = ((text, read(text.strip("$€£% "))) for text in texts)
    return {text: number for text, number in numbers if number is not None and math.isfinite(number)}


def _with_point(text: str) -> float | None:
    if NUMBER.fullmatch(text):
        return float(text)
    return float(text.replace(",", "")) if WITH_THOUSANDS.fullmatch(text) else None


def _with_comma(text: str) -> float | None:
    if not WITH_COMMA.fullmatch(text):
        return float(text) if NUMBER.fullmatch(text) else None
    return float(text.replace(".", "").replace(",", "."))


def _dates(texts: list[str], forms: Sequence[str]) -> tuple[str, dict[str, Any], list[str]]:
    """The form that most of the texts have, the dates read by it, and the other forms that fit all as well."""
    sample = texts[:: max(1, len(texts) // 100)]
    likely = [form for form in forms if 2 * len(_read_dates(sample, form)) >= len(sample)]
    found = {form: _read_dates(texts, form) for form in likely}
    if not found:
        return forms[0], {}, []
    best = max(found, key=lambda form: len(found[form]))
    differ = [form for form in found if form != best and len(found[form]) == len(texts) and found[form] != found[best]]
    return best, found[best], differ


def _fits(form: str, texts: list[str]) -> bool:
    """Whether some of the texts are dates of this form, or there are none to tell."""
    return not texts or bool(_read_dates(texts, form))


def _read_dates(texts: Iterable[str], form: str) -> dict[str, Any]:
    read = _iso if form == "iso" else _by_form(form)
    dates = ((text, read(text)) for text in texts)
    return {text: np.datetime64(date, "us") for text, date in dates if date is not None}


def _iso(text: str) -> datetime | None:
    if not ISO.fullmatch(text):
        return None
    try:
        return _in_utc(datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-").replace(" Z", "Z")))
    except ValueError:
        return None


def _by_form(form: str) -> Callable[[str], datetime | None]:
    def read(text: str) -> datetime | None:
        try:
            return _in_utc(datetime.strptime(text, form))
        except ValueError:
            return None

    return read


def _in_utc(date: datetime) -> datetime:
    return date if date.tzinfo is None else date.astimezone(UTC).replace(tzinfo=None)
