"""How fast is the product of two matrices, beside NumPy, PyTorch and JAX, and as a share of what the machine can do?

float32, on one thread and on two; each number of threads has a process of its own, kept on so many processors. A call
is what a user writes, and makes a new result. "Kernel alone" is the row of Pente's table, without the call around it:
it runs many times in one native call.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
from contenders import take_processors
from measure import Report, Timing, race, ratio
from peak import peak

import pente

SQUARES = (64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
# Rows, depth and columns of products in the six nets; Aᵀ B is a gradient of weights, A Bᵀ one of what goes in.
OF_NETS = {
    "mlp: 32×784×64": (32, 784, 64),
    "mlp Aᵀ: 784×32×64": (784, 32, 64),
    "tabular: 256×128×128": (256, 128, 128),
    "cnn: 128×1600×10": (128, 1600, 10),
    "lstm: 32×64×256": (32, 64, 256),
    "lstm Bᵀ: 32×256×64": (32, 256, 64),
    "gpt: 768×128×512": (768, 128, 512),
    "gpt Aᵀ: 128×768×512": (128, 768, 512),
    "gpt Bᵀ: 768×512×128": (768, 512, 128),
    "gpt: 768×128×65": (768, 128, 65),
}
SHAPES = {f"{n}": (n, n, n) for n in SQUARES} | OF_NETS
PEERS = ("numpy", "torch", "jax")
ALONE = "pente, kernel alone"
REST = 0.2  # seconds: the threads of OpenBLAS spin for so long after a product


def product(name: str) -> Callable[[Any, Any], Any]:
    """As a function, and not of one's own making: every library has the same operator."""
    if "Aᵀ" in name:
        return lambda a, b: a.T @ b
    return (lambda a, b: a @ b.T) if "Bᵀ" in name else (lambda a, b: a @ b)


def matrices(name: str) -> tuple[Any, Any]:
    rows, depth, columns = SHAPES[name]
    a = (depth, rows) if "Aᵀ" in name else (rows, depth)
    b = (columns, depth) if "Bᵀ" in name else (depth, columns)
    rng = np.random.default_rng(0)
    return rng.standard_normal(a, np.float32), rng.standard_normal(b, np.float32)


def in_pente(name: str) -> Callable[[], object]:
    call, (a, b) = pente.jit(product(name)), map(pente.tensor, matrices(name))
    return lambda: call(a, b)


def in_numpy(name: str) -> Callable[[], object]:
    call, (a, b) = product(name), matrices(name)
    return lambda: call(a, b)


def in_torch(name: str) -> Callable[[], object]:
    import torch

    call, (a, b) = product(name), map(torch.from_numpy, matrices(name))
    return lambda: call(a, b)


def in_jax(name: str) -> Callable[[], object]:
    import jax

    call, (a, b) = jax.jit(product(name)), map(jax.numpy.asarray, matrices(name))
    return lambda: call(a, b).block_until_ready()


CALLS = {"pente": in_pente, "numpy": in_numpy, "torch": in_torch, "jax": in_jax}


def kernel_alone(name: str, rounds: int) -> Timing:
    """Of all rows of the table, each run many times in one native call; in each round the shortest of several."""
    call, given = pente.jit(product(name)), matrices(name)
    call(*given)
    table: Any = call.recent.table
    times = max(1, min(1000, round(1e8 / np.prod(SHAPES[name], dtype=float))))
    return Timing(tuple(min(sum(table.timed(given, times)) for _ in range(3)) for _ in range(rounds)))


def measured(names: list[str], peers: list[str], rounds: int, threads: int) -> tuple[float, dict[str, Any]]:
    """Operations a second at best, and the times of each product."""
    pente.set_threads(threads)
    found = {}
    for name in names:
        found[name] = race(
            {who: make(name) for who, make in CALLS.items() if who in ("pente", *peers)}, rounds, rest=REST
        )
        if threads == 1:
            found[name][ALONE] = kernel_alone(name, rounds)
    return peak(threads), found


def row(name: str, times: dict[str, Timing], most: float) -> dict[str, Any]:
    """Billions of operations a second; and Pente's time against that of the fastest peer."""
    speeds = {who: 2.0 * np.prod(SHAPES[name], dtype=float) / time.median for who, time in times.items()}
    cells: dict[str, Any] = {who: speed / 1e9 for who, speed in speeds.items()}
    share = f"{100 * speeds.get(ALONE, speeds['pente']) / most:.0f} %"
    others = {who: time for who, time in times.items() if not who.startswith("pente")}
    best = min(others.values(), key=lambda time: time.median, default=times["pente"])
    return {"": name, **cells, "share of the peak": share, "pente / best": ratio(times["pente"], best)}


def main() -> None:
    question = "How fast is the product of two matrices, beside NumPy, PyTorch and JAX?"
    with Report(question, rounds=5, only=SHAPES, peers=PEERS) as report:
        for threads in (2, 1):
            take_processors(threads)
            with ProcessPoolExecutor(1, get_context("spawn")) as process:
                job = process.submit(measured, report.chosen["only"], report.chosen["peers"], report.rounds, threads)
                most, found = job.result()
            title = f"GFLOP/s on {threads} thread{'s' * (threads > 1)}, of {most / 1e9:.0f} at most"
            report.table(title, [row(name, times, most) for name, times in found.items()])


if __name__ == "__main__":
    main()
