"""Every error that Pente raises on purpose.

PenteError
├── ShapeError        shapes that do not fit                     (also a ValueError)
├── DTypeError        a kind of number that does not fit         (also a TypeError)
├── DataError         empty, ragged, NaN or mislabelled data     (also a ValueError)
├── UnknownNameError  a name that is not known, with the nearest (also a ValueError)
├── BoundsError       an index outside its axis                  (also an IndexError)
├── GradientError     a gradient that does not exist, and why    (also a RuntimeError)
├── TraceError        Python asked a traced tensor for its value (also a TypeError)
├── GraphError        a program that is not legal                (also a RuntimeError)
├── NonFiniteError    a loss that is nan or infinite             (also a RuntimeError)
├── VerificationError compiled code that differs from eager      (also a RuntimeError)
├── UsageError        a habit that does not work here, and the line that does (also a TypeError)
└── MissingExtraError an optional package that is not installed  (also an ImportError)

BroadcastingWarning   both sides of an operation were repeated    (a UserWarning)
"""

from collections.abc import Iterable

__all__ = [
    "BoundsError",
    "BroadcastingWarning",
    "DTypeError",
    "DataError",
    "GradientError",
    "GraphError",
    "MissingExtraError",
    "NonFiniteError",
    "PenteError",
    "ShapeError",
    "TraceError",
    "UnknownNameError",
    "UsageError",
    "VerificationError",
]


class PenteError(Exception):
    """The base of all errors raised on purpose by Pente.

    ``args[0]`` is the message: what was expected, what came, what to do. Where a layer was at work ``place`` tells
    which, at which line, and the shapes that led there; ``str`` gives both.
    """

    place: object = None

    def __str__(self) -> str:
        message = super().__str__()
        return message if self.place is None else f"{message}\n{self.place}"


class ShapeError(PenteError, ValueError):
    """Shapes that do not fit together."""


class DTypeError(PenteError, TypeError):
    """A kind of number that does not fit the operation."""


class DataError(PenteError, ValueError):
    """Data that cannot be learned from as it stands: empty, ragged, NaN, labels out of range."""


class UnknownNameError(PenteError, ValueError):
    """A name that Pente does not know; the message names the nearest one that it does."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        import difflib  # only where it is needed: it would slow the import of everything

        known = sorted(known)
        near = difflib.get_close_matches(str(name).lower(), known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        listed = "" if near and len(known) > 20 else f" Known: {', '.join(known)}."
        super().__init__(f"there is no {kind} named {name!r}.{hint}{listed}")


class BoundsError(PenteError, IndexError):
    """An index that lies outside its axis."""


class GradientError(PenteError, RuntimeError):
    """A gradient that does not exist; the message says why and where the path ends."""


class TraceError(PenteError, TypeError):
    """Python asked for the value of a tensor of which only shape and dtype are known."""


class GraphError(PenteError, RuntimeError):
    """A program that breaks a rule of the intermediate representation."""


class NonFiniteError(PenteError, RuntimeError):
    """A loss that is nan or infinite; the message says where that began."""


class VerificationError(PenteError, RuntimeError):
    """Compiled code that does not agree with the same step done eagerly."""


class UsageError(PenteError, TypeError):
    """A habit from elsewhere that does not work here; the message shows the line that does."""


class BroadcastingWarning(UserWarning):
    """Both sides of an operation were repeated, as (N, 1) and (N,) to (N, N); see ``pente.strict_broadcasting``."""


class MissingExtraError(PenteError, ImportError):
    """An optional package that is needed and not installed; the message shows what to install."""

    def __init__(self, purpose: str, package: str, extra: str) -> None:
        super().__init__(f"{purpose} needs {package}, which is not installed. Run: pip install 'pente[{extra}]'")
