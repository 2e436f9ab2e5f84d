"""What training makes small, and what else it watches: a loss and some metrics for each output."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pente import losses, tree
from pente import metrics as known_metrics
from pente.core.tensor import Tensor, Variable
from pente.errors import ShapeError, UnknownNameError, UsageError
from pente.losses import Loss
from pente.metrics import Mean, Metric
from pente.ops.lifting import lift
from pente.ops.shape import reshape

__all__ = ["Objective", "Output", "aligned", "by_output", "names_of"]


@dataclass
class Output:
    """One output of a model: its name (empty for the only one), its loss, and its metrics by the name in the logs."""

    name: str
    loss: Loss | None
    weight: float
    metrics: dict[str, Metric]
    weighted: dict[str, Metric]
    tracker: Mean = field(default_factory=lambda: Mean("loss"))


class Objective:
    """The losses and metrics that ``compile`` was given, sorted out when the first predictions show what there is."""

    def __init__(self, loss: Any, metrics: Any, weighted_metrics: Any, loss_weights: Any) -> None:
        self.given = loss
        self.given_metrics = metrics
        self.given_weighted = weighted_metrics
        self.given_weights = loss_weights
        self.total = Mean("loss")
        self.outputs: list[Output] = []
        tree.map_leaves(lambda one: None if one is None else losses.get(one), loss)
        for one in (*tree.leaves(metrics or []), *tree.leaves(weighted_metrics or [])):
            if one is not None:
                known_metrics.get(one, output_shape=(1,), y_shape=(1,))  # an unknown name is told at once

    def pairs(self, y: Any, predictions: Any, names: list[str]) -> list[tuple[Output, Any, Tensor]]:
        """Each output with its targets, in the shape of its predictions where only a last axis of 1 is missing."""
        predicted = tree.leaves(predictions)
        names = names_of(predictions, names)
        targets = [None] * len(names) if y is None else by_output(y, names, "y")
        if not self.outputs:
            self.outputs = self._sorted_out(names, predicted, targets)
        return [
            (output, None if target is None else aligned(target, prediction), prediction)
            for output, target, prediction in zip(self.outputs, targets, predicted, strict=True)
        ]

    def _sorted_out(self, names: list[str], predicted: list[Tensor], targets: list[Any]) -> list[Output]:
        found = by_output(self.given, names, "loss", spread=True)
        weights = by_output(self.given_weights, names, "loss_weights", spread=True)
        plain = _lists_by_output(self.given_metrics, names)
        weighted = _lists_by_output(self.given_weighted, names)
        outputs = []
        for i, name in enumerate(names):
            loss = None if found[i] is None else losses.get(found[i])
            y = None if targets[i] is None else aligned(targets[i], predicted[i]).shape
            own, by_weight = (
                {m.name: m for m in (known_metrics.get(one, loss, predicted[i].shape, y) for one in each[i])}
                for each in (plain, weighted)
            )
            outputs.append(Output(name, loss, 1.0 if weights[i] is None else float(weights[i]), own, by_weight))
        return outputs

    def loss(self, y: Any, predictions: Any, weight: Any, names: list[str], added: Iterable[Any]) -> Tensor:
        """Σ loss_weight · loss over the outputs, and what the layers add."""
        terms = []
        for output, target, prediction in self.pairs(y, predictions, names):
            if output.loss is not None and target is not None:
                term = output.loss(target, prediction, _weight_of(weight, output, names))
                output.tracker.update_state(term, float(prediction.shape[0]))
                terms.append(term if output.weight == 1.0 else term * output.weight)
        terms += added
        if not terms:
            raise UsageError(
                "there is nothing to make small: give compile(loss=...) and fit(x, y), or fit(x, x) to learn x itself, "
                "or add_loss in a layer."
            )
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return lift(total)

    def watch(self, total: Any, y: Any, predictions: Any, weight: Any, names: list[str]) -> dict[str, Tensor]:
        """Take a batch into the loss and all metrics of the epoch, and give how they stand."""
        pairs = self.pairs(y, predictions, names)
        self.total.update_state(total, float(pairs[0][2].shape[0]))
        for output, target, prediction in pairs:
            if target is not None:
                for metric in output.metrics.values():
                    metric.update_state(target, prediction)
                for metric in output.weighted.values():
                    metric.update_state(target, prediction, _weight_of(weight, output, names))
        return self.logs()

    def logs(self) -> dict[str, Tensor]:
        """The loss and all metrics since the last reset, by their names."""
        logs = {"loss": self.total.result()}
        if len(self.outputs) > 1:
            logs.update({f"{o.name}_loss": o.tracker.result() for o in self.outputs if o.loss is not None})
        return logs | {name: metric.result() for name, metric in self.metrics().items()}

    def metrics(self) -> dict[str, Metric]:
        """All metrics by their names in the logs."""
        return {
            (f"{output.name}_{name}" if len(self.outputs) > 1 else name): metric
            for output in self.outputs
            for name, metric in (*output.metrics.items(), *output.weighted.items())
        }

    @property
    def variables(self) -> list[Variable]:
        """The totals of all metrics."""
        return [variable for metric in self.counted() for variable in metric.variables]

    def reset(self) -> None:
        """Begin a new epoch."""
        for metric in self.counted():
            metric.reset_state()

    def counted(self) -> list[Metric]:
        """All that is counted over an epoch: the loss, that of each output, and the metrics."""
        return [self.total, *(output.tracker for output in self.outputs), *self.metrics().values()]


def aligned(y: Any, prediction: Tensor) -> Tensor:
    """Targets (N,) as (N, 1) for a head of one unit."""
    target = lift(y)
    one = prediction.ndim == target.ndim + 1 and prediction.shape[-1] == 1
    return reshape(target, (*target.shape, 1)) if one else target


def names_of(predictions: Any, names: list[str]) -> list[str]:
    """A name for each output: the key in a dict, the layer's, or its number."""
    if isinstance(predictions, dict):
        inside = next((name for name, x in predictions.items() if isinstance(x, (dict, list, tuple))), None)
        if inside is not None:
            raise UsageError(
                f"a loss is for one output, and {inside!r} is several: give each output a name of its own, as in "
                "Model(inputs, {'a': a, 'b': b})."
            )
        return sorted(predictions)
    count = len(tree.leaves(predictions))
    if len(names) == count == len(set(names)):
        return names
    return [f"output_{i}" for i in range(count)] if count > 1 else ["output"]


