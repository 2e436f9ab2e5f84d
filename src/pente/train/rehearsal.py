"""Before the real training: a dry run of one step, and the source of a few batches that are to be overfitted."""

from collections.abc import Iterable, Iterator
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pente import tree
from pente.compiler.native import NativeTable
from pente.core.state import no_grad
from pente.core.tensor import Variable
from pente.errors import PenteError
from pente.train.callbacks import CallbackList
from pente.train.progress import numbers_text
from pente.train.snapshot import Snapshot
from pente.train.sources import ArraySource, Batch, Source
from pente.train.steps import tensors_of

if TYPE_CHECKING:
    from pente.train.loop import Loop

__all__ = ["first_batches", "rehearse"]


class FewBatches(Source):
    """The same batches in every epoch."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self.batches = list(batches)

    @property
    def steps(self) -> int:
        return len(self.batches)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        return iter(self.batches[start:])


def first_batches(source: Source, count: int) -> Source:
    """The first batches of a source that is not shuffled, the same in every epoch."""
    if isinstance(source, ArraySource):
        few = source.part(slice(0, count * source.batch_size))
        few.limit = None
        return few
    return FewBatches(islice(source.epoch(0), count))


def rehearse(model: "Loop", source: Source, validation: Source | None, callbacks: CallbackList) -> None:
    """One step of training and one of validation; print what they did, and undo it."""
    print("Dry run of one step: nothing is changed.", flush=True)
    logs = _tried(model, "train_step", source, "training")
    if validation is not None:
        logs |= {f"val_{name}": value for name, value in _tried(model, "test_step", validation, "validation").items()}
    callbacks.check(list(logs))
    if asking := [type(each).__name__ for each in callbacks.callbacks if callbacks.asks(each)]:
        _tell("callbacks", f"{', '.join(asking)}: the numbers that they ask for are there")


def _tried(model: "Loop", verb: str, source: Source, title: str) -> dict[str, float]:
    """The numbers of this step on the first batch; all Variables are as before."""
    batch = next(source.epoch(0))
    tensors, began = tensors_of(batch), perf_counter()
    changed = model._changed_by(verb, *tensors)
    before = Snapshot(dict.fromkeys([*changed, *(v for metric in model.metrics for v in metric.variables)]))
    times: list[float] = []
    try:
        for _ in range(2):
            model.reset_metrics()
            logs = {name: float(value) for name, value in model._run(verb, *tensors).items()}
            times.append(perf_counter() - began)
            before.restore()
            began = perf_counter()
        _tell(title, _shapes(model, batch))
    finally:
        before.restore()
    how = "traced, compiled and run" if model.compiled().jit else "run"
    _tell("", numbers_text(logs))
    _tell("", f"{how} in {_duration(times[0])}, once more in {_duration(times[1])}")
    if verb == "train_step":
        _tell("", _memory(model, changed))
    return logs


def _tell(title: str, line: str) -> None:
    print(f"  {title:<10}  {line}", flush=True)


def _shapes(model: "Loop", batch: Batch) -> str:
    named = zip(("x", "y", "weight"), batch, strict=True)
    parts = ", ".join(f"{name} {_described(part)}" for name, part in named if part is not None)
    try:
        with no_grad():
            outputs = model(tensors_of(batch)[0], training=False)
    except PenteError:  # a model with steps of its own need not have a call
        return parts
    return f"{parts} -> {_described(outputs)}"


def _described(part: Any) -> str:
    return ", ".join(f"{tuple(array.shape)} {array.dtype}" for array in tree.leaves(part))


def _memory(model: "Loop", changed: list[Variable]) -> str:
    own = set(model.variables)
    weights = sum(v.array.nbytes for v in own)
    state = sum(v.array.nbytes for v in changed if v not in own)
    parts = [f"weights {_bytes(weights)}", f"optimizer and metrics {_bytes(state)}"]
    program = model._recent()
    if program is not None and isinstance(program.table, NativeTable):
        parts.append(f"work {_bytes(program.table.memory.nbytes)}")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
