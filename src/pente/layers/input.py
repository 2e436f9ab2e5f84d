"""Where a model begins."""

import operator
from typing import Any

from pente.errors import UsageError
from pente.layers.base import Layer
from pente.layers.symbolic import LayerCall, SymbolicTensor

__all__ = ["Input", "InputLayer"]


class InputLayer(Layer):
    """The place where the data comes in: the shape of one example, without the batch.

    >>> import pente
    >>> pente.layers.InputLayer((28, 28, 1)).output
    <SymbolicTensor shape=(None, 28, 28, 1) dtype=float32 from input_layer>
    """

    shape: Any
    batch_size: int | None = None

    def __post_init__(self) -> None:
        self.shape = _checked(self.shape)
        call = LayerCall(self, (), {})
        call.outputs = SymbolicTensor((self.batch_size, *self.shape), self.weight_dtype, call)
        self.calls.append(call)
        vars(self)["output_shape"] = call.outputs.shape
        self.built = True

    def call(self, x: Any) -> Any:
        return x


def Input(  # noqa: N802  (Keras's name)
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    *,
    batch_shape: Any = None,
    name: str | None = None,
) -> SymbolicTensor:
    """A symbolic tensor to build a model from.

    ``shape`` is that of one example, without the batch; None in it is an open length. ``batch_shape`` stands in the
    place of ``shape`` and ``batch_size``.

    >>> Input((28, 28, 1))
    <SymbolicTensor shape=(None, 28, 28, 1) dtype=float32 from input_layer>
    """
    if batch_shape is not None:
        if shape is not None or batch_size is not None or not batch_shape:
            raise UsageError("give an Input its shape, or its batch_shape with the batch in front, and not both.")
        batch_size, *shape = batch_shape
    symbol: SymbolicTensor = InputLayer(shape, batch_size, dtype=dtype, name=name).output
    return symbol


def _checked(shape: Any) -> tuple[int | None, ...]:
    if isinstance(shape, int):
        raise UsageError(f"the shape of an input is a tuple: write Input(({shape},)), got Input({shape}).")
    try:
        sizes = tuple(None if n is None else operator.index(n) for n in shape)
    except TypeError:
        raise UsageError(
            f"the shape of an input is a tuple of lengths, as in Input((28, 28, 1)), got {shape!r}."
        ) from None
    if any(n is not None and n < 1 for n in sizes):
        raise UsageError(f"an input has lengths of at least 1, or None for an open one, got {sizes}.")
    return sizes
