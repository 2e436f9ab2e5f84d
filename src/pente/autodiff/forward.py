"""Forward mode: how each primitive passes on a small move of its inputs.

A row takes the moves of the inputs (None where one stands still) and the call. Three kinds need no formula of their
own:

- ``diagonal``: each output number depends on the input numbers at its own place, so the gradient row is its own
  transpose and serves both directions;
- ``linear``: the output moves as the operation does to the move;
- ``bilinear``: in each input while the others stand still, and the moves add up.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pente.autodiff.gradients import GRADIENTS
from pente.autodiff.reverse import handle_of, recording
from pente.autodiff.rows import Call, spread
from pente.core import primitives as p
from pente.core.node import Node, ancestors
from pente.core.primitives import COMPOSITES
from pente.core.tensor import Tensor
from pente.dtypes import is_inexact
from pente.errors import GradientError
from pente.ops import control

__all__ = ["FORWARD", "push_forward"]

Moves = Sequence[Any]


def diagonal(moves: Moves, call: Call) -> Any:
    row: Any = GRADIENTS[call.op]
    parts = [
        f(p.broadcast_to(t, shape=call.out.shape), call.out, *call.inputs, **call.params)
        for f, t in zip(row, moves, strict=True)
        if t is not None
    ]
    return _total(parts)


def linear(moves: Moves, call: Call) -> Any:
    """The inputs that are numbers move; those that are places stand."""
    filled = [
        t if t is not None else x if x.dtype.kind not in "fc" else np.zeros(x.shape, x.dtype)
        for t, x in zip(moves, call.inputs, strict=True)
    ]
    return call.op(*filled, **call.params)


def bilinear(moves: Moves, call: Call) -> Any:
    parts = []
    for i, t in enumerate(moves):
        if t is not None:
            inputs = [t if i == k else x for k, x in enumerate(call.inputs)]
            parts.append(call.op(*inputs, **call.params))
    return _total(parts)


def _total(parts: Sequence[Any]) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _pad(moves: Moves, call: Call) -> Any:
    return p.pad(moves[0], widths=call.params["widths"], value=0.0)


def _extreme(moves: Moves, call: Call) -> Any:
    """The mean of the moves of those that are largest."""
    (x,), axes, keep = call.inputs, call.params["axes"], call.params["keepdims"]
    chosen = p.cast(x == spread(call.out, x, axes), dtype=x.dtype)
    count = p.reduce_sum(chosen, axes=axes, keepdims=keep)
    return p.reduce_sum(moves[0] * chosen, axes=axes, keepdims=keep) / count


def _through_rows(moves: Moves, call: Call) -> Any:
    """Σ over the inputs of the move times the gradient row's transpose: for rows that multiply place by place."""
    row: Any = GRADIENTS[call.op]
    ones = p.broadcast_to(np.ones((), call.out.dtype), shape=call.out.shape)
    slope = row[0](ones, call.out, *call.inputs, **call.params)
    return p.reduce_sum(moves[0] * slope, **call.params)


def _inverse(moves: Moves, call: Call) -> Any:
    """d(A⁻¹) = -A⁻¹ dA A⁻¹"""
    return -p.matmul(p.matmul(call.out, moves[0]), call.out)


def _solve(moves: Moves, call: Call) -> Any:
    """d(A⁻¹B) = A⁻¹ (dB - dA X)"""
    a = call.inputs[0]
    right = [] if moves[1] is None else [moves[1]]
    right += [] if moves[0] is None else [-p.matmul(moves[0], call.out)]
    return p.solve(a, _total(right))


def _cholesky(moves: Moves, call: Call) -> Any:
    """dL = L·Φ(L⁻¹ dA L⁻ᵀ), where Φ keeps the lower half and halves the diagonal; dA is made symmetric."""
    lower, n = call.out, call.out.shape[-1]
    turn = (*range(lower.ndim - 2), lower.ndim - 1, lower.ndim - 2)
    move = 0.5 * (moves[0] + p.transpose(moves[0], axes=turn))
    inner = p.solve(lower, p.transpose(p.solve(lower, move), axes=turn))
    half = np.tril(np.ones((n, n), lower.dtype)) - 0.5 * np.eye(n, dtype=lower.dtype)
    return p.matmul(lower, p.transpose(inner, axes=turn) * half)


def _through(function: Callable[..., Any], inputs: Sequence[Any], moves: Moves) -> tuple[list[Any], list[Any]]:
    """The outputs of a function and their moves, where some of its inputs move."""
    from pente.autodiff.transforms import jvp

    moving = [i for i, t in enumerate(moves) if t is not None]

    def inside(*xs: Any) -> Any:
        full = list(inputs)
        for i, x in zip(moving, xs, strict=True):
            full[i] = x
        result = function(*full)
        return result if isinstance(result, (tuple, list)) else (result,)

    outs, pushed = jvp(inside, [inputs[i] for i in moving], [moves[i] for i in moving])
    return list(outs), list(pushed)


def _plain_unless(graph: bool, tensors: Sequence[Any]) -> list[Any]:
    return [x if graph else x.data for x in tensors]


def _is_graph(moves: Moves, call: Call) -> bool:
    return any(isinstance(x, Tensor) for x in (*call.inputs, *moves))


def _expanded(moves: Moves, call: Call) -> Any:
    """A composite is pushed through its body."""
    op: Any = call.op
    _, pushed = _through(lambda *xs: op.body(*xs, **call.params), call.inputs, moves)
    return _plain_unless(_is_graph(moves, call), pushed)[0]


