"""Who trains the six nets beside whom, each at its settings, and how one of them is asked alone, in a fresh process.

A contender's name is its framework, and after a comma how it is set. Nothing is imported before it is asked for, so a
fresh process holds only what it measures.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

# Beside others on the same cores, torch's threads are several times as fast when they wait without spinning.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from workloads import WORKLOADS, Workload

import pente

__all__ = ["NETS", "PEERS", "PLAIN", "THREADS", "contenders", "framework", "fresh", "take_processors", "trainer"]

THREADS = 2
IMAGES = ("cnn", "resnet18")
Trained = tuple[Callable[[], float], int]  # an epoch, which returns the mean loss; how many numbers the net has


def in_pente(name: str, work: Workload) -> Trained:
    def epoch() -> float:
        history = work.model.fit(work.x, work.y, batch_size=work.batch, verbose=0).history
        return float(history["loss"][0])

    return epoch, work.model.count_params()


def in_torch(name: str, work: Workload, **options: Any) -> Trained:
    import peers_torch

    return peers_torch.trainer(name, *work[1:], **options)


def in_jax(name: str, work: Workload, whole: bool = False) -> Trained:
    import peers_jax

    return peers_jax.trainer(name, *work[1:], whole=whole)


def in_keras(name: str, work: Workload, backend: str) -> Trained:
    os.environ |= {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}  # both are read by the import
    import peers_keras

    return peers_keras.trainer(name, *work[1:])


NETS: dict[str, Callable[[str, Workload], Trained]] = {
    "pente": in_pente,
    "torch": in_torch,
    "torch, 1 thread": partial(in_torch, threads=1),
    "torch, channels last": partial(in_torch, channels_last=True),
    "torch.compile": partial(in_torch, compiled=True),
    "torch.compile, 1 thread": partial(in_torch, compiled=True, threads=1),
    "torch.compile, channels last": partial(in_torch, compiled=True, channels_last=True),
    "jax": in_jax,
    "jax, epoch as scan": partial(in_jax, whole=True),
    "keras, tensorflow": partial(in_keras, backend="tensorflow"),
    "keras, jax": partial(in_keras, backend="jax"),
}


def framework(contender: str) -> str:
    return contender.split(",")[0]


# One setting of each framework and backend.
PLAIN = tuple(contender for contender in NETS if not contender.endswith(("1 thread", "channels last", "scan")))
PEERS = tuple(dict.fromkeys(framework(contender) for contender in NETS if contender != "pente"))


def contenders(name: str, peers: Iterable[str]) -> list[str]:
    """Pente, and each setting of these peers that suits the net.

    One thread is for small nets, the order of channels for images; and JAX convolves ten times slower in a scan.
    """
    unfit = ("1 thread", "epoch as scan") if name in IMAGES else ("channels last",)
    return [c for c in NETS if framework(c) in ("pente", *peers) and not c.endswith(unfit)]


def trainer(contender: str, name: str, steps: int) -> Callable[[], float]:
    """An epoch of this many steps, which returns the mean loss; all contenders have the same data."""
    work = WORKLOADS[name](steps=steps)
    epoch, count = NETS[contender](name, work)
    if count != work.model.count_params():
        raise SystemExit(f"{name}: {contender} has {count:,} numbers, Pente's net {work.model.count_params():,}.")
    return epoch


def take_processors(count: int = THREADS) -> None:
    """Keep this process, and those that it will start, on so many: JAX has as many threads as it finds processors."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    pente.set_threads(count)


def fresh(call: Callable[[str, str], None], contender: str, name: str, cache: str) -> list[float]:
    """The numbers that this function of the program prints in a process of its own, with this folder for caches."""
    caches = ("PENTE_CACHE", "JAX_COMPILATION_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
    everything = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "PENTE_THREADS": str(THREADS)}
    line = f"import {Path(sys.argv[0]).stem} as program; program.{call.__name__}({contender!r}, {name!r})"
    found = subprocess.run(
        [sys.executable, "-c", line],
        env=os.environ | dict.fromkeys(caches, cache) | everything,
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [float(word) for word in found.stdout.split()[-2:]]
