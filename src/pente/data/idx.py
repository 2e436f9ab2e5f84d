"""Files of MNIST and its relatives: the IDX format, which is a header and the numbers after it.

A file begins with two zero bytes, a byte for the dtype, a byte for the number of axes, and the length of each axis as a
big-endian 32-bit number. Source: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits".
"""

import gzip
import math
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pente.errors import DataError

__all__ = ["read_idx", "write_idx"]

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAGIC_OF_GZIP = b"\x1f\x8b"
PIECE = 1 << 24  # bytes that are read at once


def read_idx(path: str | Path) -> NDArray[Any]:
    """Read an IDX file, such as ``train-images-idx3-ubyte``, also packed with gzip.

    A file of bytes that is not packed is mapped and read where it is asked for; it cannot be written to. MNIST's images
    come as uint8 (60000, 28, 28); networks want ``images[..., np.newaxis] / np.float32(255)``.

    Raises DataError for a file of another format, one that ends early, and one with bytes to spare.
    """
    path = Path(path)
    with path.open("rb") as file:
        packed = file.read(2) == MAGIC_OF_GZIP
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            dtype, shape = _header(file, path)
            offset = file.tell()
            rest = _read(file, math.prod(shape) * dtype.itemsize + 1) if packed else b""
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is packed with gzip and is damaged: {error}. Fetch it again.") from None
    size = len(rest) if packed else path.stat().st_size - offset
    _check_size(path, shape, dtype, size)
    if packed or not size:
        array = np.frombuffer(rest, dtype).reshape(shape)
    else:
        array = np.memmap(path, dtype, "r", offset, shape)
    return array if dtype.itemsize == 1 else array.astype(dtype.newbyteorder("="))


def _header(file: IO[bytes] | gzip.GzipFile, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES or not magic[3]:
        raise DataError(
            f"{path} is no IDX file: it begins with {magic.hex(' ') or 'nothing'}, and expected are two zero bytes, "
            f"one of {' '.join(f'{code:02x}' for code in DTYPES)}, and the number of axes."
        )
    lengths = file.read(4 * magic[3])
    if len(lengths) < 4 * magic[3]:
        raise DataError(f"{path} ends within its header: it promises {magic[3]} axes.")
    return np.dtype(DTYPES[magic[2]]), tuple(np.frombuffer(lengths, ">u4").tolist())


def _read(file: IO[bytes] | gzip.GzipFile, most: int) -> bytes:
    """The next bytes, piece by piece: a header may promise more than there is, and no memory is taken for that."""
    parts = []
    while most > 0 and (part := file.read(min(most, PIECE))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


def _check_size(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> None:
    expected = math.prod(shape) * dtype.itemsize
    if size != expected:
        told = "more bytes than that" if size > expected else f"{size} bytes"
        raise DataError(f"{path} promises shape {shape}, which is {expected} bytes, and has {told}. Fetch it again.")


def write_idx(path: str | Path, array: ArrayLike) -> None:
    """Write numbers as an IDX file; a path that ends in ``.gz`` is packed.

    The dtypes are uint8, int8, int16, int32, float32 and float64; anything else raises DataError.
    """
    values = np.asarray(array)
    codes = {np.dtype(name): code for code, name in DTYPES.items()}
    dtype = values.dtype.newbyteorder(">")
    if dtype not in codes or not 0 < values.ndim < 256 or max(values.shape) >= 2**32:
        known = ", ".join(code.newbyteorder("=").name for code in codes)
        raise DataError(f"IDX holds arrays of {known} with 1 axis or more; got {values.dtype} of shape {values.shape}.")
    header = bytes([0, 0, codes[dtype], values.ndim]) + np.array(values.shape, ">u4").tobytes()
    data = header + values.astype(dtype).tobytes()
    Path(path).write_bytes(gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data)
