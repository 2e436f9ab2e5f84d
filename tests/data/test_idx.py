"""IDX files: what is written is read, and a damaged file is told."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pente.data import read_idx, write_idx
from pente.data.mapped import is_mapped
from pente.errors import DataError

DTYPES = ["uint8", "int8", "int16", "int32", "float32", "float64"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: Any) -> Path:
    return Path(tmp_path_factory.mktemp("idx"))


@given(
    array=st.sampled_from(DTYPES).flatmap(lambda d: arrays.arrays(d, arrays.array_shapes(max_dims=4, min_side=0))),
    ending=st.sampled_from(["", ".gz"]),
)
def test_what_is_written_is_read(home: Path, array: Any, ending: str) -> None:
    path = home / f"x{ending}"
    write_idx(path, array)
    back = read_idx(path)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


def test_a_file_as_mnist_has_it_is_read(tmp_path: Path) -> None:
    """Two images of 2×3: the header byte by byte, as the format's description gives it."""
    data = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, *range(12)])
    (tmp_path / "images-idx3-ubyte").write_bytes(data)
    (tmp_path / "packed").write_bytes(gzip.compress(data))  # known by its content, not by its name
    images = read_idx(tmp_path / "images-idx3-ubyte")
    np.testing.assert_array_equal(images, np.arange(12).reshape(2, 2, 3))
    np.testing.assert_array_equal(read_idx(tmp_path / "packed"), images)
    assert is_mapped(images)
    assert not images.flags.writeable


GOOD = bytes([0, 0, 8, 1, 0, 0, 0, 4, 1, 2, 3, 4])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "begins with nothing"),
        (b"\x89PNG\r\n", "is no IDX file: it begins with 89 50 4e 47"),
        (b"\0\0\x07\1" + GOOD[4:], "is no IDX file"),
        (b"\0\0\x08\0", "is no IDX file"),
        (GOOD[:6], "ends within its header"),
        (GOOD[:-1], r"promises shape \(4,\), which is 4 bytes, and has 3 bytes"),
        (GOOD + b"\0", r"promises shape \(4,\), which is 4 bytes, and has"),
        (b"\0\0\x0e\3" + b"\xff" * 12, "promises shape"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_file_is_told(tmp_path: Path, data: bytes, message: str, packed: bool) -> None:
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(DataError, match=message):
        read_idx(path)


@pytest.mark.parametrize("keep", [12, 25])
def test_a_packed_file_that_ends_early_is_told(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(GOOD)[:keep])
    with pytest.raises(DataError, match="is packed with gzip and is damaged"):
        read_idx(path)


@pytest.mark.parametrize("array", [np.arange(3), np.float32(1), np.array(["a"]), np.ones(2, complex)])
def test_what_the_format_does_not_hold_is_refused(tmp_path: Path, array: Any) -> None:
    with pytest.raises(DataError, match="IDX holds arrays of uint8, int8"):
        write_idx(tmp_path / "x", array)
