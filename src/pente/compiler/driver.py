"""The one text of all matrix products: how its pieces are walked is code, how many there are is numbers beside it.

``Amounts`` are those numbers, so a product of other sizes, of other strides or with another epilogue compiles nothing
but the functions that it is the first to call. Before them lie three tables of numbers:

- ``axes``: for each loop over products side by side how many there are, and how far A, B and C move, the fastest first;
  those outside of a run of pieces with the same B, then those inside. The first are the groups of stripes.
- ``others``: how each operand of the epilogue lies, see ``Other``.
- ``deeper``: for each loop of k but the outermost how long it is, and the strides of A and B.

Which place along each axis a piece is at, and which row a group of blocks begins at, are ``digits``: operands of the
epilogue are found by them.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from pente.compiler.writer import Function, Writer

__all__ = ["Amounts", "Axis", "Other", "fetch_function", "find_function", "product_text"]

Word = Function | int
LINE = 64  # bytes that come into the cache together


class Axis(NamedTuple):
    """Products side by side: how many, and how many bytes lie between them."""

    length: int
    a: int
    b: int
    c: int


class Other(NamedTuple):
    """An operand of the epilogue: where it begins, in bytes, and how it moves from row to row.

    ``ahead`` are the bytes of a row that belong to a stripe, where they are to be fetched ahead. After these numbers
    stands how many bytes it moves with each digit.
    """

    operand: int
    begin: int
    ahead: int
    down: int


class Amounts(NamedTuple):
    """What the text reads. Places, and what pointers move by, are in bytes; strides for functions are in numbers."""

    axes: Word  # where the tables begin, in words from the first operand: less than 0
    others: Word
    deeper: Word
    outer: Word  # axes outside of a run, and inside
    inner: Word
    digits: Word
    room: Word  # words that a thread needs on its stack
    a_begin: Word
    b_begin: Word
    c_begin: Word
    c_operand: Word
    own_operand: Word  # memory of each thread's own
    own: Word
    each: Word  # pieces of a run
    parts: Word  # pieces below each other
    columns: Word
    width: Word  # columns of a stripe
    stripes: Word  # of all columns, and how many of them are full
    full: Word
    group: Word  # stripes that are done together
    length: Word  # of the outermost loop of k, or of the only one
    step: Word  # how much less is left of it after each chunk
    most: Word  # of it in a chunk
    chunks: Word
    a_chunk: Word
    b_chunk: Word
    pack_b: Word
    b_row: Word  # strides of what is packed
    b_column: Word
    b_apart: Word  # numbers from a packed stripe to the next
    b_far: Word  # from a stripe to the next in what blocks read
    whole: Word  # blocks below each other
    blocks: Word  # of these in a part
    held: Word  # of these in a group
    rows: Word  # of a block
    rests: Word  # 1 if there is a last block of another size, else 0
    rest: Word  # its rows
    a_down: Word  # from a row to the next
    c_down: Word
    c_apart: Word  # from a stripe to the next
    pack_a: Word
    a_packed: Word  # where it is packed
    a_apart: Word  # rows of what is packed
    a_from: Word  # and how they lie in A
    a_row: Word
    c_row: Word
    a_step: Word
    b_step: Word
    a_block: Word  # from a block to the one below, in what blocks read
    c_block: Word
    whole_full: Word  # functions: of blocks by stripes that are full, and by the last one; then of the last block
    whole_left: Word
    rest_full: Word
    rest_left: Word
    tile: Word  # the epilogue
    find: Word  # for its operands
    fetch: Word  # for those that are fetched ahead
    operands: Word  # how many
    record: Word  # words for each


@cache
def product_text() -> str:
    """The kernel."""
    return _Text().written()


@cache
def find_function() -> Function:
    """``(addresses, operands, digits, bases)``: find where the operands of the epilogue begin."""
    return _Others().find()


@cache
def fetch_function() -> Function:
    """``(operands, bases, stripe, rows)``: ask for what the epilogue will read of these rows and this stripe."""
    return _Others().fetch()


class _Words:
    """Writes code that reads the amounts."""

    def __init__(self) -> None:
        self.to = Writer()

    def _word(self, name: str, kind: str = "i64") -> str:
        return self._load(self._place(name), kind)

    def _place(self, name: str) -> str:
        return self.to.shifted("i64", "%operands", str(Amounts._fields.index(name) - len(Amounts._fields)))

    def _load(self, place: str, kind: str = "i64") -> str:
        return self._put(f"load {kind}, ptr {place}")

    def _put(self, text: str) -> str:
        return self.to.put(text)

    def _times(self, i: str, name: str) -> str:
        return self._put(f"mul i64 {i}, {self._word(name)}")

    def _moved(self, pointer: str, i: str, name: str, kind: str = "i8") -> str:
        return self.to.shifted(kind, pointer, self._times(i, name))

    def _next(self, place: str) -> str:
        return self.to.shifted("i64", place, "1")

    def _least(self, all: str, before: str, most: str) -> str:
        """What is left of all, or so many if it is more."""
        return self._extreme("smin", self._put(f"sub i64 {all}, {before}"), self._word(most))

    def _extreme(self, name: str, a: str, b: str) -> str:
        self.to.declare(f"i64 @llvm.{name}.i64(i64, i64)")
        return self._put(f"call i64 @llvm.{name}.i64(i64 {a}, i64 {b})")

    def _repeat(self, count: str, body: Callable[[str], None]) -> None:
        self.to.some("0", count, 1, body)

    def _call(self, function: str, places: Sequence[str], sizes: Sequence[str], flag: str = "", last: str = "") -> None:
        arguments = [*[f"ptr {x}" for x in places], flag, *[f"i64 {n}" for n in sizes], last]
        self.to.do(f"call void {function}({', '.join([x for x in arguments if x])})")

    def _begin(self, operand: str, by: str) -> str:
        """Where an operand begins, so many bytes behind what the table of addresses names."""
        index = self._load(self.to.shifted("i64", "%operands", operand))
        return self.to.shifted("i8", self._load(self.to.shifted("ptr", "%addresses", index), "ptr"), by)


class _Pieces(NamedTuple):
    """The pieces from first to last in runs of so many each: the first run, and the first that is not."""

    first: str
    last: str
    each: str
    low: str
    high: str


class _Run(NamedTuple):
    """Pieces with the same stripes of B, over a part of k."""

    a: str
    b: str
    c: str
    axes: str  # the table of those inside
    digits: str  # where those of the axes inside go
    before: str  # stripes before these
    stripes: str
    columns: str
    length: str = ""
    adding: str = ""
    done: str = ""


class _Text(_Words):
    def written(self) -> str:
        to = self.to
        self.digits = to.put(f"alloca i64, i64 {self._word('room')}")
        self.bases = to.shifted("i64", self.digits, self._word("digits"))
        self.deeper = to.shifted("i64", "%operands", self._word("deeper"))
        self.own = self._begin(self._word("own_operand"), self._times("%part", "own"))
        c = self._begin(self._word("c_operand"), self._word("c_begin"))
        bases = [*[self._begin(str(i), self._word(f"{x}_begin")) for i, x in enumerate("ab")], c]
        self._runs(self._pieces("%first", "%last", "each"), lambda *which: self._run(bases, *which))
        return to.kernel().text

    def _pieces(self, first: str, last: str, each: str) -> _Pieces:
        each = self._word(each)
        low, high = (self._put(f"udiv i64 {n}, {each}") for n in (first, self._put(f"sub i64 {last}, 1")))
        return _Pieces(first, last, each, low, self._put(f"add i64 {high}, 1"))

    def _runs(self, of: _Pieces, body: Callable[[str, str, str], None]) -> None:
        """Which run, and which of its pieces."""

        def run(i: str, _: list[str]) -> list[str]:
            begin = self._put(f"mul i64 {i}, {of.each}")
            start = self._extreme("smax", self._put(f"sub i64 {of.first}, {begin}"), "0")
            body(i, start, self._extreme("smin", self._put(f"sub i64 {of.last}, {begin}"), of.each))
            return []

        self.to.loop(of.low, of.high, 1, run)

    def _run(self, bases: list[str], i: str, first: str, last: str) -> None:
        """Pieces of one group of stripes, of products that have the same B."""
        axes = self.to.shifted("i64", "%operands", self._word("axes"))
        axes, digits, a, b, c = self._placed(i, "outer", axes, self.digits, bases)
        before = self._times(self._load(self.digits), "group")
        stripes = self._least(self._word("stripes"), before, "group")
        columns = self._put(f"sub i64 {self._word('columns')}, {self._times(before, 'width')}")
        columns = self._extreme("smin", columns, self._times(stripes, "width"))
        of = _Run(a, b, c, axes, digits, before, stripes, columns)
        pieces = self._pieces(first, last, "parts")
        self._repeat(self._word("chunks"), lambda n: self._chunk(of, n, pieces))

    def _placed(self, i: str, count: str, axes: str, digits: str, bases: list[str]) -> list[str]:
        """Where product i begins; its digits are written down. Then the places after this part of both tables."""

        def axis(_: str, held: list[str]) -> list[str]:
            i, axis, digit, *bases = held
            place, rest = self._divided(i, self._load(axis))
            self.to.do(f"store i64 {place}, ptr {digit}")
            for n, base in enumerate(bases):
                stride = self._load(self.to.shifted("i64", axis, str(1 + n)))
                bases[n] = self.to.shifted("i8", base, self._put(f"mul i64 {place}, {stride}"))
            return [rest, self.to.shifted("i64", axis, str(len(Axis._fields))), self._next(digit), *bases]

        carried = [("i64", i), *[("ptr", x) for x in (axes, digits, *bases)]]
        return self.to.loop("0", self._word(count), 1, axis, carried)[1:]

    def _divided(self, i: str, by: str) -> tuple[str, str]:
        """Remainder and quotient; a division is slow, and the last one is never needed."""
        found: list[str] = []
        before, larger = self.to.block, self._put(f"icmp uge i64 {i}, {by}")
        self.to.when(larger, lambda: found.extend(self._put(f"{word} i64 {i}, {by}") for word in ("urem", "udiv")))
        inside = self.to.block.replace("past", "when")
        place, rest = (
            self._put(f"phi i64 [{plain}, %{before}], [{other}, %{inside}]")
            for plain, other in zip((i, "0"), found, strict=True)
        )
        return place, rest

    def _chunk(self, of: _Run, n: str, pieces: _Pieces) -> None:
        """A part of k: the first writes C, the others add to it."""
        left = self._put(f"sub i64 {self._word('length')}, {self._times(n, 'step')}")
        following = self._put(f"add i64 {n}, 1")
        a, b = (self._moved(x, n, f"{name}_chunk") for x, name in ((of.a, "a"), (of.b, "b")))
        of = of._replace(a=a, length=self._extreme("smin", left, self._word("most")))
        of = of._replace(b=self._packed(of._replace(b=b)), adding=self._put(f"icmp ne i64 {n}, 0"))
        of = of._replace(done=self._put(f"icmp eq i64 {following}, {self._word('chunks')}"))
        self._runs(pieces, lambda *which: self._part(of, *which))

    def _packed(self, of: _Run) -> str:
        """Pack this part of B where that is wanted: stripe after stripe, the rows of a stripe side by side."""
        sizes = [of.length, of.columns, *map(self._word, ("b_step", "b_row", "b_column", "width", "b_apart"))]
        return self._maybe("pack_b", self.own, of.b, sizes)

    def _maybe(self, pack: str, target: str, source: str, sizes: list[str]) -> str:
        """The source, or the target where there is a function that packs it."""
        function = self._word(pack, "ptr")
        wanted = self._put(f"icmp ne ptr {function}, null")
        self.to.when(wanted, lambda: self._call(function, [target, source], sizes))
        return self._put(f"select i1 {wanted}, ptr {target}, ptr {source}")

    def _part(self, of: _Run, i: str, first: str, last: str) -> None:
        """Of product i the rows of the parts from first to last, some blocks at a time."""
        _, digit, a, b, c = self._placed(i, "inner", of.axes, of.digits, [of.a, of.b, of.c])
        start, stop = (self._extreme("smin", self._times(n, "blocks"), self._word("whole")) for n in (first, last))
        ends = self._put(f"icmp eq i64 {last}, {self._word('parts')}")
        rests = self._put(f"select i1 {ends}, i64 {self._word('rests')}, i64 0")
        end = self._put(f"add i64 {stop}, {rests}")

        def group(i: str) -> None:
            here = self._extreme("smin", self._put(f"sub i64 {end}, {i}"), held)
            count = self._extreme("smin", self._put(f"sub i64 {stop}, {i}"), here)
            self._group(of._replace(a=a, b=b, c=c), digit, i, count, self._put(f"sub i64 {here}, {count}"))

        held = self._word("held")
        self.to.some(start, end, held, group)

    def _group(self, of: _Run, digit: str, i: str, count: str, rests: str) -> None:
        """So many blocks from block i on, and maybe the last one, by all the stripes; then what is made of them."""
        row = self._times(i, "rows")
        rows = self._put(f"add i64 {self._times(count, 'rows')}, {self._times(rests, 'rest')}")
        self.to.do(f"store i64 {row}, ptr {digit}")
        tile = self._word("tile", "ptr")
        ends = self._put(f"icmp ne ptr {tile}, null")
        find = lambda: self._call(self._word("find", "ptr"), ["%addresses", "%operands", self.digits, self.bases], [])  # noqa: E731
        self.to.when(ends, find)
        of = of._replace(a=self._moved(of.a, row, "a_down"), c=self._moved(of.c, row, "c_down"))
        of = of._replace(a=self._packed_rows(of, rows))
        self._repeat(of.stripes, lambda j: self._stripe(of, j, rows, count, rests))
        self.to.when(self._put(f"and i1 {of.done}, {ends}"), lambda: self._call(tile, [self.bases], [rows, of.columns]))

    def _packed_rows(self, of: _Run, rows: str) -> str:
        """Pack these rows of A where that is wanted: side by side as they lie, along the rows."""
        target = self.to.shifted("i8", self.own, self._word("a_packed"))
        sizes = [of.length, rows, self._word("a_apart"), self._word("a_from"), "1", rows, "0"]
        return self._maybe("pack_a", target, of.a, sizes)

    def _stripe(self, of: _Run, j: str, rows: str, count: str, rests: str) -> None:
        """Blocks by one stripe. What the epilogue will read of it is asked for: while sums are computed it comes."""
        fetch = self._word("fetch", "ptr")
        call = lambda: self._call(fetch, ["%operands", self.bases], [j, rows])  # noqa: E731
        self.to.when(self._put(f"icmp ne ptr {fetch}, null"), call)
        left = self._put(f"icmp eq i64 {self._put(f'add i64 {of.before}, {j}')}, {self._word('full')}")
        left = self._put(f"zext i1 {left} to i64")
        b, c = self._moved(of.b, j, "b_far"), self._moved(of.c, j, "c_apart")
        self._blocks(of, "whole_full", left, [of.a, b, c], count)
        a, c = self._moved(of.a, count, "a_block"), self._moved(c, count, "c_block")
        self._blocks(of, "rest_full", left, [a, b, c], rests)

    def _blocks(self, of: _Run, function: str, left: str, places: list[str], blocks: str) -> None:
        """So many blocks, if any, by this function, or by the next one if the columns fill no stripe."""
        function = self._load(self.to.shifted("i64", self._place(function), left), "ptr")
        sizes = [self._word("a_row"), self._word("c_row"), blocks, of.length, *map(self._word, ("a_step", "b_step"))]
        call = lambda: self._call(function, places, sizes, f"i1 {of.adding}", f"ptr {self.deeper}")  # noqa: E731
        self.to.when(self._put(f"icmp ne i64 {blocks}, 0"), call)


class _Others(_Words):
    """Functions for the operands of an epilogue. Of each it is written down where it begins, and its stride."""

    def find(self) -> Function:
        self._repeat(self._word("operands"), self._find)
        return self.to.function("find", "ptr %addresses, ptr %operands, ptr %digits, ptr %bases")

    def _find(self, x: str) -> None:
        other = self._other(x)
        operand, begin, _, down = (self._load(self.to.shifted("i64", other, str(n))) for n in range(4))
        strides = self.to.shifted("i64", other, str(len(Other._fields)))

        def move(n: str, held: list[str]) -> list[str]:
            digit, stride = (self._load(self.to.shifted("i64", table, n)) for table in ("%digits", strides))
            return [self.to.shifted("i8", held[0], self._put(f"mul i64 {digit}, {stride}"))]

        (place,) = self.to.loop("0", self._word("digits"), 1, move, [("ptr", self._begin(operand, begin))])
        base = self._base(x)
        self.to.do(f"store ptr {place}, ptr {base}")
        self.to.do(f"store i64 {down}, ptr {self._next(base)}")

    def fetch(self) -> Function:
        self.to.declare("void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        self._repeat(self._word("operands"), self._fetch)
        return self.to.function("fetch", "ptr %operands, ptr %bases, i64 %stripe, i64 %rows")

    def _fetch(self, x: str) -> None:
        ahead = self._load(self.to.shifted("i64", self._other(x), str(Other._fields.index("ahead"))))
        base = self._base(x)
        place = self.to.shifted("i8", self._load(base, "ptr"), self._put(f"mul i64 %stripe, {ahead}"))
        down = self._load(self._next(base))

        def ask(place: str) -> None:
            self.to.do(f"call void @llvm.prefetch.p0(ptr {place}, i32 0, i32 2, i32 1)")

        def row(i: str) -> None:
            own = self.to.shifted("i8", place, self._put(f"mul i64 {i}, {down}"))
            self.to.some("0", ahead, LINE, lambda n: ask(self.to.shifted("i8", own, n)))

        rows = self._put(f"select i1 {self._put(f'icmp eq i64 {ahead}, 0')}, i64 0, i64 %rows")
        self.to.some("0", rows, 1, row)

    def _other(self, x: str) -> str:
        others = self.to.shifted("i64", "%operands", self._word("others"))
        return self._moved(others, x, "record", "i64")

    def _base(self, x: str) -> str:
        return self.to.shifted("i64", "%bases", self._put(f"shl i64 {x}, 1"))
