"""How a function becomes a program: it is called once with tensors of which only shape and dtype are known."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pente import tree
from pente.core.graph import Graph, graph_of
from pente.core.node import Spec, next_serial, spec_of
from pente.core.number import Number
from pente.core.state import state
from pente.core.tensor import Handle, Tensor, Variable, leaf
from pente.errors import UsageError

__all__ = ["Tracer", "output_spec", "placeholder", "trace", "tracing"]


class Tracer:
    """Keeps what a function does to Variables while it is traced: an assign changes what later reads see, no more."""

    def __init__(self, known: dict[Variable, Tensor] | None = None, assigns: str = "") -> None:
        self.values: dict[Variable, Tensor] = dict(known or {})
        self.assigned: dict[Variable, Tensor] = {}
        self.refused = assigns
        self.outer = state.tracers[-1] if state.tracers else None

    def read(self, variable: Variable) -> Tensor:
        if variable in self.values:
            return self.values[variable]
        return self.outer.read(variable) if self.outer is not None else variable.leaf()

    def use(self, thing: Any) -> None:
        """Note what is no Variable and decides what is computed: a layer or an optimizer, whose fields may change."""
        if self.outer is not None:
            self.outer.use(thing)

    def assign(self, variable: Variable, value: Any) -> None:
        from pente.core.dispatch import lift
        from pente.core.primitives import cast

        if self.refused:
            raise UsageError(f"variable {variable.name or ''} is assigned inside {self.refused}")
        if isinstance(value, Number):
            tensor = value.exact
        else:
            tensor = lift(value) if isinstance(value, Handle) else Tensor(variable.fitted(value))
        variable.check_shape(tensor.shape)
        variable.check_kind(tensor.dtype)
        tensor = tensor if tensor.dtype == variable.dtype else cast(tensor, dtype=variable.dtype)
        self.values[variable] = self.assigned[variable] = tensor


@contextmanager
def tracing(tracer: Tracer) -> Iterator[Tracer]:
    """Let reads and assigns of Variables go through this tracer."""
    state.tracers.append(tracer)
    try:
        yield tracer
    finally:
        state.tracers.pop()


def placeholder(spec: Spec, tracked: bool = False) -> Tensor:
    """A tensor without a value."""
    out = Tensor(spec)
    out.node = leaf(spec, tracked, out)
    return out


def trace(
    function: Callable[..., Any], specs: Sequence[Spec], tracer: Tracer | None = None
) -> tuple[Graph, tree.Structure]:
    """The program of ``function`` for inputs of these shapes and dtypes, and the structure of what it returns."""
    from pente.core.dispatch import lift, node_of

    tensors = [placeholder(spec) for spec in specs]
    inputs = tuple(node_of(x) for x in tensors)
    since = inputs[0].serial if inputs else next_serial()
    with tracing(tracer or Tracer()) as active:
        result = function(*tensors)
    items, structure = tree.flatten(result)
    outputs = tuple(node_of(lift(x)) for x in items)
    assigned = {variable: node_of(x) for variable, x in active.assigned.items()}
    return graph_of(inputs, outputs, assigned, since), structure


def output_spec(body: Callable[..., Any], specs: Sequence[Spec], params: Any) -> Any:
    """Shape and dtype of what ``body`` returns for inputs like these."""
    result = body(*[placeholder(spec) for spec in specs], **params)
    return spec_of(result.data)
