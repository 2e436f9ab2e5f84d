"""What a layer adds to the loss for large weights: called with a weight, a regularizer gives one number."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pente.config import Configured, find
from pente.core.tensor import Tensor
from pente.errors import UsageError
from pente.ops.elementwise import abs, square
from pente.ops.reduce import sum

__all__ = ["L1", "L1L2", "L2", "Regularizer", "get", "l1", "l1_l2", "l2"]


class Regularizer(Configured):
    """The base of all regularizers; one of your own implements ``__call__(x)``.

    >>> import pente
    >>> class Sum(Regularizer):
    ...     def __call__(self, x):
    ...         return 0.1 * pente.sum(x)
    >>> pente.layers.Dense(2, kernel_regularizer=Sum())
    Dense(units=2, kernel_regularizer=Sum())
    """

    def __call__(self, x: Any) -> Tensor:
        """The penalty for this weight, one number."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__(x)")


@dataclass(frozen=True, repr=False)
class L1(Regularizer):
    """l1 · Σ |x|: draws weights to exactly 0.

    >>> import pente
    >>> pente.regularizers.L1(0.1)(pente.tensor([1.0, -2.0])).item()
    0.3
    """

    l1: float = 0.01

    def __post_init__(self) -> None:
        _check("l1", self.l1)

    def __call__(self, x: Any) -> Tensor:
        return sum(abs(x)) * self.l1


@dataclass(frozen=True, repr=False)
class L2(Regularizer):
    """l2 · Σ x²: draws weights towards 0, the large ones most.

    >>> import pente
    >>> pente.regularizers.L2(0.1)(pente.tensor([1.0, -2.0])).item()
    0.5
    """

    l2: float = 0.01

    def __post_init__(self) -> None:
        _check("l2", self.l2)

    def __call__(self, x: Any) -> Tensor:
        return sum(square(x)) * self.l2


@dataclass(frozen=True, repr=False)
class L1L2(Regularizer):
    """l1 · Σ |x| + l2 · Σ x².

    >>> import pente
    >>> pente.regularizers.L1L2(l1=0.1, l2=0.1)(pente.tensor([1.0, -2.0])).item()
    0.8
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        _check("l1", self.l1)
        _check("l2", self.l2)

    def __call__(self, x: Any) -> Tensor:
        return sum(abs(x)) * self.l1 + sum(square(x)) * self.l2


def _check(name: str, factor: Any) -> None:
    if not isinstance(factor, (int, float)) or not 0 <= factor < math.inf:
        raise UsageError(f"{name} is a number from 0 up, got {factor!r}: write {name}=0.01.")


l1, l2, l1_l2 = L1, L2, L1L2
REGULARIZERS: dict[str, type[Regularizer]] = {"l1": L1, "l2": L2, "l1_l2": L1L2}


def get(identifier: Any) -> Callable[[Any], Tensor] | None:
    """The regularizer that is meant: by name, class, config, any function of a weight, or itself; None stays None.

    >>> import pente
    >>> pente.regularizers.get("l2")
    L2()
    """
    if identifier is None:
        return None
    if identifier == "l1_l2":  # by its bare defaults it would do nothing
        return L1L2(0.01, 0.01)
    regularizer: Callable[[Any], Tensor] = find("regularizer", REGULARIZERS, identifier, Callable)
    return regularizer
