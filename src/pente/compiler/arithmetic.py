"""Floats in all lanes, and their bits, as Python values: a function then reads as its formula.

Every operator writes one instruction, in the order of the text; a number of Python's becomes a literal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pente.compiler.lanes import TYPES, Lanes
from pente.dtypes import DType

__all__ = [
    "Both",
    "Number",
    "Truth",
    "Whole",
    "absolute",
    "copysign",
    "fma",
    "sqrt",
    "trunc",
    "unless",
    "where",
    "whole",
]


class Both(NamedTuple):
    """A constant or a table of them, for float32 and for float64."""

    single: Any
    double: Any


@dataclass(frozen=True)
class Truth:
    """A condition in each lane."""

    lanes: Lanes
    name: str

    def __and__(self, other: "Truth") -> "Truth":
        return Truth(self.lanes, self.lanes.op("and", "i1", self.name, other.name))

    def __or__(self, other: "Truth") -> "Truth":
        return Truth(self.lanes, self.lanes.op("or", "i1", self.name, other.name))


@dataclass(frozen=True)
class Whole:
    """An integer in each lane; its type is ``plain``, as i64."""

    lanes: Lanes
    plain: str
    name: str

    @property
    def full(self) -> str:
        return self.lanes.type(self.plain)

    def made(self, name: str) -> "Whole":
        return Whole(self.lanes, self.plain, name)

    def lift(self, other: "Whole | int") -> "Whole":
        return other if isinstance(other, Whole) else self.made(self.lanes.splat(str(other), self.plain))

    def _with(self, word: str, other: "Whole | int") -> "Whole":
        return self.made(self.lanes.op(word, self.plain, self.name, self.lift(other).name))

    def __add__(self, other: "Whole | int") -> "Whole":
        return self._with("add", other)

    def __sub__(self, other: "Whole | int") -> "Whole":
        return self._with("sub", other)

    def __mul__(self, other: "Whole | int") -> "Whole":
        return self._with("mul", other)

    def __and__(self, other: "Whole | int") -> "Whole":
        return self._with("and", other)

    def __or__(self, other: "Whole | int") -> "Whole":
        return self._with("or", other)

    def __xor__(self, other: "Whole | int") -> "Whole":
        return self._with("xor", other)

    def __lshift__(self, places: int) -> "Whole":
        return self._with("shl", places)

    def __rshift__(self, places: int) -> "Whole":
        """Zeros come in from the left."""
        return self._with("lshr", places)

    def spread_sign(self) -> "Whole":
        """All ones for a negative number, else 0."""
        return self._with("ashr", int(self.plain[1:]) - 1)

    def equals(self, value: int) -> Truth:
        return Truth(self.lanes, self.lanes.op("icmp eq", self.plain, self.name, self.lift(value).name))

    def resized(self, plain: str) -> "Whole":
        """The same bits in an integer of another width: zeros before them, or the lowest of them."""
        if plain == self.plain:
            return self
        word = "zext" if int(plain[1:]) > int(self.plain[1:]) else "trunc"
        return Whole(self.lanes, plain, self._turned(word, plain))

    def as_float(self, kind: DType) -> "Number":
        """The float that has these bits."""
        return Number(self.lanes, kind, self._turned("bitcast", TYPES[kind]))

    def rounded(self, kind: DType) -> "Number":
        """The float nearest to this number."""
        return Number(self.lanes, kind, self._turned("sitofp", TYPES[kind]))

    def _turned(self, word: str, plain: str) -> str:
        return self.lanes.to.put(f"{word} {self.full} {self.name} to {self.lanes.type(plain)}")


@dataclass(frozen=True)
class Number:
    """A float in each lane."""

    lanes: Lanes
    kind: DType
    name: str

    @property
    def plain(self) -> str:
        return TYPES[self.kind]

    @property
    def full(self) -> str:
        return self.lanes.type(self.plain)

    @property
    def digits(self) -> int:
        """How many bits stand behind the point."""
        return int(np.finfo(self.kind).nmant)

    @property
    def bias(self) -> int:
        """What is added to the exponent in the bits."""
        return int(np.finfo(self.kind).maxexp) - 1

    def of(self, both: Both) -> Any:
        """The constant for numbers of this kind."""
        return both.single if self.kind.itemsize == 4 else both.double

    def constant(self, value: float) -> "Number":
        return Number(self.lanes, self.kind, self.lanes.constant(value, self.kind))

    def made(self, name: str) -> "Number":
        return Number(self.lanes, self.kind, name)

    def lift(self, other: "Number | float") -> "Number":
        return other if isinstance(other, Number) else self.constant(other)

    def _with(self, word: str, *pair: "Number | float") -> "Number":
        return self.made(self.lanes.op(word, self.kind, *[self.lift(x).name for x in pair]))

    def __add__(self, other: "Number | float") -> "Number":
        return self._with("fadd", self, other)

    def __sub__(self, other: "Number | float") -> "Number":
        return self._with("fsub", self, other)

    def __rsub__(self, other: float) -> "Number":
        return self._with("fsub", other, self)

    def __mul__(self, other: "Number | float") -> "Number":
        return self._with("fmul", self, other)

    def __truediv__(self, other: "Number | float") -> "Number":
        return self._with("fdiv", self, other)

    def __rtruediv__(self, other: float) -> "Number":
        return self._with("fdiv", other, self)

    def __neg__(self) -> "Number":
        return self._with("fneg", self)

    def _test(self, word: str, other: "Number | float") -> Truth:
        return Truth(self.lanes, self.lanes.op(f"fcmp {word}", self.kind, self.name, self.lift(other).name))

    def __lt__(self, other: "Number | float") -> Truth:
        return self._test("olt", other)

    def __le__(self, other: "Number | float") -> Truth:
        return self._test("ole", other)

    def __gt__(self, other: "Number | float") -> Truth:
        return self._test("ogt", other)

    def __ge__(self, other: "Number | float") -> Truth:
        return self._test("oge", other)

    def equals(self, other: "Number | float") -> Truth:
        return self._test("oeq", other)

    @property
    def bits(self) -> Whole:
        plain = f"i{8 * self.kind.itemsize}"
        name = self.lanes.to.put(f"bitcast {self.full} {self.name} to {self.lanes.type(plain)}")
        return Whole(self.lanes, plain, name)

    def cast(self, kind: DType) -> "Number":
        """The same number, or the nearest of another kind."""
        if kind == self.kind:
            return self
        word = "fpext" if kind.itemsize > self.kind.itemsize else "fptrunc"
        target = self.lanes.type(TYPES[kind])
        return Number(self.lanes, kind, self.lanes.to.put(f"{word} {self.full} {self.name} to {target}"))

    def polynomial(self, table: Both) -> "Number":
        """Horner's rule with fused multiply-adds, highest power first."""
        first, *rest = self.of(table)
        out = self.constant(first)
        for c in rest:
            out = fma(out, self, c)
        return out


