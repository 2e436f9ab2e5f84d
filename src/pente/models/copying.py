"""Copies of models in memory."""

import copy
import weakref
from typing import Any

from pente.layers import Layer

__all__ = ["copied"]


def copied(model: Any, memo: dict[int, Any]) -> Any:
    """A model of its own, in which each layer belongs to the copy of the layer that it belonged to."""
    twin = object.__new__(type(model))
    memo[id(model)] = twin
    for call in [] if model.graph is None else model.graph.calls:
        copy.deepcopy(call, memo)  # in order, for a call copies those before it, and a graph may be very deep
    vars(twin).update(copy.deepcopy(model.__getstate__(), memo))
    for _, layer in model.walk():
        _move_in(layer, memo)
    return twin


def _move_in(layer: Layer, memo: dict[int, Any]) -> None:
    home = None if layer.home is None else memo.get(id(layer.home()))
    own = memo.get(id(layer))
    if own is not None and home is not None:
        vars(own)["home"] = weakref.ref(home)
