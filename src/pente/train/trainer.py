"""Compile, fit, evaluate, predict: the doors to the loop."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pente import optimizers, tree
from pente.autodiff.watching import Found
from pente.data.arrays import arrays
from pente.errors import UsageError
from pente.ops.random import seed_key
from pente.train.callbacks import CallbackList, History, TerminateOnNaN
from pente.train.checks import check_fit, check_outputs
from pente.train.interrupts import between_steps
from pente.train.loop import Loop, Run, numbers
from pente.train.objective import Objective
from pente.train.plan import Plan
from pente.train.progress import progress_for
from pente.train.rehearsal import first_batches, rehearse
from pente.train.sources import ArraySource, Batch, Source, require_count, source_of, split_off, weighted_by_class
from pente.train.steps import Logs, tensors_of

__all__ = ["Trainer"]


class Trainer(Loop):
    """What makes a tree of layers trainable."""

    history: History | None = None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        jit: bool = True,
        verify: bool = False,
        *,
        weighted_metrics: Any = None,
    ) -> None:
        """Say how to train: an optimizer, a loss for each output, and metrics to watch.

        ``loss`` and ``metrics`` are names, functions of (y_true, y_pred) or objects; for several outputs a list or a
        dict by the outputs' names, with ``loss_weights`` likewise. With ``jit`` the step is compiled; with ``verify``
        its first runs are compared with eager ones.
        """
        if isinstance(optimizer, type):
            raise UsageError(f"compile takes an optimizer, not its class: write {optimizer.__name__}().")
        objective = Objective(loss, metrics, weighted_metrics, loss_weights)
        check_outputs(loss, self.known_output)
        self.plan = Plan(optimizers.get(optimizer), objective, jit, verify)
        self._forget_programs()

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        *,
        overfit_batches: int | None = None,
        dry_run: bool = False,
    ) -> History:
        """Train for a number of epochs and return what became of loss and metrics.

        x and y are arrays, tensors, tables, or lists and dicts of them; or x gives batches (x, y), or can be indexed
        for samples (x, y). ``validation_split`` holds the last share of the rows back. The order of the rows is a
        function of the seed and of how many epochs were trained since ``compile``.

        ``overfit_batches`` trains on the first so many batches alone, again and again, and validates on them too: a
        model that cannot learn those cannot learn. ``dry_run`` tries one training step and one of validation, prints
        what they did, and leaves everything as it was; callbacks are not called.
        """
        self.compiled()
        require_count("epochs", epochs, least=0)
        require_count("initial_epoch", initial_epoch, least=0)
        require_count("validation_freq", validation_freq)
        seed = int(seed_key().numpy()[0]) if shuffle and overfit_batches is None else None
        source = source_of(x, y, sample_weight, batch_size=batch_size, seed=seed, steps=steps_per_epoch)
        validation = _validation(validation_data, validation_batch_size or batch_size, validation_steps)
        if validation_split:
            source, held_back = split_off(source, validation_split)
            validation = validation or held_back
        if class_weight is not None:
            source = _by_class(source, class_weight)
        if overfit_batches is not None:
            source = first_batches(source, require_count("overfit_batches", overfit_batches))
            validation = validation and source
        self._check("train_step", source)
        self._check("test_step", validation, "validation_data")
        history = History()
        steps, every = source.steps, None if validation is None else validation_freq
        listeners = [*_listed(callbacks), history, *progress_for(verbose)]
        run = CallbackList(listeners, self, epochs=epochs, steps=steps, verbose=verbose, validation_freq=every)
        self.stop_training = False
        if dry_run:
            rehearse(self, source, validation, run)
            return history
        self.history = history
        guard = next((each for each in run.callbacks if isinstance(each, TerminateOnNaN)), None)
        with between_steps() as interrupt:
            whole = Run(source, steps, validation, validation_freq, run, interrupt, guard)
            self._epochs(range(initial_epoch, epochs), whole)
        return history

    def _check(self, verb: str, source: Source | None, what: str = "") -> None:
        """Find what does not fit before the first step, where all data is at hand and the step is the usual one."""
        if isinstance(source, ArraySource) and not self._is_own(verb):
            check_fit(self, self.compiled().objective, source.data.x, source.data.y, source.rows, what)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss, or a list of loss and metrics, or with ``return_dict`` a dict of them, over all of this data."""
        self.compiled()
        source = source_of(x, y, sample_weight, batch_size=batch_size, steps=steps)
        self._check("test_step", source)
        run = CallbackList(_listed(callbacks), self, steps=source.steps, verbose=verbose)
        with between_steps() as interrupt:
            logs = self._test(source, run, interrupt)
        return _given(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The predictions for all of this data, as arrays; batch by batch, so that memory holds one batch's work."""
        run = CallbackList(_listed(callbacks), self, steps=steps, verbose=verbose)
        run("on_predict_begin")
        outputs = list(self._predictions(_batches(x, batch_size, steps), run))
        run("on_predict_end")
        if len(outputs) == 1:
            return outputs[0]
        return tree.map_leaves(lambda *parts: np.concatenate(parts), *outputs)

    # One batch.

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One training step on this batch; loss and metrics since they were last reset."""
        self.compiled()
        source = source_of(x, y, sample_weight, batch_size=2**31)
        if class_weight is not None:
            source = _by_class(source, class_weight)
        self._check("train_step", source)
        (batch,) = source.epoch(0)
        return _given(numbers(self._step(*tensors_of(batch))), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of this batch, added to those since the last reset."""
        self.compiled()
        (batch,) = source_of(x, y, sample_weight, batch_size=2**31).epoch(0)
        return _given(numbers(self._run("test_step", *tensors_of(batch))), return_dict)

    def record_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, paths: Sequence[str] = ("*",), training: bool = False
    ) -> tuple[Any, Found]:
        """The loss and the predictions of this batch, and what is computed at these paths; nothing is changed.

        Without y there is no loss, and there are no gradients.
        """
        if y is None:
            batch = Batch(arrays(x, "x"), None, None)
        else:
            self.compiled()
            source = source_of(x, y, sample_weight, batch_size=2**31)
            self._check("record_step", source)
            (batch,) = source.epoch(0)
        return self._watched("record_step", paths, *tensors_of(batch), training, keep=False)

    def predict_on_batch(self, x: Any) -> Any:
        """The predictions for this batch, as arrays."""
        outputs = self._run("predict_step", tensors_of(Batch(arrays(x, "x"), None, None))[0])
        return tree.map_leaves(lambda t: t.numpy(), outputs)


