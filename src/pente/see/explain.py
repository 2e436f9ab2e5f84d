"""The chain rule in words of the user: along every path, first in symbols, then in numbers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count, islice, pairwise
from math import fsum, prod
from typing import Any

from pente.core.dispatch import node_of
from pente.core.node import Node, ancestors
from pente.core.printer import formula
from pente.core.tensor import Tensor, Variable
from pente.core.value import Value
from pente.errors import UsageError
from pente.see.local import slope, symbol
from pente.see.numerals import number
from pente.see.paths import Path, Paths

__all__ = ["Explanation", "explain"]

SHOWN_PATHS = 8
SHOWN_STEPS = 12

Names = Mapping[Node, str]
Step = tuple[Node, Node]


@dataclass(frozen=True, repr=False)
class Explanation:
    """How a derivative comes about, line by line; ``value`` is the derivative.

    >>> import pente
    >>> x = pente.Value(3.0, name="x")
    >>> y = (x * x).named("y")
    >>> y.backward()
    >>> pente.explain(y, wrt=x).value
    6.0
    """

    lines: tuple[str, ...]
    value: float

    def __str__(self) -> str:
        return "\n".join(self.lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(f"<div>{escape(line)}</div>" for line in self.lines)
        return f'<div style="font:1.05em/1.7 ui-serif,Charter,Georgia,serif">{rows}</div>'


def explain(result: Any, wrt: Any) -> Explanation:
    """The derivative of one number in another by the chain rule.

    dL/da = Σ over the paths from a to L of Π over the steps y → x of ∂y/∂x

    >>> import pente
    >>> a, b, f = (pente.Value(v, name=n) for v, n in [(2.0, "a"), (-3.0, "b"), (-2.0, "f")])
    >>> e = (a * b).named("e")
    >>> pente.explain((e * f).named("L"), wrt=a)
    dL/da = dL/de · de/da = f · b = -2.0 · -3.0 = 6.0
    """
    paths = Paths(_node(result), _node(wrt))
    names = _names(paths)
    shown = list(islice(paths, SHOWN_PATHS))
    total, hidden = paths.slope(), paths.count() - len(shown)
    head = _ratio("d", paths.top, paths.bottom, names)
    if len(shown) == 1:
        lines = [_equation([head, *_stages("d", shown[0], names), _plain(total)])]
    else:
        lines = [_line(path, names) for path in shown]
        parts = [_product(path) for path in shown]
        if hidden:
            parts.append(total - fsum(parts))
            lines.append(f"and {hidden:,} more paths: {_plain(parts[-1])}")
        lines.append(_equation([head, " + ".join(map(_plain, parts)), _plain(total)]))
    return Explanation((*lines, *_legend(shown, names)), total)


def _node(x: Any) -> Node:
    if isinstance(x, Value):
        return x
    if isinstance(x, (Tensor, Variable)):
        return node_of(x.read() if isinstance(x, Variable) else x)
    raise UsageError(f"explain wants Values or tensors, and got a {type(x).__name__}: explain(loss, wrt=x).")


def _names(paths: Paths) -> dict[Node, str]:
    """The user's names, and short ones for computed nodes without; a leaf without a name stands as its number."""
    nodes = list(ancestors([paths.top]))
    taken = {node.name for node in nodes}
    short = (name for i in count(1) if (name := f"v{i}") not in taken)
    return {
        node: _bracketed(node.name) if node.name else next(short)
        for node in nodes
        if node.name or node.op is not None or node is paths.bottom
    }


def _bracketed(name: str) -> str:
    """A name that could be read as a formula gets brackets."""
    return f"({name})" if re.search(r"[\s+\-−*/·^]", name) else name


def _line(path: Path, names: Names) -> str:
    inner = ", ".join(names[node] for node in path[-2:0:-1])
    stages = _stages("∂", path, names)
    chain = [_ratio("∂", path[0], path[1], names)] if len(path) == 2 else []
    return f"{'through ' + inner if inner else 'directly'}: {_equation([*chain, *stages, _plain(_product(path))])}"


def _stages(d: str, path: Path, names: Names) -> list[str]:
    """The product as quotients of differentials, as symbols and as numbers."""
    alone = len(path) == 2
    factors = [
        ("…",) * 3 if step is None else (_ratio(d, *step, names), *_symbol_and_number(*step, names, alone))
        for step in _shown_steps(path)
    ]
    return [" · ".join(stage) for stage in zip(*factors, strict=True)]


def _symbol_and_number(y: Node, x: Node, names: Names, alone: bool) -> tuple[str, str]:
    """Where the symbol is a number already, it stands in both."""
    text = symbol(y, x, names, alone)
    return text, text if _is_number(text) else _plain(slope(y, x))


def _shown_steps(path: Path) -> list[Step | None]:
    """The steps of a path; of a long one the first and the last, with None between."""
    steps, half = list(pairwise(path)), SHOWN_STEPS // 2
    return [*steps] if len(steps) <= SHOWN_STEPS else [*steps[:half], None, *steps[-half:]]


def _equation(sides: Sequence[str]) -> str:
    """The sides of an equation, but none twice in a row."""
    return " = ".join(side for i, side in enumerate(sides) if i == 0 or side != sides[i - 1])


def _ratio(d: str, y: Node, x: Node, names: Names) -> str:
    return f"{d}{names[y]}/{d}{names[x]}"


def _product(path: Path) -> float:
    return prod(slope(y, x) for y, x in pairwise(path))


def _plain(x: float) -> str:
    return number(x, minus="-")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text) is not None


def _legend(shown: Sequence[Path], names: Names) -> list[str]:
    """What the short names stand for, as far as they are seen."""
    steps = [step for path in shown for step in _shown_steps(path) if step is not None]
    on_the_way = {node for y, x in steps for node in (y, x, *y.inputs)}
    used = sorted((x for x in on_the_way if x.op is not None and not x.name), key=lambda node: node.serial)
    return ["where " + ", ".join(f"{names[x]} = {_one_step(x, names)}" for x in used)] if used else []


def _one_step(node: Node, names: Names) -> str:
    return formula(node, lambda x: "" if x is node else names.get(x, ""))
