"""LLVM IR as text: fresh names, blocks, and counted loops that carry values."""

from collections.abc import Callable, Sequence

__all__ = ["Writer"]

Carried = Sequence[tuple[str, str]]


class Writer:
    """The body of one function, written from top to bottom."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self.block = "body"
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

    def share(self, units: int) -> tuple[str, str]:
        """This thread's part of so many equal pieces of work: the first, and the first that is not."""
        after = self.put("add i64 %part, 1")
        ends = [self.put(f"mul i64 {which}, {units}") for which in ("%part", after)]
        first, last = (self.put(f"udiv i64 {end}, %parts") for end in ends)
        return first, last

    def some(self, start: str, stop: str, step: int, body: Callable[[str], None]) -> None:
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

    def function(self, name: str) -> str:
        """The kernel: what was written, for all threads if it asks for its share, else for the first alone."""
        body, declared = "\n".join(self.lines), "\n".join(sorted(self.declared))
        gate, close = "  br label %body", ""
        if "%parts" not in body:
            gate = "  %alone = icmp eq i64 %part, 0\n  br i1 %alone, label %body, label %leave"
            close = "leave:\n  ret void\n"
        arguments = "ptr noalias %addresses, ptr noalias %operands, i64 %part, i64 %parts"
        head = f'define void @{name}({arguments}) "prefer-vector-width"="512" {{'
        return f"{declared}\n{head}\nentry:\n{gate}\nbody:\n{body}\n  ret void\n{close}}}"

    def loop(
        self, start: str, stop: str, step: int, body: Callable[[str, list[str]], list[str]], carried: Carried = ()
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
