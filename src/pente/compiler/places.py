"""Kernels that look for places and go to places: argmax and argmin, gather, and its transpose."""

from collections.abc import Callable, Sequence
from typing import Any

from pente.compiler.emit import _TYPES
from pente.compiler.views import View
from pente.compiler.writer import Writer
from pente.core import primitives as p
from pente.core.node import Node

__all__ = ["argmax_ir", "has_argmax"]


def has_argmax(node: Node) -> bool:
    """Whether there is a kernel for this search."""
    return node.op in (p.argmax, p.argmin) and node.inputs[0].dtype.name in _SEARCHED and all(node.inputs[0].shape)


_SEARCHED = ("float32", "float64", "int32", "int64")


def argmax_ir(node: Node, x: View, out: View, name: str) -> str:
    """The first largest (or smallest) along one axis; NaN wins, as in NumPy."""
    to, axis = Writer(), node.params["axis"]
    source, target = _pointers(to, [x, out])
    kind, step = _TYPES[x.dtype.name], x.strides[axis]
    rest = [i for i in range(len(x.shape)) if i != axis]
    axes = [(x.shape[i], (x.strides[i], out.strides[k])) for k, i in enumerate(rest)]

    def search(at: Sequence[str]) -> None:
        first = to.put(f"load {kind}, ptr {_moved(to, source, kind, at[0])}")

        def look(i: str, held: list[str]) -> list[str]:
            place = to.put(f"add i64 {at[0]}, {to.put(f'mul i64 {i}, {step}')}")
            value = to.put(f"load {kind}, ptr {_moved(to, source, kind, place)}")
            better = _better(to, node, kind, value, held[0])
            best = to.put(f"select i1 {better}, {kind} {value}, {kind} {held[0]}")
            return [best, to.put(f"select i1 {better}, i64 {i}, i64 {held[1]}")]

        _, found = to.loop("0", str(x.shape[axis]), 1, look, [(kind, first), ("i64", "0")])
        to.do(f"store i64 {found}, ptr {_moved(to, target, 'i64', at[1])}")

    _over(to, axes, ["0", "0"], search)
    return _function(to, name)


def _better(to: Writer, node: Node, kind: str, value: str, best: str) -> str:
    """Strictly past the best; or the first NaN."""
    if kind in ("float", "double"):
        past = to.put(f"fcmp {'ogt' if node.op is p.argmax else 'olt'} {kind} {value}, {best}")
        fresh = to.put(
            f"and i1 {to.put(f'fcmp uno {kind} {value}, {value}')}, {to.put(f'fcmp ord {kind} {best}, {best}')}"
        )
        return to.put(f"or i1 {past}, {fresh}")
    return to.put(f"icmp {'sgt' if node.op is p.argmax else 'slt'} {kind} {value}, {best}")


def _pointers(to: Writer, views: Sequence[View]) -> list[str]:
    """Where each operand begins."""
    out = []
    for i, view in enumerate(views):
        index = to.put(f"load i64, ptr {to.put(f'getelementptr i64, ptr %operands, i64 {i}')}")
        base = to.put(f"load ptr, ptr {to.put(f'getelementptr ptr, ptr %addresses, i64 {index}')}")
        out.append(_moved(to, base, _TYPES[view.dtype.name], str(view.offset)))
    return out


def _moved(to: Writer, pointer: str, kind: str, by: str) -> str:
    return to.put(f"getelementptr {kind}, ptr {pointer}, i64 {by}")


def _over(
    to: Writer, axes: Sequence[tuple[int, Sequence[int]]], at: list[str], body: Callable[[list[str]], Any]
) -> None:
    """Loops over all axes, each moving the operands by its strides."""
    if not axes:
        body(at)
        return
    (length, strides), *rest = axes

    def step(i: str, _: list[str]) -> list[str]:
        moved = [to.put(f"add i64 {a}, {to.put(f'mul i64 {i}, {s}')}") for a, s in zip(at, strides, strict=True)]
        _over(to, rest, moved, body)
        return []

    to.loop("0", str(length), 1, step)


def _function(to: Writer, name: str) -> str:
    to.do("ret void")
    declared, body = "\n".join(sorted(to.declared)), "\n".join(to.lines)
    return f"{declared}\ndefine void @{name}(ptr noalias %addresses, ptr noalias %operands) {{\nentry:\n{body}\n}}"
