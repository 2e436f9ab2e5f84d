"""The losses of distributions and of the margin, as metrics: their mean over all samples of an epoch."""

from pente import losses
from pente.metrics.base import MeanMetricWrapper

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "Hinge",
    "KLDivergence",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of -(y log p + (1 - y) log(1 - p)) over all samples.

    >>> import pente
    >>> pente.metrics.BinaryCrossentropy()([1.0, 0.0], [0.5, 0.5]).item()
    0.6931
    """

    def __init__(
        self, name: str = "binary_crossentropy", from_logits: bool = False, label_smoothing: float = 0.0
    ) -> None:
        loss = losses.BinaryCrossentropy(from_logits=from_logits, label_smoothing=label_smoothing)
        super().__init__(loss, name)


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of -Σ y log p over all samples, for one-hot targets or soft ones.

    >>> import pente
    >>> pente.metrics.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).item()
    0.6931
    """

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        loss = losses.CategoricalCrossentropy(from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)
        super().__init__(loss, name)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of -log p[y] over all samples whose label y is not ``ignore_class``.

    >>> import pente
    >>> pente.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]).item()
    0.6931
    """

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        loss = losses.SparseCategoricalCrossentropy(from_logits=from_logits, ignore_class=ignore_class, axis=axis)
        super().__init__(loss, name)


class KLDivergence(MeanMetricWrapper):
    """The mean of Σ y log(y / p) over all samples.

    >>> import pente
    >>> pente.metrics.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]).item()
    0.0
    """

    def __init__(self, name: str = "kl_divergence") -> None:
        super().__init__(losses.kl_divergence, name)


class Hinge(MeanMetricWrapper):
    """The mean of max(1 - y_true · y_pred, 0) over all samples.

    >>> import pente
    >>> pente.metrics.Hinge()([-1.0, 1.0], [0.5, 2.0]).item()
    0.75
    """

    def __init__(self, name: str = "hinge") -> None:
        super().__init__(losses.hinge, name)


class SquaredHinge(MeanMetricWrapper):
    """The mean of max(1 - y_true · y_pred, 0)² over all samples.

    >>> import pente
    >>> pente.metrics.SquaredHinge()([-1.0, 1.0], [1.0, 2.0]).item()
    2.0
    """

    def __init__(self, name: str = "squared_hinge") -> None:
        super().__init__(losses.squared_hinge, name)


class CategoricalHinge(MeanMetricWrapper):
    """The mean of max(1 + best wrong score - right score, 0) over all samples.

    >>> import pente
    >>> pente.metrics.CategoricalHinge()([[0.0, 1.0]], [[0.75, 1.0]]).item()
    0.75
    """

    def __init__(self, name: str = "categorical_hinge") -> None:
        super().__init__(losses.categorical_hinge, name)
