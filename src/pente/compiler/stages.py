"""What the stages of a program say, as native code.

A stage is a list of tasks; or it is a sign: the begin or end of a loop, a stop, or a check of the words that tell of a
bad index. ``perform`` does one task, and ``settle`` follows the signs to the next list of tasks.

A program is four words: its calls (kernel, operands, first, last), where each task's calls begin, its stages (kind
and two numbers), and its table of addresses. A loop is [left, length, first stage, moves] and, for each move, the
address that changes, the address it starts from, how far behind that, this step's change, the next one's, and the
first one's.
"""

__all__ = ["BEGIN", "CHECK", "END", "STAGES", "STOP", "TASKS"]

TASKS, BEGIN, END, STOP, CHECK = range(5)  # kinds of stages

STAGES = """
define internal void @perform(ptr %program, i64 %task, i64 %part) {
entry:
  %calls = load ptr, ptr %program
  %p1 = getelementptr i64, ptr %program, i64 1
  %tasks = load ptr, ptr %p1
  %p3 = getelementptr i64, ptr %program, i64 3
  %addresses = load ptr, ptr %p3
  %here = getelementptr i64, ptr %tasks, i64 %task
  %from = load i64, ptr %here
  %there = getelementptr i64, ptr %here, i64 1
  %to = load i64, ptr %there
  br label %loop
loop:
  %i = phi i64 [%from, %entry], [%next, %loop]
  %call = getelementptr [4 x i64], ptr %calls, i64 %i
  %kernel = load ptr, ptr %call
  %c1 = getelementptr i64, ptr %call, i64 1
  %operands = load ptr, ptr %c1
  %c2 = getelementptr i64, ptr %call, i64 2
  %first = load i64, ptr %c2
  %c3 = getelementptr i64, ptr %call, i64 3
  %last = load i64, ptr %c3
  call void %kernel(ptr %addresses, ptr %operands, i64 %first, i64 %last, i64 %part)
  %next = add i64 %i, 1
  %going = icmp slt i64 %next, %to
  br i1 %going, label %loop, label %done
done:
  ret void
}

define internal void @move(ptr %program, ptr %loop, i1 %anew) {
entry:
  %p3 = getelementptr i64, ptr %program, i64 3
  %addresses = load ptr, ptr %p3
  %l3 = getelementptr i64, ptr %loop, i64 3
  %count = load i64, ptr %l3
  %moves = getelementptr i64, ptr %loop, i64 4
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %each, label %done
each:
  %i = phi i64 [0, %entry], [%next, %moved]
  %move = getelementptr [6 x i64], ptr %moves, i64 %i
  %slot = load i64, ptr %move
  %place = getelementptr i64, ptr %addresses, i64 %slot
  %m3 = getelementptr i64, ptr %move, i64 3
  %m4 = getelementptr i64, ptr %move, i64 4
  br i1 %anew, label %start, label %step
start:
  %m1 = getelementptr i64, ptr %move, i64 1
  %base = load i64, ptr %m1
  %origin = getelementptr i64, ptr %addresses, i64 %base
  %address = load i64, ptr %origin
  %m2 = getelementptr i64, ptr %move, i64 2
  %behind = load i64, ptr %m2
  %begin = add i64 %address, %behind
  store i64 %begin, ptr %place
  %m5 = getelementptr i64, ptr %move, i64 5
  %first = load i64, ptr %m5
  %old3 = load i64, ptr %m3
  %old4 = load i64, ptr %m4
  %sum = add i64 %old3, %old4
  %second = sub i64 %sum, %first
  store i64 %first, ptr %m3
  store i64 %second, ptr %m4
  br label %moved
step:
  %now = load i64, ptr %place
  %by = load i64, ptr %m3
  %other = load i64, ptr %m4
  %then = add i64 %now, %by
  store i64 %then, ptr %place
  store i64 %other, ptr %m3
  store i64 %by, ptr %m4
  br label %moved
moved:
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %count
  br i1 %more, label %each, label %done
done:
  ret void
}

; The first list of tasks from stage i on, after the signs before it; or -1 - i where the run stops.
define internal i64 @settle(ptr %program, i64 %start, i64 %to) {
entry:
  %p2 = getelementptr i64, ptr %program, i64 2
  %stages = load ptr, ptr %p2
  br label %look
look:
  %i = phi i64 [%start, %entry], [%after, %begin], [%past, %out], [%back, %again], [%on, %good]
  %ended = icmp sge i64 %i, %to
  br i1 %ended, label %stop, label %read
read:
  %stage = getelementptr [3 x i64], ptr %stages, i64 %i
  %kind = load i64, ptr %stage
  %s1 = getelementptr i64, ptr %stage, i64 1
  %a = load i64, ptr %s1
  %loop = inttoptr i64 %a to ptr
  switch i64 %kind, label %stop [i64 0, label %tasks
    i64 1, label %begin
    i64 2, label %end
    i64 4, label %check]
tasks:
  ret i64 %i
stop:
  %told = sub i64 -1, %i
  ret i64 %told
begin:
  %l1 = getelementptr i64, ptr %loop, i64 1
  %length = load i64, ptr %l1
  store i64 %length, ptr %loop
  call void @move(ptr %program, ptr %loop, i1 true)
  %after = add i64 %i, 1
  br label %look
end:
  %before = load i64, ptr %loop
  %left = sub i64 %before, 1
  store i64 %left, ptr %loop
  %more = icmp sgt i64 %left, 0
  br i1 %more, label %again, label %out
out:
  %past = add i64 %i, 1
  br label %look
again:
  call void @move(ptr %program, ptr %loop, i1 false)
  %l2 = getelementptr i64, ptr %loop, i64 2
  %back = load i64, ptr %l2
  br label %look
check:
  %s2 = getelementptr i64, ptr %stage, i64 2
  %count = load i64, ptr %s2
  br label %words
words:
  %w = phi i64 [0, %check], [%wn, %word]
  %rest = icmp slt i64 %w, %count
  br i1 %rest, label %word, label %good
word:
  %at = getelementptr ptr, ptr %loop, i64 %w
  %where = load ptr, ptr %at
  %flag = load i64, ptr %where
  %bad = icmp ne i64 %flag, 0
  %wn = add i64 %w, 1
  br i1 %bad, label %stop, label %words
good:
  %on = add i64 %i, 1
  br label %look
}
"""
