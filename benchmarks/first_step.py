"""How long does the first training step take, in a fresh process? From the call to its end; the net stands already.

The imports, the making of the net and of the data do not count. With a filled cache the same was run once before.
"""

import tempfile
import time
from functools import partial
from typing import Any

from contenders import PEERS, PLAIN, framework, fresh, take_processors, trainer
from measure import Report, Timing
from workloads import WORKLOADS

CACHING = ("pente", "torch.compile", "jax", "keras, jax")


def first_step(contender: str, name: str) -> None:
    """Print the seconds that it takes."""
    epoch = trainer(contender, name, 1)
    start = time.perf_counter()
    epoch()
    print(time.perf_counter() - start)


def measured(contender: str, name: str, rounds: int) -> list[Timing]:
    """With an empty cache and, where the contender has one, with a filled cache."""
    seconds = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            runs = 2 if contender in CACHING else 1
            seconds.append([x for _ in range(runs) for x in fresh(first_step, contender, name, cache)])
    return [Timing(times) for times in zip(*seconds, strict=True)]


def rows_of(contender: str, report: Report) -> list[dict[str, Any]]:
    """A column a net."""
    rows: list[dict[str, Any]] = [{"": contender}]
    if contender in CACHING:
        rows.append({"": f"{contender}, cache filled"})
    for name in report.chosen["only"]:
        found = report.tried(f"{contender}, {name}", partial(measured, contender, name, report.rounds))
        for row, cell in zip(rows, found or ["–"] * len(rows), strict=True):
            row[name] = cell
    return rows


def main() -> None:
    question = "How long does the first training step take, in a fresh process?"
    with Report(question, rounds=2, only=WORKLOADS, peers=PEERS) as report:
        take_processors()
        asked = [contender for contender in PLAIN if framework(contender) in ("pente", *report.chosen["peers"])]
        rows = [row for contender in asked for row in rows_of(contender, report)]
        report.table("From the call to the end of the first step", rows)


if __name__ == "__main__":
    main()
