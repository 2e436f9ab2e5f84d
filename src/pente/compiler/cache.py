"""Object code on disk, in the user's own folder.

A file holds what was compiled together. Beside it stands a symbolic link for each kernel in it, named by the kernel's
digest: so a program finds the kernels that it shares with programs of other days. The folder is held to a size; what
was not used for longest goes first. Other processes may do the same at any time: an entry that is gone, or not whole,
costs its compilation and no more.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

__all__ = ["find", "read", "write"]

LIMIT = 512 * 2**20  # bytes
KEPT = 3 / 4  # of the limit, after a clearing: so there is not one for each new program


@cache
def folder() -> Path:
    """The user's own cache folder, or one for this process alone where that is not safely his."""
    chosen = os.environ.get("PENTE_CACHE")
    place = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pente"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = place.stat()
        if status.st_uid == os.getuid() and not status.st_mode & 0o022:
            return place
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="pente-"))


def find(kernel: str) -> str | None:
    """The file that a kernel lies in, if any does."""
    try:
        file = os.readlink(folder() / kernel)
    except OSError:
        return None
    return file if file == os.path.basename(file) else None


def read(file: str) -> bytes | None:
    """The object code, if it is whole: a file begins with the digest of the rest."""
    place = folder() / file
    try:
        data = place.read_bytes()
        os.utime(place)
    except OSError:
        return None
    return data[32:] if data[:32] == hashlib.sha256(data[32:]).digest() else None


def write(kernels: Iterable[str], image: bytes) -> None:
    """Keep the object code of these kernels. A full or read-only disk costs the cache, not the run."""
    names = sorted(kernels)
    file = hashlib.sha256("\n".join(names).encode()).hexdigest() + ".o"
    with suppress(OSError):
        _write_whole(folder() / file, hashlib.sha256(image).digest() + image)
        for name in names:
            _point(folder() / name, file)
        _trim_once()


def _write_whole(place: Path, data: bytes) -> None:
    """Written aside and renamed, so that nobody ever reads half a file."""
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=place.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, place)
    except OSError:
        if name:
            Path(name).unlink(missing_ok=True)
        raise


def _point(link: Path, file: str) -> None:
    """Let the name lead to this file, wherever it led before."""
    try:
        os.symlink(file, link)
    except FileExistsError:
        link.unlink(missing_ok=True)
        with suppress(FileExistsError):  # another process was faster: its file is as good
            os.symlink(file, link)


@cache
def _trim_once() -> None:
    """A process that adds to the folder looks once whether it has become too large."""
    trim(LIMIT)


def trim(limit: int) -> None:
    """Take away what was not used for longest, if the folder holds more than so many bytes."""
    files, links = [], []
    for entry in os.scandir(folder()):
        if entry.is_symlink():
            links.append(entry)
        else:
            with suppress(OSError):
                files.append((entry.stat().st_mtime, entry.stat().st_size, entry.path))
    total = sum(size for _, size, _ in files)
    if total <= limit:
        return
    for _, size, path in sorted(files):
        if total <= limit * KEPT:
            break
        Path(path).unlink(missing_ok=True)
        total -= size
    for entry in links:
        if not os.path.exists(entry.path):
            Path(entry.path).unlink(missing_ok=True)
