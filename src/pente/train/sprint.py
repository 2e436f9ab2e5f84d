"""An epoch in which nobody asks for anything between two steps: they run by themselves, one after the other."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

from pente import tree
from pente.compiler.jit import Compiled
from pente.compiler.runner import Runner
from pente.train.foothold import Foothold
from pente.train.sources import ArraySource
from pente.train.steps import tensors_of

__all__ = ["sprint"]

AT_ONCE = 0.02  # seconds: for so long nobody looks whether the user interrupts


def sprint(
    step: Callable[..., Any],
    recent: Callable[[], Compiled | None],
    source: ArraySource,
    place: tuple[int, int],
    between: Callable[[int, Callable[[], Any]], bool],
    foothold: Foothold | None = None,
) -> tuple[int, Any]:
    """All steps of an epoch from a place in it on; returns how many are done then, and what the last one gave.

    The first batch of a size takes the ordinary way, which traces and checks. From then on the program gathers its
    batches itself, as many in one call as take a moment. Then ``between`` looks, and says whether to go on. Whatever
    happens, the state of the last whole step is handed back; where there is a foothold that does not hold any more,
    the state is that of the foothold, and so is the number of steps.
    """
    data = tree.leaves([part for part in source.data if part is not None])
    epoch, done = place
    order, size = source.numbers(epoch), source.batch_size
    runner: Runner | None = None
    logs: Callable[[], Any] = dict
    at, pace = done * size, 1
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
                logs = partial(_same, step(*tensors_of(source.at(order[at : at + size]))))
                at += size
                runner = _runner(recent(), data) if len(order) - at >= size else None
            done = -(-min(at, len(order)) // size)
            state = None if runner is None else runner.state
            if foothold is not None and not foothold.holds(done, at >= len(order), logs(), state):
                runner = None  # what it holds is not wanted back
                return foothold.back(), {}
            source.reached(done)
            if not between(done - 1, logs):
                break
    finally:
        _hand_back(runner)
    return done, logs()


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
