"""What all optimizers share: two pure functions over trees, and the user's door over them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field
from functools import cache
from operator import is_
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pente import dtypes, schedules, tree
from pente.config import Configured
from pente.core import primitives as p
from pente.core.state import layer_path, no_grad
from pente.core.state import state as thread
from pente.core.tensor import Handle, Variable
from pente.errors import UsageError
from pente.ops.creation import zeros_like
from pente.ops.lifting import lift
from pente.optimizers.clipping import clipping
from pente.optimizers.segments import WHOLE, Segment, as_segment, segment_of, warn_of_idle
from pente.optimizers.settings import SCHEDULED, check, check_arguments, elsewhere
from pente.optimizers.slots import Slots
from pente.optimizers.targets import paired, variables_of

__all__ = ["Optimizer"]

Array = Any  # a Tensor while a function is traced, a plain NumPy array otherwise: the formulas are the same
State = dict[str, Any]
Schedule = Callable[[Any], Any]
RATES = ("learning_rate", "weight_decay")


@dataclass(eq=False, repr=False)
class Optimizer(Configured):
    """The base of all optimizers.

    One of your own names its ``slots`` and gives the formula for one weight, ``rule``. ``init`` and ``update`` are pure
    functions over lists; ``apply`` and ``step`` change the Variables of a model.

    ``learning_rate`` is a number, or a schedule: any function of the step. So may be weight_decay, momentum, rho and
    the betas; each shows its present value. With ``weight_decay`` every weight also shrinks by learning_rate ·
    weight_decay of itself. ``clipvalue``, ``clipnorm`` (each gradient) or ``global_clipnorm`` (all together) hold the
    gradients to a size. ``segments`` says by path, with * as wildcard, what parts of the model differ:
    ``{"*/bias": Segment(decay=0.0), "backbone/*": Segment(rate=0.1)}``; the first that fits holds.

    >>> import pente
    >>> class SignDescent(pente.optimizers.Optimizer):
    ...     def rule(self, grad, weight, rate):
    ...         return (weight - rate * grad / abs(grad),)
    >>> w = pente.Variable([1.0, 2.0], name="w")
    >>> SignDescent(0.5).apply([pente.tensor([3.0, -4.0])], [w])
    >>> w.numpy().tolist()
    [0.5, 2.5]
    """

    learning_rate: Any = 0.01
    _: KW_ONLY
    weight_decay: Any = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    segments: Mapping[str, Segment] | None = None
    name: str = "optimizer"

    if TYPE_CHECKING:
        iterations: Variable = field(init=False)
        changes: int = field(init=False)
        schedules: dict[str, Schedule] = field(init=False)
        _slots: Slots = field(init=False)

    def __new__(cls, *given: Any, **options: Any) -> Self:
        check_arguments(cls, given, options)
        made = super().__new__(cls)
        # Here and not in __init__, which sets the fields one by one: __setattr__ needs these from the first on.
        slots = Slots(options.get("name", "optimizer"))
        made.__dict__.update(changes=0, schedules={}, iterations=slots.cell("iterations", np.int64(0)), _slots=slots)
        return made

    def __post_init__(self) -> None:
        ways = [name for name in clipping if getattr(self, name) is not None]
        if len(ways) > 1:
            raise UsageError(f"an optimizer clips in one way, and got {' and '.join(ways)}: keep one of them.")
        if self.segments:  # read-only, because a change inside would not raise the revision
            self.segments = MappingProxyType({path: as_segment(path, given) for path, given in self.segments.items()})

    def __getstate__(self) -> dict[str, Any]:
        """What a copy takes over; a read-only table can be copied only as a plain one."""
        segments = self.__dict__.get("segments")
        return {**self.__dict__, "segments": dict(segments)} if segments else self.__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        segments = state.get("segments")
        self.__dict__.update(state, **{"segments": MappingProxyType(segments)} if segments else {})

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__} has no {name}{elsewhere(name)}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Assign where a Variable is held; any other change raises ``revision``, which is part of the compile key."""
        if name not in self.__dict__ and elsewhere(name):
            raise UsageError(f"{type(self).__name__} has no {name}{elsewhere(name)}")
        check(name, value)
        if name in SCHEDULED:
            self._set_number(name, value)
        elif name == "schedule":
            object.__setattr__(self, name, value)  # a property
        else:
            if name == "name":
                self._slots.rename(value)
            self.__dict__[name] = value
            self.__dict__["changes"] += 1

    def _set_number(self, name: str, value: Any) -> None:
        """A number that may follow a schedule. It is a Variable while it does, and the rates always are."""
        value = schedules.get(value) if isinstance(value, Mapping) else value
        followed, held = self.schedules.pop(name, None), self.__dict__.get(name)
        if followed is not None and name == "learning_rate" and not callable(value):
            self.schedules[name] = followed
            raise UsageError("the learning rate follows a schedule. To set it by hand write opt.schedule = None first.")
        if callable(value):
            self.schedules[name] = value
            value = float(value(self.iterations.read()))
        moves = name in RATES or name in self.schedules
        if moves and isinstance(held, Variable) and value is not None:
            held.assign(value)
        else:
            moves = moves and value is not None
            self.__dict__[name] = self._slots.cell(_place(name), np.float32(float(value))) if moves else value
            self.__dict__["changes"] += 1
        if followed is not self.schedules.get(name):
            self.__dict__["changes"] += 1

    @property
    def schedule(self) -> Schedule | None:
        """The schedule of the learning rate; set it to None, and the rate stays where it is."""
        return self.schedules.get("learning_rate")

    @schedule.setter
    def schedule(self, schedule: Schedule | None) -> None:
        if schedule is not None:
            self.learning_rate = schedule
        elif self.schedules.pop("learning_rate", None) is not None:
            self.__dict__["changes"] += 1

    @property
    def revision(self) -> int:
        """How often a setting was changed that programs are compiled with, here or inside: a part of their key."""
        return sum(optimizer.changes for optimizer in self.nested())

    def uses(self, name: str) -> bool:
        """Whether a setting is there: a number other than 0, or one that follows a schedule."""
        return name in self.schedules or bool(getattr(self, name))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, as plain numbers; the state is not among them."""
        config = super().get_config()
        for name in RATES:
            if isinstance(config[name], Variable):
                config[name] = float(str(config[name].numpy()))  # the shortest number that is this float32: 0.001
        config |= self.schedules
        if self.segments:
            config["segments"] = {path: asdict(segment) for path, segment in self.segments.items()}
        return config

    # The mathematics: pure, on lists of tensors or of plain arrays.

    @property
    def slots(self) -> tuple[str, ...]:
        """What is kept for each weight, beside the weight itself."""
        return ()

    def start(self, slot: str, weight: Any) -> Any:
        """What fills the slot of a weight before the first step: a number, or numbers of the weight's shape."""
        return 0.0

    def pace(self, rate: Array, step: Array) -> Any:
        """The learning rate as the rule wants it at this step, counted from 1; a rule may want several numbers."""
        return rate

    def rule(self, grad: Array, weight: Array, pace: Any, *slots: Array) -> tuple[Array, ...]:
        """The new weight and the new slots of one weight."""
        raise NotImplementedError(f"{type(self).__name__} has no rule(grad, weight, pace, *slots)")

    def init(self, params: Sequence[Array]) -> State:
        """The state before the first step: the counter, the rates, and for each slot a list of tensors."""
        return {**self._kept(params), "iterations": lift(np.int64(0))}

    def _kept(self, params: Sequence[Array]) -> State:
        numbers = {name: cell.read() for name, cell in self._numbers.items()}
        return numbers | {slot: [zeros_like(w) + self.start(slot, w) for w in params] for slot in self.slots}

    def update(
        self, grads: Sequence[Array], params: Sequence[Array], state: State, paths: Sequence[str] = ()
    ) -> tuple[list[Array], State]:
        """One step: the new parameters and the new state.

        In this order: the gradients are clipped, the weights decay, the rule is followed. ``paths`` are those of the
        parameters, one for each, by which segments are told; or none.
        """
        if thread.tracers:
            thread.tracers[-1].use(self)
        state = {**state, **self._followed(state["iterations"]), "iterations": state["iterations"] + 1}
        moment = cache(lambda rate, dtype: self._moment(state, rate, dtype))
        results = []
        for i, (grad, weight) in enumerate(zip(self._clipped(grads, params), params, strict=True)):
            segment = segment_of(paths[i], self.segments) if paths and self.segments else WHOLE
            now, pace = moment(segment.rate, weight.dtype)
            weight = self._decayed(weight, state, segment)
            results.append(now.rule(grad, weight, pace, *[state[slot][i] for slot in self.slots]))
        new = {slot: [r[k] for r in results] for k, slot in enumerate(self.slots, 1)}
        return [r[0] for r in results], {**state, **new}

    def done(self, state: State) -> Array:
        """How many updates were made."""
        return state["iterations"]

    def _followed(self, step: Array) -> State:
        """What the schedules say at this step, counted from 0."""
        found = {_place(name): _cast(lift(s(lift(step))), dtypes.float32) for name, s in self.schedules.items()}
        return found if isinstance(step, Handle) else {name: x.data for name, x in found.items()}

    def _moment(self, state: State, rate: float, dtype: dtypes.DType) -> tuple[Self, Any]:
        """The optimizer as it is at this step, and its pace, for weights of a dtype that learn at ``rate`` times."""
        numbers = {name: state[_place(name)] for name in self.schedules}
        pace = self._with(numbers).pace(_scaled(state["learning_rate"], rate), state["iterations"])
        now = self._with({name: _cast(x, dtype) for name, x in numbers.items()})
        return now, tree.map_leaves(lambda x: _cast(x, dtype), pace)

    def _with(self, numbers: State) -> Self:
        """A view of this optimizer for the rule, in which these settings are numbers."""
        if not numbers:
            return self
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__, **numbers)
        return view

    def _clipped(self, grads: Sequence[Array], params: Sequence[Array]) -> Sequence[Array]:
        grads = [_cast(g, w.dtype) for g, w in zip(grads, params, strict=True)]
        for name, clip in clipping.items():
            bound = getattr(self, name)
            grads = grads if bound is None else clip(grads, bound)
        return grads

    def _decayed(self, weight: Array, state: State, segment: Segment) -> Array:
        if "weight_decay" not in state or segment.decay == 0:
            return weight
        share = _scaled(state["learning_rate"] * state["weight_decay"], segment.rate * segment.decay)
        return weight - weight * _cast(share, weight.dtype)

    # The user's door.

    def apply(self, grads: Any, model: Any = None) -> None:
        """Change the trainable Variables of a model, or of a list of Variables, by these gradients.

        The gradients stand in the order of the Variables; that of a frozen one is left aside. Raises GradientError
        where one is None.

        >>> import pente
        >>> w = pente.Variable(2.0, name="w")
        >>> pente.optimizers.SGD(0.1).apply([pente.tensor(5.0)], [w])
        >>> w.numpy().item()
        1.5
        """
        if model is None or hasattr(grads, "trainable_variables"):
            raise UsageError("apply takes the gradients and then the model: write opt.apply(grads, model).")
        self._advance(*paired(grads, model))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Change Variables by pairs (gradient, Variable), as in Keras; returns the count of steps.

        >>> import pente
        >>> w = pente.Variable(2.0, name="w")
        >>> opt = pente.optimizers.SGD(0.1)
        >>> opt.apply_gradients(zip([pente.tensor(5.0)], [w])).numpy().item()
        1
        """
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self.iterations

    def step(self, model: Any = None) -> None:
        """Change the Variables of a model by the gradients that backward() left in them.

        >>> import pente
        >>> w = pente.Variable(2.0, name="w")
        >>> (w * w).backward()
        >>> pente.optimizers.SGD(0.1).step([w]); w.numpy().item()
        1.6
        """
        if model is None:
            raise UsageError("an optimizer of Pente does not hold the weights: write opt.step(model).")
        variables = [v for v in variables_of(model) if v.trainable]
        self.apply([v.grad for v in variables], variables)

    def build(self, model: Any) -> None:
        """Make the slots now, and not at the first step: before a checkpoint is read, say."""
        self.cells(variables_of(model))

    @property
    def variables(self) -> list[Variable]:
        """All that the optimizer keeps: counter, rates, and slots; the names are paths."""
        return [*self._numbers.values(), *self._slots.cells.values()]

    def named_state(self, paths: Mapping[Variable, str]) -> dict[str, Variable]:
        """What this optimizer itself keeps for weights of these paths: counter, rates, and their slots, by name."""
        return {str(cell.name): cell for cell in self._numbers.values()} | self._slots.named(paths)

    @property
    def _numbers(self) -> dict[str, Variable]:
        """The counter, the rates, and the other settings that follow a schedule."""
        found = {_place(name): self.__dict__.get(name) for name in SCHEDULED}
        cells = {name: cell for name, cell in found.items() if isinstance(cell, Variable)}
        return {"iterations": self.iterations, **cells}

    def cells(self, variables: Sequence[Variable]) -> State:
        """The Variables in which the state for these weights is kept, built as the state is; made where missing."""
        if self.segments:
            warn_of_idle(self.segments, [v.name or "" for v in variables])
        return self._own_cells(variables)

    def _own_cells(self, variables: Sequence[Variable]) -> State:
        found = {slot: [self._slots.of(v, slot, self.start) for v in variables] for slot in self.slots}
        return {**self._numbers, **found}

    def nested(self) -> list["Optimizer"]:
        """This optimizer and, where it is a wrapper, those inside."""
        return [self]

    def _advance(self, grads: list[Any], variables: list[Variable]) -> None:
        """One step: into the trace where there is one, otherwise on plain arrays, in a quarter of the time."""
        if thread.tracers:
            thread.tracers[-1].use(self)
            with no_grad(), layer_path(self.name):
                self._move(grads, variables, lift, Variable.assign)
        else:
            with np.errstate(all="ignore"):
                self._move(grads, variables, _array, _replace)

    def _move(self, grads: list[Any], variables: list[Variable], read: Any, write: Any) -> None:
        cells, structure, paths = self._layout(variables)
        old = list(map(read, cells))
        state = tree.unflatten(structure, old)
        params, new = self.update(list(map(read, grads)), list(map(read, variables)), state, paths)
        for variable, value in zip(variables, params, strict=True):
            write(variable, value)
        for cell, before, value in zip(cells, old, tree.leaves(new), strict=True):
            if value is not before:
                write(cell, value)

    def _layout(self, variables: list[Variable]) -> tuple[list[Variable], tree.Structure, list[str]]:
        """The cells of these weights in a row, how they are put together, and the paths: mostly as in the last step."""
        revision, known, found = self._slots.layout
        if revision != self.revision or len(known) != len(variables) or not all(map(is_, known, variables)):
            found = (*tree.flatten(self.cells(variables)), [v.name or "" for v in variables])
            self._slots.layout = self.revision, list(variables), found
        layout: tuple[list[Variable], tree.Structure, list[str]] = found
        return layout


def _place(name: str) -> str:
    """Where the Variable of a setting is found: "momentum" alone would be the place of a slot."""
    return name if name in RATES else f"scheduled/{name}"


def _cast(x: Array, dtype: dtypes.DType) -> Array:
    return x if x.dtype == dtype else p.cast(x, dtype=dtype)


def _scaled(rate: Array, scale: float) -> Array:
    return rate if scale == 1.0 else rate * scale


def _array(x: Any) -> Any:
    return x.data if isinstance(x, Handle) else np.asarray(x)


def _replace(variable: Variable, array: Any) -> None:
    if thread.watch is not None:
        variable.leaf()  # it is told the value before
    variable.replace(np.asarray(array))
