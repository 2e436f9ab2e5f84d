"""Programs and nodes as text: one line a call, or one formula."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pente.core.graph import Graph
from pente.core.node import Node, spec_of

__all__ = ["formula", "number", "program_text"]


def program_text(graph: Graph) -> str:
    """One line a node: its name, shape and dtype, the operation, its inputs and parameters, the layer.

    >>> import pente
    >>> from pente.core.tracer import trace
    >>> print(trace(lambda x: x * x, [pente.Spec((2,), pente.float32)])[0])
    inputs  %0:float32[2]
    %1:float32[2] = multiply(%0, %0)
    returns %1
    """
    names: dict[Node, str] = {}
    for node in (*graph.inputs, *graph.captured, *graph.nodes):
        names.setdefault(node, f"%{len(names)}")
    lines = ["inputs  " + ", ".join(_typed(node, names) for node in graph.inputs)]
    lines += [f"uses    {_typed(node, names)} {node.name or ''}".rstrip() for node in graph.captured]
    lines += [_call(node, names) for node in graph.nodes]
    lines.append("returns " + ", ".join(names[node] for node in graph.outputs))
    lines += [f"assigns {variable.name or 'variable'} = {names[node]}" for variable, node in graph.assigned.items()]
    return "\n".join(lines)


def _typed(node: Node, names: Mapping[Node, str]) -> str:
    spec = spec_of(node.value)
    return f"{names[node]}:{spec if not isinstance(spec, tuple) else '(' + ', '.join(map(str, spec)) + ')'}"


def _call(node: Node, names: Mapping[Node, str]) -> str:
    given = ", ".join([names[x] for x in node.inputs] + [f"{k}={_param(v)}" for k, v in node.params.items()])
    return f"{_typed(node, names)} = {node.op}({given})" + (f"  # {node.path}" if node.path else "")


def _param(value: Any) -> str:
    if isinstance(value, Graph):
        return "{" + str(value).replace("\n", "; ") + "}"
    return value.name if isinstance(value, np.dtype) else str(value)


def formula(node: Node, leaf: Callable[[Node], str], within: int = 0) -> str:
    """The node as one formula, where ``leaf`` names the nodes at which it stops (an empty name goes on).

    1 · x is written x, and x · 1 too; signs are pulled together. As an operand of something of precedence ``within`` a
    formula that binds less tightly gets brackets.
    """
    text, rank = _formula(node, leaf)
    return text if rank >= within else f"({text})"


def _formula(node: Node, leaf: Callable[[Node], str]) -> tuple[str, int]:
    name = leaf(node)
    if name:
        return name, 2 if name.startswith("-") else 4
    if node.op is None:
        text = number(node.value) if np.ndim(node.value) == 0 else "…"
        return text, 2 if text.startswith("-") else 4
    parts = [_formula(x, leaf) for x in node.inputs]
    short = _shortened(node, [text for text, _ in parts])
    if short is not None:
        return parts[short]
    own = node.op.precedence
    texts = [text if _stands(own, rank, place) else f"({text})" for place, (text, rank) in enumerate(parts)]
    if node.op.name == "power" and texts[1] == "1":
        return parts[0]
    if node.op.name == "multiply" and texts[0] == "-1":
        return f"-{texts[1]}", own
    return node.op.formula.format(*texts), own


def _stands(own: int, rank: int, place: int) -> bool:
    """Whether an operand of this rank stands without brackets; a later operand must bind tighter."""
    return own == 4 or rank > own or (rank == own and place == 0 and own != 3)


def _shortened(node: Node, texts: list[str]) -> int | None:
    """The one operand that is left of 1 · x, x · 1, x / 1, x + 0, 0 + x, of a choice that is made already, or of an
    operation that changes no number."""
    name = node.op.name if node.op is not None else ""
    if name in ("cast", "identity", "broadcast"):
        return 0
    if name == "multiply" and "1" in texts:
        return 1 - texts.index("1")
    if (name == "divide" and texts[1] == "1") or (name in ("add", "subtract") and texts[1] == "0"):
        return 0
    if name == "select" and texts[0] in ("True", "False"):
        return 1 if texts[0] == "True" else 2
    return 1 if name == "add" and texts[0] == "0" else None


def number(value: Any) -> str:
    """A number as a person writes it: 2 instead of 2.0, at most six digits."""
    text = f"{float(value):.6g}" if not isinstance(value, bool | np.bool_) else str(bool(value))
    return text
