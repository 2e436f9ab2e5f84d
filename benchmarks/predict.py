"""How long does an answer take, beside PyTorch, JAX and Keras? The mlp (784 → 64 relu → 10), from one row to many.

From an array in memory to an array in memory, two threads for each; torch has the better of two and one.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from contenders import PEERS, framework, take_processors
from measure import Contender, Elsewhere, Report, Timing, race, ratio
from workloads import mlp, numbers

import pente

BATCHES = {"1": 1, "32": 32, "1024": 1024}


def in_pente(batch: int, way: str) -> Contender:
    model, x = mlp().model, numbers(batch, 784)
    if way == "predict":
        return lambda: model.predict(x, batch_size=batch, verbose=0)
    call = pente.jit(model) if way == "jit" else model
    return lambda: call(x).numpy()


def in_torch(batch: int, mode: str = "no_grad", compiled: bool = False, threads: int = 2) -> Contender:
    import peers_torch
    import torch

    net, x = peers_torch.mlp().eval(), numbers(batch, 784)
    forward = torch.compile(net, dynamic=False) if compiled else net
    quiet = getattr(torch, mode)

    def answer() -> Any:
        torch.set_num_threads(threads)
        with quiet():
            return forward(torch.from_numpy(x)).numpy()

    return answer


def in_jax(batch: int) -> Contender:
    import jax
    import numpy as np
    import peers_jax

    x = numbers(batch, 784)
    weights = peers_jax.first_state("mlp", x)[0]
    call = jax.jit(lambda weights, x: peers_jax.mlp(peers_jax.Pass(jax.random.key(0), weights), x))
    return lambda: np.asarray(call(weights, x))


def in_keras(batch: int, backend: str, predict: bool) -> Contender:
    os.environ |= {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    import keras
    import peers_keras

    net, x = peers_keras.mlp(), numbers(batch, 784)
    if predict:
        return lambda: net.predict(x, batch_size=batch, verbose=0)
    return lambda: keras.ops.convert_to_numpy(net(x))


CALLS: dict[str, Callable[[int], Contender]] = {
    "pente, predict": partial(in_pente, way="predict"),
    "pente, model(x)": partial(in_pente, way="eager"),
    "pente, jit": partial(in_pente, way="jit"),
    "torch, no_grad": in_torch,
    "torch, no_grad, 1 thread": partial(in_torch, threads=1),
    "torch, inference_mode": partial(in_torch, mode="inference_mode"),
    "torch, inference_mode, 1 thread": partial(in_torch, mode="inference_mode", threads=1),
    "torch.compile, 1 thread": partial(in_torch, compiled=True, threads=1),
    "jax": in_jax,
    "keras, tensorflow, predict": partial(in_keras, backend="tensorflow", predict=True),
    "keras, tensorflow, model(x)": partial(in_keras, backend="tensorflow", predict=False),
    "keras, jax, predict": partial(in_keras, backend="jax", predict=True),
    "keras, jax, model(x)": partial(in_keras, backend="jax", predict=False),
}


def begun(who: str, batch: int, processes: ExitStack) -> Contender:
    """This contender after its first call; a Keras stands in a process of its own."""
    apart = framework(who) == "keras"
    answer = processes.enter_context(Elsewhere(CALLS[who], batch)) if apart else CALLS[who](batch)
    answer()
    return answer


def answered(batch: int, report: Report) -> dict[str, Timing]:
    with ExitStack() as processes:
        asked = [who for who in CALLS if framework(who) in ("pente", *report.chosen["peers"])]
        tried = {who: report.tried(f"{who}, {batch} rows", partial(begun, who, batch, processes)) for who in asked}
        return race({who: answer for who, answer in tried.items() if answer is not None}, report.rounds)


def main() -> None:
    question = "How long does an answer take, beside PyTorch, JAX and Keras?"
    with Report(question, rounds=15, only=BATCHES, peers=PEERS) as report:
        take_processors()
        found = {name: answered(BATCHES[name], report) for name in report.chosen["only"]}
        whole = [f"{name} row{'s' * (name != '1')}" for name in found]
        rows: list[dict[str, Any]] = []
        for who in dict.fromkeys(who for times in found.values() for who in times):
            cells = [times.get(who, "–") for times in found.values()]
            rows.append({"": who, **dict(zip(whole, cells, strict=True))})
        report.table("An answer of the mlp", rows)
        ratios = {title: best_ratio(times) for title, times in zip(whole, found.values(), strict=True)}
        report.table("Pente's best way against the best of the others", [{"": "pente / best", **ratios}])


def best_ratio(times: dict[str, Timing]) -> Any:
    ours = [time for who, time in times.items() if framework(who) == "pente"]
    others = [time for who, time in times.items() if framework(who) != "pente"]
    return ratio(*(min(own, key=lambda time: time.median) for own in (ours, others))) if others else "–"


if __name__ == "__main__":
    main()
