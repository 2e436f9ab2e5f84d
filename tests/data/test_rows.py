"""Rows that can be asked for: arrays, structures of arrays, files that are mapped, and map-style data sets."""

import mmap
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pente.data import ArrayDataset, DataLoader, IterableDataset, MapDataset, Rows
from pente.data.mapped import is_mapped, let_go
from pente.errors import DataError, UsageError

X = np.arange(46.0).reshape(23, 2)
Y = np.arange(23)


def test_a_number_gives_a_sample_and_anything_else_a_batch() -> None:
    rows = ArrayDataset(X, Y)
    assert (rows[3][0].tolist(), int(rows[-1][1])) == ([6.0, 7.0], 22)
    assert rows[20:][1].tolist() == [20, 21, 22]
    assert rows[[5, 0, -2]][1].tolist() == [5, 0, 21]
    assert rows[Y % 10 == 0][1].tolist() == [0, 10, 20]
    assert len([y for _, y in rows.epoch(0)]) == len(rows) == 23
    assert np.shares_memory(rows[3:9][0], X)
    assert rows[::-7][1].tolist() == [22, 15, 8, 1]
    for wrong in (23, [0, 23], [-24]):
        with pytest.raises(IndexError, match="is not one of the 23 rows"):
            rows[wrong]
    for wrong in ([[1]], [0.5], [True]):
        with pytest.raises(UsageError, match="a mask of 23 bools"):
            rows[wrong]


def test_what_is_given_keeps_its_structure() -> None:
    rows = ArrayDataset({"a": X, "b": [X, Y]}, (X, Y), Y / 2)
    x, y, weight = rows[2:4]
    assert (x["a"].shape, x["b"][1].tolist(), y[1].tolist(), weight.tolist()) == ((2, 2), [2, 3], [2, 3], [1, 1.5])
    assert ArrayDataset(Y)[1:3].tolist() == [1, 2]
    x, y, weight = ArrayDataset(Y, sample_weight=Y)[1:3]
    assert y is None


def test_selected_rows_are_those_rows() -> None:
    rows = ArrayDataset(X, Y).select([4, 2, 9])
    assert [rows[i][1] for i in range(3)] == [4, 2, 9]
    assert rows[1:][1].tolist() == [2, 9]
    assert rows.select(range(0, 3, 2))[:][1].tolist() == [4, 9]
    with pytest.raises(DataError, match="and this pipeline is"):
        rows.restore(ArrayDataset(X, Y).select([4, 2, 8]).state())
    assert rows.skip(1).select([1, 0])[:][1].tolist() == [9, 2]
    assert sorted(np.concatenate([y for _, y in rows.shuffle(0).batch(2)])) == [2, 4, 9]
    assert ArrayDataset(X, Y).select(Y > 20)[:][1].tolist() == [21, 22]


class Cubes(Rows):
    def __len__(self) -> int:
        return 9

    def fetch(self, rows: Any) -> Any:
        return np.arange(9)[rows] ** 3


