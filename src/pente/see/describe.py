"""What the engine recorded, as boxes and arrows: values with their gradients, and ops between inputs and results."""

import re
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node, Spec, ancestors, is_abstract
from pente.core.printer import formula
from pente.core.tensor import Tensor, Variable
from pente.core.value import Value
from pente.errors import GradientError, UsageError
from pente.see.description import Box, Description, Edge, Kind, Row
from pente.see.numerals import number

__all__ = ["describe"]

FEW = 3  # so many elements are shown themselves, more by their range
TITLE_OPS, TITLE_LENGTH = 12, 70  # a formula of at most so many ops and characters is the title
SYMMETRIC = {"add", "multiply", "maximum", "minimum", "equal", "not_equal"}  # their inputs may stand in any order
SIGNS = {"·": "×", "-": "−"}


@singledispatch
def describe(x: Any) -> Description:
    """The graph that made ``x``, from its leaves to ``x``."""
    raise UsageError(
        f"draw wants a Value or a Tensor that was computed, and got a {type(x).__name__}. "
        "For a function call it first: pente.draw(f(x))."
    )


@describe.register
def _(x: Value) -> Description:
    return _graph([x], x.name)


@describe.register
def _(x: Tensor) -> Description:
    from pente.core.dispatch import node_of

    return _graph([node_of(x)], x.name)


@describe.register
def _(x: Variable) -> Description:
    return describe(x.read())


@describe.register
def _(x: Graph) -> Description:
    return _graph(x.outputs, None)


def _graph(results: Sequence[Node], name: str | None) -> Description:
    nodes, wanted = list(ancestors(results)), set(results)
    ids = {node: 2 * i for i, node in enumerate(nodes)}  # of values; the op of a value has the next number
    boxes, edges = [], []
    for node in nodes:
        if node.op is not None and node.op is not p.part:
            boxes.append(Box(ids[node] + 1, "op", _symbol(node.op)))
            places = range(len(node.inputs)) if node.op.name not in SYMMETRIC else (0,) * len(node.inputs)
            edges += [Edge(ids[x], ids[node] + 1, place) for x, place in zip(node.inputs, places, strict=True)]
        if node.value.__class__ is not tuple:
            boxes.append(_value_box(node, ids[node], node in wanted))
            if node.op is not None:
                maker = ids[node.inputs[0] if node.op is p.part else node] + 1
                edges.append(Edge(maker, ids[node]))
    return Description(tuple(boxes), tuple(edges), _title(nodes, results[0], name))


def _title(nodes: Sequence[Node], result: Node, name: str | None) -> str:
    """The formula, as long as it can be taken in at a glance."""
    if result.op is None or sum(node.op is not None for node in nodes) > TITLE_OPS:
        return name or ""
    text = formula(result, lambda node: (node.name or "") if node.op is None else "")
    text = f"{name} = {text}" if name else text
    return text if len(text) <= TITLE_LENGTH and "…" not in text else name or ""


def _symbol(op: p.Primitive) -> str:
    """The sign that stands between the inputs in the formula of the op, or its name."""
    sign = re.fullmatch(r"\{0\} ?([^\w\s{}]) ?\{1\}", op.formula) or re.fullmatch(r"(-)\{0\}", op.formula)
    return SIGNS.get(sign[1], sign[1]) if sign else op.name


def _value_box(node: Node, own_id: int, is_result: bool) -> Box:
    name = node.name or ""
    if node.op is None and not (name or node.tracked or is_abstract(node.value)):
        return Box(own_id, "constant", _constant(node.value))
    kind: Kind = "leaf" if node.op is None else "result" if is_result else "inner"
    return Box(own_id, kind, name, (*_value_rows(node.value), *_gradient_rows(node)), _note(node))


def _constant(value: Any) -> str:
    return number(_plain(value)) if _is_number(value) else f"{value.dtype.name} {_shape(value)}"


def _value_rows(value: Any) -> list[Row]:
    if value.__class__ is float:
        return [Row("value", number(value))]
    kind = Row(value.dtype.name, _shape(value))
    return [kind] if value.__class__ is Spec else [kind, Row("value", _numbers(value))]


def _gradient_rows(node: Node) -> list[Row]:
    gradient = _gradient(node)
    if gradient is None:
        return []
    if np.size(gradient) <= FEW:
        return [Row("grad", _numbers(gradient), gradient=True)]
    return [Row("‖grad‖", number(float(np.linalg.norm(np.abs(gradient).astype(np.float64)))), gradient=True)]


def _gradient(node: Node) -> Any:
    """The gradient that backward left on the handle of this node, if there is one."""
    if isinstance(node, Value):
        return node.grad
    handle = node.handle() if node.handle is not None else None
    try:
        return None if handle is None or handle.grad is None else np.asarray(handle.grad.data)
    except GradientError:
        return None


def _shape(value: Any) -> str:
    return " × ".join(map(str, value.shape)) or "scalar"


def _numbers(value: Any) -> str:
    """One number as it is, a few in brackets, many as their range."""
    if _is_number(value):
        return number(_plain(value))
    flat = np.ravel(value)
    if flat.size <= FEW:
        return "[" + ", ".join(number(x) for x in flat.tolist()) + "]"
    if flat.dtype.kind == "c":
        return "complex"
    return f"{number(flat.min().item())} … {number(flat.max().item())}"


def _is_number(value: Any) -> bool:
    return value.__class__ is float or (isinstance(value, (np.ndarray, np.generic)) and value.size == 1)


def _plain(value: Any) -> complex:
    plain: complex = np.asarray(value).item()
    return plain


def _note(node: Node) -> str:
    """Where a value comes from: its formula in one step, the layer and the line of the user."""
    if node.op is None:
        return node.name or ""
    step = formula(
        node, lambda x: "" if x is node else x.name or (number(_plain(x.value)) if _is_number(x.value) else "…")
    )
    made = "" if node.code is None else node.where
    return ", ".join(filter(None, [f"{node.name} = {step}" if node.name else step, node.path, made]))
