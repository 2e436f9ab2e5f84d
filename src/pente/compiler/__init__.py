"""The compiler: a function is traced once and becomes a table of calls that runs without Python's detours."""

from pente.compiler.jit import Jitted, jit

__all__ = ["Jitted", "jit"]
