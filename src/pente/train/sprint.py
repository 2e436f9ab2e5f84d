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
    program: Callable[..., Compiled],
    source: ArraySource,
    place: tuple[int, int],
    between: Callable[[int, Callable[[], Any]], bool],
    foothold: Foothold | None = None,
) -> tuple[int, Any]:
    """All steps of an epoch from a place in it on; returns how many are done then, and what the last one gave.

    ``program`` is asked what runs for a batch, once for each size; before it traces, which may look at the state, it
    has it handed back. Where the program can, it gathers its batches itself, as many in one call as take a moment; else
    they take the ordinary way, ``step`` by step. Then ``between`` looks, and says whether to go on. Whatever happens,
    the state of the last whole step is handed back; where there is a foothold that does not hold any more, the state is
    that of the foothold, and so is the number of steps.
    """
    data = tree.leaves([part for part in source.data if part is not None])
    epoch, done = place
    order, size = source.numbers(epoch), source.batch_size
    runner: Runner | None = None
    logs: Callable[[], Any] = dict
    at, known = done * size, 0
    try:
        while at < len(order):
            rows = min(size, len(order) - at)
            if rows != known:
                batch = tensors_of(source.at(order[at : at + rows]))
                ready = program(partial(_hand_back, runner), *batch)
                runner, known, pace = _follower(runner, ready, data), rows, 1
            if runner is not None:
                begin, whole = perf_counter(), min(pace, (len(order) - at) // rows)
                runner.run(order[at : at + whole * rows])
                pace = max(1, int(whole * AT_ONCE / max(perf_counter() - begin, 1e-6)))
                logs = runner.logs
                at += whole * rows
            else:
                logs = partial(_same, step(*tensors_of(source.at(order[at : at + rows]))))
                at += rows
            done = -(-at // size)
            state = {} if runner is None else runner.state
            if foothold is not None and not foothold.holds(done, at >= len(order), logs(), state):
                if runner is not None:
                    runner.let_go()  # what it holds is not wanted back
                return foothold.back(), {}
            source.reached(done)
            if not between(done - 1, logs):
                break
    finally:
        _hand_back(runner)
    return done, logs()


def _same(logs: Any) -> Any:
    return logs


def _follower(before: Runner | None, program: Compiled, data: list[Any]) -> Runner | None:
    """The runner of this program, if it can run by itself and takes the data as it is; it goes on with the state."""
    runner = program.runner
    if runner is None or not _takes(runner, data):
        _hand_back(before)
        return None
    if before is None:
        runner.begin(data)
        return runner
    data = before.data or data  # there they lie in order
    if not before.own.keys() <= set(program.assigned):
        before.commit()
    runner.begin(data, before.own)
    before.let_go()
    return runner


def _takes(runner: Runner, data: list[Any]) -> bool:
    return len(runner.inputs) == len(data) and all(
        (x.shape[1:], x.dtype) == (node.shape[1:], node.dtype) for x, node in zip(data, runner.inputs, strict=True)
    )


def _hand_back(runner: Runner | None) -> None:
    if runner is not None:
        runner.commit()
