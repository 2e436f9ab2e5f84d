"""What stands around an optimizer: it adds something, and leaves the rest to the one inside."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pente import tree
from pente.config import arguments
from pente.core.tensor import Variable
from pente.errors import UsageError
from pente.ops.elementwise import where
from pente.optimizers.base import Array, Optimizer, State
from pente.optimizers.settings import check, check_arguments
from pente.optimizers.slots import Slots

__all__ = ["Wrapper", "as_optimizer", "chosen"]


class Wrapper(Optimizer):
    """The base of wrappers. Its settings are those of the optimizer inside: ``opt.learning_rate = 0.1`` reaches it.

    A wrapper can be wrapped again. In its state that of the optimizer inside stands under "inside"; what it keeps
    itself has paths beside the others: ``optimizer/average/dense/kernel``.
    """

    optimizer: Optimizer

    def __new__(cls, *given: Any, **options: Any) -> Self:
        check_arguments(cls, given, options)
        made = object.__new__(cls)
        made.__dict__["changes"] = 0
        return made

    def __init__(self, optimizer: Any) -> None:
        inside = as_optimizer(optimizer, type(self))
        self.__dict__.update(optimizer=inside, _slots=Slots(inside.name))
        if any(type(other) is type(self) for other in inside.nested()):
            raise UsageError(f"{type(self).__name__} stands twice around {inside!r}: leave one of them out.")

    def __getattr__(self, name: str) -> Any:
        """What the wrapper does not have is that of the optimizer inside."""
        if name.startswith("__") or "optimizer" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.optimizer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in arguments(type(self)):
            check(name, value)
            self.__dict__[name] = value
            self.__dict__["changes"] += 1
        else:
            setattr(self.optimizer, name, value)
            self._slots.rename(self.optimizer.name)

    def get_config(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in arguments(type(self))}

    def nested(self) -> list[Optimizer]:
        return [self, *self.optimizer.nested()]

    def done(self, state: State) -> Array:
        return self.optimizer.done(state["inside"])

    def init(self, params: Sequence[Array]) -> State:
        return {**self._kept(params), "inside": self.optimizer.init(params)}

    def cells(self, variables: Sequence[Variable]) -> State:
        return {**self._own_cells(variables), "inside": self.optimizer.cells(variables)}

    @property
    def variables(self) -> list[Variable]:
        return [*self.optimizer.variables, *self._numbers.values(), *self._slots.cells.values()]

    @property
    def _numbers(self) -> dict[str, Variable]:
        return {}


def _forwarded(name: str) -> property:
    def read(self: Wrapper) -> Any:
        return getattr(self.optimizer, name)

    return property(read, doc=f"The {name} of the optimizer inside.")


# The class above has defaults for these, which would hide what the optimizer inside has.
for _name in ("learning_rate", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "segments", "name"):
    setattr(Wrapper, _name, _forwarded(_name))


def as_optimizer(given: Any, wrapper: type[Optimizer]) -> Optimizer:
    """The optimizer that a wrapper is given: itself, its name or its config."""
    from pente.optimizers.registry import get

    if not isinstance(given, (Optimizer, str, Mapping)):
        line = f"{wrapper.__name__}(Adam(0.001), ...)"
        raise UsageError(f"{wrapper.__name__} stands around an optimizer, got {given!r}: write {line}.")
    return get(given)


def chosen(condition: Array, new: Any, old: Any) -> Any:
    """The one tree or the other, while a function is traced; what is the same thing in both stays that."""
    return tree.map_leaves(lambda a, b: a if a is b else where(condition, a, b), new, old)
