"""Object code on disk: found for each kernel, whole or not used, in a folder that is the user's own or not used."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pente.compiler import cache, llvm

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
first, more = lambda x: (pente.exp(x / 40) @ x.T).sum(axis=0), lambda x: (pente.exp(x / 40) @ x.T).max(axis=0)
for function in [{"first": first, "more": more}[name] for name in sys.argv[1:]]:
    result = jit(function)(x).numpy()
assert np.allclose(result, function(x).numpy(), rtol=1e-5)
kernels = [ir.count("define void @k") for ir in compiled if "sched_yield" not in ir]
print(len(kernels), sum(kernels), result.tobytes().hex())
"""


def start(folder: Path, *functions: str, **more: str) -> "subprocess.Popen[str]":
    env = {**os.environ, "PENTE_CACHE": str(folder), **more}
    command = [sys.executable, "-c", PROGRAM, *(functions or ["first"])]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def run(folder: Path, **more: str) -> tuple[int, str]:
    """How many modules were compiled besides the walk, which all programs share, and the bits of the result."""
    modules, _, bits = _told(start(folder, **more))
    return modules, bits


def kernels(folder: Path, *functions: str) -> int:
    """How many kernels were compiled for these functions, one after the other, in one process."""
    return _told(start(folder, *functions))[1]


def _told(process: "subprocess.Popen[str]") -> tuple[int, int, str]:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    modules, count, bits = out.split()
    return int(modules), int(count), bits


def entries(folder: Path) -> list[Path]:
    """What is kept of programs; the walk, which all share, is the one that gives way to other processes."""
    files = (entry for entry in folder.iterdir() if not entry.is_symlink())
    return sorted(entry for entry in files if b"sched_yield" not in entry.read_bytes())


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


def test_programs_compile_only_the_kernels_that_no_other_has(tmp_path: Path) -> None:
    whole = kernels(tmp_path / "one", "more")
    assert kernels(tmp_path / "both", "first") == whole
    assert 0 < kernels(tmp_path / "both", "more") < whole
    assert kernels(tmp_path / "both", "first", "more") == 0


def test_programs_of_one_process_share_their_kernels(tmp_path: Path) -> None:
    each = kernels(tmp_path / "one", "first")
    assert kernels(tmp_path / "three", "first", "first", "first") == each
    assert each < kernels(tmp_path / "both", "first", "more") < 2 * each


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
    honest = cache.folder.__wrapped__
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

    monkeypatch.setattr(cache.tempfile, "mkstemp", refuse)
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    cache.write(["kernel"], b"code")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failing", ["replace", "fdopen", "symlink"])
def test_a_write_that_fails_leaves_no_half_file_behind(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **options: Any) -> Any:
        raise OSError("no space")

    monkeypatch.setattr(cache.os, failing, refuse)
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    cache.write(["kernel"], b"code")
    assert all(cache.read(entry.name) == b"code" for entry in tmp_path.iterdir())
    assert cache.find("kernel") is None


def test_a_name_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    (tmp_path / "kernel").symlink_to("../elsewhere.o")
    assert cache.find("kernel") is None


# The folder is held to a size.


@pytest.fixture
def five(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with five kernels, used one after the other: b, e, a, c, d."""
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    for age, name in enumerate("dcaeb"):
        cache.write([name], name.encode() * 1000)
        os.utime(tmp_path / (cache.find(name) or ""), (0, 1e9 - age))
    return tmp_path


SIZE = 1032  # of each, with its digest


def held() -> str:
    """The kernels whose code is there."""
    return "".join(name for name in "abcde" if cache.read(cache.find(name) or "nothing") == name.encode() * 1000)


def test_a_folder_that_is_not_too_large_is_left_alone(five: Path) -> None:
    cache.trim(5 * SIZE)
    assert held() == "abcde"


def test_what_was_not_used_for_longest_goes_first_and_makes_room_for_more_than_one(five: Path) -> None:
    cache.trim(5 * SIZE - 1)
    assert held() == "acd"
    assert {entry.name for entry in five.iterdir() if entry.is_symlink()} == set("acd")


def test_to_be_read_is_to_be_used(five: Path) -> None:
    assert cache.read(cache.find("b") or "")
    cache.trim(5 * SIZE - 1)
    assert held() == "bcd"


def test_a_process_that_adds_to_the_folder_looks_whether_it_is_too_large(
    five: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "LIMIT", 2 * SIZE)
    cache._trim_once.cache_clear()
    cache.write(["new"], b"code")
    assert held() == "d"
    assert cache.find("new") is not None


def test_what_went_is_compiled_anew(filled: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, bits = filled
    monkeypatch.setattr(cache, "folder", lambda: folder)
    cache.trim(0)
    assert list(folder.iterdir()) == []
    assert run(folder) == (1, bits)
    assert run(folder) == (0, bits)


def test_a_file_that_another_process_took_away_is_no_error(five: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = os.scandir

    def late(place: Any) -> Any:
        entries = list(honest(place))
        for entry in entries:
            os.unlink(entry.path)
        return entries

    monkeypatch.setattr(cache.os, "scandir", late)
    cache.trim(0)
    assert list(five.iterdir()) == []


def test_many_processes_may_fill_one_folder_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    told = [_told(process) for process in [start(folder) for _ in range(4)]]
    (bits,) = {bits for _, _, bits in told}
    assert run(folder) == (0, bits)


def test_other_processors_have_entries_of_their_own(filled: tuple[Path, str]) -> None:
    folder, bits = filled
    assert run(folder, PENTE_CPU="x86-64-v3") == (1, bits)
    assert run(folder, PENTE_CPU="x86-64") == (1, bits)
    assert len(entries(folder)) == 3
    assert run(folder, PENTE_CPU="x86-64") == (0, bits)
