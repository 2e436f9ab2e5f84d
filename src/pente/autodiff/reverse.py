"""Reverse mode: one walk from the outputs back to the inputs, without recursion, each call once.

Without a graph the rows run on plain arrays and make no nodes. With one (for second derivatives, or while tracing) they
run on tensors, and what they do is recorded like anything else.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pente.autodiff.gradients import GRADIENTS
from pente.autodiff.rows import Call, Joint, unbroadcast
from pente.core import primitives as p
from pente.core.dispatch import node_of
from pente.core.node import NOTHING, Cut, Node, ancestors, is_abstract
from pente.core.state import state
from pente.core.tensor import Tensor, Variable, leaf
from pente.dtypes import is_inexact
from pente.errors import GradientError
from pente.ops.lifting import lift

__all__ = [
    "fresh",
    "gradients",
    "handle_of",
    "must_build_graph",
    "pull_through",
    "recording",
    "refuse_changed",
    "walk_back",
]


def walk_back(
    roots: Mapping[Node, Any],
    sources: Iterable[Node] | None,
    graph: bool,
    cuts: list[Cut] | None = None,
    inner: bool = False,
) -> Iterator[tuple[Node, Any]]:
    """Every tracked node with its finished gradient, from the roots back; only what leads to ``sources``, if given.

    ``roots`` are nodes with the gradient that comes in from outside: arrays, or tensors where ``graph`` is true. The
    list ``cuts`` is told the last places at which gradients stop. Who watches the step is told of every gradient, but
    not of ``inner`` ones, which are a part of another.
    """
    watch = None if inner or state.watchers else state.watch
    if watch is not None:
        sources = watch.begin(roots, sources)
    reached = ancestors(roots, stop=_untracked)
    order = [node for node in reached if node.tracked]
    if cuts is not None and len(order) < len(reached):
        found_cuts = (cut for node in reversed(reached) if not node.tracked for cut in node.cuts)
        cuts.extend(dict.fromkeys(found_cuts))
    useful = set(order) if sources is None else _leading_to(order, sources)
    found: dict[Node, Any] = {node: g for node, g in roots.items() if node in useful}
    for node in reversed(order):
        if node not in useful or node not in found:
            continue
        g = found.pop(node)
        if watch is not None:
            watch.arrived(node, g)
        yield node, g
        if node.op is not None:
            _pass_on(node, g, useful, found, graph)


def _untracked(node: Node) -> bool:
    return not node.tracked


def _leading_to(order: list[Node], sources: Iterable[Node]) -> set[Node]:
    useful = set(sources)
    for node in order:
        if node not in useful and not useful.isdisjoint(node.inputs):
            useful.add(node)
    return useful


def _pass_on(node: Node, g: Any, useful: set[Node], found: dict[Node, Any], graph: bool) -> None:
    """Add to the gradients of the inputs what this call gives them."""
    if node.op is p.part:
        whole = node.inputs[0]
        parts = found.setdefault(whole, [None] * len(whole.value))
        index = node.params["index"]
        parts[index] = g if parts[index] is None else parts[index] + g
        return
    needed = tuple([x.tracked and x in useful for x in node.inputs])
    for x, given in zip(node.inputs, _row(node, g, needed, graph), strict=True):
        if given is None:
            continue
        if given.shape != x.value.shape:
            given = unbroadcast(given, x.value.shape)
        found[x] = found[x] + given if x in found else given


def _row(node: Node, g: Any, needed: tuple[bool, ...], graph: bool) -> Sequence[Any]:
    """The gradients that the table's row gives to the inputs that need one."""
    row: Any = GRADIENTS.get(node.op)  # type: ignore[arg-type]
    if row is None:
        raise GradientError(f"{node.op} has no gradient ({node.where}).")
    if not graph:
        return _apply(row, node, g, tuple([x.value for x in node.inputs]), node.value, needed)
    inputs, out = tuple(map(handle_of, node.inputs)), handle_of(node)
    path, position = state.path, state.position
    state.path, state.position = node.path, None if node.code is None else (node.code, node.offset)
    try:
        return _apply(row, node, g, inputs, out, needed)
    finally:
        state.path, state.position = path, position


