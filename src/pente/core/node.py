"""A node is the event of calling an operation, and never changes once it stands.

The tape, the traced program, the drawing, the explanation and the error message are all readings of the same nodes.
A value is a NumPy array (or scalar), a Python float in a graph of Values, or a Spec where only shape and dtype are
known.
"""

import itertools
import operator
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from pente.core.state import Position, position_text
from pente.dtypes import DType, float64
from pente.shapes import Shape

if TYPE_CHECKING:
    from pente.core.primitives import Primitive

__all__ = ["NOTHING", "Cut", "Node", "Spec", "ancestors", "is_abstract", "next_serial", "spec_of"]

Cut = tuple["Primitive", Position | None]  # the operation that lets no gradient pass, and where it was called
NOTHING: Mapping[str, Any] = {}
_BY_SERIAL = operator.attrgetter("serial")
next_serial = itertools.count(1).__next__


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a tensor before it has a value.

    >>> Spec((2, 3), np.dtype("float32")).ndim
    2
    """

    shape: Shape
    dtype: DType

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype.name}{list(self.shape)}"


class Node:
    """One call: the operation, its inputs in order, its parameters, its value, where it was made.

    A leaf has no operation. ``tracked`` says whether a gradient can flow through. ``serial`` grows with every node, so
    the order of creation is a topological order. ``handle`` is a weak reference to the tensor that the user holds, and
    ``version`` is, for the leaf of a Variable, the version that was read.
    """

    __slots__ = (
        "__weakref__",
        "code",
        "handle",
        "inputs",
        "offset",
        "op",
        "params",
        "path",
        "serial",
        "tracked",
        "value",
        "version",
    )

    def __init__(
        self,
        op: "Primitive | None",
        inputs: "tuple[Node, ...]",
        params: Mapping[str, Any],
        value: Any,
        tracked: bool,
        path: str,
        position: Position | None,
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.params = params
        self.value = value
        self.tracked = tracked
        self.path = path
        self.code: CodeType | None
        self.code, self.offset = position if position is not None else (None, 0)
        self.serial = next_serial()
        self.handle: weakref.ref[Any] | None = None
        self.version = 0

    @property
    def shape(self) -> Shape:
        return self.value.shape if self.value.__class__ is not float else ()

    @property
    def dtype(self) -> DType:
        return self.value.dtype if self.value.__class__ is not float else float64

    @property
    def name(self) -> str | None:
        """The name that the user gave to the handle of this node, if the handle is still there."""
        handle = self.handle() if self.handle is not None else None
        return None if handle is None else handle.name

    @property
    def position(self) -> Position | None:
        """The code object and the offset that made this node."""
        return None if self.code is None else (self.code, self.offset)

    @property
    def where(self) -> str:
        """The user's line that made this node."""
        return position_text(self.position)

    @property
    def cuts(self) -> "tuple[Cut, ...]":
        """Where gradients stopped on the way to this node: here, or before, where a constant remembers it."""
        if self.op is None:
            kept: tuple[Cut, ...] = self.params.get("cuts", ())
            return kept
        return ((self.op, self.position),) if self.op.stops else ()

    def __repr__(self) -> str:
        op = "leaf" if self.op is None else self.op.name
        return f"<{op} node {self.name or self.serial}>"


def is_abstract(value: Any) -> bool:
    """Whether the value is only known by shape and dtype."""
    return value.__class__ is Spec or (value.__class__ is tuple and any(v.__class__ is Spec for v in value))


def spec_of(value: Any) -> Any:
    """Shape and dtype of a value; a tuple of them for an operation with several outputs."""
    if value.__class__ is tuple:
        return tuple(map(spec_of, value))
    return value if value.__class__ is Spec else Spec(np.shape(value), getattr(value, "dtype", float64))


def ancestors(roots: Iterable[Node], stop: Any = None) -> list[Node]:
    """Every node that the roots depend on, each once, in the order of creation; not beyond where ``stop`` holds."""
    stack, seen = list(roots), set()
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if stop is None or not stop(node):
                stack.extend(node.inputs)
    return sorted(seen, key=_BY_SERIAL)
