"""Options that commands have in common: what they are called, what they take and what is said of them."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number

__all__ = ["Epochs", "Json", "Seed"]


def whole(kind: Any, tokens: Sequence[Token]) -> int:
    """Read a whole number; 1.5 is none, and is not rounded to one."""
    text = tokens[0].value
    if not text.removeprefix("-").isdecimal():
        raise ValueError(f"expected a whole number, got {text!r}.")
    return int(text)


Seed = Annotated[int, Parameter(help="Decides everything random.", converter=whole, validator=Number(gte=0, lt=2**64))]
Epochs = Annotated[int, Parameter(help="How often to go through the data.", converter=whole, validator=Number(gte=1))]
Json = Annotated[
    bool, Parameter(help="Print one JSON object, for a program, and nothing else.", negative="", show_default=False)
]