def _remat(moves: Moves, call: Call) -> Any:
    _, pushed = _through(call.params["body"], call.inputs, moves)
    return _plain_unless(_is_graph(moves, call), pushed)


def _cond(moves: Moves, call: Call) -> Any:
    """A branch between the moves."""
    predicate, *operands = call.inputs
    sent = [t for t in moves[1:] if t is not None]

    def pushed(program: Any) -> Callable[..., Any]:
        def run(*values: Any) -> Any:
            supply = iter(values[len(operands) :])
            own = [None if t is None else next(supply) for t in moves[1:]]
            return _through(program, values[: len(operands)], own)[1]

        return run

    branches = pushed(call.params["on_true"]), pushed(call.params["on_false"])
    return _plain_unless(_is_graph(moves, call), control.cond(predicate, *branches, *operands, *sent))


def _scan(moves: Moves, call: Call) -> Any:
    """A scan that carries the moves of the carry beside the carry. A whole number moves by zeros that nobody reads."""
    carries, sequences = call.params["carries"], call.params["sequences"]
    body, smooth = call.params["body"], [is_inexact(x.dtype) for x in call.inputs]
    filled = [np.zeros(x.shape, x.dtype) if t is None else t for x, t in zip(call.inputs, moves, strict=True)]
    constants, still = call.inputs[carries + sequences :], filled[carries + sequences :]
    cut = slice(carries, carries + sequences)

    def step(carry: Any, row: Any) -> Any:
        own = [t if moves else None for t, moves in zip([*carry[1], *row[1], *still], smooth, strict=True)]
        outs, pushed = _through(body, [*carry[0], *row[0], *constants], own)
        return (outs[:carries], pushed[:carries]), pushed[carries:]

    start = (list(call.inputs[:carries]), filled[:carries])
    rows = (list(call.inputs[cut]), filled[cut])
    (_, last), stacked = control.scan(step, start, rows, call.params["length"], call.params["reverse"])
    return _plain_unless(_is_graph(moves, call), [*last, *stacked])


def _custom(moves: Moves, call: Call) -> Any:
    raise GradientError("a custom gradient goes backward only: forward mode would need a rule of its own.")


FORWARD: dict[p.Primitive, Callable[[Moves, Call], Any] | None] = {
    **dict.fromkeys(
        [p.add, p.subtract, p.multiply, p.divide, p.power, p.negative, p.maximum, p.minimum, p.remainder, p.atan2],
        diagonal,
    ),
    **dict.fromkeys(
        [p.absolute, p.exp, p.expm1, p.log, p.log1p, p.sqrt, p.sin, p.cos, p.tan, p.asin, p.acos], diagonal
    ),
    **dict.fromkeys([p.atan, p.sinh, p.cosh, p.tanh, p.asinh, p.acosh, p.atanh, p.erf, p.select], diagonal),
    **dict.fromkeys([p.floor_divide, p.sign, p.floor, p.ceil, p.trunc, p.rint, p.equal, p.not_equal, p.less], None),
    **dict.fromkeys([p.less_equal, p.greater, p.greater_equal, p.bitwise_and, p.bitwise_or, p.bitwise_xor], None),
    **dict.fromkeys([p.bitwise_invert, p.left_shift, p.right_shift, p.stop_gradient, p.argmax, p.argmin], None),
    **dict.fromkeys([p.window_argmax, p.random_bits], None),
    **dict.fromkeys(
        [p.cast, p.identity, p.reduce_sum, p.cumulative_sum, p.reshape, p.transpose, p.broadcast_to], linear
    ),
    **dict.fromkeys([p.strided_slice, p.concatenate, p.flip, p.gather, p.scatter_add, p.scatter_set], linear),
    **dict.fromkeys([p.window_sum, p.window_spread], linear),
    **dict.fromkeys([p.matmul, p.conv, p.conv_input, p.conv_kernel], bilinear),
    p.pad: _pad,
    p.reduce_max: _extreme,
    p.reduce_min: _extreme,
    p.reduce_prod: _through_rows,
    p.inverse: _inverse,
    p.solve: _solve,
    p.cholesky: _cholesky,
    p.scan: _scan,
    p.cond: _cond,
    p.remat: _remat,
    p.custom: _custom,
    p.part: None,
    **dict.fromkeys(COMPOSITES.values(), _expanded),
}


def push_forward(ends: Sequence[Node], starts: dict[Node, Any], graph: bool) -> list[Any]:
    """The moves of the end nodes, when the start nodes move so: one walk in the order of creation."""
    moved: dict[Node, Any] = dict(starts)
    with np.errstate(all="ignore"), recording(graph):
        for node in ancestors(ends, stop=moved.__contains__):
            if node in moved or node.op is None or not node.tracked:
                continue
            moves = [moved.get(x) for x in node.inputs]
            if any(t is not None for t in moves):
                moved[node] = _push(node, moves, graph)
        return [moved[end] if moved.get(end) is not None else np.zeros(end.shape, end.dtype) for end in ends]


def _push(node: Node, moves: Moves, graph: bool) -> Any:
    if node.op is p.part:
        return moves[0][node.params["index"]]
    row = FORWARD[node.op] if node.op is not None else None
    if row is None:
        raise GradientError(f"{node.op} has no forward derivative ({node.where}).")
    inputs = tuple(handle_of(x) if graph else x.value for x in node.inputs)
    out = handle_of(node) if graph else node.value
    return row(moves, Call(node.op, inputs, node.params, out, ()))  # type: ignore[arg-type]
