"""Let a loop read what a loop before it has computed."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pente.compiler.passes.drop import drop_dead
from pente.compiler.passes.loops import Loop, part, same_value
from pente.compiler.passes.rewrite import remade, rewrite
from pente.compiler.passes.share import signature
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node

__all__ = ["recall_steps"]

_VIEWS = {p.reshape, p.transpose, p.broadcast_to, p.strided_slice, p.flip, p.identity, p.stop_gradient}
_CHEAP = {
    *_VIEWS, p.part, p.cast, p.add, p.subtract, p.multiply, p.negative, p.absolute, p.maximum, p.minimum, p.select,
    p.equal, p.not_equal, p.less, p.less_equal, p.greater, p.greater_equal, p.sign, p.floor, p.ceil, p.trunc, p.rint,
    p.bitwise_and, p.bitwise_or, p.bitwise_xor, p.bitwise_invert, p.left_shift, p.right_shift, p.concatenate, p.pad,
}  # fmt: skip


class _Recall(NamedTuple):
    """A loop, an earlier one, and which calls of the first are which calls of the second."""

    loop: Node
    earlier: Node
    calls: dict[Node, Node]


def recall_steps(graph: Graph) -> Graph:
    """What a loop would compute again from rows and constants of an earlier loop, that one gives it.

    The gradient of a loop does: it begins from the carry before each step. Only what is dear is given, and only what
    other calls read; and nothing of what remat computes again.
    """
    while True:
        plans = _plans(graph)
        if not plans:
            return graph
        graph = drop_dead(_recalled(graph, plans))


def _plans(graph: Graph) -> list[_Recall]:
    """What can be done at once: no loop is changed in two ways."""
    plans: list[_Recall] = []
    for node in graph.nodes:
        if node.op is not p.scan:
            continue
        sources = dict.fromkeys(x.inputs[0] for x in node.inputs if x.op is p.part and x.inputs[0].op is p.scan)
        for earlier in sources:
            if any(earlier is plan.loop for plan in plans):
                continue
            calls = _dear(Loop(node, node.inputs), _equal(node, earlier))
            if calls:
                plans.append(_Recall(node, earlier, calls))
                break
    return plans


def _equal(node: Node, earlier: Node) -> dict[Node, Node]:
    """Nodes of a loop's body, and those of the earlier loop's body that have the same value in the same step."""
    loop, source = Loop(node, node.inputs), Loop(earlier, earlier.inputs)
    constants = {same_value(outer): inner for inner, outer in source.constants.items()}
    rows = {same_value(outer): inner for inner, outer in source.rows.items()}
    rows |= {(earlier, len(source.starts) + i): given for i, given in enumerate(source.given)}
    equal = {inner: constants[same_value(x)] for inner, x in loop.constants.items() if same_value(x) in constants}
    equal |= {inner: rows[same_value(x)] for inner, x in loop.rows.items() if same_value(x) in rows}
    known = {signature(call, call.inputs): call for call in source.calls}
    for call in loop.calls:
        if all(x in equal for x in call.inputs):
            found = known.get(signature(call, [equal[x] for x in call.inputs]))
            if found is not None:
                equal[call] = found
    return equal


def _dear(loop: Loop, equal: Mapping[Node, Node]) -> dict[Node, Node]:
    """The equal calls that others read and that are dear. A view is taken anew of what was recalled."""
    dear = _far(loop)
    read = {*loop.after, *loop.given}
    recalled = set()
    for call in reversed(loop.calls):
        if call in equal and call in read and call in dear and not _sees_through(call):
            recalled.add(call)
        elif call in read or call not in equal:
            read.update(call.inputs)
    for call in loop.calls:
        if call in recalled and call.op in _CHEAP and all(_at_hand(x, dear, recalled) for x in call.inputs):
            recalled.remove(call)
    return {call: equal[call] for call in loop.calls if call in recalled}


def _far(loop: Loop) -> set[Node]:
    """The calls that change from step to step and that take more than cheap calls to compute from the inputs."""
    moving, far = {*loop.starts, *loop.rows}, set[Node]()
    for call in loop.calls:
        if not moving.isdisjoint(call.inputs):
            moving.add(call)
            if call.op not in _CHEAP or not far.isdisjoint(call.inputs):
                far.add(call)
    return far


def _sees_through(call: Node) -> bool:
    return call.op in _VIEWS or call.value.__class__ is tuple


def _at_hand(x: Node, dear: set[Node], recalled: set[Node]) -> bool:
    while x.op in _VIEWS and x not in recalled:
        x = x.inputs[0]
    return x in recalled or x not in dear


def _recalled(graph: Graph, plans: Iterable[_Recall]) -> Graph:
    """The program in which the earlier loops give these calls, and the others read them."""
    taking = {plan.loop: plan for plan in plans}
    giving: dict[Node, list[Node]] = {}
    for plan in plans:
        giving.setdefault(plan.earlier, []).extend(plan.calls.values())
    changed: dict[Node, tuple[Node, list[Node]]] = {}  # the loops as they are now, and what a step of each gives

    def rule(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node not in giving and node not in taking:
            return remade(node, inputs)
        loop = Loop(node, inputs)
        if node in giving:
            loop.given += [x for x in dict.fromkeys(giving[node]) if x not in loop.given]
        else:
            _take(loop, taking[node].calls, *changed[taking[node].earlier])
        scan = loop.built()
        changed[node] = scan, loop.given
        return scan

    return rewrite(graph, rule)


def _take(loop: Loop, calls: Mapping[Node, Node], earlier: Node, given: list[Node]) -> None:
    """Rows of the earlier loop's outputs in place of these calls."""
    count = earlier.params["carries"]
    loop.replace({call: loop.row(part(earlier, count + given.index(source))) for call, source in calls.items()})
