"""Object code on disk: whole or not used, in a folder that is the user's own or not used."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pente.compiler import llvm

pytestmark = pytest.mark.skipif(not llvm.available(), reason="there is nothing to keep without native code")

PROGRAM = """
import sys
import numpy as np
import pente
from pente.compiler import jit, llvm
compiled = []
honest = llvm._compile
llvm._compile = lambda ir: compiled.append(ir) or honest(ir)
x = np.arange(40, dtype=np.float32).reshape(5, 8)
result = jit(lambda x: (pente.exp(x / 40) @ x.T).sum(axis=0))(x).numpy()
assert np.allclose(result, (np.exp(x / 40) @ x.T).sum(axis=0), rtol=1e-5)
print(sum("@alone(" not in ir for ir in compiled), result.tobytes().hex())
"""


def start(folder: Path, **more: str) -> "subprocess.Popen[str]":
    env = {**os.environ, "PENTE_CACHE": str(folder), **more}
    return subprocess.Popen([sys.executable, "-c", PROGRAM], env=env, stdout=subprocess.PIPE, text=True)


def run(folder: Path, **more: str) -> tuple[int, str]:
    """How many modules were compiled besides the walk, which all programs share, and the bits of the result."""
    return _told(start(folder, **more))


def _told(process: "subprocess.Popen[str]") -> tuple[int, str]:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    count, bits = out.split()
    return int(count), bits


def entries(folder: Path) -> list[Path]:
    """What is kept of programs; the walk, which all share, is the one that gives way to other processes."""
    return sorted(entry for entry in folder.iterdir() if b"sched_yield" not in entry.read_bytes())


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Path, str]:
    """A folder with one entry, and the bits that its program gives."""
    folder = tmp_path / "cache"
    count, bits = run(folder)
    assert count == len(entries(folder)) == 1
    return folder, bits


def test_a_second_process_compiles_nothing_and_gives_the_same_bits(filled: tuple[Path, str]) -> None:
    folder, bits = filled
    assert run(folder) == (0, bits)


def test_the_folder_and_its_entries_are_the_users_alone(filled: tuple[Path, str]) -> None:
    folder, _ = filled
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(entry.stat().st_mode) == 0o600 for entry in entries(folder))


def _flip(data: bytes) -> bytes:
    return data[:-100] + bytes([data[-100] ^ 1]) + data[-99:]


@pytest.mark.parametrize(
    "damage",
    [_flip, lambda data: data[: len(data) // 2], lambda data: data[:10], lambda data: b"", lambda data: b"x" + data],
    ids=["one bit", "half", "ten bytes", "nothing", "shifted"],
)
def test_a_damaged_entry_is_compiled_anew_and_mended(damage: Any, filled: tuple[Path, str]) -> None:
    folder, bits = filled
    (entry,) = entries(folder)
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    assert run(folder) == (1, bits)
    assert entry.read_bytes() == whole
    assert run(folder) == (0, bits)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o707])
def test_a_folder_that_others_may_write_to_is_not_trusted(mode: int, filled: tuple[Path, str]) -> None:
    folder, bits = filled
    folder.chmod(mode)
    before = entries(folder)
    assert run(folder) == (1, bits)
    assert entries(folder) == before


def test_a_folder_of_somebody_else_is_not_trusted(
    filled: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, _ = filled
    monkeypatch.setenv("PENTE_CACHE", str(folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    honest = llvm._folder.__wrapped__
    assert honest() == folder
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    other = honest()
    assert other != folder
    assert stat.S_IMODE(other.stat().st_mode) == 0o700


def test_a_path_that_is_a_file_costs_the_cache_and_not_the_run(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    assert run(place)[0] == 1
    assert run(place / "below")[0] == 1


def test_a_folder_that_cannot_be_written_costs_the_cache_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **options: Any) -> Any:
        raise OSError("read-only")

    for name in ("mkstemp",):
        monkeypatch.setattr(llvm.tempfile, name, refuse)
    llvm._write(tmp_path / "entry.o", b"code")
    assert entries(tmp_path) == []


@pytest.mark.parametrize("failing", ["replace", "fdopen"])
def test_a_write_that_fails_leaves_nothing_behind(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **options: Any) -> Any:
        raise OSError("no space")

    monkeypatch.setattr(llvm.os, failing, refuse)
    llvm._write(tmp_path / "entry.o", b"code")
    assert entries(tmp_path) == []


def test_many_processes_may_fill_one_folder_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    told = [_told(process) for process in [start(folder) for _ in range(4)]]
    assert len({bits for _, bits in told}) == 1
    assert len(entries(folder)) == 1
    assert run(folder)[0] == 0


def test_other_processors_have_entries_of_their_own(filled: tuple[Path, str]) -> None:
    folder, bits = filled
    assert run(folder, PENTE_CPU="x86-64-v3") == (1, bits)
    assert run(folder, PENTE_CPU="x86-64") == (1, bits)
    assert len(entries(folder)) == 3
    assert run(folder, PENTE_CPU="x86-64") == (0, bits)
