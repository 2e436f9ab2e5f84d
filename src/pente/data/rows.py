"""Sources whose rows can be asked for in any order, the order that an epoch reads them in, and batches of them."""

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from pente import tree
from pente.data.arrays import arrays, common_length, is_data
from pente.data.mapped import is_mapped, let_go
from pente.data.pipeline import Pipeline, batch_count, require_count
from pente.data.prefetch import Task
from pente.data.samples import stacked
from pente.data.seeds import permutation
from pente.errors import BoundsError, DataError, UsageError
from pente.ops.lifting import is_structure

__all__ = ["ArrayDataset", "Batches", "MapDataset", "Rows", "rows_of"]

Order = range | NDArray[np.int64]


class Rows(Pipeline):
    """Data of which any rows can be asked for: ``len(rows)``, ``rows[i]``, ``rows[4:9]`` and ``rows[[5, 0, 2]]``.

    A number gives a sample, anything else a batch. Going through it without ``batch`` gives sample by sample, which is
    slow. A source of your own defines ``__len__`` and ``fetch``.
    """

    @property
    def steps(self) -> int:
        return len(self)

    def __len__(self) -> int:
        raise NotImplementedError

    def order(self, number: int) -> Order:
        """Which rows an epoch reads, in its order."""
        return range(len(self))

    def fetch(self, rows: slice | NDArray[np.int64]) -> Any:
        """These rows as a batch; their numbers are right."""
        raise NotImplementedError

    @property
    def identity(self) -> str:
        return f"{type(self).__name__}({len(self)} rows)"

    @property
    def root(self) -> "Rows":
        """The source itself, without what was said of its order."""
        return self

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, (int, np.integer)):
            count = len(self)
            if not -count <= rows < count:
                raise IndexError(f"row {rows} is not one of the {count} rows")  # what a for loop ends on
            return self._sample(int(rows) % count)
        return self.fetch(_compact(self._ordered(_chosen(rows, len(self)))))

    def _ordered(self, rows: Order) -> Order:
        return rows

    def _sample(self, row: int) -> Any:
        return tree.map_leaves(lambda a: a[0], self.fetch(slice(row, row + 1)))

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        for row in self.order(number)[start:]:
            yield partial(self.root._sample, int(row))

    # Stages: the order of the rows, and batches of them.

    def shuffle(self, seed: int = 0, block_size: int | None = None) -> "Rows":  # type: ignore[override]
        """The rows in an order that is a function of the seed and of the epoch's number.

        With ``block_size`` blocks of so many neighbouring rows are shuffled, and then the rows within each. A batch
        then reads from one or two places of a file and not from all over it, and mixes fewer rows.

        >>> rows = ArrayDataset(np.arange(6)).shuffle(seed=1, block_size=2)
        >>> [int(row) for row in rows.epoch(0)]
        [1, 0, 2, 3, 5, 4]
        """
        return Shuffled(self, seed, block_size)

    def select(self, rows: Any) -> "Rows":
        """These rows alone, by their numbers: ``folder.select(train_rows)``."""
        return Selected(self, rows)

    def take(self, count: int) -> "Rows":
        """The first rows of each epoch alone."""
        return Selected(self, range(require_count("count", count)))

    def skip(self, count: int) -> "Rows":
        """Each epoch without its first rows."""
        return Selected(self, range(require_count("count", count, 0), len(self)))

    def batch(self, batch_size: int, drop_last: bool = False) -> "Batches":
        """Batches of so many rows; the last one is smaller where the number asks for it.

        >>> [batch.tolist() for batch in ArrayDataset(np.arange(5)).batch(2)]
        [[0, 1], [2, 3], [4]]
        """
        return Batches(self, batch_size, drop_last)

    def map(self, function: Callable[..., Any], *, seed: int | None = None) -> NoReturn:
        """A function takes whole batches, so ``batch`` comes first."""
        raise self._after_batch("map takes a function of whole batches", "map(function)")

    def zip(self, *others: Pipeline) -> NoReturn:
        """Batches are put side by side, so ``batch`` comes first."""
        raise self._after_batch("zip puts batches side by side", "zip(other.batch(32))")

    def prefetch(self, buffer_size: int = 2, num_workers: int = 1) -> NoReturn:
        """Batches are made ahead, so ``batch`` comes first."""
        raise self._after_batch("prefetch makes batches ahead", "prefetch()")

    def _after_batch(self, reason: str, line: str) -> UsageError:
        return UsageError(f"{reason}: write {self.identity}.batch(32).{line}.")


