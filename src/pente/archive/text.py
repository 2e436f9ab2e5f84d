"""JSON without its loose ends: no NaN, no key twice, nothing that is nested without end."""

import json
import math
from typing import Any, NoReturn

from pente.errors import DataError

__all__ = ["MOST_TEXT", "from_json", "to_json"]

MOST_TEXT = 64 * 2**20  # bytes; in memory text becomes about ten times as large


def to_json(value: Any, what: str) -> bytes:
    """The value as text. Raises DataError where there is more of it than is read again."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
    if len(text) > MOST_TEXT:
        raise DataError(f"{what} would have {len(text):,} bytes of text, and at most {MOST_TEXT:,} are read again.")
    return text


def from_json(text: bytes, what: str) -> Any:
    """The value that the text says. Raises DataError, with ``what`` as its place, where it is no such text."""
    if len(text) > MOST_TEXT:
        raise DataError(f"{what} has {len(text):,} bytes of text, and at most {MOST_TEXT:,} are read.")
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refused, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} is not the JSON that Pente writes: {error}.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a key stands twice among {', '.join(sorted(found)[:5])}")
    return found


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large for a number")
    return number
