"""Gradients of operations that hold a program: loops, branches, recomputed parts, the user's own, and composites.

Each is differentiated by running its program anew, forward and back, at the inputs it had: what is inside is never
kept.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pente.autodiff.gradients import GRADIENTS
from pente.autodiff.reverse import pull_through, recording
from pente.autodiff.rows import Call, Joint
from pente.core import primitives as p
from pente.core.primitives import COMPOSITES, Composite
from pente.core.tensor import Tensor
from pente.dtypes import is_inexact
from pente.errors import GradientError
from pente.ops import control
from pente.ops.lifting import lift

__all__: list[str] = []


def _expanded(g: Any, call: Call) -> list[Any]:
    """A composite without a row of its own is differentiated through its body."""
    body: Callable[..., Any] = call.op.body if isinstance(call.op, Composite) else call.op
    return pull_through(lambda *xs: body(*xs, **call.params), call.inputs, [g], call.needed)


def _remat(gs: Any, call: Call) -> list[Any]:
    return pull_through(call.params["body"], call.inputs, gs, call.needed)


def _custom(g: Any, call: Call) -> list[Any]:
    """The user's own gradient: a tensor, or a tuple of one for each input."""
    graph = any(isinstance(x, Tensor) for x in (*call.inputs, g))
    with recording(graph):
        _, back = call.params["function"](*map(lift, call.inputs))
        given = back(lift(g))
    given = given if isinstance(given, (tuple, list)) else (given,)
    if len(given) != len(call.inputs):
        raise GradientError(f"a custom gradient gave {len(given)} gradients for {len(call.inputs)} inputs.")
    return [_like_inputs(x, graph) for x in given]


def _like_inputs(x: Any, graph: bool) -> Any:
    """Tensors while a graph is built, else arrays."""
    return None if x is None else lift(x) if graph else lift(x).data


def _filled(gs: Sequence[Any], outs: Sequence[Any]) -> list[Any]:
    """Zeros where no gradient came in; None for outputs that are no floating-point numbers."""
    return [
        None if not is_inexact(out.dtype) else np.zeros(out.shape, out.dtype) if g is None else g
        for g, out in zip(gs, outs, strict=True)
    ]


def _cond(gs: Any, call: Call) -> list[Any]:
    """The gradient of a branch is a branch between the gradients."""
    predicate, *operands = call.inputs
    needed, programs = call.needed[1:], call.params
    incoming = _filled(gs, call.out)
    sent = [g for g in incoming if g is not None]

    def pulled(program: Any) -> Callable[..., Any]:
        def run(*values: Tensor) -> list[Any]:
            supply = iter(values[: len(sent)])
            full = [None if g is None else next(supply) for g in incoming]
            given = pull_through(program, values[len(sent) :], full, needed)
            zeros = [np.zeros(x.shape, x.dtype) for x in operands]
            return [zero if g is None else g for g, zero, wanted in zip(given, zeros, needed, strict=True) if wanted]

        return run

    found = control.cond(predicate, pulled(programs["on_true"]), pulled(programs["on_false"]), *sent, *operands)
    graph = any(isinstance(x, Tensor) for x in (*call.inputs, *sent))
    supply = iter(found)
    return [None, *[_like_inputs(next(supply), graph) if wanted else None for wanted in needed]]


def _scan(gs: Any, call: Call) -> list[Any]:
    """A scan from the last step to the first.

    It carries the gradient of the carry and the growing gradients of the constants; for every step it is given the
    carry that went in (the last outputs of the forward scan), the rows, and the gradients of what came out.
    """
    carries, sequences = call.params["carries"], call.params["sequences"]
    body, constants = call.params["body"], call.inputs[carries + sequences :]
    rows = call.inputs[carries : carries + sequences]
    before = call.out[len(call.out) - carries :]
    incoming = [*_filled(gs[:carries], call.out[:carries]), *gs[carries:]]  # of the stacks only what there is
    smooth = [is_inexact(x.dtype) for x in (*call.inputs[:carries], *rows)]
    wanted = [*smooth, *call.needed[carries + sequences :]]
    sums = [np.zeros(x.shape, x.dtype) for x, w in zip(constants, wanted[carries + sequences :], strict=True) if w]

    def step(carry: Any, row: Any) -> Any:
        late, totals = carry
        held, x, given = row
        gs_step = _woven([g is not None for g in incoming], [*late, *given])
        pulled = pull_through(body, [*held, *x, *constants], gs_step, wanted)
        filled = [
            np.zeros(x.shape, x.dtype) if g is None else g
            for g, x, w in zip(pulled, [*held, *x, *constants], wanted, strict=True)
            if w
        ]
        early, more = sum(smooth[:carries]), sum(smooth)
        new_totals = [total + g for total, g in zip(totals, filled[more:], strict=True)]
        return (filled[:early], new_totals), filled[early:more]

    late = [g for g in incoming[:carries] if g is not None]
    given = [g for g in incoming[carries:] if g is not None]
    (first, totals), by_row = control.scan(
        step, (late, sums), (list(before), list(rows), given), call.params["length"], not call.params["reverse"]
    )
    graph = any(isinstance(x, Tensor) for x in (*call.inputs, *late, *given))
    return [_like_inputs(g, graph) for g in _woven(wanted, [*first, *by_row, *totals])]


def _woven(present: Sequence[bool], values: Sequence[Any]) -> list[Any]:
    """The values at the places where one is present, None at the others."""
    supply = iter(values)
    return [next(supply) if here else None for here in present]


GRADIENTS.update({p.scan: Joint(_scan), p.cond: Joint(_cond), p.remat: Joint(_remat), p.custom: Joint(_custom)})
GRADIENTS[p.part] = None  # the engine hands its gradient to the operation that it is a part of
GRADIENTS.update({op: Joint(_expanded) for op in COMPOSITES.values() if op not in GRADIENTS})
