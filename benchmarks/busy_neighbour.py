"""What does a busy neighbour cost? Pente's training step on two threads, while another process burns one core.

On one thread the step has a core for itself. Two threads must not be slower than that, or a shared machine is better
off with one: wanted is at most 1.1 of the time on one thread beside the same neighbour.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from contenders import take_processors
from measure import Report, Timing, race, ratio
from workloads import WORKLOADS

import pente

STEPS = {"mlp": 500, "tabular": 200, "cnn": 6, "lstm": 20, "gpt": 6, "resnet18": 2}  # in an epoch
BURN = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"


@contextmanager
def neighbour(processor: int) -> Iterator[None]:
    """A process that does nothing, as fast as it can, on this processor."""
    with subprocess.Popen([sys.executable, "-c", BURN, str(processor)]) as process:
        try:
            yield
        finally:
            process.kill()


def times_of(name: str, rounds: int) -> dict[int, Timing]:
    """The time of a step on one thread and on two, by turns."""
    work = WORKLOADS[name](steps=STEPS[name])

    def epoch(threads: int) -> None:
        pente.set_threads(threads)
        work.model.fit(work.x, work.y, batch_size=work.batch, verbose=0)

    times = race({threads: lambda threads=threads: epoch(threads) for threads in (1, 2)}, rounds)
    return {threads: time / STEPS[name] for threads, time in times.items()}


def main() -> None:
    with Report("What does a busy neighbour cost?", rounds=9, only=STEPS) as report:
        take_processors(2)
        processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        if len(processors) < 2:
            raise SystemExit("This needs two processors, and a system that keeps a process on one of them.")
        rows = []
        for name in report.chosen["only"]:
            quiet = times_of(name, report.rounds)
            with neighbour(processors[1]):
                busy = times_of(name, report.rounds)
            row = {"": name, "quiet, 1 thread": quiet[1], "quiet, 2 threads": quiet[2]}
            row |= {"busy, 1 thread": busy[1], "busy, 2 threads": busy[2], "busy, 2 / 1": ratio(busy[2], busy[1])}
            rows.append(row | {"2 threads, busy / quiet": ratio(busy[2], quiet[2])})
        report.table("A training step beside a process that burns one core of two", rows)


if __name__ == "__main__":
    main()
