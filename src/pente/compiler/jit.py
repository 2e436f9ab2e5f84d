"""The user's door: ``jit`` traces a function once for each kind of arguments, and then runs its program."""

import functools
import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from pente import tree
from pente.autodiff.watching import Found, Watch, noting, watched
from pente.compiler import llvm
from pente.compiler.capture import Capture, capture
from pente.compiler.memory import Arena
from pente.compiler.native import NativeTable
from pente.compiler.pipeline import run_passes
from pente.compiler.program import Table
from pente.compiler.report import Report, report
from pente.compiler.runner import Runner
from pente.core.graph import Graph
from pente.core.node import Spec
from pente.core.number import Number, alone, exact, is_plain
from pente.core.room import uncollected
from pente.core.state import state
from pente.core.tensor import Handle, Tensor, Variable
from pente.dtypes import DType
from pente.ops.lifting import lift
from pente.shapes import Shape

__all__ = ["Jitted", "jit"]

CHANGED = "a layer, the optimizer or the mode changed"
ARRAYS = (Tensor, np.ndarray)


def jit(function: Callable[..., Any] | None = None, *, static_argnums: int | Sequence[int] = ()) -> Any:
    """The function, traced once for each kind of arguments and then run as a program.

    Variables that it reads and assigns (weights, optimizer slots, random state) are found by themselves and updated. A
    call with other shapes, dtypes or static arguments is traced anew. Arguments are tensors, arrays, numbers, and lists
    and dicts of them; a Python number bends to the dtype beside it, and another value of it is no new trace. Strings,
    None, layers and functions are static, as are the places in ``static_argnums``. Python around the operations runs
    once, while tracing. The results are constants: ask for gradients inside.

    >>> import pente
    >>> step = pente.jit(lambda x: (x * 2 + 1).sum())
    >>> step(pente.tensor([1.0, 2.0])).item()
    8.0
    """
    places = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    return functools.partial(Jitted, static=places) if function is None else Jitted(function, places)


class Compiled:
    """One program of a function: the traced graph, the passes it went through, and its table."""

    def __init__(self, captured: Capture, arena: Arena, watch: Watch | None = None) -> None:
        self.captured = captured
        self.watch = watch
        self.stages: list[tuple[str, Graph]] = []
        native = llvm.available()
        self.graph = run_passes(captured.graph, native, lambda name, graph: self.stages.append((name, graph)))
        self.assigned = list(self.graph.assigned)
        inputs = dict(zip(captured.state, self.graph.inputs[captured.arguments :], strict=True))
        replaced = [inputs.get(variable) for variable in self.assigned]
        self.table = NativeTable(self.graph, replaced, arena) if native else Table(self.graph)
        self.trainable = [v.trainable for v in captured.state]

    @functools.cached_property
    def runner(self) -> Runner | None:
        """What runs many steps of it in a row, if nothing in it stops for NumPy."""
        return Runner(self) if Runner.possible(self) else None

    def stale(self) -> str:
        """Why it does not hold any more, if so: what was fixed while tracing has changed."""
        if [v.trainable for v in self.captured.state] != self.trainable:
            return "another set of Variables is trained"
        return "" if all(used.holds() for used in self.captured.used) else CHANGED

    def run(self, arguments: Sequence[Any], keep: bool = True) -> Any:
        """Run, then hand over the new state, unless it is not to be kept: a run that fails changes nothing."""
        values = self.table.run([*arguments, *[v.array for v in self.captured.state]])
        count = len(self.graph.outputs)
        if keep:
            for variable, value in zip(self.assigned, values[count:], strict=True):
                variable.replace(value)
        return self.captured.rebuilt([Tensor(x) for x in values[:count]])