class ArrayDataset(Rows):
    """Rows of arrays: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Each is an array, a table of pandas, polars or Arrow with columns of numbers, or a list, tuple or dict of those.
    Batches are slices of the arrays; they cannot be written to. Arrays that lie in a file (``np.load(path,
    mmap_mode="r")``, ``np.memmap``) are read batch by batch, and what was read is let go of again.

    Raises DataError for no rows, lengths that disagree, ragged rows and what is no number.

    >>> dataset = ArrayDataset({"age": np.array([31.0, 45.0, 27.0])}, np.array([0, 1, 0]))
    >>> dataset[:2]
    ({'age': array([31., 45.])}, array([0, 1]))
    """

    AT_MOST = 64_000_000  # bytes of a file that are kept in memory after they were read
    AROUND = 65_536  # bytes that a system takes into memory around one that is read

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        if y is None and getattr(x, "_fields", None) == ("x", "y"):
            x, y = x
        parts = zip((x, y, sample_weight), ("x", "y", "sample_weight"), strict=True)
        self.data = tuple(None if part is None else _read_only(arrays(part, name)) for part, name in parts)
        self.rows = common_length(x=self.data[0], y=self.data[1], sample_weight=self.data[2])
        self.mapped = [leaf for leaf in tree.leaves(self.data) if is_mapped(leaf)]
        self._read = 0

    def __len__(self) -> int:
        return self.rows

    def fetch(self, rows: slice | NDArray[np.int64]) -> Any:
        x, y, weight = self.parts(rows)
        return (x, y, weight) if weight is not None else x if y is None else (x, y)

    def parts(self, rows: slice | NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """x, y and sample_weight of these rows; None for what there is not."""
        x, y, weight = (tree.map_leaves(lambda a: self._rows(a, rows), part) for part in self.data)
        return x, y, weight

    def _rows(self, array: NDArray[Any], rows: slice | NDArray[np.int64]) -> NDArray[Any]:
        if not is_mapped(array):
            return array[rows]
        taken = np.array(array[rows])
        self._read += taken.nbytes if isinstance(rows, slice) else max(taken.nbytes, len(rows) * self.AROUND)
        if self._read > self.AT_MOST:
            self._read = 0
            for each in self.mapped:
                let_go(each)
        return taken


def _read_only(structure: Any) -> Any:
    def view(array: NDArray[Any]) -> NDArray[Any]:
        array = array.view()
        array.flags.writeable = False
        return array

    return tree.map_leaves(view, structure)


class MapDataset(Rows):
    """A data set with ``len(d)`` and ``d[i]``, which gives one sample: x, (x, y) or (x, y, sample_weight).

    Where it has ``d.__getitems__(numbers)``, which gives a list of samples, that is called once for a batch.
    ``collate_fn`` makes a batch of a list of samples; without it their arrays are stacked.
    """

    def __init__(self, dataset: Any, collate_fn: Callable[[list[Any]], Any] | None = None) -> None:
        if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
            raise UsageError(f"a data set has len(d) and d[i]; {type(dataset).__name__} has not both.")
        if not len(dataset):
            raise DataError("the data set is empty: it has 0 samples.")
        self.dataset = dataset
        self.collate_fn = collate_fn

    def __len__(self) -> int:
        return len(self.dataset)

    def fetch(self, rows: slice | NDArray[np.int64]) -> Any:
        numbers = list(range(len(self))[rows]) if isinstance(rows, slice) else rows.tolist()
        several = getattr(self.dataset, "__getitems__", None)
        samples = [self.dataset[i] for i in numbers] if several is None else several(numbers)
        return stacked(list(map(_as_sample, samples))) if self.collate_fn is None else self.collate_fn(samples)

    def _sample(self, row: int) -> Any:
        return self.dataset[row]

    @property
    def identity(self) -> str:
        return f"{type(self.dataset).__name__}({len(self)} rows)"


def _as_sample(sample: Any) -> Any:
    """A list of arrays is read as a tuple, as Keras and PyTorch do."""
    return tuple(sample) if isinstance(sample, list) and is_structure(sample) else sample


class _View(Rows):
    """Rows of a source in an order of its own."""

    def __init__(self, of: Rows) -> None:
        self.upstream = (of,)
        self.of = of

    @property
    def root(self) -> Rows:
        return self.of.root

    def fetch(self, rows: slice | NDArray[np.int64]) -> Any:
        return self.root.fetch(rows)


class Shuffled(_View):
    """Rows in an order that is a function of seed and epoch."""

    def __init__(self, of: Rows, seed: int, block_size: int | None) -> None:
        super().__init__(of)
        self.seed = seed
        self.block_size = None if block_size is None else require_count("block_size", block_size)
        permutation(1, seed, 0)  # a wrong seed is told here

    shuffled = True

    def __len__(self) -> int:
        return len(self.of)

    def order(self, number: int) -> Order:
        count, before = len(self), self.of.order(number)
        after = permutation(count, self.seed, number, self.block_size)
        return after if isinstance(before, range) and before.start == 0 else np.asarray(before)[after]

    def _ordered(self, rows: Order) -> Order:
        raise UsageError("shuffled rows have another order in each epoch: ask the rows before shuffle for rows[i].")

    def _sample(self, row: int) -> Any:
        return self._ordered(range(row, row + 1))

    @property
    def identity(self) -> str:
        block = "" if self.block_size is None else f", block_size={self.block_size}"
        return f"{self.of.identity}.shuffle({self.seed}{block})"


class Selected(_View):
    """Some rows of others, by their numbers."""

    def __init__(self, of: Rows, rows: Any) -> None:
        super().__init__(of)
        self.rows = _chosen(slice(rows.start, rows.stop, rows.step) if isinstance(rows, range) else rows, len(of))
        if not len(self.rows):
            raise DataError(f"no row is left of the {len(of)} of {of.identity}.")

    def __len__(self) -> int:
        return len(self.rows)

    def order(self, number: int) -> Order:
        return _through(self.of.order(number), self.rows)

    def _ordered(self, rows: Order) -> Order:
        return self.of._ordered(_through(self.rows, rows))

    def _sample(self, row: int) -> Any:
        return self.of._sample(int(self.rows[row]))

    @property
    def identity(self) -> str:
        rows = self.rows
        told = f"rows {rows.start} to {rows.stop}" if isinstance(rows, range) else f"{len(rows)} rows, {_mark(rows)}"
        return f"{self.of.identity}.select({told})"


class Batches(Pipeline):
    """Rows in batches of one size."""

    def __init__(self, rows: Rows, batch_size: int, drop_last: bool = False) -> None:
        self.upstream = (rows,)
        self.rows = rows
        self.batch_size = require_count("batch_size", batch_size)
        self.drop_last = drop_last
        if not self.steps:
            raise DataError(f"drop_last leaves no batch: there are {len(rows)} rows, and batch_size is {batch_size}.")

    @property
    def steps(self) -> int:
        return batch_count(len(self.rows), self.batch_size, self.drop_last)

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        order, size = self.rows.order(number), self.batch_size
        for first in range(start * size, min(self.steps * size, len(order)), size):
            yield partial(self.rows.fetch, _compact(order[first : first + size]))

    @property
    def identity(self) -> str:
        return f"{self.rows.identity}.batch({self.batch_size}{', drop_last=True' if self.drop_last else ''})"

    @property
    def plain(self) -> tuple[ArrayDataset, int] | None:
        root = self.rows.root
        return (root, self.batch_size) if isinstance(root, ArrayDataset) else None

    def numbers(self, number: int, start: int = 0) -> NDArray[np.int64]:
        size = self.batch_size
        return np.asarray(self.rows.order(number)[start * size : self.steps * size])


def _chosen(rows: Any, count: int) -> Order:
    """The numbers of rows that are given by a slice, a mask or their numbers, which may count from the end."""
    if isinstance(rows, slice):
        chosen = range(count)[rows]
        return chosen if chosen.step == 1 else np.array(chosen, np.int64)
    numbers = np.asarray(rows)
    if numbers.dtype == bool and numbers.shape == (count,):
        return np.flatnonzero(numbers)
    if numbers.ndim != 1 or (len(numbers) and numbers.dtype.kind not in "iu"):
        raise UsageError(
            f"rows are given by a slice, by their numbers, or by a mask of {count} bools; got shape {numbers.shape} of "
            f"{numbers.dtype}."
        )
    numbers = numbers.astype(np.int64)
    wrong = (numbers < -count) | (numbers >= count)
    if wrong.any():
        raise BoundsError(f"row {numbers[wrong][0]} is not one of the {count} rows.")
    return np.where(numbers < 0, numbers + count, numbers)


def _through(order: Order, rows: Order) -> Order:
    """These places of an order."""
    return order[rows.start : rows.stop] if isinstance(rows, range) else np.asarray(order)[rows]


def _mark(rows: NDArray[np.int64]) -> str:
    return f"{zlib.crc32(rows.tobytes()):08x}"


def _compact(rows: Order) -> slice | NDArray[np.int64]:
    return slice(rows.start, rows.stop) if isinstance(rows, range) else rows


def rows_of(given: Any, collate_fn: Callable[[list[Any]], Any] | None = None) -> Rows:
    """The rows of what a user gives as a data set: a source, arrays or a table, or a map-style data set."""
    if isinstance(given, Rows):
        return given
    if isinstance(given, Pipeline):
        raise UsageError(f"{given!r} gives batches already: take it as it is.")
    if collate_fn is None and is_data(given) and not _is_list_of_samples(given):
        return ArrayDataset(*given) if type(given) is tuple else ArrayDataset(given)
    return MapDataset(given, collate_fn)


def _is_list_of_samples(given: Any) -> bool:
    return (
        isinstance(given, list) and bool(given) and isinstance(given[0], list | tuple | dict) and is_structure(given[0])
    )
