"""Does the thousandth fit of a process cost what the first did, in time and in memory?

Each round makes a small model, compiles it, fits it, asks it for predictions and lets it go. In the first case all
models are alike, so that their kernels are found; in the second each has a width of its own, so that they are new.
"""

import argparse
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

MARKS = (1, 10, 30, 100, 300, 1000, 3000)
CASES: dict[str, Callable[[int], int]] = {"alike": lambda _: 16, "different": lambda number: 16 + number}


def fit(width: int, seed: int) -> None:
    """The whole life of a small model: 8 → width → 1, three epochs of four steps."""
    import pente
    from pente import Sequential, layers

    pente.set_seed(seed)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(64, 8)).astype(np.float32)
    y = x.sum(axis=1, keepdims=True)
    model = Sequential([layers.Dense(width, activation="tanh"), layers.Dropout(0.1), layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    model.fit(x, y, epochs=3, batch_size=16, validation_split=0.25, verbose=0)
    model.predict(x, verbose=0)


class Row(NamedTuple):
    """What was found after so many fits; the time is that of the middle one since the row above."""

    fits: int
    seconds: float
    held: int
    objects: int

    def __str__(self) -> str:
        return f"| {self.fits:,} | {1e3 * self.seconds:.1f} | {self.held / 2**20:.0f} | {self.objects:,} |"


def rows(width_of: Callable[[int], int], fits: int) -> Iterator[Row]:
    """A row after each of the marks, and after the last fit."""
    seconds: list[float] = []
    for number in range(1, fits + 1):
        start = time.perf_counter()
        fit(width_of(number), seed=number)
        seconds.append(time.perf_counter() - start)
        if number in MARKS or number == fits:
            gc.collect()
            yield Row(number, statistics.median(seconds), resident(), len(gc.get_objects()))
            seconds.clear()


def resident() -> int:
    """What Linux says of this process's memory, in bytes."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(lines["VmRSS"].split()[0]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=1000)
    parser.add_argument("--case", choices=list(CASES), nargs="*", default=list(CASES))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["PENTE_CACHE"] = cache
        for case in chosen.case:
            print(f"\n{chosen.fits:,} models, {case}\n")
            print("| fit | ms a fit | MB held | objects |\n|---|---|---|---|")
            for row in rows(CASES[case], chosen.fits):
                print(row, flush=True)


if __name__ == "__main__":
    main()
