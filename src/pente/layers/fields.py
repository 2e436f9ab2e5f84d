"""Fields: what a layer is told when it is made, and nothing else.

A class that annotates its fields gets its ``__init__`` from them, as a dataclass does; a class with an ``__init__`` of
its own keeps each argument in an attribute of the same name. Either way the configuration, the repr and the copy of a
layer are readings of the same fields.
"""

import difflib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, dataclass_transform

from pente.config import Configured, arguments
from pente.errors import UsageError

__all__ = ["Fields", "refuse_unknown"]


@dataclass_transform()
class Fields(Configured):
    """A class whose annotations are its constructor's arguments."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        declared = [kind for kind in inspect.get_annotations(cls).values() if "ClassVar" not in str(kind)]
        if declared and "__init__" not in vars(cls):
            dataclass(eq=False, repr=False)(cls)


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
    known = arguments(cls)
    for name in given:
        if name not in known and not _takes_anything(cls):
            near = [HABITS[name]] if HABITS.get(name) in known else difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}=?" if near else ""
            raise UsageError(f"{cls.__name__} has no field {name!r}.{hint} It takes {', '.join(known)}.")


def _takes_anything(cls: type) -> bool:
    kinds = [p.kind for p in inspect.signature(cls.__init__).parameters.values()]  # type: ignore[misc]
    return inspect.Parameter.VAR_KEYWORD in kinds
