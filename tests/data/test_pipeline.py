"""Stages: what they give, and that each can be left in the middle of an epoch and taken up again."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pente import tree
from pente.data import ArrayDataset, DataLoader, IterableDataset, MapDataset, Pipeline
from pente.errors import DataError, UsageError

X = np.arange(46.0).reshape(23, 2)
Y = np.arange(23)


def rows() -> ArrayDataset:
    return ArrayDataset(X, Y)


def again() -> Any:
    return iter([(X[:5], Y[:5]), (X[5:9], Y[5:9]), (X[9:], Y[9:])])


def noisy(x: Any, y: Any, rng: np.random.Generator) -> Any:
    return x + rng.normal(size=x.shape), y


PIPELINES = {
    "arrays": lambda: rows(),
    "shuffle": lambda: rows().shuffle(3),
    "shuffle in blocks": lambda: rows().shuffle(3, block_size=4).batch(5),
    "select": lambda: rows().select([3, 1, 4, 1, 5, 9, 2, 6]).batch(3),
    "take and skip of rows": lambda: rows().shuffle(1).skip(4).take(11).batch(3),
    "batch": lambda: rows().batch(4),
    "shuffled batches": lambda: rows().shuffle(0).batch(4),
    "drop_last": lambda: rows().shuffle(0).batch(4, drop_last=True),
    "map": lambda: rows().batch(4).map(lambda x, y: (x * 2, y)),
    "map with a seed": lambda: rows().shuffle(2).batch(4).map(noisy, seed=7),
    "prefetch": lambda: rows().shuffle(2).batch(4).prefetch(3),
    "prefetch in several threads": lambda: rows().shuffle(2).batch(2).map(noisy, seed=1).prefetch(4, num_workers=3),
    "take": lambda: rows().shuffle(2).batch(4).take(3),
    "skip": lambda: rows().shuffle(2).batch(4).skip(2),
    "repeat": lambda: rows().shuffle(2).batch(9).repeat(2),
    "take and skip of unknown length": lambda: IterableDataset(again).skip(1).take(9),
    "repeat of unknown length": lambda: IterableDataset(again).repeat(2),
    "zip": lambda: rows().shuffle(2).batch(4).zip(ArrayDataset(Y).shuffle(2).batch(4)),
    "a loader": lambda: DataLoader(rows(), 4, True, seed=5, num_workers=2),
    "a map-style data set": lambda: MapDataset(list(zip(X, Y, strict=True))).shuffle(1).batch(4),
    "a function that makes a generator": lambda: IterableDataset(again),
    "samples that are walked through": lambda: IterableDataset(lambda: zip(X, Y, strict=True)).batch(4),
    "prefetch of what is walked through": lambda: IterableDataset(again).prefetch(4, num_workers=2),
}


def same(first: Any, second: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(tree.leaves(first), tree.leaves(second), strict=True))


@pytest.mark.parametrize("name", PIPELINES)
def test_what_is_left_in_an_epoch_goes_on_where_it_was(name: str) -> None:
    whole = PIPELINES[name]()
    epochs = [list(whole.epoch(number)) for number in range(4)]
    assert whole.steps in (None, len(epochs[0]))
    for taken in range(len(epochs[1]) + 1):
        first = PIPELINES[name]()
        assert same(list(first), epochs[0])
        walk = iter(first)
        assert same([next(walk) for _ in range(taken)], epochs[1][:taken])
        state = json.loads(json.dumps(first.state()))
        second = PIPELINES[name]()
        second.restore(state)
        if (state["epoch"], state["step"]) != (2, 0):  # which it is behind the last one, where that is known
            assert same(list(second), epochs[1][taken:])
        else:
            assert taken == whole.steps
        assert same(list(second), epochs[2])
        assert same(list(second), epochs[3])


@pytest.mark.parametrize("name", PIPELINES)
def test_an_epoch_can_be_begun_anywhere(name: str) -> None:
    pipeline = PIPELINES[name]()
    for number in (2, 0):
        whole = list(pipeline.epoch(number))
        for start in range(len(whole) + 1):
            assert same(list(pipeline.epoch(number, start)), whole[start:])


def test_a_fresh_process_goes_on_with_the_same_batches() -> None:
    """The state passes through text, and nothing else is shared."""
    script = """
