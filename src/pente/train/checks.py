"""What is surely wrong between model, loss and data, found on shapes alone before the first step."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from pente import losses, tree
from pente.core.dispatch import node_of
from pente.core.node import Node, Spec, ancestors
from pente.core.primitives import cast, gather
from pente.core.state import no_grad
from pente.core.tensor import Tensor
from pente.core.tracer import Tracer, placeholder, tracing
from pente.errors import PenteError, TraceError, UsageError
from pente.layers.embedding import Embedding
from pente.layers.symbolic import shown, symbols_in
from pente.layers.trail import locate_loss
from pente.losses import Loss
from pente.ops.lifting import lift
from pente.ops.neural import sigmoid_, softmax_
from pente.train.objective import Objective, by_output, names_of

__all__ = ["check_fit", "check_head", "check_outputs", "predictions_for"]

# Losses of probabilities, and the activation that gives those.
PROBABILITIES = {
    losses.binary_crossentropy: "sigmoid",
    losses.categorical_crossentropy: "softmax",
    losses.sparse_categorical_crossentropy: "softmax",
}
LINEAR = ("matmul", "conv")


@dataclass(frozen=True)
class Sketch:
    """What a run on shapes found: what the predictions look like, and which inputs, by place, which layers look up."""

    predictions: Any
    lookups: list[tuple[int, Embedding]]


def check_fit(model: Any, objective: Objective, x: Any, y: Any, rows: int, what: str = "") -> None:
    """Run model and loss on the shapes of all rows: what does not fit raises, as do labels that are out of range.

    The model is run once for each kind of data, as long as it stays as it is; labels and ids are looked at each time.
    ``what`` is the argument that the data came from, where it is not x and y.
    """
    known: dict[Hashable, Sketch] = vars(model).setdefault("sketches", {})
    sketch = known.get(_kind(model, x, rows))
    if sketch is not None:
        with suppress(PenteError), tracing(Tracer()), no_grad():  # the whole check below says where the mistake is
            _check_values(model, objective, sketch, tree.map_leaves(placeholder, sketch.predictions), x, y, what)
            return
    try:
        with tracing(Tracer()), no_grad():
            given, predictions = predictions_for(model, x, rows)
            sketch = Sketch(tree.map_leaves(_spec, predictions), _lookups(model, given, tree.leaves(predictions)))
            _check_values(model, objective, sketch, predictions, x, y, what)
            known[_kind(model, x, rows)] = sketch  # not before, since the first run may build layers
    except TraceError:
        # A model or a loss that looks at values can only be run on them. The weights are made here all the same.
        model(tree.map_leaves(lambda array: Tensor(array[:1]), x), training=False)
    except PenteError as error:
        if what:
            error.args = (f"{what}: {error.args[0]}",)
        raise


def _kind(model: Any, x: Any, rows: int) -> Hashable:
    """What the predictions follow from: the model as it is, and the shapes and dtypes of the data."""
    arrays, structure = tree.flatten(x)
    return model._version(), rows, repr(structure), tuple((array.shape[1:], array.dtype) for array in arrays)


def _spec(prediction: Any) -> Spec:
    return Spec(prediction.shape, prediction.dtype)


def _check_values(
    model: Any, objective: Objective, sketch: Sketch, predictions: Any, x: Any, y: Any, what: str
) -> None:
    """Raise for ids and labels out of range, and where the loss does not fit the predictions."""
    arrays = tree.leaves(x)
    for place, layer in sketch.lookups:
        layer.refuse_strangers(np.asarray(arrays[place]))
    pairs = objective.pairs(y, predictions, model.output_names)
    if what and y is None and any(output.loss for output, _, _ in pairs):
        raise UsageError(f"there are no targets in it: write {what}=(x, y).")
    for output, target, prediction in pairs:
        if output.loss is not None and target is not None:
            with _located(output.loss, prediction) as loss:
                check_head(loss, prediction)
                loss(target, prediction)


@contextmanager
def _located(loss: Loss, prediction: Any) -> Iterator[Loss]:
    """The loss; an error of it is given its place."""
    try:
        yield loss
    except PenteError as error:
        locate_loss(error, loss.name, prediction)
        raise


def check_outputs(loss: Any, outputs: Any) -> None:
    """What is surely wrong between losses and a model whose outputs are known as symbolic tensors."""
    symbols = symbols_in(outputs)
    if loss is None or not symbols:
        return
    given = by_output(loss, names_of(outputs, [symbol.name for symbol in symbols]), "loss", spread=True)
    for one, symbol in zip(given, symbols, strict=True):
        if one is not None and symbol.call.inputs:
            place = next(i for i, x in enumerate(symbols_in(symbol.call.outputs)) if x is symbol)
            with tracing(Tracer()), no_grad(), _located(losses.get(one), symbol) as loss:
                check_head(loss, tree.leaves(shown(symbol.call))[place])


def predictions_for(model: Any, x: Any, rows: int) -> tuple[list[Node], Any]:
    """What the model gives for this many rows like these, by shape alone; and the nodes that it begins with."""
    given: list[Node] = []

    def empty(array: Any) -> Tensor:
        tensor = placeholder(Spec((rows, *array.shape[1:]), lift(array[:1]).dtype))
        given.append(node_of(tensor))
        return tensor

    return given, model(tree.map_leaves(empty, x), training=False)


def _lookups(model: Any, given: list[Node], predictions: list[Any]) -> list[tuple[int, Embedding]]:
    """The embeddings that look up an input as it is, and which."""
    layers = dict(model.walk())
    found: list[tuple[int, Embedding]] = []
    for node in ancestors(node_of(prediction) for prediction in predictions):
        if node.op is gather:
            ids = node.inputs[1].inputs[0] if node.inputs[1].op is cast else node.inputs[1]
            layer = layers.get(node.path)
            if ids in given and isinstance(layer, Embedding):
                found.append((given.index(ids), layer))
    return found


def check_head(loss: Loss, prediction: Tensor) -> None:
    """Raise where a loss of probabilities is given what comes before them, or the other way round."""
    function = getattr(loss, "fn", None)
    activation = PROBABILITIES.get(function)  # type: ignore[arg-type]
    if activation is None or prediction.node is None:
        return
    node, logits = prediction.node, getattr(loss, "settings", {}).get("from_logits", False)
    _refuse_one_unit(loss, node, activation)
    if logits and node.op in (softmax_, sigmoid_):
        raise UsageError(
            f"{loss.name} was told from_logits=True and wants numbers before the {activation}, and {node.path} ends in "
            f"{node.op}. Take that activation out of {node.path}, or write from_logits=False."
        )
    if activation == "softmax" and node.op is sigmoid_:
        raise UsageError(
            f"{loss.name} wants classes that exclude each other, and {node.path} ends in a sigmoid, whose rows do not "
            "sum to 1. Give it activation='softmax'; for independent classes write loss='binary_crossentropy'."
        )
    if not logits and _is_linear(node):
        kind = type(loss).__name__
        raise UsageError(
            f"{loss.name} wants probabilities, and {node.path} is linear. Give it activation={activation!r}, or write "
            f"loss={kind}(from_logits=True)."
        )


def _refuse_one_unit(loss: Loss, node: Node, activation: str) -> None:
    """Raise where a softmax has nothing to choose from, or a loss of classes a single one."""
    if node.shape[-1:] != (1,):
        return
    if node.op is softmax_:
        raise UsageError(
            f"{node.path} is a softmax over a single unit, which is always 1. For a yes or no give it "
            "activation='sigmoid', with loss='binary_crossentropy'; for classes one unit each."
        )
    if activation == "softmax":
        raise UsageError(
            f"{loss.name} wants one unit for each class, and {node.path} has a single one. For a yes or no give it "
            "activation='sigmoid' and write loss='binary_crossentropy'."
        )


def _is_linear(node: Node) -> bool:
    """Whether this is a matrix product or a convolution, with or without a bias."""
    if node.op is None:
        return False
    if node.op.name == "add":
        return node.inputs[1].op is None and _is_linear(node.inputs[0])
    return node.op.name in LINEAR
