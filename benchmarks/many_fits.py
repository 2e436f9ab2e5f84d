"""Does the thousandth fit of a process cost what the first did, in time and in memory?

Each round makes a small model, compiles it, fits it, asks it for predictions and lets it go. In the first case all
models are alike, so that their kernels are found; in the second each has a width of its own, so that they are new.
"""

import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from measure import Report

import pente
from pente import Sequential, layers

MARKS = (1, 10, 30, 100, 300, 1000, 3000)
CASES: dict[str, Callable[[int], int]] = {"alike": lambda _: 16, "different": lambda number: 16 + number}


def fit(width: int, seed: int) -> None:
    """The whole life of a small model: 8 → width → 1, three epochs of four steps."""
    pente.set_seed(seed)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(64, 8)).astype(np.float32)
    y = x.sum(axis=1, keepdims=True)
    model = Sequential([layers.Dense(width, activation="tanh"), layers.Dropout(0.1), layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    model.fit(x, y, epochs=3, batch_size=16, validation_split=0.25, verbose=0)
    model.predict(x, verbose=0)


class Row(NamedTuple):
    """What was found after so many fits; the processor's time is that of the middle one since the row above."""

    fits: int
    seconds: float
    held: int
    objects: int


def rows(width_of: Callable[[int], int], fits: int) -> Iterator[Row]:
    """A row after each of the marks, and after the last fit."""
    seconds: list[float] = []
    for number in range(1, fits + 1):
        start = time.process_time()
        fit(width_of(number), seed=number)
        seconds.append(time.process_time() - start)
        if number in MARKS or number == fits:
            gc.collect()
            yield Row(number, statistics.median(seconds), resident(), len(gc.get_objects()))
            seconds.clear()


def resident() -> int:
    """What Linux says of this process's memory, in bytes."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(lines["VmRSS"].split()[0]) * 1024


def told(row: Row) -> dict[str, str]:
    found = {"ms of processor a fit": f"{1e3 * row.seconds:.1f}", "MB held": f"{row.held / 2**20:.0f}"}
    return {"fit": f"{row.fits:,}", **found, "objects": f"{row.objects:,}"}


def main() -> None:
    question = "Does the thousandth fit of a process cost what the first did?"
    with Report(question, rounds=1000, only=CASES) as report, tempfile.TemporaryDirectory() as cache:
        os.environ["PENTE_CACHE"] = cache
        for case in report.chosen["only"]:
            report.table(f"{report.rounds:,} models, {case}", [told(row) for row in rows(CASES[case], report.rounds)])


if __name__ == "__main__":
    main()
