"""The inside of the matrix product: a block of C that stays in registers over all of k.

Each step of k loads the vectors of one row of B, repeats one number of A a row, and does one fused multiply-add for
every vector of the block. 8 rows by 2 vectors of 16 floats are enough sums side by side to hide how long each takes,
and all of them fit into 32 registers.
"""

from functools import cache
from typing import NamedTuple

from pente.compiler.writer import Function, Writer

__all__ = ["Block", "block_function", "size_of"]

AHEAD = 16  # steps of k: some 70 ns


def size_of(kind: str) -> int:
    """Bytes of a number in memory."""
    return {"float": 4, "double": 8}.get(kind) or int(kind[1:]) // 8


class Block(NamedTuple):
    """A block of C: its rows, and how many vectors of so many numbers a row of it is.

    Of the last vector only ``left`` numbers count; 0 stands for all. ``levels`` is how many nested loops k has.
    """

    kind: str  # "float" or "double"
    rows: int
    vectors: int
    lanes: int
    left: int = 0
    levels: int = 1

    @property
    def vector(self) -> str:
        return f"<{self.lanes} x {self.kind}>"

    @property
    def width(self) -> int:
        """How many columns."""
        return self.vectors * self.lanes - (self.lanes - self.left if self.left else 0)

    @property
    def size(self) -> int:
        return size_of(self.kind)

    @property
    def suffix(self) -> str:
        """Of an intrinsic on these vectors."""
        return f"v{self.lanes}f{8 * self.size}"

    def load(self, to: Writer, place: str, v: int) -> str:
        """Vector v of a row; the numbers that do not count are not read, and 0."""
        mask = self._mask(v)
        if not mask:
            return to.put(f"load {self.vector}, ptr {place}, align {self.size}")
        name, truths = f"@llvm.masked.load.{self.suffix}.p0", f"<{self.lanes} x i1>"
        to.declare(f"{self.vector} {name}(ptr, i32, {truths}, {self.vector})")
        rest = f"i32 {self.size}, {truths} {mask}, {self.vector} zeroinitializer"
        return to.put(f"call {self.vector} {name}(ptr {place}, {rest})")

    def store(self, to: Writer, value: str, place: str, v: int) -> None:
        """Vector v of a row; only the numbers that count."""
        mask = self._mask(v)
        if not mask:
            return to.do(f"store {self.vector} {value}, ptr {place}, align {self.size}")
        name, truths = f"@llvm.masked.store.{self.suffix}.p0", f"<{self.lanes} x i1>"
        to.declare(f"void {name}({self.vector}, ptr, i32, {truths})")
        return to.do(f"call void {name}({self.vector} {value}, ptr {place}, i32 {self.size}, {truths} {mask})")

    def _mask(self, v: int) -> str:
        """The lanes of vector v that count; nothing where all do."""
        if not self.left or v + 1 < self.vectors:
            return ""
        return "<" + ", ".join(f"i1 {str(lane < self.left).lower()}" for lane in range(self.lanes)) + ">"


@cache
def block_function(block: Block) -> Function:
    """``(a, b, c, adding, a_row, c_row, blocks, length, a_step, b_step, deeper)``.

    So many blocks, one below the other, with the same stripe of B. With ``adding`` the sums begin with what C holds.
    The outermost loop of k has this length and these strides; those of each other one lie at ``deeper``.
    """
    to = Writer()
    _Block(block, to).write()
    sizes = "i64 %a_row, i64 %c_row, i64 %blocks, i64 %length_0, i64 %a_0, i64 %b_0"
    return to.function("block", f"ptr %a, ptr %b, ptr %c, i1 %adding, {sizes}, ptr %deeper")


