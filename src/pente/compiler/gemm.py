"""The matrix product as LLVM IR: blocks of the result stay in registers over the whole inner dimension.

C[i, j] = Σ_k A[i, k]·B[k, j], where the columns of B and C lie side by side and A has any strides. A block is 8 rows by
2 vectors of 16 floats: each step of k loads two vectors of B, repeats one number of A a row, and does 16 fused
multiply-adds. The sum over k runs in order, so the bits depend on the numbers alone.
"""

from dataclasses import dataclass

from pente.compiler.writer import Writer

__all__ = ["Product", "gemm_ir"]

ROWS, VECTORS = 8, 2


@dataclass(frozen=True)
class Product:
    """The sizes and strides of one matrix product, in elements, and how many of them there are side by side."""

    rows: int
    columns: int
    depth: int
    a: tuple[int, int]
    b: int
    c: int
    batch: tuple[tuple[int, int, int, int], ...]  # for each batch axis: length, and the strides of A, B and C
    offsets: tuple[int, int]  # where A and B begin
    kind: str  # "float" or "double"

    @property
    def lanes(self) -> int:
        return 16 if self.kind == "float" else 8


def gemm_ir(product: Product, name: str) -> str:
    """The function ``name(addresses, operands)`` for operands A, B, C."""
    return _Gemm(product).written(name)


