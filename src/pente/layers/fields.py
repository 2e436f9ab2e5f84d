"""Fields: what a layer is told when it is made, and nothing else.

A class that annotates its fields gets its ``__init__`` from them, as a dataclass does; a class with an ``__init__`` of
its own keeps each argument in an attribute of the same name. Either way the configuration, the repr and the copy of a
layer are readings of the same fields.
"""

import difflib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, dataclass_transform

from pente.errors import UsageError

__all__ = ["Fields", "parameters", "refuse_unknown"]


@dataclass_transform()
class Fields:
    """A class whose annotations are its constructor's arguments."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        declared = [kind for kind in inspect.get_annotations(cls).values() if "ClassVar" not in str(kind)]
        if declared and "__init__" not in vars(cls):
            dataclass(eq=False, repr=False)(cls)

    def get_config(self) -> dict[str, Any]:
        """The fields and their values: what ``from_config`` makes an equal object of."""
        return {name: self._field(name) for name in parameters(type(self))}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """An object with these fields."""
        return cls(**config)

    def _field(self, name: str) -> Any:
        if not hasattr(self, name):
            raise UsageError(
                f"{type(self).__name__} takes {name}= and does not keep it: write self.{name} = {name} in __init__, "
                "so that it can be copied and saved."
            )
        return getattr(self, name)

    def __repr__(self) -> str:
        known = parameters(type(self))
        config = {name: value for name, value in self.get_config().items() if not _same(value, known[name])}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in config.items())})"


HABITS = {
    "bias": "use_bias",
    "in_features": "input_shape",
    "input_dim": "input_shape",
    "in_channels": "input_shape",
    "out_features": "units",
    "out_channels": "filters",
    "p": "rate",
    "stride": "strides",
    "act": "activation",
}


def refuse_unknown(cls: type, given: Mapping[str, Any]) -> None:
    """Raise where a keyword is none of the class's fields, and say which one is likely meant."""
    known = parameters(cls)
    for name in given:
        if name not in known and not _takes_anything(cls):
            near = [HABITS[name]] if HABITS.get(name) in known else difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}=?" if near else ""
            raise UsageError(f"{cls.__name__} has no field {name!r}.{hint} It takes {', '.join(known)}.")


def _takes_anything(cls: type) -> bool:
    kinds = [p.kind for p in inspect.signature(cls.__init__).parameters.values()]  # type: ignore[misc]
    return inspect.Parameter.VAR_KEYWORD in kinds


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and bool(value == default))


def parameters(cls: type) -> dict[str, Any]:
    """The constructor's arguments and their defaults; ``**kwargs`` stands for those of the parent class."""
    found: dict[str, Any] = {}
    for parameter in list(inspect.signature(cls.__init__).parameters.values())[1:]:  # type: ignore[misc]
        if parameter.kind is parameter.VAR_KEYWORD:
            parent = next((c for c in cls.__mro__[1:] if "__init__" in vars(c) and c is not object), None)
            found = {**found, **{k: v for k, v in parameters(parent).items() if k not in found}} if parent else found
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            found[parameter.name] = parameter.default
    return found
