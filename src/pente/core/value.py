"""Value: the scalar of the engine, a plain Python float that remembers how it came about.

A graph of Values is made to be looked at, so here node and handle are one object: every inner value keeps its name and
its gradient. The tables of derivatives are the same as for tensors.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pente.core import primitives as p
from pente.core.node import NOTHING, Node, next_serial
from pente.core.tensor import Handle
from pente.errors import DTypeError, UsageError

if TYPE_CHECKING:
    from pente.core.primitives import Primitive

__all__ = ["Value"]


class Value(Node):
    """A number with a gradient.

    ``+ - * / **`` (also with plain numbers on either side), unary ``-``, ``exp log sqrt sin cos tanh sigmoid relu``,
    ``abs``, comparison and ``float()``. On a leaf ``data`` and ``grad`` may be set.

    >>> a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    >>> L = (a * b + 10.0) * -2.0
    >>> L.backward()
    >>> L.data, a.grad, b.grad
    (-8.0, 6.0, -4.0)
    """

    __slots__ = ("changed", "grad", "name")
    __hash__ = object.__hash__
    grad: float
    name: str | None

    if TYPE_CHECKING:
        backward: Callable[..., None]

    def __init__(self, data: float, name: str | None = None) -> None:
        if data.__class__ is not float:
            data = _number(data)
        _fill(self, None, (), data, None, 0)
        self.name = name

    @classmethod
    def apply(cls, op: "Primitive", inputs: tuple[Any, ...]) -> "Value":
        """Do an operation of the engine on Values and plain numbers."""
        if op.scalar is None:
            raise UsageError(f"a Value has no {op.name}: it is a single number. Use pente.tensor(...) for arrays.")
        operands = tuple(x if x.__class__ is Value else _constant(float(x)) for x in inputs)
        return _made(op, operands, op.scalar(*[x.value for x in operands]), 2)

    @property
    def data(self) -> float:
        """The number; may be set on a leaf."""
        value: float = self.value
        return value

    @data.setter
    def data(self, number: float) -> None:
        if self.op is not None:
            raise UsageError("only a leaf's data may be set: this Value was computed. Compute it anew from its inputs.")
        self.value = _number(number)
        self.changed = next_serial()

    def named(self, name: str) -> "Value":
        """Give this value a name that drawings and explanations use; returns the same value."""
        self.name = name
        return self

    def __add__(self, other: Any) -> "Value":
        if other.__class__ is not Value:
            other = _constant(other)
        return _made(p.add, (self, other), self.value + other.value)

    def __mul__(self, other: Any) -> "Value":
        if other.__class__ is not Value:
            other = _constant(other)
        return _made(p.multiply, (self, other), self.value * other.value)

    def __sub__(self, other: Any) -> "Value":
        if other.__class__ is not Value:
            other = _constant(other)
        return _made(p.subtract, (self, other), self.value - other.value)

    def __truediv__(self, other: Any) -> "Value":
        return _binary(p.divide, self, other)

    def __pow__(self, other: Any) -> "Value":
        return _binary(p.power, self, other)

    def __radd__(self, other: Any) -> "Value":
        return _binary(p.add, other, self)

    def __rmul__(self, other: Any) -> "Value":
        return _binary(p.multiply, other, self)

    def __rsub__(self, other: Any) -> "Value":
        return _binary(p.subtract, other, self)

    def __rtruediv__(self, other: Any) -> "Value":
        return _binary(p.divide, other, self)

    def __rpow__(self, other: Any) -> "Value":
        return _binary(p.power, other, self)

    def __neg__(self) -> "Value":
        return _made(p.negative, (self,), -self.value)

    def __pos__(self) -> "Value":
        return self

    def __abs__(self) -> "Value":
        return _made(p.absolute, (self,), abs(self.value))

    def exp(self) -> "Value":
        """e to this power."""
        return _unary(p.exp, self)

    def log(self) -> "Value":
        """The natural logarithm."""
        return _unary(p.log, self)

    def sqrt(self) -> "Value":
        """The square root."""
        return _unary(p.sqrt, self)

    def sin(self) -> "Value":
        """The sine."""
        return _unary(p.sin, self)

    def cos(self) -> "Value":
        """The cosine."""
        return _unary(p.cos, self)

    def tanh(self) -> "Value":
        """The hyperbolic tangent."""
        return _unary(p.tanh, self)

    def sigmoid(self) -> "Value":
        """1 / (1 + exp(-x)), without overflow."""
        return _unary(p.COMPOSITES["sigmoid"], self)

    def relu(self) -> "Value":
        """max(x, 0), with derivative 0 at 0."""
        return _unary(p.COMPOSITES["relu"], self)

    def abs(self) -> "Value":
        """The absolute value, with derivative 0 at 0."""
        return _unary(p.absolute, self)

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < float(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= float(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > float(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= float(other))

    def __eq__(self, other: object) -> bool:
        return self.value == other.value if isinstance(other, Value) else bool(self.value == other)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __format__(self, how: str) -> str:
        return format(self.value, how) if how else repr(self)

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        op = f", op={self.op.name}" if self.op is not None else ""
        return f"Value({self.value!r}, grad={self.grad!r}{name}{op})"


def _fill(node: Value, op: Any, inputs: tuple[Value, ...], value: float, code: Any, offset: int) -> None:
    node.op = op
    node.inputs = inputs
    node.value = value
    node.grad = 0.0
    node.name = None
    node.params = NOTHING
    node.tracked = True
    node.path = ""
    node.code = code
    node.offset = offset
    node.handle = None
    node.serial = next_serial()
    node.changed = 0


def _made(op: Any, inputs: tuple[Value, ...], value: float, depth: int = 1) -> Value:
    """A computed Value, made by the line ``depth`` frames above the caller."""
    node = _new(Value)
    frame = sys._getframe(depth + 1)
    _fill(node, op, inputs, value, frame.f_code, frame.f_lasti)
    return node


_new: Callable[[type[Value]], Value] = object.__new__


def _unary(op: Any, x: Value) -> Value:
    return _made(op, (x,), op.scalar(x.value), 2)


def _binary(op: Any, a: Any, b: Any) -> Value:
    a = a if a.__class__ is Value else _constant(a)
    b = b if b.__class__ is Value else _constant(b)
    return _made(op, (a, b), op.scalar(a.value, b.value), 2)


def _constant(x: Any) -> Value:
    """A plain number in an expression: drawings show it small."""
    value = Value(x)
    value.tracked = False
    return value


def _number(x: Any) -> float:
    """The number as a float; anything but a real number is refused."""
    if isinstance(x, Handle):
        raise DTypeError(
            "a Value is a scalar with its own graph and does not mix with tensors. Use float(x) for its number."
        )
    if isinstance(x, (str, bytes, complex)) or (not hasattr(x, "__float__") and not hasattr(x, "__index__")):
        raise DTypeError(f"a Value holds one real number, and {x!r} is a {type(x).__name__}. Write Value(float(x)).")
    return float(x)