def by_output(given: Any, names: list[str], what: str, spread: bool = False) -> list[Any]:
    """One thing for each output, from a dict by name or a list by place; one alone may hold for all."""
    if isinstance(given, Mapping) and set(given) <= set(names):
        return [given.get(name) for name in names]
    if isinstance(given, Mapping) and "class_name" not in given:
        raise UnknownNameError(f"output (in {what})", next(k for k in given if k not in names), names)
    if isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ShapeError(
                f"{what} has {len(given)} entries, and the model has {len(names)} outputs: {', '.join(names)}. Write "
                f"{what}={_each(names, given)}."
            )
        return list(given)
    if len(names) > 1 and not spread:
        raise UsageError(
            f"the model has {len(names)} outputs ({', '.join(names)}), and {what} is one array: give a list, "
            f"{what}=[{', '.join(names)}], or a dict, {what}={_each(names)}."
        )
    return [given] * len(names)


def _each(names: list[str], given: Any = ()) -> str:
    """A dict with an entry for each output, as code; what was given as names is filled in."""
    known = given and all(isinstance(one, str) for one in given)
    filled = [repr(given[min(i, len(given) - 1)]) if known else "..." for i in range(len(names))]
    return f"{{{', '.join(f'{name!r}: {one}' for name, one in zip(names, filled, strict=True))}}}"


def _weight_of(weight: Any, output: Output, names: list[str]) -> Any:
    """The weights of the samples for this output."""
    if isinstance(weight, Mapping):
        return weight.get(output.name)
    return weight


def _lists_by_output(given: Any, names: list[str]) -> list[list[Any]]:
    """The metrics of each output; a flat list holds for all outputs, one of lists for each its own."""
    nested = isinstance(given, (list, tuple)) and any(isinstance(one, (list, tuple)) for one in given)
    if nested or isinstance(given, Mapping):
        each = by_output(given, names, "metrics")
    else:
        each = [given] * len(names)
    return [[] if one is None else list(one) if isinstance(one, (list, tuple)) else [one] for one in each]
