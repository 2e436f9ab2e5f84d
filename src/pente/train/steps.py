"""The step that a batch takes: its five verbs, how it is compiled, and how it is watched."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from operator import is_
from typing import TYPE_CHECKING, Any, ClassVar

from pente import tree
from pente.autodiff.tape import GradientTape
from pente.autodiff.transforms import value_and_grad
from pente.autodiff.watching import Found, watched
from pente.compiler.capture import capture
from pente.compiler.jit import Compiled, Jitted
from pente.core.node import Spec
from pente.core.state import no_grad
from pente.core.tensor import Tensor, Variable
from pente.errors import TraceError, UsageError
from pente.layers.base import clock
from pente.layers.structure import held
from pente.metrics import Metric
from pente.optimizers import Optimizer
from pente.train.plan import Plan
from pente.train.sources import Batch
from pente.train.verify import shadowed

__all__ = ["Logs", "Steps", "tensors_of"]

Logs = dict[str, Any]
TRACED = ("programs", "sketches")  # what a model keeps of its traces


@dataclass(frozen=True)
class Moment:
    """What a model consists of, and what stands in its lists and dicts of layers, as long as the clock stands still."""

    now: int
    revisions: tuple[Any, ...]
    holders: list[tuple[Any, tuple[Any, ...]]]
    optimizers: list[Optimizer]

    def lasts(self) -> bool:
        """Whether all is as it was."""
        return self.now == clock.now and all(_same(held(holder), items) for holder, items in self.holders)


def _same(items: tuple[Any, ...], before: tuple[Any, ...]) -> bool:
    return len(items) == len(before) and all(map(is_, items, before))


class Steps:
    """What happens with one batch. It knows the tree's variables and its call, and no layer by name."""

    plan: Plan | None = None  # what compile decided
    stop_training = False

    # Attributes whose change does not change what the model computes.
    passing: ClassVar[frozenset[str]] = frozenset(
        {"history", "plan", "programs", "sketches", "stop_training", "version"}
    )

    if TYPE_CHECKING:

        def walk(self, path: str = "") -> Iterator[tuple[str, Any]]: ...

        @property
        def trainable_variables(self) -> list[Variable]: ...

        @property
        def variables(self) -> list[Variable]: ...

        def named_state(self) -> dict[str, Variable]: ...

        seen: bool

        def keep_values(self) -> None: ...

        @property
        def losses(self) -> list[Any]: ...

        @property
        def known_output(self) -> Any: ...

        @property
        def output_names(self) -> list[str]: ...

        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    # The step, in five verbs.

    def train_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Logs:
        """One step on one batch of tensors: it reads and assigns Variables, and does nothing else.

        Override it for a step of your own, which returns the numbers to show: as ``train_step(self, x, y)``, with a
        third argument for the weights of the samples, or as in Keras as ``train_step(self, data)``, where ``data`` is
        x, (x, y) or (x, y, sample_weight). It is compiled unless ``compile`` was told ``jit=False``.
        """
        plan, variables = self.compiled(), self.trained_variables()

        def loss_and_predictions() -> tuple[Tensor, Any]:
            predictions = self(x, training=True)  # predict
            return self.compute_loss(x, y, predictions, sample_weight), predictions  # loss

        backward = value_and_grad(loss_and_predictions, wrt=variables, has_aux=True)
        (loss, predictions), gradients = backward()  # backward
        plan.optimizer.apply(gradients, variables)  # step
        # reset: there is nothing to clear, since the gradients were values and are kept nowhere
        return plan.objective.watch(loss, y, predictions, sample_weight, self.output_names)

    def trained_variables(self) -> list[Variable]:
        """The variables that a step changes."""
        return self.trainable_variables

    def test_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Logs:
        """Loss and metrics of one batch, in inference mode."""
        objective = self.compiled().objective
        predictions = self(x, training=False)
        loss = self.compute_loss(x, y, predictions, sample_weight, training=False)
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
        self.compiled()
        with GradientTape() as tape:
            predictions = self(x, training=training)
            loss = self.compute_loss(x, y, predictions, sample_weight, training)
        tape.gradient(loss, self.trainable_variables, unconnected_gradients="none")
        return loss, predictions

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The number that training makes small: the losses that ``compile`` was given, and what the layers add.

        Override it for a loss that needs more than y and the predictions.
        """
        return self.compiled().objective.loss(y, y_pred, sample_weight, self.output_names, self.losses)

    # What belongs to it.

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer that ``compile`` was given."""
        return self.compiled().optimizer

    @property
    def metrics(self) -> list[Metric]:
        """What is counted over an epoch: the loss, the metrics of ``compile``, and those in attributes of the model.

        Override it to say which metrics a step of your own has.
        """
        own = [value for value in vars(self).values() if isinstance(value, Metric)]
        objective = None if self.plan is None else self.plan.objective
        return own if objective is None else [objective.total, *objective.metrics().values(), *own]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what ``evaluate`` returns."""
        return list(self.compiled().objective.logs())

    def reset_metrics(self) -> None:
        """Let loss and metrics begin anew."""
        for metric in {id(metric): metric for metric in (*self.compiled().objective.counted(), *self.metrics)}.values():
            metric.reset_state()

    def compiled(self) -> Plan:
        """How to train, which ``compile`` must have said."""
        if self.plan is None:
            raise UsageError(
                "the model does not know yet how to train. Write model.compile(optimizer='adam', loss='mse') first; "
                "for classes loss='sparse_categorical_crossentropy' and metrics=['accuracy']."
            )
        return self.plan

    # How it runs.

    def _step(self, x: Any, y: Any, weight: Any) -> Logs:
        logs: Logs = self._run("train_step", x, y, weight)
        return logs

    def _run(self, verb: str, *batch: Any) -> Any:
        """A step as a program for this model, these shapes and dtypes; as it stands where compile said jit=False."""
        step = self._form(verb)
        if self.plan is not None and not self.plan.jit:
            return step(*batch)
        program = self._jitted(verb)
        with _told_of_values():
            if self.plan is not None and verb == "train_step" and self.plan.to_verify:
                self.plan.to_verify -= 1
                return shadowed(program, step, batch, self._all_variables)
            result = program(*batch)
        self._keep_values()
        return result

    def _watched(self, verb: str, paths: Sequence[str], *batch: Any, keep: bool = True) -> tuple[Any, Found]:
        """A step, and what it computes at these paths; without ``keep`` nothing is changed by it."""
        if not self._is_own(verb) and any(not layer.built for _, layer in self.walk()):
            self._run("predict_step", batch[0])  # so that there are weights to watch
        names = {id(layer): path for path, layer in self.walk()}
        names |= {id(variable): path for path, variable in self.named_state().items()}
        eager = self.plan is not None and not self.plan.jit
        step = partial(watched, self._form(verb)) if eager else self._jitted(verb).watched
        with _told_of_values():
            found: tuple[Any, Found] = step(*paths, names=names, keep=keep)(*batch)
        self._keep_values()
        return found

    def _keep_values(self) -> None:
        if not self.seen:  # a program computes with the weights, and the layers do not notice
            self.keep_values()

    def _changed_by(self, verb: str, *batch: Any) -> list[Variable]:
        """The Variables that this step assigns; those that it makes are there from now on."""
        if self.compiled().jit:
            return list(self._jitted(verb).lower(*batch).assigned)
        items, structure = tree.flatten(list(batch))
        places = [i for i, item in enumerate(items) if item is not None]

        def step(*given: Any) -> Any:
            whole = dict(zip(places, given, strict=True))
            return self._form(verb)(*tree.unflatten(structure, [whole.get(i) for i in range(len(items))]))

        try:
            specs = [Spec(items[i].shape, items[i].dtype) for i in places]
            return list(capture(step, specs, [""] * len(specs)).graph.assigned)
        except TraceError:  # a step that looks at values can only be run
            self.compiled().optimizer.build(self.trainable_variables)
            return self._all_variables()

    def _form(self, verb: str) -> Callable[..., Any]:
        """The step as it is now, called with x, y and the weights of the samples whichever form it has."""
        step = getattr(self, verb)
        return partial(_in_its_form, step, verb) if verb in ("train_step", "test_step") else step

    def _is_own(self, verb: str) -> bool:
        """Whether the user wrote this step."""
        return getattr(getattr(self, verb), "__func__", None) is not getattr(Steps, verb)

    def _jitted(self, verb: str) -> Jitted:
        programs: dict[str, Jitted] = vars(self).setdefault("programs", {})
        if verb not in programs:
            programs[verb] = Jitted(lambda *batch: self._form(verb)(*batch), version=self._version)
        return programs[verb]

    def _recent(self) -> Compiled | None:
        """The program of the last training step."""
        program: Jitted | None = vars(self).get("programs", {}).get("train_step")
        return None if program is None else program.recent

    def _program(self, before: Callable[[], None], *batch: Any) -> Compiled:
        """The program of a training step on batches like this; ``before`` is called where it has to be traced."""
        jitted = self._jitted("train_step")
        program = jitted.known(*batch)
        if program is None:
            before()
            with _told_of_values():
                program = jitted.compiled(*batch)
        self._keep_values()
        return program

    def _all_variables(self) -> list[Variable]:
        """All that a training step may change."""
        optimizers = [v for optimizer in self._own_optimizers() for v in optimizer.variables]
        metrics = [v for metric in self.metrics for v in metric.variables]
        return list(dict.fromkeys([*self.variables, *self.compiled().variables, *optimizers, *metrics]))

    def _own_optimizers(self) -> list[Optimizer]:
        """Optimizers in attributes, for a step of the user's that has several."""
        return [value for value in vars(self).values() if isinstance(value, Optimizer)]

    def _version(self) -> Any:
        """What a program of this model depends on besides its arguments: the layers, their fields, the optimizers'."""
        moment: Moment | None = vars(self).get("version")
        if moment is None or not moment.lasts():
            layers = [layer for _, layer in self.walk()]
            holders = [(holder, held(holder)) for layer in layers for holder in layer.holders()]
            listed = (item for _, items in holders for item in items)
            revisions = tuple(getattr(part, "revision", None) for part in (*layers, *listed))
            moment = vars(self)["version"] = Moment(clock.now, revisions, holders, self._own_optimizers())
        plan, revisions, own = self.plan, moment.revisions, moment.optimizers
        if plan is None:
            return revisions
        return revisions, plan.optimizer.revision, *(each.revision for each in own)

    def _forget_programs(self) -> None:
        """Let go of what was traced for another plan: its loss and its optimizer's Variables are in it."""
        for name in TRACED:
            vars(self).pop(name, None)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy takes over: everything but programs, which belong to the Variables of this model."""
        return {name: value for name, value in vars(self).items() if name not in (*TRACED, "version")}


@contextmanager
def _told_of_values() -> Iterator[None]:
    """An error that says that values are asked for while tracing also says what to do."""
    try:
        yield
    except TraceError as error:
        error.add_note("A model or a loss that looks at values runs with compile(..., jit=False).")
        raise


def _in_its_form(step: Callable[..., Any], verb: str, x: Any, y: Any = None, weight: Any = None) -> Logs:
    """A step on a batch, in the form that it takes: (x, y, sample_weight), (x, y), or as in Keras all of it in one."""
    kinds = [parameter.kind for parameter in inspect.signature(step).parameters.values()]
    named = sum(kind.name.startswith("POSITIONAL") for kind in kinds)
    takes = 3 if inspect.Parameter.VAR_POSITIONAL in kinds else named
    if takes == 1:
        logs = step(x if y is None else (x, y) if weight is None else (x, y, weight))
    elif takes == 2:
        if weight is not None:
            raise UsageError(f"{verb}(self, x, y) has no place for sample_weight: write {verb}(self, x, y, weight).")
        logs = step(x, y)
    else:
        logs = step(x, y, weight)
    return _numbered(verb, logs)


def _numbered(verb: str, logs: Any) -> Logs:
    """What a step returned, which has a number under each name."""
    if not isinstance(logs, Mapping):
        raise UsageError(
            f"{verb} returns the numbers to show by their names, {{'loss': loss}}, and it gave {type(logs).__name__}."
        )
    for name, value in logs.items():
        if getattr(value, "size", 1) != 1 or isinstance(value, (Mapping, str)) or value is None:
            what = f"shape {value.shape}" if hasattr(value, "shape") else type(value).__name__
            raise UsageError(f"{verb} gave {name!r} as {what}, and one number is wanted: take its mean().")
    return dict(logs)


def tensors_of(batch: Batch) -> tuple[Any, Any, Any]:
    """x, y and weights as tensors."""
    x, y, weight = (None if part is None else tree.map_leaves(Tensor, part) for part in batch)
    return x, y, weight
