"""A file is written whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pente.archive import replacing


def write(path: Path, data: bytes) -> None:
    with replacing(path) as file:
        file.write(data)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that is there already."""
    path = tmp_path / "model.pente"
    path.write_bytes(b"old")
    return path


def test_a_new_file_takes_the_place_of_the_old_one(old: Path) -> None:
    write(old, b"new")
    assert old.read_bytes() == b"new"
    assert os.listdir(old.parent) == [old.name]


def test_the_old_file_is_there_until_the_new_one_is_whole(old: Path) -> None:
    with replacing(old) as file:
        file.write(b"new")
        file.flush()
        assert old.read_bytes() == b"old"
    assert old.read_bytes() == b"new"


def test_whoever_fails_while_writing_leaves_the_old_file(old: Path) -> None:
    def half() -> None:
        with replacing(old) as file:
            file.write(b"half of the n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert old.read_bytes() == b"old"
    assert os.listdir(old.parent) == [old.name]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_says_so(step: str, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left") as caught:
        write(old, b"new")
    assert "is as it was before" in caught.value.__notes__[0]
    assert old.read_bytes() == b"old"
    assert os.listdir(old.parent) == [old.name]


def test_the_data_is_on_the_disk_before_the_name_is(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    for step in ("fsync", "replace"):
        real = getattr(os, step)
        monkeypatch.setattr(os, step, lambda *given, real=real, step=step: (order.append(step), real(*given))[1])
    write(old, b"new")
    assert order == ["fsync", "replace", "fsync"]


KILLED = """
import sys, time
from pente.archive import replacing
with replacing(sys.argv[1]) as file:
    file.write(b"n" * 1_000_000)
    file.flush()
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_process_that_is_killed_while_writing_leaves_the_old_file(old: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(old)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"writing\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert old.read_bytes() == b"old"
    write(old, b"new")
    assert old.read_bytes() == b"new"


LIMITED = """
import resource, signal, sys
from pente.archive import replacing
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with replacing(sys.argv[1]) as file:
        file.write(b"n" * 1_000_000)
except OSError as error:
    print(type(error).__name__, *error.__notes__)
"""


@pytest.mark.skipif(os.name == "nt", reason="there are no limits of resources")
def test_a_file_that_may_not_grow_leaves_the_old_one(old: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", LIMITED, str(old)], capture_output=True, text=True, check=True)
    assert "as it was before" in ran.stdout
    assert old.read_bytes() == b"old"
    assert os.listdir(old.parent) == [old.name]


def test_a_link_stays_a_link(old: Path) -> None:
    link = old.with_name("latest.pente")
    link.symlink_to(old)
    write(link, b"new")
    assert link.is_symlink()
    assert old.read_bytes() == b"new"


def test_a_file_that_somebody_put_beside_is_not_written_through(old: Path) -> None:
    """The name of the part cannot be known before, and what has it already is not opened."""
    names = set()
    for _ in range(2):
        with replacing(old) as file:
            (part,) = set(os.listdir(old.parent)) - {old.name}
            names.add(part)
            file.write(b"new")
    assert len(names) == 2


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_modes_stay(old: Path) -> None:
    old.chmod(0o640)
    write(old, b"new")
    assert old.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing.*make it first"):
        write(tmp_path / "missing" / "model.pente", b"")


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="is a folder: name a file in it"):
        write(tmp_path, b"")


def test_two_who_write_at_once_both_write_whole_files(old: Path) -> None:
    with replacing(old) as one, replacing(old) as other:
        one.write(b"one")
        other.write(b"other")
        time.sleep(0)
    assert old.read_bytes() == b"one"
