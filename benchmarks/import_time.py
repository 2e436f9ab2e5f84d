"""How long does the import take, over that of NumPy?

Each import is a process of its own; its files have been read once before, so the disk does not count.
"""

import subprocess
import sys
from importlib.util import find_spec

from measure import Report, Timing, race

IMPORTS = ("numpy", "pente", "torch", "jax", "tensorflow", "sklearn")


def importing(line: str) -> None:
    subprocess.run([sys.executable, "-c", line], check=True)


def row(name: str, time: Timing, numpy: Timing) -> dict[str, str | Timing]:
    return {"": f"import {name}", "whole process": time, "over import numpy": time - numpy if name != "numpy" else "–"}


def main() -> None:
    with Report("How long does the import take, over that of NumPy?", rounds=9) as report:
        present = [name for name in IMPORTS if find_spec(name)]
        times = race({name: lambda name=name: importing(f"import {name}") for name in present}, report.rounds)
        report.table("A fresh process", [row(name, time, times["numpy"]) for name, time in times.items()])


if __name__ == "__main__":
    main()
