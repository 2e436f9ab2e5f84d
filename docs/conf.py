"""How Sphinx builds these documents: Markdown in, warnings are errors (see scripts/docs)."""

import re
import tomllib
from pathlib import Path
from typing import Any

project = "Pente"
author = "The Pente maintainers"
copyright = "2026, The Pente maintainers"
release = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text("utf-8"))["project"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"Pente {release}"


def with_mathematics(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Let | and * in a docstring be mathematics: of Sphinx's markup only ``code`` is used there."""
    example = False
    for i, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>> "))
        if not example:
            lines[i] = re.sub(r"(``.*?``)|([|*])", lambda found: found[1] or "\\" + found[2], line)


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", with_mathematics)
