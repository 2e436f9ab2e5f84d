"""What a kernel does, as loops that a person can read: the same plan from which its code is written.

``a``, ``b``, … are what the kernel reads and ``out`` what it writes; numbers in brackets are places in memory, counted
from where the operand begins.
"""

from collections.abc import Sequence
from string import ascii_lowercase

from pente.compiler.epilogue import Epilogue
from pente.compiler.loops import LANES, Axis, Outline, axes_of
from pente.compiler.product import Product, simplified, tiling_of
from pente.core import primitives as p

__all__ = ["Plan", "nest_of"]

Plan = Outline | tuple[Product, Epilogue | None]
FOLDS = {
    p.reduce_sum: "{0} + {1}",
    p.reduce_prod: "{0} · {1}",
    p.reduce_max: "max({0}, {1})",
    p.reduce_min: "min({0}, {1})",
}


def nest_of(plan: Plan) -> list[str]:
    """The lines of the nest."""
    return _group(plan) if isinstance(plan, Outline) else _product(*plan)


def _group(outline: Outline, first: int = 0) -> list[str]:
    *rest, inner = axes_of(outline)
    outer, deep = ([axis for axis in rest if axis.reduced is reduced] for reduced in (False, True))
    order = [*outer, *deep, inner] if inner.reduced else [*outer, inner, *deep]
    indices = ascii_lowercase[8 : 8 + len(order)]
    reads = [_letter(first + i) for i in range(len(outline.reads))]
    writes = [f"out{i}" for i in range(len(outline.writes))] if len(outline.writes) > 1 else ["out"]
    places = [f"{name}[{_place(order, i, indices)}]" for i, name in enumerate([*reads, *writes])]
    lines: list[str] = []
    for level, axis in enumerate(order):
        if axis.reduced and not any(x.reduced for x in order[:level]):
            lines.append("  " * level + "total = nothing yet")
        lines.append("  " * level + _for(indices[level], axis, axis is inner))
    ends = len([axis for axis in order if not axis.reduced])
    inside, after = _statements(outline, places)
    return [*lines, *["  " * len(order) + x for x in inside], *["  " * ends + x for x in after]]


def _letter(i: int) -> str:
    """a to h, then a1, b1, …: i and what follows it count the loops."""
    return ascii_lowercase[i % 8] + (str(i // 8) if i >= 8 else "")


def _for(index: str, axis: Axis, vectors: bool) -> str:
    return f"for {index} in {axis.length}{f', {LANES} at a time' if vectors and axis.length >= LANES else ''}:"


def _place(axes: Sequence[Axis], operand: int, indices: str) -> str:
    steps = [(axis.strides[operand], index) for axis, index in zip(axes, indices, strict=True)]
    return " + ".join([index if stride == 1 else f"{stride}·{index}" for stride, index in steps if stride]) or "0"


def _statements(outline: Outline, places: list[str]) -> tuple[list[str], list[str]]:
    """A line a call, inside of all loops; and what is written when a reduction has ended."""
    values, lines = places[: len(outline.reads)], list[str]()
    written = {number: place for (number, _), place in zip(outline.writes, places[len(outline.reads) :], strict=True)}
    for number, call in enumerate(outline.calls, len(outline.reads)):
        given = [values[i] for i in call.inputs]
        if call.op in FOLDS and call is outline.calls[-1]:
            return [*lines, f"total = {FOLDS[call.op].format('total', *given)}"], [f"{written[number]} = total"]
        values.append(f"t{number - len(outline.reads)}")
        lines.append(f"{values[-1]} = {_formula(call.op, given)}")
        if number in written:
            lines.append(f"{written[number]} = {values[-1]}")
    return lines, []


def _formula(op: p.Primitive, given: list[str]) -> str:
    try:
        return op.formula.format(*given)
    except (IndexError, KeyError):  # a formula that tells parameters, too
        return f"{op}({', '.join(given)})"


def _product(product: Product, epilogue: Epilogue | None) -> list[str]:
    of, _ = simplified(product, [place.strides for place in epilogue.places[1:]] if epilogue else [])
    how = tiling_of(of)
    width = how.vectors * product.lanes
    columns, rows = min(how.stripes * width, of.columns), min(how.blocks * how.rows, of.rows)
    depth = "·".join([str(step.length) for step in of.depth])
    packed = " and ".join([name for name, packs in (("a", how.packs_a), ("b", how.packs_b)) if packs])
    lines = [f"for each of {step.length}:" for step in of.batch]
    lines += [
        f"for pieces of {columns} of {of.columns} columns and {rows} of {of.rows} rows:",
        f"  for blocks of {how.rows} × {width}, in registers{f', {packed} packed by {how.depth} of k' * bool(packed)}:",
        f"    for k in {depth}: {'c' if epilogue else 'out'}[i, j] += a[i, k] · b[k, j]",
    ]
    lines = ["  " * min(level, len(of.batch)) + line for level, line in enumerate(lines)]
    if epilogue:
        ending = [
            "then, while the piece is in the cache:",
            *["  " + line for line in _group(epilogue.outline, first=2)],
        ]
        lines += ["  " * (len(of.batch) + 1) + line for line in ending]
    return lines
