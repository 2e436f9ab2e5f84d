"""The classes and functions that a file may name: those of Pente, and those that the caller passes.

Nothing is looked for by name anywhere else, so a file can ask for nothing that is not in this list.
"""

import functools
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any

from pente import data, initializers, layers, losses, metrics, optimizers, regularizers, schedules
from pente.config import Configured
from pente.errors import DataError, UsageError
from pente.layers.activations import ACTIVATIONS
from pente.layers.operations import Operation
from pente.losses.registry import FUNCTIONS
from pente.metrics.hits import same_side
from pente.ops import elementwise, neural

__all__ = ["Vocabulary", "known", "name_of"]

SPACES = {
    "data": data,
    "initializers": initializers,
    "layers": layers,
    "losses": losses,
    "metrics": metrics,
    "optimizers": optimizers,
    "regularizers": regularizers,
    "schedules": schedules,
}
OWN = "custom"  # the space of what the caller passes


@functools.cache
def known() -> dict[str, Any]:
    """Every class and function of Pente that may stand in a file, by its space and name."""
    from pente.models.model import Model
    from pente.models.sequential import Sequential

    found: dict[str, Any] = {"models.Model": Model, "models.Sequential": Sequential, "layers.Operation": Operation}
    for space, module in SPACES.items():
        found |= {f"{space}.{kind.__name__}": kind for kind in _public(module, type) if issubclass(kind, Configured)}
    del found["layers.Lambda"]  # its function is code, and no file holds code
    found |= {f"losses.{function.__name__}": function for function in FUNCTIONS.values()}
    found |= {f"metrics.{function.__name__}": function for function in (same_side, *_measures())}
    for module in (elementwise, neural):
        found |= {f"ops.{function.__name__}": function for function in _public(module, FunctionType)}
    return found | {f"activations.{name}": function for name, function in ACTIVATIONS.items()}


def _public(module: ModuleType, kind: type) -> list[Any]:
    return [thing for name in module.__all__ if isinstance(thing := getattr(module, name), kind)]


def _measures() -> list[Callable[..., Any]]:
    """The functions of (y_true, y_pred) among the metrics."""
    return [f for f in _public(metrics, FunctionType) if "y_pred" in f.__code__.co_varnames[:2]]


@functools.cache
def _names() -> dict[Any, str]:
    return {thing: name for name, thing in reversed(known().items())}  # the first name of several


def name_of(thing: Any) -> str:
    """The name under which a class or a function stands in a file.

    >>> import pente
    >>> name_of(pente.layers.Dense), name_of(pente.losses.mse)
    ('layers.Dense', 'losses.mean_squared_error')
    """
    known = _names().get(thing)
    if known is not None:
        return known
    own = getattr(thing, "__name__", "<lambda>")
    if own == "<lambda>":
        raise UsageError(f"{thing!r} has no name to find it by: write it as a function, def name(...), or a class.")
    return f"{OWN}.{own}"


class Vocabulary:
    """From a name in a file to the class or the function."""

    def __init__(self, custom_objects: Mapping[str, Any] | None, path: str) -> None:
        self.path = path
        own: Any = {} if custom_objects is None else custom_objects
        if not isinstance(own, Mapping) or not all(map(callable, own.values())):
            raise UsageError(
                f"custom_objects has classes and functions by their names, got {custom_objects!r:.80}: write "
                'custom_objects={"Scale": Scale}.'
            )
        self.own = own

    def thing(self, name: Any) -> Any:
        """What the name stands for. Raises DataError for one that is not known, or not among the caller's."""
        if not isinstance(name, str):
            raise DataError(f"{self.path}: a class has a name, got {name!r:.80}.")
        space, _, short = name.partition(".")
        if space == OWN and short in self.own:
            return self.own[short]
        if space == OWN:
            raise DataError(
                f"{self.path}: {short!r} is not part of Pente. Import it, make sure that you trust it, and pass it: "
                f'pente.load_model(path, custom_objects={{"{short}": {short}}}).'
            )
        if name not in known():
            raise DataError(f"{self.path}: {name!r:.80} is not a class or function that a file may name.")
        return known()[name]
