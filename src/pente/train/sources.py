"""Where batches come from: arrays in memory, things that can be indexed, and things that can be walked through."""

from collections.abc import Iterable, Iterator, Sized
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np

from pente import tree
from pente.data.arrays import arrays, common_length, is_data, require_finite
from pente.data.batches import batches, permutation
from pente.errors import DataError, UsageError
from pente.ops.lifting import is_structure

__all__ = ["ArraySource", "Batch", "Source", "require_count", "source_of", "split_off", "weighted_by_class"]


class Batch(NamedTuple):
    """Inputs, targets and the weights of the samples: arrays, in the structure that was given, or None."""

    x: Any
    y: Any
    weight: Any

    @property
    def rows(self) -> int:
        """How many samples there are."""
        return len(tree.leaves(self.x)[0])


class Source(Protocol):
    """Anything that gives the batches of an epoch."""

    @property
    def steps(self) -> int | None:
        """How many batches an epoch has, where that is known."""

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of this epoch."""


class ArraySource:
    """Rows of arrays, cut into slices or, shuffled, gathered by a permutation that is a function of seed and epoch."""

    def __init__(
        self, data: Batch, rows: int, batch_size: int, seed: int | None = None, limit: int | None = None
    ) -> None:
        self.data = data
        self.rows = rows
        self.batch_size = batch_size
        self.seed = seed
        self.limit = limit  # how many batches an epoch has at most

    @property
    def steps(self) -> int:
        every = -(-self.rows // self.batch_size)
        return every if self.limit is None else min(every, self.limit)

    def epoch(self, number: int) -> Iterator[Batch]:
        for rows in self.order(number):
            yield self.at(rows)

    def order(self, number: int) -> Iterator[Any]:
        """Which rows each batch of an epoch has: a slice, or their numbers."""
        order = None if self.seed is None else permutation(self.rows, self.seed, number)
        return islice(batches(self.rows, self.batch_size, order), self.limit)

    def numbers(self, number: int) -> Any:
        """The numbers of the rows of an epoch, in the order in which they are seen."""
        order = np.arange(self.rows) if self.seed is None else permutation(self.rows, self.seed, number)
        return order if self.limit is None else order[: self.limit * self.batch_size]

    def part(self, rows: slice) -> "ArraySource":
        """The source of these rows alone."""
        count = len(range(*rows.indices(self.rows)))
        return ArraySource(self.at(rows), count, self.batch_size, self.seed, self.limit)

    def at(self, rows: Any) -> Batch:
        """These rows of everything."""
        return Batch(*(None if part is None else tree.map_leaves(lambda a: a[rows], part) for part in self.data))


class MapSource:
    """A data set with ``len(d)`` and ``d[i]``, which gives one sample: x, (x, y) or (x, y, weight)."""

    def __init__(self, samples: Any, batch_size: int, seed: int | None = None) -> None:
        self.samples = samples
        self.batch_size = batch_size
        self.seed = seed
        if not len(samples):
            raise DataError("the data set is empty: it has 0 samples.")

    @property
    def steps(self) -> int:
        return -(-len(self.samples) // self.batch_size)

    def epoch(self, number: int) -> Iterator[Batch]:
        count = len(self.samples)
        order = np.arange(count) if self.seed is None else permutation(count, self.seed, number)
        for rows in batches(count, self.batch_size, order):
            parts = [_parts(self.samples[int(i)]) for i in np.atleast_1d(rows)]  # type: ignore[arg-type]
            yield Batch(*(None if column[0] is None else _stacked(column) for column in zip(*parts, strict=True)))


class WalkedSource:
    """Batches from an iterable; a generator is walked through once, or ``steps`` batches of it an epoch."""

    def __init__(self, given: Iterable[Any], steps: int | None) -> None:
        self.given = given
        self.steps = steps
        self.once = iter(given) is given
        self.walk = iter(given) if self.once else None

    def epoch(self, number: int) -> Iterator[Batch]:
        walk = iter(self.given) if self.walk is None else self.walk
        count = 0
        for given in islice(walk, self.steps):
            count += 1
            yield Batch(*(None if p is None else arrays(p, name) for p, name in zip(_parts(given), "xyw", strict=True)))
        if count < (self.steps or 1):
            raise DataError(
                f"the data ran out in epoch {number + 1}, after {count} batches. A generator ends once: "
                "give steps_per_epoch= so that it lasts, or an object whose __iter__ begins again."
            )


def _parts(given: Any) -> tuple[Any, Any, Any]:
    """x, y and weight of what a data set gives; a list of arrays is read as a tuple, as Keras and PyTorch do."""
    if isinstance(given, list) and is_structure(given):
        given = tuple(given)
    if not isinstance(given, tuple):
        return given, None, None
    if not 1 <= len(given) <= 3:
        raise UsageError(f"a data set gives x, (x, y) or (x, y, sample_weight), and this one gave {len(given)} things.")
    x, y, weight = (*given, None, None)[:3]
    return x, y, weight


def _stacked(samples: tuple[Any, ...]) -> Any:
    return tree.map_leaves(lambda *each: np.stack([np.asarray(x) for x in each]), *samples)


def source_of(
    x: Any,
    y: Any = None,
    weight: Any = None,
    *,
    batch_size: int | None = None,
    seed: int | None = None,
    steps: int | None = None,
    check: bool = True,
) -> Source:
    """The batches of what a user gave; shuffled where there is a seed, and looked at for NaN with ``check``."""
    size = 32 if batch_size is None else require_count("batch_size", batch_size)
    if steps is not None:
        require_count("the number of steps", steps)
    if y is None and getattr(x, "_fields", None) == ("x", "y"):
        x, y = x
    if is_data(x):
        made = _of_arrays(x, y, weight, size, check)
        made.seed, made.limit = seed, steps
        return made
    if not isinstance(x, Iterable) and not hasattr(x, "__getitem__"):
        raise UsageError(f"x is an array, a table, a list or dict of those, or gives batches; got {type(x).__name__}.")
    if y is not None or weight is not None:
        raise UsageError(f"{type(x).__name__} brings y and sample_weight itself: leave y= and sample_weight= out.")
    if hasattr(x, "__len__") and hasattr(x, "__getitem__"):
        return MapSource(x, size, seed)
    return WalkedSource(x, len(x) if steps is None and isinstance(x, Sized) else steps)


def require_count(what: str, given: Any, least: int = 1) -> int:
    """Raise unless this is a whole number of at least so many."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < least:
        raise UsageError(f"{what} is a whole number of at least {least}, got {given!r}.")
    return int(given)


