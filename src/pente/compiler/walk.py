"""The native loop that runs a program: what the stages say, on one thread or on several at once.

A stage is a list of tasks that may run side by side, a task a list of kernel calls one after the other. Every thread
claims tasks of the stage that is open: first those of its own share, so that it finds in its cache what it wrote
before, then those that the others have not come to. Whoever finishes the last task opens the next stage. Nobody waits
for a thread that does not come: one that the system keeps from running holds up at most the task it is in the middle
of.

What the threads share is one array of words (``BLOCK``), in lines of 16 so that two threads do not fight for one line:

    line 0  the serial number of the open stage: odd while it is being changed
    line 1  its first task, how many tasks, the program, whether a run goes on, where it stopped, where it ends,
            threads, whether thread 0 was held up
    line 2  how many of its tasks are done
    line 3  whether the helpers are to leave
    then for each thread a line with its claims (serial number and next task of its share), and one that says it sleeps

"""

import ctypes
import platform
import threading
from typing import Any, NamedTuple

from pente.compiler import llvm
from pente.compiler.stages import STAGES
from pente.compiler.writer import Kernel

__all__ = [
    "BLOCK",
    "CLOSED",
    "HELD_UP",
    "MOST_THREADS",
    "Walk",
    "sleeping",
    "walk",
]

MOST_THREADS = 64
HELD_UP = 16 + 7
CLOSED = 3 * 16
_THREADS_FROM = 4 * 16
BLOCK = _THREADS_FROM + MOST_THREADS * 32


def sleeping(part: int) -> int:
    """The word that says whether this helper sleeps."""
    return _THREADS_FROM + part * 32 + 16


