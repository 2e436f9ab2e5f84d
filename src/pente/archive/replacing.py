"""A new file in the place of an old one: all of it, or nothing."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["replacing"]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of ``path`` when all of it is on the disk.

    It is written beside its place under a name of its own, synced, and then moved, which is one step for the file
    system: whoever looks finds the old file or the new one, also after a crash, and where the disk is full the old one.
    A link stays a link, and what it points to is replaced.
    """
    target = Path(os.path.realpath(path))
    _require_place(target)
    part = target.with_name(f".{os.urandom(8).hex()}.part")
    try:
        with open(part, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        os.replace(part, target)
        _sync(target.parent)
    except OSError as error:
        error.add_note(f"{target} is as it was before.")
        raise
    finally:
        part.unlink(missing_ok=True)


def _require_place(target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(f"{str(target)!r} is a folder: name a file in it.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(target.parent)!r} to save {target.name} in: make it first.")


def _sync(folder: Path) -> None:
    """Let the folder's new entry reach the disk, where the system knows how."""
    with suppress(OSError):
        entry = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)
