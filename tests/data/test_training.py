"""What fit, evaluate and predict take, and where a training stands in its data."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import pente
from pente import Sequential, callbacks, layers
from pente.data import ArrayDataset, DataLoader, IterableDataset, MapDataset, text_windows, time_series_windows
from pente.data.mapped import is_mapped
from pente.errors import DataError, UsageError
from pente.train import loop
from pente.train.sources import source_of, split_off

RNG = np.random.default_rng(4)
X = RNG.normal(size=(70, 4)).astype(np.float32)
Y = (X.sum(1) > 0).astype(np.int64)
JIT = pytest.mark.parametrize("jit", [True, False], ids=["compiled", "eager"])


def model(jit: bool = True) -> Any:
    pente.set_seed(1)
    made = Sequential([layers.Dense(8, "relu"), layers.Dense(2, "softmax")])
    made.compile("adam", "sparse_categorical_crossentropy", ["accuracy"], jit=jit)
    return made


def weights(trained: Any) -> Any:
    return [variable.numpy() for variable in trained.trainable_variables]


def same(first: Any, second: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def identity(x: Any, y: Any) -> Any:
    return x, y


def generator() -> Any:
    return ArrayDataset(X, Y).shuffle(5).batch(16).epoch(0)


BATCHES = {
    "plain": lambda: ArrayDataset(X, Y).shuffle(5).batch(16),
    "mapped": lambda: ArrayDataset(X, Y).shuffle(5).batch(16).map(identity),
    "prefetched": lambda: ArrayDataset(X, Y).shuffle(5).batch(16).map(identity).prefetch(3, num_workers=2),
    "prefetched arrays": lambda: ArrayDataset(X, Y).shuffle(5).batch(16).prefetch(),
    "a loader": lambda: DataLoader((X, Y), 16, True, seed=5),
    "a loader with threads": lambda: DataLoader((X, Y), 16, True, seed=5, num_workers=2),
    "samples": lambda: MapDataset(list(zip(X, Y, strict=True))).shuffle(5).batch(16),
}


@JIT
@pytest.mark.parametrize("name", BATCHES)
def test_the_same_batches_train_the_same_however_they_are_made(name: str, jit: bool) -> None:
    expected, trained = model(jit), model(jit)
    history = expected.fit(BATCHES["plain"](), epochs=3, verbose=0).history
    assert trained.fit(BATCHES[name](), epochs=3, verbose=0).history == history
    assert same(weights(trained), weights(expected))


@pytest.mark.parametrize(
    ("pipeline", "native"),
    [
        (lambda: ArrayDataset(X, Y).batch(16), True),
        (BATCHES["plain"], True),
        (BATCHES["prefetched arrays"], True),
        (BATCHES["a loader"], True),
        (lambda: ArrayDataset(X, Y).shuffle(1).skip(3).batch(16, drop_last=True).skip(1).take(2), True),
        (BATCHES["mapped"], False),
    ],
)
def test_plain_arrays_run_by_themselves_through_any_stage(pipeline: Any, native: bool, monkeypatch: Any) -> None:
    ran = []

    def told(*arguments: Any) -> Any:
        ran.append(True)
        return sprint(*arguments)

    sprint = loop.sprint
    monkeypatch.setattr(loop, "sprint", told)
    trained, expected = model(), model()
    trained.fit(pipeline(), epochs=2, verbose=0)
    assert bool(ran) == native
    expected.fit(pipeline().map(identity), epochs=2, verbose=0)
    assert same(weights(trained), weights(expected))


class Ended(Exception):  # noqa: N818  it is no error
    """The end of a process."""


class StopsAt(callbacks.Callback):
    """Ends the training in the middle of an epoch."""

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.left = batch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if not self.left:
            raise Ended


@JIT
@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("steps", [1, 7, 10])
def test_a_training_that_was_cut_short_goes_on_with_the_batches_that_were_left(
    name: str, steps: int, jit: bool
) -> None:
    """Five steps an epoch: a cut after 1, in the second epoch, and at the end of it."""
    whole = model(jit)
    whole.fit(BATCHES[name](), epochs=3, verbose=0)
    cut, pipeline = model(jit), BATCHES[name]()
    with pytest.raises(Ended):
        cut.fit(pipeline, epochs=3, verbose=0, callbacks=[StopsAt(steps)])
    state = json.loads(json.dumps(pipeline.state()))
    assert (state["epoch"], state["step"]) == divmod(steps, 5)
    fresh = BATCHES[name]()
    fresh.restore(state)
    cut.fit(fresh, initial_epoch=state["epoch"], epochs=3, verbose=0)
    assert same(weights(cut), weights(whole))
    assert fresh.state()["epoch"] == 3


@JIT
@pytest.mark.parametrize("name", BATCHES)
def test_a_new_pipeline_begins_at_the_first_epoch_of_the_fit(name: str, jit: bool) -> None:
    """As in a script that loads a checkpoint: it makes its pipeline anew, and says how many epochs are done."""
    whole = model(jit)
    whole.fit(BATCHES[name](), epochs=3, verbose=0)
    parted, second = model(jit), BATCHES[name]()
    parted.fit(BATCHES[name](), epochs=2, verbose=0)
    parted.fit(second, initial_epoch=2, epochs=3, verbose=0)
    assert same(weights(parted), weights(whole))
    assert second.state()["epoch"] == 3


def augmented() -> Any:
    rows = ArrayDataset(X, Y).shuffle(1).batch(16)
    return rows.map(lambda x, y, rng: (x + rng.normal(size=x.shape).astype(np.float32), y), seed=3).prefetch(4, 2)


def with_dropout() -> Any:
    pente.set_seed(7)
    made = Sequential([layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(2, "softmax")])
    made.compile("adam", "sparse_categorical_crossentropy")
    return made


class SavesAt(StopsAt):
    """Saves the model and the place in its data, as a checkpoint does, and ends the training."""

    def __init__(self, batch: int, pipeline: Any, home: Path) -> None:
        super().__init__(batch)
        self.pipeline, self.home = pipeline, home

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.left == 1:
            self.model.save(self.home / "m.pente")
            (self.home / "place.json").write_text(json.dumps(self.pipeline.state()))
        super().on_train_batch_end(batch, logs)


def test_a_model_and_its_place_in_the_data_go_on_from_files_bit_for_bit(tmp_path: Path) -> None:
    """In the middle of an epoch, with dropout, random augmentation, and batches made ahead in threads."""
    whole = with_dropout()
    whole.fit(augmented(), epochs=3, verbose=0)
    pipeline = augmented()
    with pytest.raises(Ended):
        with_dropout().fit(pipeline, epochs=3, verbose=0, callbacks=[SavesAt(8, pipeline, tmp_path)])
    pente.set_seed(7)  # as the script that is run again does
    again, place = pente.load_model(tmp_path / "m.pente"), json.loads((tmp_path / "place.json").read_text())
    pipeline = augmented()
    pipeline.restore(place)
    again.fit(pipeline, initial_epoch=place["epoch"], epochs=3, verbose=0)
    assert same(weights(again), weights(whole))


def test_steps_that_run_by_themselves_leave_the_cursor_where_they_stopped() -> None:
    pipeline = BATCHES["plain"]()
    trained = model()
    trained.fit(pipeline, epochs=2, verbose=0)
    assert (pipeline.state()["epoch"], pipeline.state()["step"]) == (2, 0)
    trained.fit(pipeline, epochs=1, steps_per_epoch=3, verbose=0)
    assert (pipeline.state()["epoch"], pipeline.state()["step"]) == (3, 0)
    assert len(list(pipeline)) == 5


def test_a_split_of_rows_is_a_split_of_their_arrays() -> None:
    rows, arrays = model(), model()
    rows.fit(ArrayDataset(X, Y), validation_split=0.3, epochs=2, verbose=0)
    arrays.fit(X, Y, validation_split=0.3, epochs=2, verbose=0)
    assert same(weights(rows), weights(arrays))
    for ordered in (ArrayDataset(X, Y).shuffle(0), ArrayDataset(X, Y).batch(9)):
        with pytest.raises(UsageError, match="validation_split needs arrays"):
            model().fit(ordered, validation_split=0.3, verbose=0)


def test_classes_are_weighted_in_the_order_of_the_pipeline() -> None:
    plain, given = model(), model()
    weight = {0: 1.0, 1: 3.0}
    given.fit(BATCHES["plain"](), class_weight=weight, epochs=2, verbose=0)
    plain.fit(ArrayDataset(X, Y, np.float32([1, 3])[Y]).shuffle(5).batch(16), epochs=2, verbose=0)
    assert same(weights(given), weights(plain))


def test_evaluation_does_not_move_the_cursor() -> None:
    pipeline = BATCHES["mapped"]()
    trained = model()
    trained.fit(pipeline, validation_data=pipeline, epochs=2, verbose=0)
    trained.evaluate(pipeline, verbose=0)
    assert pipeline.state()["epoch"] == 2


@JIT
@pytest.mark.parametrize(
    "given",
    [
        lambda: (ArrayDataset(X, Y),),
        lambda: (ArrayDataset(X, Y).batch(16),),
        lambda: (BATCHES["mapped"](),),
        lambda: (DataLoader((X, Y), 9, num_workers=2),),
        lambda: (IterableDataset(generator),),
        lambda: (generator(),),
        lambda: (generator,),
    ],
)
def test_evaluate_takes_the_whole(given: Any, jit: bool) -> None:
    trained = model(jit)
    expected = trained.evaluate(X, Y, verbose=0)
    assert trained.evaluate(*given(), verbose=0) == pytest.approx(expected, rel=1e-6)


@JIT
@pytest.mark.parametrize(
    "given",
    [
        lambda: ArrayDataset(X),
        lambda: ArrayDataset(X, Y).batch(16),
        lambda: ArrayDataset(X).batch(16).map(lambda x: x).prefetch(3, num_workers=3),
        lambda: DataLoader(X, 9, num_workers=2),
        lambda: IterableDataset(lambda: (X[i : i + 9] for i in range(0, 70, 9))),
        lambda: MapDataset(list(X)),
    ],
)
def test_predictions_come_in_the_order_of_the_rows(given: Any, jit: bool) -> None:
    trained = model(jit)
    np.testing.assert_allclose(trained.predict(given(), verbose=0), trained.predict(X, verbose=0), rtol=1e-5)


def test_shuffled_rows_are_not_predicted_for() -> None:
    for shuffled in (
        ArrayDataset(X).shuffle(0),
        ArrayDataset(X).shuffle(0).batch(9).prefetch(),
        DataLoader(X, 9, True),
    ):
        with pytest.raises(UsageError, match="which row a prediction is for"):
            model().predict(shuffled)


def test_rows_are_shuffled_by_fit_as_arrays_are() -> None:
    arrays, rows, own = model(), model(), model()
    arrays.fit(X, Y, epochs=2, verbose=0)
    rows.fit(ArrayDataset(X, Y), epochs=2, verbose=0)
    own.fit(ArrayDataset(X, Y).shuffle(5), batch_size=16, epochs=2, verbose=0)
    assert same(weights(arrays), weights(rows))
    expected = model()
    expected.fit(BATCHES["plain"](), epochs=2, verbose=0)
    assert same(weights(own), weights(expected))


@JIT
def test_a_file_trains_as_the_array_does(tmp_path: Path, jit: bool) -> None:
    np.save(tmp_path / "x.npy", X)
    for share in (0.0, 0.2):
        mapped, array = model(jit), model(jit)
        mapped.fit(np.load(tmp_path / "x.npy", mmap_mode="r"), Y, epochs=2, validation_split=share, verbose=0)
        array.fit(X, Y, epochs=2, validation_split=share, verbose=0)
        assert same(weights(mapped), weights(array))


def test_the_parts_of_a_file_are_read_no_sooner_than_its_batches(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    source = source_of(np.load(tmp_path / "x.npy", mmap_mode="r"), Y)
    assert all(is_mapped(part.data.x) for part in split_off(source, 0.2))


@JIT
def test_windows_train_as_their_copies_do(jit: bool) -> None:
    def trained(x: Any, y: Any) -> Any:
        pente.set_seed(2)
        made = Sequential([layers.Flatten(), layers.Dense(1)])
        made.compile("sgd", "mse", jit=jit)
        made.fit(x, y, epochs=2, batch_size=16, verbose=0)
        return weights(made)

    x, y = time_series_windows(np.sin(np.arange(100, dtype=np.float32) / 5), 12)
    assert same(trained(x, y), trained(np.ascontiguousarray(x), np.ascontiguousarray(y)))


def test_a_pair_of_windows_is_taken_as_it_is() -> None:
    made = Sequential([layers.Embedding(5, 4), layers.Dense(5, "softmax")])
    made.compile("adam", "sparse_categorical_crossentropy")
    history = made.fit(text_windows(np.arange(200) % 5, 8), epochs=30, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


WITH_GAP = X.copy()
WITH_GAP[37, 2] = np.nan


def test_a_gap_is_told_with_its_place(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", WITH_GAP)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    with pytest.raises(DataError, match="x holds NaN: first in row 37, in column 2"):
        model().fit(ArrayDataset(WITH_GAP, Y).batch(10), verbose=0)
    for given in ((ArrayDataset(WITH_GAP, Y).batch(10).map(identity),), (mapped, Y, 10)):
        with pytest.raises(DataError, match="x holds NaN in batch 4 of epoch 1: first in row 7, in column 2"):
            model().fit(*given, shuffle=False, verbose=0)
    for given in (WITH_GAP, mapped, ArrayDataset(WITH_GAP).batch(9), ArrayDataset(WITH_GAP).batch(9).map(np.copy)):
        assert np.isnan(model().predict(given, verbose=0)).any(axis=1).nonzero()[0].tolist() == [37]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: model().fit(ArrayDataset(X, Y).batch(9), Y), "brings y and sample_weight itself"),
        (lambda: model().fit(ArrayDataset(X, Y).batch(9), batch_size=9), "has its batches: leave batch_size= out"),
        (lambda: model().fit(ArrayDataset(X, Y).batch(9).map(identity), validation_split=0.1), "needs arrays"),
        (lambda: model().fit(ArrayDataset(X, Y).batch(9).map(lambda x, y: (x, y, y, y))), "this one gave 4 things"),
        (lambda: model().fit(3), "x is an array, a table"),
        (lambda: model().fit("data.csv", Y), r"x is the path 'data.csv'. Read it first.*read_table"),
        (lambda: model().fit(pl.DataFrame(X).lazy(), Y), r"lazy frame.*x\.collect\(\)"),
        (lambda: model().fit([(X, Y), (X, Y)]), r"samples write pente\.data\.DataLoader\(x, 32\)"),
        (lambda: model().fit(ArrayDataset(X, Y).batch(9).map(lambda x, y: None)), "a batch is None"),
    ],
)
def test_what_does_not_fit_together_is_told(wrong: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        wrong()


def test_the_threads_of_a_training_end_with_it() -> None:
    import threading

    before = threading.active_count()
    with pytest.raises(Ended):
        model().fit(BATCHES["prefetched"](), epochs=3, verbose=0, callbacks=[StopsAt(3)])
    model().evaluate(BATCHES["prefetched"](), steps=2, verbose=0)
    assert threading.active_count() == before


def test_windows_of_a_series_say_how_to_get_stages() -> None:
    windows = time_series_windows(np.arange(30.0), 5)
    with pytest.raises(AttributeError, match=r"For stages write ArrayDataset\(\*dataset\)\.batch"):
        windows.batch(8)
    with pytest.raises(AttributeError, match=r"no attribute 'flubber'\.$"):
        windows.flubber  # noqa: B018
