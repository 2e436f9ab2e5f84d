"""What is made of a product while it is in the cache: the light element-wise calls that read it first.

They take less time than their numbers take to be written and read again; others gain nothing, and stay apart.

A product and the group that reads it walk the same numbers, but may see them under different shapes, with reshapes in
between: (768, 512) and (12, 64, 512). Then both are split into the axes that they have in common.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from operator import mul
from typing import NamedTuple, TypeVar

from pente.compiler.fuse import Group
from pente.compiler.loops import Loop, Outline, Place, outline_of
from pente.compiler.product import Product, Step
from pente.core import primitives as p
from pente.core.node import Node
from pente.shapes import Shape

__all__ = ["Ending", "Epilogue", "ended", "endings"]

T = TypeVar("T")
LIGHT = {p.add, p.subtract, p.multiply, p.negative, p.absolute, p.maximum, p.minimum, p.select, p.cast, p.identity}
LIGHT |= {p.equal, p.not_equal, p.less, p.less_equal, p.greater, p.greater_equal, p.bitwise_and, p.bitwise_or}


class Epilogue(NamedTuple):
    """Element-wise calls on the shape (*batch, rows, columns), of which the first that they read is C.

    C lies where they write their ``home``-th result, which may be C itself, or something else of its kind.
    """

    outline: Outline
    home: int

    @property
    def places(self) -> list[Place]:
        """C, what else is read, and what is written elsewhere."""
        written = [place for _, place in self.outline.writes]
        return [*self.outline.reads, *written[: self.home], *written[self.home + 1 :]]

    def in_order(self, found: Sequence[T]) -> list[T]:
        """What there is of each of the places, by the order of operands: what is read but for C, what is written."""
        c, *others = found
        first = len(self.outline.reads) - 1 + self.home
        return [*others[:first], c, *others[first:]]


class Ending(NamedTuple):
    """The product that a group ends, and whether nobody else reads it."""

    product: Node
    alone: bool


def endings(steps: Iterable[Group | Node], asked: Collection[Node]) -> dict[Group, Ending]:
    """The groups of light calls that are the first to read a product, and read all its numbers.

    Whoever ``asked`` for a value is a reader, too.
    """
    seen_as: dict[Node, Node] = {}  # values that are products, maybe under another shape
    readers: dict[Node, list[Group | None]] = {}
    for step in steps:
        if isinstance(step, Node) and step.op is p.matmul:
            seen_as[step], readers[step] = step, []
        if isinstance(step, Node) and step.op is p.reshape and step.inputs[0] in seen_as:
            seen_as[step] = seen_as[step.inputs[0]]
            continue
        nodes = step.nodes if isinstance(step, Group) else [step]
        inputs = dict.fromkeys(x for node in nodes for x in node.inputs if x in seen_as)
        for x in inputs:
            readers[seen_as[x]].append(step if isinstance(step, Group) and _walks(step, x) else None)
    wanted = {product for x, product in seen_as.items() if x in asked}
    found: dict[Group, Ending] = {}
    for product, groups in readers.items():
        if groups and groups[0] is not None:
            found.setdefault(groups[0], Ending(product, len(groups) == 1 and product not in wanted))
    return found


def _walks(group: Group, x: Node) -> bool:
    """Whether the group does little with every number of x, and nothing else."""
    return group.shape == x.shape and all(node.op in LIGHT for node in group.nodes)


def ended(product: Product, shape: Shape, loop: Loop) -> tuple[Product, Epilogue] | None:
    """The product, of this shape, with the group as its epilogue, which reads C first.

    None where they have no axes in common, or where nothing is written of C's kind, row by row: C would have no place.
    """
    outline, dtype = outline_of(loop), loop.reads[0][1].dtype
    lengths, axes = outline.shape[:-1], _common(shape[:-1], outline.shape[:-1])
    homes = [i for i, (_, x) in enumerate(outline.writes) if x.dtype == dtype and x.strides[-1:] == (1,)]
    if axes is None or not homes or shape[-1] != outline.shape[-1]:
        return None
    if product.rows == 1:  # else products side by side, each with a B of its own, would be taken for rows of one
        axes = (*axes, 1)
    _, *reads = [_resplit(place, lengths, axes) for place in outline.reads]
    writes = [(number, _resplit(place, lengths, axes)) for number, place in outline.writes]
    c = writes[homes[0]][1]
    outline = outline._replace(shape=(*axes, shape[-1]), reads=(c, *reads), writes=tuple(writes))
    return _split_product(product, axes, c), Epilogue(outline, homes[0])


def _common(first: Shape, second: Shape) -> Shape | None:
    """The coarsest axes that both can be split into, if there are any."""
    ends = sorted({1, *accumulate(first, mul), *accumulate(second, mul)})
    return None if any(b % a for a, b in pairwise(ends)) else tuple([b // a for a, b in pairwise(ends)])


def _split(lengths: Shape, strides: Shape, axes: Shape) -> Shape:
    """The strides along finer axes, of which the last may be of length 1."""
    found: list[int] = []
    rest = list(axes)
    for length, stride in zip(lengths, strides, strict=True):
        while length > 1:
            length //= rest.pop(0)
            found.append(stride * length)
    return (*found, *[0 for _ in rest])


def _resplit(place: Place, lengths: Shape, axes: Shape) -> Place:
    return place._replace(strides=(*_split(lengths, place.strides[:-1], axes), place.strides[-1]))


def _split_product(product: Product, axes: Shape, c: Place) -> Product:
    """The same product with these loops around it, of which the last are its rows, and C in this place."""
    steps = [*product.batch, Step(product.rows, product.a_row, 0)]
    lengths = tuple([step.length for step in steps])
    a, b = (_split(lengths, tuple([step[i] for step in steps]), axes) for i in (1, 2))
    *batch, rows = map(Step, axes, a, b, c.strides)
    return replace(product, rows=rows.length, a_row=rows.a, c_row=rows.c, batch=tuple(batch), c_offset=c.offset)