_RUN = """
declare i32 @sched_yield()

; Open stage i, or end the run where i is negative. Only where no task is open.
define internal void @publish(ptr %block, ptr %program, i64 %i) {
entry:
  %serial = load atomic i64, ptr %block monotonic, align 8
  %odd = add i64 %serial, 1
  store atomic i64 %odd, ptr %block monotonic, align 8
  fence release
  %w0 = getelementptr i64, ptr %block, i64 16
  %w1 = getelementptr i64, ptr %block, i64 17
  %w3 = getelementptr i64, ptr %block, i64 19
  %done = getelementptr i64, ptr %block, i64 32
  store atomic i64 0, ptr %done monotonic, align 8
  %w6 = getelementptr i64, ptr %block, i64 22
  %w7 = getelementptr i64, ptr %block, i64 23
  %held = load atomic i64, ptr %w7 monotonic, align 8
  %up = icmp ne i64 %held, 0
  %asked = load atomic i64, ptr %w6 monotonic, align 8
  %threads = select i1 %up, i64 1, i64 %asked
  store atomic i64 %threads, ptr %w6 monotonic, align 8
  %runs = icmp sge i64 %i, 0
  br i1 %runs, label %stage, label %stop
stage:
  %p2 = getelementptr i64, ptr %program, i64 2
  %stages = load ptr, ptr %p2
  %place = getelementptr [3 x i64], ptr %stages, i64 %i
  %s1 = getelementptr i64, ptr %place, i64 1
  %a = load i64, ptr %s1
  %s2 = getelementptr i64, ptr %place, i64 2
  %b = load i64, ptr %s2
  %count = sub i64 %b, %a
  %w4 = getelementptr i64, ptr %block, i64 20
  store atomic i64 %a, ptr %w0 monotonic, align 8
  store atomic i64 %count, ptr %w1 monotonic, align 8
  store atomic i64 1, ptr %w3 monotonic, align 8
  store atomic i64 %i, ptr %w4 monotonic, align 8
  br label %open
stop:
  %w4s = getelementptr i64, ptr %block, i64 20
  store atomic i64 0, ptr %w1 monotonic, align 8
  store atomic i64 0, ptr %w3 monotonic, align 8
  store atomic i64 %i, ptr %w4s monotonic, align 8
  br label %open
open:
  %even = add i64 %serial, 2
  store atomic i64 %even, ptr %block release, align 8
  ret void
}

; Claim tasks until the run ends (thread 0) or nothing has come for a while (helpers: 1 if they are to sleep).
define internal i64 @work(ptr %block, i64 %part) {
entry:
  %doing = getelementptr i64, ptr %block, i64 32
  %leave = getelementptr i64, ptr %block, i64 CLOSED
  %helper = icmp ne i64 %part, 0
  %line = mul i64 %part, 32
  %own = add i64 %line, THREADS_FROM_16
  %asleep = getelementptr i64, ptr %block, i64 %own
  %w0 = getelementptr i64, ptr %block, i64 16
  %w1 = getelementptr i64, ptr %block, i64 17
  %w2 = getelementptr i64, ptr %block, i64 18
  %w3 = getelementptr i64, ptr %block, i64 19
  %w4 = getelementptr i64, ptr %block, i64 20
  %w5 = getelementptr i64, ptr %block, i64 21
  %w6 = getelementptr i64, ptr %block, i64 22
  br label %read
read:
  %serial = load atomic i64, ptr %block acquire, align 8
  %low = and i64 %serial, 1
  %changing = icmp ne i64 %low, 0
  br i1 %changing, label %torn, label %describe
torn:
  PAUSE
  br label %read
describe:
  %first = load atomic i64, ptr %w0 monotonic, align 8
  %count = load atomic i64, ptr %w1 monotonic, align 8
  %program.i = load atomic i64, ptr %w2 monotonic, align 8
  %running = load atomic i64, ptr %w3 monotonic, align 8
  %stage = load atomic i64, ptr %w4 monotonic, align 8
  %to = load atomic i64, ptr %w5 monotonic, align 8
  %parts = load atomic i64, ptr %w6 monotonic, align 8
  fence acquire
  %again = load atomic i64, ptr %block monotonic, align 8
  %same = icmp eq i64 %again, %serial
  br i1 %same, label %whole, label %stale
stale:
  br label %read
whole:
  %program = inttoptr i64 %program.i to ptr
  %live = icmp ne i64 %running, 0
  br i1 %live, label %mine, label %ended
ended:
  br i1 %helper, label %wait, label %out
mine:
  %belongs = icmp slt i64 %part, %parts
  br i1 %belongs, label %shares, label %wait

shares:
  %v = phi i64 [0, %mine], [%vn, %exhausted]
  %made = phi i64 [0, %mine], [%total, %exhausted]
  %turned = add i64 %part, %v
  %share = urem i64 %turned, %parts
  %lowest = mul i64 %share, %count
  %spare = sub i64 %parts, 1
  %lift = add i64 %lowest, %spare
  %begin = udiv i64 %lift, %parts
  %lifted = add i64 %lift, %count
  %end = udiv i64 %lifted, %parts
  %sline = mul i64 %share, 32
  %splace = add i64 %sline, THREADS_FROM
  %claims = getelementptr i64, ptr %block, i64 %splace
  br label %claim
claim:
  %total = phi i64 [%made, %shares], [%total, %lost], [%one, %performed]
  %word = load atomic i64, ptr %claims acquire, align 8
  %tag = lshr i64 %word, 24
  %half = lshr i64 %serial, 1
  %ours = icmp eq i64 %tag, %half
  %newer = icmp ugt i64 %tag, %half
  %number = and i64 %word, 16777215
  %next = select i1 %ours, i64 %number, i64 %begin
  %none = icmp sge i64 %next, %end
  %nothing = or i1 %newer, %none
  br i1 %nothing, label %exhausted, label %try
try:
  %tagged = shl i64 %half, 24
  %following = add i64 %next, 1
  %new = or i64 %tagged, %following
  %pair = cmpxchg ptr %claims, i64 %word, i64 %new acq_rel acquire
  %won = extractvalue {i64, i1} %pair, 1
  br i1 %won, label %do, label %lost
lost:
  br label %claim
do:
  %task = add i64 %first, %next
  call void @perform(ptr %program, i64 %task, i64 %part)
  br label %performed
performed:
  %one = add i64 %total, 1
  br label %claim
exhausted:
  %vn = add i64 %v, 1
  %around = icmp slt i64 %vn, %parts
  br i1 %around, label %shares, label %finish

finish:
  %some = icmp sgt i64 %total, 0
  br i1 %some, label %tell, label %wait
tell:
  %before = atomicrmw add ptr %doing, i64 %total acq_rel
  %sum = add i64 %before, %total
  %all = icmp eq i64 %sum, %count
  br i1 %all, label %onward, label %wait
onward:
  %further = add i64 %stage, 1
  %open = call i64 @settle(ptr %program, i64 %further, i64 %to)
  call void @publish(ptr %block, ptr %program, i64 %open)
  br label %opened
opened:
  br label %read

wait:
  %patience = phi i64 [PATIENCE, %ended], [LONG, %mine], [LONG, %finish], [LONG, %tell]
  br label %spin
spin:
  %tries = phi i64 [0, %wait], [%more, %calm]
  %now = load atomic i64, ptr %block acquire, align 8
  %other = icmp ne i64 %now, %serial
  br i1 %other, label %fresh, label %pause
fresh:
  br label %read
pause:
  PAUSE
  %more = add i64 %tries, 1
  %bits = and i64 %more, 4095
  %tired = icmp eq i64 %bits, 0
  br i1 %tired, label %yield, label %calm
yield:
  %ignored = call i32 @sched_yield()
  %closed = load atomic i64, ptr %leave acquire, align 8
  %shut = icmp ne i64 %closed, 0
  %late = icmp sge i64 %more, %patience
  %enough = or i1 %shut, %late
  %leaving = and i1 %enough, %helper
  br i1 %leaving, label %sleep, label %kept
kept:
  %long = icmp sge i64 %more, HELD
  %main = xor i1 %helper, true
  %stuck = and i1 %long, %main
  br i1 %stuck, label %alone, label %calm
alone:
  %w7 = getelementptr i64, ptr %block, i64 23
  store atomic i64 1, ptr %w7 monotonic, align 8
  br label %calm
calm:
  br label %spin
sleep:
  store atomic i64 1, ptr %asleep seq_cst, align 8
  %last = load atomic i64, ptr %block seq_cst, align 8
  %missed = icmp ne i64 %last, %serial
  %stay = xor i1 %shut, true
  %return = and i1 %missed, %stay
  br i1 %return, label %wake, label %gone
wake:
  %was = atomicrmw xchg ptr %asleep, i64 0 seq_cst
  %unseen = icmp ne i64 %was, 0
  br i1 %unseen, label %fresh, label %gone
gone:
  ret i64 1
out:
  ret i64 %stage
}

define internal i64 @together(ptr %block, ptr %program, i64 %from, i64 %to, i64 %parts) {
entry:
  ENTER
  %open = call i64 @settle(ptr %program, i64 %from, i64 %to)
  %runs = icmp sge i64 %open, 0
  br i1 %runs, label %go, label %out
go:
  %serial = load atomic i64, ptr %block monotonic, align 8
  %half = lshr i64 %serial, 1
  %full = shl i64 %half, 24
  %used = or i64 %full, 16777215
  br label %clear
clear:
  %p = phi i64 [0, %go], [%pn, %clear]
  %line = mul i64 %p, 32
  %place = add i64 %line, THREADS_FROM
  %claims = getelementptr i64, ptr %block, i64 %place
  store atomic i64 %used, ptr %claims monotonic, align 8
  %pn = add i64 %p, 1
  %more = icmp slt i64 %pn, %parts
  br i1 %more, label %clear, label %begin
begin:
  %w2 = getelementptr i64, ptr %block, i64 18
  %w5 = getelementptr i64, ptr %block, i64 21
  %w6 = getelementptr i64, ptr %block, i64 22
  %program.i = ptrtoint ptr %program to i64
  store atomic i64 %program.i, ptr %w2 monotonic, align 8
  store atomic i64 %to, ptr %w5 monotonic, align 8
  store atomic i64 %parts, ptr %w6 monotonic, align 8
  call void @publish(ptr %block, ptr %program, i64 %open)
  %stopped = call i64 @work(ptr %block, i64 0)
  br label %out
out:
  %end = phi i64 [%open, %entry], [%stopped, %begin]
  LEAVE
  %told = sub i64 -1, %end
  ret i64 %told
}

define internal i64 @alone(ptr %program, i64 %from, i64 %to) {
entry:
  ENTER
  br label %look
look:
  %i = phi i64 [%from, %entry], [%next, %done]
  %open = call i64 @settle(ptr %program, i64 %i, i64 %to)
  %runs = icmp sge i64 %open, 0
  br i1 %runs, label %stage, label %out
stage:
  %p2 = getelementptr i64, ptr %program, i64 2
  %stages = load ptr, ptr %p2
  %place = getelementptr [3 x i64], ptr %stages, i64 %open
  %s1 = getelementptr i64, ptr %place, i64 1
  %a = load i64, ptr %s1
  %s2 = getelementptr i64, ptr %place, i64 2
  %b = load i64, ptr %s2
  br label %task
task:
  %t = phi i64 [%a, %stage], [%tn, %task]
  call void @perform(ptr %program, i64 %t, i64 0)
  %tn = add i64 %t, 1
  %more = icmp slt i64 %tn, %b
  br i1 %more, label %task, label %done
done:
  %next = add i64 %open, 1
  br label %look
out:
  LEAVE
  %stopped = sub i64 -1, %open
  ret i64 %stopped
}

define internal void @serve(ptr %block, i64 %part) {
entry:
  ENTER
  %ignored = call i64 @work(ptr %block, i64 %part)
  LEAVE
  ret void
}

define void @NAME(ptr %doors) {
entry:
  store ptr @alone, ptr %doors
  %second = getelementptr ptr, ptr %doors, i64 1
  store ptr @together, ptr %second
  %third = getelementptr ptr, ptr %doors, i64 2
  store ptr @serve, ptr %third
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


class Walk(NamedTuple):
    """The native functions. A run goes from one stage to another, and returns the stage at which it stopped."""

    alone: Any  # (program, from, to): on this thread
    together: Any  # (block, program, from, to, threads): this thread is number 0
    serve: Any  # (block, part): what a helper does until nothing has come for a while


_made: list[Any] = []  # the code and its functions, kept for good: all programs run through them
_making = threading.Lock()


def walk() -> Walk:
    """The native functions, made once."""
    with _making:
        if not _made:
            kernel = Kernel(_filled(STAGES + _RUN), 1)
            code = llvm.load([kernel])
            _made.extend((code, _functions(code.addresses[kernel.text])))
    found: Walk = _made[1]
    return found


def _functions(tell: int) -> Walk:
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    doors = (number * 3)()
    ctypes.CFUNCTYPE(None, pointer)(tell)(doors)
    alone = ctypes.CFUNCTYPE(number, pointer, number, number)
    together = ctypes.CFUNCTYPE(number, pointer, pointer, number, number, number)
    return Walk(alone(doors[0]), together(doors[1]), ctypes.CFUNCTYPE(None, pointer, number)(doors[2]))


def _filled(text: str) -> str:
    """The text for this kind of processor."""
    intel = platform.machine().lower() in ("x86_64", "amd64")
    words = {
        "THREADS_FROM_16": str(_THREADS_FROM + 16),
        "THREADS_FROM": str(_THREADS_FROM),
        "CLOSED": str(CLOSED),
        "PATIENCE": str(_PATIENCE),
        "HELD": str(_HELD),
        "LONG": str(1000 * _PATIENCE),
        "PAUSE": 'call void asm sideeffect "pause", ""()' if intel else 'call void asm sideeffect "yield", ""()',
        "ENTER": _ENTER if intel else "",
        "LEAVE": _LEAVE if intel else "",
    }
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text + (_DECLARED if intel else "")


_PATIENCE = 16384  # how often a helper looks for work before it sleeps: some 300 µs
_HELD = 65536  # how often thread 0 looks whether the others are done before it goes on without them: over 1 ms
