"""Does a long graph stay cheap? A chain of additions and multiplications: time forward and backward, and memory, an op.

micrograd walks the graph by recursion, and fails from about 1,000 ops on; here it gets a limit that lets it run.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import micrograd.engine
import psutil
import torch
from measure import Report, race

import pente

LENGTHS = (1_000, 10_000, 100_000)
STARTS: dict[str, Callable[[float], Any]] = {
    "pente.Value": pente.Value,
    "micrograd": micrograd.engine.Value,
    "pente.Tensor": lambda x: pente.tensor(x, requires_grad=True),
    "torch": lambda x: torch.tensor(x, requires_grad=True),
}


def chain(who: str, n: int) -> Any:
    x, factor, shift = map(STARTS[who], (1.0, 0.999, 0.001))
    for _ in range(n // 2):
        x = x * factor + shift
    return x


def backward(who: str, n: int) -> Callable[[], object]:
    """Each call goes back through the same graph, anew."""
    end = chain(who, n)
    return (lambda: end.backward(retain_graph=True)) if who == "torch" else end.backward


def memory(who: str) -> float:
    """By how many bytes the process grows for each op of a graph that is held."""
    chain(who, 100)
    before = psutil.Process().memory_info().rss
    end = chain(who, LENGTHS[-1])
    grown = psutil.Process().memory_info().rss - before
    del end
    return float(grown / LENGTHS[-1])


def main() -> None:
    with Report("Does a long graph stay cheap?", rounds=7) as report:
        sys.setrecursionlimit(10 * LENGTHS[-1])
        for title, made in (("Forward, an op", lambda who, n: lambda: chain(who, n)), ("Backward, an op", backward)):
            rows = []
            for n in LENGTHS:
                times = race({who: made(who, n) for who in STARTS}, report.rounds)
                rows.append({"": f"{n:,} ops", **{who: time / n for who, time in times.items()}})
            report.table(title, rows)
        with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
            bytes_each = dict(zip(STARTS, processes.map(memory, STARTS), strict=True))
        report.table("Memory of the graph", [{"": "bytes an op", **bytes_each}])


if __name__ == "__main__":
    main()
