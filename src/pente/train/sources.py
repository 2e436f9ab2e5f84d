"""How data of any kind is taken by the loop: as arrays at hand, or as batches that come one after the other."""

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from pente import tree
from pente.data.arrays import arrays, is_data, names_of, require_finite
from pente.data.mapped import is_mapped
from pente.data.pipeline import Pipeline, require_count
from pente.data.rows import ArrayDataset, MapDataset, Rows
from pente.data.walked import IterableDataset
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


class Source:
    """Anything that gives the batches of an epoch.

    Where the user holds the pipeline, training goes through its epochs one after the other: its cursor says where each
    begins, and is moved along.
    """

    held: Pipeline | None = None
    began: int | None = None  # the number of the epoch that is trained on

    @property
    def steps(self) -> int | None:
        """How many batches an epoch has, where that is known."""
        raise NotImplementedError

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of this epoch, from number ``start`` on."""
        raise NotImplementedError

    def begin(self, number: int, epoch: int) -> tuple[int, int]:
        """Where an epoch of training begins: an epoch of the data and a step of it.

        ``number`` counts the epochs so far. A pipeline has its own count; one that is new begins at ``epoch``, that of
        this fit, so that a training that goes on meets the orders that it would have met.
        """
        place = (number, 0) if self.held is None else self.held.cursor.begin(epoch)
        self.began = place[0]
        return place

    def reached(self, step: int) -> None:
        """Note that so many batches of the epoch were trained on."""
        if self.held is not None and self.began is not None:
            self.held.cursor.reach(self.began, step, self.steps)


class ArraySource(Source):
    """Rows of arrays in batches of one size, in an order that a seed or a pipeline of the user's decides."""

    def __init__(
        self,
        dataset: ArrayDataset,
        batch_size: int,
        seed: int | None = None,
        limit: int | None = None,
        given: Pipeline | None = None,
        held: Pipeline | None = None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.seed = seed
        self.limit = limit  # how many batches an epoch has at most
        self.given = given  # what decides the order, where that is not the seed
        self.held = held
        self.check = False  # whether each batch is looked at for NaN
        self.at_hand = not any(is_mapped(a) for a in tree.leaves(dataset.data))

    @property
    def pipeline(self) -> Pipeline:
        """What decides the order."""
        if self.given is not None:
            return self.given
        rows: Rows = self.dataset if self.seed is None else self.dataset.shuffle(self.seed)
        batches: Pipeline = rows.batch(self.batch_size)
        return batches if self.limit is None else batches.take(self.limit)

    @property
    def data(self) -> Batch:
        """All rows of everything."""
        return Batch(*self.dataset.data)

    @data.setter
    def data(self, data: Batch) -> None:
        self.dataset = ArrayDataset(*data)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.dataset)

    @property
    def steps(self) -> int:
        return len(self.pipeline)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        size, as_they_stand = self.batch_size, self.seed is None and self.given is None
        order: Any = range(min(self.rows, self.steps * size)) if as_they_stand else self.numbers(number)
        for step, first in enumerate(range(start * size, len(order), size), start):
            batch = self.at(order[first : first + size])
            if self.check:
                _require_finite(batch, number, step)
            yield batch

    def numbers(self, number: int) -> Any:
        """The numbers of the rows of an epoch, in the order in which they are seen."""
        return self.pipeline.numbers(number)

    def part(self, rows: slice) -> "ArraySource":
        """The source of these rows alone."""
        views = (tree.map_leaves(lambda array: array[rows], part) for part in self.data)
        made = ArraySource(ArrayDataset(*views), self.batch_size, self.seed, self.limit)
        made.check = self.check
        return made

    def at(self, rows: Any) -> Batch:
        """These rows of everything, by their numbers or a slice: a view where they follow each other."""
        if isinstance(rows, range):
            rows = slice(rows.start, rows.stop)
        elif not isinstance(rows, slice) and len(rows) and (np.diff(rows) == 1).all():
            rows = slice(int(rows[0]), int(rows[-1]) + 1)
        return Batch(*self.dataset.parts(rows))


