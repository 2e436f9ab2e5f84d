"""From LLVM IR text to the address of native code, through object code that is kept on disk.

The IR spells out its vectors, so no pass pipeline is run: it would cost four times the time and gain nothing. A kernel
is compiled once for each text, processor and version; the object code is the cache.
"""

import hashlib
import os
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

from pente.errors import UnknownNameError

__all__ = ["PROCESSORS", "Library", "available", "build"]

_building = threading.Lock()

PROCESSORS = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")


@cache
def available() -> bool:
    """Whether llvmlite is there, and not switched off with PENTE_NATIVE=0."""
    if os.environ.get("PENTE_NATIVE", "1") == "0":
        return False
    try:
        import llvmlite.binding  # noqa: F401
    except ImportError:
        return False
    return True


@cache
def _machine() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=_cpu()[0], features=_cpu()[1], opt=1, jit=True)


@cache
def _cpu() -> tuple[str, str]:
    """Name and features of the processor: this one, or a plainer one named in PENTE_CPU, as x86-64-v3 for AVX2."""
    chosen = os.environ.get("PENTE_CPU")
    if chosen:
        if chosen not in PROCESSORS:  # LLVM would end the process
            raise UnknownNameError("processor for PENTE_CPU", chosen, PROCESSORS)
        return chosen, ""
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


class Library:
    """Loaded object code; its addresses hold for as long as it is kept."""

    def __init__(self, image: bytes, names: list[str]) -> None:
        import llvmlite.binding as llvm

        self._lljit = llvm.create_lljit_compiler(_machine(), use_jit_link=False, suppress_errors=False)
        builder = llvm.JITLibraryBuilder().add_object_img(image).add_current_process()
        for name in names:
            builder = builder.export_symbol(name)
        self._tracker = builder.link(self._lljit, names[0])
        self.addresses = {name: self._tracker[name] for name in names}


def build(ir: str, names: list[str]) -> Library:
    """The native code of a module, from the cache or compiled now; one at a time, as LLVM does it anyway."""
    with _building:
        return _built(ir, names)


def _built(ir: str, names: list[str]) -> Library:
    place = _folder() / f"{_digest(ir)}.o"
    image = _read(place)
    if image is not None:
        try:
            return Library(image[32:], names)
        except RuntimeError:  # a damaged entry is compiled anew
            pass
    compiled = _compile(ir)
    _write(place, compiled)
    return Library(compiled, names)


def _compile(ir: str) -> bytes:
    import llvmlite.binding as llvm

    context = llvm.create_context()
    module = llvm.parse_assembly(ir, context)
    module.verify()
    image: bytes = _machine().emit_object(module)
    return image


def _digest(ir: str) -> str:
    import llvmlite

    return hashlib.sha256("\n".join([llvmlite.__version__, *_cpu(), ir]).encode()).hexdigest()


@cache
def _folder() -> Path:
    """The user's own cache folder, or one for this process alone where that is not safely his."""
    chosen = os.environ.get("PENTE_CACHE")
    folder = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pente"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        if status.st_uid == os.getuid() and not status.st_mode & 0o022:
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="pente-"))


def _read(place: Path) -> bytes | None:
    """The entry, if it is whole: it begins with the digest of the rest."""
    try:
        data = place.read_bytes()
    except OSError:
        return None
    return data if data[:32] == hashlib.sha256(data[32:]).digest() else None


def _write(place: Path, image: bytes) -> None:
    """Written aside and renamed, so that nobody ever reads half an entry."""
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=place.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(image).digest() + image)
        os.replace(name, place)
    except OSError:  # a full or read-only disk costs the cache, not the run
        if name:
            Path(name).unlink(missing_ok=True)
