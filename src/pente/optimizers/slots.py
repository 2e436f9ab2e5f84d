"""What an optimizer keeps for each weight: Variables whose paths follow from the weight's own."""

from collections.abc import Callable, Mapping
from itertools import chain, count
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
        self.cells: dict[tuple[str, Variable], Variable] = {}  # by slot and weight
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
        if (slot, variable) not in self.cells:
            value = np.full(variable.shape, start(slot, variable.array), variable.dtype)
            self.cells[slot, variable] = self.cell(f"{slot}/{self._path(variable)}", value)
        return self.cells[slot, variable]

    def find(self, variable: Variable, slot: str) -> Variable | None:
        """A slot of a weight, if it was made."""
        return self.cells.get((slot, variable))

    def named(self, paths: Mapping[Variable, str]) -> dict[str, Variable]:
        """The slots of these weights alone, named by the paths that are given and not by those they were made under."""
        own = ((slot, weight, cell) for (slot, weight), cell in self.cells.items() if weight in paths)
        return {f"{self.name}/{slot}/{paths[weight]}": cell for slot, weight, cell in own}

    def _path(self, variable: Variable) -> str:
        """The name of a weight, with a number where an earlier one has the same."""
        if variable not in self.paths:
            name, taken = variable.name or "variable", set(self.paths.values())
            names = chain([name], (f"{name}_{i}" for i in count(1)))
            self.paths[variable] = next(path for path in names if path not in taken)
        return self.paths[variable]
