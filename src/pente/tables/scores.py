"""How good predictions are, in the measures that suit the task."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["baseline", "fit_text", "scores"]

Array = NDArray[Any]
LEAST = 1e-15  # a probability of 0 for what happened would make the log loss infinite


def scores(y: Array, predicted: Array) -> dict[str, float]:
    """How good predictions are: of class probabilities (N, K) for labels (N,), or of numbers (N, 1) for (N, 1).

    For classes the accuracy, with two of them the AUC (the chance that a row of the second class gets a higher
    probability of it than a row of the first), and the log loss, the mean of -log p(what was). For numbers
    R² = 1 - Σ(y - ŷ)² / Σ(y - ȳ)², the mean absolute error, and the root of the mean squared error. What is not
    defined, such as the AUC where y has one class, is left out.

    >>> scores(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]))
    {'accuracy': 0.67, 'auc': 1.0, 'log_loss': 0.41}
    """
    return _of_classes(y, predicted.astype(np.float64)) if y.ndim == 1 else _of_numbers(y, predicted)


def _of_classes(y: Array, probability: Array) -> dict[str, float]:
    happened = probability[np.arange(len(y)), y] / probability.sum(axis=1)
    found = {"accuracy": float((probability.argmax(axis=1) == y).mean())}
    if probability.shape[1] == 2 and 0 < y.sum() < len(y):
        found["auc"] = _auc(y, probability[:, 1])
    return found | {"log_loss": float(-np.log(np.maximum(happened, LEAST)).mean())}


def _auc(y: Array, score: Array) -> float:
    """By the sum of ranks, in which equal scores share the mean of their ranks (Mann and Whitney, 1947)."""
    _, place, times = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]
    ones = int(y.sum())
    return float((ranks[y == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones)))


def _of_numbers(y: Array, predicted: Array) -> dict[str, float]:
    error = y.astype(np.float64) - predicted
    spread = ((y - y.mean(dtype=np.float64)) ** 2).sum()
    found = {"r2": float(1 - (error**2).sum() / spread)} if spread else {}
    return found | {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt((error**2).mean()))}


def baseline(y_train: Array, y: Array) -> dict[str, float]:
    """The scores of who looks at no column: always the shares of the classes in training, or the mean.

    >>> baseline(np.array([0, 1, 1, 1]), np.array([0, 1]))
    {'accuracy': 0.5, 'auc': 0.5, 'log_loss': 0.84}
    """
    if y_train.ndim > 1:
        return scores(y, np.full(y.shape, y_train.mean(dtype=np.float64)))
    shares = np.bincount(y_train, minlength=int(y.max()) + 1) / len(y_train)
    return scores(y, np.tile(shares, (len(y), 1)))


def fit_text(kind: str, scores: Mapping[str, float], epochs: int, seconds: float) -> str:
    """A result in a line: all of its history would fill screens."""
    held_out = ", ".join(f"{name} {score:.4g}" for name, score in scores.items())
    return f"<{kind}: {held_out} on the rows held out; {epochs} epochs, {seconds:.1f} s>"