def _given(logs: Logs, return_dict: bool) -> Any:
    values = list(logs.values())
    return logs if return_dict else values[0] if len(values) == 1 else values


def _listed(callbacks: Any) -> list[Any]:
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [] if callbacks is None else [callbacks]


def _validation(given: Any, batch_size: int | None, steps: int | None) -> Source | None:
    if given is None:
        return None
    if isinstance(given, (tuple, list)):
        if not 2 <= len(given) <= 3:
            raise UsageError(f"validation_data is (x, y) or (x, y, sample_weight), got {len(given)} things.")
        return source_of(*given, batch_size=batch_size, steps=steps)
    return source_of(given, batch_size=batch_size, steps=steps)


def _by_class(source: Source, class_weight: dict[int, float]) -> Source:
    if not isinstance(source, ArraySource):
        raise UsageError("class_weight needs arrays: for batches from elsewhere let them bring a sample_weight.")
    source.data = weighted_by_class(source.data, class_weight)
    return source


def _batches(x: Any, batch_size: int | None, steps: int | None) -> Iterator[Batch]:
    """The batches to predict for: a batch of no rows where there are none."""
    shape = getattr(x, "shape", None)
    if shape and shape[0] == 0:
        return iter([Batch(arrays(x, "x"), None, None)])
    return source_of(x, batch_size=batch_size, steps=steps, check=False, ordered=True).epoch(0)
