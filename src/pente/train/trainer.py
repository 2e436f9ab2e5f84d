"""Compile, fit, evaluate, predict: the loop over batches, and the step that a batch takes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pente import optimizers, tree
from pente.autodiff.tape import GradientTape
from pente.autodiff.transforms import value_and_grad
from pente.autodiff.watching import Found, watched
from pente.compiler.jit import Compiled, Jitted
from pente.core.state import no_grad
from pente.core.tensor import Tensor, Variable
from pente.data.arrays import arrays
from pente.errors import TraceError, UsageError
from pente.layers.base import clock
from pente.ops.random import seed_key
from pente.optimizers import Optimizer
from pente.train.callbacks import CallbackList, History
from pente.train.checks import check_fit, check_outputs
from pente.train.interrupts import Interrupt, between_steps
from pente.train.objective import Objective
from pente.train.plan import Plan
from pente.train.progress import ProgressBar, progress_for
from pente.train.sources import ArraySource, Batch, Source, require_count, source_of, split_off, weighted_by_class
from pente.train.sprint import sprint
from pente.train.verify import shadowed

__all__ = ["Trainer"]

Logs = dict[str, Any]


class Trainer:
    """What makes a tree of layers trainable. It knows the tree's variables and its call, and no layer by name."""

    plan: Plan | None = None  # what compile decided
    history: History | None = None
    stop_training = False

    # Attributes whose change does not change what the model computes.
    passing: ClassVar[frozenset[str]] = frozenset({"history", "plan", "programs", "stop_training", "version"})

    if TYPE_CHECKING:

        def walk(self, path: str = "") -> Iterator[tuple[str, Any]]: ...

        @property
        def trainable_variables(self) -> list[Variable]: ...

        @property
        def variables(self) -> list[Variable]: ...

        def named_state(self) -> dict[str, Variable]: ...

        @property
        def losses(self) -> list[Any]: ...

        @property
        def known_output(self) -> Any: ...

        @property
        def output_names(self) -> list[str]: ...

        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

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

    # The step, in five verbs.

    def train_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Logs:
        """One step on one batch of tensors: it reads and assigns Variables, and does nothing else."""
        plan, variables = self.compiled(), self.trainable_variables

        def loss_and_predictions() -> tuple[Tensor, Any]:
            predictions = self(x, training=True)  # predict
            return plan.objective.loss(
                y, predictions, sample_weight, self.output_names, self.losses
            ), predictions  # loss

        backward = value_and_grad(loss_and_predictions, wrt=variables, has_aux=True)
        (loss, predictions), gradients = backward()  # backward
        plan.optimizer.apply(gradients, variables)  # step
        # reset: there is nothing to clear, since the gradients were values and are kept nowhere
        return plan.objective.watch(loss, y, predictions, sample_weight, self.output_names)

    def test_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Logs:
        """Loss and metrics of one batch, in inference mode."""
        objective = self.compiled().objective
        predictions = self(x, training=False)
        loss = objective.loss(y, predictions, sample_weight, self.output_names, self.losses)
        return objective.watch(loss, y, predictions, sample_weight, self.output_names)

    def predict_step(self, x: Any) -> Any:
        """The predictions of one batch, in inference mode."""
        with no_grad():
            return self(x, training=False)

    def record_step(self, x: Any, y: Any = None, sample_weight: Any = None, training: bool = False) -> Any:
        """The loss and the predictions of one batch, with gradients on the way where there is a loss."""
        if y is None:
            with no_grad():
                return None, self(x, training=training)
        objective = self.compiled().objective
        with GradientTape() as tape:
            predictions = self(x, training=training)
            loss = objective.loss(y, predictions, sample_weight, self.output_names, self.losses)
        tape.gradient(loss, self.trainable_variables, unconnected_gradients="none")
        return loss, predictions

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer that ``compile`` was given."""
        return self.compiled().optimizer

    def compiled(self) -> Plan:
        """How to train, which ``compile`` must have said."""
        if self.plan is None:
            raise UsageError(
                "the model does not know yet how to train. Write model.compile(optimizer='adam', loss='mse') first; "
                "for classes loss='sparse_categorical_crossentropy' and metrics=['accuracy']."
            )
        return self.plan

    # The loop.

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
    ) -> History:
        """Train for a number of epochs and return what became of loss and metrics.

        x and y are arrays, tensors, tables, or lists and dicts of them; or x gives batches (x, y), or can be indexed
        for samples (x, y). ``validation_split`` holds the last share of the rows back. The order of the rows is a
        function of the seed and of how many epochs were trained since ``compile``.
        """
        self.compiled()
        require_count("epochs", epochs, least=0)
        require_count("initial_epoch", initial_epoch, least=0)
        require_count("validation_freq", validation_freq)
        seed = int(seed_key().numpy()[0]) if shuffle else None
        source = source_of(x, y, sample_weight, batch_size=batch_size, seed=seed, steps=steps_per_epoch)
        validation = _validation(validation_data, validation_batch_size or batch_size, validation_steps)
        if validation_split:
            source, held_back = split_off(source, validation_split)
            validation = validation or held_back
        if class_weight is not None:
            source = _by_class(source, class_weight)
        self._check(source, validation)
        history = self.history = History()
        listeners = [history, *_listed(callbacks), *progress_for(verbose)]
        run = CallbackList(listeners, self, epochs=epochs, steps=source.steps, verbose=verbose)
        self.stop_training = False
        with between_steps() as interrupt:
            self._epochs(range(initial_epoch, epochs), source, validation, validation_freq, run, interrupt)
        return history

    def _epochs(
        self,
        epochs: range,
        source: Source,
        validation: Source | None,
        every: int,
        run: CallbackList,
        interrupt: Interrupt,
    ) -> None:
        """All epochs; when they are cut short the callbacks still hear of the end."""
        run("on_train_begin")
        logs: Logs = {}
        try:
            for epoch in epochs:
                run("on_epoch_begin", epoch)
                logs = self._epoch(source, run, interrupt)
                if validation is not None and (epoch + 1) % every == 0:
                    logs |= {f"val_{name}": value for name, value in self._test(validation, run, interrupt).items()}
                run("on_epoch_end", epoch, logs=logs)
                if self.stop_training:
                    break
        finally:
            run("on_train_end", logs=logs)

    def _epoch(self, source: Source, run: CallbackList, interrupt: Interrupt) -> Logs:
        """One pass over the data; the loss and the metrics of it."""
        plan = self.compiled()
        plan.objective.reset()
        bars = [callback for callback in run.callbacks if isinstance(callback, ProgressBar)]
        if isinstance(source, ArraySource) and self._undisturbed(run):
            return _numbers(sprint(self._step, self._recent, source, plan.next_epoch(), bars, interrupt))
        logs: Logs = {}
        for i, batch in enumerate(source.epoch(plan.next_epoch())):
            if i == 0 and not isinstance(source, ArraySource):
                check_fit(self, plan.objective, batch.x, batch.y, batch.rows)
            run("on_train_batch_begin", i)
            logs = self._step(*_tensors(batch))
            run("on_train_batch_end", i, logs=logs)
            for bar in bars:
                bar.on_step(i, partial(dict, logs))
            interrupt.check()
        return _numbers(logs)

    def _step(self, x: Any, y: Any, weight: Any) -> Logs:
        logs: Logs = self._run("train_step", x, y, weight)
        return logs

    def _run(self, verb: str, *batch: Any) -> Any:
        """A step as a program for this model, these shapes and dtypes; as it stands where compile said jit=False."""
        step = getattr(self, verb)
        if self.plan is not None and not self.plan.jit:
            return step(*batch)
        program = self._jitted(verb)
        with _told_of_values():
            if self.plan is not None and verb == "train_step" and self.plan.to_verify:
                self.plan.to_verify -= 1
                return shadowed(program, step, batch, self._all_variables)
            return program(*batch)

    def _watched(self, verb: str, paths: Sequence[str], *batch: Any, keep: bool = True) -> tuple[Any, Found]:
        """A step, and what it computes at these paths; without ``keep`` nothing is changed by it."""
        if any(not layer.built for _, layer in self.walk()):
            self._run("predict_step", batch[0])  # so that there are weights to watch
        names = {id(layer): path for path, layer in self.walk()}
        names |= {id(variable): path for path, variable in self.named_state().items()}
        eager = self.plan is not None and not self.plan.jit
        step = partial(watched, getattr(self, verb)) if eager else self._jitted(verb).watched
        with _told_of_values():
            found: tuple[Any, Found] = step(*paths, names=names, keep=keep)(*batch)
        return found

    def _jitted(self, verb: str) -> Jitted:
        programs: dict[str, Jitted] = vars(self).setdefault("programs", {})
        if verb not in programs:
            programs[verb] = Jitted(getattr(self, verb), version=self._version)
        return programs[verb]

    def _all_variables(self) -> list[Variable]:
        """All that a training step may change."""
        return [*self.variables, *self.compiled().variables]

    def __getstate__(self) -> dict[str, Any]:
        """What a copy takes over: everything but programs, which belong to the Variables of this model."""
        return {name: value for name, value in vars(self).items() if name not in ("programs", "version")}

    def _undisturbed(self, run: CallbackList) -> bool:
        """Whether nobody asks for anything between two steps, so that they can run by themselves."""
        plan = self.compiled()
        return plan.jit and not plan.to_verify and not run.hears("on_train_batch_begin", "on_train_batch_end")

    def _recent(self) -> Compiled | None:
        """The program of the last training step."""
        program: Jitted | None = vars(self).get("programs", {}).get("train_step")
        return None if program is None else program.recent

    def _version(self) -> Any:
        """What a program of this model depends on besides its arguments: every layer's, and the optimizer's, fields."""
        moment, layers = vars(self).get("version", (-1, ()))
        if moment != clock.now:
            layers = tuple(layer.revision for _, layer in self.walk())
            vars(self)["version"] = clock.now, layers
        plan = self.plan
        return layers if plan is None else (layers, plan.optimizer.revision, id(plan))

    def _test(self, source: Source, run: CallbackList, interrupt: Interrupt) -> Logs:
        self.reset_metrics()
        run("on_test_begin")
        logs: Logs = {}
        for i, batch in enumerate(source.epoch(0)):
            run("on_test_batch_begin", i)
            logs = self._run("test_step", *_tensors(batch))
            run("on_test_batch_end", i, logs=logs)
            interrupt.check()
        numbers = _numbers(logs)
        run("on_test_end", logs=numbers)
        return numbers

    def _check(self, *sources: Source | None) -> None:
        """Find what does not fit before the first step, where all data is at hand."""
        for source in sources:
            if isinstance(source, ArraySource):
                check_fit(self, self.compiled().objective, source.data.x, source.data.y, source.rows)

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
        self._check(source)
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
        outputs = list(self._predictions(x, batch_size, steps, run))
        run("on_predict_end")
        if len(outputs) == 1:
            return outputs[0]
        return tree.map_leaves(lambda *parts: np.concatenate(parts), *outputs)

    def _predictions(self, x: Any, batch_size: int | None, steps: int | None, run: CallbackList) -> Iterator[Any]:
        given = _empty(x)
        batches = (
            [given] if given is not None else source_of(x, batch_size=batch_size, steps=steps, check=False).epoch(0)
        )
        for i, batch in enumerate(batches):
            run("on_predict_batch_begin", i)
            yield tree.map_leaves(lambda t: t.numpy(), self._run("predict_step", _tensors(batch)[0]))
            run("on_predict_batch_end", i)

    # One batch.

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One training step on this batch; loss and metrics since they were last reset."""
        self.compiled()
        source = source_of(x, y, sample_weight, batch_size=2**31)
        if class_weight is not None:
            source = _by_class(source, class_weight)
        self._check(source)
        (batch,) = source.epoch(0)
        return _given(_numbers(self._step(*_tensors(batch))), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of this batch, added to those since the last reset."""
        self.compiled()
        (batch,) = source_of(x, y, sample_weight, batch_size=2**31).epoch(0)
        return _given(_numbers(self._run("test_step", *_tensors(batch))), return_dict)

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
            self._check(source)
            (batch,) = source.epoch(0)
        return self._watched("record_step", paths, *_tensors(batch), training, keep=False)

    def predict_on_batch(self, x: Any) -> Any:
        """The predictions for this batch, as arrays."""
        outputs = self._run("predict_step", _tensors(Batch(arrays(x, "x"), None, None))[0])
        return tree.map_leaves(lambda t: t.numpy(), outputs)

    def reset_metrics(self) -> None:
        """Let loss and metrics begin anew."""
        self.compiled().objective.reset()

    @property
    def metrics_names(self) -> list[str]:
        """The names of what ``evaluate`` returns."""
        return list(self.compiled().objective.logs())


@contextmanager
def _told_of_values() -> Iterator[None]:
    """An error that says that values are asked for while tracing also says what to do."""
    try:
        yield
    except TraceError as error:
        error.add_note("A model or a loss that looks at values runs with compile(..., jit=False).")
        raise


def _tensors(batch: Batch) -> tuple[Any, Any, Any]:
    x, y, weight = (None if part is None else tree.map_leaves(Tensor, part) for part in batch)
    return x, y, weight


def _numbers(logs: Logs) -> Logs:
    return {name: float(value) for name, value in logs.items()}


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


def _empty(x: Any) -> Batch | None:
    """A batch of no rows, where there are none."""
    shape = getattr(x, "shape", None)
    return Batch(arrays(x, "x"), None, None) if shape and shape[0] == 0 else None
