"""Element-wise primitives as LLVM instructions, on one number or on a vector of them."""

from collections.abc import Callable

from pente.compiler import functions, trigonometry
from pente.compiler.arithmetic import Number
from pente.compiler.lanes import TYPES, Lanes, Operand, has_type
from pente.compiler.power import power
from pente.core import primitives as p
from pente.core.node import Node
from pente.dtypes import DType

__all__ = ["EMIT", "can_emit"]

Emit = Callable[[Lanes, Node, list[Operand]], str]


def _by_kind(floating: str, signed: str, unsigned: str = "") -> Emit:
    def row(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
        kind = xs[0].dtype.kind
        text = floating if kind == "f" else unsigned or signed if kind == "u" else signed
        return lanes.op(text, xs[0].dtype, *[x.name for x in xs])

    return row


def _compare(floating: str, signed: str, unsigned: str) -> Emit:
    def row(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
        kind = xs[0].dtype.kind
        text = f"fcmp {floating}" if kind == "f" else f"icmp {unsigned if kind in 'ub' else signed}"
        return lanes.op(text, xs[0].dtype, xs[0].name, xs[1].name)

    return row


def _intrinsic(name: str) -> Emit:
    return lambda lanes, node, xs: lanes.intrinsic(name, xs[0].dtype, *[x.name for x in xs])


def _function(function: Callable[..., Number]) -> Emit:
    return lambda lanes, node, xs: function(*[Number(lanes, x.dtype, x.name) for x in xs]).name


def _negative(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
    if xs[0].floating:
        return lanes.op("fneg", xs[0].dtype, xs[0].name)
    return lanes.op("sub", xs[0].dtype, lanes.constant(0, xs[0].dtype), xs[0].name)


def _extreme(floating: str, signed: str, unsigned: str) -> Emit:
    def row(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
        kind = xs[0].dtype.kind
        name = floating if kind == "f" else unsigned if kind in "ub" else signed
        return lanes.intrinsic(name, xs[0].dtype, xs[0].name, xs[1].name)

    return row


def _absolute(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
    x = xs[0]
    if x.floating:
        return lanes.intrinsic("fabs", x.dtype, x.name)
    if x.dtype.kind == "u":
        return x.name
    return lanes.intrinsic("smax", x.dtype, x.name, _negative(lanes, node, xs))


def _sign(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
    x, kind = xs[0], xs[0].dtype
    one, minus, zero = (lanes.constant(v, kind) for v in (1, -1, 0))
    above = lanes.op("fcmp ogt", kind, x.name, zero)
    below = lanes.op("fcmp olt", kind, x.name, zero)
    inner = lanes.select(kind, below, minus, lanes.op("fadd", kind, x.name, zero))  # -0 becomes 0, NaN stays NaN
    return lanes.select(kind, above, one, inner)


def _shift(word: str) -> Emit:
    """Bits moved by b places; by as many as there are, or more, nothing is left but the sign."""

    def row(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
        x, by = xs
        own = "ashr" if word == "right" and x.dtype.kind == "i" else "lshr" if word == "right" else "shl"
        most = lanes.constant(8 * x.dtype.itemsize - 1, x.dtype)
        inside = lanes.op("icmp ule", x.dtype, by.name, most)
        held = lanes.select(x.dtype, inside, by.name, most)
        moved = lanes.op(own, x.dtype, x.name, held)
        return moved if own == "ashr" else lanes.select(x.dtype, inside, moved, lanes.constant(0, x.dtype))

    return row


def _select(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
    condition, a, b = xs
    return lanes.select(a.dtype, condition.name, a.name, b.name)


def _invert(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
    ones = "true" if xs[0].dtype.kind == "b" else "-1"
    return lanes.op("xor", xs[0].dtype, xs[0].name, lanes.splat(ones, TYPES[xs[0].dtype]))


def _cast(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
    x, old, new = xs[0], xs[0].dtype, node.dtype
    source, target = lanes.type(old), lanes.type(new)
    if old == new or (TYPES[old] == TYPES[new] and "f" not in old.kind + new.kind):
        return x.name
    if new.kind == "b":
        zero = lanes.constant(0, old)
        return lanes.op("fcmp une" if x.floating else "icmp ne", old, x.name, zero)
    if x.floating and new.kind == "f":
        word = "fpext" if new.itemsize > old.itemsize else "fptrunc"
    elif x.floating:
        return _saturated(lanes, x, new)
    elif new.kind == "f":
        word = "sitofp" if old.kind == "i" else "uitofp"
    elif old.kind == "b" or new.itemsize > old.itemsize:
        word = "sext" if old.kind == "i" else "zext"
    else:
        word = "trunc"
    return lanes.to.put(f"{word} {source} {x.name} to {target}")


def _saturated(lanes: Lanes, x: Operand, new: DType) -> str:
    """A float as an integer: the nearest one that exists, and 0 for NaN; never undefined."""
    source, target = lanes.type(x.dtype), lanes.type(new)
    name = f"@llvm.{'fptosi' if new.kind == 'i' else 'fptoui'}.sat.{lanes.mangled(new)}.{lanes.mangled(x.dtype)}"
    lanes.to.declare(f"{target} {name}({source})")
    return lanes.to.put(f"call {target} {name}({source} {x.name})")


EMIT: dict[p.Primitive, Emit] = {
    p.add: _by_kind("fadd", "add"),
    p.subtract: _by_kind("fsub", "sub"),
    p.multiply: _by_kind("fmul", "mul"),
    p.divide: _by_kind("fdiv", "sdiv"),
    p.negative: _negative,
    p.absolute: _absolute,
    p.sign: _sign,
    p.maximum: _extreme("maximum", "smax", "umax"),
    p.minimum: _extreme("minimum", "smin", "umin"),
    p.sqrt: _intrinsic("sqrt"),
    p.floor: _intrinsic("floor"),
    p.ceil: _intrinsic("ceil"),
    p.trunc: _intrinsic("trunc"),
    p.rint: _intrinsic("roundeven"),
    p.exp: _function(functions.exp),
    p.log: _function(functions.log),
    p.power: _function(power),
    p.expm1: _function(functions.expm1),
    p.log1p: _function(functions.log1p),
    p.sin: _function(trigonometry.sin),
    p.cos: _function(trigonometry.cos),
    p.tan: _function(trigonometry.tan),
    p.asin: _function(trigonometry.asin),
    p.acos: _function(trigonometry.acos),
    p.atan: _function(trigonometry.atan),
    p.atan2: _function(trigonometry.atan2),
    p.sinh: _function(functions.sinh),
    p.cosh: _function(functions.cosh),
    p.tanh: _function(functions.tanh),
    p.asinh: _function(functions.asinh),
    p.acosh: _function(functions.acosh),
    p.atanh: _function(functions.atanh),
    p.erf: _function(functions.erf),
    p.equal: _compare("oeq", "eq", "eq"),
    p.not_equal: _compare("une", "ne", "ne"),
    p.less: _compare("olt", "slt", "ult"),
    p.less_equal: _compare("ole", "sle", "ule"),
    p.greater: _compare("ogt", "sgt", "ugt"),
    p.greater_equal: _compare("oge", "sge", "uge"),
    p.bitwise_and: _by_kind("", "and"),
    p.bitwise_or: _by_kind("", "or"),
    p.bitwise_xor: _by_kind("", "xor"),
    p.bitwise_invert: _invert,
    p.left_shift: _shift("left"),
    p.right_shift: _shift("right"),
    p.identity: lambda lanes, node, xs: xs[0].name,
    p.select: _select,
    p.cast: _cast,
}

_FLOAT_ONLY = {op for op in EMIT if op.name in "divide power sign sqrt floor ceil trunc rint".split()}


def can_emit(node: Node) -> bool:
    """Whether the call has instructions for its numbers."""
    if node.op not in EMIT or not all(has_type(kind) for kind in (node.dtype, *[x.dtype for x in node.inputs])):
        return False
    return node.op not in _FLOAT_ONLY or node.inputs[0].dtype.kind == "f"
