"""The kinds of numbers, and what comes out when two of them meet.

A dtype of Pente is a NumPy dtype. float32 is the default for Python floats and int64 for Python integers. The one
difference to NumPy's promotion: an integer or bool that meets a float becomes that float (int64 with float32 is
float32, where NumPy says float64).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from pente.errors import DTypeError

__all__ = [
    "DType",
    "as_dtype",
    "bool_",
    "complex64",
    "complex128",
    "default_float",
    "default_int",
    "finfo",
    "float16",
    "float32",
    "float64",
    "iinfo",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_floating",
    "is_inexact",
    "of_scalar",
    "promote",
    "result_type",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

type_names = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
).split()
DType = np.dtype[Any]

bool_: DType = np.dtype(np.bool_)
int8: DType = np.dtype(np.int8)
int16: DType = np.dtype(np.int16)
int32: DType = np.dtype(np.int32)
int64: DType = np.dtype(np.int64)
uint8: DType = np.dtype(np.uint8)
uint16: DType = np.dtype(np.uint16)
uint32: DType = np.dtype(np.uint32)
uint64: DType = np.dtype(np.uint64)
float16: DType = np.dtype(np.float16)
float32: DType = np.dtype(np.float32)
float64: DType = np.dtype(np.float64)
complex64: DType = np.dtype(np.complex64)
complex128: DType = np.dtype(np.complex128)
default_float = float32
default_int = int64
finfo = np.finfo
iinfo = np.iinfo


_KNOWN = frozenset(map(np.dtype, type_names))


def as_dtype(dtype: Any) -> DType:
    """The NumPy dtype that a name, a Python type or a dtype stands for."""
    if isinstance(dtype, np.dtype) and dtype in _KNOWN:  # dtype.name takes 1.6 µs
        return dtype
    try:
        found = np.dtype(default_float if dtype is float else default_int if dtype is int else dtype)
    except TypeError:
        found = None
    if found is None or found.name not in type_names:
        raise DTypeError(f"{dtype!r} is not a dtype that Pente knows. Known: {', '.join(type_names)}.")
    return found


def is_floating(dtype: DType) -> bool:
    """Whether numbers of this dtype are real floating-point numbers."""
    return dtype.kind == "f"


def is_inexact(dtype: DType) -> bool:
    """Whether numbers of this dtype can carry a gradient: floating-point, real or complex."""
    return dtype.kind in "fc"


def of_scalar(value: Any) -> DType:
    """The default dtype of a plain Python number."""
    if isinstance(value, bool):
        return bool_
    if isinstance(value, int):
        return default_int
    return complex64 if isinstance(value, complex) else default_float


def promote(a: DType, b: DType) -> DType:
    """The dtype in which an operation of ``a`` with ``b`` is done.

    >>> promote(int64, float32)
    dtype('float32')
    """
    if a is b or a == b:
        return a
    if a.kind in "biu" and is_inexact(b):
        return b
    if b.kind in "biu" and is_inexact(a):
        return a
    if {a.kind, b.kind} == {"i", "u"} and uint64 in (a, b):
        raise DTypeError(f"no integer holds both {a.name} and {b.name}: cast one of them first, x.astype('{a.name}').")
    return np.promote_types(a, b)


def weak(scalar: Any, other: DType) -> DType:
    """The dtype that a plain Python number takes beside numbers of dtype ``other``: its kind decides, not its size."""
    kind = of_scalar(scalar)
    if kind is bool_ or other.kind == kind.kind or (is_inexact(other) and kind.kind != "c"):
        return other
    if other.kind in "iu" and kind.kind == "i":
        return other
    return np.promote_types(other, kind) if kind.kind == "c" and other.kind == "f" else kind


def result_type(dtypes: Iterable[DType]) -> DType:
    """The dtype in which an operation of all of these is done."""
    found: DType | None = None
    for dtype in dtypes:
        found = dtype if found is None else promote(found, dtype)
    return default_float if found is None else found
