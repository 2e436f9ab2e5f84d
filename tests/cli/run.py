"""The command ``pente`` as a user runs it: in a process of its own."""

import os
import subprocess
import sys

PENTE = [sys.executable, "-W", "error", "-m", "pente"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PENTE, *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        env=clean_environment() | environment,
    )


def clean_environment() -> dict[str, str]:
    """Without what would change how a terminal is drawn; the output is read as UTF-8 on every system."""
    changing = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    return {name: value for name, value in os.environ.items() if name not in changing} | {"PYTHONIOENCODING": "utf-8"}
