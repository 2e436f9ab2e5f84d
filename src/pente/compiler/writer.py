"""LLVM IR as text: fresh names, blocks, and counted loops that carry values."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["Function", "Kernel", "Span", "Writer"]

Carried = Sequence[tuple[str, str]]


class Function(NamedTuple):
    """What kernels call: ``NAME`` with arguments of its own. All kernels of all programs share one that reads so."""

    kind: str
    text: str


class Span(NamedTuple):
    """So many pieces of a kernel work on so many numbers of an operand, the next ones on the next, and so on."""

    units: int
    numbers: int


class Kernel(NamedTuple):
    """A function in IR, and into how many equal pieces of work it may be cut.

    ``NAME(addresses, operands, first, last, part)`` does the pieces from first to last: an operand is a place in the
    table of addresses; ``part`` is the thread that calls it. ``scratch`` is how many bytes each thread needs for
    itself: the last operand then is a buffer of so many bytes for every thread there may be. ``spans`` say for each
    operand which numbers belong to which piece, where that is so. ``beside`` are functions that it calls and numbers
    that are no part of the text; they stand before the operands, the first one just before them.
    """

    text: str
    units: int
    beside: tuple[Function | int, ...] = ()
    scratch: int = 0
    spans: tuple["Span | None", ...] = ()

    @property
    def texts(self) -> list[str]:
        """Its own, and those of the functions that it calls."""
        return [self.text, *[x.text for x in self.beside if isinstance(x, Function)]]


class Writer:
    """The body of one function, written from top to bottom."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self.beside: list[Function | int] = []
        self.block = "body"
        self.units = 1
        self.scratch = 0
        self._count = 0

    def fresh(self, stem: str = "v") -> str:
        self._count += 1
        return f"%{stem}{self._count}"

    def put(self, text: str, stem: str = "v") -> str:
        """Write an instruction that has a result; returns its name."""
        name = self.fresh(stem)
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """Write an instruction that has none."""
        self.lines.append(f"  {text}")

    def declare(self, text: str) -> None:
        """What the function calls from outside."""
        self.declared.add(f"declare {text}")

    def open(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.block = label

    def shifted(self, kind: str, pointer: str, by: str) -> str:
        """So many numbers behind a pointer."""
        return pointer if by == "0" else self.put(f"getelementptr {kind}, ptr {pointer}, i64 {by}")

    def pointer(self, i: int, kind: str, offset: int) -> str:
        """Where operand i begins: so many elements behind what the table of addresses names."""
        index = self.put(f"load i64, ptr {self.put(f'getelementptr i64, ptr %operands, i64 {i}')}")
        base = self.put(f"load ptr, ptr {self.put(f'getelementptr ptr, ptr %addresses, i64 {index}')}")
        return self.shifted(kind, base, self.number(offset) if offset else "0")

    def share(self, units: int) -> tuple[str, str]:
        """Cut the kernel into so many equal pieces: the first to be done in this call, and the first that is not."""
        self.units = units
        return "%first", "%last"

    def number(self, value: int) -> str:
        """A number that is no part of the text: kernels that differ in it alone are one."""
        self.beside.append(value)
        return self.put(f"load i64, ptr {self._before(len(self.beside))}")

    def call(self, function: Function, *arguments: str) -> None:
        """Call a function that gives nothing back."""
        if function not in self.beside:
            self.beside.append(function)
        address = self.put(f"load ptr, ptr {self._before(self.beside.index(function) + 1)}")
        self.do(f"call void {address}({', '.join(arguments)})")

    def _before(self, place: int) -> str:
        return self.put(f"getelementptr i64, ptr %operands, i64 {-place}")

    def when(self, condition: str, body: Callable[[], None]) -> None:
        """Do this only where the condition holds."""
        self._count += 1
        inside, past = f"when{self._count}", f"past{self._count}"
        self.do(f"br i1 {condition}, label %{inside}, label %{past}")
        self.open(inside)
        body()
        self.do(f"br label %{past}")
        self.open(past)

    def some(self, start: str, stop: str, step: int | str, body: Callable[[str], None]) -> None:
        """for i in range(start, stop, step), with bounds that are known when it runs; it may run not at all."""
        self._count += 1
        inside, past = f"some{self._count}", f"past{self._count}"
        self.do(f"br i1 {self.put(f'icmp slt i64 {start}, {stop}')}, label %{inside}, label %{past}")
        self.open(inside)

        def once(i: str, _: list[str]) -> list[str]:
            body(i)
            return []

        self.loop(start, stop, step, once)
        self.do(f"br label %{past}")
        self.open(past)

    def kernel(self) -> Kernel:
        """What was written, as a kernel."""
        text = self._text("@NAME(ptr noalias %addresses, ptr noalias %operands, i64 %first, i64 %last, i64 %part)")
        return Kernel(text, self.units, tuple(self.beside), self.scratch)

    def function(self, kind: str, arguments: str) -> Function:
        """What was written, as a function with these arguments."""
        return Function(kind, self._text(f"@NAME({arguments})"))

    def _text(self, head: str) -> str:
        body, declared = "\n".join(self.lines), "\n".join(sorted(self.declared))
        head = f'define void {head} "prefer-vector-width"="512" {{'
        return f"{declared}\n{head}\nentry:\n  br label %body\nbody:\n{body}\n  ret void\n}}"

    def loop(
        self, start: str, stop: str, step: int | str, body: Callable[[str, list[str]], list[str]], carried: Carried = ()
    ) -> list[str]:
        """for i in range(start, stop, step), run at least once; the body takes and returns what it carries."""
        self._count += 1
        head, leave = f"loop{self._count}", f"done{self._count}"
        before, index, following = self.block, self.fresh("i"), self.fresh("n")
        names = [self.fresh("c") for _ in carried]
        self.do(f"br label %{head}")
        self.open(head)
        place = len(self.lines)
        results = body(index, names)
        self.do(f"{following} = add i64 {index}, {step}")
        self.do(f"%more{self._count_of(following)} = icmp slt i64 {following}, {stop}")
        self.do(f"br i1 %more{self._count_of(following)}, label %{head}, label %{leave}")
        phis = [f"  {index} = phi i64 [{start}, %{before}], [{following}, %{self.block}]"]
        phis += [
            f"  {name} = phi {kind} [{first}, %{before}], [{last}, %{self.block}]"
            for name, (kind, first), last in zip(names, carried, results, strict=True)
        ]
        self.lines[place:place] = phis
        self.open(leave)
        return results

    def _count_of(self, name: str) -> str:
        return name[2:]
