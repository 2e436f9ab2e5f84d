"""A file of several members is what was written, or is refused with the file and the member."""

import contextlib
import functools
import hashlib
import json
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pente.archive import Manifest, from_json, read_archive, read_manifest, to_json, write_archive
from pente.errors import DataError

MEMBERS = {"architecture.json": b'{"a": 1}', "weights.safetensors": bytes(range(200))}
VERSIONS = {"pente": "0.1.0"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_archive(tmp_path / "m.pente", 1, VERSIONS, MEMBERS)
    return tmp_path / "m.pente"


def test_members_come_back_as_they_were(path: Path) -> None:
    manifest, members = read_archive(path, range(1, 2))
    assert members == MEMBERS
    assert manifest == read_manifest(path)
    assert manifest.versions == VERSIONS


def test_a_manifest_tells_sizes_and_hashes(path: Path) -> None:
    told = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in MEMBERS.items()}
    assert read_manifest(path) == Manifest(1, VERSIONS, told)


def test_the_same_members_make_the_same_file(path: Path) -> None:
    again = path.with_name("again.pente")
    write_archive(again, 1, VERSIONS, MEMBERS)
    assert again.read_bytes() == path.read_bytes()


def test_any_unzip_reads_it(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("architecture.json") == MEMBERS["architecture.json"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_another_format_is_told_with_what_wrote_it(path: Path) -> None:
    write_archive(path, 7, {"pente": "9.1"}, MEMBERS)
    with pytest.raises(DataError, match=r"format 7 by Pente 9\.1.*the formats 1 to 1.*pip install --upgrade pente"):
        read_archive(path, range(1, 2))


def test_a_file_that_is_missing_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_archive(tmp_path / "m.pente", range(1, 2))


# Files that somebody made.


def manifest_of(kept: dict[str, bytes], **changes: Any) -> bytes:
    told = {name: [len(data), hashlib.sha256(data).hexdigest()] for name, data in kept.items()}
    return json.dumps({"format": 1, "versions": VERSIONS, "members": told} | changes).encode()


def forge(path: Path, entries: list[tuple[Any, bytes]], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in entries:
            archive.writestr(name, data, how)
    return path


def named(name: str) -> Callable[[Path], Any]:
    members = MEMBERS | {name: b"x"}
    return lambda path: forge(path, [("manifest.json", manifest_of(members)), *members.items()])


def changed(**changes: Any) -> Callable[[Path], Any]:
    return lambda path: forge(path, [("manifest.json", manifest_of(MEMBERS, **changes)), *MEMBERS.items()])


def compressed(path: Path) -> Any:
    bomb = {"weights.safetensors": bytes(50_000_000)}
    return forge(path, [("manifest.json", manifest_of(bomb)), *bomb.items()], zipfile.ZIP_DEFLATED)


def a_link(path: Path) -> Any:
    info = zipfile.ZipInfo("weights.safetensors")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    members = {"weights.safetensors": b"/etc/passwd"}
    return forge(path, [("manifest.json", manifest_of(members)), (info, b"/etc/passwd")])


def twice(path: Path) -> Any:
    entries = [("manifest.json", manifest_of(MEMBERS)), *MEMBERS.items()]
    with pytest.warns(UserWarning, match="Duplicate name"):
        return forge(path, [*entries, ("architecture.json", b"{}")])


def overlapping(path: Path) -> Any:
    """Both members are the same bytes, as in a bomb that needs no compression."""
    forge(path, [("manifest.json", manifest_of(MEMBERS)), *MEMBERS.items()])
    with zipfile.ZipFile(path) as archive:
        first, second = (archive.getinfo(name).header_offset for name in MEMBERS)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", second), struct.pack("<I", first)))


def claims(size: int) -> Callable[[Path], Any]:
    def forged(path: Path) -> None:
        forge(path, [("manifest.json", manifest_of(MEMBERS)), *MEMBERS.items()])
        path.write_bytes(path.read_bytes().replace(struct.pack("<II", 200, 200), struct.pack("<II", size, size)))

    return forged


def before(path: Path) -> Any:
    forge(path, [("manifest.json", manifest_of(MEMBERS)), *MEMBERS.items()])
    path.write_bytes(b"PK\x03\x04 a script" + path.read_bytes())


def between(path: Path) -> Any:
    """A member that the directory does not name."""
    forge(path, [("manifest.json", manifest_of(MEMBERS)), *MEMBERS.items(), ("hidden.json", b"hidden")])
    data = bytearray(path.read_bytes())
    del data[data.rindex(b"PK\x01\x02") : data.rindex(b"PK\x05\x06")]
    start, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    data[end + 8 : end + 20] = struct.pack("<HHII", 3, 3, end - start, start)
    path.write_bytes(data)


def behind(path: Path) -> Any:
    forge(path, [("manifest.json", manifest_of(MEMBERS)), *MEMBERS.items()])
    path.write_bytes(path.read_bytes() + b"more")


def other_data(path: Path) -> Any:
    forge(path, [("manifest.json", manifest_of(MEMBERS)), *(MEMBERS | {"weights.safetensors": bytes(200)}).items()])


def many(path: Path) -> Any:
    members = {f"{'a' * (i + 1)}.json": b"" for i in range(100)}
    return forge(path, [("manifest.json", manifest_of(members)), *members.items()])


def text(data: bytes) -> Callable[[Path], Any]:
    return lambda path: forge(path, [("manifest.json", data), *MEMBERS.items()])


FORGED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "an absolute name": (named("/etc/passwd"), "'/etc/passwd'"),
    "a name above": (named("../model.json"), r"'\.\./model\.json'"),
    "a name in a folder": (named("a/b.json"), "'a/b.json'"),
    "a name with a drive": (named("C:\\a.json"), "a member is named"),
    "an endless name": (named("a" * 60_000 + ".exe"), "a member is named"),
    "a program": (named("setup.py"), r"'setup\.py'"),
    "a pickle": (named("archive/data.pkl"), "save weights as .safetensors there"),
    "a member that is compressed": (compressed, "manifest.json is compressed"),
    "a link": (a_link, "weights.safetensors is a link"),
    "a member twice": (twice, "architecture.json is there twice"),
    "overlapping members": (overlapping, "begins at byte|damaged"),
    "a member larger than the file": (claims(2**31), "cut off|damaged"),
    "a member smaller than it is": (claims(100), "cut off: its members end at byte"),
    "something before": (before, "begins at byte|damaged"),
    "something between": (between, "cut off: its members end at byte"),
    "something behind": (behind, "something stands behind"),
    "other data": (other_data, "weights.safetensors is not what was saved: its SHA-256"),
    "too many members": (many, "101 members"),
    "no manifest": (lambda path: forge(path, [*MEMBERS.items()]), "has no manifest.json"),
    "a member more": (
        lambda path: forge(path, [("manifest.json", manifest_of({})), *MEMBERS.items()]),
        "it has the members",
    ),
    "a member less": (changed(members={"x.json": [0, ""]}), "it has the members"),
    "a manifest of other sizes": (
        changed(members={name: [3, ""] for name in MEMBERS}),
        "has 8 bytes, and the manifest says 3",
    ),
    "a manifest that is a list": (text(b"[]"), "is not a manifest"),
    "a manifest with something else": (changed(code="import os"), "is not a manifest"),
    "a manifest of odd types": (changed(format="1"), "is not a manifest"),
    "a manifest with a truth for a number": (changed(format=True), "is not a manifest"),
    "a manifest of odd members": (changed(members={"a.json": 3}), "is not a manifest"),
    "a manifest that is nested without end": (text(b"[" * 1_000_000), "manifest.json is not the JSON"),
    "a manifest that is no text": (text(b"\xff\xfe"), "manifest.json is not the JSON"),
    "a manifest with a key twice": (text(b'{"format": 1, "format": 1}'), "a key stands twice"),
    "nothing": (lambda path: path.write_bytes(b""), "it is empty"),
    "HDF5": (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"), "it is HDF5, as Keras wrote it"),
    "a pickle alone": (lambda path: path.write_bytes(b"\x80\x04\x95"), "a pickle, which could run code"),
    "text": (lambda path: path.write_bytes(b"hello"), "does not begin as one"),
    "half of a file": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "cut off|damaged"),
    "the beginning alone": (lambda path: path.write_bytes(path.read_bytes()[:10]), "cut off"),
    "an end alone": (lambda path: path.write_bytes(b"PK\x05\x06" + bytes(18)), "does not begin as one"),
}


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_forged_file_is_refused_with_its_name(name: str, path: Path) -> None:
    made, message = FORGED[name]
    made(path)
    with pytest.raises(DataError, match=message) as caught:
        read_archive(path, range(1, 2))
    assert str(path) in str(caught.value)


@functools.cache
def whole() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write_archive(f"{folder}/m.pente", 1, VERSIONS, MEMBERS)
        return Path(f"{folder}/m.pente").read_bytes()


@settings(max_examples=300)
@given(
    place=st.integers(0, len(whole()) - 1), change=st.integers(1, 255), kind=st.sampled_from("flip cut insert".split())
)
def test_any_damage_is_told_or_harmless(
    place: int, change: int, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path, data = tmp_path_factory.getbasetemp() / "damaged.pente", whole()
    rest = {"flip": bytes([data[place] ^ change]) + data[place + 1 :], "insert": bytes([change]) + data[place:]}
    path.write_bytes(data[:place] + rest.get(kind, b""))
    with contextlib.suppress(DataError):
        manifest, members = read_archive(path, range(1, 2))
        assert members == MEMBERS
        assert manifest.versions == VERSIONS


# Text.


@pytest.mark.parametrize(
    "data",
    [b"NaN", b"[Infinity]", b"1e999", b'{"a": 1, "a": 1}', b"[" * 10**6, b"1" * 5000, b"\xff", b"", b"{", b"'a'"],
)
def test_loose_json_is_refused(data: bytes) -> None:
    with pytest.raises(DataError, match="here is not the JSON"):
        from_json(data, "here")


def test_text_beyond_reading_is_neither_written_nor_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pente.archive.text.MOST_TEXT", 10)
    with pytest.raises(DataError, match="at most 10 are read"):
        to_json("a" * 20, "here")
    with pytest.raises(DataError, match="at most 10 are read"):
        from_json(b'"aaaaaaaaaaaaaaaaaaaa"', "here")


def test_text_of_any_language_comes_back() -> None:
    assert from_json(to_json(["Zürich", "点", "\ud83d", "\0"], "here"), "here") == ["Zürich", "点", "\ud83d", "\0"]
