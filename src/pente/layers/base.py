"""Layer: fields first, then ``build``, then ``call``."""

import functools
import inspect
import weakref
from collections.abc import Callable
from dataclasses import KW_ONLY
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, overload

from pente import initializers, regularizers, tree
from pente.core.node import is_abstract
from pente.core.state import layer_path, state, users_place
from pente.core.tensor import Tensor, Variable
from pente.dtypes import DType, as_dtype, default_float
from pente.errors import PenteError, UsageError
from pente.layers.blank import current_blank
from pente.layers.calls import current_call, eagerly, entered
from pente.layers.fields import Fields, refuse_unknown
from pente.layers.inputs import taken
from pente.layers.state import StateTree
from pente.layers.structure import free_name, join, snake_case
from pente.layers.symbolic import LayerCall, SymbolicTensor, has_symbols, open_shapes, record, result_of
from pente.layers.trail import locate
from pente.ops.random import Stream, fold_in, seed_key
from pente.shapes import Shape

__all__ = ["Layer"]


class Clock:
    """Counts the changes of all layers: where it stands still, no layer has changed."""

    now = 0

    def tick(self) -> int:
        self.now += 1
        return self.now


clock = Clock()
_MISSING = object()


class Name:
    """A layer's name: the one that the user gave, or that its parent chose, or else its class's."""

    @overload
    def __get__(self, layer: None, owner: Any = None) -> "Name": ...
    @overload
    def __get__(self, layer: "Layer", owner: Any = None) -> str: ...
    def __get__(self, layer: "Layer | None", owner: Any = None) -> Any:
        if layer is None:
            return None  # a dataclass asks the class for the default
        return layer.given_name or layer.place or snake_case(type(layer).__name__)

    def __set__(self, layer: "Layer", name: "str | Name | None") -> None:
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise UsageError(f"a layer's name is a word without '/', got {name!r}.")
        vars(layer)["given_name"] = name


class InputShape:
    """The shape that a layer takes, with an open batch: as it was called, or else as its field tells it."""

    def __get__(self, layer: "Layer | None", owner: Any = None) -> Any:
        if layer is None:
            return None  # a dataclass asks the class for the default
        given = layer.given_input_shape
        return (None, *given) if layer.seen_shape is None and given is not None else layer.seen_shape

    def __set__(self, layer: "Layer", shape: Any) -> None:
        vars(layer)["given_input_shape"] = shape


class Drawn(NamedTuple):
    """How the first values of a weight came about: they follow their path until somebody has seen them."""

    initializer: Any
    path: str
    version: int


