"""How a function with state becomes a program: Variables that it reads are inputs, those it assigns are outputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pente import tree
from pente.core.dispatch import node_of
from pente.core.graph import Graph, graph_of
from pente.core.node import Spec
from pente.core.tensor import Tensor, Variable
from pente.core.tracer import Tracer, placeholder, tracing
from pente.ops.lifting import lift

__all__ = ["Capture", "capture"]


class StateTracer(Tracer):
    """Gives a placeholder for every Variable that is read, and remembers in which order; and what else was used."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: dict[Variable, Tensor] = {}
        self.used: dict[int, Any] = {}

    def use(self, thing: Any) -> None:
        self.used[id(thing)] = thing

    def read(self, variable: Variable) -> Tensor:
        if variable in self.values:
            return self.values[variable]
        if variable not in self.reads:
            spec = Spec(variable.array.shape, variable.array.dtype)
            self.reads[variable] = placeholder(spec, tracked=variable.trainable)
            self.reads[variable].name = variable.name
        return self.reads[variable]


class Used:
    """A layer or an optimizer as it was: a change that was taken back, another mode say, is none."""

    def __init__(self, thing: Any) -> None:
        self.thing, self.revision, self.settings = thing, thing.revision, _settings(thing)

    def holds(self) -> bool:
        """Whether it is as it was."""
        now = self.thing.revision
        if now != self.revision and self.settings is not None and _alike(self.settings, _settings(self.thing)):
            self.revision = now
        return bool(now == self.revision)


def _settings(thing: Any) -> dict[str, Any] | None:
    return thing.settings() if hasattr(thing, "settings") else None  # an optimizer's changes stay


def _alike(a: dict[str, Any], b: Any) -> bool:
    plain = (bool, int, float, str)
    return a.keys() == b.keys() and all(
        x is b[name] or (x.__class__ is b[name].__class__ and x.__class__ in plain and x == b[name])
        for name, x in a.items()
    )


@dataclass(frozen=True, eq=False)
class Capture:
    """A traced function: the program, whose inputs are the arguments, then the state, and how its result is built.

    ``used`` are the layers and optimizers on the way, each as it was.
    """

    graph: Graph
    arguments: int
    state: tuple[Variable, ...]
    structure: tree.Structure
    blank: tuple[bool, ...]  # which leaves of the result are None
    used: tuple["Used", ...] = ()

    def rebuilt(self, outputs: Sequence[Tensor]) -> Any:
        """The result of the function, with these outputs."""
        supply = iter(outputs)
        return tree.unflatten(self.structure, [None if blank else next(supply) for blank in self.blank])


def capture(function: Callable[..., Any], specs: Sequence[Spec], names: Sequence[str]) -> Capture:
    """Trace ``function`` for arguments of these shapes and dtypes."""
    tracer = StateTracer()
    arguments = [placeholder(spec) for spec in specs]
    for argument, name in zip(arguments, names, strict=True):
        argument.name = name
    with tracing(tracer):
        result = function(*arguments)
        items, structure = tree.flatten(result)
        outputs = tuple(node_of(lift(x)) for x in items if x is not None)
        assigned = {variable: node_of(x) for variable, x in tracer.assigned.items()}
    state = tuple(tracer.reads)
    inputs = tuple(node_of(x) for x in [*arguments, *tracer.reads.values()])
    graph = graph_of(inputs, outputs, assigned, since=0)
    used = tuple(map(Used, tracer.used.values()))
    return Capture(graph, len(arguments), state, structure, tuple(x is None for x in items), used)
