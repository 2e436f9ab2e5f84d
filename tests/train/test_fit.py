"""The loop: what fit, evaluate and predict take, give and leave behind."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente import Input, Sequential, layers
from pente.errors import TraceError

RNG = np.random.default_rng(4)
X = RNG.normal(size=(50, 4)).astype(np.float32)
Y = (X.sum(1) > 0).astype(np.int64)


def classifier(**compiled: Any) -> Any:
    model = Sequential([layers.Dense(8, "relu"), layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"], **compiled)
    return model


def same(first: Any, second: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


class Frame:
    """A table as pandas and polars have it."""

    def __init__(self, array: Any) -> None:
        self.array = array
        self.columns = [f"c{i}" for i in range(array.shape[1])]

    def __getitem__(self, name: str) -> Any:
        return _Column(self.array[:, self.columns.index(name)])

    def to_numpy(self) -> Any:
        return self.array


class _Column:
    def __init__(self, array: Any) -> None:
        self.array = array

    def to_numpy(self) -> Any:
        return self.array


class Samples:
    """A map-style data set."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return X[index], Y[index]


class Walked:
    """An iterable of batches that begins again."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        for start in range(0, 50, 32):
            yield X[start : start + 32], Y[start : start + 32]


class Lists:
    """Batches as PyTorch's loader gives them: lists of its tensors."""

    def __iter__(self) -> Iterator[list[torch.Tensor]]:
        for x, y in Walked():
            yield [torch.from_numpy(x), torch.from_numpy(y)]


def generator() -> Iterator[tuple[Any, Any]]:
    while True:
        yield from Walked()


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ((X, Y), {}),
        ((pente.tensor(X), pente.tensor(Y)), {}),
        ((X.tolist(), Y.tolist()), {}),
        ((X, Y[:, None]), {}),
        ((Frame(X), _Column(Y)), {}),
        ((Frame(X.astype(object)), Y.astype(object)), {}),
        ((Samples(),), {}),
        ((Walked(),), {}),
        ((Lists(),), {}),
        ((generator(),), {"steps_per_epoch": 2}),
    ],
    ids=[
        "arrays",
        "tensors",
        "lists",
        "columns",
        "a table",
        "objects",
        "samples",
        "batches",
        "lists of tensors",
        "a generator",
    ],
)
def test_the_same_data_in_any_form_trains_the_same(given: Any, more: Any) -> None:
    expected, model = classifier(), classifier()
    expected.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    model.fit(*given, epochs=2, shuffle=False, verbose=0, **more)
    assert same(expected.get_weights(), model.get_weights())


