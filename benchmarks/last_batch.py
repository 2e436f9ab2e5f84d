"""What does a smaller last batch cost, the first time that an epoch has one?

The step is traced and laid out once more for its size. Each round has a size of its own, so that each is new: the first
epoch of one whole batch and one smaller one, less another such epoch. The cache of kernels is empty when a net begins.
"""

import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from contenders import take_processors
from measure import Report, Timing
from workloads import WORKLOADS


def costs(name: str, rounds: int) -> list[float]:
    """The seconds that each size costs."""
    work = WORKLOADS[name](steps=2)

    def epoch(rows: int) -> float:
        start = time.perf_counter()
        work.model.fit(work.x[:rows], work.y[:rows], batch_size=work.batch, verbose=0)
        return time.perf_counter() - start

    def cost(rows: int) -> float:
        return epoch(rows) - min(epoch(rows) for _ in range(3))

    epoch(2 * work.batch)
    return [cost(2 * work.batch - 1 - i) for i in range(rounds)]


def row_of(name: str, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as cache, ProcessPoolExecutor(1, get_context("spawn")) as process:
        os.environ["PENTE_CACHE"] = cache
        first, *others = process.submit(costs, name, rounds).result()
    return {"": name, "the first size": Timing((first,) * 2), "another size": Timing(tuple(others))}


def main() -> None:
    with Report("What does a smaller last batch cost, the first time?", rounds=8, only=WORKLOADS) as report:
        take_processors()
        rows = [row_of(name, report.rounds) for name in report.chosen["only"]]
        report.table("An epoch with a smaller last batch: the first of its size, less another one", rows)


if __name__ == "__main__":
    main()
