"""Arrays by name in one file: safetensors, and NumPy's npz."""

import lzma
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pente.archive.replacing import replacing
from pente.errors import DataError, DTypeError, UnknownNameError

__all__ = ["pack_arrays", "read_arrays", "unpack_arrays", "write_arrays"]

Array = NDArray[Any]
Wanted = Callable[[str, tuple[int, ...]], bool]
KINDS = {
    "BOOL": "?",
    "I8": "<i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "<u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "C64": "<c8",
}
# What zipfile and NumPy raise where bytes are not what they should be.
FAULTS = (
    *(EOFError, KeyError, MemoryError, OSError, OverflowError, RuntimeError, SyntaxError, ValueError),
    *(lzma.LZMAError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
KNOWN = frozenset(map(np.dtype, KINDS.values()))


def pack_arrays(arrays: Mapping[str, Any]) -> bytes:
    """The arrays in the form of safetensors: names, dtypes and shapes as JSON, and the numbers behind it."""
    from safetensors.numpy import save  # only where it is needed

    packed: bytes = save({name: _plain(name, value) for name, value in arrays.items()})
    return packed


def _plain(name: str, value: Any) -> Array:
    """In the order and with the bytes that safetensors takes for granted."""
    array = np.asarray(value, order="C")
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if array.dtype not in KNOWN:
        raise DTypeError(f"{name!r} is of {array.dtype}, which safetensors has no name for: keep it in an .npz file.")
    if name == "__metadata__":
        raise DataError("safetensors keeps the name '__metadata__' for itself: give the array another one.")
    return array


def unpack_arrays(data: bytes, what: str) -> dict[str, Array]:
    """The arrays of a file of safetensors; bfloat16 numbers become float32.

    Its header is held against the length of the data before an array is made. Raises DataError, with ``what`` as its
    place, where it does not fit: a shape and its number of bytes, bytes that belong to two arrays or to none, a header
    that is cut off or too long.
    """
    from safetensors import SafetensorError, deserialize

    try:
        found = deserialize(data)  # type: ignore[no-untyped-call]
    except (SafetensorError, ValueError) as error:
        raise DataError(f"{what} is damaged: {error}.") from None
    return {name: _array(f"{name!r} in {what}", view) for name, view in sorted(found, key=lambda each: each[0])}


def _array(what: str, view: Mapping[str, Any]) -> Array:
    kind, shape = view["dtype"], view["shape"]
    if kind == "BF16":  # the upper half of a float32
        halves = np.frombuffer(view["data"], "<u2").astype("<u4") << 16
        return halves.view("<f4").reshape(shape)
    if kind not in KINDS:
        raise DataError(f"{what} is of {kind}, and Pente knows {', '.join(KINDS)} and BF16.")
    try:
        return np.frombuffer(view["data"], KINDS[kind]).reshape(shape)
    except ValueError as error:
        raise DataError(f"{what} is damaged: {error}.") from None


# Files of nothing but arrays.


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> Path:
    """Write the arrays to a file that ends in .safetensors or .npz; the path is returned."""
    target = Path(path)
    writer = _by_ending(target, {".safetensors": _write_safetensors, ".npz": _write_npz})
    with replacing(target) as file:
        writer(file, arrays)
    return target


def _write_safetensors(file: BinaryIO, arrays: Mapping[str, Any]) -> None:
    file.write(pack_arrays(arrays))


def _write_npz(file: BinaryIO, arrays: Mapping[str, Any]) -> None:
    """As np.savez, which would take an array that is named "file" for the file."""
    with zipfile.ZipFile(file, "w") as members:
        for name, value in arrays.items():
            with members.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(value), allow_pickle=False)


def read_arrays(path: str | os.PathLike[str], wanted: Wanted) -> dict[str, Array | tuple[int, ...]]:
    """The arrays of a file that ends in .safetensors or .npz, by name; the shapes alone of those that are not wanted.

    What is not wanted is not read: a file cannot take more memory than the caller has asked for.
    """
    target = Path(path)
    reader = _by_ending(target, {".safetensors": _read_safetensors, ".npz": _read_npz})
    found: dict[str, Any] = reader(target, wanted)
    return found


def _read_safetensors(path: Path, wanted: Wanted) -> dict[str, Any]:
    arrays = unpack_arrays(path.read_bytes(), str(path))
    return {name: array if wanted(name, array.shape) else array.shape for name, array in arrays.items()}


def _read_npz(path: Path, wanted: Wanted) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as members:
                for info in sorted(members.infolist(), key=lambda info: info.filename):
                    name = info.filename.removesuffix(".npy")
                    if name in found:
                        raise ValueError(f"{name!r} stands twice in it")
                    shape, size = _npy_header(members, info)
                    found[name] = _npy_array(members, info, size) if wanted(name, shape) else shape
        except FAULTS as error:
            raise DataError(f"{path} is no .npz file of arrays, or is damaged: {error}.") from None
    return found


def _npy_header(members: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[tuple[int, ...], int]:
    """The shape that a member states, and how many bytes it can have then."""
    with members.open(info) as member:
        version = np.lib.format.read_magic(member)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(member)
        return shape, member.tell() + dtype.itemsize * int(np.prod(shape, dtype=object))


def _npy_array(members: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> Array:
    if info.file_size != size:
        raise ValueError(f"{info.filename} has {info.file_size} bytes, and its shape wants {size}")
    with members.open(info) as member:
        array: Array = np.lib.format.read_array(member, allow_pickle=False)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _by_ending(path: Path, forms: Mapping[str, Any]) -> Any:
    if path.suffix.lower() not in forms:
        raise UnknownNameError("form of a file of arrays", path.suffix or str(path), forms)
    return forms[path.suffix.lower()]