class _Gemm:
    def __init__(self, product: Product) -> None:
        self.of = product
        self.to = Writer()
        self.vector = f"<{product.lanes} x {product.kind}>"

    def written(self, name: str) -> str:
        bases = []
        for i in range(3):
            index = self.to.put(f"load i64, ptr {self.to.put(f'getelementptr i64, ptr %operands, i64 {i}')}")
            base = self.to.put(f"load ptr, ptr {self.to.put(f'getelementptr ptr, ptr %addresses, i64 {index}')}")
            offset = self.of.offsets[i] if i < 2 else 0
            bases.append(self._shifted(base, str(offset)))
        self._batches(0, bases)
        self.to.do("ret void")
        body, declared = "\n".join(self.to.lines), "\n".join(sorted(self.to.declared))
        head = f'define void @{name}(ptr noalias %addresses, ptr noalias %operands) "prefer-vector-width"="512" {{'
        return f"{declared}\n{head}\nentry:\n{body}\n}}"

    def _shifted(self, pointer: str, by: str) -> str:
        return pointer if by == "0" else self.to.put(f"getelementptr {self.of.kind}, ptr {pointer}, i64 {by}")

    def _times(self, i: str, stride: int) -> str:
        return "0" if stride == 0 else i if stride == 1 else self.to.put(f"mul i64 {i}, {stride}")

    def _batches(self, level: int, bases: list[str]) -> None:
        if level == len(self.of.batch):
            return self._columns(*bases)
        length, *strides = self.of.batch[level]

        def body(i: str, _: list[str]) -> list[str]:
            moved = [self._shifted(p, self._times(i, s)) for p, s in zip(bases, strides, strict=True)]
            self._batches(level + 1, moved)
            return []

        self.to.loop("0", str(length), 1, body)
        return None

    def _columns(self, a: str, b: str, c: str) -> None:
        """Stripes of two vectors, then of one, then the columns that are left, in a vector that is not full."""
        done = 0
        for vectors in (VECTORS, 1):
            width = vectors * self.of.lanes
            stop = done + (self.of.columns - done) // width * width
            if stop > done:
                self._stripes(a, b, c, done, stop, vectors)
            done = stop
        if done < self.of.columns:
            self._rows(a, self._shifted(b, str(done)), self._shifted(c, str(done)), 1, self.of.columns - done)

    def _stripes(self, a: str, b: str, c: str, start: int, stop: int, vectors: int) -> None:
        def body(j: str, _: list[str]) -> list[str]:
            self._rows(a, self._shifted(b, j), self._shifted(c, j), vectors, 0)
            return []

        self.to.loop(str(start), str(stop), vectors * self.of.lanes, body)

    def _rows(self, a: str, b: str, c: str, vectors: int, left: int) -> None:
        done = 0
        for rows in (ROWS, 4, 2, 1):
            stop = done + (self.of.rows - done) // rows * rows
            if stop > done:

                def body(i: str, _: list[str], rows: int = rows) -> list[str]:
                    own_a = self._shifted(a, self._times(i, self.of.a[0]))
                    self._block(own_a, b, self._shifted(c, self._times(i, self.of.c)), rows, vectors, left)
                    return []

                self.to.loop(str(done), str(stop), rows, body)
            done = stop

    def _block(self, a: str, b: str, c: str, rows: int, vectors: int, left: int) -> None:
        """rows × vectors sums in registers over all of k; ``left`` is how many lanes count, 0 for all."""
        lanes, plain = self.of.lanes, self.of.kind
        fma = f"@llvm.fma.v{lanes}{'f32' if plain == 'float' else 'f64'}"
        self.to.declare(f"{self.vector} {fma}({self.vector}, {self.vector}, {self.vector})")
        mask = "<" + ", ".join(f"i1 {'true' if not left or i < left else 'false'}" for i in range(lanes)) + ">"

        def step(k: str, sums: list[str]) -> list[str]:
            at = self._shifted(b, self._times(k, self.of.b))
            bs = [self._load(self._shifted(at, str(v * lanes)), left, mask) for v in range(vectors)]
            ak, out = self._shifted(a, self._times(k, self.of.a[1])), []
            for r in range(rows):
                one = self.to.put(f"load {plain}, ptr {self._shifted(ak, str(r * self.of.a[0]))}")
                first = self.to.put(f"insertelement {self.vector} poison, {plain} {one}, i32 0")
                zeros = f"<{lanes} x i32> zeroinitializer"
                spread = self.to.put(f"shufflevector {self.vector} {first}, {self.vector} poison, {zeros}")
                for v in range(vectors):
                    args = f"{self.vector} {spread}, {self.vector} {bs[v]}, {self.vector} {sums[r * vectors + v]}"
                    out.append(self.to.put(f"call {self.vector} {fma}({args})"))
            return out

        start = [(self.vector, "zeroinitializer")] * (rows * vectors)
        sums = self.to.loop("0", str(self.of.depth), 1, step, start)
        for r in range(rows):
            for v in range(vectors):
                place = self._shifted(c, str(r * self.of.c + v * lanes))
                self._store(sums[r * vectors + v], place, left, mask)

    def _load(self, place: str, left: int, mask: str) -> str:
        align = 4 if self.of.kind == "float" else 8
        if not left:
            return self.to.put(f"load {self.vector}, ptr {place}, align {align}")
        name = f"@llvm.masked.load.{self._suffix()}.p0"
        lanes = self.of.lanes
        self.to.declare(f"{self.vector} {name}(ptr, i32, <{lanes} x i1>, {self.vector})")
        return self.to.put(
            f"call {self.vector} {name}(ptr {place}, i32 {align}, <{lanes} x i1> {mask}, {self.vector} zeroinitializer)"
        )

    def _store(self, value: str, place: str, left: int, mask: str) -> None:
        align = 4 if self.of.kind == "float" else 8
        if not left:
            return self.to.do(f"store {self.vector} {value}, ptr {place}, align {align}")
        name, lanes = f"@llvm.masked.store.{self._suffix()}.p0", self.of.lanes
        self.to.declare(f"void {name}({self.vector}, ptr, i32, <{lanes} x i1>)")
        self.to.do(f"call void {name}({self.vector} {value}, ptr {place}, i32 {align}, <{lanes} x i1> {mask})")
        return None

    def _suffix(self) -> str:
        return f"v{self.of.lanes}{'f32' if self.of.kind == 'float' else 'f64'}"
