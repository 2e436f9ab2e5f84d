"""A plain Python number among the arguments of a traced function."""

from typing import Any

import numpy as np

from pente.core.node import Node
from pente.core.tensor import Handle, Tensor
from pente.dtypes import DType, of_scalar

__all__ = ["Number", "alone", "exact", "is_plain"]

_KINDS = {"i": np.dtype(np.int64), "f": np.dtype(np.float64), "c": np.dtype(np.complex128)}


class Number(Handle):
    """A Python number whose value is not known yet. As outside of a trace, it bends to the dtype beside it.

    ``exact`` is the tensor that holds it as Python does, in 64 bits a part. With other plain numbers it stays one;
    ``alone`` is the dtype of the tensor that it is by itself: the default one, or that of NumPy's float64, which is a
    Python float, too.
    """

    __slots__ = ("_read", "alone", "exact")

    def __init__(self, exact: Tensor, alone: DType | None = None) -> None:
        self.exact = exact
        self.alone = of_scalar(self.kind()) if alone is None else alone
        self.name = exact.name
        self.born = exact.born
        self._grad = None
        self._read: Tensor | None = None

    def read(self, dtype: Any = None) -> Tensor:
        """The tensor that it is beside numbers of this dtype, or else alone."""
        from pente.core.primitives import cast

        if dtype is not None:
            return cast(self.exact, dtype=dtype)  # type: ignore[no-any-return]
        if self._read is None:
            self._read = cast(self.exact, dtype=self.alone)
        return self._read

    def kind(self) -> Any:
        """Some Python number of its kind."""
        return self.exact.dtype.type(0).item()

    @property
    def data(self) -> Any:
        return self.read().data

    @property
    def node(self) -> Node | None:
        return self.read().node

    @property
    def requires_grad(self) -> bool:
        """No gradient is asked of a plain number."""
        return False

    def numpy(self) -> Any:
        """Raise TraceError: there is no value yet."""
        return self.read().numpy()

    def __repr__(self) -> str:
        return f"Number(traced, {self.exact.dtype.name})"


def is_plain(x: Any) -> bool:
    """Whether this is a Python number, known or not."""
    return x.__class__ is Number or (isinstance(x, (int, float, complex)) and not isinstance(x, bool))


def alone(x: Any) -> DType:
    """The dtype of the tensor that a plain number is by itself."""
    return x.dtype if isinstance(x, np.generic) else of_scalar(x)


def exact(x: Any) -> Tensor:
    """A plain number as Python holds it: int64, float64 or complex128."""
    if x.__class__ is Number:
        held: Tensor = x.exact
        return held
    return Tensor(np.array(x, _KINDS[of_scalar(x).kind]))


def _among_numbers(operator: str) -> Any:
    """The operator between plain numbers, done as Python does it; beside anything else that of a tensor."""

    def method(self: Number, *others: Any) -> Any:
        if not others:
            return Number(getattr(self.exact, operator)())
        (other,) = others
        if not is_plain(other):
            return getattr(Handle, operator)(self, other)
        a, b = self.exact, exact(other)
        if operator in ("__truediv__", "__rtruediv__"):
            a, b = (x if x.dtype.kind in "fc" else Number(x).read(_KINDS["f"]) for x in (a, b))
        return Number(getattr(a, operator)(b))

    return method


for _name in ("neg", "pos", "abs"):
    setattr(Number, f"__{_name}__", _among_numbers(f"__{_name}__"))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    for _operator in (f"__{_name}__", f"__r{_name}__"):
        setattr(Number, _operator, _among_numbers(_operator))
