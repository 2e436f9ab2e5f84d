"""How fast this machine multiplies and adds: independent fused multiply-adds on registers, with nothing from memory.

The vectors have 4, 8 or 16 floats, and the fastest counts: which one that is depends on the processor.
"""

import ctypes
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from pente.compiler import llvm
from pente.compiler.writer import Kernel

__all__ = ["peak"]

LANES = (4, 8, 16)
SUMS = 12  # enough for two units that each take four or five cycles, and few enough for sixteen registers
TIMES, TRIES = 500_000, 20


def ir(lanes: int) -> str:
    """A loop over SUMS multiply-adds, each of which waits only for itself."""
    vector = f"<{lanes} x float>"
    fma = f"@llvm.fmuladd.v{lanes}f32"
    lines = [
        "define void @NAME(i64 %times, ptr %x) {",
        "start:",
        f"%a = load {vector}, ptr %x, align 4",
        "br label %again",
    ]
    lines += ["again:", "%i = phi i64 [0, %start], [%next, %again]"]
    lines += [f"%s{k} = phi {vector} [zeroinitializer, %start], [%t{k}, %again]" for k in range(SUMS)]
    lines += [f"%t{k} = call {vector} {fma}({vector} %a, {vector} %a, {vector} %s{k})" for k in range(SUMS)]
    lines += ["%next = add i64 %i, 1", "%more = icmp ult i64 %next, %times", "br i1 %more, label %again, label %end"]
    lines += ["end:", *(f"store volatile {vector} %t{k}, ptr %x, align 4" for k in range(SUMS)), "ret void", "}"]
    return "\n".join([f"declare {vector} {fma}({vector}, {vector}, {vector})", *lines])


@cache
def loops() -> tuple[Any, dict[int, Callable[..., None]]]:
    """The loaded code, which must be kept, and the loop for each number of lanes."""
    kernels = {lanes: Kernel(ir(lanes), 1) for lanes in LANES}
    code = llvm.load(kernels.values())
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)
    return code, {lanes: kind(code.addresses[kernel.text]) for lanes, kernel in kernels.items()}


def rate(lanes: int, pool: ThreadPoolExecutor, threads: int) -> float:
    """Operations a second of so many threads at once; a native call lets the others run."""
    _, found = loops()
    numbers = [np.full(64, 1e-3, np.float32) for _ in range(threads)]
    start = time.perf_counter()
    list(pool.map(lambda x: found[lanes](TIMES, x.ctypes.data), numbers))
    return 2.0 * lanes * SUMS * TIMES * threads / (time.perf_counter() - start)


def peak(threads: int) -> float:
    """The most operations a second that were seen; a multiply-add is two."""
    with ThreadPoolExecutor(threads) as pool:
        return max(rate(lanes, pool, threads) for _ in range(TRIES) for lanes in LANES)
