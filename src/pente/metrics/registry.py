"""From what a user names to a metric object; "accuracy" and "crossentropy" mean what suits the loss."""

from functools import partial
from typing import Any

from pente import losses
from pente.config import find
from pente.errors import UsageError
from pente.losses.registry import FUNCTIONS
from pente.metrics import base
from pente.metrics import confusion as c
from pente.metrics import crossentropy as x
from pente.metrics import hits as h
from pente.metrics import regression as r
from pente.shapes import Shape

__all__ = ["get", "resolve_accuracy", "resolve_crossentropy"]

CLASSES: tuple[type[Any], ...] = (
    base.Mean,
    base.Sum,
    h.Accuracy,
    h.BinaryAccuracy,
    h.CategoricalAccuracy,
    h.SparseCategoricalAccuracy,
    h.TopKCategoricalAccuracy,
    h.SparseTopKCategoricalAccuracy,
    c.Precision,
    c.Recall,
    c.F1Score,
    c.AUC,
    r.MeanSquaredError,
    r.RootMeanSquaredError,
    r.MeanAbsoluteError,
    r.MeanAbsolutePercentageError,
    r.MeanSquaredLogarithmicError,
    r.LogCoshError,
    r.Poisson,
    r.CosineSimilarity,
    r.R2Score,
    x.BinaryCrossentropy,
    x.CategoricalCrossentropy,
    x.SparseCategoricalCrossentropy,
    x.KLDivergence,
    x.Hinge,
    x.SquaredHinge,
    x.CategoricalHinge,
)
OWN: dict[str, Any] = {kind().name: kind for kind in CLASSES}
KNOWN: dict[str, Any] = {
    **{name: OWN.get(f.__name__) or partial(base.MeanMetricWrapper, f) for name, f in FUNCTIONS.items()},
    **OWN,
    "rmse": r.RootMeanSquaredError,
    "log_cosh_error": r.LogCoshError,
}
BINARY = (losses.binary_crossentropy,)
SIDES = (losses.hinge, losses.squared_hinge)
SPARSE = (losses.sparse_categorical_crossentropy, losses.negative_log_likelihood)
DENSE = (losses.categorical_crossentropy, losses.categorical_hinge, losses.kl_divergence)


def get(
    identifier: Any, loss: Any = None, output_shape: Shape | None = None, y_shape: Shape | None = None
) -> base.Metric:
    """The metric object that a name, a function of (y_true, y_pred), a loss, a class or a metric object stands for.

    "accuracy" and "crossentropy" need the loss, or the shapes of predictions and targets. A metric that was asked for
    in small letters is shown under that name.

    >>> import pente
    >>> pente.metrics.get("accuracy", loss="sparse_categorical_crossentropy")
    SparseCategoricalAccuracy(name='accuracy')
    >>> pente.metrics.get("mse")
    MeanSquaredError(name='mse')
    """
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc"):
        return resolve_accuracy(loss, output_shape, y_shape, identifier.lower())
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        return resolve_crossentropy(loss, output_shape, y_shape, identifier.lower())
    if callable(identifier) and not isinstance(identifier, type | base.Metric):
        return base.MeanMetricWrapper(identifier)
    metric: base.Metric = find("metric", KNOWN, identifier, base.Metric)
    if isinstance(identifier, str) and identifier.islower():
        metric.name = identifier
    return metric


def resolve_accuracy(
    loss: Any = None, output_shape: Shape | None = None, y_shape: Shape | None = None, name: str = "accuracy"
) -> base.Metric:
    """The accuracy that suits the loss; where the loss does not say, the shapes do.

    A binary loss or one unit: binary accuracy, with the threshold at 0 for numbers before the sigmoid. Labels: sparse
    categorical accuracy. One target for each unit: categorical accuracy.

    >>> import pente
    >>> pente.metrics.resolve_accuracy(pente.losses.BinaryCrossentropy(from_logits=True))
    BinaryAccuracy(name='accuracy', threshold=0.0)
    """
    known, kind = _kind("accuracy", loss, output_shape, y_shape)
    if kind == "binary":
        return h.BinaryAccuracy(name, threshold=0.0 if known.get("from_logits") else 0.5)
    if kind == "sides":
        return base.MeanMetricWrapper(h.same_side, name)
    return h.SparseCategoricalAccuracy(name) if kind == "sparse" else h.CategoricalAccuracy(name)


def resolve_crossentropy(
    loss: Any = None, output_shape: Shape | None = None, y_shape: Shape | None = None, name: str = "crossentropy"
) -> base.Metric:
    """The cross-entropy that suits the loss, from logits where the loss is; where the loss does not say, the shapes do.

    >>> import pente
    >>> pente.metrics.resolve_crossentropy(output_shape=(None, 10), y_shape=(None,)).name
    'crossentropy'
    """
    known, kind = _kind("crossentropy", loss, output_shape, y_shape)
    from_logits = bool(known.get("from_logits"))
    if kind in ("binary", "sides"):
        return x.BinaryCrossentropy(name, from_logits)
    return (x.SparseCategoricalCrossentropy if kind == "sparse" else x.CategoricalCrossentropy)(name, from_logits)


def _kind(what: str, loss: Any, output_shape: Any, y_shape: Any) -> tuple[dict[str, Any], str]:
    """The settings of the loss, and which kind of targets it is for."""
    known = None if loss is None else losses.get(loss)
    settings, function = getattr(known, "settings", {}), getattr(known, "fn", None)
    for kind, functions in {"binary": BINARY, "sides": SIDES, "sparse": SPARSE, "dense": DENSE}.items():
        if function in functions:
            return settings, kind
    if output_shape is None or y_shape is None:
        raise UsageError(
            f"which {what} is meant depends on the loss or on the shapes, and neither says: give output_shape and "
            f"y_shape, or name it, for example metrics=['categorical_{what}']."
        )
    if output_shape[-1] == 1:
        return settings, "binary"
    return settings, "sparse" if len(y_shape) < len(output_shape) or y_shape[-1] == 1 else "dense"
