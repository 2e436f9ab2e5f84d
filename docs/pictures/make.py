"""Make the pictures of these documents again, by running every example in full, and by drawing the schedules."""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"


def main(folder: Path = HERE) -> None:
    sys.path.insert(0, str(EXAMPLES))
    for example in sorted(EXAMPLES.glob("[0-9]*.py")):
        print(f"== {example.name}")
        runpy.run_path(str(example))["main"](folder)
    schedules(folder)


def schedules(folder: Path = HERE) -> None:
    """Five schedules over a thousand steps."""
    from pente.schedules import CosineDecay, CosineDecayRestarts, Cyclical, ExponentialDecay, OneCycle, Warmup

    shown = [
        Warmup(CosineDecay(0.1, 900), 100, name="Warmup and CosineDecay"),
        OneCycle(0.1, 1000),
        Cyclical(0.01, 0.1, 125, "triangular2"),
        CosineDecayRestarts(0.1, 150, name="CosineDecayRestarts"),
        ExponentialDecay(0.1, 200, 0.5, staircase=True),
    ]
    plot = shown[0].plot(1000)
    for schedule in shown[1:]:
        plot = schedule.plot(1000, axes=plot.axes)
    plot.axes.set_title("")
    plot.axes.legend(fontsize=8)
    plot.save(folder / "schedules.svg")


if __name__ == "__main__":
    main()
