"""Recurrent layers: a state that is carried from step to step.

What the input contributes does not depend on the state, so it is one matrix product for all steps, before the first.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from pente import initializers, regularizers
from pente.core.tensor import Tensor
from pente.dtypes import DType
from pente.errors import ShapeError
from pente.initializers import Initializer
from pente.layers import activations
from pente.layers.advice import for_steps
from pente.layers.base import Layer
from pente.layers.checks import known_features, require_features, require_positive, require_rate
from pente.layers.dropout import Dropout
from pente.layers.named import require_known_names
from pente.ops.control import scan
from pente.ops.creation import ones, zeros
from pente.ops.lifting import as_float
from pente.ops.linalg import matmul
from pente.ops.shape import flip, permute_dims, reshape, split
from pente.shapes import Shape

__all__ = ["GRU", "LSTM", "SimpleRNN"]

State = list[Tensor]


class Recurrent(Layer):
    """The base: all but the step. Its methods take ``self: Any``, for the fields come in another order for each."""

    gates: ClassVar[int]  # how many numbers a unit wants from the input
    carried: ClassVar[int] = 1  # how many tensors the state is made of; the first is the output

    def __post_init__(self: Any) -> None:
        require_positive(self, "units")
        require_rate(self, "dropout")
        require_rate(self, "recurrent_dropout")
        require_known_names(self)
        self.input_drop = Dropout(self.dropout, (None, 1, None), self.seed) if self.dropout else None
        self.state_drop = Dropout(self.recurrent_dropout, None, self.seed) if self.recurrent_dropout else None

    def build(self: Any, input_shape: Any) -> None:
        require_steps(self, input_shape)
        wide = self.gates * self.units
        self.kernel = self.add_weight(
            "kernel",
            (known_features(self, input_shape), wide),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
        )
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel",
            (self.units, wide),
            self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
        )
        self.bias = self.first_bias() if self.use_bias else None

    def first_bias(self: Any) -> Any:
        """The bias as it is made."""
        shape = (self.gates * self.units,)
        return self.add_weight("bias", shape, self.bias_initializer, regularizer=self.bias_regularizer)

    def call(self: Any, sequences: Tensor, initial_state: Any = None, training: bool = False) -> Any:
        x = as_float(sequences)
        require_steps(self, x.shape)
        require_features(self, x, self.kernel.shape[0])
        first = self.first_state(x, initial_state)
        if training and self.input_drop is not None:
            x = self.input_drop(x)
        mask = (
            self.state_drop(ones(first[0].shape, dtype=x.dtype)) if training and self.state_drop is not None else None
        )

        def step(state: State, z: Tensor) -> tuple[State, Any]:
            after = self.step(z, state, state[0] if mask is None else state[0] * mask)
            return after, after[0] if self.return_sequences else ()

        last, outputs = scan(step, first, self.projected(x), reverse=self.go_backwards)
        return self.finished(last, outputs)

    def first_state(self: Any, x: Tensor, given: Any) -> State:
        """Zeros, or the state that was given."""
        shape = (x.shape[0], self.units)
        if given is None:
            return [zeros(shape, dtype=x.dtype)] * self.carried
        state = [as_float(s) for s in (given if isinstance(given, (list, tuple)) else [given])]
        if [s.shape for s in state] != [shape] * self.carried:
            raise ShapeError(
                f"{self.path}: initial_state is a list of {self.carried} of shape {shape}, got shapes "
                f"{[s.shape for s in state]}."
            )
        return state

    def projected(self: Any, x: Tensor) -> Tensor:
        """x · kernel + bias for all steps at once: (steps, batch, gates · units)."""
        batch, steps, features = x.shape
        rows = reshape(permute_dims(x, (1, 0, 2)), (steps * batch, features))
        z = matmul(rows, self.kernel)
        if self.bias is not None:
            z = z + self.input_bias()
        return reshape(z, (steps, batch, self.kernel.shape[1]))

    def input_bias(self: Any) -> Tensor:
        """The bias of what comes from the input."""
        bias: Tensor = self.bias.read()
        return bias

    def step(self, z: Tensor, state: State, h: Tensor) -> State:
        """The next state: z is from the input, h the last output as the gates see it."""
        raise NotImplementedError

    def finished(self: Any, last: State, outputs: Any) -> Any:
        """The output, and the last state where it is wanted."""
        out = last[0]
        if self.return_sequences:
            out = permute_dims(flip(outputs, axis=0) if self.go_backwards else outputs, (1, 0, 2))
        penalty = regularizers.get(self.activity_regularizer)
        if penalty is not None:
            self.add_loss(penalty(out))
        return (out, *last) if self.return_state else out


class SimpleRNN(Recurrent):
    """h = activation(x · kernel + h · recurrent_kernel + bias), from step to step.

    Shapes: x (batch, steps, features), kernel (features, units), recurrent_kernel (units, units), bias (units,); the
    result (batch, units), or with ``return_sequences`` (batch, steps, units), and with ``return_state`` the last state
    behind it. With ``go_backwards`` the last step comes first, also in the result.

    >>> import pente
    >>> pente.layers.SimpleRNN(3, return_sequences=True)(pente.ones((2, 5, 4))).shape
    (2, 5, 3)
    """

    units: int
    activation: Any = "tanh"
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    recurrent_initializer: Any = "orthogonal"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    recurrent_regularizer: Any = None
    bias_regularizer: Any = None
    activity_regularizer: Any = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    seed: int | None = None
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False

    gates = 1

    def step(self, z: Tensor, state: State, h: Tensor) -> State:
        return [activations.get(self.activation)(z + matmul(h, self.recurrent_kernel))]


class LSTM(Recurrent):
    """Long short-term memory: gates i, f, o from x · kernel + h · recurrent_kernel + bias, and a memory c.

    c = f · c + i · activation(z_c), h = o · activation(c), where i, f, o = recurrent_activation(z_i, z_f, z_o); the
    weights hold them in the order i, f, c, o. Shapes: x (batch, steps, features), kernel (features, 4 · units),
    recurrent_kernel (units, 4 · units), bias (4 · units,); the result (batch, units), or with ``return_sequences``
    (batch, steps, units), and with ``return_state`` the last h and c behind it. ``initial_state`` is [h, c]. With
    ``go_backwards`` the last step comes first, also in the result. ``dropout`` and ``recurrent_dropout`` make one
    choice for all steps and gates. Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997.

    >>> import pente
    >>> pente.layers.LSTM(3)(pente.ones((2, 5, 4))).shape
    (2, 3)
    """

    units: int
    activation: Any = "tanh"
    recurrent_activation: Any = "sigmoid"
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    recurrent_initializer: Any = "orthogonal"
    bias_initializer: Any = "zeros"
    unit_forget_bias: bool = True
    kernel_regularizer: Any = None
    recurrent_regularizer: Any = None
    bias_regularizer: Any = None
    activity_regularizer: Any = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    seed: int | None = None
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False

    gates = 4
    carried = 2

    def first_bias(self) -> Any:
        first: Any = self.bias_initializer
        if self.unit_forget_bias:
            first = ForgetNothing(first, self.units)
        return self.add_weight("bias", (4 * self.units,), first, regularizer=self.bias_regularizer)

    def step(self, z: Tensor, state: State, h: Tensor) -> State:
        gate, squash = activations.get(self.recurrent_activation), activations.get(self.activation)
        i, f, new, o = split(z + matmul(h, self.recurrent_kernel), 4, axis=-1)
        c = gate(f) * state[1] + gate(i) * squash(new)
        return [gate(o) * squash(c), c]


class GRU(Recurrent):
    """Gated recurrent unit: h = z · h + (1 - z) · activation(new), with gates z and r = recurrent_activation(...).

    With ``reset_after`` new = x · kernel + r · (h · recurrent_kernel + bias), each with a bias of its own, without it
    new = x · kernel + (r · h) · recurrent_kernel; the weights hold the gates in the order z, r, new. Shapes: x (batch,
    steps, features), kernel (features, 3 · units), recurrent_kernel (units, 3 · units), bias (2, 3 · units), for input
    and state, or (3 · units,) without ``reset_after``; the result (batch, units), or with ``return_sequences`` (batch,
    steps, units), and with ``return_state`` the last h behind it. With ``go_backwards`` the last step comes first, also
    in the result. ``dropout`` and ``recurrent_dropout`` make one choice for all steps and gates.
    Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014.

    >>> import pente
    >>> pente.layers.GRU(3)(pente.ones((2, 5, 4))).shape
    (2, 3)
    """

    units: int
    activation: Any = "tanh"
    recurrent_activation: Any = "sigmoid"
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    recurrent_initializer: Any = "orthogonal"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    recurrent_regularizer: Any = None
    bias_regularizer: Any = None
    activity_regularizer: Any = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    seed: int | None = None
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    reset_after: bool = True

    gates = 3

    def first_bias(self) -> Any:
        shape = (2, 3 * self.units) if self.reset_after else (3 * self.units,)
        return self.add_weight("bias", shape, self.bias_initializer, regularizer=self.bias_regularizer)

    def input_bias(self: Any) -> Tensor:
        bias: Tensor = self.bias.read()
        return bias[0] if self.reset_after else bias

    def step(self, z: Tensor, state: State, h: Tensor) -> State:
        gate, squash = activations.get(self.recurrent_activation), activations.get(self.activation)
        keep, reset, new = split(z, 3, axis=-1)
        if self.reset_after:
            inner_keep, inner_reset, inner_new = split(self._from_state(h), 3, axis=-1)
            keep, reset = gate(keep + inner_keep), gate(reset + inner_reset)
            new = squash(new + reset * inner_new)
        else:
            kernel = self.recurrent_kernel.read()
            inner_keep, inner_reset = split(matmul(h, kernel[:, : 2 * self.units]), 2, axis=-1)
            keep, reset = gate(keep + inner_keep), gate(reset + inner_reset)
            new = squash(new + matmul(reset * h, kernel[:, 2 * self.units :]))
        return [keep * state[0] + (1.0 - keep) * new]

    def _from_state(self, h: Tensor) -> Tensor:
        """h · recurrent_kernel and the bias of its own."""
        bias: Any = self.bias
        return matmul(h, self.recurrent_kernel) + (0.0 if bias is None else bias.read()[1])


@dataclass(frozen=True, repr=False)
class ForgetNothing(Initializer):
    """The bias of an LSTM whose forget gate begins open: 1 there, ``first`` elsewhere (Jozefowicz et al., 2015)."""

    first: Any
    units: int

    def draw(self, shape: Shape, dtype: DType, key: Any) -> Tensor:
        drawn: Any = initializers.get(self.first)
        values: Tensor = drawn(shape, dtype, key=key).at[self.units : 2 * self.units].set(1.0)
        return values


def require_steps(layer: Layer, shape: Any) -> None:
    """Raise unless the input is (batch, steps, features)."""
    if not isinstance(shape, tuple) or len(shape) != 3:
        raise ShapeError(
            f"{layer.path} expects inputs (batch, steps, features), and got shape {shape}.{for_steps(shape)}"
        )
