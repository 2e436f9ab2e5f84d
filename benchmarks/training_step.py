"""How long does a training step take, beside PyTorch and JAX? Six nets, data in memory, two threads for each.

An epoch goes through all of the data in a new order and tells its mean loss; a step's time is the epoch's over its
steps. Pente runs ``fit``; torch is eager with its fused optimizer; JAX jits a step, or the whole epoch as one scan.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Beside others on the same cores, torch's threads are several times as fast when they wait without spinning.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from measure import Report, Timing, race, ratio
from workloads import WORKLOADS, Workload

import pente

THREADS = 2
FRESH = 2  # how often the first step of a process is measured
STEPS = {"mlp": 500, "tabular": 200, "cnn": 6, "lstm": 20, "gpt": 6, "resnet18": 2}  # in an epoch
IMAGES = ("cnn", "resnet18")
Trained = tuple[Callable[[], float], int]  # an epoch, which returns the mean loss; how many numbers the net has


def in_pente(name: str, work: Workload) -> Trained:
    def epoch() -> float:
        history = work.model.fit(work.x, work.y, batch_size=work.batch, verbose=0).history
        return float(history["loss"][0])

    return epoch, work.model.count_params()


def in_torch(name: str, work: Workload, **options: Any) -> Trained:
    import peers_torch  # here, since each fresh process imports only what it measures

    return peers_torch.trainer(name, *work[1:], **options)


def in_jax(name: str, work: Workload, whole: bool = False) -> Trained:
    import peers_jax

    return peers_jax.trainer(name, *work[1:], whole=whole)


NETS: dict[str, Callable[[str, Workload], Trained]] = {
    "pente": in_pente,
    "torch": in_torch,
    "torch, 1 thread": lambda name, work: in_torch(name, work, threads=1),
    "torch, channels last": lambda name, work: in_torch(name, work, channels_last=True),
    "jax": in_jax,
    "jax, epoch as scan": lambda name, work: in_jax(name, work, whole=True),
}


def takes_part(contender: str, name: str) -> bool:
    """One thread is for small nets, the order of channels for images; and JAX convolves ten times slower in a scan."""
    left_out = ("torch, 1 thread", "jax, epoch as scan") if name in IMAGES else ("torch, channels last",)
    return contender not in left_out


def trained(name: str, rounds: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The times of a step, and the mean loss of each contender's first and last epoch."""
    work = WORKLOADS[name](steps=STEPS[name])
    losses: dict[str, list[float]] = {contender: [] for contender in NETS if takes_part(contender, name)}
    epochs: dict[str, Callable[[], object]] = {}
    for contender, seen in losses.items():
        epoch, count = NETS[contender](name, work)
        if count != work.model.count_params():
            raise SystemExit(f"{name}: {contender} has {count:,} numbers, Pente's net {work.model.count_params():,}.")
        epochs[contender] = lambda epoch=epoch, seen=seen: seen.append(epoch())
    times = {contender: time / STEPS[name] for contender, time in race(epochs, rounds).items()}
    best = min(set(times) - {"pente"}, key=lambda peer: times[peer].median)
    row = {"": name, **{contender: times.get(contender, "–") for contender in NETS}}
    told = {contender: f"{seen[0]:.3g} → {seen[-1]:.3g}" for contender, seen in losses.items()}
    row |= {"pente / best": ratio(times["pente"], times[best])}
    return row, {"": name, **{contender: told.get(contender, "–") for contender in NETS}}


# Fresh processes.


def first_step(contender: str, name: str) -> None:
    """Print the seconds from the call to the end of the first step; the net stands already."""
    epoch, _ = NETS[contender](name, WORKLOADS[name](steps=1))
    start = time.perf_counter()
    epoch()
    print(time.perf_counter() - start)


def peak(contender: str, name: str) -> None:
    """Print how many bytes the process holds before training, and at most in an epoch of three steps."""
    epoch, _ = NETS[contender](name, WORKLOADS[name](steps=3))
    before = resident("VmRSS")
    epoch()
    print(before, resident("VmHWM"))


def resident(kind: str) -> int:
    """What Linux says of this process's memory, in bytes."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(lines[kind].split()[0]) * 1024


def fresh(call: Callable[[str, str], None], contender: str, name: str, cache: str) -> list[float]:
    """What this function prints in a process of its own, with this folder for compiled code."""
    places = {"PENTE_CACHE": cache, "JAX_COMPILATION_CACHE_DIR": cache, "PENTE_THREADS": str(THREADS)}
    everything = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    line = f"import training_step as t; t.{call.__name__}({contender!r}, {name!r})"
    found = subprocess.run(
        [sys.executable, "-c", line],
        env=os.environ | places | everything,
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [float(word) for word in found.stdout.split()]


def first_steps(name: str, rounds: int) -> dict[str, Any]:
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for contender in ("pente", "torch", "jax"):
            with tempfile.TemporaryDirectory() as cache:
                for filled in ("", ", cache filled") if contender != "torch" else ("",):
                    found.setdefault(contender + filled, []).extend(fresh(first_step, contender, name, cache))
    return {"": name, **{label: Timing(tuple(seconds)) for label, seconds in found.items()}}


def memory(name: str) -> list[dict[str, Any]]:
    rows = []
    for contender in NETS:
        if takes_part(contender, name):
            with tempfile.TemporaryDirectory() as cache:
                before, most = (x / 2**20 for x in fresh(peak, contender, name, cache))
            rows.append({"": contender, "MB before": f"{before:.0f}", "MB at most": f"{most:.0f}"})
    return rows


def main() -> None:
    with Report("How long does a training step take, beside PyTorch and JAX?", rounds=5) as report:
        if hasattr(os, "sched_setaffinity"):  # JAX has as many threads as it finds processors
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
        pente.set_threads(THREADS)
        rows, losses = zip(*(trained(name, report.rounds) for name in STEPS), strict=True)
        report.table("A training step", rows)
        report.table("Mean loss of the first epoch and of the last", losses)
        report.table("Memory of resnet18, the whole process", memory("resnet18"))
        firsts = [first_steps(name, FRESH) for name in STEPS]
        report.table("From the call to the end of the first step, in a fresh process", firsts)


if __name__ == "__main__":
    main()
