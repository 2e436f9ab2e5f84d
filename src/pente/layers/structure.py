"""How state is found: sub-layers, variables and streams of random numbers, in attributes, lists and dicts.

Names come from where things stand and never from a counter of the process: an attribute's name, a place in a list, or,
among the layers of a Sequential or of a graph, the class with a number behind it.
"""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from pente.core.tensor import Variable
from pente.errors import UsageError
from pente.ops.random import Stream

__all__ = ["State", "entries", "free_name", "held", "holders", "join", "snake_case", "unique_names"]


class State:
    """The base of whatever holds state below an attribute of another."""


class Named(Protocol):
    """What may have a name already: the user's, or one that a parent gave."""

    @property
    def wished_name(self) -> str | None: ...

    @property
    def kept_name(self) -> str | None: ...


def join(*parts: str) -> str:
    """One path of several parts, of which some may be empty."""
    return "/".join(filter(None, parts))


@functools.cache
def snake_case(name: str) -> str:
    """The name of a class as Keras writes it for a layer.

    >>> snake_case("MaxPooling2D"), snake_case("LSTM"), snake_case("DepthwiseConv1D")
    ('max_pooling2d', 'lstm', 'depthwise_conv1d')
    """
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def holders(value: Any) -> list[list[Any] | dict[Any, Any]]:
    """The lists and dicts in a value in which layers stand: they change without an attribute being set."""
    if not isinstance(value, (list, tuple, dict)):
        return []
    items = list(value.values()) if isinstance(value, dict) else value
    inside = [holder for item in items for holder in holders(item)]
    own = not isinstance(value, tuple) and (inside or any(isinstance(item, State) for item in items))
    return [value, *inside] if own else inside  # type: ignore[list-item]


def held(holder: list[Any] | dict[Any, Any]) -> tuple[Any, ...]:
    """What stands in a list or a dict now, in order."""
    return (*holder, *holder.values()) if isinstance(holder, dict) else tuple(holder)


def entries(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The pieces of state in a value, each with its name; places in lists and keys of dicts are parts of the name."""
    if isinstance(value, (State, Variable, Stream)):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from entries(f"{name}/{place}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from entries(f"{name}/{key}", item)


L = TypeVar("L", bound=Named)


def unique_names(layers: Iterable[L]) -> dict[str, L]:
    """Names for siblings that have no attribute to be named after: ``dense``, ``dense_1``, …; the user's names win.

    Two of one name are refused, unless they got it in other models: there it was right, here the second gets a number.
    """
    each = list({id(layer): layer for layer in layers}.values())
    taken: dict[str, L] = {}
    for layer in each:
        twice = layer.wished_name is not None and taken.setdefault(layer.wished_name, layer) is not layer
        if twice and layer.kept_name is None:
            raise UsageError(
                f"two layers are named {layer.wished_name!r}: {taken[str(layer.wished_name)]!r} and {layer!r}. "
                "Give one of them another name."
            )
    for layer in each:
        if layer.wished_name is None and layer.kept_name is not None:
            taken.setdefault(layer.kept_name, layer)
    names = {id(layer): name for name, layer in taken.items()}
    for layer in each:
        if id(layer) not in names:
            names[id(layer)] = free_name(layer.wished_name or snake_case(type(layer).__name__), taken)
            taken[names[id(layer)]] = layer
    return {names[id(layer)]: layer for layer in each}


def free_name(base: str, taken: Mapping[str, Any]) -> str:
    """The name, or the first of name_1, name_2, … that is not taken."""
    candidates = itertools.chain([base], (f"{base}_{number}" for number in itertools.count(1)))
    return next(name for name in candidates if name not in taken)
