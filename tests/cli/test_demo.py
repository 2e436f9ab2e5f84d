"""``pente demo`` learns to read handwriting, and tells the truth about it."""

import json
import re
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pente
from pente.cli import main
from pente.cli.demo_report import NEXT
from pente.cli.digits import split_digits
from pente.data import load_digits
from tests.cli.run import run

ROOT = Path(__file__).parents[2]


def as_json(*arguments: str) -> dict[str, Any]:
    done = run("demo", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    return as_json("--epochs", "8")


@pytest.fixture(scope="module")
def told() -> str:
    done = run("demo", "--epochs", "25")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_eight_epochs_read_most_unseen_scans(facts: dict[str, Any]) -> None:
    assert facts["accuracy"] > 0.93


@pytest.mark.slow
def test_the_median_of_five_seeds_reads_97_of_100_unseen_scans_in_under_30_seconds() -> None:
    accuracies, seconds = [], []
    for seed in range(5):
        began = time.perf_counter()
        accuracies.append(as_json("--seed", str(seed))["accuracy"])
        seconds.append(time.perf_counter() - began)
    assert statistics.median(accuracies) >= 0.97
    assert max(seconds) < 30


def test_the_numbers_of_a_run_agree_with_each_other(facts: dict[str, Any]) -> None:
    assert facts["scans"] == sum(digit["scans"] for digit in facts["digits"]) == 450
    assert facts["correct"] == sum(digit["correct"] for digit in facts["digits"])
    assert facts["correct"] == facts["scans"] - len(facts["misread"])
    assert facts["accuracy"] == facts["correct"] / facts["scans"]
    assert facts["epochs"] == len(facts["history"]["loss"]) == len(facts["history"]["accuracy"]) == 8
    assert facts["seed"] == 0
    assert facts["versions"]["pente"] == pente.__version__


def test_misread_scans_are_held_out_ones_and_are_named_by_their_place_in_the_data(facts: dict[str, Any]) -> None:
    _, y = load_digits()
    _, held = split_digits()
    assert facts["misread"]
    assert [y[scan["index"]] for scan in facts["misread"]] == [scan["truth"] for scan in facts["misread"]]
    assert {scan["index"] for scan in facts["misread"]} <= set(held.row.tolist())
    assert [scan for scan in facts["misread"] if scan["truth"] == scan["read"]] == []


def test_the_seed_decides_everything(capsys: pytest.CaptureFixture[str]) -> None:
    def outcome(seed: int) -> dict[str, Any]:
        assert main(["demo", "--json", "--epochs", "1", "--seed", str(seed)]) == 0
        facts = json.loads(capsys.readouterr().out)
        return {name: facts[name] for name in ("accuracy", "misread", "history")}

    first, again, other = outcome(5), outcome(5), outcome(6)
    assert first == again
    assert first["history"] != other["history"]


def test_no_held_out_scan_was_learned_from() -> None:
    learned, held = split_digits()
    assert sorted([*learned.row, *held.row]) == list(range(1797))
    assert {scan.tobytes() for scan in learned.x}.isdisjoint(scan.tobytes() for scan in held.x)


def test_what_is_held_out_never_changes() -> None:
    _, held = split_digits()
    x, y = load_digits()
    np.testing.assert_array_equal(held.x, x[held.row])
    np.testing.assert_array_equal(held.y, y[held.row])
    assert np.bincount(held.y).tolist() == [45, 46, 44, 46, 45, 46, 45, 45, 43, 45]
    assert sorted(held.row.tolist())[:5] == [0, 2, 5, 7, 10]


def test_a_log_gets_plain_text(told: str) -> None:
    assert re.findall(r"[^\n\x20-\x7e░▒▓█─]", told) == []


def test_a_log_gets_at_most_ten_lines_of_progress_up_to_the_last_epoch(told: str) -> None:
    epochs = [int(number) for number in re.findall(r"^Epoch +(\d+)/25  loss \d", told, re.MULTILINE)]
    assert epochs == [1, 4, 7, 10, 13, 16, 19, 22, 25]


def test_the_table_has_a_line_for_each_digit(told: str) -> None:
    lines = re.findall(r"^ +(\d) +(\d+) +(\d+) +([\d.]+)% ", told, re.MULTILINE)
    assert [int(digit) for digit, *_ in lines] == list(range(10))
    assert all(abs(int(correct) / int(scans) - float(recall) / 100) < 1e-3 for _, scans, correct, recall in lines)


def test_each_misread_scan_is_drawn_with_truth_and_reading_below(told: str) -> None:
    (count,) = re.findall(r"^Misread: (\d+)$", told, re.MULTILINE)
    captions = re.findall(r"(\d) read as (\d)", told)
    assert len(captions) == min(int(count), 12)
    assert all(truth != read for truth, read in captions)


def test_the_last_number_is_the_accuracy(told: str) -> None:
    (accuracy,) = re.findall(r"^([\d.]+)% of the 450 scans held out are read correctly, after", told, re.MULTILINE)
    (misread,) = re.findall(r"^Misread: (\d+)$", told, re.MULTILINE)
    assert float(accuracy) == pytest.approx(100 * (1 - int(misread) / 450), abs=0.05)


def test_a_terminal_that_knows_only_ascii_gets_ascii() -> None:
    done = run("demo", "--epochs", "1", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert re.search(r"[.+#@]{4}", done.stdout)
    assert done.stdout.isascii()


def test_the_way_on_can_be_gone(told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told.endswith(NEXT)
    (command,) = re.findall(r"pente (demo .*)$", NEXT, re.MULTILINE)
    assert main([*command.split(), "--epochs", "1"]) == 0
    (document,) = re.findall(r"docs/\S+", NEXT)
    assert (ROOT / document).exists()
    names: dict[str, Any] = {}
    exec(NEXT[NEXT.index("from pente import") :], names)
    assert names["model"].history.history["val_accuracy"][-1] > 0.93
