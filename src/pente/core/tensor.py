"""The handles that a user holds: Tensor, immutable, and Variable, the one mutable cell.

A handle has data, and a node where the data came from. What a tensor can do (``+``, ``.sum()``, ``.backward()``) lives
in folders further down and is attached here by name, so that nothing is imported upwards.
"""

import weakref
from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

from pente.core.arrays import array_of
from pente.core.habits import METHODS, ufunc_hint
from pente.core.node import NOTHING, Node, Spec, next_serial
from pente.core.room import make_room
from pente.core.state import Position, state, user_position
from pente.dtypes import DType, as_dtype, is_inexact
from pente.errors import DTypeError, ShapeError, TraceError, UsageError
from pente.shapes import Shape

__all__ = ["Handle", "Tensor", "Variable", "attach", "leaf"]

_CLEARED = object()
_NO_DATA = frozenset({list, dict, set, str, bool, int, float, complex, type(None)})
_RANKS = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}  # each kind of number holds what the ones before it hold


class Handle:
    """What Tensor and Variable share. Operators and methods are attached to this class."""

    __slots__ = ("__weakref__", "_grad", "born", "name")
    __hash__ = object.__hash__
    _grad: Any
    born: int  # the serial number of the moment it was made
    name: str | None

    if TYPE_CHECKING:
        data: Any
        T: "Tensor"
        mT: "Tensor"
        at: Any
        __add__: Callable[[Self, Any], "Tensor"]
        __radd__: Callable[[Self, Any], "Tensor"]
        __sub__: Callable[[Self, Any], "Tensor"]
        __rsub__: Callable[[Self, Any], "Tensor"]
        __mul__: Callable[[Self, Any], "Tensor"]
        __rmul__: Callable[[Self, Any], "Tensor"]
        __truediv__: Callable[[Self, Any], "Tensor"]
        __rtruediv__: Callable[[Self, Any], "Tensor"]
        __pow__: Callable[[Self, Any], "Tensor"]
        __rpow__: Callable[[Self, Any], "Tensor"]
        __matmul__: Callable[[Self, Any], "Tensor"]
        __rmatmul__: Callable[[Self, Any], "Tensor"]
        __mod__: Callable[[Self, Any], "Tensor"]
        __rmod__: Callable[[Self, Any], "Tensor"]
        __floordiv__: Callable[[Self, Any], "Tensor"]
        __rfloordiv__: Callable[[Self, Any], "Tensor"]
        __and__: Callable[[Self, Any], "Tensor"]
        __rand__: Callable[[Self, Any], "Tensor"]
        __or__: Callable[[Self, Any], "Tensor"]
        __ror__: Callable[[Self, Any], "Tensor"]
        __xor__: Callable[[Self, Any], "Tensor"]
        __rxor__: Callable[[Self, Any], "Tensor"]
        __lshift__: Callable[[Self, Any], "Tensor"]
        __rlshift__: Callable[[Self, Any], "Tensor"]
        __rshift__: Callable[[Self, Any], "Tensor"]
        __rrshift__: Callable[[Self, Any], "Tensor"]
        __neg__: Callable[[Self], "Tensor"]
        __pos__: Callable[[Self], "Tensor"]
        __abs__: Callable[[Self], "Tensor"]
        __invert__: Callable[[Self], "Tensor"]
        __lt__: Callable[[Self, Any], "Tensor"]
        __le__: Callable[[Self, Any], "Tensor"]
        __gt__: Callable[[Self, Any], "Tensor"]
        __ge__: Callable[[Self, Any], "Tensor"]
        __getitem__: Callable[[Self, Any], "Tensor"]
        sum: Callable[..., "Tensor"]
        mean: Callable[..., "Tensor"]
        max: Callable[..., "Tensor"]
        min: Callable[..., "Tensor"]
        prod: Callable[..., "Tensor"]
        std: Callable[..., "Tensor"]
        var: Callable[..., "Tensor"]
        any: Callable[..., "Tensor"]
        all: Callable[..., "Tensor"]
        argmax: Callable[..., "Tensor"]
        argmin: Callable[..., "Tensor"]
        cumsum: Callable[..., "Tensor"]
        reshape: Callable[..., "Tensor"]
        transpose: Callable[..., "Tensor"]
        flatten: Callable[..., "Tensor"]
        squeeze: Callable[..., "Tensor"]
        repeat: Callable[..., "Tensor"]
        clip: Callable[..., "Tensor"]
        round: Callable[..., "Tensor"]
        dot: Callable[..., "Tensor"]
        astype: Callable[..., "Tensor"]
        detach: Callable[[], "Tensor"]
        exp: Callable[[], "Tensor"]
        log: Callable[[], "Tensor"]
        sqrt: Callable[[], "Tensor"]
        sin: Callable[[], "Tensor"]
        cos: Callable[[], "Tensor"]
        tanh: Callable[[], "Tensor"]
        sigmoid: Callable[[], "Tensor"]
        relu: Callable[[], "Tensor"]
        abs: Callable[[], "Tensor"]
        backward: Callable[..., None]

        def __eq__(self, other: Any) -> "Tensor": ...  # type: ignore[override]
        def __ne__(self, other: Any) -> "Tensor": ...  # type: ignore[override]

    @property
    def shape(self) -> Shape:
        """The length of every axis."""
        shape: Shape = self.data.shape
        return shape

    @property
    def dtype(self) -> DType:
        """The kind of number."""
        dtype: DType = self.data.dtype
        return dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.data.shape)

    @property
    def nbytes(self) -> int:
        """The memory that the numbers take, in bytes."""
        return self.size * self.dtype.itemsize

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.data.shape)

    @property
    def grad(self) -> "Tensor | None":
        """The gradient that backward() left here; None before any backward.

        Raises GradientError where a backward was run and left no gradient here, and says why.
        """
        if self._grad is None and state.backward is not None:
            state.backward.explain_missing(self)
        grad: Tensor | None = None if self._grad is _CLEARED else self._grad
        return grad

    @grad.setter
    def grad(self, value: "Tensor | None") -> None:
        if value is None:
            self._grad = _CLEARED
            return
        if not isinstance(value, Handle):
            raise UsageError(
                f"a gradient is a tensor of shape {self.shape}, and not {type(value).__name__}: write "
                "x.grad = pente.tensor(...), or x.grad = None to clear it."
            )
        if value.shape != self.shape:
            raise ShapeError(f"a gradient of shape {value.shape} does not fit a tensor of shape {self.shape}.")
        self._grad = value

    def deposit(self, gradient: "Tensor") -> None:
        """Add to the gradient that is already here."""
        self._grad = gradient if self._grad is None or self._grad is _CLEARED else self._grad + gradient

    def item(self) -> Any:
        """The single number of a tensor with one element, as a plain Python number."""
        if self.size != 1:
            raise ShapeError(f"item() wants one element, and this tensor has shape {self.shape}. Index it first, x[0].")
        return self.numpy().item()

    def tolist(self) -> Any:
        """The numbers as nested Python lists."""
        return self.numpy().tolist()

    def numpy(self) -> np.ndarray[Any, Any]:
        """The numbers as a NumPy array."""
        raise NotImplementedError

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        if copy is False and dtype is not None and np.dtype(dtype) != array.dtype:
            raise ValueError(f"a {array.dtype} tensor cannot become {np.dtype(dtype)} without a copy")
        return np.array(array, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        own = UFUNCS.get(ufunc.__name__) if method == "__call__" and not options else None
        if own is None:
            hint = ufunc_hint(ufunc.__name__, method, ufunc.nin)
            raise UsageError(f"np.{ufunc.__name__} would lose the gradient. {hint}")
        return own(*inputs)

    def __dlpack__(self, **options: Any) -> Any:
        return np.asarray(self.data).__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return np.asarray(self.data).__dlpack_device__()

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                f"the truth of a tensor of shape {self.shape} is not clear: write (x > 0).any() or (x > 0).all()."
            )
        return bool(self.numpy().item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise DTypeError(f"an index must be an integer, and this tensor is {self.dtype}: write int(x).")
        return int(self.item())

    def __format__(self, how: str) -> str:
        return format(self.item(), how) if how else str(self)

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError("a tensor without axes has no length: it is a single number.")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise UsageError("tensors are immutable. Write x = x.at[index].set(value), or .add(value) to add.")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise UsageError(
            f"a {type(self).__name__} is not pickled: reading a pickle can run any code. Keep the numbers, x.numpy(), "
            "or the whole state of a model, model.state_dict()."
        )

    def __getattr__(self, name: str) -> Any:
        hint = f" {METHODS[name]}" if name in METHODS else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}.{hint}")


