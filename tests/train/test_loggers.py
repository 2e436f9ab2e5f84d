"""What is written while training: tables, lines of JSON, checkpoints; and what is measured."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pente
from pente import Input, Sequential, callbacks, layers
from pente.errors import UsageError

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = X.sum(1, keepdims=True)
EACH = pytest.mark.parametrize("jit", [True, False], ids=["compiled", "eager"])


def model(jit: bool = True) -> Any:
    made = Sequential([Input((3,)), layers.Dense(4, "relu"), layers.Dense(1)])
    made.compile("sgd", "mse", jit=jit)
    return made


def rows_of(path: Path, **how: Any) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, **how))


def test_a_csv_file_has_a_row_an_epoch(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "log.csv"
    history = model().fit(X, Y, epochs=3, validation_split=0.2, callbacks=[callbacks.CSVLogger(path)], verbose=0)
    rows = rows_of(path)
    assert list(rows[0]) == ["epoch", "loss", "val_loss"]
    assert [float(row["val_loss"]) for row in rows] == history.history["val_loss"]
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]


def test_a_csv_file_is_added_to_under_the_columns_it_has(tmp_path: Path) -> None:
    path, made = tmp_path / "log.csv", model()
    made.fit(X, Y, epochs=2, validation_split=0.2, callbacks=[callbacks.CSVLogger(path, ";")], verbose=0)
    again = callbacks.CSVLogger(path, ";", append=True)
    made.fit(X, Y, epochs=3, initial_epoch=2, callbacks=[again], verbose=0)
    rows = rows_of(path, delimiter=";")
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert rows[2]["val_loss"] == "NA"
    rate = callbacks.LearningRateScheduler(lambda epoch: 0.1)
    with pytest.raises(UsageError, match="no column for learning_rate"):
        made.fit(X, Y, callbacks=[again, rate], verbose=0)
    model().fit(X, Y, callbacks=[callbacks.CSVLogger(path)], verbose=0)
    assert len(rows_of(path)) == 1


def test_a_file_of_json_lines_has_a_line_an_epoch(tmp_path: Path) -> None:
    path, made = tmp_path / "log.jsonl", model()
    history = made.fit(X, Y, epochs=2, callbacks=[callbacks.JSONLinesLogger(path)], verbose=0)
    made.fit(X, Y, epochs=3, initial_epoch=2, callbacks=[callbacks.JSONLinesLogger(path, append=True)], verbose=0)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [0, 1, 2]
    assert [line["loss"] for line in lines[:2]] == history.history["loss"]


def test_what_is_no_number_is_null_in_json(tmp_path: Path) -> None:
    logger = callbacks.JSONLinesLogger(tmp_path / "log.jsonl")
    logger.on_train_begin()
    logger.on_epoch_end(0, {"loss": float("nan"), "mae": 1.0})
    logger.on_train_end()
    assert json.loads((tmp_path / "log.jsonl").read_text()) == {"epoch": 0, "loss": None, "mae": 1.0}


def test_each_epoch_is_in_the_file_when_it_is_over(tmp_path: Path) -> None:
    lengths: list[int] = []
    reads = callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: lengths.append(len((tmp_path / "log.csv").read_text().splitlines()))
    )
    model().fit(X, Y, epochs=3, callbacks=[callbacks.CSVLogger(tmp_path / "log.csv"), reads], verbose=0)
    assert lengths == [0, 2, 3]


@EACH
def test_a_checkpoint_is_written_after_each_epoch_under_its_numbers(jit: bool, tmp_path: Path) -> None:
    saving = callbacks.ModelCheckpoint(tmp_path / "run" / "{epoch:02d}-{val_loss:.2f}.pente")
    made = model(jit)
    history = made.fit(X, Y, epochs=2, validation_split=0.2, callbacks=[saving], verbose=0)
    names = [f"{epoch + 1:02d}-{loss:.2f}.pente" for epoch, loss in enumerate(history.history["val_loss"])]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == names
    loaded = pente.load_model(tmp_path / "run" / names[-1])
    np.testing.assert_array_equal(loaded.predict(X), made.predict(X))


class Score(callbacks.Callback):
    def __init__(self, *course: float, name: str = "score") -> None:
        self.course, self.name = course, name

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs[self.name] = self.course[epoch]


def saved_epochs(monkeypatch: pytest.MonkeyPatch, course: tuple[float, ...], name: str = "score", **how: Any) -> Any:
    """The epochs, from 1, after which a model is saved."""
    saved: list[str] = []
    made = model()
    verb, ending = ("save_weights", ".npz") if how.get("save_weights_only") else ("save", ".pente")
    monkeypatch.setattr(type(made), verb, lambda self, path, **more: saved.append(path))
    given = [Score(*course, name=name), callbacks.ModelCheckpoint(f"{{epoch}}{ending}", "score", **how)]
    made.fit(X, Y, epochs=len(course), callbacks=given, verbose=0)
    return [int(Path(path).stem) for path in saved]


def test_only_the_best_is_saved_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    course = (3.0, 1.0, 2.0, 0.5)
    assert saved_epochs(monkeypatch, course) == [1, 2, 3, 4]
    assert saved_epochs(monkeypatch, course, save_best_only=True, mode="min") == [1, 2, 4]
    assert saved_epochs(monkeypatch, course, save_best_only=True, mode="max") == [1]
    assert saved_epochs(monkeypatch, course, save_best_only=True, mode="min", initial_value_threshold=0.8) == [4]
    assert saved_epochs(monkeypatch, course, save_weights_only=True) == [1, 2, 3, 4]


def test_a_checkpoint_says_why_it_is_written_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved_epochs(monkeypatch, (float("nan"), 3.0, 1.0, 2.0), save_best_only=True, mode="min", verbose=1)
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1: score nan is no better",
        "Epoch 2: score 3 is the best: saved 2.pente",
        "Epoch 3: score 1 after 3 is the best: saved 3.pente",
        "Epoch 4: score 2 is no better than 1",
    ]


def test_a_model_whose_loss_is_nan_does_not_take_the_place_of_a_good_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nan = float("nan")
    assert saved_epochs(monkeypatch, (1.0, nan, float("inf"), 2.0), name="loss") == [1, 4]
    assert "Epoch 2: not saved, because the loss is nan" in capsys.readouterr().out


def test_a_checkpoint_after_every_so_many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[str] = []
    made = model()
    monkeypatch.setattr(type(made), "save", lambda self, path, **more: saved.append(path))
    saving = callbacks.ModelCheckpoint("{epoch}-{batch}-{loss:.3f}.pente", save_freq=3)
    made.fit(X, Y, batch_size=10, epochs=2, callbacks=[saving], verbose=0)
    assert [path.rpartition("-")[0] for path in saved] == ["1-3", "2-2"]


@EACH
def test_the_timer_knows_steps_and_samples(jit: bool) -> None:
    timer = callbacks.Timer()
    model(jit).fit(X, Y, batch_size=15, epochs=2, validation_split=0.25, callbacks=[timer], verbose=0)
    assert [(each.epoch, each.steps, each.rows) for each in timer.epochs] == [(0, 2, 30), (1, 2, 30)]
    for each in timer.epochs:
        assert 0 < each.training <= each.seconds
        assert each.rate == pytest.approx(30 / each.training)
        assert each.step == pytest.approx(each.training / 2)
    assert len(timer.table().splitlines()) == 3
    assert repr(timer) == timer.table()


def test_the_timer_counts_batches_from_elsewhere() -> None:
    timer = callbacks.Timer()
    batches = iter([(X[:7], Y[:7]), (X[7:], Y[7:])])
    model().fit(batches, steps_per_epoch=2, callbacks=[timer], verbose=0)
    assert (timer.epochs[0].steps, timer.epochs[0].rows) == (2, 40)


def test_the_history_draws_training_and_validation_in_one_picture() -> None:
    history = model().fit(X, Y, epochs=4, validation_split=0.2, validation_freq=2, verbose=0)
    lines = {line.get_label(): line.get_xydata().tolist() for line in history.plot("loss").axes.lines}
    assert lines["training"] == [[i + 1, loss] for i, loss in enumerate(history.history["loss"])]
    assert lines["validation"] == [[2, history.history["val_loss"][0]], [4, history.history["val_loss"][1]]]
    assert repr(history.plot("loss")).startswith("Plot('loss')")
    with pytest.raises(pente.errors.UnknownNameError, match="Did you mean 'loss'"):
        history.plot("los")


def test_the_history_shows_itself_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    made = model()
    made.compile("sgd", "mse", ["mae"])
    history = made.fit(X, Y, verbose=0)
    html = history._repr_html_()
    assert html is not None
    assert html.count("<svg") == 2
    assert made.fit(X, Y, epochs=0, verbose=0)._repr_html_() is None
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    assert history._repr_html_() is None


def test_a_new_fit_has_a_new_history_and_goes_on_with_the_state() -> None:
    made = model()
    first = made.fit(X, Y, epochs=2, verbose=0)
    second = made.fit(X, Y, epochs=4, initial_epoch=2, verbose=0)
    assert (first.epoch, second.epoch) == ([0, 1], [2, 3])
    assert made.history is second
    assert int(made.optimizer.iterations.numpy()) == 8
    assert {key: second.params[key] for key in ("verbose", "epochs", "steps")} == {
        "verbose": 0,
        "epochs": 4,
        "steps": 2,
    }


@EACH
def test_the_rate_follows_a_schedule_of_epochs(jit: bool) -> None:
    made = model(jit)
    history = made.fit(X, Y, epochs=3, callbacks=[callbacks.LearningRateScheduler(lambda e: 0.1 / (e + 1))], verbose=0)
    assert history.history["learning_rate"] == [0.1, 0.05, 0.033333335]


@EACH
def test_the_rate_falls_where_nothing_gets_better(jit: bool) -> None:
    made = model(jit)
    made.optimizer.learning_rate = 0.1
    falling = callbacks.ReduceLROnPlateau("score", factor=0.5, patience=2, mode="min", cooldown=1, min_lr=0.03)
    given = [falling, Score(5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0)]
    history = made.fit(X, Y, epochs=8, callbacks=given, verbose=0)
    assert history.history["learning_rate"] == [0.1, 0.1, 0.1, 0.05, 0.05, 0.03, 0.03, 0.03]
