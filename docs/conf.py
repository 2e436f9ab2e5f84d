"""How Sphinx builds these documents: Markdown in, warnings are errors (see scripts/docs)."""

import tomllib
from pathlib import Path

project = "Pente"
author = "The Pente maintainers"
copyright = "2026, The Pente maintainers"
release = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text("utf-8"))["project"]["version"]

extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"Pente {release}"
