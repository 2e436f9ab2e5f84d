"""What stands below a layer: its sub-layers and its variables, with their paths, and what is done with all of them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pente.core.tensor import Variable
from pente.errors import DataError, ShapeError, UnknownNameError, UsageError
from pente.layers.structure import State, entries, holders, join
from pente.ops.random import Stream

if TYPE_CHECKING:
    from pente.layers.base import Layer

__all__ = ["StateTree"]

PLAIN = frozenset({type(None), bool, int, float, str})  # most fields: known to hold no state at a glance
INTERNAL = frozenset({"own_weights", "drawn", "frozen", "calls", "build_shapes"})


class StateTree(State):
    """The walks over a layer and all below it. Paths are relative to where the walk starts."""

    trainable: bool
    training: bool  # the mode, where nobody asks for another
    built: bool
    revision: int  # grows with every change of a field that is not a Variable
    own_weights: dict[str, Variable]
    frozen: list[Variable]  # those that would train if the layer was not frozen

    # What stands where.

    def children(self) -> "dict[str, Layer]":
        """The layers directly below, by name: a name of the user's, or else the attribute's."""
        from pente.layers.base import Layer

        found = [(name, item) for name, item in self._entries() if isinstance(item, Layer)]
        found = list({id(item): (name, item) for name, item in reversed(found)}.values())[::-1]
        return {item.wished_name or name: item for name, item in found}

    def _entries(self) -> Iterator[tuple[str, Any]]:
        for name, value in list(vars(self).items()):
            if name not in INTERNAL and value.__class__ not in PLAIN:
                yield from entries(name, value)

    def holders(self) -> "Iterator[list[Any] | dict[Any, Any]]":
        """The lists and dicts in the attributes in which layers stand."""
        for name, value in vars(self).items():
            if name not in INTERNAL and value.__class__ not in PLAIN:
                yield from holders(value)

    def walk(self, path: str = "") -> "Iterator[tuple[str, Layer]]":
        """This layer and all below it, each once, with their paths; parents come before their children."""
        yield from self._walk(path, set())

    def _walk(self, path: str, seen: set[int]) -> "Iterator[tuple[str, Any]]":
        if id(self) in seen:
            return
        seen.add(id(self))
        yield path, self
        for name, child in self.children().items():
            yield from child._walk(join(path, name), seen)

    def own_state(self) -> dict[str, Variable]:
        """The variables of this layer itself: weights in Keras's order, then where its random numbers stand."""
        found = dict(self.own_weights)
        known = set(map(id, found.values()))
        found.update((name, v) for name, v in self._entries() if isinstance(v, Variable) and id(v) not in known)
        found = dict(sorted(found.items(), key=lambda item: not self._can_train(item[1])))
        found.update((join(name, "calls"), s.calls) for name, s in self._entries() if isinstance(s, Stream))
        return found

    def _can_train(self, variable: Variable) -> bool:
        """Whether the variable is one that training changes when its layer is not frozen."""
        return variable.trainable or any(variable is v for v in self.frozen)

    def named_state(self) -> dict[str, Variable]:
        """Every variable below, each once, by its path."""
        found: dict[str, Variable] = {}
        seen: set[int] = set()
        for path, layer in self.walk():
            for name, variable in layer.own_state().items():
                if id(variable) not in seen:
                    seen.add(id(variable))
                    found[join(path, name)] = variable
        return found

    # Variables, as Keras and PyTorch name them.

    @property
    def variables(self) -> list[Variable]:
        """All variables: the weights, and where the random numbers stand."""
        return list(self.named_state().values())

    @property
    def weights(self) -> list[Variable]:
        """All weights in Keras's order: the layer's own, those that train first, then the sub-layers'."""
        streams = {id(s.calls) for _, layer in self.walk() for _, s in layer._entries() if isinstance(s, Stream)}
        return [v for v in self.variables if id(v) not in streams]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return [v for v in self.weights if v.trainable]

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training changes."""
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone: frozen ones, and running statistics."""
        return [v for v in self.weights if not v.trainable]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training leaves alone."""
        return [v for v in self.variables if not v.trainable]

    def parameters(self) -> Iterator[Variable]:
        """The weights that can be trained, frozen or not, under PyTorch's name."""
        known = {id(v) for _, layer in self.walk() for v in layer.own_state().values() if layer._can_train(v)}
        return (v for v in self.weights if id(v) in known)

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        self.require_built("count its parameters")
        return sum(v.size for v in self.weights)

    # Values in and out.

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Copies of all weights, in Keras's order."""
        self.require_built("read its weights")
        self.keep_values()
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Replace all weights, in the order of get_weights."""
        self.require_built("set its weights")
        own, given = self.weights, list(weights)
        if len(own) != len(given):
            raise DataError(f"{self!r} has {len(own)} weights, and {len(given)} were given.")
        for variable, value in zip(own, given, strict=True):
            if np.shape(value) != variable.shape:
                raise ShapeError(
                    f"{variable.name} has shape {variable.shape}, and the weight given has {np.shape(value)}."
                )
        for variable, value in zip(own, given, strict=True):
            variable.assign(value)
        self.keep_values()

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """A copy of every variable, by its path."""
        self.require_built("read its state")
        self.keep_values()
        return {path: variable.numpy() for path, variable in self.named_state().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Replace every variable by the value that stands under its path."""
        self.require_built("load a state")
        own = self.named_state()
        missing, extra = [p for p in own if p not in state], [p for p in state if p not in own]
        if missing or extra:
            raise DataError(
                f"the state does not fit {self!r}: "
                + "; ".join(filter(None, [_listed("it lacks", missing), _listed("nothing is called", extra)]))
            )
        for path, variable in own.items():
            if np.shape(state[path]) != variable.shape:
                raise ShapeError(
                    f"{path} has shape {variable.shape}, and the state has {np.shape(state[path])} for it. Make the "
                    "model as it was when the state was taken: with the same units, filters and input."
                )
        for path, variable in own.items():
            variable.assign(state[path])
        self.keep_values()

    def zero_grad(self) -> None:
        """Forget the gradients that backward() left at the variables."""
        for variable in self.variables:
            variable.grad = None

    # Modes and freezing.

    def train(self, mode: bool = True) -> Self:
        """Switch this layer and all below to training mode: dropout drops, statistics are of the batch."""
        for _, layer in self.walk():
            layer.training = mode
        return self

    def eval(self) -> Self:
        """Switch this layer and all below to inference mode, which is how they start."""
        return self.train(False)

    def freeze(self) -> None:
        """Keep training from changing this layer and all below; a frozen BatchNormalization uses stored statistics."""
        self.trainable = False

    def unfreeze(self) -> None:
        """Let training change this layer and all below again."""
        self.trainable = True

    def freeze_to(self, name: str) -> None:
        """Freeze the layers from the first up to and with the named one, and unfreeze those after it."""
        children = self.children()
        if name not in children:
            raise UnknownNameError("layer", name, children)
        frozen = True
        for own, child in children.items():
            child.trainable = not frozen
            frozen = frozen and own != name

    def set_trainable(self, value: bool) -> None:
        """Freeze or unfreeze the variables, here and below; called when ``trainable`` is set."""
        for variable in self.own_state().values():
            if not value and variable.trainable:
                self.frozen.append(variable)
                variable.trainable = False
        if value:
            for variable in self.frozen:
                variable.trainable = True
            self.frozen.clear()
        for child in self.children().values():
            child.trainable = value

    # For those that are above.

    def require_built(self, wish: str) -> None:
        """Raise where weights are still to come."""
        late = next((path for path, layer in self.walk() if not layer.built and layer.may_have_weights()), None)
        if late is not None:
            raise UsageError(
                f"cannot {wish}: {late or repr(self)} is not built yet, because it has not seen an input. Call it on "
                "data first, or name the shape: model.build((None, features))."
            )

    def may_have_weights(self) -> bool:
        """Whether this layer, and not those below it, gets weights when it is built."""
        raise NotImplementedError

    def keep_values(self) -> None:
        """From here on initial values stay, wherever the layers are put: somebody has seen them."""
        raise NotImplementedError


def _listed(what: str, paths: list[str]) -> str:
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return f"{what} {', '.join(paths[:5])}{more}" if paths else ""