def _apply(row: Any, node: Node, g: Any, inputs: Any, out: Any, needed: tuple[bool, ...]) -> Sequence[Any]:
    if row.__class__ is Joint:
        call = Call(node.op, inputs, node.params, out, needed)  # type: ignore[arg-type]
        return [x if wanted else None for x, wanted in zip(row.back(g, call), needed, strict=True)]
    return [f(g, out, *inputs, **node.params) if wanted else None for f, wanted in zip(row, needed, strict=True)]


def handle_of(node: Node) -> Any:
    """A tensor of this node; the very one that the user holds, so that what is derived from it connects."""
    if node.value.__class__ is tuple:
        return tuple(_part_of(node, i) for i in range(len(node.value)))
    return Tensor(node.value, node)


def _part_of(node: Node, index: int) -> Tensor:
    value = node.value[index]
    tracked = node.tracked and is_inexact(value.dtype)
    return Tensor(value, Node(p.part, (node,), {"index": index}, value, tracked, node.path, None))


def gradients(roots: Mapping[Node, Any], sources: Sequence[Node], graph: bool, inner: bool = False) -> dict[Node, Any]:
    """The gradients of those sources that the roots depend on."""
    wanted = set(sources)
    found: dict[Node, Any] = {}
    with np.errstate(all="ignore"), recording(graph):
        for node, g in walk_back(roots, wanted, graph, inner=inner):
            if node in wanted:
                refuse_changed(node)
                found[node] = g
    return found


def refuse_changed(node: Node) -> None:
    """Raise where the leaf is a Variable that was assigned since it was read."""
    variable = node.handle() if node.op is None and node.handle is not None else None
    if isinstance(variable, Variable) and variable.version != node.version:
        raise GradientError(
            f"variable {variable.name or ''} was assigned after it was used: the gradient would belong to the old "
            "value. Compute the loss anew, or ask for gradients before the assign."
        )


class recording:  # noqa: N801  used as a function; a generator context takes 0.7 µs more
    """Record the graph, or do not, whatever is set around."""

    __slots__ = ("before", "on")

    def __init__(self, on: bool) -> None:
        self.on = on

    def __enter__(self) -> None:
        self.before, state.recording = state.recording, self.on

    def __exit__(self, *error: object) -> None:
        state.recording = self.before


def fresh(x: Any) -> Tensor:
    """The same value as a leaf of its own, that still leads back to where it came from."""
    old = lift(x)
    new = Tensor(old.data)
    if not is_inexact(old.dtype):
        raise GradientError(
            f"a gradient wants floating-point numbers, and this input is {old.dtype}: x.astype('float32')."
        )
    if old.node is None:
        new.node = leaf(old.data, True, new)
    else:
        new.node = Node(p.identity, (node_of(old),), NOTHING, old.data, True, state.path, None)
        new.node.handle = weakref.ref(new)
    return new


def pull_through(
    function: Callable[..., Any], inputs: Sequence[Any], gs: Sequence[Any], needed: Sequence[bool]
) -> list[Any]:
    """The gradients of the inputs of ``function``, computed anew, for these gradients of its outputs."""
    graph = any(isinstance(x, Tensor) for x in (*inputs, *gs))
    with recording(True):
        leaves = [fresh(x) if wanted else lift(x) for x, wanted in zip(inputs, needed, strict=True)]
        result = function(*leaves)
    outs = result if isinstance(result, (tuple, list)) else (result,)
    pairs = [(out.node, g) for out, g in zip(outs, gs, strict=True) if g is not None and out.requires_grad]
    roots: dict[Node, Any] = {}
    for node, g in pairs:
        g = lift(g) if graph else g
        roots[node] = roots[node] + g if node in roots else g
    sources = [x.node for x, wanted in zip(leaves, needed, strict=True) if wanted and x.node is not None]
    found = gradients(roots, sources, graph, inner=True)
    return [
        found.get(x.node) if wanted and x.node is not None else None for x, wanted in zip(leaves, needed, strict=True)
    ]


def must_build_graph(tensors: Iterable[Tensor]) -> bool:
    """Whether the gradient itself may be differentiated, or is part of a program that is being traced."""
    return state.watchers > 0 or any(is_abstract(x.data) for x in tensors)