class BatchSource(Source):
    """Batches as a pipeline gives them."""

    def __init__(self, pipeline: Pipeline, check: bool, held: Pipeline | None) -> None:
        self.pipeline = pipeline
        self.held = held
        self.check = check

    @property
    def steps(self) -> int | None:
        return self.pipeline.steps

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        for step, item in enumerate(self.pipeline.epoch(number, start), start):
            parts = zip(_parts(item), NAMES, strict=True)
            batch = Batch(*(None if part is None else arrays(part, name) for part, name in parts))
            if self.check:
                _require_finite(batch, number, step)
            yield batch
        if self.steps is None and self.held is not None and self.began is not None:
            self.held.cursor.at = self.began + 1, 0


NAMES = ("x", "y", "sample_weight")


def _require_finite(batch: Batch, number: int, step: int) -> None:
    for part, name in zip(batch, NAMES, strict=True):
        if part is not None:
            require_finite(part, name, place=f" in batch {step + 1} of epoch {number + 1}")


def _parts(given: Any) -> tuple[Any, Any, Any]:
    """x, y and weight of what a data set gives; a list of arrays is read as a tuple, as Keras and PyTorch do."""
    if isinstance(given, list) and is_structure(given):
        given = tuple(given)
    given = given if isinstance(given, tuple) else (given,)
    if not 1 <= len(given) <= 3:
        raise UsageError(f"a data set gives x, (x, y) or (x, y, sample_weight), and this one gave {len(given)} things.")
    x, y, weight = (*given, None, None)[:3]
    if x is None:
        raise UsageError("a batch is None: does the function that makes it return it?")
    return x, y, weight


def source_of(
    x: Any,
    y: Any = None,
    weight: Any = None,
    *,
    batch_size: int | None = None,
    seed: int | None = None,
    steps: int | None = None,
    check: bool = True,
    ordered: bool = False,
) -> Source:
    """The batches of what a user gave: rows shuffled where there is a seed.

    With ``check`` numbers must be finite; with ``ordered`` rows must come as they stand.
    """
    size = 32 if batch_size is None else require_count("batch_size", batch_size)
    if steps is not None:
        require_count("the number of steps", steps)
    if y is None and getattr(x, "_fields", None) == ("x", "y"):
        x, y = x
    _refuse_what_is_no_data(x, y)
    if not isinstance(x, Pipeline) and is_data(x):
        return _finite(ArraySource(ArrayDataset(x, y, weight), size, seed, steps), check, (x, y, weight))
    if isinstance(x, ArrayDataset) and y is None and weight is None:
        return _finite(ArraySource(x, size, seed, steps), check, x.data)
    if y is not None or weight is not None:
        raise UsageError(f"{type(x).__name__} brings y and sample_weight itself: leave y= and sample_weight= out.")
    if ordered and isinstance(x, Pipeline) and x.shuffled:
        raise UsageError(f"{x!r} is shuffled, so nobody could tell which row a prediction is for: leave shuffle out.")
    held = x if isinstance(x, Pipeline) and not isinstance(x, Rows) else None
    if held is not None and batch_size is not None and batch_size < 2**31:
        raise UsageError(f"{x!r} has its batches: leave batch_size= out.")
    pipeline = _pipeline_of(x, size, seed, steps)
    if pipeline.plain is None:
        return BatchSource(pipeline, check, held)
    dataset, size = pipeline.plain
    return _finite(ArraySource(dataset, size, given=pipeline, held=held), check, dataset.data)