class Held(StateTree):
    """What a layer keeps besides its fields; there before ``__init__``, so that one that forgets its parent's works."""

    given_name: str | None  # by the user
    place: str | None  # the name that the parent chose
    home: "weakref.ref[Layer] | None"  # the parent that decides the path
    route: str | None  # the path, once there is a parent
    made_at: tuple[str, int]  # file and line of the user's that made the layer
    seen: bool  # whether somebody has computed with the weights, or read them
    drawn: dict[str, Drawn]
    penalties: dict[str, Any]
    calls: list[LayerCall]  # on symbolic tensors
    given_input_shape: Any  # of one example, by the user
    seen_shape: Any  # of the input, as it was first seen
    output_shape: Any  # as it was first seen
    build_shapes: Any  # what build was told
    added_losses: list[Any]
    call: Callable[..., Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        refuse_unknown(cls, kwargs)
        layer = super().__new__(cls)
        vars(layer).update(dict.fromkeys(("given_name", "place", "home", "route", "build_shapes")))
        vars(layer).update(dict.fromkeys(("given_input_shape", "seen_shape", "output_shape")))
        vars(layer).update(dict.fromkeys(("built", "training", "seen"), False), revision=0, made_at=users_place())
        vars(layer).update(own_weights={}, drawn={}, penalties={}, frozen=[], calls=[], added_losses=[])
        return layer


class Layer(Fields, Held):
    """The base of all layers and models.

    A layer annotates its fields, makes its variables in ``build(input_shape)`` with ``self.add_weight``, and computes
    in ``call(x)``, which may take ``training``. A ``build`` of several arguments is told the shapes of as many inputs.
    Layers in attributes, in lists and in dicts are found by themselves.

    ``name`` is its name; ``trainable`` says whether training may change it; ``dtype`` is that of its weights, and
    floating inputs are cast to it; ``input_shape``, without the batch, saves a Sequential the Input before it.

    >>> import pente
    >>> class Scale(pente.layers.Layer):
    ...     factor: float = 2.0
    ...     def call(self, x):
    ...         return x * self.factor
    >>> Scale(3.0)([1.0, 2.0]).tolist(), Scale(3.0)
    ([3.0, 6.0], Scale(factor=3.0))
    """

    _: KW_ONLY
    name: Name = Name()
    trainable: bool = True
    dtype: Any = None
    input_shape: Any = InputShape()

    takes_training: ClassVar[bool] = False
    wanted_shapes: ClassVar[int] = 1  # how many inputs build is told the shape of
    passing: ClassVar[frozenset[str]] = frozenset()  # attributes that decide nothing about what is computed

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "build" in vars(cls):
            cls.wanted_shapes = len(inspect.signature(vars(cls)["build"]).parameters) - 1
            cls.build = _building(vars(cls)["build"])  # type: ignore[method-assign]
        if "call" in vars(cls):
            cls.takes_training = "training" in inspect.signature(vars(cls)["call"]).parameters

    def __setattr__(self, name: str, value: Any) -> None:
        changed = vars(self).get(name, _MISSING) is not value
        object.__setattr__(self, name, value)
        if changed and not isinstance(value, Variable) and name not in type(self).passing:
            vars(self)["revision"] = clock.tick()
            if name == "trainable":
                self.set_trainable(value)

    def _field(self, name: str) -> Any:
        given = {"name": self.given_name, "input_shape": self.given_input_shape}
        return given[name] if name in given else super()._field(name)

    # What a layer overrides.

    def __post_init__(self) -> None:
        """Check the fields, and make the layers inside."""

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape, in which the first axis, the batch, is None."""

    if not TYPE_CHECKING:

        def call(self, *args: Any, **kwargs: Any) -> Any:
            """Compute the outputs; may take ``training``."""
            raise UsageError(f"{type(self).__name__} cannot be called: write its call(self, x).")

    def settings(self) -> dict[str, Any]:
        """What decides what is computed, besides Variables: the fields, the mode, attributes of one's own."""
        book = Held.__annotations__.keys() | StateTree.__annotations__.keys() - {"trainable", "training"}
        return {name: x for name, x in vars(self).items() if name not in book and name not in type(self).passing}

    # What it uses for that.

    def add_weight(
        self,
        name: str | None = None,
        shape: Shape = (),
        initializer: Any = "glorot_uniform",
        *,
        trainable: bool = True,
        dtype: Any = None,
        regularizer: Any = None,
    ) -> Variable:
        """Make a variable of this layer; its first values are a function of the seed and its path.

        Without a name it is ``weight``, ``weight_1``, …
        """
        name = free_name("weight", self.own_weights) if name is None else name
        if name in self.own_weights:
            raise UsageError(
                f"{self.path or self.name} already has a weight named {name!r}: give this one another name."
            )
        path, draw = join(self.path, name), initializers.get(initializer)
        kind = self.weight_dtype if dtype is None else as_dtype(dtype)
        variable = Variable(self._first_values(draw, path, tuple(shape), kind), path, trainable)
        self.own_weights[name] = variable
        self.drawn[name] = Drawn(draw, path if self._has_place else "", variable.version)
        if regularizer is not None:
            self.penalties[name] = regularizers.get(regularizer)
        if not self.trainable and variable.trainable:
            self.frozen.append(variable)
            variable.trainable = False
        return variable

    def add_loss(self, loss: Any) -> None:
        """Add a number to the loss that ``fit`` minimises; only inside of ``call``."""
        call = current_call()
        if call is None:
            raise UsageError("add_loss belongs inside of a layer's call(): add other terms in a loss of your own.")
        call.losses.append(loss)

    @property
    def weight_dtype(self) -> DType:
        """The dtype of the weights."""
        return default_float if self.dtype is None else as_dtype(self.dtype)

    @property
    def _has_place(self) -> bool:
        """Whether the path is one in a model, or is that of the model itself."""
        return self.route is not None or not self.root_path()

    def _first_values(self, draw: Any, path: str, shape: Shape, dtype: DType) -> Tensor:
        """f(seed, path); a layer that stands in no other has no path yet and takes the next numbers of the stream."""
        blank = current_blank()
        if blank is not None:
            return blank.values(shape, dtype)
        with eagerly():
            key = fold_in(seed_key(), path) if self._has_place else None
            values: Tensor = draw(shape, dtype, key=key)
        return values

    # Calling.

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if has_symbols(args, kwargs):
                return record(self, args, kwargs)
            dtype = self.weight_dtype
            args = tuple(taken(x, dtype) for x in args)
            kwargs = {name: taken(x, dtype) for name, x in kwargs.items()}
            if not self.built:
                self.ensure_built(*map(open_shapes, args))
            if not self.seen and not any(is_abstract(getattr(x, "data", None)) for x in args):
                vars(self)["seen"] = True
            return self.run(args, kwargs)
        except PenteError as error:
            locate(error, self, args)
            raise

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute ``call`` in the mode that holds here: one that was asked for, or else the layer's own."""
        outermost = current_call() is None
        if state.tracers:
            state.tracers[-1].use(self)
        with entered(kwargs.pop("training", None)) as call, layer_path(self.path):
            if self.takes_training:
                kwargs["training"] = self.training if call.training is None else call.training
            trail, done = call.trail, len(call.trail)
            result = self.call(*args, **kwargs)
            if result is None:
                raise UsageError(
                    f"{self.path or self.name}: call() gives nothing back. End it with a return, as in return x."
                )
            if state.watch is not None:
                result = state.watch.note(self, result)
            if not outermost:
                del trail[done:]  # what was called inside is told by this layer alone
                trail.append((self, result.data.shape if result.__class__ is Tensor else _shapes(result)))
        if outermost and (call.losses or self.added_losses):
            vars(self)["added_losses"] = call.losses
        if self.output_shape is None:
            given = open_shapes(args[0] if len(args) == 1 else args)
            vars(self).update(seen_shape=given, output_shape=open_shapes(result))
        return result

    def ensure_built(self, *shapes: Any) -> None:
        """Build the layer for inputs of these shapes if it is not built yet."""
        if not self.built:
            self.build(*(*shapes, None)[: max(self.wanted_shapes, 1)])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for an input of this shape, in which None is open; a list for several."""

        def symbol(shape: Any) -> Any:
            if isinstance(shape, list):
                return [symbol(each) for each in shape]
            return SymbolicTensor(tuple(shape), self.weight_dtype, LayerCall(self, (), {}))

        self.ensure_built(input_shape)
        result = result_of(LayerCall(self, (symbol(input_shape),), {}))
        return result.shape if isinstance(result, SymbolicTensor) else [x.shape for x in tree.leaves(result)]

    @property
    def losses(self) -> list[Any]:
        """What is added to the loss: a number a regularized weight, and those of ``add_loss`` in the last call."""
        return [*self.weight_penalties(), *self.added_losses]

    def weight_penalties(self) -> list[Any]:
        """One number for each weight with a regularizer."""
        layers = [layer for _, layer in self.walk()]
        return [f(layer.own_weights[name]) for layer in layers for name, f in layer.penalties.items()]

    @property
    def input(self) -> Any:
        """The symbolic tensor that the layer was called on, if there was one call."""
        args = self._only_call("input").args
        return args[0] if len(args) == 1 else list(args)

    @property
    def output(self) -> Any:
        """The symbolic tensor that the layer gave, if there was one call: an output for another model."""
        return self._only_call("output").outputs

    def _only_call(self, wish: str) -> LayerCall:
        if len(self.calls) != 1:
            was = "has not been called on an Input" if not self.calls else f"was called {len(self.calls)} times"
            raise UsageError(
                f"{self.path or self.name} has no single {wish}: it {was}. Keep what the call on symbolic inputs "
                "returns: features = layer(x), then Model(inputs, features)."
            )
        return self.calls[0]

    # Where it stands.

    @property
    def wished_name(self) -> str | None:
        """The name that the user gave."""
        return self.given_name

    @property
    def kept_name(self) -> str | None:
        """The name that a parent gave, where there is one."""
        return None if self.home is None or self.home() is None else self.place

    @property
    def path(self) -> str:
        """The names from the outermost model to this layer, as in ``block/dense_1``; the model itself has none."""
        return self.root_path() if self.route is None else self.route

    def root_path(self) -> str:
        """The path of a layer that stands in no other."""
        return self.name

    def settle(self) -> None:
        """Give every layer below its path, and every variable its name. The first parent of a layer decides."""
        self._settle(set())

    def _settle(self, done: set[int]) -> None:
        done.add(id(self))
        for name, variable in self.own_state().items():
            variable.name = join(self.path, name)
        for name, item in self._entries():
            if isinstance(item, Stream):
                item.path = join(self.path, name)
        self._draw_again()
        for name, child in self.children().items():
            home = None if child.home is None else child.home()
            if id(child) not in done and (home is None or home is self):
                if home is None and not self.trainable:
                    child.trainable = False
                vars(child).update(home=weakref.ref(self), place=name, route=join(self.path, name))
                child._settle(done)

    def _draw_again(self) -> None:
        """Give weights that nobody has seen the first values that belong to their path."""
        if self.seen or not self._has_place or current_blank() is not None:
            return
        for name, (draw, old, version) in list(self.drawn.items()):
            variable, path = self.own_weights[name], join(self.path, name)
            if path != old and variable.version == version:
                variable.replace(self._first_values(draw, path, variable.shape, variable.dtype).data)
                self.drawn[name] = Drawn(draw, path, variable.version)

    def may_have_weights(self) -> bool:
        return type(self).build is not Layer.build and not self.children()

    def keep_values(self) -> None:
        if not self.seen:
            for _, layer in self.walk():
                vars(layer)["seen"] = True


def _building(build: Callable[..., None]) -> Callable[..., None]:
    """``build`` with all around it: once, outside of any trace, with the paths known before and after."""

    @functools.wraps(build)
    def once(self: Layer, *shapes: Any, **named: Any) -> None:
        if self.built:
            return
        self.settle()
        with eagerly(), layer_path(self.path):
            build(self, *shapes, **named)
        vars(self)["build_shapes"] = (*shapes, *named.values())
        self.built = True
        self.settle()

    return once


Layer.build = _building(Layer.build)  # type: ignore[method-assign]


def _shapes(result: Any) -> Any:
    """The shape of what a layer gives, a list for several."""
    return tree.map_leaves(lambda x: getattr(x, "shape", ()), result)
