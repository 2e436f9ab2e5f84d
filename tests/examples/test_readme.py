"""The README states no figure that was not measured."""

import re

from tests.house.source import ROOT

FIGURE = re.compile(r"\d[\d.,]* (?:bytes|ms|µs|ns|s)\b")


def test_every_figure_of_the_readme_stands_in_the_benchmarks() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    measured = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    stated = FIGURE.findall(readme.split("## Measured")[1].split("\n## ")[0])
    assert len(stated) > 10
    cells = [cell.strip().split(" ±")[0] for cell in measured.split("|")]
    assert [figure for figure in stated if figure.removesuffix(" bytes") not in cells] == []
