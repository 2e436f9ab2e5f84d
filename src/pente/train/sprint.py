"""An epoch in which nobody asks for anything between two steps: they run by themselves, one after the other."""

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from pente import tree
from pente.compiler.jit import Compiled
from pente.compiler.runner import Runner
from pente.core.tensor import Tensor
from pente.train.interrupts import Interrupt
from pente.train.progress import ProgressBar
from pente.train.sources import ArraySource

__all__ = ["sprint"]

AT_ONCE = 0.02  # seconds: for so long nobody looks whether the user interrupts


def sprint(
    step: Callable[..., Any],
    recent: Callable[[], Compiled | None],
    source: ArraySource,
    epoch: int,
    bars: Sequence[ProgressBar],
    interrupt: Interrupt,
) -> Any:
    """All steps of an epoch; returns what the last one gave.

    The first batch of a size takes the ordinary way, which traces and checks. From then on the program gathers its
    batches itself, as many in one call as take a moment. Whatever happens, the state of the last whole step is handed
    back.
    """
    data = tree.leaves([part for part in source.data if part is not None])
    order, size = source.numbers(epoch), source.batch_size
    runner: Runner | None = None
    logs: Callable[[], Any] = dict
    at, pace = 0, 1
    try:
        while at < len(order):
            whole = min(pace, (len(order) - at) // size)
            if runner is not None and whole:
                begin = perf_counter()
                runner.run(order[at : at + whole * size])
                pace = max(1, int(whole * AT_ONCE / max(perf_counter() - begin, 1e-6)))
                logs = runner.logs
                at += whole * size
            else:
                _hand_back(runner)
                logs = partial(_same, step(*_tensors(source.at(order[at : at + size]))))
                at += size
                runner = _runner(recent(), data) if len(order) - at >= size else None
            for bar in bars:
                bar.on_step(-(-at // size) - 1, logs)
            interrupt.check()
    finally:
        _hand_back(runner)
    return logs()


def _tensors(batch: Any) -> list[Any]:
    return [None if part is None else tree.map_leaves(Tensor, part) for part in batch]


def _same(logs: Any) -> Any:
    return logs


def _runner(program: Compiled | None, data: list[Any]) -> Runner | None:
    """The runner of this program, if it can run by itself and takes the data as it is."""
    runner = None if program is None else program.runner
    if runner is None:
        return None
    same = len(runner.inputs) == len(data) and all(
        (a.shape[1:], a.dtype) == (node.shape[1:], node.dtype) for a, node in zip(data, runner.inputs, strict=True)
    )
    if not same:
        return None
    runner.begin(data)
    return runner


def _hand_back(runner: Runner | None) -> None:
    if runner is not None:
        runner.commit()
