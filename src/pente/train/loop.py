"""The loop over epochs and batches, and who is told of what between them."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import isfinite
from typing import Any, NamedTuple

from pente import tree
from pente.train.callbacks import CallbackList, TerminateOnNaN
from pente.train.checks import check_fit
from pente.train.foothold import Foothold, loss_of
from pente.train.interrupts import Interrupt
from pente.train.sources import ArraySource, Batch, Source
from pente.train.sprint import sprint
from pente.train.steps import Logs, Steps, tensors_of

__all__ = ["Loop", "Run", "numbers"]


class Run(NamedTuple):
    """One fit: what it trains and validates on, and who listens."""

    source: Source
    steps: int | None  # of an epoch, where that is known
    validation: Source | None
    every: int  # epochs from one validation to the next
    callbacks: CallbackList
    interrupt: Interrupt
    guard: TerminateOnNaN | None

    def between(self, model: Steps, step: int, logs: Callable[[], Mapping[str, Any]]) -> bool:
        """Between two steps: those who want to look; whether to go on."""
        self.callbacks.look(step, logs)
        self.interrupt.check()
        return not model.stop_training


class Loop(Steps):
    """A model that goes through data."""

    def _epochs(self, epochs: range, run: Run) -> None:
        """All epochs; when they are cut short the callbacks still hear of the end."""
        callbacks, logs, error = run.callbacks, Logs(), None
        try:
            callbacks.begin()
            if callbacks.hears("check"):
                callbacks.check(self._promised(run.validation))
            for epoch in epochs:
                callbacks("on_epoch_begin", epoch)
                logs = self._epoch(epoch, run)
                if run.validation is not None and (epoch + 1) % run.every == 0 and not _is_lost(logs, run):
                    logs |= {f"val_{k}": v for k, v in self._test(run.validation, callbacks, run.interrupt).items()}
                logs |= callbacks("on_epoch_end", epoch, logs=logs)
                if self.stop_training:
                    break
        except BaseException as raised:
            error = raised
            raise
        finally:
            callbacks.end(logs, error)

    def _promised(self, validation: Source | None) -> list[str]:
        """The numbers that each epoch will give, where that is known: what a step of the user's gives is not."""
        objective = self.compiled().objective
        if not objective.outputs or self._is_own("train_step"):
            return []
        names = list(objective.logs())
        return names if validation is None else [*names, *(f"val_{name}" for name in names)]

    def _epoch(self, epoch: int, run: Run) -> Logs:
        """One pass over the data; the loss and the metrics of it."""
        number, start = run.source.begin(self.compiled().next_epoch(), epoch)
        self.reset_metrics()
        steps, rows, logs = start, 0, Logs()
        if isinstance(run.source, ArraySource) and run.source.at_hand and self._undisturbed(run.callbacks):
            steps, logs = self._sprint(run.source, number, start, run)
            rows = min(steps * run.source.batch_size, run.source.rows)
        if (steps == start or steps != run.steps) and not self.stop_training:
            steps, rows, logs = self._each_step(epoch, number, steps, run)
        run.callbacks.trained(steps, rows)
        return numbers(logs)

    def _sprint(self, source: ArraySource, number: int, start: int, run: Run) -> tuple[int, Logs]:
        """The steps by themselves. Where a number stops being finite they go back to where all were."""
        foothold = None
        if run.guard is not None:
            first = next(source.epoch(number))
            foothold = Foothold(self._changed_by("train_step", *tensors_of(first)), self.variables, start)
        return sprint(self._step, self._program, source, (number, start), partial(run.between, self), foothold)

    def _each_step(self, epoch: int, number: int, start: int, run: Run) -> tuple[int, int, Logs]:
        """The steps from this one on, with everybody told of each."""
        source, callbacks, guard = run.source, run.callbacks, run.guard
        step, logs = start - 1, Logs()
        rows = start * source.batch_size if isinstance(source, ArraySource) else 0
        for step, batch in enumerate(source.epoch(number, start), start):
            if step == start and not isinstance(source, ArraySource) and not self._is_own("train_step"):
                check_fit(self, self.compiled().objective, batch.x, batch.y, batch.rows)
            callbacks("on_train_batch_begin", step)
            tensors = tensors_of(batch)
            if guard is not None:
                guard.before_step(step, tensors, partial(self._changed_by, "train_step", *tensors))
            logs = self._step(*tensors)
            source.reached(step + 1)
            rows += batch.rows
            if guard is not None:
                guard.after_step(epoch, logs, partial(_rows_of, source, number))
            callbacks("on_train_batch_end", step, logs=logs)
            if not run.between(self, step, partial(dict, logs)):
                break
        return step + 1, rows, logs

    def _undisturbed(self, callbacks: CallbackList) -> bool:
        """Whether nobody asks for anything between two steps, so that they can run by themselves."""
        plan = self.compiled()
        return plan.jit and not plan.to_verify and not callbacks.hears("on_train_batch_begin", "on_train_batch_end")

    def _test(self, source: Source, callbacks: CallbackList, interrupt: Interrupt) -> Logs:
        self.reset_metrics()
        callbacks("on_test_begin")
        logs = Logs()
        for i, batch in enumerate(source.epoch(0)):
            callbacks("on_test_batch_begin", i)
            logs = self._run("test_step", *tensors_of(batch))
            callbacks("on_test_batch_end", i, logs=logs)
            interrupt.check()
        whole = numbers(logs)
        callbacks("on_test_end", logs=whole)
        return whole

    def _predictions(self, batches: Iterator[Batch], callbacks: CallbackList) -> Iterator[Any]:
        for i, batch in enumerate(batches):
            callbacks("on_predict_batch_begin", i)
            yield tree.map_leaves(lambda t: t.numpy(), self._run("predict_step", tensors_of(batch)[0]))
            callbacks("on_predict_batch_end", i)


def numbers(logs: Mapping[str, Any]) -> Logs:
    """The numbers of a step as plain ones."""
    return {name: float(value) for name, value in logs.items()}


def _is_lost(logs: Logs, run: Run) -> bool:
    """Whether training was ended because of this loss."""
    return run.guard is not None and not isfinite(loss_of(logs))


def _rows_of(source: Source, number: int, step: int) -> Any:
    """Which rows of the data a batch has: their numbers, where they are known."""
    if not isinstance(source, ArraySource):
        return None
    size = source.batch_size
    return source.numbers(number)[step * size : (step + 1) * size]
