"""What a step computes on the way: the outputs of its layers and the values of its Variables, with their gradients.

While a Watch is on, layers tell it what they give, and the reverse pass which gradients it has finished. Nothing else
is computed in another way: a watched step has the same results as one that nobody watches, to the bit.
"""

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from pente import tree
from pente.autodiff.missing import cuts, missing_reason
from pente.autodiff.reverse import fresh
from pente.core.dispatch import node_of
from pente.core.node import Node, is_abstract
from pente.core.state import state
from pente.core.tensor import Handle, Tensor, Variable
from pente.dtypes import is_inexact
from pente.errors import PenteError, UnknownNameError, UsageError
from pente.ops.lifting import lift

__all__ = ["Found", "Watch", "Watched", "noting", "watched"]


@dataclass(frozen=True, eq=False, repr=False)
class Watched:
    """A value, and the gradient that reached it: trees of tensors where a layer gives several.

    Where no gradient flows it is None, and ``reason`` says why. ``needs`` is what has to be asked for before there can
    be one: then ``grad`` raises.
    """

    value: Any
    gradient: Any
    reason: str = ""
    needs: str = ""

    @property
    def grad(self) -> Any:
        """The gradient, or None; what several backward passes bring adds up."""
        if self.needs:
            raise UsageError(self.needs)
        return self.gradient

    @property
    def shape(self) -> Any:
        """The shape of the value."""
        return tree.map_leaves(lambda x: x.shape, self.value)

    def __repr__(self) -> str:
        return f"Watched(shape={self.shape}{f', reason={self.reason!r}' if self.reason else ''})"


class Found(dict[str, Any]):
    """What was watched, by its path: a Watched, or for what was called several times a list of them, call by call."""

    def __init__(self, found: Mapping[str, Any], inner: Iterable[str]) -> None:
        super().__init__(found)
        self.inner = frozenset(inner)

    def __missing__(self, path: str) -> Any:
        raise _unknown(path, self, self.inner)