def _call(name: str, first: Number, *others: Number | float) -> Number:
    return first.made(first.lanes.intrinsic(name, first.kind, first.name, *[first.lift(x).name for x in others]))


def fma(a: Number, b: Number | float, c: Number | float) -> Number:
    """a·b + c, rounded once."""
    return _call("fma", a, b, c)


def absolute(x: Number) -> Number:
    return _call("fabs", x)


def sqrt(x: Number) -> Number:
    return _call("sqrt", x)


def trunc(x: Number) -> Number:
    return _call("trunc", x)


def copysign(x: Number, sign: Number) -> Number:
    """The size of one with the sign of another."""
    return _call("copysign", x, sign)


def where(condition: Truth, a: Number | float, b: Number | float) -> Number:
    """a in the lanes where the condition holds, b in the others."""
    one = a if isinstance(a, Number) else b
    if not isinstance(one, Number):
        raise TypeError("one of the two has to be a Number.")
    return one.made(one.lanes.select(one.kind, condition.name, one.lift(a).name, one.lift(b).name))


def unless(holds: Truth, given: tuple[Any, ...], other: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
    """The given values if the condition holds in all lanes, else what ``other`` writes, in a branch of its own."""
    lanes, to = holds.lanes, holds.lanes.to
    bits = to.put(f"bitcast {lanes.type('i1')} {holds.name} to i{lanes.width}")
    inside, past = to.fresh("other")[1:], to.fresh("past")[1:]
    before = to.block
    to.do(f"br i1 {to.put(f'icmp eq i{lanes.width} {bits}, -1')}, label %{past}, label %{inside}")
    to.open(inside)
    found = other()
    last = to.block
    to.do(f"br label %{past}")
    to.open(past)
    pairs = zip(given, found, strict=True)
    return tuple([a.made(to.put(f"phi {a.full} [{a.name}, %{before}], [{b.name}, %{last}]")) for a, b in pairs])


def whole(x: Number, factor: float) -> tuple[Number, Whole]:
    """The whole number n nearest to x·factor, as a float and, for |n| < 2ᵈ⁻², in the lowest bits of an integer.

    Added to 1.5·2ᵈ, where d is the number of digits, a number is rounded to a whole one that stands in the last bits.
    """
    large = 1.5 * 2.0**x.digits
    moved = fma(x, factor, large)
    return moved - large, moved.bits
