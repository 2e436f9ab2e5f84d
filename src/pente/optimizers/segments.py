"""Parts of a model that learn at another rate or do not decay, told by path."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pente.core.state import users_place
from pente.errors import UsageError
from pente.optimizers.settings import check

__all__ = ["WHOLE", "Segment", "as_segment", "segment_of", "warn_of_idle"]


@dataclass(frozen=True)
class Segment:
    """How a part of the model differs: ``rate`` multiplies the learning rate, ``decay`` the weight decay.

    >>> import pente
    >>> halves = {"head/*": pente.optimizers.Segment(rate=1.0), "*": pente.optimizers.Segment(rate=0.5)}
    >>> a, b = pente.Variable(1.0, name="head/w"), pente.Variable(1.0, name="body/w")
    >>> pente.optimizers.SGD(0.5, segments=halves).apply([pente.tensor(1.0)] * 2, [a, b])
    >>> a.numpy().item(), b.numpy().item()
    (0.5, 0.75)
    """

    rate: float = 1.0
    decay: float = 1.0

    def __post_init__(self) -> None:
        check("rate", self.rate)
        check("decay", self.decay)


WHOLE = Segment()
SHOWN = 12  # paths in a warning


def as_segment(pattern: str, given: Any) -> Segment:
    """The Segment itself, or the one that a config tells."""
    if isinstance(given, Mapping):
        return Segment(**given)
    if not isinstance(given, Segment):
        raise UsageError(f"segments[{pattern!r}] is {given!r}: write Segment(rate=0.1) or Segment(decay=0.0).")
    return given


def segment_of(path: str, table: Mapping[str, Segment]) -> Segment:
    """The first Segment whose pattern fits the path of a Variable."""
    return next((segment for pattern, segment in table.items() if fnmatchcase(path, pattern)), WHOLE)


def warn_of_idle(table: Mapping[str, Segment], paths: Sequence[str]) -> None:
    """Say which patterns hold for no weight: a misspelt one would leave a part at the full rate."""
    fitting = (next((pattern for pattern in table if fnmatchcase(path, pattern)), None) for path in paths)
    idle = sorted(set(table).difference(fitting))
    if idle:
        shown = ", ".join([*paths[:SHOWN], *["…"] * (len(paths) > SHOWN)])
        text = f"segments {', '.join(map(repr, idle))} hold for no weight that is trained. The weights are {shown}."
        warnings.warn_explicit(text, UserWarning, *users_place())
