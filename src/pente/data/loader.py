"""Batches of a data set under the names that PyTorch has for it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pente.data.pipeline import Pipeline, require_count
from pente.data.prefetch import Task
from pente.data.rows import ArrayDataset, rows_of
from pente.data.walked import IterableDataset
from pente.errors import UsageError

__all__ = ["DataLoader"]

# What else PyTorch's loader takes, and what to do here.
HABITS = {
    "batch_sampler": "choose rows by DataLoader(ArrayDataset(x, y).select(rows), 32)",
    "generator": "write seed=0",
    "multiprocessing_context": "the workers are threads, so leave it out",
    "persistent_workers": "threads begin at once, so leave it out",
    "pin_memory": "there is one memory, so leave it out",
    "sampler": "choose rows by DataLoader(ArrayDataset(x, y).select(rows), 32)",
    "timeout": "threads are waited for, so leave it out",
    "worker_init_fn": "the workers are threads and share everything, so leave it out",
}


class DataLoader(Pipeline):
    """Batches of a data set: ``rows.shuffle(seed).batch(batch_size, drop_last).prefetch()`` in PyTorch's words.

    ``dataset`` has ``len(d)`` and ``d[i]``, as those of PyTorch have; or it is a source of ``pente.data``, an array,
    a table, or a tuple (x, y) of those; or an iterable of samples. The order is a function of the seed and of the
    epoch. With ``collate_fn`` the samples of a batch are read one by one and given to it as a list.

    ``num_workers`` threads make batches ahead, each up to ``prefetch_factor``; 0 makes them where they are asked for.

    >>> loader = DataLoader((np.arange(10.0), np.arange(10)), batch_size=4, shuffle=True, seed=1)
    >>> len(loader), [len(x) for x, y in loader]
    (3, [4, 4, 2])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        drop_last: bool = False,
        prefetch_factor: int = 2,
        seed: int = 0,
        **habits: Any,
    ) -> None:
        for name in habits:
            raise UsageError(f"DataLoader takes no {name}=: {HABITS.get(name, 'leave it out')}.")
        self.dataset = dataset
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.num_workers = require_count("num_workers", num_workers, 0)
        batches = _batches(dataset, batch_size, seed if shuffle else None, collate_fn, drop_last)
        if num_workers:
            batches = batches.prefetch(require_count("prefetch_factor", prefetch_factor) * num_workers, num_workers)
        self.upstream = (batches,)

    @property
    def _made(self) -> Pipeline:
        return self.upstream[0]

    @property
    def steps(self) -> int | None:
        return self._made.steps

    def tasks(self, number: int, start: int = 0) -> Iterator[Task]:
        return self._made.tasks(number, start)

    @property
    def identity(self) -> str:
        return self._made.identity

    @property
    def plain(self) -> tuple[ArrayDataset, int] | None:
        return self._made.plain

    def numbers(self, number: int, start: int = 0) -> NDArray[np.int64]:
        return self._made.numbers(number, start)


def _batches(dataset: Any, batch_size: int, seed: int | None, collate_fn: Any, drop_last: bool) -> Pipeline:
    if hasattr(dataset, "__getitem__"):
        rows = rows_of(dataset, collate_fn)
        return (rows if seed is None else rows.shuffle(seed)).batch(batch_size, drop_last)
    samples = dataset if isinstance(dataset, Pipeline) else IterableDataset(dataset)
    if seed is not None:
        samples.shuffle(seed)
    if collate_fn is not None:
        raise UsageError("collate_fn is for data sets with len(d) and d[i]: for an iterable write .batch(32).map(f).")
    return samples.batch(batch_size, drop_last)
