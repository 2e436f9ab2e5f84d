"""Options that commands have in common: what they are called, what they take and what is said of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from cyclopts import Parameter, Token
from cyclopts.validators import Number

from pente.errors import PenteError

__all__ = ["BatchSize", "Encoding", "Epochs", "Job", "Json", "Seed", "Types", "WrongUsageError", "typed", "whole"]


class WrongUsageError(PenteError):
    """Options that are right one by one, and wrong together."""


class Job(NamedTuple):
    """What ``pente train`` is asked for, of a table or of images."""

    data: Path
    epochs: int | None
    batch_size: int | None
    test_size: float
    seed: int
    save: Path | None
    compare: bool
    json: bool


def whole(kind: Any, tokens: Sequence[Token]) -> int:
    """Read a whole number; 1.5 is none, and is not rounded to one."""
    text = tokens[0].value
    if not text.removeprefix("-").isdecimal():
        raise ValueError(f"expected a whole number, got {text!r}.")
    return int(text)


def require_pairs(kind: Any, types: Sequence[str]) -> None:
    """Each text is NAME=KIND."""
    for text in types:
        if "=" not in text:
            raise ValueError(f"expected NAME=KIND, got {text!r}.")


Seed = Annotated[int, Parameter(help="Decides everything random.", converter=whole, validator=Number(gte=0, lt=2**64))]
Epochs = Annotated[int, Parameter(help="How often to go through the data.", converter=whole, validator=Number(gte=1))]
Json = Annotated[
    bool, Parameter(help="Print one JSON object, for a program, and nothing else.", negative="", show_default=False)
]
BatchSize = Annotated[
    int | None,
    Parameter(
        help="How many rows a step learns from; by default it follows from their number.",
        converter=whole,
        validator=Number(gte=1),
    ),
]
Encoding = Annotated[str | None, Parameter(help="How the file's text is encoded, where that is not UTF-8.")]
KINDS = "number, boolean, category, date, or text, which is left out"
Types = Annotated[
    tuple[str, ...],
    Parameter(
        help=f"NAME=KIND: what a column holds, where that is not seen from the data: {KINDS}.",
        negative="",
        show_default=False,
        validator=require_pairs,
    ),
]


def typed(types: Sequence[str]) -> dict[str, str]:
    """The kinds by name, from ``NAME=KIND``.

    >>> typed(["zip=category", "a=b=number"])
    {'zip': 'category', 'a=b': 'number'}
    """
    return dict(text.rsplit("=", 1) for text in types)
