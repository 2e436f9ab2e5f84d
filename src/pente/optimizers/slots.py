"""What an optimizer keeps for each weight: Variables whose paths follow from the weight's own."""

from collections.abc import Callable
from typing import Any

import numpy as np

from pente.core.tensor import Variable

__all__ = ["Slots"]


class Slots:
    """The slots of one optimizer by path, ``momentum/block/dense_1/kernel``; made the first time they are asked for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.layout: tuple[Any, Any, Any] = (-1, (), None)  # of the last step, since weights and cells rarely change
        self.made: dict[str, Variable] = {}
        self.cells: dict[str, Variable] = {}
        self.paths: dict[Variable, str] = {}

    def cell(self, path: str, value: Any) -> Variable:
        """A Variable under the optimizer's name."""
        self.made[path] = Variable(value, name=f"{self.name}/{path}", trainable=False)
        return self.made[path]

    def rename(self, name: str) -> None:
        """Let all paths begin with another name."""
        self.name = name
        for path, cell in self.made.items():
            cell.name = f"{name}/{path}"

    def of(self, variable: Variable, slot: str, start: Callable[[str, Any], Any]) -> Variable:
        """A slot of a weight; what ``start`` gives for its name and the weight fills it when it is made."""
        path = f"{slot}/{self._path(variable)}"
        if path not in self.cells:
            self.cells[path] = self.cell(path, np.full(variable.shape, start(slot, variable.array), variable.dtype))
        return self.cells[path]

    def find(self, variable: Variable, slot: str) -> Variable | None:
        """A slot of a weight, if it was made."""
        return self.cells.get(f"{slot}/{self.paths[variable]}") if variable in self.paths else None

    def _path(self, variable: Variable) -> str:
        """The name of a weight, with a number where an earlier one has the same."""
        if variable not in self.paths:
            name = variable.name or "variable"
            twins = sum(name == (other.name or "variable") for other in self.paths)
            self.paths[variable] = f"{name}_{twins}" if twins else name
        return self.paths[variable]
