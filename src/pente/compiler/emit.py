"""Element-wise primitives as LLVM instructions, on one number or on a vector of them."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pente.compiler.writer import Writer
from pente.core import primitives as p
from pente.core.node import Node
from pente.dtypes import DType

__all__ = ["EMIT", "TYPES", "Lanes", "Operand", "can_emit", "has_type"]

TYPES = {"bool": "i1", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64"}
TYPES |= {"uint8": "i8", "uint16": "i16", "uint32": "i32", "uint64": "i64", "float32": "float", "float64": "double"}


@dataclass(frozen=True)
class Operand:
    """A value in the IR: its name or literal, and its dtype."""

    name: str
    dtype: DType

    @property
    def floating(self) -> bool:
        return self.dtype.kind == "f"


@dataclass(frozen=True)
class Lanes:
    """Where instructions go, and how many numbers each does at once."""

    to: Writer
    width: int

    def type(self, dtype: DType | str) -> str:
        plain = dtype if isinstance(dtype, str) else TYPES[dtype.name]
        return plain if self.width == 1 else f"<{self.width} x {plain}>"

    def mangled(self, dtype: DType | str) -> str:
        """The suffix of an intrinsic on these numbers."""
        plain = dtype if isinstance(dtype, str) else TYPES[dtype.name]
        short = {"float": "f32", "double": "f64"}.get(plain, plain)
        return short if self.width == 1 else f"v{self.width}{short}"

    def constant(self, value: float, dtype: DType) -> str:
        """A literal, the same in all lanes."""
        return self.splat(literal(value, dtype), TYPES[dtype.name])

    def splat(self, one: str, plain: str) -> str:
        return one if self.width == 1 else "<" + ", ".join([f"{plain} {one}"] * self.width) + ">"

    def repeat(self, scalar: str, dtype: DType) -> str:
        """One number in all lanes."""
        if self.width == 1:
            return scalar
        kind = self.type(dtype)
        first = self.to.put(f"insertelement {kind} poison, {TYPES[dtype.name]} {scalar}, i32 0")
        return self.to.put(f"shufflevector {kind} {first}, {kind} poison, <{self.width} x i32> zeroinitializer")

    def select(self, dtype: DType, on: str, a: str, b: str) -> str:
        """a in the lanes where ``on`` holds, b in the others."""
        full = self.type(dtype)
        return self.to.put(f"select {self.type('i1')} {on}, {full} {a}, {full} {b}")

    def intrinsic(self, name: str, dtype: DType, *args: str) -> str:
        kind = self.type(dtype)
        full = f"@llvm.{name}.{self.mangled(dtype)}"
        self.to.declare(f"{kind} {full}({', '.join([kind] * len(args))})")
        return self.to.put(f"call {kind} {full}({', '.join(f'{kind} {a}' for a in args)})")

    def library(self, name: str, dtype: DType, *args: str) -> str:
        """A function of the C library, lane by lane."""
        plain = TYPES[dtype.name]
        symbol = name if plain == "double" else name + "f"
        self.to.declare(f"{plain} @{symbol}({', '.join([plain] * len(args))})")
        if self.width == 1:
            return self._call(symbol, plain, args)
        kind, out = self.type(dtype), "poison"
        for lane in range(self.width):
            own = [self.to.put(f"extractelement {kind} {a}, i32 {lane}") for a in args]
            out = self.to.put(f"insertelement {kind} {out}, {plain} {self._call(symbol, plain, own)}, i32 {lane}")
        return out

    def _call(self, symbol: str, plain: str, args: Any) -> str:
        return self.to.put(f"call {plain} @{symbol}({', '.join(f'{plain} {a}' for a in args)})")

    def op(self, text: str, dtype: DType | str, *args: str) -> str:
        """An instruction on operands of one type."""
        return self.to.put(f"{text} {self.type(dtype)} {', '.join(args)}")


def literal(value: Any, dtype: DType) -> str:
    """A number as LLVM writes it; floats by their bits."""
    if dtype.kind == "f":
        return "0x" + struct.pack(">d", float(np.asarray(value, dtype))).hex().upper()
    return str(int(value)) if dtype.kind != "b" else ("true" if value else "false")


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


def _library(name: str) -> Emit:
    return lambda lanes, node, xs: lanes.library(name, xs[0].dtype, *[x.name for x in xs])


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
    return lanes.op("xor", xs[0].dtype, xs[0].name, lanes.splat(ones, TYPES[xs[0].dtype.name]))


def _cast(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
    x, old, new = xs[0], xs[0].dtype, node.dtype
    source, target = lanes.type(old), lanes.type(new)
    if old == new or (TYPES[old.name] == TYPES[new.name] and "f" not in old.kind + new.kind):
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


def _polynomial(lanes: Lanes, kind: DType, x: str, coefficients: list[float]) -> str:
    """Horner's rule with fused multiply-adds, highest power first."""
    out = lanes.constant(coefficients[0], kind)
    for c in coefficients[1:]:
        out = lanes.intrinsic("fma", kind, out, x, lanes.constant(c, kind))
    return out


_EXP = [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1]


