"""Where an error arose: the layer, the user's line, and the shapes that led from the input to there."""

from typing import TYPE_CHECKING, Any

from pente import tree
from pente.core.node import Node
from pente.core.state import place_text, users_place
from pente.core.tensor import Tensor
from pente.errors import PenteError
from pente.layers.calls import current_call
from pente.layers.symbolic import LENGTHS, SymbolicTensor, symbols_in

if TYPE_CHECKING:
    from pente.layers.base import Layer

__all__ = ["Place", "locate"]

Step = tuple[str, Any]  # what was done, and the shape that it gave
FIRST, LAST = 2, 6  # of a long way only the beginning and the end are told


class Place:
    """The place of an error, as the lines under its message tell it."""

    def __init__(self, layer: "Layer") -> None:
        call = current_call()
        self.path = layer.path or layer.name
        self.kind = type(layer).__name__
        self.made, self.line = place_text(*layer.made_at), place_text(*users_place())
        self.done = [] if call is None else [(done.path or done.name, shape) for done, shape in call.trail]
        self.begin = ""

    def __str__(self) -> str:
        made = "" if self.made == self.line else f", made in {self.made}"
        lines = [f"  layer:  {self.path} ({self.kind}){made}", f"  called: {self.line}"]
        if self.begin:
            done = _shortened([f"{name} {shape}" for name, shape in self.done])
            lines.append(f"  shapes: {' → '.join([self.begin, *done, self.path])}")
        return "\n".join(lines)


def locate(error: PenteError, layer: "Layer", inputs: Any) -> None:
    """Give the error its place: the innermost layer is the one, the outermost knows where the way began."""
    if error.place is None:
        error.place = Place(layer)
    if isinstance(error.place, Place):
        ways = [" → ".join(_shortened([f"{name} {shape}" for name, shape in _way(x)])) for x in tree.leaves(inputs)]
        ways = list(dict.fromkeys(way for way in ways if way))
        error.place.begin = ways[0] if len(ways) == 1 else f"[{', '.join(ways)}]" if ways else ""
        if symbols_in(inputs):  # what followed was tried on one length for what is open
            error.place.done = [(name, _opened(shape)) for name, shape in error.place.done]


def _way(x: Any) -> list[Step]:
    """The shapes that led to one input, from the first layer on, as far as anything remembers them."""
    if isinstance(x, SymbolicTensor):
        return _way_of_calls(x)
    if isinstance(x, Tensor) and x.node is not None:
        return _way_of_nodes(x.node)
    return [("input", tuple(x.shape))] if hasattr(x, "shape") else []


def _way_of_calls(x: SymbolicTensor) -> list[Step]:
    """Back from call to call; of several inputs the first."""
    steps = []
    while x.call.inputs:
        steps.append((x.name, x.shape))
        x = x.call.inputs[0]
    return [(x.call.layer.given_name or "input", x.shape), *reversed(steps)]


def _way_of_nodes(node: Node) -> list[Step]:
    """Back from operation to operation: the last of each layer tells its shape."""
    steps = [(_name(node), node.shape)]
    while node.inputs:
        node = next((x for x in node.inputs if x.op is not None), node.inputs[0])
        if _name(node) != steps[-1][0]:
            steps.append((_name(node), node.shape))
    return steps[::-1]


def _name(node: Node) -> str:
    return "input" if node.op is None or not node.path else node.path


def _shortened(steps: list[str]) -> list[str]:
    return steps if len(steps) <= FIRST + LAST else [*steps[:FIRST], "…", *steps[-LAST:]]


def _opened(shape: Any) -> Any:
    return (None, *shape[1:]) if isinstance(shape, tuple) and shape[:1] == LENGTHS[:1] else shape
