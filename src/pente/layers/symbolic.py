"""Tensors without numbers, for building a model from its inputs to its outputs.

Calling a layer on one writes the call down and finds the shape of the result by running the layer on shapes alone. An
axis whose length is open, such as the batch, is tried with two lengths: where the results differ, theirs is open too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakSet

from pente import tree
from pente.core.broadcasting import check_growth
from pente.core.node import Spec
from pente.core.state import no_grad
from pente.core.tensor import Tensor
from pente.core.tracer import Tracer, placeholder, tracing
from pente.dtypes import DType
from pente.errors import UsageError
from pente.layers.calls import alone

if TYPE_CHECKING:
    from pente.layers.base import Layer

__all__ = [
    "LayerCall",
    "OpenShape",
    "SymbolicTensor",
    "has_symbols",
    "open_shapes",
    "record",
    "result_of",
    "shapes_of",
    "shown",
    "symbols_in",
]

OpenShape = tuple[int | None, ...]


class OpenLength(int):
    """The length with which an open one is tried; a message shows it as open."""

    def __repr__(self) -> str:
        return "None"


# Long enough for a few poolings in a row, short enough for a table of positions.
LENGTHS = (64, 128)


@dataclass(eq=False)
class LayerCall:
    """A layer's call in a graph of layers: what it was given, symbolic or not, and what came out."""

    layer: "Layer"
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = ()  # type: ignore[assignment]
    outputs: Any = None

    @property
    def inputs(self) -> "list[SymbolicTensor]":
        """The symbolic tensors among the arguments."""
        return symbols_in((self.args, dict(self.kwargs)))


class Beginning(WeakSet[Any]):
    """The models that begin with a symbolic tensor; those of a copy are copies."""

    def __reduce__(self) -> Any:
        return type(self), (list(self),)


@dataclass(eq=False, repr=False)
class SymbolicTensor:
    """The place of a tensor in a model: a shape, in which None is open, a dtype, and the call that it came from.

    >>> import pente
    >>> pente.layers.Dense(3)(pente.Input((4,)))
    <SymbolicTensor shape=(None, 3) dtype=float32 from dense>
    """

    shape: OpenShape
    dtype: DType
    call: LayerCall
    models: Beginning = field(default_factory=Beginning)
    __array_ufunc__ = None
    __hash__ = object.__hash__

    @property
    def ndim(self) -> int:
        """The number of axes, the batch among them."""
        return len(self.shape)

    @property
    def name(self) -> str:
        """The name of the layer that it came from."""
        return self.call.layer.name

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"a symbolic tensor has no {name!r}, for it has no numbers. Put what is done to them into a layer, as in "
            f"layers.Lambda(lambda x: x.{name}(...))(x)."
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        self._refuse("be turned into an array")

    def __bool__(self) -> bool:  # noqa: PLE0304  (it never returns)
        self._refuse("be asked for its truth")

    def __float__(self) -> float:
        self._refuse("become a number")

    def __iter__(self) -> NoReturn:
        self._refuse("be walked through")

    def _refuse(self, wish: str) -> NoReturn:
        raise UsageError(
            f"{self!r} has no numbers and cannot {wish}. Make a model of it, Model(inputs, outputs), and call that; "
            "what no layer does, do with pente.keras.ops, or in a layer of your own."
        )

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape} dtype={self.dtype.name} from {self.name}>"

    def __add__(self, other: Any) -> Any:
        return _operation("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _operation("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _operation("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _operation("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return _operation("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operation("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _operation("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operation("divide", other, self)

    def __matmul__(self, other: Any) -> Any:
        return _operation("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _operation("matmul", other, self)

    def __pow__(self, other: Any) -> Any:
        return _operation("pow", self, other)

    def __getitem__(self, index: Any) -> Any:
        from pente.layers.operations import Operation

        return Operation("getitem", {"index": index})(self)

    def __neg__(self) -> Any:
        return _operation("multiply", self, -1.0)


def _operation(op: str, a: Any, b: Any) -> Any:
    from pente.layers.operations import Operation

    if op != "matmul":
        check_growth(op, getattr(a, "shape", ()), getattr(b, "shape", ()))
    return Operation(op)(a, b)


def symbols_in(values: Any) -> list[SymbolicTensor]:
    """The symbolic tensors in nested arguments."""
    return [x for x in tree.leaves(values) if isinstance(x, SymbolicTensor)]


def has_symbols(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call is to be written down and not done."""
    return any(map(_holds_symbol, args)) or any(map(_holds_symbol, kwargs.values()))


def _holds_symbol(x: Any) -> bool:
    """Looks into lists of tensors, and not into lists of numbers."""
    if isinstance(x, dict):
        return any(map(_holds_symbol, x.values()))
    if isinstance(x, (list, tuple)):
        return not (x and isinstance(x[0], (int, float))) and any(map(_holds_symbol, x))
    return isinstance(x, SymbolicTensor)


def open_shapes(x: Any) -> Any:
    """The shapes in nested tensors, with the first axis open: no weight may depend on the size of a batch."""
    if isinstance(x, dict):
        return {key: open_shapes(item) for key, item in x.items()}
    if isinstance(x, (list, tuple)):
        return [open_shapes(item) for item in x]
    shape = getattr(x, "shape", None)
    return None if shape is None else (None, *shape[1:]) if shape else ()


def record(layer: "Layer", args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Write a call down and give its symbolic outputs; the layer is built if it was not."""
    layer.ensure_built(*map(open_shapes, args or kwargs.values()))
    call = LayerCall(layer, args, kwargs)
    call.outputs = result_of(call)
    layer.calls.append(call)
    given = shapes_of(args[0] if len(args) == 1 else args)
    vars(layer).update(seen_shape=given, output_shape=shapes_of(call.outputs))
    return call.outputs


def shapes_of(outputs: Any) -> Any:
    """The shape of a symbolic tensor, or a list of those of several."""
    shapes = [symbol.shape for symbol in symbols_in(outputs)]
    return shapes[0] if isinstance(outputs, SymbolicTensor) else shapes


def result_of(call: LayerCall) -> Any:
    """What a call gives, as symbolic tensors."""
    short, long = (shown(call, length) for length in LENGTHS)

    def merged(a: Tensor, b: Tensor) -> SymbolicTensor:
        shape = tuple(n if n == m else None for n, m in zip(a.shape, b.shape, strict=True))
        return SymbolicTensor(shape, a.dtype, call)

    return tree.map_leaves(merged, short, long)


def shown(call: LayerCall, length: int = LENGTHS[0]) -> Any:
    """The layer's outputs where open axes have this length; nothing is computed and no state changes."""

    def filled(x: Any) -> Any:
        if not isinstance(x, SymbolicTensor):
            return x
        return placeholder(Spec(tuple(OpenLength(length) if n is None else n for n in x.shape), x.dtype))

    with tracing(Tracer()), no_grad(), alone():
        return call.layer.run(tree.map_leaves(filled, call.args), tree.map_leaves(filled, dict(call.kwargs)))
