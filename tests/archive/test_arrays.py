"""Arrays come back from files as they were, and damaged files are told from whole ones."""

import contextlib
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pente.archive import pack_arrays, read_arrays, unpack_arrays, write_arrays
from pente.errors import DataError, DTypeError, PenteError, UnknownNameError

KINDS = "? i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8".split()
ODD = {
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "turned": np.arange(12).reshape(3, 4).T[::2],
    "backwards": np.arange(5, dtype=np.float32)[::-1],
    "repeated": np.broadcast_to(np.float32(3), (4, 2)),
    "big-endian": np.arange(4, dtype=">f4"),
    "number": np.array(3, np.int64),
    "nothing": np.zeros((0, 5), np.float16),
    "nan": np.array([np.nan, np.inf, -0.0], np.float16),
    "truth": np.array([[True], [False]]),
}


def everything(name: str, shape: tuple[int, ...]) -> bool:
    return True


def check(found: dict[str, Any], arrays: dict[str, Any]) -> None:
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].shape == array.shape, name
        assert found[name].dtype == array.dtype.newbyteorder("="), name
        assert found[name].tobytes() == np.array(array, array.dtype.newbyteorder("="), order="C").tobytes(), name


def test_arrays_in_odd_orders_come_back_as_they_were() -> None:
    check(unpack_arrays(pack_arrays(ODD), "here"), ODD)


@pytest.mark.parametrize("ending", ["safetensors", "npz", "NPZ"])
def test_files_of_arrays_give_them_back(ending: str, tmp_path: Path) -> None:
    arrays = ODD | {"file": np.ones(2), "block/dense_1/kernel": np.eye(2)}
    check(read_arrays(write_arrays(tmp_path / f"arrays.{ending}", arrays), everything), arrays)


def test_an_npz_is_what_numpy_reads_and_writes(tmp_path: Path) -> None:
    with np.load(write_arrays(tmp_path / "own.npz", ODD)) as own:
        np.testing.assert_array_equal(own["turned"], ODD["turned"])
    np.savez_compressed(tmp_path / "theirs.npz", **ODD)
    assert read_arrays(tmp_path / "theirs.npz", everything).keys() == ODD.keys()


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.text(max_size=5).filter(lambda n: n != "__metadata__"),
        st.sampled_from(KINDS).flatmap(lambda k: hnp.arrays(k, hnp.array_shapes(min_dims=0, min_side=0))),
        max_size=4,
    )
)
def test_any_arrays_come_back(arrays: dict[str, Any]) -> None:
    check(unpack_arrays(pack_arrays(arrays), "here"), arrays)


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
def test_what_is_not_wanted_is_told_by_its_shape(ending: str, tmp_path: Path) -> None:
    path = write_arrays(tmp_path / f"arrays.{ending}", {"a": np.ones((2, 3)), "b": np.ones(4)})
    found = read_arrays(path, lambda name, shape: name == "a" and shape == (2, 3))
    assert found["b"] == (4,)
    np.testing.assert_array_equal(found["a"], np.ones((2, 3)))


def test_bfloat16_becomes_float32() -> None:
    data = forged({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, struct.pack("<2H", 0x3FC0, 0xFF80))
    assert unpack_arrays(data, "here")["a"].tolist() == [1.5, -np.inf]


@pytest.mark.parametrize("array", [np.ones(2, complex), np.array([object()]), np.array(["a"]), np.ones(1, "M8[s]")])
def test_what_safetensors_has_no_name_for_is_refused(array: Any) -> None:
    with pytest.raises(DTypeError, match=r"'a/b' is of .*keep it in an \.npz file"):
        pack_arrays({"a/b": array})


def test_the_name_that_safetensors_keeps_is_refused() -> None:
    with pytest.raises(DataError, match="'__metadata__'"):
        pack_arrays({"__metadata__": np.ones(2)})


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"\.npz, \.safetensors"):
        write_arrays(tmp_path / "arrays.h5", {})
    assert list(tmp_path.iterdir()) == []


# Damage.


