"""Programs drawn by Hypothesis, on whole numbers small enough that every sum and product is exact.

So there is one right answer, whatever the order of additions, and compiled must equal eager to the last bit. A bound of
the size of each value is kept on the side; where it grows too large the value is clipped.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

import pente
from pente.core import primitives as p

SIZES = st.sampled_from([1, 1, 2, 3, 5, 15, 16, 17, 31, 33])
KINDS = st.sampled_from(["float32", "float64", "int32", "int64"])
LARGEST, MOST = 2**20, 40_000


@dataclass(frozen=True)
class Known:
    """What is known of a value before the program runs."""

    shape: tuple[int, ...]
    bound: int


@dataclass
class Program:
    """Steps that each add a value to those before it; what it returns are some of the values."""

    kind: str
    values: list[Known]
    steps: list[Callable[[list[Any]], Any]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)

    def __call__(self, *inputs: Any) -> list[Any]:
        values = list(inputs)
        for step in self.steps:
            values.append(step(values))
        return [values[i] for i in self.returned]

    def __repr__(self) -> str:
        return f"{self.kind} {[x.shape for x in self.values]}: {'; '.join(self.text)} -> {self.returned}"

    def add(self, text: str, step: Callable[[list[Any]], Any], shape: tuple[int, ...], bound: int) -> int:
        self.steps.append(step)
        self.text.append(text)
        self.values.append(Known(shape, bound))
        place = len(self.values) - 1
        if bound <= LARGEST:
            return place
        return self.add(f"clip {place}", lambda v: pente.clip(v[place], -3, 3), shape, 3)


Draw = Callable[[st.SearchStrategy[Any]], Any]


def _unary(draw: Draw, program: Program, i: int) -> None:
    op = draw(st.sampled_from([p.negative, p.absolute, p.sign]))
    known = program.values[i]
    program.add(f"{op} {i}", lambda v: op(v[i]), known.shape, known.bound)


def _binary(draw: Draw, program: Program, i: int) -> None:
    """Two values that broadcast; where there is no other, with itself."""
    a = program.values[i]
    fitting = [j for j, b in enumerate(program.values) if _joint(a.shape, b.shape) is not None] or [i]
    j = draw(st.sampled_from(fitting))
    b = program.values[j]
    op = draw(st.sampled_from([p.add, p.subtract, p.multiply, p.maximum, p.minimum, p.less, p.equal]))
    bound = a.bound * b.bound if op is p.multiply else a.bound + b.bound
    chosen = op in (p.less, p.equal)
    row = (lambda x, y: p.select(op(x, y), x, y)) if chosen else op
    program.add(f"{op} {i} {j}", lambda v: row(v[i], v[j]), _joint(a.shape, b.shape) or (), bound)


def _joint(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        return None
    return shape if prod(shape) <= MOST else None


def _reduce(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    axes = tuple(sorted(draw(st.sets(st.integers(0, max(len(known.shape) - 1, 0)))))) if known.shape else ()
    op = draw(st.sampled_from([p.reduce_sum, p.reduce_max, p.reduce_min, p.reduce_prod]))
    keep = draw(st.booleans())
    shape = tuple(1 if a in axes else n for a, n in enumerate(known.shape) if keep or a not in axes)
    before = p.sign if op is p.reduce_prod else (lambda x: x)
    bound = known.bound * prod(known.shape) if op is p.reduce_sum else known.bound + 1
    step = lambda v: op(before(v[i]), axes=axes, keepdims=keep)  # noqa: E731
    program.add(f"{op} {i} over {axes} keep {keep}", step, shape, bound)


def _reshape(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    total = prod(known.shape)
    first = draw(st.sampled_from([n for n in (1, 2, 3, 5, 15, 16, 17, 31, 33, total) if total % n == 0]))
    shape = draw(st.sampled_from([(total,), (first, total // first), (total // first, 1, first), (*known.shape, 1)]))
    program.add(f"reshape {i} to {shape}", lambda v: pente.reshape(v[i], shape), shape, known.bound)


def _transpose(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    axes = tuple(draw(st.permutations(range(len(known.shape)))))
    shape = tuple(known.shape[a] for a in axes)
    program.add(f"transpose {i} {axes}", lambda v: p.transpose(v[i], axes=axes), shape, known.bound)


def _broadcast(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    grown = tuple(draw(SIZES) if n == 1 else n for n in known.shape)
    shape = (draw(st.sampled_from([1, 2, 17])), *grown)
    if prod(shape) <= MOST and len(shape) <= 5:
        program.add(f"broadcast {i} to {shape}", lambda v: pente.broadcast_to(v[i], shape), shape, known.bound)


def _slice(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    cuts = []
    for n in known.shape:
        start = draw(st.integers(0, n - 1))
        cuts.append(slice(start, draw(st.integers(start + 1, n)), draw(st.sampled_from([1, 1, 2, 3]))))
    shape = tuple(len(range(*cut.indices(n))) for cut, n in zip(cuts, known.shape, strict=True))
    program.add(f"slice {i} {cuts}", lambda v: v[i][tuple(cuts)], shape, known.bound)


def _pad(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    widths = []
    for n in known.shape:
        low, high, inner = (draw(st.integers(-1, 2)), draw(st.integers(0, 2)), draw(st.integers(0, 2)))
        widths.append((low if n > 1 else max(low, 0), high, inner))
    shape = tuple(n + a + b + (n - 1) * c for n, (a, b, c) in zip(known.shape, widths, strict=True))
    if prod(shape) <= MOST:
        step = lambda v: p.pad(v[i], widths=tuple(widths), value=2)  # noqa: E731
        program.add(f"pad {i} {widths}", step, shape, known.bound + 2)


def _concatenate(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    if known.shape and 2 * prod(known.shape) <= MOST:
        axis = draw(st.integers(0, len(known.shape) - 1))
        same = [j for j, other in enumerate(program.values) if other.shape == known.shape]
        j = draw(st.sampled_from(same))
        shape = (*known.shape[:axis], 2 * known.shape[axis], *known.shape[axis + 1 :])
        bound = max(known.bound, program.values[j].bound)
        step = lambda v: pente.concat([v[i], v[j]], axis=axis)  # noqa: E731
        program.add(f"concatenate {i} {j} along {axis}", step, shape, bound)


def _flip(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    axes = tuple(sorted(draw(st.sets(st.integers(0, max(len(known.shape) - 1, 0)))))) if known.shape else ()
    program.add(f"flip {i} {axes}", lambda v: p.flip(v[i], axes=axes), known.shape, known.bound)


def _matmul(draw: Draw, program: Program, i: int) -> None:
    """With a matrix of its own, or with itself turned round."""
    known = program.values[i]
    if len(known.shape) < 2:
        return
    *lead, rows, depth = known.shape
    if draw(st.booleans()) and prod(lead) * rows * rows <= MOST:
        shape, bound = (*lead, rows, rows), depth * known.bound**2
        program.add(f"matmul {i} with itself", lambda v: p.matmul(v[i], pente.matrix_transpose(v[i])), shape, bound)
        return
    columns = draw(st.integers(1, 40))
    matrix = (np.arange(depth * columns).reshape(depth, columns) % 5 - 2).astype(program.kind)
    if prod(lead) * rows * columns <= MOST:
        shape, bound = (*lead, rows, columns), depth * known.bound * 2
        program.add(f"matmul {i} with {matrix.shape}", lambda v: p.matmul(v[i], pente.asarray(matrix)), shape, bound)


def _take(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    if known.shape:
        axis = draw(st.integers(0, len(known.shape) - 1))
        places = draw(st.lists(st.integers(0, known.shape[axis] - 1), min_size=1, max_size=6))
        shape = (*known.shape[:axis], len(places), *known.shape[axis + 1 :])
        indices = np.array(places)
        if prod(shape) <= MOST:
            step = lambda v: p.gather(v[i], pente.asarray(indices), axis=axis)  # noqa: E731
            program.add(f"gather {i} {places} along {axis}", step, shape, known.bound)


def _scatter(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    if known.shape:
        axis = draw(st.integers(0, len(known.shape) - 1))
        places = np.array(draw(st.lists(st.integers(0, known.shape[axis] - 1), min_size=1, max_size=6)))
        op = draw(st.sampled_from([p.scatter_add, p.scatter_set]))
        step = lambda v: op(v[i], pente.asarray(places), p.gather(v[i], pente.asarray(places), axis=axis), axis=axis)  # noqa: E731
        program.add(f"{op} {i} {places} along {axis}", step, known.shape, known.bound * 7)


def _cumulative(draw: Draw, program: Program, i: int) -> None:
    known = program.values[i]
    if known.shape:
        axis, back = draw(st.integers(0, len(known.shape) - 1)), draw(st.booleans())
        step = lambda v: p.cumulative_sum(v[i], axis=axis, reverse=back)  # noqa: E731
        program.add(f"cumulative_sum {i} along {axis}", step, known.shape, known.bound * known.shape[axis])


STEPS = [_unary, _binary, _binary, _binary, _reduce, _reduce, _reshape, _transpose, _broadcast, _slice, _pad]
STEPS += [_concatenate, _flip, _matmul, _take, _scatter, _cumulative]


@st.composite
def programs(draw: Draw, longest: int = 12) -> tuple[Program, list[Any]]:
    """A program and its arguments."""
    kind = draw(KINDS)
    shapes = [tuple(draw(st.lists(SIZES, max_size=3))) for _ in range(2)]
    program = Program(kind, [Known(shape, 4) for shape in shapes])
    for _ in range(draw(st.integers(1, longest))):
        draw(st.sampled_from(STEPS))(draw, program, draw(st.integers(0, len(program.values) - 1)))
    count = len(program.values)
    program.returned = sorted({count - 1, *draw(st.lists(st.integers(0, count - 1), max_size=3))})
    return program, [draw(arrays(shape, kind)) for shape in shapes]


@st.composite
def arrays(draw: Draw, shape: tuple[int, ...], kind: str) -> Any:
    """Whole numbers from -4 to 4, in order in memory or not."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    whole = rng.integers(-4, 5, shape).astype(kind)
    how = draw(st.sampled_from(["in order", "in order", "columns first", "every second", "backwards"]))
    if how == "columns first":
        return np.array(whole, order="F")
    if how == "every second" and shape:
        return np.repeat(whole, 2, axis=-1)[..., ::2]
    return whole[::-1] if how == "backwards" and shape else whole
