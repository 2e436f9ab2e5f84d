"""Numbers side by side in LLVM IR: their types, literals and instructions."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from pente.compiler.writer import Writer
from pente.dtypes import DType

__all__ = ["TYPES", "Lanes", "Operand", "has_type", "literal"]

_NAMES = {"bool": "i1", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64"}
_NAMES |= {"uint8": "i8", "uint16": "i16", "uint32": "i32", "uint64": "i64", "float32": "float", "float64": "double"}
TYPES = {np.dtype(name): text for name, text in _NAMES.items()}  # by dtype: to ask one for its name takes 2 µs


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
        plain = dtype if isinstance(dtype, str) else TYPES[dtype]
        return plain if self.width == 1 else f"<{self.width} x {plain}>"

    def mangled(self, dtype: DType | str) -> str:
        """The suffix of an intrinsic on these numbers."""
        plain = dtype if isinstance(dtype, str) else TYPES[dtype]
        short = {"float": "f32", "double": "f64"}.get(plain, plain)
        return short if self.width == 1 else f"v{self.width}{short}"

    def constant(self, value: float, dtype: DType) -> str:
        """A literal, the same in all lanes."""
        return self.splat(literal(value, dtype), TYPES[dtype])

    def splat(self, one: str, plain: str) -> str:
        return one if self.width == 1 else f"splat ({plain} {one})"

    def repeat(self, scalar: str, dtype: DType) -> str:
        """One number in all lanes."""
        if self.width == 1:
            return scalar
        kind = self.type(dtype)
        first = self.to.put(f"insertelement {kind} poison, {TYPES[dtype]} {scalar}, i32 0")
        return self.to.put(f"shufflevector {kind} {first}, {kind} poison, <{self.width} x i32> zeroinitializer")

    def select(self, dtype: DType | str, on: str, a: str, b: str) -> str:
        """a in the lanes where ``on`` holds, b in the others."""
        full = self.type(dtype)
        return self.to.put(f"select {self.type('i1')} {on}, {full} {a}, {full} {b}")

    def intrinsic(self, name: str, dtype: DType, *args: str) -> str:
        kind = self.type(dtype)
        full = f"@llvm.{name}.{self.mangled(dtype)}"
        self.to.declare(f"{kind} {full}({', '.join([kind] * len(args))})")
        return self.to.put(f"call {kind} {full}({', '.join(f'{kind} {a}' for a in args)})")

    def op(self, text: str, dtype: DType | str, *args: str) -> str:
        """An instruction on operands of one type."""
        return self.to.put(f"{text} {self.type(dtype)} {', '.join(args)}")


def literal(value: Any, dtype: DType) -> str:
    """A number as LLVM writes it; floats by their bits."""
    if dtype.kind == "f":
        return "0x" + struct.pack(">d", float(np.asarray(value, dtype))).hex().upper()
    return str(int(value)) if dtype.kind != "b" else ("true" if value else "false")


def has_type(dtype: DType) -> bool:
    """Whether native code computes with such numbers; halves and complex numbers are left to NumPy."""
    return dtype in TYPES
