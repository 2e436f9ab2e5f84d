"""What is surely wrong between model, loss and data, found on shapes alone before the first step."""

from typing import Any

from pente import losses, tree
from pente.core.node import Node, Spec
from pente.core.state import no_grad
from pente.core.tensor import Tensor
from pente.core.tracer import Tracer, placeholder, tracing
from pente.errors import TraceError, UsageError
from pente.layers.symbolic import SymbolicTensor, shown
from pente.losses import Loss
from pente.ops.lifting import lift
from pente.ops.neural import sigmoid_, softmax_
from pente.train.objective import Objective

__all__ = ["check_fit", "check_head", "check_outputs", "predictions_for"]

# Losses of probabilities, and the activation that gives those.
PROBABILITIES = {
    losses.binary_crossentropy: "sigmoid",
    losses.categorical_crossentropy: "softmax",
    losses.sparse_categorical_crossentropy: "softmax",
}
LINEAR = ("matmul", "conv")


def check_fit(model: Any, objective: Objective, x: Any, y: Any, rows: int) -> None:
    """Run model and loss on the shapes of all rows: what does not fit raises, as do labels that are out of range."""
    try:
        with tracing(Tracer()), no_grad():
            predictions = predictions_for(model, x, rows)
            for output, target, prediction in objective.pairs(y, predictions, model.output_names):
                if output.loss is not None and target is not None:
                    check_head(output.loss, prediction)
                    output.loss(target, prediction)
    except TraceError:
        # A model or a loss that looks at values can only be run on them. The weights are made here all the same.
        model(tree.map_leaves(lambda array: Tensor(array[:1]), x), training=False)


def check_outputs(loss: Any, output: Any) -> None:
    """What is surely wrong between a loss and a model whose output is known as a symbolic tensor."""
    if isinstance(loss, (list, tuple, dict)) or loss is None or not isinstance(output, SymbolicTensor):
        return
    with tracing(Tracer()), no_grad():
        (prediction,) = tree.leaves(shown(output.call))
        check_head(losses.get(loss), prediction)


def predictions_for(model: Any, x: Any, rows: int) -> Any:
    """What the model gives for this many rows like these, by shape alone."""

    def empty(array: Any) -> Tensor:
        return placeholder(Spec((rows, *array.shape[1:]), lift(array[:1]).dtype))

    return model(tree.map_leaves(empty, x), training=False)


def check_head(loss: Loss, prediction: Tensor) -> None:
    """Raise where a loss of probabilities is given what comes before them, or the other way round."""
    activation = PROBABILITIES.get(getattr(loss, "fn", None))  # type: ignore[arg-type]
    if activation is None or prediction.node is None:
        return
    node, logits = prediction.node, getattr(loss, "settings", {}).get("from_logits", False)
    if logits and node.op in (softmax_, sigmoid_):
        raise UsageError(
            f"{loss.name} was told from_logits=True and wants numbers before the {activation}, and {node.path} ends in "
            f"{node.op}. Take that activation out of {node.path}, or write from_logits=False."
        )
    if not logits and _is_linear(node):
        kind = type(loss).__name__
        raise UsageError(
            f"{loss.name} wants probabilities, and {node.path} is linear. Give it activation={activation!r}, or write "
            f"loss={kind}(from_logits=True)."
        )


def _is_linear(node: Node) -> bool:
    """Whether this is a matrix product or a convolution, with or without a bias."""
    if node.op is None:
        return False
    if node.op.name == "add":
        return node.inputs[1].op is None and _is_linear(node.inputs[0])
    return node.op.name in LINEAR
