"""What all sources and stages of data share: epochs that are functions of their number, and a place in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from pente.data.prefetch import Task, ahead
from pente.data.samples import stacked
from pente.data.seeds import generator
from pente.errors import DataError, UsageError

if TYPE_CHECKING:
    from pente.data.rows import ArrayDataset

__all__ = ["Cursor", "Pipeline", "require_count"]

State = dict[str, Any]


class Cursor:
    """Where the loop over a pipeline is, and where the next one begins: an epoch and a step of it."""

    def __init__(self) -> None:
        self.at = self.next = (0, 0)

    def begin(self, first: int = 0) -> tuple[int, int]:
        """The place where a loop begins, the very first at epoch ``first``; the one after it begins a new epoch."""
        self.at = (first, 0) if self.next == (0, 0) else self.next
        self.next = self.at[0] + 1, 0
        return self.at

    def reach(self, number: int, step: int, steps: int | None) -> None:
        """So many items of an epoch were taken; behind the last one begins the next epoch."""
        self.at = (number, step) if step != steps else (number + 1, 0)


class Pipeline:
    """Batches, an epoch at a time: ``for batch in pipeline`` goes through one, and each such loop begins the next.

    ``epoch(number)`` gives the batches of any epoch, as a function of its number. Stages are added by methods, and
    ``fit``, ``evaluate`` and ``predict`` take the result.

    >>> from pente.data import ArrayDataset
    >>> pipeline = ArrayDataset(np.arange(5.0)).batch(2).map(lambda x: x * 10)
    >>> [batch.tolist() for batch in pipeline]
    [[0.0, 10.0], [20.0, 30.0], [40.0]]
    """

    upstream: Sequence["Pipeline"] = ()

    # What a source or a stage says of itself.

    @property
    def steps(self) -> int | None:
        """How many items an epoch has, where that is known."""
        raise NotImplementedError

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        """Calls without arguments that give the items of an epoch, from number ``start`` on.

        They can be made in any thread and in any order: all that depends on the order is done before one is given.
        """
        raise NotImplementedError

    @property
    def identity(self) -> str:
        """What decides the items, in words: two pipelines with the same identity and data give the same."""
        raise NotImplementedError

    @property
    def plain(self) -> "tuple[ArrayDataset, int] | None":
        """Arrays and a batch size, where an epoch is rows of these arrays in batches of this size and nothing else."""
        return None

    def numbers(self, number: int, start: int = 0) -> NDArray[np.int64]:
        """Where the pipeline is plain: the numbers of the rows of an epoch, from batch ``start`` on."""
        raise NotImplementedError

    # Going through it.

    def epoch(self, number: int, start: int = 0) -> Iterator[Any]:
        """The items of an epoch, from number ``start`` on."""
        return (task() for task in self.tasks(number, start))

    @property
    def cursor(self) -> Cursor:
        """Where the loop over this pipeline is."""
        cursor: Cursor = vars(self).setdefault("_cursor", Cursor())
        return cursor

    def __iter__(self) -> Iterator[Any]:
        cursor = self.cursor
        number, start = cursor.begin()
        for step, item in enumerate(self.epoch(number, start), start + 1):
            cursor.reach(number, step, self.steps)
            yield item
        cursor.at = number + 1, 0

    def __len__(self) -> int:
        if self.steps is None:
            raise UsageError(f"nobody knows how many items {self!r} has before they are read.")
        return self.steps

    def __bool__(self) -> bool:
        return True

    def state(self) -> State:
        """Where the loop is: what it has given out is behind that place, what was prefetched and not given is not.

        The state is a dict of strings and whole numbers. ``restore`` brings an equal pipeline, also in another
        process, to the same place.
        """
        epoch, step = self.cursor.at
        return {"pipeline": self.identity, "epoch": epoch, "step": step}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Let the next loop go on where the state was taken.

        Raises DataError for the state of another pipeline, and UsageError where a source cannot be brought back, as a
        generator cannot.
        """
        if state.get("pipeline") != self.identity:
            raise DataError(f"the state is that of {state.get('pipeline')}, and this pipeline is {self.identity}.")
        epoch, step = (require_count(name, state.get(name), 0) for name in ("epoch", "step"))
        self.check_restorable()
        self.cursor.at = self.cursor.next = epoch, step

    def check_restorable(self) -> None:
        """Raise UsageError where an epoch cannot be begun again."""
        for stage in self.upstream:
            stage.check_restorable()

    @property
    def shuffled(self) -> bool:
        """Whether the items come in an order of their own."""
        return any(stage.shuffled for stage in self.upstream)

    def __repr__(self) -> str:
        return self.identity

    # Stages.

    def map(self, function: Callable[..., Any], *, seed: int | None = None) -> "Pipeline":
        """Each batch as ``function`` makes it: it is called once for a batch, with the parts of a tuple as arguments.

        With a seed it gets one argument more, a ``numpy.random.Generator`` that is a function of seed, epoch and batch,
        so that augmentation is the same on every run and with any number of threads.

        >>> from pente.data import ArrayDataset
        >>> batches = ArrayDataset(np.zeros((4, 2)), np.arange(4)).batch(2)
        >>> noisy = batches.map(lambda x, y, rng: (x + rng.normal(size=x.shape), y), seed=0)
        >>> bool((next(noisy.epoch(3))[0] == next(noisy.epoch(3))[0]).all())
        True
        """
        return Mapped(self, function, seed)

    def batch(self, batch_size: int, drop_last: bool = False) -> "Pipeline":
        """Samples, one by one, stacked into batches; the last one is smaller where the number asks for it."""
        return Stacked(self, batch_size, drop_last)

    def shuffle(self, seed: int = 0, block_size: int | None = None) -> NoReturn:
        """Only rows that can be indexed can be shuffled, and only before they are batches."""
        raise UsageError(
            f"{self!r} comes in its own order. Shuffle rows before they are batches, "
            "ArrayDataset(x, y).shuffle(seed=0).batch(32); what a generator gives is shuffled where it is made."
        )

    def take(self, count: int) -> "Pipeline":
        """The first items of each epoch alone."""
        return Taken(self, 0, require_count("count", count))

    def skip(self, count: int) -> "Pipeline":
        """Each epoch without its first items."""
        return Taken(self, require_count("count", count, 0), None)

    def repeat(self, count: int) -> "Pipeline":
        """So many epochs as one."""
        return Repeated(self, count)

    def zip(self, *others: "Pipeline") -> "Pipeline":
        """Tuples of an item from each; all must have as many."""
        return Zipped(self, *others)

    def prefetch(self, buffer_size: int = 2, num_workers: int = 1) -> "Pipeline":
        """The same items, made ahead in threads: at most ``buffer_size`` wait or are under way.

        Threads help where the work is reading files, decoding, or NumPy on large arrays.
        """
        return Prefetched(self, buffer_size, num_workers)


