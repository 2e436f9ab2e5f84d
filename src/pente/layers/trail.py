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

__all__ = ["Place", "locate", "locate_loss"]

Step = tuple[str, Any]  # what was done, and the shape that it gave
FIRST, LAST = 2, 6  # of a long way only the beginning and the end are told


class Place:
    """The place of an error, as the lines under its message tell it."""

    def __init__(self, end: str, layer: str = "") -> None:
        call = current_call()
        self.end, self.layer = end, layer
        self.line = place_text(*users_place())
        self.done = [] if call is None else [(done.path or done.name, shape) for done, shape in call.trail]
        self.begin = ""

    def __str__(self) -> str:
        lines = [f"  layer:  {self.layer}"] if self.layer else []
        lines.append(f"  called: {self.line}")
        if self.begin:
            lines.append(f"  shapes: {' → '.join([self.begin, *_told(self.done), self.end])}")
        return "\n".join(lines)


def locate(error: PenteError, layer: "Layer", inputs: Any) -> None:
    """Give the error its place: the innermost layer is the one, the outermost knows where the way began."""
    if error.place is None:
        path, made = layer.path or layer.name, place_text(*layer.made_at)
        place = Place(path, f"{path} ({type(layer).__name__})")
        place.layer += "" if made == place.line else f", made in {made}"
        error.place = place
    if isinstance(error.place, Place):
        ways = [" → ".join(_told(_way(x))) for x in tree.leaves(inputs)]
        ways = list(dict.fromkeys(way for way in ways if way))
        error.place.begin = ways[0] if len(ways) == 1 else f"[{', '.join(ways)}]" if ways else ""
        if symbols_in(inputs):  # what followed was tried on one length for what is open
            error.place.done = [(name, _opened(shape)) for name, shape in error.place.done]


def locate_loss(error: PenteError, loss: str, prediction: Any) -> None:
    """Give an error of a loss its place: behind the layers that led to the prediction."""
    if error.place is None:
        error.place = place = Place(loss)
        place.begin = " → ".join(_told(_way(prediction)))


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
    steps = [(_name(node) or "input", node.shape)]
    while node.inputs:
        node = next((x for x in node.inputs if x.op is not None), node.inputs[0])
        if _name(node) not in ("", steps[-1][0]):
            steps.append((_name(node), node.shape))
    return steps[::-1]


def _name(node: Node) -> str:
    """The layer of an operation; none for one between the layers."""
    return "input" if node.op is None else node.path


def _told(steps: list[Step]) -> list[str]:
    """Steps as they are read; of a long way the middle is left out."""
    told = [f"{name} {shape}" for name, shape in steps]
    return told if len(told) <= FIRST + LAST else [*told[:FIRST], "…", *told[-LAST:]]


def _opened(shape: Any) -> Any:
    return (None, *shape[1:]) if isinstance(shape, tuple) and shape[:1] == LENGTHS[:1] else shape
