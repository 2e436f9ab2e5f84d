"""Objects that are told by their settings: from a name or a config to the object, and back."""

import inspect
from collections.abc import Mapping
from typing import Any, Self

from pente.errors import UnknownNameError, UsageError

__all__ = ["Configured", "arguments", "find"]


def arguments(made: type[Any]) -> dict[str, Any]:
    """The constructor's arguments and their defaults; ``**kwargs`` stands for those of the parent class."""
    found: dict[str, Any] = {}
    for argument in list(inspect.signature(made.__init__).parameters.values())[1:]:
        if argument.kind is argument.VAR_KEYWORD:
            parent = next((c for c in made.__mro__[1:] if "__init__" in vars(c) and c is not object), None)
            others = {} if parent is None else arguments(parent)
            found |= {name: default for name, default in others.items() if name not in found}
        elif argument.kind is not argument.VAR_POSITIONAL:
            found[argument.name] = argument.default
    return found


class Configured:
    """An object that keeps every argument of its constructor under the argument's own name."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal object."""
        return {name: self._field(name) for name in self._arguments()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The object that these arguments make."""
        return cls(**config)

    def _arguments(self) -> list[str]:
        """The names of the arguments that are kept."""
        return list(arguments(type(self)))

    def _field(self, name: str) -> Any:
        if not hasattr(self, name):
            raise UsageError(
                f"{type(self).__name__} takes {name}= and does not keep it: write self.{name} = {name} in __init__, "
                "so that it can be copied and saved."
            )
        return getattr(self, name)

    def __repr__(self) -> str:
        """The arguments that are not the default."""
        known, config = arguments(type(self)), self.get_config()
        told = (f"{name}={x!r}" for name, x in config.items() if name not in known or not _same(x, known[name]))
        return f"{type(self).__name__}({', '.join(told)})"


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and bool(value == default))


def find(kind: str, known: Mapping[str, type[Any]], identifier: Any, accepts: Any) -> Any:
    """The object that is meant by a name, a class, ``{"class_name": ..., "config": {...}}``, or the object itself.

    Names are read without regard to case and underscores. Raises UnknownNameError for a name that is not known, and
    UsageError for what is none of these.
    """
    if isinstance(identifier, str):
        return _named(kind, known, identifier)()
    if isinstance(identifier, Mapping):
        return _named(kind, known, identifier.get("class_name")).from_config(identifier.get("config", {}))
    found = identifier() if isinstance(identifier, type) else identifier
    if not isinstance(found, accepts):
        raise UsageError(f"expected one {kind} or its name ({', '.join(known)}), got {identifier!r}.")
    return found


def _named(kind: str, known: Mapping[str, type[Any]], name: object) -> Any:
    bare = {_bare(key): value for key, value in known.items()}
    if _bare(name) not in bare:
        raise UnknownNameError(kind, name, known)
    return bare[_bare(name)]


def _bare(name: object) -> str:
    return str(name).lower().replace("_", "")