class Stage(Pipeline):
    """A pipeline on top of another."""

    def __init__(self, upstream: Pipeline) -> None:
        self.upstream = (upstream,)

    @property
    def source(self) -> Pipeline:
        """What this stage reads."""
        return self.upstream[0]

    @property
    def steps(self) -> int | None:
        return self.source.steps


class Mapped(Stage):
    """A function of each batch."""

    def __init__(self, upstream: Pipeline, function: Callable[..., Any], seed: int | None) -> None:
        super().__init__(upstream)
        self.function = function
        self.seed = seed

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        for step, task in enumerate(self.source.tasks(number, start), start):
            yield partial(self._call, task, number, step)

    def _call(self, task: Task, number: int, step: int) -> Any:
        item = task()
        parts = item if isinstance(item, tuple) else (item,)
        return self.function(*parts, *([] if self.seed is None else [generator(self.seed, number, step + 1)]))

    @property
    def identity(self) -> str:
        name = getattr(self.function, "__qualname__", type(self.function).__name__)
        return f"{self.source.identity}.map({name}{'' if self.seed is None else f', seed={self.seed}'})"


class Stacked(Stage):
    """Samples in batches."""

    def __init__(self, upstream: Pipeline, batch_size: int, drop_last: bool) -> None:
        super().__init__(upstream)
        self.batch_size = require_count("batch_size", batch_size)
        self.drop_last = drop_last

    @property
    def steps(self) -> int | None:
        count = self.source.steps
        return None if count is None else batch_count(count, self.batch_size, self.drop_last)

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        tasks = self.source.tasks(number, start * self.batch_size)
        while group := list(islice(tasks, self.batch_size)):
            if len(group) == self.batch_size or not self.drop_last:
                yield partial(_stacked, group)

    @property
    def identity(self) -> str:
        return f"{self.source.identity}.batch({self.batch_size}{', drop_last=True' if self.drop_last else ''})"