class Watch:
    """Gathers what is asked for by patterns of paths, in which ``*`` stands for anything.

    Layers and Variables have the paths that ``names`` gives to their ids, or else their own.
    """

    def __init__(self, patterns: Iterable[str], names: Mapping[int, str] | None = None) -> None:
        self.patterns = tuple(patterns)
        self.names = names
        self.tracer: Any = None  # the one under which we watch: what is traced inside of it is another program
        self.reads: dict[Variable, Tensor] = {}  # the Variables, and the value of each before the step
        self.values: dict[str, list[Any]] = defaultdict(list)
        self.known: set[str] = set()
        self.inner: set[str] = set()  # layers that were called in an inner program
        self.nodes: set[Node] = set()
        self.roots: list[Node] = []  # where gradients began
        self.flows: dict[Node, Any] = {}
        self.reasons: dict[str, list[str]] = {}

    # What is told while the step is computed.

    def note(self, layer: Any, result: Any) -> Any:
        """A layer gives this; the same comes back, such that a gradient can reach it."""
        path = self._path(layer, layer.path)
        if not self._is_here():
            self.inner.add(path)
        elif path:
            self.known.add(path)
            if self._asks_for(path):
                result = tree.map_leaves(_reachable, result)
                self.values[path].append(result)
                self.nodes.update(node_of(x) for x in _tensors(result))
        return result

    def touch(self, variable: Variable, value: Tensor) -> None:
        """A Variable is read, or about to be assigned. Where a function is traced, its tracer knows them all."""
        if self.tracer is None:
            self.reads.setdefault(variable, value)

    def begin(self, roots: Iterable[Node], sources: Iterable[Node] | None) -> Iterable[Node] | None:
        """A gradient is taken: it shall flow to what is watched, too."""
        self.roots += roots
        asked = (node_of(x) for v, x in self.reads.items() if self._asks_for(self._path(v, v.name)))
        self.nodes.update(asked)
        return None if sources is None else [*sources, *self.nodes]

    def arrived(self, node: Node, gradient: Any) -> None:
        """The gradient of a node is finished."""
        if node in self.nodes:
            self.flows[node] = self.flows[node] + gradient if node in self.flows else gradient

    def _is_here(self) -> bool:
        return (state.tracers[-1] if state.tracers else None) is self.tracer

    def _path(self, thing: Any, own: str | None) -> str:
        return (own or "") if self.names is None else self.names.get(id(thing), "")

    def _asks_for(self, path: str) -> bool:
        return bool(path) and any(fnmatchcase(path, pattern) for pattern in self.patterns)

    # What is asked for when it is done.

    def taken(self) -> dict[str, list[tuple[Any, Any]]]:
        """Values and gradients of every call, by path."""
        handles: dict[str, list[Any]] = dict(self.values)
        for variable in self.reads:
            path = self._path(variable, variable.name)
            self.known.add(path)
            if self._asks_for(path):
                handles[path] = [*handles.get(path, []), variable]
        self.known.discard("")
        for pattern in self.patterns:
            if not any(fnmatchcase(path, pattern) for path in self.known):
                raise _unknown(pattern, self.known, self.inner)
        self.reasons = {path: [self._reason(x) for x in handles[path]] for path in handles}
        values = {path: [self._value(x) for x in handles[path]] for path in handles}
        return {path: [(_plain(x), _plain(self._flow(x))) for x in values[path]] for path in values}

    def _value(self, handle: Any) -> Any:
        return self.reads[handle] if isinstance(handle, Variable) else handle

    def _flow(self, value: Any) -> Any:
        return tree.map_leaves(lambda x: self.flows.get(node_of(x)) if isinstance(x, Tensor) else None, value)

    def _reason(self, handle: Any) -> str:
        """Why a gradient is missing, or nothing."""
        parts = [handle] if isinstance(handle, Variable) else _tensors(handle)
        missing = next((x for x in parts if node_of(self._value(x)) not in self.flows), None)
        if missing is None:
            return ""
        if not self.roots:
            return "no gradient was taken in this step, or only inside of another one."
        return missing_reason(missing, cuts(self.roots))

    def found(self, taken: Mapping[str, list[tuple[Any, Any]]]) -> Found:
        """The values that were taken, with the reasons for those that miss."""
        calls = {
            path: [Watched(*call, reason) for call, reason in zip(taken[path], self.reasons[path], strict=True)]
            for path in taken
        }
        return Found({path: each[0] if len(each) == 1 else each for path, each in calls.items()}, self.inner)

    def undo(self) -> None:
        """Give every Variable that the step assigned the value it had."""
        for variable, value in self.reads.items():
            if node_of(value).version != variable.version:
                variable.replace(value.data)


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Tell this watch what is computed."""
    before, state.watch = state.watch, watch
    if state.tracers:
        watch.tracer = state.tracers[-1]
        watch.reads = getattr(watch.tracer, "reads", watch.reads)
    try:
        yield
    finally:
        state.watch = before


def noting(function: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    """The function that returns its result, and what the watch has taken."""

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> tuple[Any, Any]:
        with watching(watch):
            result = function(*args, **options)
        return result, watch.taken()

    return run


def watched(
    function: Callable[..., Any], *paths: str, names: Mapping[int, str] | None = None, keep: bool = True
) -> Callable[..., Any]:
    """The function that returns its result, and what it computes at these paths on the way.

    A path is that of a layer, and means what the layer gives, or that of a Variable, and means its value before the
    call. ``*`` stands for anything. Without ``keep``, and where it raises, all Variables stay as they were. Raises
    UnknownNameError for a path at which nothing is computed, and UsageError for what only a loop's body computes.

    >>> import pente
    >>> double = pente.layers.Dense(1, kernel_initializer="ones", name="double")
    >>> step = pente.grad(lambda x: double(x).sum() * 2)
    >>> slope, found = watched(step, "double", "double/k*")(pente.ones((1, 3)))
    >>> found["double"].value.tolist(), found["double"].grad.tolist(), found["double/kernel"].shape
    ([[3.0]], [[2.0]], (3, 1))
    """

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> tuple[Any, Found]:
        watch = Watch(paths, names)
        try:
            result, taken = noting(function, watch)(*args, **options)
        except PenteError:
            watch.undo()
            raise
        if not keep:
            watch.undo()
        return result, watch.found(taken)

    return run


def _tensors(value: Any) -> list[Tensor]:
    return [x for x in tree.leaves(value) if isinstance(x, Tensor)]


def _reachable(x: Any) -> Any:
    """A value to which a gradient flows, also where nothing before it wants one."""
    if not isinstance(x, Handle):
        return x
    tensor = lift(x)
    return fresh(tensor) if state.recording and not tensor.requires_grad and is_inexact(tensor.dtype) else tensor


def _plain(value: Any) -> Any:
    """Values without the graph that they came from."""
    return tree.map_leaves(lambda x: x if is_abstract(getattr(x, "data", x)) else _constant(x), value)


def _constant(x: Any) -> Any:
    return Tensor(np.asarray(x.data if isinstance(x, Tensor) else x))


def _unknown(path: str, known: Iterable[str], inner: Iterable[str]) -> PenteError:
    if any(fnmatchcase(name, path) for name in inner):
        return UsageError(
            f"{path} is computed inside of a scan, a cond or a remat, where it has no single value. Only what leaves "
            "that can be watched: the output of the layer around it."
        )
    return UnknownNameError("layer or Variable in this step", path, known)
