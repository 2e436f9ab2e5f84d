"""The single door to every operation.

``call`` decides by what it is given: plain floats and arrays are evaluated and leave no trace; handles are bound, and
then the event is recorded when a gradient may flow or when a value is only known by shape and dtype.
"""

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pente.core.arrays import number_of
from pente.core.node import NOTHING, Node, Spec, is_abstract, spec_of
from pente.core.number import Number
from pente.core.state import state, user_position
from pente.core.tensor import Tensor, Variable, leaf
from pente.core.value import Value
from pente.dtypes import is_inexact

if TYPE_CHECKING:
    from pente.core.primitives import Primitive

__all__ = ["bind", "bind_many", "call", "lift", "node_of", "record"]

_PLAIN = (float, int, bool)


def call(op: "Primitive", inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """Do ``op``: on arrays and floats the plain result, on handles a handle."""
    plain = True
    for x in inputs:
        kind = x.__class__
        if kind is np.ndarray:
            plain = False
        elif kind is Tensor or kind is Variable or kind is Number:
            return bind(op, lift_all(inputs), params)
        elif kind is Value:
            return Value.apply(op, inputs)
        else:
            plain = plain and kind in _PLAIN
    return op.scalar(*inputs) if plain and op.scalar is not None else op.evaluate(*inputs, **params)


def bind_many(op: "Primitive", inputs: tuple[Tensor, ...], params: Mapping[str, Any] = NOTHING) -> tuple[Tensor, ...]:
    """Do an operation that has several outputs."""
    return bind(op, inputs, params)  # type: ignore[return-value]


def bind(op: "Primitive", inputs: tuple[Tensor, ...], params: Mapping[str, Any] = NOTHING) -> Tensor:
    """Do ``op`` on tensors and record the event where somebody may ask for it."""
    tracked = abstract = noted = False
    for x in inputs:
        node = x.node
        if node is not None:
            noted = True
            tracked = tracked or node.tracked
            kind = node.value.__class__
            abstract = abstract or kind is Spec or (kind is tuple and is_abstract(node.value))
    tracked = tracked and state.recording
    if abstract:
        value = op.spec(*[spec_of(x.data) for x in inputs], **params)
    else:
        values = [x.data for x in inputs]
        try:
            value = state.quiet.run(op.evaluate, *values, **params)
        except (ValueError, TypeError, IndexError, ZeroDivisionError, np.linalg.LinAlgError):
            op.spec(*map(spec_of, values), **params)  # says what does not fit; if all fits the fault was in the values
            raise
    if not (tracked or abstract):
        out = _behind_cuts(value, inputs) if noted and state.recording else Tensor(value)
    else:
        out = record(op, inputs, params, value, tracked, abstract)
    return out if value.__class__ is not tuple else parts(out)  # type: ignore[return-value]  # see bind_many


def record(
    op: "Primitive", inputs: tuple[Tensor, ...], params: Mapping[str, Any], value: Any, tracked: bool, abstract: bool
) -> Tensor:
    """The handle of a new node. Where no gradient can pass, a concrete node lets go of its inputs."""
    passes = tracked and not op.stops and (value.__class__ is tuple or is_inexact(value.dtype))
    keep = passes or abstract
    nodes = tuple(map(node_of, inputs)) if keep else ()
    node = Node(op, nodes, params, value, passes, state.path, user_position(3))
    out = Tensor(value, node)
    node.handle = weakref.ref(out)
    return out


def _behind_cuts(value: Any, inputs: tuple[Tensor, ...]) -> Tensor:
    """A constant. In place of its graph it keeps where gradients stopped on the way to it, at most three places."""
    out = Tensor(value)
    cuts = tuple(dict.fromkeys(cut for x in inputs if x.node is not None for cut in x.node.cuts))
    if cuts:
        out.node = leaf(value, False, out, {"cuts": cuts[:3]})
    return out


def parts(out: Tensor) -> tuple[Tensor, ...]:
    """The outputs of an operation that has several."""
    from pente.core.primitives import part

    if out.node is None:
        return tuple(map(Tensor, out.data))
    return tuple(bind(part, (out,), {"index": i}) for i in range(len(out.data)))


def node_of(x: Tensor) -> Node:
    """The node of a tensor; a constant gets its leaf now."""
    if x.node is None:
        x.node = Node(None, (), NOTHING, x.data, False, state.path, None)
        x.node.handle = weakref.ref(x)
    return x.node


def lift_all(inputs: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """All inputs as tensors; plain numbers take the dtype of the tensors beside them."""
    dtypes = [x.dtype for x in inputs if x.__class__ is Tensor or x.__class__ is Variable]
    dtype = next((dtype for dtype in dtypes if dtype.kind != "b"), dtypes[0] if dtypes else None)
    return tuple(lift(x, dtype) for x in inputs)


def lift(x: Any, dtype: Any = None) -> Tensor:
    """One input as a tensor."""
    if x.__class__ is Tensor:
        return x
    if x.__class__ is Variable:
        return x.read()
    if x.__class__ is Number:
        return x.read(dtype)
    plain = dtype is not None and isinstance(x, (bool, int, float, complex))
    return Tensor(number_of(x, dtype) if plain else np.asarray(x))