def _refuse_what_is_no_data(x: Any, y: Any) -> None:
    """Raise for what is near to data, with the line that makes data of it."""
    if isinstance(x, str | PathLike):
        raise UsageError(
            f"x is the path {str(x)!r}. Read it first: np.load(path), pente.data.read_table(path) for a table, "
            "pente.data.ImageFolder(path) for images."
        )
    if hasattr(x, "collect") and hasattr(x, "lazy"):
        raise UsageError("x is a lazy frame, which has no rows yet: write x.collect().")
    if y is None and isinstance(x, list) and x and all(type(item) is tuple and is_structure(item) for item in x):
        raise UsageError(
            "x is a list of tuples, which may be samples or batches. For samples write pente.data.DataLoader(x, 32), "
            "for batches pente.data.IterableDataset(x)."
        )
    if not (is_data(x) or isinstance(x, Iterable) or hasattr(x, "__getitem__") or callable(x)):
        raise UsageError(f"x is an array, a table, a list or dict of those, or gives batches; got {type(x).__name__}.")


def _pipeline_of(x: Any, size: int, seed: int | None, steps: int | None) -> Pipeline:
    """The pipeline that the user made, or the rows of a data set in batches."""
    pipeline: Pipeline
    if isinstance(x, Pipeline):
        pipeline = x
    elif hasattr(x, "__len__") and hasattr(x, "__getitem__"):
        pipeline = MapDataset(x)
    else:
        pipeline = IterableDataset(x, steps)
    if isinstance(pipeline, Rows):
        pipeline = (pipeline if seed is None or pipeline.shuffled else pipeline.shuffle(seed)).batch(size)
    return pipeline if steps is None or pipeline.steps == steps else pipeline.take(steps)


def _finite(source: ArraySource, check: bool, given: Iterable[Any]) -> ArraySource:
    """The source, looked at for NaN: at once where the arrays lie in memory; elsewhere that is done batch by batch."""
    source.check = check and not source.at_hand
    if check and source.at_hand:
        for part, own, name in zip(source.data, given, NAMES, strict=True):
            if part is not None:
                require_finite(part, name, names_of(own))
    return source


def split_off(source: Source, share: Any) -> tuple[ArraySource, ArraySource | None]:
    """The first rows to train on, and the last share of them to validate on."""
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share < 1:
        percent = isinstance(share, int) and 1 < share < 100
        hint = f" For {share} percent write validation_split={share / 100}." if percent else ""
        raise UsageError(f"validation_split is a share of the rows, from 0 up to but without 1, got {share!r}.{hint}")
    if not isinstance(source, ArraySource) or source.given is not None:
        raise UsageError("validation_split needs arrays: for batches from elsewhere give validation_data=.")
    if not share:
        return source, None
    kept = int(source.rows * (1 - share))
    if not 0 < kept < source.rows:
        raise DataError(f"validation_split={share} of {source.rows} rows leaves none on one side.")
    last = source.part(slice(kept, source.rows))
    last.seed = last.limit = None
    return source.part(slice(0, kept)), last


def weighted_by_class(data: Batch, shares: Any) -> Batch:
    """The batch with each sample's weight multiplied by that of its class."""
    if not isinstance(shares, Mapping):
        balanced = "{c: len(y) / (len(set(y)) * n) for c, n in zip(*np.unique(y, return_counts=True))}"
        raise UsageError(f"class_weight is a dict, a weight for each class, got {shares!r}. To balance: {balanced}.")
    if not isinstance(data.y, np.ndarray):
        raise UsageError("class_weight needs one array of labels as y: give sample_weight= for several outputs.")
    labels = data.y.argmax(axis=-1) if data.y.ndim > 1 and data.y.shape[-1] > 1 else data.y.reshape(len(data.y))
    own = np.array([_share(shares, label) for label in np.unique(labels)], np.float32)
    weight = own[np.searchsorted(np.unique(labels), labels)]
    return data._replace(weight=weight if data.weight is None else weight * data.weight)


def _share(shares: Mapping[int, float], label: Any) -> float:
    if label not in shares:
        raise DataError(
            f"class_weight has no weight for class {label}: it names {sorted(shares)}. Write {{{label}: 1.0, ...}}."
        )
    return shares[label]
