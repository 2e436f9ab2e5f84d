"""Model: from inputs to outputs, or a class of one's own with a ``call``."""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Self

from pente import tree
from pente.core.tensor import Variable
from pente.errors import BoundsError, UnknownNameError, UsageError
from pente.layers import Input, Layer
from pente.layers.structure import unique_names
from pente.layers.symbolic import LayerCall, SymbolicTensor, shapes_of, symbols_in
from pente.models.graph import LayerGraph
from pente.models.nested import seen_from, variables_before
from pente.models.record import Record
from pente.models.saving import Saved
from pente.models.summary import print_summary
from pente.train.objective import by_output, names_of
from pente.train.trainer import Trainer

__all__ = ["Model"]


PARTS = ("inputs", "outputs", "layers")  # the arguments of which Model and Sequential are made


class Failure(NamedTuple):
    """Which layer does not fit to what the one before it gives, and why."""

    place: int
    text: str


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
    seen_inputs: Any = None  # symbols for what a model without a graph was first called on
    failure: Failure | None = None
    given_by_name: frozenset[str] = frozenset()  # the arguments that the user named
    follows_graph: ClassVar[bool] = True  # whether call computes what the graph says
    passing = Trainer.passing | {"preprocessing", "class_names"}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "call" in vars(cls):
            cls.follows_graph = "follows_graph" in vars(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        made = super().__new__(cls, *args, **kwargs)
        vars(made)["given_by_name"] = frozenset(kwargs)
        return made

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
        if isinstance(inputs, list) and inputs and all(isinstance(x, Layer) for x in inputs):
            raise UsageError("a list of layers is a Sequential: write Sequential([...]).")
        super().__init__(name=name, trainable=trainable, dtype=dtype)
        if inputs is not None:
            self.draw_graph(inputs, outputs)

    def draw_graph(self, inputs: Any, outputs: Any) -> None:
        """Take these symbolic tensors as inputs and outputs."""
        self.graph = LayerGraph(inputs, seen_from(inputs, outputs))
        for symbol in symbols_in(inputs):
            symbol.models.add(self)
        self.built = True
        vars(self).update(seen_shape=shapes_of(inputs), output_shape=shapes_of(self.graph.outputs))
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

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.graph is None and self.seen_inputs is None and len(args) == 1:
            vars(self)["seen_inputs"] = tree.map_leaves(lambda x: _symbol_like(self, x), args[0])
        return super().run(args, kwargs)

    def call(self, inputs: Any) -> Any:
        if self.graph is None:
            renamed = " Its forward() is named call() here." if hasattr(self, "forward") else ""
            raise UsageError(
                f"{type(self).__name__} has neither inputs and outputs nor a call: write Model(inputs, outputs), "
                f"Sequential([...]), or a class with call(self, x).{renamed}"
            )
        return self.graph.run(inputs)

    @property
    def layers(self) -> list[Layer]:
        """The layers directly below, in order."""
        return list(self.children().values())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name or path, as in ``block/dense_1``, or at that place among ``layers``."""
        if (name is None) == (index is None):
            raise UsageError("get_layer takes a name or an index: get_layer('dense'), or get_layer(index=0).")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise BoundsError(f"there is no layer {index}: the model has {len(self.layers)}, counted from 0.")
            return self.layers[index]
        found = _below(self, str(name))
        if found is None:
            raise UnknownNameError("layer", name, [path for path, _ in self.walk() if path])
        return found

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

    def trained_variables(self) -> list[Variable]:
        """The variables that a step changes: of a graph, those on the way to an output with a loss."""
        if self.graph is None or not self.follows_graph or self._is_own("compute_loss"):
            return self.trainable_variables
        names = names_of(self.graph.outputs, self.output_names)
        losses = by_output(self.compiled().objective.given, names, "loss", spread=True)
        ends = [end for end, loss in zip(symbols_in(self.graph.outputs), losses, strict=True) if loss is not None]
        if not ends:
            return self.trainable_variables
        known = set(map(id, [*self.own_state().values(), *variables_before(ends, self.inputs)]))
        return [variable for variable in self.trainable_variables if id(variable) in known]

    def _arguments(self) -> list[str]:
        """Without the parts that a class of one's own makes itself and gives to its parent."""
        known = self.given_by_name | inspect.signature(type(self).__init__).parameters.keys()
        return [name for name in super()._arguments() if name in known or name not in PARTS]

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

    def summary(self, *, print_fn: Callable[[str], Any] | None = None, expand_nested: bool = False) -> None:
        """Print a table of the layers.

        Its columns are the class, the shape of the output, the numbers in the weights, whether they are trained, the
        multiply-adds of one example (in matrix products and convolutions), and in a graph the layers before. Where a
        layer does not fit, the table ends there, with the reason. ``expand_nested`` opens models inside of models;
        ``print_fn`` takes the text in the place of ``print``.
        """
        print_summary(self, expand_nested, print_fn)


def _symbol_like(model: Model, x: Any) -> Any:
    """A symbol for a tensor like this, with an open batch."""
    return SymbolicTensor((None, *x.shape[1:]), x.dtype, LayerCall(model)) if getattr(x, "shape", ()) else x


def _below(layer: Layer, path: str) -> Layer | None:
    """The layer at this path, whose parts may hold a stroke themselves, as in ``blocks/0``."""
    for name, child in layer.children().items():
        if path == name:
            return child
        found = _below(child, path.removeprefix(f"{name}/")) if path.startswith(f"{name}/") else None
        if found is not None:
            return found
    return None
