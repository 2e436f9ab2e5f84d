"""Nested lists, tuples and dicts as trees: take the leaves out, put others in.

A leaf is anything that is not a list, a tuple, a dict or None; None is a tree without leaves. Dicts are walked in the
order of their keys, and put together again in the order they had.
"""

from collections.abc import Callable, Iterator
from typing import Any

from pente.errors import DataError

__all__ = ["LEAF", "flatten", "leaves", "map_leaves", "unflatten"]

Structure = Any


class _Leaf:
    """What stands for a leaf in a structure."""

    def __repr__(self) -> str:
        return "*"


LEAF = _Leaf()


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a tree in order, and the structure that puts them back.

    >>> flatten({"b": [1, None, 2], "a": 3})
    ([3, 1, 2], {'b': [*, None, *], 'a': *})
    """
    found: list[Any] = []
    return found, _strip(tree, found)


def _strip(tree: Any, found: list[Any], gaps: bool = False) -> Structure:
    if isinstance(tree, dict):
        parts = {key: _strip(tree[key], found, gaps) for key in sorted(tree)}
        return {key: parts[key] for key in tree}
    if isinstance(tree, (list, tuple)):
        return _like(tree, [_strip(x, found, gaps) for x in tree])
    if tree is None and not gaps:
        return None
    found.append(tree)
    return LEAF


def _like(tree: Any, items: list[Any]) -> Any:
    """A sequence of the same kind; named tuples take their items one by one."""
    return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)


def unflatten(structure: Structure, items: Any) -> Any:
    """The tree of this structure with these leaves."""
    supply = iter(items)
    tree = _fill(structure, supply)
    if next(supply, supply) is not supply:
        raise DataError("more leaves than the structure has places for.")
    return tree


def _fill(structure: Structure, supply: Iterator[Any]) -> Any:
    if isinstance(structure, dict):
        parts = {key: _fill(structure[key], supply) for key in sorted(structure)}
        return {key: parts[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        return _like(structure, [_fill(part, supply) for part in structure])
    return None if structure is None else next(supply)


def leaves(tree: Any, gaps: bool = False) -> list[Any]:
    """The leaves of a tree in order; with ``gaps`` a None that stands inside is one of them."""
    found: list[Any] = []
    _strip(tree, found, gaps)
    return found


def map_leaves(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """The tree with ``function`` applied to every leaf, and to the leaves of the others at the same place."""
    items, structure = flatten(tree)
    return unflatten(structure, [function(*group) for group in zip(items, *map(leaves, others), strict=True)])
