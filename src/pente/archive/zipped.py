"""One file of several members: a zip without compression, with a manifest that knows the size and hash of each.

Reading trusts nothing: the directory is held against the length of the file, each member against the manifest. What a
member says is for those who asked for it.
"""

import hashlib
import os
import re
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

from pente.archive.replacing import replacing
from pente.archive.text import MOST_TEXT, from_json, to_json
from pente.errors import DataError

__all__ = ["Manifest", "read_archive", "read_manifest", "write_archive"]

MANIFEST = "manifest.json"
NAME = re.compile(r"[a-z]+\.(json|safetensors)")
MOST_MEMBERS = 16
HEADER, END = 30, 22  # bytes before a member's name, and at the end of the file


class Manifest(NamedTuple):
    """What a file says of itself: the version of its format, what wrote it, and size and SHA-256 of each member."""

    format: int
    versions: dict[str, str]
    members: dict[str, tuple[int, str]]


def write_archive(
    path: str | os.PathLike[str], format: int, versions: Mapping[str, str], members: Mapping[str, bytes]
) -> None:
    """Write the members, all or nothing. The same members make the same file, byte for byte."""
    told = {name: [len(data), hashlib.sha256(data).hexdigest()] for name, data in members.items()}
    manifest = to_json({"format": format, "versions": dict(versions), "members": told}, MANIFEST)
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, data in {MANIFEST: manifest, **members}.items():
            archive.writestr(zipfile.ZipInfo(name), data)


def read_manifest(path: str | os.PathLike[str]) -> Manifest:
    """What the file says of itself; nothing else of it is read."""
    with _opened(path) as (archive, infos):
        return _manifest(path, archive, infos)


def read_archive(path: str | os.PathLike[str], formats: range) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest, and every member as the manifest describes it.

    Raises DataError, with the file and the member, for a format that is none of these, and for a file that is not what
    it says or not what ``write_archive`` writes.
    """
    with _opened(path) as (archive, infos):
        manifest = _manifest(path, archive, infos)
        if manifest.format not in formats:
            raise DataError(_unknown_format(path, manifest, formats))
        if set(manifest.members) | {MANIFEST} != set(infos):
            raise DataError(f"{path}: it has the members {sorted(infos)}, and its manifest {sorted(manifest.members)}.")
        return manifest, {name: _member(path, archive, infos[name], told) for name, told in manifest.members.items()}


def _unknown_format(path: Any, manifest: Manifest, formats: range) -> str:
    return (
        f"{path}: it was written in format {manifest.format} by Pente {manifest.versions.get('pente', '?')}, and this "
        f"Pente reads the formats {formats[0]} to {formats[-1]}. A newer one may: pip install --upgrade pente."
    )


# The zip.


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """The archive and its directory, which is checked; what goes wrong in reading it is said as a DataError."""
    with open(path, "rb") as file:
        _require_zip(path, file)
        try:
            with zipfile.ZipFile(file) as archive:
                yield archive, _directory(path, archive, file)
        except DataError:
            raise
        except (zipfile.BadZipFile, struct.error, ValueError, RuntimeError, EOFError, OverflowError, OSError) as error:
            raise DataError(f"{path} is damaged: {error}.") from None


def _require_zip(path: Any, file: BinaryIO) -> None:
    """Raise unless the file begins and ends as ours do, with a directory of few members."""
    size = os.fstat(file.fileno()).st_size
    begins = file.read(8)
    if not begins.startswith(b"PK\x03\x04"):
        raise DataError(f"{path} is no file of model.save(...): {_instead(begins)}")
    file.seek(max(size - END, 0))
    end = file.read(END)
    if len(end) < END or not end.startswith(b"PK\x05\x06") or end[-2:] != b"\0\0":
        raise DataError(f"{path} is cut off, or something stands behind its end.")
    (count,) = struct.unpack_from("<H", end, 10)
    if count > MOST_MEMBERS:
        raise DataError(f"{path}: it has {count} members, and at most {MOST_MEMBERS} are read.{_HINT}")


_HINT = " Files of other libraries are not read: save weights as .safetensors there, and load_weights here."


def _instead(begins: bytes) -> str:
    if not begins:
        return "it is empty."
    known = {b"\x89HDF": "HDF5, as Keras wrote it", b"\x80": "a pickle, which could run code", b"\x93NUMPY": "an array"}
    kind = next((f"it is {what}." for start, what in known.items() if begins.startswith(start)), "")
    return kind + _HINT if kind else "it does not begin as one."


def _directory(path: Any, archive: zipfile.ZipFile, file: BinaryIO) -> dict[str, zipfile.ZipInfo]:
    """The members by name, which lie in the file one behind the other, as they are, and under plain names."""
    infos: dict[str, zipfile.ZipInfo] = {}
    end = 0  # of the member before
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        name = info.filename
        if not NAME.fullmatch(name):
            raise DataError(f"{path}: a member is named {name[:80]!r}, and no model has such a one.{_HINT}")
        if name in infos:
            raise DataError(f"{path}: the member {name} is there twice.")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits or info.file_size != info.compress_size:
            raise DataError(f"{path}: the member {name} is compressed or encrypted, and ours never are.")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise DataError(f"{path}: the member {name} is a link or a folder, and not data.")
        if info.header_offset != end:
            raise DataError(f"{path}: the member {name} begins at byte {info.header_offset}, and not at {end}.")
        end += _header_length(file, end) + info.file_size
        infos[name] = info
    if end != archive.start_dir:
        raise DataError(f"{path} is cut off: its members end at byte {end}, and the rest is at {archive.start_dir}.")
    return infos


def _header_length(file: BinaryIO, start: int) -> int:
    """How many bytes stand before a member's data: 30, its name, and what large members need."""
    file.seek(start + 26)
    name, extra = struct.unpack("<2H", file.read(4))
    return HEADER + int(name) + int(extra)


# The members.


def _manifest(path: Any, archive: zipfile.ZipFile, infos: Mapping[str, zipfile.ZipInfo]) -> Manifest:
    where = f"{path}: {MANIFEST}"
    if MANIFEST not in infos:
        raise DataError(f"{path} has no {MANIFEST}, so it is no file of model.save(...).{_HINT}")
    if infos[MANIFEST].file_size > MOST_TEXT:
        raise DataError(f"{where} has {infos[MANIFEST].file_size:,} bytes, and at most {MOST_TEXT:,} are read.")
    told = from_json(archive.read(infos[MANIFEST]), where)
    if not _is_manifest(told):
        raise DataError(f"{where} is not a manifest: format, versions, and size and SHA-256 of each member.")
    members = {name: (size, digest) for name, (size, digest) in told["members"].items()}
    return Manifest(told["format"], told["versions"], members)


def _is_manifest(told: Any) -> bool:
    return (
        isinstance(told, dict)
        and set(told) == {"format", "versions", "members"}
        and type(told["format"]) is int
        and all(isinstance(told[part], dict) for part in ("versions", "members"))
        and all(isinstance(version, str) for version in told["versions"].values())
        and all(isinstance(each, list) and list(map(type, each)) == [int, str] for each in told["members"].values())
    )


def _member(path: Any, archive: zipfile.ZipFile, info: zipfile.ZipInfo, told: tuple[int, str]) -> bytes:
    """A member's bytes, which are those that its hash was made of."""
    size, digest = told
    if info.file_size != size:
        raise DataError(f"{path}: {info.filename} has {info.file_size} bytes, and the manifest says {size}.")
    data = archive.read(info)
    if hashlib.sha256(data).hexdigest() != digest:
        raise DataError(f"{path}: {info.filename} is not what was saved: its SHA-256 is another.")
    return data
