"""The native loop that walks a table, and the barrier at which threads meet."""

import ctypes
import platform
import threading
from typing import Any

from pente.compiler import llvm

__all__ = ["walk"]

_LOOP = """
declare i32 @sched_yield()
define void @meet(ptr %arrived, i64 %threads) {
entry:
  %round = getelementptr i8, ptr %arrived, i64 256
  %mine = load atomic i64, ptr %round acquire, align 8
  %before = atomicrmw add ptr %arrived, i64 1 acq_rel
  %all = add i64 %before, 1
  %last = icmp eq i64 %all, %threads
  br i1 %last, label %release, label %spin
release:
  store atomic i64 0, ptr %arrived monotonic, align 8
  %next = add i64 %mine, 1
  store atomic i64 %next, ptr %round release, align 8
  ret void
spin:
  %tries = phi i64 [0, %entry], [%more, %again]
  %now = load atomic i64, ptr %round acquire, align 8
  %free = icmp ne i64 %now, %mine
  br i1 %free, label %out, label %wait
wait:
  PAUSE
  %more = add i64 %tries, 1
  %low = and i64 %more, 4095
  %tired = icmp eq i64 %low, 0
  br i1 %tired, label %yield, label %again
yield:
  %ignored = call i32 @sched_yield()
  br label %again
again:
  br label %spin
out:
  ret void
}
define void @walk(ptr %rows, ptr %addresses, i64 %from, i64 %to, i64 %part, i64 %parts, ptr %meeting) {
entry:
  ENTER
  %several = icmp sgt i64 %parts, 1
  br label %loop
loop:
  %i = phi i64 [%from, %entry], [%next, %after]
  %at = mul i64 %i, 4
  %place = getelementptr i64, ptr %rows, i64 %at
  %kernel = load ptr, ptr %place
  %second = getelementptr i64, ptr %place, i64 1
  %operands = load ptr, ptr %second
  %fourth = getelementptr i64, ptr %place, i64 3
  %units = load i64, ptr %fourth
  %low = mul i64 %units, %part
  %first = udiv i64 %low, %parts
  %high = add i64 %low, %units
  %last = udiv i64 %high, %parts
  %busy = icmp slt i64 %first, %last
  br i1 %busy, label %call, label %called
call:
  call void %kernel(ptr %addresses, ptr %operands, i64 %first, i64 %last, i64 %part)
  br label %called
called:
  %next = add i64 %i, 1
  %going = icmp slt i64 %next, %to
  %third = getelementptr i64, ptr %place, i64 2
  %flag = load i64, ptr %third
  %asked = icmp ne i64 %flag, 0
  %ended = xor i1 %going, true
  %needed = or i1 %asked, %ended
  %join = and i1 %needed, %several
  br i1 %join, label %barrier, label %after
barrier:
  call void @meet(ptr %meeting, i64 %parts)
  br label %after
after:
  br i1 %going, label %loop, label %done
done:
  LEAVE
  ret void
}
"""

# Numbers too small for the normal form are taken as 0 inside (they make a convolution fifty times slower), and the
# caller's setting is put back.
_ENTER = """%saved = alloca i32
  %flushing = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %saved)
  %old = load i32, ptr %saved
  %new = or i32 %old, 32832
  store i32 %new, ptr %flushing
  call void @llvm.x86.sse.ldmxcsr(ptr %flushing)"""
_LEAVE = "call void @llvm.x86.sse.ldmxcsr(ptr %saved)"
_DECLARED = "declare void @llvm.x86.sse.stmxcsr(ptr)\ndeclare void @llvm.x86.sse.ldmxcsr(ptr)\n"


_Walk = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 4, ctypes.c_void_p)


_made: list[Any] = []  # the library and its function, kept for good: all programs run through it
_making = threading.Lock()


def walk() -> Any:
    """The native ``walk(rows, addresses, from, to, part, parts, meeting)``, made once."""
    with _making:
        if not _made:
            library = llvm.build(_ir(), ["walk"])
            _made.extend((library, _Walk(library.addresses["walk"])))
    return _made[1]


def _ir() -> str:
    """``walk(rows, addresses, from, to, part, parts, meeting)``: a row is a kernel, its operands, whether to meet."""
    intel = platform.machine().lower() in ("x86_64", "amd64")
    pause = 'call void asm sideeffect "pause", ""()' if intel else 'call void asm sideeffect "yield", ""()'
    text = _LOOP.replace("PAUSE", pause)
    return text.replace("ENTER", _ENTER if intel else "").replace("LEAVE", _LEAVE if intel else "") + (
        _DECLARED if intel else ""
    )