class Jitted:
    """A function that is compiled when it is called.

    ``version`` tells what else the program depends on. ``retraces`` says, for every trace after the first, which
    argument, or what else, made it necessary.
    """

    def __init__(
        self, function: Callable[..., Any], static: tuple[int, ...] = (), version: Callable[[], Hashable] = lambda: 0
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.static = static
        self.version = version
        self.programs: dict[Hashable, Compiled] = {}
        self.retraces: list[str] = []
        self.arena = Arena()
        self.recent: Compiled | None = None  # the last program that was asked for
        self._last: tuple[Any, ...] = ()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __call__(self, *args: Any, **options: Any) -> Any:
        if _is_inside():
            return self.function(*args, **options)
        dynamic, key, rebuild = self._split(args, options)
        if any(x.requires_grad for x in dynamic):
            return self.function(*args, **options)
        self.recent = program = self._program(dynamic, key, rebuild)
        return program.run([x.data for x in dynamic])

    def watched(self, *paths: str, names: Mapping[int, str] | None = None, keep: bool = True) -> Callable[..., Any]:
        """The function that returns its result, and what it computes at these paths on the way.

        As ``pente.autodiff.watching.watched``. The program that does so is one of its own, traced once for these paths;
        its results and the new state have the same bits.

        >>> import pente
        >>> model = pente.Sequential([pente.layers.Dense(2, name="first"), pente.layers.Dense(1)])
        >>> step = pente.jit(lambda x: pente.value_and_grad(lambda: model(x).sum(), wrt=model)()[0])
        >>> loss, found = step.watched("first", "*/bias")(pente.ones((3, 4)))
        >>> list(found), found["first"].shape, found["first"].grad.shape
        (['first', 'first/bias', 'dense/bias'], (3, 2), (3, 2))
        """
        plain = watched(self.function, *paths, names=names, keep=keep)

        @functools.wraps(self.function)
        def run(*args: Any, **options: Any) -> tuple[Any, Found]:
            if _is_inside():
                return plain(*args, **options)  # type: ignore[no-any-return]
            dynamic, (*kind, _), rebuild = self._split(args, options)
            if any(x.requires_grad for x in dynamic):
                return plain(*args, **options)  # type: ignore[no-any-return]
            program = self._program(dynamic, (*kind, paths), rebuild, Watch(paths, names))
            result, taken = program.run([x.data for x in dynamic], keep)
            return result, program.watch.found(taken)  # type: ignore[union-attr]

        return run

    def _split(
        self, args: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[list[Tensor], tuple[Hashable, ...], Callable[..., Any]]:
        """The tensors among the arguments, the key of their kind, and how the arguments are put together again."""
        if not options and not self.static and all(x.__class__ in ARRAYS for x in args):
            tensors = [lift(x) for x in args]
            return tensors, (*_of_arrays(len(args)), *_of_kinds(tensors), self.version(), ()), _positional
        items, structure = tree.flatten([list(args), options])
        fixed = [i in self.static or i - len(args) in self.static for i, x in enumerate(args) for _ in tree.leaves(x)]
        fixed += [False] * (len(items) - len(fixed))
        moving = [_is_dynamic(x) and not still for x, still in zip(items, fixed, strict=True)]
        given = [x for x, moves in zip(items, moving, strict=True) if moves]
        plain = [alone(x) if is_plain(x) else None for x in given]
        tensors = [lift(x) if bends is None else exact(x) for x, bends in zip(given, plain, strict=True)]
        kinds = tuple([(x.shape, x.dtype, bends) for x, bends in zip(tensors, plain, strict=True)])
        still = tuple(_static_key(x) for x, moves in zip(items, moving, strict=True) if not moves)

        def rebuild(*values: Tensor) -> tuple[list[Any], dict[str, Any]]:
            supply = iter([x if bends is None else Number(x, bends) for x, bends in zip(values, plain, strict=True)])
            whole = [next(supply) if moves else x for x, moves in zip(items, moving, strict=True)]
            positional, named = tree.unflatten(structure, whole)
            return positional, named

        return tensors, (repr(structure), tuple(moving), kinds, still, self.version(), ()), rebuild

    def _program(
        self, dynamic: list[Tensor], key: Hashable, rebuild: Callable[..., Any], watch: Watch | None = None
    ) -> Compiled:
        """The one for this kind of arguments, traced where it is not there yet or does not hold any more."""
        program = self.programs.get(key)
        stale = "" if program is None else program.stale()
        if program is None or stale:
            program = self._trace(dynamic, key, rebuild, stale, watch)
        return program

    def _trace(
        self,
        dynamic: list[Tensor],
        key: Any,
        rebuild: Callable[..., Any],
        stale: str = "",
        watch: Watch | None = None,
    ) -> Compiled:
        def run(*values: Tensor) -> Any:
            positional, named = rebuild(*values)
            return self.function(*positional, **named)

        if self.programs:
            self.retraces.append(stale or _difference(self._last, key))
        specs = [Spec(x.shape, x.dtype) for x in dynamic]
        names = [x.name or f"argument {i}" for i, x in enumerate(dynamic)]
        whole = run if watch is None else noting(run, watch)
        with uncollected():
            program = self.programs[key] = Compiled(capture(whole, specs, names), self.arena, watch)
        self._last = key
        return program

    def known(self, *args: Any, **options: Any) -> Compiled | None:
        """What runs for these arguments, if it was traced and holds still."""
        program = self.programs.get(self._split(args, options)[1])
        if program is None or program.stale():
            return None
        self.recent = program
        return program

    def compiled(self, *args: Any, **options: Any) -> Compiled:
        """What runs for these arguments; traced now if it was not yet."""
        self.recent = program = self._program(*self._split(args, options))
        return program

    def lower(self, *args: Any, **options: Any) -> Graph:
        """The program for these arguments, after all passes."""
        return self.compiled(*args, **options).graph

    def explain(self, *args: Any, **options: Any) -> Report:
        """The program before and after each pass, the rows of its table, its memory, and why it was traced anew.

        Of the last trace; or for these arguments, and then with the time that each row takes.
        """
        if args or options:
            given = [x.data for x in self._split(args, options)[0]]
            return report(self.compiled(*args, **options), self.retraces, given)
        if not self.programs:
            return Report("not traced yet: call it once.")
        return report(self.programs[self._last], self.retraces, None)


@functools.cache
def _of_arrays(count: int) -> tuple[Hashable, ...]:
    """The part of the key that says how the arguments are built, for so many arrays and nothing else."""
    return repr(tree.flatten([[0] * count, {}])[1]), (True,) * count


def _of_kinds(args: Sequence[Tensor]) -> tuple[Hashable, ...]:
    return tuple([(x.shape, x.dtype, None) for x in args]), ()


def _positional(*values: Tensor) -> tuple[list[Any], dict[str, Any]]:
    return list(values), {}


def _is_inside() -> bool:
    """Whether we are in a trace, a gradient or a watched step: there it is the plain function."""
    return bool(state.tracers or state.watchers or state.watch is not None)


def _is_dynamic(x: Any) -> bool:
    numbers = isinstance(x, (int, float, complex, np.ndarray, np.generic)) and not isinstance(x, bool)
    return numbers or (isinstance(x, Handle) and not isinstance(x, Variable))


def _static_key(x: Any) -> Hashable:
    """Plain values by what they are; objects by identity and revision, so that a changed layer is never stale."""
    if x is None or isinstance(x, (bool, int, float, complex, str, bytes)):
        return (type(x).__name__, repr(x))  # as text nan is itself, and -0.0 is not 0.0
    return (Same(x), getattr(x, "revision", 0))


class Same:
    """An object that equals itself alone, kept alive so that no other can take its place in memory."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _kind(shape: Shape, dtype: DType, plain: DType | None) -> str:
    return f"{dtype}{list(shape)}" if plain is None else f"a Python {dtype.type(0).item().__class__.__name__}"


def _difference(before: Any, after: Any) -> str:
    """What differs between two kinds of arguments."""
    if not before or before[:2] != after[:2]:
        return "the arguments are built in another way"
    for i, (old, new) in enumerate(zip(before[2], after[2], strict=True)):
        if old != new:
            return f"argument {i} was {_kind(*old)} and is {_kind(*new)}"
    if before[3] != after[3]:
        return "a static argument changed"
    if before[4] == after[4]:
        return "other values inside are watched"
    return CHANGED
