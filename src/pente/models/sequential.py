"""Sequential: one layer behind the other."""

from typing import Any

from pente.errors import PenteError, UsageError
from pente.layers import Input, InputLayer, Layer
from pente.layers.structure import unique_names
from pente.layers.symbolic import SymbolicTensor
from pente.models.model import Failure, Model

__all__ = ["Sequential"]


class Sequential(Model):
    """A model that calls its layers one after the other.

    With an Input at the front, or ``input_shape`` at the first layer, it is built at once; otherwise when it is first
    called or fitted.

    >>> import pente
    >>> model = pente.Sequential([pente.layers.Dense(3, activation="relu"), pente.layers.Dense(2)])
    >>> model(pente.ones((5, 4))).shape, [layer.name for layer in model.layers]
    ((5, 2), ['dense', 'dense_1'])
    """

    follows_graph = True

    def __init__(
        self, layers: Any = None, *, name: str | None = None, trainable: bool = True, dtype: Any = None
    ) -> None:
        self.stack: list[Layer] = []
        self.tensors: list[SymbolicTensor] = []  # what goes into the first layer, and what comes out of each
        super().__init__(name=name, trainable=trainable, dtype=dtype)
        if isinstance(layers, Layer):
            raise UsageError("Sequential takes a list of layers: write Sequential([layer, ...]).")
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Any) -> None:
        """Put a layer, or at the front an Input, behind the others."""
        if isinstance(layer, SymbolicTensor) and isinstance(layer.call.layer, InputLayer):
            layer = layer.call.layer
        if not isinstance(layer, Layer):
            hint = f" Make one: {layer.__name__}(...)." if isinstance(layer, type) else ""
            raise UsageError(f"a Sequential is made of layers, got {layer!r}.{hint}")
        if isinstance(layer, InputLayer):
            self._begin(layer)
        else:
            self._append(layer)

    def _begin(self, layer: InputLayer) -> None:
        if self.tensors or self.stack:
            raise UsageError("an Input stands at the front of a Sequential, and there is something before it.")
        self.tensors = [layer.output]
        self._update()

    def _append(self, layer: Layer) -> None:
        if not self.stack and not self.tensors:
            begins = _beginning(layer)
            self.tensors = [] if begins is None else [begins]
        self.stack = [*self.stack, layer]
        self._update()
        if self.tensors and self.failure is None:
            self._extend(layer)

    def pop(self) -> Layer:
        """Take the last layer away and return it."""
        if not self.stack:
            raise UsageError("there is no layer left to take away.")
        *rest, last = self.stack
        self.stack, self.tensors = rest, self.tensors[: len(rest) + 1]
        if len(self.tensors) == len(rest) + 1:
            self.failure = None
        self._update()
        return last

    def _extend(self, layer: Layer) -> None:
        """Call one more layer on what the last one gives."""
        try:
            self.tensors = [*self.tensors, layer(self.tensors[-1])]
        except PenteError as error:
            self.failure = Failure(len(self.tensors) - 1, str(error))
            raise
        self._update()

    def take(self, layers: list[Layer], tensors: list[SymbolicTensor]) -> None:
        """Be made of these layers, which were called before: on the first of these tensors, and with the others."""
        self.stack, self.tensors = layers, tensors
        self._update()

    def _update(self) -> None:
        """Let the graph say what the layers say."""
        if self.tensors and len(self.tensors) == len(self.stack) + 1:
            self.draw_graph(self.tensors[0], self.tensors[-1])
        else:
            self.graph, self.built = None, False
            self.settle()

    def children(self) -> dict[str, Layer]:
        return unique_names(self.stack)

    def build(self, input_shape: Any) -> None:
        """Make all weights, for floating-point inputs of this shape, in which the first axis, the batch, is None."""
        if self.stack and not self.built:
            self._chain(Input(tuple(input_shape)[1:]))

    def _chain(self, begins: SymbolicTensor) -> None:
        self.tensors, self.failure = [begins], None
        for layer in self.stack:
            self._extend(layer)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.built and args:
            self._build_for(args[0])
        return super().__call__(*args, **kwargs)

    def _build_for(self, x: Any) -> None:
        """Build for data like this; where that fails on shapes alone, the data will show why, or that it goes."""
        shape, kind = getattr(x, "shape", None), getattr(x, "dtype", None)
        if not shape:
            return
        whole = getattr(kind, "kind", "f") in "iub"
        try:
            self._chain(Input(tuple(shape)[1:], dtype=kind if whole else self.dtype))
        except PenteError:
            self.tensors = []

    def call(self, inputs: Any) -> Any:
        if not self.stack:
            return inputs
        if self.graph is not None:
            self.graph.refuse_mistakes(inputs)
        x = inputs
        for layer in self.stack:
            x = layer(x)
        return x

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without the Input."""
        return list(self.stack)

    def _field(self, name: str) -> Any:
        return self.layers if name == "layers" else super()._field(name)


def _beginning(layer: Layer) -> SymbolicTensor | None:
    """The input that the first layer itself states."""
    if isinstance(layer, Model) and layer.graph is not None and isinstance(layer.graph.inputs, SymbolicTensor):
        inside = layer.graph.inputs
        return Input(inside.shape[1:], dtype=inside.dtype)
    return None if layer.given_input_shape is None else Input(layer.given_input_shape)
