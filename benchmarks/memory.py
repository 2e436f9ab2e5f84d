"""How much memory does training take? Of the whole process, before training and at most in an epoch of three steps.

Each number is of a fresh process that holds one framework and one net.
"""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from contenders import PEERS, PLAIN, framework, fresh, take_processors, trainer
from measure import Report
from workloads import WORKLOADS


def peak(contender: str, name: str) -> None:
    """Print how many bytes the process holds before training, and at most."""
    epoch = trainer(contender, name, 3)
    before = resident("VmRSS")
    epoch()
    print(before, resident("VmHWM"))


def resident(kind: str) -> int:
    """What Linux says of this process's memory, in bytes."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(lines[kind].split()[0]) * 1024


def measured(contender: str, name: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as cache:
        before, most = (x / 2**20 for x in fresh(peak, contender, name, cache))
    return before, most


def main() -> None:
    question = "How much memory does training take?"
    with Report(question, rounds=2, only=WORKLOADS, peers=PEERS) as report:
        take_processors()
        asked = [contender for contender in PLAIN if framework(contender) in ("pente", *report.chosen["peers"])]
        rows: list[dict[str, Any]] = [{"": name} for name in report.chosen["only"]]
        for contender in asked:
            for row in rows:
                found = report.tried(f"{contender}, {row['']}", partial(measured, contender, row[""]))
                row[contender] = f"{found[0]:.0f} → {found[1]:.0f}" if found else "–"
        report.table("The whole process, MB before training → at most", rows)


if __name__ == "__main__":
    main()
