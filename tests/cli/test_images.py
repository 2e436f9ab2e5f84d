"""``pente train`` and ``pente predict`` take a folder of images as they take a table."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from pente.cli import main
from tests.images.test_fit_images import draw


def test_a_folder_is_learned_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "bars")
    assert main(["train", "bars", "--epochs", "15"]) == 0
    told = capsys.readouterr().out
    for line in (
        r"^Images   60: 36 to learn from, 9 to know when to stop, 15 held out$",
        r"^Classes  2: bar 0 \(30\), bar 1 \(30\)$",
        r"^Size     12 by 10 pixels, grey$",
        r"^ Pente +\d+\.\d% ",
        r"^ scikit-learn, \w+ +\d+\.\d% ",
        r"^Next     pente predict bars.pente bars$",
    ):
        assert re.search(line, told, re.MULTILINE), line
    assert main(["predict", "bars.pente", "bars"]) == 0
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert list(rows[0]) == ["file", "class", "probability of bar 0", "probability of bar 1"]
    right = sum(f"/{row['class']}/" in row["file"] for row in rows)
    assert f"60 images with a known 'class': accuracy {right / 60:.1%}" in printed.err
    assert main(["predict", "bars.pente", "bars", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["predictions"][0]["file"] == rows[0]["file"]


def test_json_tells_the_same_of_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, place = draw(tmp_path / "bars"), tmp_path / "m.pente"
    assert main(["train", str(folder), "--epochs", "2", "--no-compare", "--json", "--save", str(place)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["class_names"] == ["bar 0", "bar 1"]
    assert facts["images"] == {"learned": 36, "watched": 9, "held_out": 15}
    assert (facts["image_size"], facts["channels"], facts["scikit_learn"]) == ([12, 10], 1, None)


def test_mistakes_with_folders_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = draw(tmp_path / "bars")
    assert main(["train", str(folder), "--target", "x"]) == 2
    assert "its classes are its sub-folders, so it takes no --target" in capsys.readouterr().err
    assert main(["train", str(folder), "--task", "regression"]) == 2
    assert "takes no --target, --task" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["train", str(tmp_path / "empty")]) == 1
    assert "has no sub-folders: expected one for each class" in capsys.readouterr().err