class Tensor(Handle):
    """An immutable array of numbers that knows where it came from.

    Made by ``pente.tensor(data)``, never directly. ``data`` is the NumPy array (or a Spec while a function is traced),
    ``node`` the event that made it, or None for a constant.

    >>> import pente
    >>> x = pente.tensor([1.0, 2.0], requires_grad=True, name="x")
    >>> (x * x).sum().backward()
    >>> x.grad.tolist()
    [2.0, 4.0]
    """

    __slots__ = ("_left", "data", "node")

    def __init__(self, data: Any, node: Node | None = None) -> None:
        if data.__class__ in _NO_DATA:
            raise UsageError("a tensor is made by pente.tensor: write pente.tensor([1.0, 2.0]).")
        self.data = data
        self.node = node
        self._grad = None
        self.born = next_serial()
        self.name = None
        self._left: Position | None = None

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient can flow to or through this tensor."""
        return self.node is not None and self.node.tracked

    def named(self, name: str) -> "Tensor":
        """Give this tensor a name that drawings, explanations and messages use; returns the same tensor."""
        self.name = name
        return self

    def __copy__(self) -> "Tensor":
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: Any) -> "Tensor":
        """Itself, since it never changes; a leaf that gathers gradients becomes a leaf of its own."""
        if not self.requires_grad or self.node is None or self.node.op is not None:
            return self
        twin = Tensor(self.data)
        twin.node, twin._grad, twin.name = leaf(self.data, True, twin), self._grad, self.name
        return twin

    def numpy(self) -> np.ndarray[Any, Any]:
        """The numbers as a read-only NumPy view."""
        if self.data.__class__ is Spec:
            raise TraceError(_traced(self.data))
        if self.node is not None and self.node.tracked:
            self._left = user_position(2)
        view = np.asarray(self.data).view()
        view.flags.writeable = False
        return view

    def __repr__(self) -> str:
        if self.data.__class__ is Spec:
            return f"Tensor(traced, {_traits(self)})"
        grad = f", grad={_numbers(self._grad)}" if self.requires_grad else ""
        return f"Tensor({_numbers(self)}, {_traits(self)}{grad})"


class Variable(Handle):
    """The one mutable cell: a weight, an optimizer slot, a metric's total, a learning rate.

    ``assign`` replaces the value and raises the version; a backward through a value that was replaced since it was
    read is refused.

    >>> import pente
    >>> w = pente.Variable([1.0, 2.0], name="w")
    >>> w.assign_add([1.0, 1.0]); w.numpy()
    array([2., 3.], dtype=float32)
    """

    __slots__ = ("_leaf", "_trainable", "_value", "version")

    def __init__(self, value: Any, name: str | None = None, trainable: bool = True, dtype: Any = None) -> None:
        self._value = _own_array(value, None if dtype is None else as_dtype(dtype))
        make_room(self._value.nbytes)
        self._grad = None
        self.born = next_serial()
        self._leaf: Tensor | None = None
        self._trainable = trainable and is_inexact(self._value.dtype)
        self.name = name
        self.version = 0

    @property
    def data(self) -> Any:
        return self.read().data if state.tracers else self._value

    @property
    def node(self) -> Node | None:
        return self.read().node

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are computed for this variable; the same as trainable."""
        return self._trainable

    @property
    def trainable(self) -> bool:
        """Whether training changes this variable."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable, self._leaf = value and is_inexact(self._value.dtype), None

    @property
    def array(self) -> np.ndarray[Any, Any]:
        """The present value, not to be written to; unlike ``data`` this never counts as a read of a traced function."""
        return self._value

    def read(self) -> Tensor:
        """The present value as a tensor."""
        if state.tracers:
            return state.tracers[-1].read(self)
        return self.leaf()

    def leaf(self) -> Tensor:
        """The present value as a concrete leaf, the same one until the next assign."""
        if self._leaf is None:
            self._leaf = Tensor(self._value, leaf(self._value, self._trainable, self))
            self._leaf.node.version = self.version  # type: ignore[union-attr]
        if state.watch is not None:
            state.watch.touch(self, self._leaf)
        return self._leaf

    def assign(self, value: Any) -> None:
        """Replace the value; shape and dtype stay."""
        if state.tracers:
            state.tracers[-1].assign(self, value)
            return
        if state.watch is not None:
            self.leaf()  # it is told the value before
        if not isinstance(value, Handle):
            self.replace(np.array(self.fitted(value)))
            return
        data = value.data
        if data.__class__ is Spec:
            raise TraceError(f"{self.name or 'a variable'} cannot be given a traced value outside of the trace.")
        if data.dtype is not self._value.dtype:
            self.check_kind(data.dtype)
        self.replace(np.asarray(data))

    def fitted(self, data: Any) -> np.ndarray[Any, Any]:
        """Plain data as an array of this variable's shape and dtype; raises where it does not fit."""
        array = array_of(data, self._value.dtype)
        self.check_shape(array.shape)
        self.check_kind(array.dtype)
        return array.astype(self._value.dtype, copy=False)

    def check_shape(self, shape: Shape) -> None:
        """Raise ShapeError for a value of another shape."""
        if shape != self._value.shape:
            raise ShapeError(
                f"variable {self.name or ''} has shape {self._value.shape} and cannot take a value of {shape}."
            )

    def check_kind(self, dtype: DType) -> None:
        """Raise DTypeError for a kind of number of which a part would be lost: a fraction, an imaginary part."""
        own = self._value.dtype
        if dtype.kind != own.kind and _RANKS[dtype.kind] > _RANKS[own.kind]:
            raise DTypeError(
                f"{self.name or 'the variable'} is {own.name}, and would lose a part of {dtype.name} numbers. Cast "
                f"them, x.astype('{own.name}'), or make the variable with dtype='{dtype.name}'."
            )

    def replace(self, array: Any) -> None:
        """Take this array as the value, without a copy: the caller gives it away."""
        self.check_shape(array.shape)
        self._value = array if array.dtype == self._value.dtype else array.astype(self._value.dtype)
        self.version += 1
        self._leaf = None

    def assign_add(self, value: Any) -> None:
        """Add to the value."""
        with_no_graph = self.read().data + _raw(value) if not state.tracers else self.read() + value
        self.assign(with_no_graph)

    def assign_sub(self, value: Any) -> None:
        """Subtract from the value."""
        with_no_graph = self.read().data - _raw(value) if not state.tracers else self.read() - value
        self.assign(with_no_graph)

    def __copy__(self) -> "Variable":
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: Any) -> "Variable":
        """A cell of its own; what was computed from this one stays with this one."""
        twin = Variable(self._value, self.name, self._trainable)
        twin._grad = self._grad
        return twin

    def numpy(self) -> np.ndarray[Any, Any]:
        """The numbers as a NumPy array of its own."""
        if state.tracers:
            return self.read().numpy()
        return np.array(self._value)

    def __repr__(self) -> str:
        trained = "" if self._trainable else ", trainable=False"
        values = _numbers(Tensor(self._value))
        grad = f", grad={_numbers(self._grad)}" if self._trainable else ""
        return f"Variable({values}, {_traits(self)}{trained}{grad})"


