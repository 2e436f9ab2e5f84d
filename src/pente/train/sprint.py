"""An epoch in which nobody asks for anything between two steps: they run by themselves, one after the other."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from pente import tree
from pente.compiler.jit import Compiled
from pente.compiler.runner import Runner
from pente.core.tensor import Tensor
from pente.train.interrupts import Interrupt
from pente.train.progress import ProgressBar
from pente.train.sources import ArraySource

__all__ = ["sprint"]


def sprint(
    step: Callable[..., Any],
    recent: Callable[[], Compiled | None],
    source: ArraySource,
    epoch: int,
    bars: Sequence[ProgressBar],
    interrupt: Interrupt,
) -> Any:
    """All steps of an epoch; returns what the last one gave.

    The first batch of a size takes the ordinary way, which traces and checks. The others of this size only change what
    lies in the program's buffers. Whatever happens, the state of the last whole step is handed back.
    """
    data = tree.leaves([part for part in source.data if part is not None])
    runner: Runner | None = None
    logs: Callable[[], Any] = dict
    try:
        for i, rows in enumerate(source.order(epoch)):
            if runner is not None and _length(rows, source.rows) == len(runner.arguments[0]):
                _fill(runner, data, rows)
                runner.step()
                logs = runner.results
            else:
                _hand_back(runner)
                logs = partial(_same, step(*_tensors(source.at(rows))))
                runner = _runner(recent(), data)
            for bar in bars:
                bar.on_step(i, logs)
            interrupt.check()
    finally:
        _hand_back(runner)
    return logs()


def _tensors(batch: Any) -> list[Any]:
    return [None if part is None else tree.map_leaves(Tensor, part) for part in batch]


def _same(logs: Any) -> Any:
    return logs


def _length(rows: Any, count: int) -> int:
    return len(range(*rows.indices(count))) if isinstance(rows, slice) else len(rows)


def _fill(runner: Runner, data: list[Any], rows: Any) -> None:
    """Bring the rows of a batch to where the program reads them."""
    for array, place in zip(data, runner.arguments, strict=True):
        if isinstance(rows, slice):
            place[...] = array[rows]
        else:
            np.take(array, rows, axis=0, out=place, mode="clip")  # "raise" would copy; the rows are a permutation


def _runner(program: Compiled | None, data: list[Any]) -> Runner | None:
    """A runner for this program, if it can run by itself and takes the data as it is."""
    if program is None or not Runner.possible(program):
        return None
    wanted = program.graph.inputs[: program.captured.arguments]
    same = len(wanted) == len(data) and all(
        (a.shape[1:], a.dtype) == (node.shape[1:], node.dtype) for a, node in zip(data, wanted, strict=True)
    )
    return Runner(program) if same else None


def _hand_back(runner: Runner | None) -> None:
    if runner is not None:
        runner.commit()
