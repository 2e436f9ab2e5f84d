"""From LLVM IR text to the address of native code, through object code that is kept on disk.

The IR spells out its vectors, so no pass pipeline is run: it would cost four times the time and gain nothing. A kernel
is compiled once for each text, processor and version, whatever program it is part of; the object code is the cache.
"""

import hashlib
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cache as once
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from pente.compiler import cache
from pente.compiler.writer import Kernel
from pente.errors import UnknownNameError

__all__ = ["PROCESSORS", "Loaded", "available", "has_wide_registers", "load"]

PROCESSORS = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")


@once
def available() -> bool:
    """Whether llvmlite is there, and not switched off with PENTE_NATIVE=0."""
    if os.environ.get("PENTE_NATIVE", "1") == "0":
        return False
    try:
        import llvmlite.binding  # noqa: F401
    except ImportError:
        return False
    return True


@once
def _machine() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=_cpu()[0], features=_cpu()[1], opt=1, jit=True)


@once
def _cpu() -> tuple[str, str]:
    """Name and features of the processor: this one, or a plainer one named in PENTE_CPU, as x86-64-v3 for AVX2."""
    chosen = os.environ.get("PENTE_CPU")
    if chosen:
        if chosen not in PROCESSORS:  # LLVM would end the process
            raise UnknownNameError("processor for PENTE_CPU", chosen, PROCESSORS)
        return chosen, ""
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def has_wide_registers() -> bool:
    """Whether the processor has 32 registers of 512 bits."""
    name, features = _cpu()
    return name == "x86-64-v4" or "+avx512f" in features.split(",")


class Library:
    """Loaded object code; its addresses hold for as long as it is kept."""

    def __init__(self, image: bytes, names: Sequence[str]) -> None:
        import llvmlite.binding as llvm

        self._lljit = llvm.create_lljit_compiler(_machine(), use_jit_link=False, suppress_errors=False)
        builder = llvm.JITLibraryBuilder().add_object_img(image).add_current_process()
        for name in names:
            builder = builder.export_symbol(name)
        self._tracker = builder.link(self._lljit, names[0])
        self.addresses = {name: self._tracker[name] for name in names}


class Loaded(NamedTuple):
    """Addresses of kernels and of what they call, by their texts; and what must be kept while they are used."""

    addresses: dict[str, int]
    libraries: tuple[Library, ...]


_building = threading.Lock()
_living: WeakValueDictionary[str, Library] = WeakValueDictionary()  # by the names in it that were asked for


def load(kernels: Iterable[Kernel]) -> Loaded:
    """The native code of these kernels and of what they call: of living programs, from the cache, or compiled now.

    What is to be compiled goes into one module, since each costs a millisecond of its own. One at a time: LLVM has one
    lock for all threads.
    """
    named = {_name(text): text for text in dict.fromkeys(text for kernel in kernels for text in kernel.texts)}
    with _building:
        found = {name: library for name in named if (library := _living.get(name)) is not None}
        for file, names in _files(name for name in named if name not in found):
            library = _kept(file, names)
            found.update(dict.fromkeys(names, library) if library is not None else {})
        rest = [name for name in named if name not in found]
        if rest:
            image = _compile(_module({name: named[name] for name in rest}))
            cache.write(rest, image)
            found.update(dict.fromkeys(rest, Library(image, rest)))
        _living.update(found)
    addresses = {named[name]: library.addresses[name] for name, library in found.items()}
    return Loaded(addresses, tuple(dict.fromkeys(found.values())))


def _name(text: str) -> str:
    """What a function is called in object code and in the cache: it tells processor, version and text."""
    digest = _origin().copy()
    digest.update(text.encode())
    return f"k{digest.hexdigest()[:32]}"


@once
def _origin() -> Any:
    import llvmlite

    return hashlib.sha256("\n".join([llvmlite.__version__, *_cpu(), ""]).encode())


def _files(names: Iterable[str]) -> Iterable[tuple[str, list[str]]]:
    """The files of the cache that hold these functions, and which they hold."""
    files: dict[str, list[str]] = {}
    for name in names:
        file = cache.find(name)
        if file is not None:
            files.setdefault(file, []).append(name)
    return files.items()


def _kept(file: str, names: Sequence[str]) -> Library | None:
    """A file of the cache, unless it is damaged."""
    image = cache.read(file)
    try:
        return None if image is None else Library(image, names)
    except RuntimeError:
        return None


def _module(texts: Mapping[str, str]) -> str:
    """Functions under their names in one text. What they call from outside is declared once."""
    lines = [line for name, text in texts.items() for line in text.replace("@NAME(", f"@{name}(").splitlines()]
    declared = sorted({line for line in lines if line.startswith("declare ")})
    return "\n".join([*declared, *[line for line in lines if not line.startswith("declare ")]])


def _compile(ir: str) -> bytes:
    import llvmlite.binding as llvm

    context = llvm.create_context()
    module = llvm.parse_assembly(ir, context)
    module.verify()
    image: bytes = _machine().emit_object(module)
    return image