UFUNCS: dict[str, Callable[..., Any]] = {}


def attach(**methods: Any) -> None:
    """Give tensors and variables these methods and operators."""
    for name, method in methods.items():
        setattr(Handle, name, method)


def leaf(value: Any, tracked: bool, handle: Handle | None = None, params: Mapping[str, Any] = NOTHING) -> Node:
    """A node without inputs, that belongs to this handle."""
    node = Node(None, (), params, value, tracked, state.path, None)
    if handle is not None:
        node.handle = weakref.ref(handle)
    return node


def _raw(value: Any) -> Any:
    return value.data if isinstance(value, Handle) else value


def _own_array(value: Any, dtype: DType | None) -> np.ndarray[Any, Any]:
    """A copy that nobody else can write to; Python floats become float32."""
    return np.array(array_of(value.numpy() if isinstance(value, Handle) else value, dtype), dtype=dtype)


def _numbers(x: Any) -> str:
    """The numbers of a tensor, indented for a repr and shortened when there are many."""
    if x is None or x is _CLEARED:
        return "None"
    with np.printoptions(threshold=50, edgeitems=2, precision=5, floatmode="maxprec"):
        return np.array2string(np.asarray(x.data), separator=", ", prefix="Tensor(")


def _traits(x: Handle) -> str:
    name = f", name={x.name!r}" if x.name else ""
    return f"shape={x.shape}, dtype={x.dtype.name}{name}"


def _traced(spec: Spec) -> str:
    return (
        f"this tensor ({spec}) has no value yet: the function is being traced, and only shapes and dtypes are known. "
        "Instead of an `if` on a value use pente.where or pente.cond, instead of a loop pente.scan; "
        "to print or to convert to NumPy, do it outside of the traced function."
    )
