"""Items from what can only be walked through: iterables, generators, and functions that make them."""

from collections.abc import Callable, Iterable, Iterator, Sized
from functools import partial
from itertools import islice
from typing import Any

from pente.data.pipeline import Pipeline, require_count
from pente.data.prefetch import Task
from pente.errors import DataError, UsageError

__all__ = ["IterableDataset"]


class IterableDataset(Pipeline):
    """Batches from an iterable or from a function that makes one, which is called for each epoch.

    What begins again with each epoch can be restored: the items before the place are read and left out. A generator is
    walked through once, ``steps`` items an epoch; it cannot be restored, so give the function that makes it. Samples,
    one by one, become batches by ``.batch(32)``.

    >>> def squares():
    ...     for i in range(4):
    ...         yield [i * i]
    >>> list(IterableDataset(squares))
    [[0], [1], [4], [9]]
    """

    def __init__(self, iterable: Iterable[Any] | Callable[[], Iterable[Any]], steps: int | None = None) -> None:
        given: Any = iterable
        if not isinstance(given, Iterable) and not callable(given) and not hasattr(given, "__getitem__"):
            raise UsageError(f"expected an iterable or a function that makes one, got {type(given).__name__}.")
        self.iterable = given
        self._steps = None if steps is None else require_count("the number of steps", steps)
        if steps is None and isinstance(given, Sized):
            self._steps = len(given)
        self.walk = given if isinstance(given, Iterator) else None

    @property
    def steps(self) -> int | None:
        return self._steps

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        walk = self._beginning() if self.walk is None else self.walk
        step = 0
        for item in islice(walk, self._steps):
            step += 1
            if step > start:
                yield partial(_same, item)
        if step < (self._steps or 1):
            raise DataError(
                f"the data ran out in epoch {number + 1}, after {step} batches. A generator ends once: "
                "give steps_per_epoch= so that it lasts, or an object whose __iter__ begins again."
            )

    def _beginning(self) -> Iterator[Any]:
        made = callable(self.iterable) and not isinstance(self.iterable, Iterable)
        return iter(self.iterable() if made else self.iterable)

    def check_restorable(self) -> None:
        if self.walk is not None:
            raise UsageError(
                "a generator cannot be brought back to a place. Give the function that makes it, "
                "IterableDataset(batches) and not IterableDataset(batches())."
            )

    @property
    def identity(self) -> str:
        return f"IterableDataset({getattr(self.iterable, '__name__', type(self.iterable).__name__)})"


def _same(item: Any) -> Any:
    return item