class Taken(Stage):
    """Items from a first one on, up to a number of them."""

    def __init__(self, upstream: Pipeline, first: int, count: int | None) -> None:
        super().__init__(upstream)
        self.first = first
        self.count = count

    @property
    def steps(self) -> int | None:
        every = self.source.steps
        if every is None:
            return None
        left = max(every - self.first, 0)
        return left if self.count is None else min(left, self.count)

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        left = None if self.count is None else max(self.count - start, 0)
        return islice(self.source.tasks(number, self.first + start), left)

    @property
    def identity(self) -> str:
        told = f"skip({self.first})" if self.count is None else f"take({self.count})"
        return f"{self.source.identity}.{told}"

    @property
    def plain(self) -> "tuple[ArrayDataset, int] | None":
        return self.source.plain

    def numbers(self, number: int, start: int = 0) -> NDArray[np.int64]:
        numbers = self.source.numbers(number, self.first + start)
        _, size = self.plain or (None, 1)
        return numbers if self.count is None else numbers[: max(self.count - start, 0) * size]


class Repeated(Stage):
    """Several epochs as one: epoch n of this are epochs n · count up to (n + 1) · count of what it repeats."""

    def __init__(self, upstream: Pipeline, count: int) -> None:
        super().__init__(upstream)
        self.count = require_count("count", count)

    @property
    def steps(self) -> int | None:
        every = self.source.steps
        return None if every is None else every * self.count

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        every = self.source.steps
        done, start = divmod(start, every) if every else (0, start)
        epochs = range(number * self.count + done, (number + 1) * self.count)
        if every is None:
            return islice(chain.from_iterable(map(self.source.tasks, epochs)), start, None)
        return chain.from_iterable(self.source.tasks(epoch, start * (i == 0)) for i, epoch in enumerate(epochs))

    @property
    def identity(self) -> str:
        return f"{self.source.identity}.repeat({self.count})"


class Zipped(Pipeline):
    """Items side by side."""

    def __init__(self, *upstream: Pipeline) -> None:
        self.upstream = upstream
        known = {stage.steps for stage in upstream} - {None}
        if len(known) > 1:
            told = ", ".join(f"{stage!r} has {stage.steps}" for stage in upstream)
            raise DataError(f"pipelines side by side must have as many items as each other: {told}.")

    @property
    def steps(self) -> int | None:
        return next((stage.steps for stage in self.upstream if stage.steps is not None), None)

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        columns = [stage.tasks(number, start) for stage in self.upstream]
        for group in zip_longest(*columns):
            if None in group:
                raise DataError(f"of the pipelines side by side {self.upstream[group.index(None)]!r} ended first.")
            yield partial(_together, group)

    @property
    def identity(self) -> str:
        first, *others = (stage.identity for stage in self.upstream)
        return f"{first}.zip({', '.join(others)})"


class Prefetched(Stage):
    """Items made ahead, in threads. They are the same, so the identity is that of the source."""

    def __init__(self, upstream: Pipeline, buffer_size: int, num_workers: int) -> None:
        super().__init__(upstream)
        self.num_workers = require_count("num_workers", num_workers)
        self.buffer_size = max(require_count("buffer_size", buffer_size), num_workers)

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        for item in ahead(self.source.tasks(number, start), self.buffer_size, self.num_workers):
            yield partial(_same, item)

    @property
    def identity(self) -> str:
        return self.source.identity

    def __repr__(self) -> str:
        return f"{self.source!r}.prefetch({self.buffer_size}, num_workers={self.num_workers})"

    @property
    def plain(self) -> "tuple[ArrayDataset, int] | None":
        return self.source.plain

    def numbers(self, number: int, start: int = 0) -> NDArray[np.int64]:
        return self.source.numbers(number, start)


def _same(item: Any) -> Any:
    return item


def _together(tasks: Sequence[Task]) -> tuple[Any, ...]:
    return tuple(task() for task in tasks)


def _stacked(tasks: Sequence[Task]) -> Any:
    return stacked(_together(tasks))


def batch_count(rows: int, batch_size: int, drop_last: bool) -> int:
    """How many batches so many rows make."""
    return rows // batch_size if drop_last else -(-rows // batch_size)


def require_count(what: str, given: Any, least: int = 1) -> int:
    """Raise unless this is a whole number of at least so many."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < least:
        raise UsageError(f"{what} is a whole number of at least {least}, got {given!r}.")
    return int(given)
