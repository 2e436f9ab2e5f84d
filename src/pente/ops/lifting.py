"""From what a user gives to what a primitive takes: tensors of one dtype."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from pente import dtypes
from pente.core import primitives as p
from pente.core.arrays import array_of, number_of
from pente.core.dispatch import bind
from pente.core.number import Number
from pente.core.tensor import Handle, Tensor, Variable
from pente.core.value import Value
from pente.errors import DTypeError, UsageError

__all__ = ["as_float", "astype", "is_structure", "lift", "lift_all", "pair", "refuse"]

_SCALARS = (bool, int, float, complex)
_WORDS = {
    "dim": "axis",
    "dims": "axis",
    "keepdim": "keepdims",
    "ddof": "correction",
    "axes": "axis",
    "inplace": None,
    "out": None,
    "device": None,
    "requires_grad": None,
}


def lift(x: Any, dtype: Any = None) -> Tensor:
    """A tensor of what is given; an array is shared, and Python floats become float32."""
    if x.__class__ is Tensor:
        out: Tensor = x
    elif x.__class__ is Variable:
        out = x.read()
    elif x.__class__ is Number:
        out = x.read(dtype)
    else:
        out = Tensor(_array(x, dtype))
    return out if dtype is None or out.dtype == dtype else astype(out, dtype)


def _array(x: Any, dtype: Any) -> Any:
    """The NumPy array of anything that is not a tensor yet."""
    if isinstance(x, Value):
        raise DTypeError(
            "a Value is a scalar with its own graph and does not mix with tensors. Its functions are methods: v.exp(), "
            "v.log(), v.tanh(), v.relu(). Use float(v) to leave the graph."
        )
    if isinstance(x, _SCALARS) and not isinstance(x, np.generic):  # float64 is a subclass of float
        return number_of(x, dtypes.of_scalar(x) if dtype is None else dtype)
    if isinstance(x, (list, tuple)) and any(isinstance(item, Handle) for item in x):
        raise UsageError(
            "a list of tensors is no tensor yet: write pente.stack(list) for a new axis, or pente.concat(list)."
        )
    return array_of(x, dtype)


def lift_all(xs: Iterable[Any]) -> tuple[Tensor, ...]:
    """Tensors of one dtype; plain numbers bend to the tensors beside them."""
    given = list(xs)
    firm = [None if _is_weak(x) else lift(x) for x in given]
    known = [x.dtype for x in firm if x is not None]
    if known:
        common = dtypes.result_type(known)
        for x in given:
            common = dtypes.promote(common, dtypes.weak(_sample(x), common)) if _is_weak(x) else common
    else:
        common = dtypes.result_type(dtypes.of_scalar(_sample(x)) for x in given)
    return tuple(lift(given[i] if x is None else x, common) for i, x in enumerate(firm))


def _is_weak(x: Any) -> bool:
    return isinstance(x, (*_SCALARS, Number))


def _sample(x: Any) -> Any:
    """A plain number of this kind: the number itself, where it is known."""
    return x.kind() if x.__class__ is Number else x


def pair(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Two tensors of one dtype."""
    a = a.read() if a.__class__ is Variable else a
    b = b.read() if b.__class__ is Variable else b
    if a.__class__ is Tensor and b.__class__ is Tensor and a.data.dtype is b.data.dtype:
        return a, b
    if a.__class__ is Tensor and b.__class__ is float and a.data.dtype.kind == "f":
        return a, Tensor(a.data.dtype.type(b))
    first, second = lift_all((a, b))
    return first, second


def as_float(x: Any) -> Tensor:
    """A tensor of floating-point (or complex) numbers; integers and bools become float32."""
    out = lift(x)
    return out if out.data.dtype.kind in "fc" else astype(out, dtypes.default_float)


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Tensor:
    """The same numbers as another dtype.

    Shapes: the same. A fraction is cut off on the way to an integer.

    >>> import pente
    >>> pente.astype(pente.tensor([1.7, -1.7]), "int64").tolist()
    [1, -1]
    """
    x, wanted = lift(x), dtypes.as_dtype(dtype)
    if x.dtype == wanted:
        return lift(x)
    if x.dtype.kind == "c" and wanted.kind != "c":
        raise DTypeError(f"a complex tensor cannot become {wanted.name}: take x.numpy().real or x.numpy().imag first.")
    return bind(p.cast, (x,), {"dtype": wanted})


def refuse(name: str, options: dict[str, Any]) -> None:
    """Raise for keywords that other libraries use, with the word that works here."""
    if options.get("out", ...) is None:  # so NumPy calls the method of what is no array
        hint = f"Write pente.{name}(x), or np.{name}(x.numpy()) for a plain array."
        raise UsageError(f"np.{name} would lose the gradient. {hint}")
    for word in options:
        own = _WORDS.get(word, "")
        if own:
            raise UsageError(f"{name}() takes {own}= and not {word}=: write {own}={options[word]!r}.")
        if own is None:
            raise UsageError(f"{name}() has no {word}=: tensors are immutable and on the CPU, so leave it out.")
        raise UsageError(f"{name}() got an unexpected keyword {word!r}.")


def is_structure(x: Any) -> bool:
    """Whether a list, tuple or dict holds tensors, and is not itself the numbers of one."""
    if isinstance(x, dict):
        return True
    if isinstance(x, (list, tuple)):
        return any(map(is_structure, x)) if not x or not isinstance(x[0], (int, float)) else False
    return isinstance(x, (Handle, np.ndarray)) or hasattr(x, "to_numpy") or getattr(x, "ndim", 0) > 0
