"""``pente predict`` says of each row what a saved model expects, and refuses what does not fit it."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

import pente
from pente.cli import main
from pente.tables import predict_table
from tests.cli.run import clean_environment, run
from tests.cli.tables import customers, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of each task, and new rows without the column to predict."""
    folder = tmp_path_factory.mktemp("models")
    train = ["train", str(customers(folder)), "--target", "buys", "--epochs", "30", "--no-compare", "--json"]
    assert main([*train, "--save", str(folder / "m.pente")]) == 0
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    write(folder / "line.csv", ["x", "y"], zip(x.tolist(), (7000 * x + 100).tolist(), strict=True))
    train = ["train", str(folder / "line.csv"), "--target", "y", "--no-compare", "--json"]
    assert main([*train, "--save", str(folder / "line.pente")]) == 0
    new = [["no", "41", "2021-05-05", "Oslo"], ["yes", "20", "2020-02-01", "Bergen"], ["no", "", "2020-02-01", "Rome"]]
    write(folder / "new.csv", ["member", "age", "since", "city"], new)
    return folder


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    capsys.readouterr()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_each_row_gets_a_class_as_it_is_written_in_the_data_and_probabilities(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["predict", "m.pente", "new.csv"]) == 0
    printed = capsys.readouterr()
    predicted = rows(printed.out)
    assert [row["buys"] for row in predicted[:2]] == ["buys", "leaves"]
    for row in predicted:
        buys, leaves = float(row["probability of buys"]), float(row["probability of leaves"])
        assert buys + leaves == pytest.approx(1, abs=2e-6)
        assert row["buys"] == ("buys" if buys > leaves else "leaves")
    assert printed.err.splitlines() == [
        "pente: note: column 'city', line 4: 'Rome' (this row alone); not seen in training: it counts as unknown"
    ]


def test_known_values_give_a_score_beside_the_predictions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "m.pente", "customers0.csv"]) == 0
    printed = capsys.readouterr()
    with open("customers0.csv", encoding="utf-8") as file:
        known = [row["buys"] for row in csv.DictReader(file)]
    accuracy = accuracy_score(known, [row["buys"] for row in rows(printed.out)])
    assert f"400 rows with a known 'buys': accuracy {accuracy:.1%}, AUC 0.9" in printed.err


def test_numbers_are_predicted_in_their_own_units(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "line.pente", "line.csv"]) == 0
    printed = capsys.readouterr()
    with open("line.csv", encoding="utf-8") as file:
        known = [float(row["y"]) for row in csv.DictReader(file)]
    predicted = rows(printed.out)
    assert list(predicted[0]) == ["y"]
    r2 = r2_score(known, [float(row["y"]) for row in predicted])
    assert r2 > 0.98
    assert f"R² {r2:.4f}" in printed.err


def test_json_is_one_document_with_the_same_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "m.pente", "customers0.csv", "--json"]) == 0
    printed = capsys.readouterr()
    facts = json.loads(printed.out)
    assert printed.err == ""
    assert facts["target"] == "buys"
    assert len(facts["predictions"]) == facts["scored"] == 400
    assert facts["scores"]["accuracy"] > 0.85
    assert sum(facts["predictions"][0]["probabilities"].values()) == pytest.approx(1)
    assert main(["predict", "line.pente", "line.csv", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out)["predictions"][0]["prediction"], float)


def test_predictions_go_to_a_file_that_is_written_whole(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["predict", "m.pente", "new.csv"]) == 0
    expected = capsys.readouterr().out
    assert main(["predict", "m.pente", "new.csv", "--output", str(tmp_path / "out.csv")]) == 0
    assert (tmp_path / "out.csv").read_text() == expected
    assert f"3 predictions are in {tmp_path / 'out.csv'}" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_the_command_and_the_function_predict_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "m.pente", "new.csv", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["predictions"]
    predicted = predict_table(pente.load_model("m.pente"), "new.csv")
    assert [row["prediction"] for row in told] == predicted.values.tolist()
    assert [row["probabilities"]["buys"] for row in told] == pytest.approx(predicted.probabilities["buys"].tolist())


def test_rows_whose_value_training_never_saw_are_not_scored(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = customers(tmp_path, rows=30, seed=3, buys=["buys"] * 10 + ["leaves"] * 10 + ["?"] * 5 + ["returns"] * 5)
    assert main(["predict", "m.pente", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (len(facts["predictions"]), facts["scored"]) == (30, 20)
    assert "column 'buys': 10 of the rows have no value that training had, and are not scored" in facts["notes"]


MISTAKES = {
    "no model there": (["none.pente", "new.csv"], "there is no file none.pente"),
    "no data there": (["m.pente", "none.csv"], "there is no file none.csv"),
    "the two exchanged": (["new.csv", "m.pente"], "new.csv"),
    "damaged": (["damaged.pente", "new.csv"], "damaged.pente"),
    "of something else": (["arrays.pente", "new.csv"], "this model did not learn from a table"),
    "columns that lack": (["m.pente", "line.csv"], "there is no column in line.csv named"),
    "text for numbers": (["m.pente", "text.csv"], "column 'age' is to hold numbers, and holds none: 'old' in line 2"),
    "nothing in it": (["m.pente", "empty.csv"], "empty.csv is empty"),
    "nowhere to write": (["m.pente", "new.csv", "--output", "no/out.csv"], "there is no folder no"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_line_and_exit_code_1(
    mistake: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = (folder / "m.pente").read_bytes()
    (folder / "damaged.pente").write_bytes(model[: len(model) // 2])
    write(folder / "text.csv", ["member", "age", "since", "city"], [["no", "old", "2021-05-05", "Oslo"]])
    (folder / "empty.csv").write_text("")
    other = pente.Sequential([pente.layers.Input((2,)), pente.layers.Dense(1)])
    other.save(folder / "arrays.pente")
    arguments, told = MISTAKES[mistake]
    assert main(["predict", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("pente: ")
    assert printed.err.count("\n") == 1
    assert told in printed.err


@pytest.mark.parametrize("arguments", [["predict"], ["predict", "m.pente"], ["predict", "m.pente", "new.csv", "more"]])
def test_wrong_usage_gets_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_reader_that_has_read_enough_ends_it_without_a_word() -> None:
    command = f"{sys.executable} -m pente predict m.pente customers0.csv | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120, env=clean_environment())
    assert done.stdout == "buys,probability of buys,probability of leaves\n"
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_in_a_process_of_its_own() -> None:
    done = run("predict", "m.pente", "new.csv")
    assert done.returncode == 0
    assert len(rows(done.stdout)) == 3
