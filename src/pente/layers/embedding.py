"""The embedding: a vector for each of a fixed number of things."""

from typing import Any

import numpy as np

from pente import dtypes
from pente.core import primitives as p
from pente.core.dispatch import bind
from pente.core.node import is_abstract
from pente.core.tensor import Tensor
from pente.errors import DataError, UsageError
from pente.layers.base import Layer
from pente.layers.checks import require_positive
from pente.layers.named import require_known_names
from pente.ops.lifting import astype, lift

__all__ = ["Embedding"]


class Embedding(Layer):
    """The row of a table for each id: out[..., :] = embeddings[ids[...]].

    Shapes: ids (...) of whole numbers from 0 to input_dim - 1, embeddings (input_dim, output_dim), the result
    (..., output_dim). An id that is none raises where its value is known.

    >>> import pente
    >>> layer = pente.layers.Embedding(3, 2, embeddings_initializer="ones")
    >>> layer([[0, 2]]).tolist()
    [[[1.0, 1.0], [1.0, 1.0]]]
    """

    input_dim: int
    output_dim: int
    embeddings_initializer: Any = "uniform"
    embeddings_regularizer: Any = None
    mask_zero: bool = False

    def __post_init__(self) -> None:
        require_positive(self, "input_dim", "output_dim")
        require_known_names(self)
        if self.mask_zero:
            raise UsageError(
                "Embedding: mask_zero=True is not known here, since no mask travels along with the data: id 0 gets a "
                "row like all others. Leave it out, and give a mask where it is wanted: "
                "MultiHeadAttention(...)(x, x, attention_mask=mask)."
            )

    def build(self, input_shape: Any) -> None:
        shape = (self.input_dim, self.output_dim)
        self.embeddings = self.add_weight(
            "embeddings", shape, self.embeddings_initializer, regularizer=self.embeddings_regularizer
        )

    def call(self, ids: Tensor) -> Tensor:
        ids = lift(ids)
        if not is_abstract(ids.data):
            self.refuse_strangers(np.asarray(ids.data))
        whole = ids if ids.dtype.kind in "iu" else astype(ids, dtypes.int64)
        return bind(p.gather, (self.embeddings.read(), whole), {"axis": 0})  # and not take, to which -1 is the last row

    def refuse_strangers(self, ids: np.ndarray[Any, Any]) -> None:
        """Raise for the first id that has no row."""
        if ids.size and ids.min() >= 0 and ids.max() < self.input_dim and ids.dtype.kind in "iu":
            return
        strange = (ids < 0) | (ids >= self.input_dim) | (ids != np.floor(ids))
        if strange.any():
            place = tuple(map(int, np.argwhere(strange)[0]))
            raise DataError(
                f"{self.path} has a row for each id from 0 to {self.input_dim - 1}, and got {ids[place]} at "
                f"ids[{', '.join(map(str, place))}]. {self._fix(ids, place)}"
            )

    def _fix(self, ids: Any, place: tuple[int, ...]) -> str:
        if ids[place] != np.floor(ids[place]):
            return f"An id is a whole number: for numbers that are measured use layers.Dense({self.output_dim})."
        if ids[place] < 0:
            return "Count the ids from 0."
        return (
            f"The largest id is {ids.max():.0f}: write Embedding({ids.max() + 1:.0f}, {self.output_dim}), or give "
            "other ids to what is not known."
        )
