"""GradientTape: ask for gradients of what was computed inside a ``with`` block."""

import weakref
from types import TracebackType
from typing import Any, Self

import numpy as np

from pente import tree
from pente.autodiff.missing import cuts, missing_reason
from pente.autodiff.reverse import gradients, must_build_graph, refuse_changed
from pente.core import primitives as p
from pente.core.dispatch import node_of
from pente.core.node import NOTHING, Node, ancestors, is_abstract
from pente.core.state import state
from pente.core.tensor import Handle, Tensor, Variable, leaf
from pente.dtypes import is_inexact
from pente.errors import DTypeError, GradientError, ShapeError, UsageError
from pente.ops.lifting import lift

__all__ = ["GradientTape"]


class GradientTape:
    """Records what is computed inside, for gradients afterwards.

    Trainable Variables, and tensors with requires_grad, are watched by themselves; ``watch`` adds other tensors. A tape
    gives gradients once, a persistent one any number of times. Tapes nest: what the inner one gives can be
    differentiated by the outer one.

    >>> import pente
    >>> x = pente.tensor(3.0)
    >>> with pente.GradientTape() as outer:
    ...     outer.watch(x)
    ...     with pente.GradientTape() as tape:
    ...         tape.watch(x)
    ...         y = x * x * x
    ...     slope = tape.gradient(y, x)
    >>> slope.item(), outer.gradient(slope, x).item()
    (27.0, 18.0)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._automatic = watch_accessed_variables
        self._watched: list[Handle] = []
        self._used = False
        self._open = False
        self._before = True

    def __enter__(self) -> Self:
        if self._open:
            raise UsageError("this tape is recording already: open another one, with pente.GradientTape() as inner.")
        self._open = True
        self._before, state.recording = state.recording, True
        state.watchers += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        state.recording = self._before
        state.watchers -= 1

    def watch(self, tensors: Any) -> None:
        """Let gradients flow to these tensors, from here on."""
        for x in tree.leaves(tensors):
            if not isinstance(x, Handle):
                raise UsageError(f"watch() wants tensors, and got {type(x).__name__}: write x = pente.tensor(x) first.")
            if not is_inexact(x.dtype):
                raise DTypeError(f"a gradient wants floating-point numbers, and this tensor is {x.dtype}.")
            if isinstance(x, Tensor) and not x.requires_grad:
                x.node = _watched_node(x)
            self._watched.append(x)

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: str = "raise"
    ) -> Any:
        """d target / d source for every source, built like ``sources``.

        A target with several numbers is summed, as is a list of targets. A source that the target does not depend on
        raises and says why; with ``unconnected_gradients="zero"`` it gets zeros, with "none" None.
        """
        if self._used and not self._persistent:
            raise UsageError(
                "this tape has given its gradients. Write pente.GradientTape(persistent=True) to ask again."
            )
        if unconnected_gradients not in ("raise", "zero", "none"):
            raise UsageError(f"unconnected_gradients is 'raise', 'zero' or 'none', and not {unconnected_gradients!r}.")
        targets = [_tracked(t) for t in tree.leaves(target)]
        incoming = [None] * len(targets) if output_gradients is None else tree.leaves(output_gradients, gaps=True)
        graph = must_build_graph(targets)
        roots: dict[Any, Any] = {}
        for t, given in zip(targets, incoming, strict=True):
            if t.requires_grad:
                node, seed = node_of(t), _seed(t, given)
                flow = seed if graph else seed.data
                roots[node] = roots[node] + flow if node in roots else flow
        items, structure = tree.flatten(sources)
        nodes = [node_of(lift(s)) for s in items]
        found = gradients(roots, nodes, graph) if roots else {}
        stopped: list[str] = []
        if len(found) < len(set(nodes)):
            _refuse_changed_sources(items, targets)
            stopped = cuts(map(node_of, targets))
        given = [
            found[n] if n in found else self._missing(s, stopped, unconnected_gradients)
            for s, n in zip(items, nodes, strict=True)
        ]
        self._used = True
        return tree.unflatten(structure, [g if g is None else lift(g) for g in given])

    def _missing(self, source: Handle, stopped: list[str], how: str) -> Tensor | None:
        if how == "zero":
            return Tensor(np.zeros(source.shape, source.dtype))
        if how == "none":
            return None
        raise GradientError(
            f"{source.name or 'a source'} of shape {source.shape} has no gradient: {self._reason(source, stopped)} "
            "(unconnected_gradients='zero' gives zeros instead.)"
        )

    def _reason(self, source: Handle, stopped: list[str]) -> str:
        if isinstance(source, Tensor) and not source.requires_grad:
            return "it was not watched. Write tape.watch(x) before it is used."
        if isinstance(source, Variable) and not self._automatic and all(source is not w for w in self._watched):
            return "the tape does not watch variables by itself. Write tape.watch(v)."
        return missing_reason(source, stopped)


def _watched_node(x: Tensor) -> Node:
    """A leaf that gradients flow to; while a function is traced it still leads back to the input of the program."""
    if not is_abstract(x.data):
        return leaf(x.data, True, x)
    node = Node(p.identity, (node_of(x),), NOTHING, x.data, True, state.path, None)
    node.handle = weakref.ref(x)
    return node


def _refuse_changed_sources(sources: list[Any], targets: list[Tensor]) -> None:
    """Raise where a Variable was assigned after the targets had read it: they depend on its old value."""
    asked = {id(s) for s in sources if isinstance(s, Variable)}
    for node in ancestors(map(node_of, targets)):
        if node.handle is not None and id(node.handle()) in asked:
            refuse_changed(node)


def _tracked(target: Any) -> Tensor:
    if not isinstance(target, Handle):
        raise UsageError(
            f"the target of a gradient is a tensor, and not {type(target).__name__}: keep NumPy out of the loss."
        )
    return lift(target)


def _seed(target: Tensor, given: Any) -> Tensor:
    if given is None:
        return Tensor(np.ones(target.shape, target.dtype))
    seed = lift(given, target.dtype)
    if seed.shape != target.shape:
        raise ShapeError(f"output_gradients of shape {seed.shape} do not fit a target of shape {target.shape}.")
    return seed
