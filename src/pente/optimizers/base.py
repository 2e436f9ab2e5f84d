"""What all optimizers share: two pure functions over trees, and the user's door over them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pente import dtypes
from pente.config import Configured
from pente.core import primitives as p
from pente.core.state import layer_path, no_grad
from pente.core.state import state as thread
from pente.core.tensor import Handle, Variable
from pente.errors import UsageError
from pente.ops.creation import zeros_like
from pente.ops.lifting import lift
from pente.optimizers.clipping import clipping
from pente.optimizers.segments import WHOLE, Segment, as_segment, segments_of
from pente.optimizers.settings import check, check_arguments
from pente.optimizers.slots import Slots
from pente.optimizers.targets import paired, variables_of

__all__ = ["Optimizer"]

Array = Any  # a Tensor while a function is traced, a plain NumPy array otherwise: the formulas are the same
State = dict[str, Any]
RATES = ("learning_rate", "weight_decay")


@dataclass(eq=False, repr=False)
class Optimizer(Configured):
    """The base of all optimizers.

    One of your own names its ``slots`` and gives the formula for one weight, ``rule``. ``init`` and ``update`` are pure
    functions over lists; ``apply`` and ``step`` change the Variables of a model.

    ``learning_rate`` is a number, or a schedule: any function of the step. With ``weight_decay`` every weight also
    shrinks by learning_rate · weight_decay of itself. ``clipvalue``, ``clipnorm`` (each gradient) or
    ``global_clipnorm`` (all together) hold the gradients to a size. ``segments`` says by path, with * as wildcard, what
    parts of the model differ: ``{"*/bias": Segment(decay=0.0), "backbone/*": Segment(rate=0.1)}``; the first that fits
    holds.

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
        revision: int = field(init=False)
        schedule: Callable[[Any], Any] | None = field(init=False)
        _slots: Slots = field(init=False)

    def __new__(cls, *given: Any, **options: Any) -> Self:
        check_arguments(cls, given, options)
        made = super().__new__(cls)
        # Here and not in __init__, which sets the fields one by one: __setattr__ needs these from the first on.
        slots = Slots(options.get("name", "optimizer"))
        made.__dict__.update(revision=0, schedule=None, iterations=slots.cell("iterations", np.int64(0)), _slots=slots)
        return made

    def __post_init__(self) -> None:
        ways = [name for name in clipping if getattr(self, name) is not None]
        if len(ways) > 1:
            raise UsageError(f"an optimizer clips in one way, and got {' and '.join(ways)}: keep one of them.")
        if self.segments:  # read-only, because a change inside would not raise the revision
            self.segments = MappingProxyType({path: as_segment(path, given) for path, given in self.segments.items()})

    def __setattr__(self, name: str, value: Any) -> None:
        """Assign where a Variable is held; any other change raises ``revision``, which is part of the compile key."""
        check(name, value)
        if name == "learning_rate":
            value = self._present(value)
        held = self.__dict__.get(name)
        if isinstance(held, Variable) and value is not None:
            held.assign(value)
        else:
            rate = name in RATES and value is not None
            self.__dict__[name] = self._slots.cell(name, np.float32(float(value))) if rate else value
            self.__dict__["revision"] += 1

    def _present(self, rate: Any) -> Any:
        """The learning rate as a number; a schedule is kept, and its number is that of the present step."""
        if callable(rate):
            self.schedule = rate
            return float(rate(self.iterations.read()))
        if self.schedule is not None:
            raise UsageError("the learning rate follows a schedule. To set it by hand write opt.schedule = None first.")
        return rate

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, as plain numbers; the state is not among them."""
        config = super().get_config()
        for name in RATES:
            if isinstance(config[name], Variable):
                config[name] = float(str(config[name].numpy()))  # the shortest number that is this float32: 0.001
        if self.schedule is not None:
            config["learning_rate"] = self.schedule
        if self.segments:
            config["segments"] = {path: asdict(segment) for path, segment in self.segments.items()}
        return config

    # The mathematics: pure, on lists of tensors or of plain arrays.

    @property
    def slots(self) -> tuple[str, ...]:
        """What is kept for each weight, beside the weight itself."""
        return ()

    def pace(self, rate: Array, step: Array) -> Array:
        """The learning rate as the rule wants it at this step, counted from 1."""
        return rate

    def rule(self, grad: Array, weight: Array, pace: Array, *slots: Array) -> tuple[Array, ...]:
        """The new weight and the new slots of one weight."""
        raise NotImplementedError(f"{type(self).__name__} has no rule(grad, weight, pace, *slots)")

    def init(self, params: Sequence[Array]) -> State:
        """The state before the first step: the counter, the rates, and for each slot a list of zeros."""
        rates = {name: getattr(self, name).read() for name in RATES if getattr(self, name) is not None}
        zeros = {slot: [zeros_like(w) for w in params] for slot in self.slots}
        return {"iterations": lift(np.int64(0)), **rates, **zeros}

    def update(
        self, grads: Sequence[Array], params: Sequence[Array], state: State, segments: Sequence[Segment] = ()
    ) -> tuple[list[Array], State]:
        """One step: the new parameters and the new state.

        In this order: the gradients are clipped, the weights decay, the rule is followed. ``segments`` are those of the
        parameters, one for each, or none.
        """
        step = state["iterations"] + 1
        rate = self._rate(state)
        pace = self.pace(rate, step)
        results = []
        for i, (grad, weight) in enumerate(zip(self._clipped(grads, params), params, strict=True)):
            segment = segments[i] if segments else WHOLE
            slots = [state[slot][i] for slot in self.slots]
            weight = self._decayed(weight, rate, state, segment)
            results.append(self.rule(grad, weight, _scaled(pace, segment.rate, weight.dtype), *slots))
        new = {slot: [r[k] for r in results] for k, slot in enumerate(self.slots, 1)}
        return [r[0] for r in results], {**state, "iterations": step, "learning_rate": rate, **new}

    def _rate(self, state: State) -> Array:
        if self.schedule is None:
            return state["learning_rate"]
        rate = lift(self.schedule(lift(state["iterations"])))
        return rate if isinstance(state["iterations"], Handle) else rate.data

    def _clipped(self, grads: Sequence[Array], params: Sequence[Array]) -> Sequence[Array]:
        grads = [_cast(g, w.dtype) for g, w in zip(grads, params, strict=True)]
        for name, clip in clipping.items():
            bound = getattr(self, name)
            grads = grads if bound is None else clip(grads, bound)
        return grads

    def _decayed(self, weight: Array, rate: Array, state: State, segment: Segment) -> Array:
        if "weight_decay" not in state or segment.decay == 0:
            return weight
        return weight - weight * _scaled(rate * state["weight_decay"], segment.rate * segment.decay, weight.dtype)

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
        for variable in variables_of(model):
            self._slots.of(variable, self.slots)

    @property
    def variables(self) -> list[Variable]:
        """All that the optimizer keeps: counter, rates, and slots; the names are paths."""
        rates = [getattr(self, name) for name in RATES if getattr(self, name) is not None]
        return [self.iterations, *rates, *self._slots.cells.values()]

    def _advance(self, grads: list[Any], variables: list[Variable]) -> None:
        """One step: into the trace where there is one, otherwise on plain arrays, in a quarter of the time."""
        if thread.tracers:
            with no_grad(), layer_path(self.name):
                self._move(grads, variables, lift, Variable.assign)
        else:
            with np.errstate(all="ignore"):
                self._move(grads, variables, _array, _replace)

    def _move(self, grads: list[Any], variables: list[Variable], read: Any, write: Any) -> None:
        cells = [self._slots.of(v, self.slots) for v in variables]
        state = {name: read(getattr(self, name)) for name in ("iterations", *RATES) if getattr(self, name) is not None}
        state |= {slot: [read(own[k]) for own in cells] for k, slot in enumerate(self.slots)}
        params, new = self.update(
            list(map(read, grads)), list(map(read, variables)), state, segments_of(variables, self.segments)
        )
        for k, (variable, own) in enumerate(zip(variables, cells, strict=True)):
            write(variable, params[k])
            for slot, cell in zip(self.slots, own, strict=True):
                write(cell, new[slot][k])
        write(self.iterations, new["iterations"])
        if self.schedule is not None:
            write(self.learning_rate, new["learning_rate"])


def _cast(x: Array, dtype: dtypes.DType) -> Array:
    return x if x.dtype == dtype else p.cast(x, dtype=dtype)


def _scaled(rate: Array, scale: float, dtype: dtypes.DType) -> Array:
    return _cast(rate if scale == 1.0 else rate * scale, dtype)


def _array(x: Any) -> Any:
    return x.data if isinstance(x, Handle) else np.asarray(x)


def _replace(variable: Variable, array: Any) -> None:
    variable.replace(np.asarray(array))