def forged(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(shape: Any, offsets: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


WRONG: dict[str, bytes] = {
    "empty": b"",
    "short": b"\0\0\0",
    "header of 2^60 bytes": struct.pack("<Q", 2**60) + b"{}",
    "header of 200 MB": struct.pack("<Q", 200 * 2**20) + b"{}",
    "header behind the end": struct.pack("<Q", 50) + b"{}",
    "no JSON": forged(b"\xff\xfe"),
    "no object": forged([1]),
    "deep JSON": forged(b"[" * 100_000),
    "overlapping": forged({"a": entry([2], [0, 8]), "b": entry([2], [4, 12])}, bytes(12)),
    "a hole": forged({"a": entry([1], [0, 4]), "b": entry([1], [8, 12])}, bytes(12)),
    "more data than arrays": forged({"a": entry([1], [0, 4])}, bytes(12)),
    "less data than arrays": forged({"a": entry([4], [0, 16])}, bytes(12)),
    "a shape of other size": forged({"a": entry([3], [0, 16])}, bytes(16)),
    "an endless shape": forged({"a": entry([2**40, 2**40], [0, 16])}, bytes(16)),
    "a shape that overflows to 0": forged({"a": entry([2**32, 2**32], [0, 0])}),
    "a negative shape": forged({"a": entry([-1], [0, 4])}, bytes(4)),
    "offsets that turn back": forged({"a": entry([1], [4, 0])}, bytes(4)),
    "an unknown dtype": forged({"a": entry([1], [0, 4], "PY")}, bytes(4)),
    "a dtype of 4 bits": forged({"a": entry([2], [0, 1], "F4")}, bytes(1)),
    "no dtype": forged({"a": {"shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_contradicts_itself_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="here"):
        unpack_arrays(WRONG[name], "here")


def test_an_empty_array_of_endless_shape_takes_no_memory() -> None:
    data = forged({"a": entry([0, 2**40], [0, 0])})
    assert unpack_arrays(data, "here")["a"].nbytes == 0


GOOD = pack_arrays({"a": np.arange(6.0), "b": np.array([[1, 2]], np.int16)})


@settings(max_examples=200)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255), st.booleans())
def test_any_damage_is_told_or_harmless(place: int, change: int, cut: bool) -> None:
    data = bytearray(GOOD)
    data[place] ^= change
    try:
        found = unpack_arrays(bytes(data[:place] if cut else data), "here")
    except PenteError:
        return
    assert sum(array.nbytes for array in found.values()) <= len(GOOD)


def npz(folder: Path, name: str, data: bytes, claims: int | None = None) -> Path:
    path = folder / "arrays.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr(name, data)
    if claims is not None:  # in the directory and before the member
        path.write_bytes(path.read_bytes().replace(struct.pack("<I", len(data)), struct.pack("<I", claims)))
    return path


def npy(shape: str, descr: str = "'<f8'", data: bytes = b"") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        npy("(1000000000000,)"),
        npy("(2,)", data=bytes(8)),
        npy("(2,)", data=bytes(800)),
        npy("(-2,)"),
        npy("(2,)", "'|O'", bytes(16)),
        npy("__import__('os')"),
        npy("(" * 500),
        b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535,
        b"\x80\x04\x95pickle",
    ],
)
def test_an_npz_that_contradicts_itself_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"arrays\.npz"):
        read_arrays(npz(tmp_path, "a.npy", data), everything)


def test_a_bomb_in_an_npz_is_not_unpacked(tmp_path: Path) -> None:
    """A gigabyte of zeros is a megabyte in the file; what is not wanted, or not what it says, is not unpacked."""
    bomb = npy("(2,)", data=bytes(50_000_000))
    with pytest.raises(DataError, match="its shape wants"):
        read_arrays(npz(tmp_path, "a.npy", bomb), everything)
    assert read_arrays(npz(tmp_path, "a.npy", bomb), lambda name, shape: False) == {"a": (2,)}


def test_an_array_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    with zipfile.ZipFile(path, "w") as members:
        members.writestr("a.npy", npy("(1,)", data=bytes(8)))
        members.writestr("a", npy("(1,)", data=bytes(8)))
    with pytest.raises(DataError, match="'a' stands twice"):
        read_arrays(path, everything)


def test_what_is_no_npz_is_refused(tmp_path: Path) -> None:
    (tmp_path / "arrays.npz").write_bytes(b"\x80\x04pickle")
    with pytest.raises(DataError, match=r"is no \.npz file of arrays"):
        read_arrays(tmp_path / "arrays.npz", everything)


@pytest.mark.parametrize("compress", [np.savez, np.savez_compressed])
def test_any_damage_to_an_npz_is_told_or_harmless(compress: Any, tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    compress(path, a=np.arange(6.0), b=np.array([[1, 2]], np.int16))
    good = path.read_bytes()
    for place in range(0, len(good), 5):
        for change in (1, 0x80, 0xFF):
            path.write_bytes(good[:place] + bytes([good[place] ^ change]) + good[place + 1 :])
            told_or_small(path)
        path.write_bytes(good[:place])
        told_or_small(path)


def told_or_small(path: Path) -> None:
    with contextlib.suppress(DataError):
        found = read_arrays(path, everything)
        assert sum(array.nbytes for array in found.values()) <= 1000