def _exp(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
    """float32: x = n·log 2 + r, and eʳ by a polynomial of degree 7 (Cephes), at most 2 ulp; 2ⁿ in two halves."""
    x, kind = xs[0], xs[0].dtype
    if kind.itemsize != 4:
        return lanes.library("exp", kind, x.name)
    c = partial(lanes.constant, dtype=kind)
    full, whole = lanes.type(kind), lanes.type("i32")
    low = lanes.intrinsic("maximum", kind, x.name, c(-104.0))
    held = lanes.intrinsic("minimum", kind, low, c(89.0))
    n = lanes.intrinsic("roundeven", kind, lanes.op("fmul", kind, held, c(1.44269504088896341)))
    r = lanes.intrinsic("fma", kind, n, c(-0.693359375), held)
    r = lanes.intrinsic("fma", kind, n, c(2.12194440e-4), r)
    square = lanes.op("fmul", kind, r, r)
    y = lanes.intrinsic("fma", kind, _polynomial(lanes, kind, r, _EXP), square, lanes.op("fadd", kind, r, c(1.0)))
    safe = lanes.select(kind, lanes.op("fcmp ord", kind, n, n), n, c(0.0))
    power = lanes.to.put(f"fptosi {full} {safe} to {whole}")
    half = lanes.op("ashr", "i32", power, lanes.splat("1", "i32"))
    for part in (half, lanes.op("sub", "i32", power, half)):
        biased = lanes.op("add", "i32", part, lanes.splat("127", "i32"))
        bits = lanes.op("shl", "i32", biased, lanes.splat("23", "i32"))
        y = lanes.op("fmul", kind, y, lanes.to.put(f"bitcast {whole} {bits} to {full}"))
    return y


_LOG = [7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1]
_LOG += [-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1]


def _log(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
    """float32: x = m·2ᵉ with m near 1, and log m by a polynomial (Cephes), at most 2 ulp."""
    x, kind = xs[0], xs[0].dtype
    if kind.itemsize != 4:
        return lanes.library("log", kind, x.name)
    c = partial(lanes.constant, dtype=kind)
    full, whole = lanes.type(kind), lanes.type("i32")
    bits = lanes.to.put(f"bitcast {full} {x.name} to {whole}")
    lifted = lanes.op("sub", "i32", bits, lanes.splat(str(0x3F3504F3), "i32"))  # the bits of √½
    e = lanes.op("ashr", "i32", lifted, lanes.splat("23", "i32"))
    moved = lanes.op("shl", "i32", e, lanes.splat("23", "i32"))
    m = lanes.to.put(f"bitcast {whole} {lanes.op('sub', 'i32', bits, moved)} to {full}")
    r = lanes.op("fsub", kind, m, c(1.0))
    power = lanes.to.put(f"sitofp {whole} {e} to {full}")
    square = lanes.op("fmul", kind, r, r)
    y = lanes.op("fmul", kind, lanes.op("fmul", kind, r, square), _polynomial(lanes, kind, r, _LOG))
    y = lanes.intrinsic("fma", kind, power, c(-2.12194440e-4), y)
    y = lanes.intrinsic("fma", kind, square, c(-0.5), y)
    y = lanes.intrinsic("fma", kind, power, c(0.693359375), lanes.op("fadd", kind, r, y))
    y = lanes.select(kind, lanes.op("fcmp oeq", kind, x.name, c(np.inf)), x.name, y)
    y = lanes.select(
        kind, lanes.op("fcmp olt", kind, x.name, c(float(np.finfo(np.float32).tiny))), c(-np.inf), y
    )  # denormals are zeros here
    return lanes.select(kind, lanes.op("fcmp ult", kind, x.name, c(0.0)), c(np.nan), y)


_TANH = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1]


def _tanh(lanes: Lanes, node: Node, xs: list[Operand]) -> str:
    """float32: x + x³·P(x²) near 0 (Cephes), 1 - 2 / (exp(2|x|) + 1) with the sign of x beyond; at most 3 ulp."""
    x, kind = xs[0], xs[0].dtype
    if kind.itemsize != 4:
        return lanes.library("tanh", kind, x.name)
    c = partial(lanes.constant, dtype=kind)
    size = lanes.intrinsic("fabs", kind, x.name)
    square = lanes.op("fmul", kind, x.name, x.name)
    cube = lanes.op("fmul", kind, square, x.name)
    near = lanes.intrinsic("fma", kind, _polynomial(lanes, kind, square, _TANH), cube, x.name)
    power = _exp(lanes, node, [Operand(lanes.op("fadd", kind, size, size), kind)])
    ratio = lanes.op("fdiv", kind, c(2.0), lanes.op("fadd", kind, power, c(1.0)))
    far = lanes.op("fsub", kind, c(1.0), ratio)
    chosen = lanes.select(kind, lanes.op("fcmp ogt", kind, size, c(0.625)), far, near)
    return lanes.intrinsic("copysign", kind, chosen, x.name)


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
    p.exp: _exp,
    p.log: _log,
    p.power: _library("pow"),
    p.expm1: _library("expm1"),
    p.log1p: _library("log1p"),
    p.sin: _library("sin"),
    p.cos: _library("cos"),
    p.tan: _library("tan"),
    p.asin: _library("asin"),
    p.acos: _library("acos"),
    p.atan: _library("atan"),
    p.atan2: _library("atan2"),
    p.sinh: _library("sinh"),
    p.cosh: _library("cosh"),
    p.tanh: _tanh,
    p.asinh: _library("asinh"),
    p.acosh: _library("acosh"),
    p.atanh: _library("atanh"),
    p.erf: _library("erf"),
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
_FLOAT_ONLY |= {op for op in EMIT if EMIT[op].__qualname__.startswith("_library")}


_KINDS = frozenset(map(np.dtype, TYPES))  # to ask a dtype for its name takes 2 µs


def has_type(dtype: DType) -> bool:
    """Whether native code computes with such numbers; halves and complex numbers are left to NumPy."""
    return dtype in _KINDS


def can_emit(node: Node) -> bool:
    """Whether the call has instructions for its numbers."""
    if node.op not in EMIT or not all(has_type(kind) for kind in (node.dtype, *[x.dtype for x in node.inputs])):
        return False
    return node.op not in _FLOAT_ONLY or node.inputs[0].dtype.kind == "f"
