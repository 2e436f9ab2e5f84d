"""What all schedules share: a number for each step, computed in the compiled step itself."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pente.config import Configured
from pente.dtypes import float32, float64
from pente.errors import UsageError
from pente.ops.lifting import astype, lift
from pente.plots import Plot, curves

if TYPE_CHECKING:
    from pente.core.tensor import Tensor

__all__ = ["NOT_NEGATIVE", "POSITIVE", "Schedule", "require"]

Rule = tuple[str, Callable[[float], bool]]

POSITIVE: Rule = ("a number above 0", lambda x: 0 < x < math.inf)
NOT_NEGATIVE: Rule = ("a number from 0 up", lambda x: 0 <= x < math.inf)

POINTS = 1001  # of a curve: enough for a plot, however many steps there are


class Schedule(Configured):
    """The base of all schedules; one of your own implements ``value(step)``.

    Called with a step (a number, an array or a tensor, counted from 0) it gives float32 numbers. ``value`` is given the
    steps in float64, where they are exact up to 2⁵³ (in float32 they end at 2²⁴), and answers in float64.

    >>> import pente
    >>> class Halved(pente.schedules.Schedule):
    ...     def value(self, step):
    ...         return 0.1 / 2 ** (step // 100)
    >>> Halved()([0, 99, 100]).tolist()
    [0.1, 0.1, 0.05]
    """

    name: str = "schedule"

    def __call__(self, step: Any) -> "Tensor":
        return astype(lift(self.value(astype(lift(step), float64))), float32)

    def value(self, step: "Tensor") -> Any:
        """The number at this step; both are float64."""
        raise NotImplementedError(f"{type(self).__name__} has no value(step)")

    def plot(self, steps: int, *, y_label: str = "learning rate", axes: Any = None) -> Plot:
        """Draw the first ``steps`` steps, into matplotlib ``axes`` or else into a new figure.

        >>> import pente
        >>> pente.schedules.CosineDecay(0.1, decay_steps=1000).plot(steps=1200)
        Plot('CosineDecay'): shows itself in a notebook; keep it with .save("plot.png")
        """
        require(self, "steps", steps, POSITIVE, "plot(steps=1000)")
        at = np.unique(np.linspace(0, steps, POINTS).astype(np.int64))
        series = {self.name: (at, self(at).numpy())}
        return curves(series, x_label="step", y_label=y_label, title=self.name, axes=axes)


def require(schedule: Schedule, name: str, value: Any, rule: Rule, line: str) -> None:
    """Raise UsageError, with the line that works, where an argument is not what the rule says."""
    wanted, fits = rule
    if isinstance(value, (str, bool)) or not hasattr(value, "__float__") or not fits(float(value)):
        raise UsageError(f"{name} of {type(schedule).__name__} is {wanted}, got {value!r}: write {line}.")
