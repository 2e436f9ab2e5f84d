"""Threads that work ahead: bounded, in order, with errors at their place, and gone when nobody wants them."""

import gc
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pente.data import ArrayDataset, IterableDataset

WORKERS = [1, 3]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    gc.collect()
    assert threading.active_count() == before


@pytest.mark.parametrize("workers", WORKERS)
def test_results_come_in_order_however_long_they_take(workers: int) -> None:
    def slow(x: Any) -> Any:
        time.sleep(0.002 * (int(x[0]) % 3))
        return x

    batches = ArrayDataset(np.arange(30)).batch(1).map(slow).prefetch(4, num_workers=workers)
    assert np.concatenate(list(batches)).tolist() == list(range(30))


@pytest.mark.parametrize("workers", WORKERS)
def test_no_more_is_made_ahead_than_was_said(workers: int) -> None:
    made = []
    pipeline = ArrayDataset(np.arange(100)).batch(1).map(lambda x: made.append(int(x[0])))
    walk = iter(pipeline.prefetch(5, num_workers=workers))
    for taken in range(1, 4):
        next(walk)
        time.sleep(0.05)
        assert len(made) <= taken + 5


@pytest.mark.parametrize("workers", WORKERS)
def test_an_error_comes_at_its_place_with_its_own_traceback(workers: int) -> None:
    def fails_at_seven(x: Any) -> Any:
        if x[0] == 7:
            raise KeyError("seven")
        return x

    walk = iter(ArrayDataset(np.arange(30)).batch(1).map(fails_at_seven).prefetch(4, num_workers=workers))
    assert [int(next(walk)[0]) for _ in range(7)] == list(range(7))
    with pytest.raises(KeyError, match="seven") as caught:
        next(walk)
    assert "fails_at_seven" in {frame.name for frame in traceback.extract_tb(caught.value.__traceback__)}
    del caught


@pytest.mark.parametrize("workers", WORKERS)
def test_an_error_of_a_generator_comes_through(workers: int) -> None:
    def batches() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the disk is gone")

    walk = iter(IterableDataset(batches).prefetch(4, num_workers=workers))
    assert [next(walk), next(walk)] == [1, 2]
    with pytest.raises(OSError, match="the disk is gone"):
        next(walk)


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("taken", [0, 1, 5])
def test_a_loop_that_is_left_early_leaves_no_thread(workers: int, taken: int) -> None:
    pipeline = ArrayDataset(np.arange(100)).batch(1).prefetch(4, num_workers=workers)
    walk = iter(pipeline)
    for _ in range(taken):
        next(walk)
    del walk


def test_a_loop_that_is_interrupted_leaves_no_thread() -> None:
    def interrupted() -> None:
        for batch in ArrayDataset(np.arange(100)).batch(1).prefetch(4, num_workers=2):
            if batch[0] == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_threads_within_threads_end_as_well() -> None:
    batches = ArrayDataset(np.arange(100)).batch(1)
    pipeline = batches.prefetch(2).map(lambda x: x + 1).prefetch(3, num_workers=2)
    assert int(np.concatenate(list(pipeline)).sum()) == 5050
    walk = iter(pipeline)
    next(walk)
    del walk


def test_a_generator_is_closed_where_its_reader_leaves() -> None:
    closed = []

    def batches() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(True)

    walk = iter(IterableDataset(batches).prefetch(2))
    next(walk)
    del walk
    assert closed == [True]


def test_several_workers_work_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=10)

    def meet(x: Any) -> Any:
        meeting.wait()
        return x

    assert len(list(ArrayDataset(np.arange(9)).batch(1).map(meet).prefetch(3, num_workers=3))) == 9
