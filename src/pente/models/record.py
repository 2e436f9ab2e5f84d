"""What a model computed for one batch, by path."""

from dataclasses import replace
from typing import Any

from pente.autodiff.watching import Found
from pente.core.tensor import Tensor

__all__ = ["Record"]

NEEDS_Y = "a gradient is that of the loss, and the loss needs y: write model.record(x, y)."


class Record(Found):
    """The outputs of all layers and the values of all weights, with gradients; and ``predictions`` and ``loss``.

    Made by ``model.record(x, y)``. The loss is None where no y was given.
    """

    loss: Tensor | None
    predictions: Any

    def __init__(self, results: tuple[Tensor | None, Any], found: Found) -> None:
        self.loss, self.predictions = results
        needs = NEEDS_Y if self.loss is None else ""
        super().__init__({path: _marked(each, needs) for path, each in found.items()}, found.inner)


def _marked(each: Any, needs: str) -> Any:
    return [replace(x, needs=needs) for x in each] if isinstance(each, list) else replace(each, needs=needs)
