"""Fair timing, and the report of it.

The contenders of a question take turns in one process: each round times every one of them, in an order that turns,
so that a busy neighbour costs all of them the same. What counts is the median round. A ratio is taken within a round,
and then the median of these. A peer that must be set up before it is imported stands in a process of its own, and takes
its turn there.
"""

import argparse
import gc
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = ["Elsewhere", "Report", "Timing", "race", "ratio"]

Result = TypeVar("Result")
Contender = Callable[[], object]
Row = Mapping[str, "str | float | Timing"]

PACKAGES = ("pente", "numpy", "llvmlite", "micrograd", "torch", "jax", "keras", "tensorflow_cpu", "scikit-learn")
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


@dataclass(frozen=True)
class Timing:
    """The seconds that one call took, in each round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.rounds)

    @property
    def spread(self) -> float:
        """Half of the range of the middle half of the rounds, as a part of the median."""
        low, _, high = quantiles(self.rounds, n=4)
        return (high - low) / 2 / self.median

    def __truediv__(self, parts: float) -> "Timing":
        return Timing(tuple(seconds / parts for seconds in self.rounds))

    def __sub__(self, other: "Timing") -> "Timing":
        return Timing(tuple(a - b for a, b in zip(self.rounds, other.rounds, strict=True)))

    def __str__(self) -> str:
        size, unit = next((u for u in UNITS if abs(self.median) >= u[0]), UNITS[-1])
        return f"{self.median / size:.3g} {unit} ± {100 * abs(self.spread):.0f} %"


def ratio(a: Timing, b: Timing) -> float:
    """How many times as long a takes as b."""
    return median(x / y for x, y in zip(a.rounds, b.rounds, strict=True))


def race(contenders: Mapping[str, Contender], rounds: int, least: float = 0.02, rest: float = 0.0) -> dict[str, Timing]:
    """The time of one call of each contender; in a round it is called as often as ``least`` seconds take.

    The garbage collector is left on: what it costs a contender, it costs the user too. What stands before the race is
    taken out of its sight, or each contender would pay for the modules of all. Between two turns there is a rest of so
    many seconds, for threads of a library that look for work a while longer, on a processor that the next one needs.
    """
    gc.collect()
    gc.freeze()
    calls = {name: _calls_in(least, contender) for name, contender in contenders.items()}
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in list(contenders) if number % 2 else reversed(list(contenders)):
            gc.collect()
            time.sleep(rest)
            found[name].append(_seconds(contenders[name], calls[name]) / calls[name])
    return {name: Timing(tuple(seconds)) for name, seconds in found.items()}


def _calls_in(least: float, contender: Contender) -> int:
    """How many calls fill this time, after one that may still compile."""
    contender()
    calls = 1
    while (taken := _seconds(contender, calls)) < least:
        calls *= 2 if taken == 0 else max(2, min(10, round(least / taken)))
    return calls


def _seconds(contender: Contender, calls: int) -> float:
    if isinstance(contender, Elsewhere):
        return contender.seconds(calls)
    start = time.perf_counter()
    for _ in range(calls):
        contender()
    return time.perf_counter() - start


class Elsewhere:
    """A contender in a process of its own, which also looks at the clock there; ``make(*given)`` builds it.

    A call of it is a call there, and gives back what that one gives.
    """

    def __init__(self, make: Callable[..., Contender], *given: object) -> None:
        self._process = ProcessPoolExecutor(1, get_context("spawn"))
        self._process.submit(_stand, make, given).result()

    def __call__(self) -> object:
        return self._process.submit(_call).result()

    def seconds(self, calls: int) -> float:
        """How long this many calls take there."""
        return self._process.submit(_time, calls).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.shutdown()


_here: list[Contender] = []  # in the other process: what stands there


def _stand(make: Callable[..., Contender], given: Sequence[object]) -> None:
    _here.append(make(*given))
    gc.collect()
    gc.freeze()


def _call() -> object:
    return _here[0]()


def _time(calls: int) -> float:
    gc.collect()
    return _seconds(_here[0], calls)


class Report:
    """What a benchmark prints, and writes as JSON where the command line asks for it.

    Tables are Markdown, which reads well as plain text too.
    """

    def __init__(self, question: str, rounds: int, **lists: Iterable[str]) -> None:
        parser = argparse.ArgumentParser(description=question)
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, for programs")
        parser.add_argument("--rounds", type=int, default=rounds, help=f"how often each is measured ({rounds})")
        for name, known in lists.items():
            text = f"only these, with commas between them, of: {', '.join(known)}"
            parser.add_argument(f"--{name}", type=_some_of(list(known)), default=list(known), metavar="A,B", help=text)
        options = parser.parse_args()
        if options.rounds < 2:
            parser.error("--rounds must be at least 2: one round has no spread")
        self.rounds: int = options.rounds
        self.chosen: dict[str, list[str]] = {name: getattr(options, name) for name in lists}
        self._file: Path | None = options.json
        self._found: dict[str, Any] = {"question": question, "machine": _machine(), "versions": _versions()}
        self._found |= {"tables": {}, "notes": []}

    def __enter__(self) -> Self:
        versions = ", ".join(f"{name} {version}" for name, version in self._found["versions"].items())
        print(f"{self._found['question']}\n\n{self._found['machine']}\n{versions}", flush=True)
        return self

    def table(self, title: str, rows: Sequence[Row]) -> None:
        """Print rows under a title; the first row's keys are the head."""
        print(f"\n{title}\n\n{_markdown(rows)}", flush=True)
        self._found["tables"][title] = [{key: _plain(cell) for key, cell in row.items()} for row in rows]

    def note(self, text: str) -> None:
        """Print a line beside the tables."""
        print(f"\n{text}", flush=True)
        self._found["notes"].append(text)

    def tried(self, who: str, do: Callable[[], Result]) -> Result | None:
        """What this gives; a peer that is missing or fails leaves a note instead, and does not stop the others."""
        try:
            return do()
        except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            if who.startswith("pente"):
                raise
            reason = next(iter(str(error).strip().splitlines()), "")
            self.note(f"{who}, does not run here. {type(error).__name__}: {reason[:200]}")
            return None

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if kind is None and self._file is not None:
            self._file.write_text(json.dumps(self._found, indent=1) + "\n", "utf-8")


def _some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Reads a list from the command line, in the order of what is known."""

    def read(text: str) -> list[str]:
        named = [word.strip() for word in text.split(",")]
        for word in named:
            if word not in known:
                raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(known)}")
        return [word for word in known if word in named]

    return read


def _markdown(rows: Sequence[Row]) -> str:
    head = list(rows[0])
    cells = [[_text(row[key]) for key in head] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(line, widths) for line in [head, rule, *cells])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return f"| {' | '.join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])} |"


def _text(cell: str | float | Timing) -> str:
    return f"{cell:.3g}" if isinstance(cell, float) else str(cell)


def _plain(cell: str | float | Timing) -> Any:
    if isinstance(cell, Timing):
        return {"seconds": cell.median, "spread": cell.spread, "rounds": cell.rounds}
    return cell


def _machine() -> str:
    """The processor, how many of it, the Python that runs, and how busy the machine was before."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text("utf-8").splitlines() if described.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cpu = names[0] if names else platform.processor() or platform.machine()
    busy = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}{busy}"


def _versions() -> dict[str, str]:
    """The packages that take part, as far as they are installed."""
    installed = {d.metadata["Name"].lower(): d.version for d in metadata.distributions() if d.metadata["Name"]}
    return {name: installed[name] for name in PACKAGES if name in installed}