def test_a_source_of_ones_own_has_a_length_and_fetches_rows() -> None:
    cubes = Cubes()
    assert [batch.tolist() for batch in cubes.skip(1).batch(3)] == [[1, 8, 27], [64, 125, 216], [343, 512]]
    assert sorted(np.concatenate(list(cubes.shuffle(0).batch(2).prefetch()))) == cubes[:].tolist()
    assert (cubes[2], repr(cubes)) == (8, "Cubes(9 rows)")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: ArrayDataset(X, Y[:5]), "x has 23, y has 5"),
        (lambda: ArrayDataset(X[:0]), "0 rows"),
        (lambda: ArrayDataset([[1.0], [1.0, 2.0]]), "ragged: row 0 has length 1 and row 1 has length 2"),
        (lambda: ArrayDataset(np.array([np.ones(2), np.ones(3)], object)), "ragged: row 0 has length 2 and row 1 has"),
        (lambda: ArrayDataset(X, ["cat"] * 23), "y holds text"),
        (lambda: ArrayDataset(X).select([]), "no row is left"),
        (lambda: ArrayDataset(X).skip(23), "no row is left"),
        (lambda: MapDataset([]), "0 samples"),
    ],
)
def test_rows_that_are_none_are_refused(wrong: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        wrong()


# Map-style data sets.


class Samples:
    def __len__(self) -> int:
        return 23

    def __getitem__(self, index: int) -> Any:
        return X[index], Y[index]


class Several(Samples):
    def __init__(self) -> None:
        self.calls: list[list[int]] = []

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError

    def __getitems__(self, indices: list[int]) -> Any:
        self.calls.append(indices)
        return [(X[i], Y[i]) for i in indices]


def test_a_data_set_that_gives_several_is_asked_once_for_a_batch() -> None:
    several = Several()
    batches = list(MapDataset(several).batch(10))
    assert several.calls == [list(range(10)), list(range(10, 20)), [20, 21, 22]]
    assert np.concatenate([x for x, _ in batches]).tolist() == X.tolist()


def test_an_array_of_arrays_is_one_array() -> None:
    given = np.empty(2, object)
    given[:] = [np.ones(3), np.zeros(3)]
    assert ArrayDataset(given)[:].tolist() == [[1, 1, 1], [0, 0, 0]]


def test_samples_in_dicts_are_batches_in_dicts() -> None:
    (batch,) = DataLoader([{"a": x, "b": y} for x, y in zip(X, Y, strict=True)], 23)
    assert (batch["a"].tolist(), batch["b"].tolist()) == (X.tolist(), Y.tolist())


def test_samples_of_several_shapes_are_named() -> None:
    with pytest.raises(DataError, match=r"sample 0 of it has \(2,\) and sample 1 has \(3,\).*collate_fn"):
        list(MapDataset([np.ones(2), np.ones(3)]).batch(2))
    with pytest.raises(DataError, match="differ in structure"):
        list(MapDataset([(np.ones(2), 1), (np.ones(2),)]).batch(2))


def test_a_loader_gives_what_pytorchs_gives() -> None:
    for drop in (False, True):
        theirs = torch.utils.data.DataLoader(Samples(), batch_size=5, drop_last=drop)  # type: ignore[arg-type]
        ours = DataLoader(Samples(), batch_size=5, drop_last=drop)
        assert len(ours) == len(theirs)
        for (x, y), (u, v) in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(x, u)
            np.testing.assert_array_equal(y, v)


def test_a_loader_has_pytorchs_names_and_defaults() -> None:
    import inspect

    theirs = inspect.signature(torch.utils.data.DataLoader.__init__).parameters
    ours = inspect.signature(DataLoader.__init__).parameters
    assert set(ours) - set(theirs) == {"seed", "habits"}
    for name in set(theirs) - set(ours) - {"pin_memory_device", "in_order"}:
        with pytest.raises(UsageError, match=f"no {name}=: [^.]{{8}}"):
            DataLoader(X, **{name: None})
    for name in ("batch_size", "drop_last", "num_workers", "collate_fn"):
        assert ours[name].default == theirs[name].default
    assert list(ours)[:4] == list(theirs)[:4]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_collate_fn_gets_the_samples(workers: int) -> None:
    ragged = [np.ones(n) for n in (3, 1, 2)]
    loader = DataLoader(ragged, 2, collate_fn=lambda samples: [len(s) for s in samples], num_workers=workers)
    assert list(loader) == [[3, 1], [2]]


def test_a_loader_takes_arrays_iterables_and_pytorchs_data_sets() -> None:
    expected = [0, 1, 2, 3, 4]
    tensors = torch.utils.data.TensorDataset(torch.arange(5))
    for given in (np.arange(5), list(range(5)), iter(range(5)), IterableDataset(lambda: range(5)), tensors):
        batches = [batch[0] if isinstance(batch, tuple) else batch for batch in DataLoader(given, 2)]
        assert np.concatenate(batches).tolist() == expected
    (x, y), *_ = DataLoader((X, Y), 4)
    assert (x.shape, y.tolist()) == ((4, 2), [0, 1, 2, 3])


def test_a_loader_refuses_what_it_cannot_do() -> None:
    with pytest.raises(UsageError, match="its own order"):
        DataLoader(iter(range(5)), 2, shuffle=True)
    with pytest.raises(UsageError, match=r"write .batch\(32\).map"):
        DataLoader(iter(range(5)), 2, collate_fn=list)
    with pytest.raises(DataError, match="0 rows"):
        DataLoader([], 2)


# Files that are mapped into memory.


@pytest.fixture
def large(tmp_path: Path) -> Any:
    """64 MB in a file, which know their place."""
    path = tmp_path / "x.npy"
    array = np.lib.format.open_memmap(path, "w+", np.float32, (16_384, 1024))
    array[:] = np.arange(16_384, dtype=np.float32)[:, np.newaxis]
    array.flush()
    del array
    return path


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("block", [None, 512])
def test_an_epoch_over_a_file_keeps_memory_flat(large: Path, block: int | None, monkeypatch: Any) -> None:
    monkeypatch.setattr(ArrayDataset, "AT_MOST", 4_000_000)
    batches = ArrayDataset(np.load(large, mmap_mode="r")).shuffle(0, block_size=block).batch(64)
    most, begin = 0, resident()
    for _ in batches:
        most = max(most, resident() - begin)
    assert most < 24_000_000


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_rows_of_a_file_are_right_in_any_order_and_after_they_were_let_go(large: Path, mode: Any) -> None:
    rows = ArrayDataset(np.load(large, mmap_mode=mode))
    rows.AT_MOST = 1_000_000
    numbers = np.random.default_rng(0).permutation(16_384)
    taken = np.concatenate([rows[numbers[i : i + 512]][:, 5] for i in range(0, 4096, 512)])
    np.testing.assert_array_equal(taken, numbers[:4096])


def test_changes_that_a_map_keeps_to_itself_are_not_lost(large: Path) -> None:
    own = np.load(large, mmap_mode="c")
    own[0] = 7
    let_go(own)
    assert own[0, 0] == 7
    shared = np.load(large, mmap_mode="r+")
    shared[0] = 8
    let_go(shared)
    assert shared[0, 0] == 8


def test_views_of_a_file_are_known(large: Path) -> None:
    array = np.load(large, mmap_mode="r")
    windows = np.lib.stride_tricks.sliding_window_view(array, 3, axis=0)
    assert all(map(is_mapped, (array, array[3:], np.asarray(array), windows, np.moveaxis(windows, -1, 1)[2:])))
    assert not is_mapped(np.array(array[:3]))
    assert not is_mapped(X)
