"""Model: from inputs to outputs, or a class of one's own with a ``call``."""

from typing import Any

from pente import tree
from pente.errors import UnknownNameError, UsageError
from pente.layers import Input, Layer
from pente.layers.structure import unique_names
from pente.models.graph import LayerGraph
from pente.models.record import Record
from pente.models.saving import Saved
from pente.models.summary import print_summary
from pente.train.trainer import Trainer

__all__ = ["Model"]


class Model(Layer, Trainer, Saved):
    """Layers that are trained together.

    Either the calls between symbolic inputs and outputs, ``Model(inputs, outputs)``, each a tensor, a list or a dict of
    them, or a class of one's own that makes its layers in ``__init__`` and uses them in ``call(x)``.

    >>> import pente
    >>> x = pente.Input((4,))
    >>> y = pente.layers.Dense(3)(x)
    >>> model = pente.Model(x, y)
    >>> model(pente.zeros((2, 4))).shape, [w.name for w in model.weights]
    ((2, 3), ['dense/kernel', 'dense/bias'])
    """

    graph: LayerGraph | None = None
    passing = Trainer.passing | {"preprocessing", "class_names"}

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
    ) -> None:
        if (inputs is None) != (outputs is None):
            raise UsageError("a model has inputs and outputs: write Model(inputs, outputs).")
        if isinstance(inputs, list) and outputs is not None and all(isinstance(x, Layer) for x in inputs):
            raise UsageError("a list of layers is a Sequential: write Sequential([...]).")
        super().__init__(name=name, trainable=trainable, dtype=dtype)
        if inputs is not None:
            self.draw_graph(inputs, outputs)

    def draw_graph(self, inputs: Any, outputs: Any) -> None:
        """Take these symbolic tensors as inputs and outputs."""
        self.graph = LayerGraph(inputs, outputs)
        self.built = True
        self.settle()

    def root_path(self) -> str:
        return ""  # so that a layer's path does not change with the name of the whole

    def children(self) -> dict[str, Layer]:
        return super().children() if self.graph is None else unique_names(self.graph.layers)

    def build(self, input_shape: Any) -> None:
        """Make all weights, for floating-point inputs of this shape, in which the first axis, the batch, is None."""
        if self.graph is None:
            shapes = input_shape if isinstance(input_shape, list) else [input_shape]
            inputs = [Input(tuple(shape)[1:]) for shape in shapes]
            self(inputs if isinstance(input_shape, list) else inputs[0])

    def ensure_built(self, *shapes: Any) -> None:
        """A model with a ``call`` of its own needs no shape: its layers are built when it uses them."""
        if not self.built:
            self.settle()
            self.built = True

    def call(self, inputs: Any) -> Any:
        if self.graph is None:
            raise UsageError(
                f"{type(self).__name__} has neither inputs and outputs nor a call: write Model(inputs, outputs), "
                "Sequential([...]), or a class with call(self, x)."
            )
        return self.graph.run(inputs)

    @property
    def layers(self) -> list[Layer]:
        """The layers directly below, in order."""
        return list(self.children().values())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name or path, as in ``block/dense_1``, or at that place."""
        if index is not None:
            return self.layers[index]
        found = {path: layer for path, layer in self.walk() if path}
        if name not in found:
            raise UnknownNameError("layer", name, found)
        return found[name]

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs."""
        return tree.leaves(self.input)

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs."""
        return tree.leaves(self.output)

    @property
    def input(self) -> Any:
        return super().input if self.graph is None else self.graph.inputs

    @property
    def output(self) -> Any:
        return super().output if self.graph is None else self.graph.outputs

    @property
    def known_output(self) -> Any:
        """The symbolic outputs, where the model is a graph of layers."""
        return None if self.graph is None else self.graph.outputs

    @property
    def output_names(self) -> list[str]:
        """A name for each output: its key in a dict, or the layer that it comes from."""
        if self.graph is None:
            return []
        if isinstance(self.graph.outputs, dict):
            return sorted(self.graph.outputs)
        return [symbol.name for symbol in tree.leaves(self.graph.outputs)]

    def _field(self, name: str) -> Any:
        if name in ("inputs", "outputs"):
            return None if self.graph is None else getattr(self.graph, name)
        return super()._field(name)

    def record(self, x: Any, y: Any = None, sample_weight: Any = None, *, training: bool = False) -> Record:
        """What the model computes on the way from this batch to its predictions, and with y to the loss, by path.

        ``record["block/dense_1"]`` is the output of a layer, ``record["block/dense_1/kernel"]`` a weight, also in
        models inside of models, each with ``value``, ``shape`` and ``grad``; a layer that is called several times has a
        list of them. Weights, metrics and random state stay as they are. Raises UnknownNameError for a path at which
        nothing is computed, and UsageError for ``grad`` where no y was given.

        >>> import pente
        >>> model = pente.Sequential([pente.layers.Dense(3, name="features"), pente.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> record = model.record(pente.ones((2, 4)), pente.ones((2, 1)))
        >>> record["features"].shape, record["features"].grad.shape, record["features/kernel"].grad.shape
        ((2, 3), (2, 3), (4, 3))
        """
        return Record(*self.record_on_batch(x, y, sample_weight, training=training))

    def summary(self, expand_nested: bool = False) -> None:
        """Print a table of the layers: class, shape of the output, number of weights."""
        print_summary(self, expand_nested)