class _Block:
    def __init__(self, block: Block, to: Writer) -> None:
        self.of, self.to = block, to
        self.loops = [("%length_0", "%a_0", "%b_0")]  # of k: length and strides
        self.offsets: list[str] = []  # of the rows of A
        self.ahead: list[str] = []  # how far on lies what is fetched

    def write(self) -> None:
        for level in range(self.of.levels - 1):
            places = [self.to.shifted("i64", "%deeper", str(3 * level + i)) for i in range(3)]
            length, a, b = (self.to.put(f"load i64, ptr {place}") for place in places)
            self.loops.append((length, a, b))
        self.ahead = [self._times(x, AHEAD) for x in self.loops[-1][1:]]
        self.offsets = [self._times("%a_row", r) for r in range(self.of.rows)]
        down = [self._times(f"%{x}_row", self.of.rows) for x in "ac"]

        def below(_: str, at: list[str]) -> list[str]:
            self._one(*at)
            return [self._shifted(pointer, by) for pointer, by in zip(at, down, strict=True)]

        self.to.loop("0", "%blocks", 1, below, [("ptr", "%a"), ("ptr", "%c")])

    def _one(self, a: str, c: str) -> None:
        rows = [self._shifted(c, self._times("%c_row", r)) for r in range(self.of.rows)]
        places = [self._shifted(row, str(v * self.of.lanes)) for row in rows for v in range(self.of.vectors)]
        sums = self._depth(0, a, "%b", self._begun(places))
        for i, (place, value) in enumerate(zip(places, sums, strict=True)):
            self.of.store(self.to, value, place, i % self.of.vectors)

    def _begun(self, places: list[str]) -> list[str]:
        """What the sums begin with: zero, or what C holds."""
        held: list[str] = []
        before, zero = self.to.block, "zeroinitializer"
        self.to.when(
            "%adding",
            lambda: held.extend(self.of.load(self.to, place, i % self.of.vectors) for i, place in enumerate(places)),
        )
        inside = self.to.block.replace("past", "when")
        return [self.to.put(f"phi {self.of.vector} [{zero}, %{before}], [{value}, %{inside}]") for value in held]

    def _depth(self, level: int, a: str, b: str, sums: list[str]) -> list[str]:
        """The loops of k, and in the innermost the multiply-adds."""
        if level == self.of.levels:
            return self._multiply(a, b, sums)
        length, *steps = self.loops[level]

        def body(_: str, held: list[str]) -> list[str]:
            *inner, a, b = held
            inner = self._depth(level + 1, a, b, inner)
            return [*inner, *[self._shifted(x, step) for x, step in zip((a, b), steps, strict=True)]]

        carried = [*[(self.of.vector, s) for s in sums], ("ptr", a), ("ptr", b)]
        return self.to.loop("0", length, 1, body, carried)[:-2]

    def _multiply(self, a: str, b: str, sums: list[str]) -> list[str]:
        kind, lanes, vectors = self.of.kind, self.of.lanes, self.of.vectors
        fma = f"@llvm.fma.{self.of.suffix}"
        self.to.declare(f"{self.of.vector} {fma}({', '.join([self.of.vector] * 3)})")
        self._fetch(a, b)
        bs = [self.of.load(self.to, self._shifted(b, str(v * lanes)), v) for v in range(vectors)]
        out = []
        for r, offset in enumerate(self.offsets):
            one = self.to.put(f"load {kind}, ptr {self._shifted(a, offset)}")
            first = self.to.put(f"insertelement {self.of.vector} poison, {kind} {one}, i32 0")
            zeros = f"<{lanes} x i32> zeroinitializer"
            spread = self.to.put(f"shufflevector {self.of.vector} {first}, {self.of.vector} poison, {zeros}")
            for v in range(vectors):
                args = ", ".join(f"{self.of.vector} {x}" for x in (spread, bs[v], sums[r * vectors + v]))
                out.append(self.to.put(f"call {self.of.vector} {fma}({args})"))
        return out

    def _fetch(self, a: str, b: str) -> None:
        """Ask for the numbers of later steps: where strides are long the processor does not foresee them."""
        self.to.declare("void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        a, b = (self._shifted(pointer, by) for pointer, by in zip((a, b), self.ahead, strict=True))
        for place in (a, *[self._shifted(b, str(v * self.of.lanes)) for v in range(self.of.vectors)]):
            self.to.do(f"call void @llvm.prefetch.p0(ptr {place}, i32 0, i32 3, i32 1)")

    def _times(self, stride: str, n: int) -> str:
        return "0" if n == 0 else stride if n == 1 else self.to.put(f"mul i64 {stride}, {n}")

    def _shifted(self, pointer: str, by: str) -> str:
        return self.to.shifted(self.of.kind, pointer, by)
