"""Characters as whole numbers, and back."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pente.config import Configured
from pente.errors import DataError

__all__ = ["CharacterSet", "read_text"]


def read_text(path: str | Path, encoding: str = "utf-8") -> str:
    """Read a text file; bytes that are no text in this encoding raise DataError with their place.

    Line ends of any system become newlines, and a byte-order mark at the beginning is left out.
    """
    data = Path(path).read_bytes()
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path} is not {encoding}: line {line}, byte {error.start} is 0x{data[error.start]:02x}. "
            "Name the encoding it has: read_text(path, encoding='cp1252')."
        ) from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


class CharacterSet(Configured):
    """The characters of a text, numbered from 0 in the order given: ``encode`` and ``decode``.

    ``unknown`` is a character of the set that stands for all others; without it they raise DataError. Its config holds
    all it knows, so it can be saved with a model: ``model.preprocessing = characters``.

    >>> characters = CharacterSet.of("hello world")
    >>> len(characters), characters.characters
    (8, ' dehlorw')
    >>> characters.encode("hold").tolist(), characters.decode([3, 5, 4, 1])
    ([3, 5, 4, 1], 'hold')
    """

    def __init__(self, characters: str, unknown: str | None = None) -> None:
        self.characters = characters
        self.unknown = unknown
        if not characters:
            raise DataError("a character set needs at least one character.")
        if len(set(characters)) < len(characters):
            twice = next(c for c in characters if characters.count(c) > 1)
            raise DataError(f"the character {twice!r} comes twice: write CharacterSet.of(text) for those of a text.")
        if unknown is not None and (len(unknown) != 1 or unknown not in characters):
            raise DataError(f"unknown={unknown!r} must be one of the set's characters.")
        codes = _codes(characters)
        self._order = np.argsort(codes)
        self._sorted = codes[self._order]

    @classmethod
    def of(cls, text: str, unknown: str | None = None) -> "CharacterSet":
        """The set of the characters of a text, in the order of their code points, and the one for unknown ones."""
        return cls("".join(sorted({*text, *(unknown or "")})), unknown)

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> NDArray[np.int64]:
        """The number of each character.

        >>> CharacterSet("abc").encode("cat")
        Traceback (most recent call last):
            ...
        pente.errors.DataError: 't' at line 1, column 3 is not one of the 3 characters of the set. ...
        """
        codes = _codes(text)
        places = np.minimum(np.searchsorted(self._sorted, codes), len(self) - 1)
        numbers = self._order[places]
        strange = self._sorted[places] != codes
        if strange.any():
            numbers[strange] = self._other(text, int(strange.argmax()))
        return numbers.astype(np.int64)

    def _other(self, text: str, place: int) -> int:
        """The number of the character that stands for one that is not in the set."""
        if self.unknown is not None:
            return self.characters.index(self.unknown)
        line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
        raise DataError(
            f"{text[place]!r} at line {line}, column {column} is not one of the {len(self)} characters of the set. "
            "Make the set from all of the text, or let a character stand for what is not in it: "
            "CharacterSet.of(text, unknown='?')."
        )

    def decode(self, numbers: ArrayLike | Iterable[Any]) -> str:
        """The text of these numbers."""
        array = np.asarray(numbers)
        if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
            raise DataError(f"decode takes one row of whole numbers, got shape {array.shape} and dtype {array.dtype}.")
        wrong = (array < 0) | (array >= len(self))
        if wrong.any():
            place = int(wrong.argmax())
            raise DataError(
                f"number {array[place]} at place {place} is no character: the set has 0 to {len(self) - 1}."
            )
        return "".join(self.characters[i] for i in array.tolist())


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
