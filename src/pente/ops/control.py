"""Loops and branches that are part of the program: scan and cond."""

from collections.abc import Callable
from typing import Any

from pente import tree
from pente.core import primitives as p
from pente.core.dispatch import bind_many
from pente.core.graph import Graph, close
from pente.core.node import Spec, is_abstract, spec_of
from pente.core.state import state
from pente.core.tensor import Tensor, Variable
from pente.core.tracer import trace
from pente.errors import DTypeError, ShapeError
from pente.ops.lifting import lift
from pente.ops.reduce import all as all_of
from pente.ops.shape import reshape

__all__ = ["cond", "scan"]


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Carry a state through a sequence: carry, y = f(carry, x) for every x; returns the last carry and the ys stacked.

    ``init`` and ``xs`` are tensors or trees of them; ``xs`` is walked along its first axis. f is traced once: it sees
    tensors without values, and the carry must keep its shapes and dtypes. Variables assigned inside are carried along.

    >>> import pente
    >>> total, sums = pente.scan(lambda c, x: (c + x, c + x), 0.0, pente.tensor([1.0, 2.0, 3.0]))
    >>> total.item(), sums.tolist()
    (6.0, [1.0, 3.0, 6.0])
    """
    carry, carry_structure = _lifted(init)
    rows, rows_structure = _lifted(xs)
    length = _length(rows, length)
    steps = [Spec(x.shape[1:], x.dtype) for x in rows]

    def body_of(variables: list[Variable]) -> Callable[..., Any]:
        def body(*values: Tensor) -> Any:
            held, rest = values[: len(variables)], values[len(variables) :]
            state.tracers[-1].values.update(zip(variables, held, strict=True))
            c = tree.unflatten(carry_structure, rest[: len(carry)])
            after, y = f(c, tree.unflatten(rows_structure, rest[len(carry) :]))
            kept = [state.tracers[-1].read(v) for v in variables]
            return kept, _same_carry(carry, carry_structure, after), y

        return body

    given = [spec_of(x.data) for x in carry]
    variables = list(trace(body_of([]), [*given, *steps])[0].assigned)
    held = [v.read() for v in variables]
    graph, structure = trace(body_of(variables), [*[spec_of(v.data) for v in held], *given, *steps])
    outs = _run([*held, *carry], rows, graph, length, reverse)
    for variable, value in zip(variables, outs, strict=False):
        variable.assign(value)
    results = tree.unflatten(structure, outs)
    return tree.unflatten(carry_structure, results[1]), results[2]


def _run(carry: list[Tensor], rows: list[Tensor], graph: Graph, length: int, reverse: bool) -> list[Tensor]:
    """The scan of a program. Where a gradient may be asked for, the carry before each step is kept as a last output."""
    outer = [Tensor(node.value, node) for node in graph.captured]
    inputs = (*carry, *rows, *outer)
    outputs = graph.outputs
    if state.recording and any(x.requires_grad or is_abstract(x.data) for x in inputs):
        outputs = (*outputs, *graph.inputs[: len(carry)])
    body = close(Graph(graph.inputs, graph.captured, graph.nodes, outputs))
    settings = {"body": body, "carries": len(carry), "sequences": len(rows), "length": length, "reverse": reverse}
    return list(bind_many(p.scan, inputs, settings)[: len(graph.outputs)])


def _lifted(values: Any) -> tuple[list[Tensor], Any]:
    items, structure = tree.flatten(values)
    return [lift(x) for x in items], structure


def _length(rows: list[Tensor], length: int | None) -> int:
    lengths = {x.shape[0] if x.shape else None for x in rows} | ({length} if length is not None else set())
    if len(lengths) != 1 or None in lengths:
        shapes = [x.shape for x in rows]
        raise ShapeError(f"scan wants one length for all sequences, and got shapes {shapes} and length={length}.")
    return int(lengths.pop() or 0)


def _same_carry(before: list[Tensor], structure: Any, after: Any) -> list[Tensor]:
    """The carry that f returns, which must look like the one it was given."""
    items, returned = tree.flatten(after)
    if returned != structure:
        raise ShapeError(f"scan: f was given a carry built like {structure} and returned one like {returned}.")
    tensors = [
        lift(x, old.dtype if isinstance(x, (int, float)) else None) for x, old in zip(items, before, strict=True)
    ]
    for old, new in zip(before, tensors, strict=True):
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            raise ShapeError(f"scan: the carry was {spec_of(old.data)}, and f returned {spec_of(new.data)} for it.")
    return tensors


def cond(predicate: Any, on_true: Callable[..., Any], on_false: Callable[..., Any], *operands: Any) -> Any:
    """on_true(*operands) where the predicate holds, on_false(*operands) where it does not.

    With a known predicate this is Python's own ``if``. While a function is traced both branches become part of the
    program, and must return the same shapes and dtypes.

    >>> import pente
    >>> pente.cond(pente.tensor(2.0) > 1, lambda x: x * 2, lambda x: x, 5.0).item()
    10.0
    """
    predicate = lift(predicate)
    if predicate.size != 1 or predicate.dtype.kind != "b":
        raise DTypeError(f"cond wants one bool, and got {spec_of(predicate.data)}: use pente.where for many.")
    items, shape = _lifted(list(operands))
    if not is_abstract(predicate.data):
        return _as_tensors((on_true if bool(predicate) else on_false)(*tree.unflatten(shape, items)))
    return _both(reshape(all_of(predicate), ()), on_true, on_false, items, shape)


def _as_tensors(result: Any) -> Any:
    return tree.map_leaves(lift, result)


def _both(predicate: Tensor, on_true: Any, on_false: Any, items: list[Tensor], shape: Any) -> Any:
    """The node of both branches. What either captures or assigns becomes an input or output of both."""
    specs = [spec_of(x.data) for x in items]

    def branch(function: Any, variables: list[Variable]) -> Any:
        def run(*values: Tensor) -> Any:
            result = _as_tensors(function(*tree.unflatten(shape, values)))
            return [state.tracers[-1].read(v) for v in variables], result

        return run

    touched = [v for f in (on_true, on_false) for v in trace(branch(f, []), specs)[0].assigned]
    variables = list(dict.fromkeys(touched))
    (yes, structure), (no, other) = (trace(branch(f, variables), specs) for f in (on_true, on_false))
    if structure != other:
        raise ShapeError(f"cond: the branches return {structure[1]} and {other[1]}; they must be built alike.")
    captured = tuple(dict.fromkeys(yes.captured + no.captured))
    outer = [Tensor(node.value, node) for node in captured]
    programs = {"on_true": _opened(yes, captured), "on_false": _opened(no, captured)}
    outs = bind_many(p.cond, (predicate, *items, *outer), programs)
    held, result = tree.unflatten(structure, outs)
    for variable, value in zip(variables, held, strict=True):
        variable.assign(value)
    return result


def _opened(graph: Graph, captured: Any) -> Graph:
    return close(Graph(graph.inputs, graph.captured, graph.nodes, graph.outputs), captured)
