"""Parts of a model that follow different optimizers."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pente.core.tensor import Variable
from pente.errors import UsageError
from pente.optimizers.base import Array, Optimizer, State
from pente.optimizers.wrapper import Wrapper, as_optimizer

__all__ = ["Grouped"]


class Grouped(Wrapper):
    """For each weight the optimizer whose pattern is the first that fits its path, with * as wildcard.

    Where only the rate or the decay differs, ``segments`` of one optimizer are enough. The settings that are read are
    those of the last group, the one for all the rest. ``learning_rate = x`` changes all rates in proportion, so that a
    callback which halves the rate halves every one; other settings belong to a group, ``opt.groups["*"].epsilon``.
    Each group clips its own gradients. Groups of one name get a number, counted from the last one:
    ``optimizer_1/momentum/dense/bias``.

    >>> import pente
    >>> a, b = pente.Variable(1.0, name="dense/kernel"), pente.Variable(1.0, name="dense/bias")
    >>> SGD, Adam = pente.optimizers.SGD, pente.optimizers.Adam
    >>> opt = pente.optimizers.Grouped({"*/bias": SGD(0.5), "*": Adam(0.25)})
    >>> opt.apply([pente.tensor(1.0), pente.tensor(1.0)], [a, b])
    >>> a.numpy().item(), b.numpy().item()
    (0.75, 0.5)
    """

    def __init__(self, groups: Mapping[str, Any]) -> None:
        made = {pattern: as_optimizer(given, Grouped) for pattern, given in _table(groups).items()}
        if any(isinstance(optimizer, Wrapper) for optimizer in made.values()):
            raise UsageError("a wrapper stands around all groups, and not in one: write EMA(Grouped({...})).")
        if len(set(map(id, made.values()))) < len(made):
            raise UsageError("one optimizer stands in two groups of Grouped: make one for each.")
        self.__dict__.update(groups=made, optimizer=list(made.values())[-1])
        names: list[str] = []
        for number, optimizer in enumerate(reversed(made.values())):
            if optimizer.name in names:
                optimizer.name = f"{optimizer.name}_{number}"
            names.append(optimizer.name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "learning_rate":
            raise UsageError(f"{name} is a setting of a group: write opt.groups[{list(self.groups)[-1]!r}].{name} = …")
        now = float(self.learning_rate)
        for optimizer in self.groups.values():
            optimizer.learning_rate = value if optimizer is self.optimizer else _in_proportion(optimizer, value, now)

    def nested(self) -> list[Optimizer]:
        return [self, *self.groups.values()]

    def done(self, state: State) -> Array:
        return self.optimizer.done(state["inside"][-1])

    def init(self, params: Sequence[Array]) -> State:
        raise UsageError(
            "Grouped tells weights by their paths, which plain arrays have not: write opt.apply(grads, model)."
        )

    def cells(self, variables: Sequence[Variable]) -> State:
        places = self._places([v.name or "" for v in variables])
        groups = zip(self.groups.values(), places, strict=True)
        return {"inside": [optimizer.cells([variables[i] for i in own]) for optimizer, own in groups]}

    @property
    def variables(self) -> list[Variable]:
        return [v for optimizer in self.groups.values() for v in optimizer.variables]

    def update(
        self, grads: Sequence[Array], params: Sequence[Array], state: State, paths: Sequence[str] = ()
    ) -> tuple[list[Array], State]:
        """One step of each group with the weights that are its own."""
        new, inside = list(params), []
        for optimizer, old, own in zip(self.groups.values(), state["inside"], self._places(paths), strict=True):
            parts = [[given[i] for i in own] for given in (grads, params)]
            moved, after = optimizer.update(*parts, old, [paths[i] for i in own])
            inside.append(after)
            for i, weight in zip(own, moved, strict=True):
                new[i] = weight
        return new, {"inside": inside}

    def _places(self, paths: Sequence[str]) -> list[list[int]]:
        """For each group the numbers of the weights that belong to it."""
        found: dict[str, list[int]] = {pattern: [] for pattern in self.groups}
        for i, path in enumerate(paths):
            pattern = next((pattern for pattern in found if fnmatchcase(path, pattern)), None)
            if pattern is None:
                raise UsageError(f'{path or "a weight without a name"} fits no group: add "*": Adam() as the last one.')
            found[pattern].append(i)
        return list(found.values())


def _table(groups: Any) -> Mapping[str, Any]:
    if not isinstance(groups, Mapping) or not groups:
        line = 'Grouped({"*/bias": SGD(0.1), "*": Adam(0.001)})'
        raise UsageError(f"Grouped takes optimizers by the paths of their weights, got {groups!r}: write {line}.")
    return groups


def _in_proportion(optimizer: Optimizer, value: float, now: float) -> float:
    return float(optimizer.learning_rate) * (float(value) / now)