import json, sys
import numpy as np
from pente.data import ArrayDataset
pipeline = ArrayDataset(np.arange(40)).shuffle(5).batch(4).map(lambda x, rng: x + rng.integers(9, size=x.shape), seed=2)
pipeline = pipeline.prefetch(4, num_workers=2)
if len(sys.argv) > 1:
    pipeline.restore(json.loads(sys.argv[1]))
walk = iter(pipeline)
batches = [next(walk).tolist() for _ in range(3)]
state = pipeline.state()
print(json.dumps([batches, state, [batch.tolist() for batch in walk], [batch.tolist() for batch in pipeline]]))
"""

    def run(*arguments: str) -> Any:
        command = [sys.executable, "-c", script, *arguments]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)

    _, state, left, following = run()
    batches, _, rest, after = run(json.dumps(state))
    assert batches + rest == left
    assert after == following


def test_a_new_loop_begins_a_new_epoch() -> None:
    """Looking at one batch is not the beginning of the training: the next loop has an epoch in full."""
    pipeline = rows().shuffle(0).batch(4)
    next(iter(pipeline))
    assert len(list(pipeline)) == len(pipeline)
    assert pipeline.state()["epoch"] == 2


def test_each_epoch_has_an_order_of_its_own_and_every_row_once() -> None:
    pipeline = rows().shuffle(0).batch(4)
    orders = [np.concatenate([y for _, y in pipeline]).tolist() for _ in range(5)]
    assert len({tuple(order) for order in orders}) == 5
    assert all(sorted(order) == Y.tolist() for order in orders)


def test_repeated_epochs_differ() -> None:
    first, second = np.split(np.concatenate([y for _, y in rows().shuffle(0).batch(4).repeat(2)]), 2)
    assert sorted(first) == sorted(second) == Y.tolist()
    assert first.tolist() != second.tolist()


def test_random_maps_depend_on_batch_and_epoch() -> None:
    pipeline = ArrayDataset(np.zeros(8)).batch(2).map(lambda x, rng: rng.normal(size=2), seed=0)
    drawn = [tuple(batch) for epoch in range(3) for batch in pipeline.epoch(epoch)]
    assert len(set(drawn)) == 12


def test_a_map_is_called_once_for_a_batch() -> None:
    shapes = []
    list(rows().batch(10).map(lambda x, y: shapes.append((x.shape, y.shape))))
    assert shapes == [((10, 2), (10,)), ((10, 2), (10,)), ((3, 2), (3,))]


def test_a_dict_is_one_thing_and_goes_to_a_map_whole() -> None:
    batches = ArrayDataset({"a": X, "b": Y}).batch(23).map(lambda d: d["a"].sum() + d["b"].sum())
    assert list(batches) == [X.sum() + Y.sum()]


@given(count=st.integers(1, 40), size=st.integers(1, 50), drop=st.booleans())
def test_batches_cover_the_rows_in_order(count: int, size: int, drop: bool) -> None:
    if drop and size > count:
        with pytest.raises(DataError, match="drop_last leaves no batch"):
            ArrayDataset(np.arange(count)).batch(size, drop)
        return
    batches = list(ArrayDataset(np.arange(count)).batch(size, drop))
    assert np.concatenate(batches).tolist() == list(range(count - count % size if drop else count))
    assert {len(batch) for batch in batches[:-1]} <= {size}


def test_batches_are_views_that_cannot_be_written_to() -> None:
    x = np.arange(10.0)
    batch = next(iter(ArrayDataset(x).batch(4)))
    assert np.shares_memory(batch, x)
    with pytest.raises(ValueError, match="read-only"):
        batch += 1
    assert x.flags.writeable


def test_the_state_of_another_pipeline_is_refused() -> None:
    state = rows().shuffle(0).batch(4).state()
    for other in (rows().shuffle(1).batch(4), rows().batch(4), rows().shuffle(0).batch(5), rows().take(9).batch(4)):
        with pytest.raises(DataError, match=r"shuffle\(0\).batch\(4\), and this pipeline is"):
            other.restore(state)
    rows().shuffle(0).batch(4).prefetch(9, 3).restore(state)  # how it is made ahead changes nothing


@pytest.mark.parametrize("broken", [{}, {"epoch": -1}, {"step": 1.5}, {"step": True}, {"epoch": None}])
def test_a_state_that_is_none_is_refused(broken: Any) -> None:
    pipeline = rows().batch(4)
    state = pipeline.state() | broken if broken else {}
    with pytest.raises((DataError, UsageError)):
        pipeline.restore(state)


def test_a_generator_cannot_be_restored_and_says_what_can() -> None:
    pipeline = IterableDataset(again(), steps=1).map(lambda x, y: x).prefetch()
    next(iter(pipeline))
    with pytest.raises(UsageError, match="Give the function that makes it"):
        pipeline.restore(pipeline.state())


def test_a_generator_goes_on_from_epoch_to_epoch_and_says_when_it_ends() -> None:
    pipeline = IterableDataset(again(), steps=1)
    assert [len(next(iter(pipeline))[1]) for _ in range(3)] == [5, 4, 14]
    with pytest.raises(DataError, match="ran out in epoch 4, after 0 batches"):
        list(pipeline)


def test_prefetching_a_generator_reads_no_further_than_the_epoch() -> None:
    pipeline = IterableDataset(iter(range(6)), steps=2).prefetch(10)
    assert [list(pipeline) for _ in range(3)] == [[0, 1], [2, 3], [4, 5]]


def test_what_is_side_by_side_must_have_as_many() -> None:
    with pytest.raises(DataError, match=r"batch\(4\) has 6, .*batch\(5\) has 5"):
        rows().batch(4).zip(rows().batch(5))
    with pytest.raises(DataError, match=r"IterableDataset\(again\) ended first"):
        list(rows().batch(4).zip(IterableDataset(again)))


def test_an_error_of_the_users_own_comes_through_a_zip() -> None:
    def fails(x: Any, y: Any) -> Any:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        list(rows().batch(4).zip(rows().batch(4).map(fails)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: rows().batch(4).shuffle(), "before they are batches"),
        (lambda: IterableDataset(again).shuffle(), "shuffled where it is made"),
        (lambda: rows().map(abs), r"ArrayDataset\(23 rows\).batch\(32\).map"),
        (lambda: rows().prefetch(), r"batch\(32\).prefetch"),
        (lambda: rows().zip(rows()), r"batch\(32\).zip"),
        (lambda: rows().batch(0), "batch_size is a whole number of at least 1, got 0"),
        (lambda: rows().batch(4).take(0), "count"),
        (lambda: rows().batch(4).repeat(0), "count"),
        (lambda: rows().batch(4).prefetch(0), "buffer_size"),
        (lambda: rows().shuffle(0)[3], "before shuffle"),
        (lambda: len(IterableDataset(again)), "nobody knows"),
        (lambda: IterableDataset(3), "an iterable or a function"),  # type: ignore[arg-type]
    ],
)
def test_what_does_not_work_says_what_does(wrong: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        wrong()


def test_a_seed_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(DataError, match="seed"):
        rows().shuffle(-1)


def test_every_stage_says_what_it_is() -> None:
    def half(x: Any, y: Any) -> Any:
        return x / 2, y

    pipeline: Pipeline = rows().shuffle(0).take(9).batch(4, drop_last=True).map(half, seed=1).take(2).repeat(3)
    told = "ArrayDataset(23 rows).shuffle(0).select(rows 0 to 9).batch(4, drop_last=True)"
    assert repr(pipeline).startswith(told)
    assert repr(pipeline).endswith("half, seed=1).take(2).repeat(3)")
    assert repr(pipeline.prefetch(4)).endswith(".prefetch(4, num_workers=1)")