def test_a_data_set_of_pente_is_taken_as_it_is() -> None:
    model = Sequential([layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    assert model.fit(pente.data.make_moons(40), verbose=0).epoch == [0]


def test_the_seed_decides_weights_order_and_dropout() -> None:
    def run(seed: int) -> Any:
        pente.set_seed(seed)
        model = Sequential([layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(2, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        losses = model.fit(X, Y, epochs=3, batch_size=7, verbose=0).history["loss"]
        return [*model.get_weights(), losses]

    first, again, other = run(1), run(1), run(2)
    pente.set_seed(0)
    assert same(first, again)
    assert not same(first, other)


def test_two_fits_of_one_epoch_are_one_fit_of_two() -> None:
    one, two = classifier(), classifier()
    one.fit(X, Y, epochs=2, verbose=0)
    for _ in range(2):
        two.fit(X, Y, epochs=1, verbose=0)
    assert same(one.get_weights(), two.get_weights())


def test_shuffling_shows_each_row_once_in_another_order_each_epoch() -> None:
    seen: list[Any] = []

    class Seen(layers.Layer):
        def call(self, x: Any, training: bool = False) -> Any:
            if training:
                seen.append(x.numpy()[:, 0].copy())
            return x

    rows = np.arange(20, dtype=np.float32)[:, None]
    model = Sequential([Seen(), layers.Dense(1)])
    model.compile("sgd", "mse", jit=False)
    model.fit(rows, rows, epochs=2, batch_size=8, verbose=0)
    first, second = np.concatenate(seen[-6:-3]), np.concatenate(seen[-3:])
    np.testing.assert_array_equal(np.sort(first), rows[:, 0])
    np.testing.assert_array_equal(np.sort(second), rows[:, 0])
    assert not np.array_equal(first, second)
    assert [len(batch) for batch in seen[-3:]] == [8, 8, 4]


def test_an_epoch_may_be_shorter_than_the_data() -> None:
    model = classifier()
    model.fit(X, Y, batch_size=10, epochs=2, steps_per_epoch=3, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 6


def test_a_model_that_looks_at_values_is_told_to_run_eagerly() -> None:
    class Looks(layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 2.0 if float(x.sum()) > 0 else x

    model = Sequential([Looks(), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(TraceError) as caught:
        model.fit(X, X[:, 0], verbose=0)
    assert "jit=False" in "".join(caught.value.__notes__)
    model.compile("sgd", "mse", jit=False)
    assert model.fit(X, X[:, 0], verbose=0).epoch == [0]


def test_a_split_holds_the_last_rows_back() -> None:
    split, whole = classifier(), classifier()
    history = split.fit(X, Y, validation_split=0.2, verbose=0).history
    other = whole.fit(X[:40], Y[:40], validation_data=(X[40:], Y[40:]), verbose=0).history
    assert history == other
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert whole.evaluate(X[40:], Y[40:], return_dict=True) == {k: other[f"val_{k}"][0] for k in ("loss", "accuracy")}


def test_training_learns() -> None:
    model = classifier()
    model.optimizer.learning_rate = 0.01
    model.fit(X, Y, epochs=100, verbose=0)
    assert model.evaluate(X, Y)[1] > 0.95


def test_the_history_tells_the_epochs() -> None:
    model = classifier()
    history = model.fit(X, Y, epochs=5, initial_epoch=2, verbose=0)
    assert history.epoch == [2, 3, 4]
    assert len(history.history["loss"]) == 3
    assert model.history is history


def test_evaluate_gives_a_number_a_list_or_a_dict() -> None:
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    assert isinstance(model.evaluate(X, X[:, 0]), float)
    model.compile("sgd", "mse", ["mae"])
    assert len(model.evaluate(X, X[:, 0])) == 2
    assert list(model.evaluate(X, X[:, 0], return_dict=True)) == model.metrics_names == ["loss", "mae"]


def test_targets_of_one_number_a_row_fit_a_head_of_one_unit() -> None:
    model = Sequential([layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    assert model.evaluate(X, X.sum(1)) < 1e-10  # and not the mean over all pairs of rows


@pytest.mark.parametrize("rows", [0, 1, 31, 32, 33, 50])
def test_predict_gives_a_row_for_each_row(rows: int) -> None:
    model = classifier()
    model.build((None, 4))
    out = model.predict(X[:rows])
    assert out.shape == (rows, 2)
    if rows:
        np.testing.assert_allclose(out, model(X[:rows]).numpy(), rtol=1e-6)


def test_single_batches_train_test_and_predict() -> None:
    model, whole = classifier(), classifier()
    told = model.train_on_batch(X, Y, return_dict=True)
    history = whole.fit(X, Y, batch_size=50, shuffle=False, verbose=0).history
    assert told == {name: values[0] for name, values in history.items()}
    model.reset_metrics()
    assert model.test_on_batch(X, Y) == whole.evaluate(X, Y, batch_size=50)
    np.testing.assert_array_equal(model.predict_on_batch(X), whole.predict(X, batch_size=50))


def test_callbacks_are_called_in_order_with_numbers() -> None:
    calls: list[Any] = []

    class Told(pente.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            calls.append(("begin", self.params["epochs"], self.params["steps"]))

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            calls.append(("epoch", epoch))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            calls.append(("batch", batch, type(logs["loss"])))

        def on_test_end(self, logs: Any = None) -> None:
            calls.append(("tested", sorted(logs)))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            calls.append(("epoch done", sorted(logs)))
            self.model.stop_training = True

        def on_train_end(self, logs: Any = None) -> None:
            calls.append(("end", sorted(logs)))

    numbers = ["accuracy", "loss", "val_accuracy", "val_loss"]
    classifier().fit(X, Y, epochs=9, validation_split=0.2, callbacks=[Told()], verbose=0)
    assert calls == [
        ("begin", 9, 2),
        ("epoch", 0),
        ("batch", 0, float),
        ("batch", 1, float),
        ("tested", ["accuracy", "loss"]),
        ("epoch done", numbers),
        ("end", numbers),
    ]


@pytest.fixture
def listening() -> Iterator[None]:
    """Python listens to Ctrl-C, also where the tests run in the background and it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("listening")
def test_an_interrupt_waits_for_the_end_of_the_step() -> None:
    ended: list[str] = []

    class Pressed(layers.Layer):
        """Ctrl-C in the middle of the third step."""

        steps = 0

        def call(self, x: Any, training: bool = False) -> Any:
            self.steps += training
            if self.steps == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return x

    model = Sequential([Pressed(), layers.Dense(1)])
    model.compile(pente.optimizers.Adam(), "mse", jit=False)
    told = pente.callbacks.LambdaCallback(on_train_end=lambda logs: ended.append("end"))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, X[:, 0], epochs=9, batch_size=5, callbacks=[told], verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 3
    assert ended == ["end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_loss_added_by_a_layer_is_trained() -> None:
    class Small(layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss((x * x).mean())
            return x

    model = Sequential([Input((4,)), layers.Dense(3), Small()])
    model.compile(pente.optimizers.SGD(0.1))
    losses = model.fit(X, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_metrics_are_not_weighted_and_weighted_metrics_are() -> None:
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", ["mae"], weighted_metrics=[pente.metrics.MeanAbsoluteError(name="weighted")])
    shares = RNG.uniform(size=50).astype(np.float32)
    told = model.evaluate(X, X[:, 0], sample_weight=shares, return_dict=True)
    errors = abs(model.predict(X)[:, 0] - X[:, 0])
    np.testing.assert_allclose(told["mae"], errors.mean(), rtol=1e-5)
    np.testing.assert_allclose(told["weighted"], (errors * shares).sum() / shares.sum(), rtol=1e-5)
    np.testing.assert_allclose(told["loss"], (errors**2 * shares).mean(), rtol=1e-5)


def test_fits_do_not_grow() -> None:
    import gc
    import tracemalloc

    model = classifier()
    model.fit(X, Y, verbose=0)
    tracemalloc.start()
    for _ in range(3):
        model.fit(X, Y, verbose=0)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(30):
        model.fit(X, Y, verbose=0)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 30_000


def test_a_model_that_is_compiled_anew_runs_nothing_of_before() -> None:
    model = Sequential([Input((4,)), layers.Dense(1)])
    y = RNG.normal(size=(len(X), 1)).astype(np.float32)
    predicted = model.predict(X, verbose=0)
    for i in range(60):
        loss = ("mse", "mae", "huber")[i % 3]
        model.compile("sgd", loss)
        found = model.evaluate(X, y, batch_size=50, verbose=0)
        assert found == pytest.approx(float(pente.losses.get(loss)(y, predicted)), abs=1e-5)
    assert [len(jitted.programs) for jitted in vars(model)["programs"].values()] == [1]
