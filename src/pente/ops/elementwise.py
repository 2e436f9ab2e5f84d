"""Element-wise functions, with the names and signatures of the array API standard.

Shapes broadcast. Integers meet floats as the float. Functions of real analysis give float32 for integers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from pente import dtypes
from pente.core import primitives as p
from pente.core import tensor as handles
from pente.core.broadcasting import check_growth
from pente.core.dispatch import bind
from pente.core.tensor import Tensor
from pente.ops.lifting import as_float, astype, lift, pair

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "divide",
    "equal",
    "erf",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "round",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "stop_gradient",
    "subtract",
    "tan",
    "tanh",
    "trunc",
    "where",
]

Unary = Callable[[Any], Tensor]
Binary = Callable[[Any, Any], Tensor]


def _documented(function: Any, name: str, text: str, example: str, result: str) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{text}\n\n    >>> import pente\n    >>> {example}\n    {result}\n    "
    return function


def _unary(op: p.Primitive, text: str, example: str, result: str, name: str = "") -> Unary:
    """A function of one tensor of floating-point numbers."""

    def function(x: Any, /) -> Tensor:
        return bind(op, (as_float(x),))

    name = name or op.name
    made: Unary = _documented(function, name, text, f"pente.{name}({example}).tolist()", result)
    return made


def _plain(op: p.Primitive, text: str, example: str, result: str, name: str = "") -> Unary:
    """A function of one tensor of any real numbers."""

    def function(x: Any, /) -> Tensor:
        return bind(op, (lift(x),))

    name = name or op.name
    made: Unary = _documented(function, name, text, f"pente.{name}({example}).tolist()", result)
    return made


def _binary(op: p.Primitive, text: str, example: str, result: str, name: str = "", bools: bool = True) -> Binary:
    """A function of two tensors that broadcast; where ``bools`` is false two bools are counted as 0 and 1."""

    def function(x1: Any, x2: Any, /) -> Tensor:
        if x1.__class__ is Tensor is x2.__class__ and x1.data.dtype is x2.data.dtype:  # most often, and so no call
            a, b = x1, x2
        else:
            a, b = pair(x1, x2)
        if x2.__class__ is not float and (left := a.data.shape) != (right := b.data.shape):
            check_growth(name, left, right)
        if not bools and a.data.dtype is dtypes.bool_:
            a, b = astype(a, dtypes.default_int), astype(b, dtypes.default_int)
        return bind(op, (a, b))

    name = name or op.name
    made: Binary = _documented(function, name, text, f"pente.{name}({example}).tolist()", result)
    return made


add = _binary(p.add, "a + b.", "[1.0, 2.0], 3", "[4.0, 5.0]", bools=False)
subtract = _binary(p.subtract, "a - b.", "[1.0, 2.0], 3", "[-2.0, -1.0]", bools=False)
multiply = _binary(p.multiply, "a · b.", "[1.0, 2.0], 3", "[3.0, 6.0]")
pow = _binary(p.power, "a to the power b.", "[1.0, 2.0], 3", "[1.0, 8.0]", name="pow", bools=False)
maximum = _binary(p.maximum, "The larger of two; NaN wins.", "[1.0, 4.0], 3", "[3.0, 4.0]")
minimum = _binary(p.minimum, "The smaller of two; NaN wins.", "[1.0, 4.0], 3", "[1.0, 3.0]")
remainder = _binary(p.remainder, "a - ⌊a / b⌋·b, with the sign of b.", "[-1, 5], 3", "[2, 2]", bools=False)
equal = _binary(p.equal, "Whether a = b.", "[1, 2], 2", "[False, True]")
not_equal = _binary(p.not_equal, "Whether a ≠ b.", "[1, 2], 2", "[True, False]")
less = _binary(p.less, "Whether a < b.", "[1, 2], 2", "[True, False]")
less_equal = _binary(p.less_equal, "Whether a ≤ b.", "[1, 3], 2", "[True, False]")
greater = _binary(p.greater, "Whether a > b.", "[1, 3], 2", "[False, True]")
greater_equal = _binary(p.greater_equal, "Whether a ≥ b.", "[1, 2], 2", "[False, True]")
bitwise_and = _binary(p.bitwise_and, "The bits set in both.", "[6], 3", "[2]")
bitwise_or = _binary(p.bitwise_or, "The bits set in one of them.", "[6], 3", "[7]")
bitwise_xor = _binary(p.bitwise_xor, "The bits set in exactly one.", "[6], 3", "[5]")
bitwise_left_shift = _binary(
    p.left_shift, "The bits moved up by b.", "[3], 1", "[6]", name="bitwise_left_shift", bools=False
)
bitwise_right_shift = _binary(
    p.right_shift, "The bits moved down by b.", "[6], 1", "[3]", name="bitwise_right_shift", bools=False
)
bitwise_invert = _plain(p.bitwise_invert, "Every bit turned over; not, for bools.", "[True]", "[False]")

exp = _unary(p.exp, "eˣ.", "[0.0]", "[1.0]")
expm1 = _unary(p.expm1, "eˣ - 1, exact near 0.", "[0.0]", "[0.0]")
log = _unary(p.log, "The natural logarithm; -inf at 0 and NaN below.", "[1.0]", "[0.0]")
log1p = _unary(p.log1p, "log(1 + x), exact near 0.", "[0.0]", "[0.0]")
sqrt = _unary(p.sqrt, "The square root; NaN below 0.", "[9.0]", "[3.0]")
sin = _unary(p.sin, "The sine of an angle in radians.", "[0.0]", "[0.0]")
cos = _unary(p.cos, "The cosine of an angle in radians.", "[0.0]", "[1.0]")
tan = _unary(p.tan, "The tangent of an angle in radians.", "[0.0]", "[0.0]")
asin = _unary(p.asin, "The angle whose sine is x.", "[0.0]", "[0.0]")
acos = _unary(p.acos, "The angle whose cosine is x.", "[1.0]", "[0.0]")
atan = _unary(p.atan, "The angle whose tangent is x.", "[0.0]", "[0.0]")
sinh = _unary(p.sinh, "(eˣ - e⁻ˣ) / 2.", "[0.0]", "[0.0]")
cosh = _unary(p.cosh, "(eˣ + e⁻ˣ) / 2.", "[0.0]", "[1.0]")
tanh = _unary(p.tanh, "(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ), without overflow.", "[0.0, 1000.0]", "[0.0, 1.0]")
asinh = _unary(p.asinh, "The number whose sinh is x.", "[0.0]", "[0.0]")
acosh = _unary(p.acosh, "The number ≥ 0 whose cosh is x.", "[1.0]", "[0.0]")
atanh = _unary(p.atanh, "The number whose tanh is x.", "[0.0]", "[0.0]")
erf = _unary(p.erf, "The error function 2/√π · ∫₀ˣ exp(-t²) dt.", "[0.0, 9.0]", "[0.0, 1.0]")
abs = _plain(p.absolute, "|x|.", "[-2, 3]", "[2, 3]", name="abs")
negative = _plain(p.negative, "-x.", "[-2, 3]", "[2, -3]")
sign = _plain(p.sign, "-1, 0 or 1.", "[-2.0, 0.0, 3.0]", "[-1.0, 0.0, 1.0]")
floor = _plain(p.floor, "The largest whole number ≤ x.", "[1.5, -1.5]", "[1.0, -2.0]")
ceil = _plain(p.ceil, "The smallest whole number ≥ x.", "[1.5, -1.5]", "[2.0, -1.0]")
trunc = _plain(p.trunc, "The whole part of x.", "[1.5, -1.5]", "[1.0, -1.0]")
stop_gradient = _plain(p.stop_gradient, "The same numbers, as a constant: no gradient passes.", "[2.0]", "[2.0]")


def divide(x1: Any, x2: Any, /) -> Tensor:
    """a / b; integers give float32, and division by 0 gives ±inf or NaN.

    >>> import pente
    >>> pente.divide([1, 3], 2).tolist()
    [0.5, 1.5]
    """
    a, b = _paired(divide, x1, x2)
    return bind(p.divide, (as_float(a), as_float(b)))


def floor_divide(x1: Any, x2: Any, /) -> Tensor:
    """⌊a / b⌋. An integer divided by 0 raises ZeroDivisionError.

    >>> import pente
    >>> pente.floor_divide([7, -7], 2).tolist()
    [3, -4]
    """
    a, b = _paired(floor_divide, x1, x2)
    if a.data.dtype.kind == "b":
        a, b = astype(a, dtypes.default_int), astype(b, dtypes.default_int)
    return bind(p.floor_divide, (a, b))


def atan2(x1: Any, x2: Any, /) -> Tensor:
    """The angle of the point (x2, x1), from -π to π.

    >>> import pente
    >>> pente.atan2(0.0, 1.0).item()
    0.0
    """
    a, b = _paired(atan2, as_float(x1), as_float(x2))
    return bind(p.atan2, (a, b))


def where(condition: Any, x1: Any, x2: Any, /) -> Tensor:
    """x1 where the condition holds, x2 elsewhere.

    >>> import pente
    >>> pente.where([True, False], [1.0, 2.0], 0.0).tolist()
    [1.0, 0.0]
    """
    condition = _truth(condition)
    a, b = _paired(where, x1, x2)
    for x in (a, b) if condition.data.shape else ():
        check_growth("where", condition.data.shape, x.data.shape)
    return bind(p.select, (condition, a, b))


def _paired(function: Any, x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """A pair that broadcasts; where both grow it is told."""
    a, b = pair(x1, x2)
    if (left := a.data.shape) != (right := b.data.shape):
        check_growth(function.__name__, left, right)
    return a, b


def _truth(x: Any) -> Tensor:
    x = lift(x)
    return x if x.dtype.kind == "b" else not_equal(x, 0)


def logical_and(x1: Any, x2: Any, /) -> Tensor:
    """Whether both are true; numbers are true where they are not 0.

    >>> import pente
    >>> pente.logical_and([True, True], [True, False]).tolist()
    [True, False]
    """
    return bitwise_and(_truth(x1), _truth(x2))


def logical_or(x1: Any, x2: Any, /) -> Tensor:
    """Whether one of them is true.

    >>> import pente
    >>> pente.logical_or([False, True], [False, False]).tolist()
    [False, True]
    """
    return bitwise_or(_truth(x1), _truth(x2))


def logical_xor(x1: Any, x2: Any, /) -> Tensor:
    """Whether exactly one of them is true.

    >>> import pente
    >>> pente.logical_xor([True, True], [True, False]).tolist()
    [False, True]
    """
    return bitwise_xor(_truth(x1), _truth(x2))


def logical_not(x: Any, /) -> Tensor:
    """Whether x is false.

    >>> import pente
    >>> pente.logical_not([0, 2]).tolist()
    [True, False]
    """
    return bitwise_invert(_truth(x))


def positive(x: Any, /) -> Tensor:
    """The tensor itself.

    >>> import pente
    >>> pente.positive([1.0]).tolist()
    [1.0]
    """
    return lift(x)


def square(x: Any, /) -> Tensor:
    """x².

    >>> import pente
    >>> pente.square([-3.0]).tolist()
    [9.0]
    """
    x = lift(x)
    return multiply(x, x)


def reciprocal(x: Any, /) -> Tensor:
    """1 / x.

    >>> import pente
    >>> pente.reciprocal([4.0]).tolist()
    [0.25]
    """
    return divide(1.0, x)


def log2(x: Any, /) -> Tensor:
    """The logarithm to base 2.

    >>> import pente
    >>> pente.log2([8.0]).tolist()
    [3.0]
    """
    return divide(log(x), float(np.log(2.0)))


def log10(x: Any, /) -> Tensor:
    """The logarithm to base 10.

    >>> import pente
    >>> pente.log10([1000.0]).round(4).tolist()
    [3.0]
    """
    return divide(log(x), float(np.log(10.0)))


def hypot(x1: Any, x2: Any, /) -> Tensor:
    """√(a² + b²), without overflow.

    >>> import pente
    >>> pente.hypot(3.0, 4.0).item()
    5.0
    """
    a, b = abs(as_float(x1)), abs(as_float(x2))
    large, small = maximum(a, b), minimum(a, b)
    ratio = divide(small, where(logical_or(equal(large, 0), isinf(large)), 1.0, large))
    return multiply(large, sqrt(add(multiply(ratio, ratio), 1.0)))


def isnan(x: Any, /) -> Tensor:
    """Whether it is not a number.

    >>> import pente
    >>> pente.isnan([float("nan"), 1.0]).tolist()
    [True, False]
    """
    x = lift(x)
    return not_equal(x, x)


def isinf(x: Any, /) -> Tensor:
    """Whether it is infinite.

    >>> import pente
    >>> pente.isinf([float("-inf"), 1.0]).tolist()
    [True, False]
    """
    x = as_float(x)
    if x.dtype.kind == "c":
        return logical_not(logical_or(isfinite(x), isnan(x)))
    return equal(abs(x), float("inf"))


def isfinite(x: Any, /) -> Tensor:
    """Whether it is neither infinite nor NaN.

    >>> import pente
    >>> pente.isfinite([float("nan"), 1.0]).tolist()
    [False, True]
    """
    zero = subtract(x := as_float(x), x)  # inf - inf is NaN
    return equal(zero, zero)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Tensor:
    """x held between min and max; either may be missing.

    >>> import pente
    >>> pente.clip([-2.0, 0.5, 2.0], 0.0, 1.0).tolist()
    [0.0, 0.5, 1.0]
    """
    x = lift(x)
    x = x if min is None else maximum(x, min)
    return x if max is None else minimum(x, max)


def round(x: Any, /, decimals: int = 0) -> Tensor:
    """The nearest whole number, halves to the even one; or that many decimals.

    >>> import pente
    >>> pente.round([0.5, 1.5]).tolist()
    [0.0, 2.0]
    """
    if decimals:
        return divide(round(multiply(x, 10.0**decimals)), 10.0**decimals)
    return bind(p.rint, (lift(x),))


def _flipped(function: Binary) -> Binary:
    return lambda x, other: function(other, x)


for _name, _function in {
    "add": add,
    "sub": subtract,
    "mul": multiply,
    "truediv": divide,
    "pow": pow,
    "mod": remainder,
    "floordiv": floor_divide,
    "and": bitwise_and,
    "or": bitwise_or,
    "xor": bitwise_xor,
    "lshift": bitwise_left_shift,
    "rshift": bitwise_right_shift,
}.items():
    handles.attach(**{f"__{_name}__": _function, f"__r{_name}__": _flipped(_function)})

handles.attach(
    __lt__=less,
    __le__=less_equal,
    __gt__=greater,
    __ge__=greater_equal,
    __eq__=equal,
    __ne__=not_equal,
    __neg__=negative,
    __pos__=positive,
    __abs__=abs,
    __invert__=bitwise_invert,
    exp=exp,
    log=log,
    sqrt=sqrt,
    sin=sin,
    cos=cos,
    tanh=tanh,
    abs=abs,
    clip=clip,
    round=round,
    astype=astype,
    detach=stop_gradient,
)
handles.UFUNCS.update(
    add=add,
    subtract=subtract,
    multiply=multiply,
    divide=divide,
    power=pow,
    remainder=remainder,
    floor_divide=floor_divide,
    less=less,
    less_equal=less_equal,
    greater=greater,
    greater_equal=greater_equal,
    equal=equal,
    not_equal=not_equal,
    bitwise_and=bitwise_and,
    bitwise_or=bitwise_or,
    bitwise_xor=bitwise_xor,
)
