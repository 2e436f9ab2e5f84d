"""Every example runs alone and ends in a picture that a browser can read."""

import inspect
import re
import runpy
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.house.source import ROOT

FOLDER = ROOT / "examples"
EXAMPLES = sorted(FOLDER.glob("[0-9]*.py"))
SVG = "{http://www.w3.org/2000/svg}"
SHORT = {"steps": 2, "epochs": 2, "seeds": 2, "sentences": 200, "lines": 5}  # what the arguments of a main are in short

# What an example must find: the line that it prints, with a # for the number, and the bounds of it.
FIGURES = {
    "05_xor_and_sine.py": {"not seen: #% right": (94, 100), "distance to the sine itself: #": (0, 0.01)},
    "07_convolution.py": {"median of 5 seeds: accuracy #%": (98.5, 100)},
    "08_autoencoder.py": {"scans it has not seen: #": (0, 0.035), "plane through the training scans: #": (0.05, 0.06)},
    "09_two_in_two_out.py": {"larger one is found in #%": (97, 100), "sum is right in #%": (90, 100)},
    "10_gru.py": {"rows that it has not seen: #,": (0, 0.01)},
    "11_gpt.py": {"temperature 0.5: #% are sentences": (95, 100), "temperature 1.0: #% are sentences": (80, 100)},
    "12_table.py": {"Pente: AUC #": (0.99, 1)},
}


@pytest.fixture(autouse=True)
def _beside_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def run(name: str, folder: Path, short: bool = False) -> None:
    """Run an example's main, in short or as it stands."""
    main = runpy.run_path(str(FOLDER / name))["main"]
    main(folder, **{key: SHORT[key] for key in inspect.signature(main).parameters if short and key in SHORT})


def pictures(printed: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in printed.splitlines() if line.startswith("picture: ")]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_in_short_form_makes_its_pictures(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(path.name, tmp_path, short=True)
    made = pictures(capsys.readouterr().out)
    assert made
    for name in made:
        assert ElementTree.parse(tmp_path / name).getroot().tag == f"{SVG}svg"


def test_the_examples_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:2]) for path in EXAMPLES] == list(range(1, len(EXAMPLES) + 1))


def test_the_picture_of_the_first_example_is_the_one_in_the_documents(tmp_path: Path) -> None:
    run("01_chain_rule.py", tmp_path)
    name = "seed-graph.svg"
    assert (tmp_path / name).read_text("utf-8") == (ROOT / "docs" / "pictures" / name).read_text("utf-8")


def test_the_line_of_the_fourth_example_is_that_of_least_squares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("04_tensors.py", tmp_path)
    printed = capsys.readouterr().out.splitlines()
    fitted = next(line for line in reversed(printed) if line.startswith("step")).split("y = ")[1]
    by_numpy = next(line for line in printed if line.startswith("least squares")).split("y = ")[1]
    assert fitted == by_numpy


def test_the_sixth_example_reads_digits_it_has_not_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("06_digits.py", tmp_path)
    line = next(line for line in capsys.readouterr().out.splitlines() if "accuracy " in line and "not seen" in line)
    assert float(line.rsplit(maxsplit=1)[1].rstrip("%")) > 93


def figure(printed: str, words: str) -> float:
    """The number where ``words`` has a #."""
    found = re.search(re.escape(words).replace(r"\#", r"([\d.]+)"), printed)
    assert found is not None, printed
    return float(found[1])


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_as_a_script_of_its_own_and_reaches_its_figures(path: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert all((tmp_path / name).exists() for name in pictures(done.stdout))
    for words, (low, high) in FIGURES.get(path.name, {}).items():
        assert low <= figure(done.stdout, words) <= high, words


def test_figures_are_asked_of_examples_that_exist() -> None:
    assert set(FIGURES) <= {path.name for path in EXAMPLES}
