"""Attention: each place of a sequence takes what it needs from the places of another, or of its own."""

import math
from typing import Any

import numpy as np

from pente.core.tensor import Tensor
from pente.errors import DTypeError, ShapeError, UsageError
from pente.layers.base import Layer
from pente.layers.checks import require_features, require_positive, require_rate
from pente.layers.dropout import Dropout
from pente.layers.named import require_known_names
from pente.ops.elementwise import logical_and, where
from pente.ops.lifting import as_float, lift
from pente.ops.linalg import matmul
from pente.ops.neural import attention, softmax
from pente.ops.shape import expand_dims, matrix_transpose, permute_dims, reshape
from pente.shapes import Shape

__all__ = ["MultiHeadAttention"]


class Projection(Layer):
    """x · kernel + bias, where the last ``joined`` axes of x meet the first of the kernel, and ``shape`` comes out.

    Shapes: x (..., *features), kernel (*features, *shape), bias shape, the result (..., *shape).
    """

    shape: Any
    joined: int = 1
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None

    def build(self, input_shape: Any) -> None:
        shape = (*input_shape[-self.joined :], *self.shape)
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer, regularizer=self.kernel_regularizer)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight("bias", self.shape, self.bias_initializer, regularizer=self.bias_regularizer)

    def call(self, x: Tensor) -> Tensor:
        kept, rows, columns = x.shape[: x.ndim - self.joined], self._rows(), math.prod(self.shape)
        if self.joined == 1:
            require_features(self, x, rows)
        y = matmul(reshape(x, (math.prod(kept), rows)), reshape(self.kernel, (rows, columns)))
        if self.bias is not None:
            y = y + reshape(self.bias, (columns,))
        return reshape(y, (*kept, *self.shape))

    def _rows(self) -> int:
        return math.prod(self.kernel.shape[: self.joined])


class MultiHeadAttention(Layer):
    """Several attentions side by side, each with its own projections of query, key and value; then all are mixed.

    head = softmax(Q Kᵀ / √key_dim) V, where Q, K, V = query, key, value · kernel + bias. It is called
    ``layer(query, value, key)``, in Keras's order; without a key the value is the key too. ``attention_mask`` is True
    where a place may be seen; with ``use_causal_mask`` place i sees the places up to i. Shapes: query (batch, n, ·),
    value and key (batch, m, ·), the mask what broadcasts to (batch, n, m) or (batch, heads, n, m), the result as the
    query; with ``return_attention_scores`` the softmax, (batch, heads, n, m), behind it. Source: Vaswani et al.,
    "Attention Is All You Need", 2017.

    >>> import pente
    >>> x = pente.ones((2, 5, 8))
    >>> pente.layers.MultiHeadAttention(num_heads=2, key_dim=4)(x, x, use_causal_mask=True).shape
    (2, 5, 8)
    """

    num_heads: int
    key_dim: int
    value_dim: int | None = None
    dropout: float = 0.0
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    seed: int | None = None

    def __post_init__(self) -> None:
        require_positive(self, "num_heads", "key_dim", *(["value_dim"] if self.value_dim is not None else []))
        require_rate(self, "dropout")
        require_known_names(self)
        self.query = self._projection((self.num_heads, self.key_dim))
        self.key = self._projection((self.num_heads, self.key_dim))
        self.value = self._projection((self.num_heads, self.value_dim or self.key_dim))
        self.drop = Dropout(self.dropout, None, self.seed) if self.dropout else None

    def _projection(self, shape: Shape, joined: int = 1) -> Projection:
        return Projection(
            shape,
            joined,
            self.use_bias,
            self.kernel_initializer,
            self.bias_initializer,
            self.kernel_regularizer,
            self.bias_regularizer,
            dtype=self.dtype,
        )

    def build(self, query_shape: Any, value_shape: Any = None, key_shape: Any = None) -> None:
        require_sequence(self, "query", query_shape)
        self.attention_output = self._projection((query_shape[-1],), joined=2)
        self.attention_output.ensure_built((*query_shape[:-1], *self.value.shape))
        key_shape = value_shape if key_shape is None else key_shape
        for layer, shape in ((self.query, query_shape), (self.key, key_shape), (self.value, value_shape)):
            if shape is not None:
                layer.ensure_built(shape)

    def __call__(self, query: Any, value: Any = None, key: Any = None, *others: Any, **options: Any) -> Any:
        if value is None:
            raise UsageError(f"{self.path} wants a query and a value: for self-attention write layer(x, x).")
        return super().__call__(query, value, key, *others, **options)  # by name or not, build is told their shapes

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        attention_mask: Any = None,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
        training: bool = False,
    ) -> Any:
        given = {"query": query, "key": value if key is None else key, "value": value}
        for name, x in given.items():
            require_sequence(self, name, x.shape)
        q, k, v = (permute_dims(getattr(self, name)(as_float(x)), (0, 2, 1, 3)) for name, x in given.items())
        dropping = training and self.drop is not None
        odd = use_causal_mask and q.shape[2] != k.shape[2]  # the composite lets the last query see all keys
        if attention_mask is None and not (return_attention_scores or dropping or odd):
            return self._mixed(attention(q, k, v, causal=use_causal_mask))
        scores = self._scores(q, k, attention_mask, use_causal_mask)
        y = self._mixed(matmul(self.drop(scores) if self.drop is not None else scores, v))
        return (y, scores) if return_attention_scores else y

    def _scores(self, q: Tensor, k: Tensor, mask: Any, causal: bool) -> Tensor:
        """softmax(Q Kᵀ / √key_dim) over the places that may be seen."""
        scores = matmul(q, matrix_transpose(k)) * (1.0 / math.sqrt(self.key_dim))
        seen = None if mask is None else self._four_axes(lift(mask), scores.shape)
        if causal:
            before = lift(np.tri(*scores.shape[-2:], dtype=bool))
            seen = before if seen is None else logical_and(seen, before)
        if seen is not None:
            scores = where(seen, scores, float(np.finfo(scores.dtype).min))
        return softmax(scores)

    def _four_axes(self, mask: Tensor, shape: Shape) -> Tensor:
        """The mask as bools that broadcast to the scores."""
        if mask.dtype.kind not in "biu":
            raise DTypeError(
                f"{self.path}: attention_mask is True where a place may be seen, got {mask.dtype.name}. Where 0 means "
                "seen and -inf not, write attention_mask=(mask == 0); where 1 means seen, mask > 0."
            )
        wide = expand_dims(mask, axis=1) if mask.ndim == 3 else mask
        if wide.ndim not in (2, 4) or any(n not in (1, m) for n, m in zip(wide.shape[::-1], shape[::-1], strict=False)):
            raise ShapeError(
                f"{self.path}: attention_mask is (batch, queries, keys), here {(shape[0], *shape[2:])}, or what "
                f"broadcasts to it, got {mask.shape}. A mask of the keys alone, (batch, keys), is mask[:, None, :]."
            )
        return wide if wide.dtype.kind == "b" else wide != 0

    def _mixed(self, heads: Tensor) -> Tensor:
        """All heads of a place as one vector."""
        mixed: Tensor = self.attention_output(permute_dims(heads, (0, 2, 1, 3)))
        return mixed


def require_sequence(layer: Layer, name: str, shape: Any) -> None:
    """Raise unless the shape is (batch, places, features)."""
    if not isinstance(shape, tuple) or len(shape) != 3:
        raise ShapeError(
            f"{layer.path} expects a {name} (batch, places, features), and got shape {shape}. It is called "
            "layer(query, value); in self-attention layer(x, x). A vector for each example is one place: x[:, None, :]."
        )