def _of_arrays(x: Any, y: Any, weight: Any, size: int, check: bool) -> ArraySource:
    data = Batch(*(None if p is None else arrays(p, n) for p, n in ((x, "x"), (y, "y"), (weight, "sample_weight"))))
    rows = common_length(x=data.x, y=data.y, sample_weight=data.weight)
    if check:
        for part, given, name in zip(data, (x, y, weight), ("x", "y", "sample_weight"), strict=True):
            if part is not None:
                require_finite(part, name, list(given.columns) if hasattr(given, "columns") else None)
    return ArraySource(data, rows, size)


def split_off(source: Source, share: Any) -> tuple[ArraySource, ArraySource | None]:
    """The first rows to train on, and the last share of them to validate on."""
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share < 1:
        raise UsageError(f"validation_split is a share of the rows, from 0 up to but without 1, got {share!r}.")
    if not isinstance(source, ArraySource):
        raise UsageError("validation_split needs arrays: for batches from elsewhere give validation_data=.")
    if not share:
        return source, None
    kept = int(source.rows * (1 - share))
    if not 0 < kept < source.rows:
        raise DataError(f"validation_split={share} of {source.rows} rows leaves none on one side.")
    last = source.part(slice(kept, source.rows))
    last.seed = last.limit = None
    return source.part(slice(0, kept)), last


def weighted_by_class(data: Batch, shares: dict[int, float]) -> Batch:
    """The batch with each sample's weight multiplied by that of its class."""
    if not isinstance(data.y, np.ndarray):
        raise UsageError("class_weight needs one array of labels as y: give sample_weight= for several outputs.")
    labels = data.y.argmax(axis=-1) if data.y.ndim > 1 and data.y.shape[-1] > 1 else data.y.reshape(len(data.y))
    own = np.array([_share(shares, label) for label in np.unique(labels)], np.float32)
    weight = own[np.searchsorted(np.unique(labels), labels)]
    return data._replace(weight=weight if data.weight is None else weight * data.weight)


def _share(shares: dict[int, float], label: Any) -> float:
    if label not in shares:
        raise DataError(
            f"class_weight has no weight for class {label}: it names {sorted(shares)}. Write {{{label}: 1.0, ...}}."
        )
    return shares[label]
