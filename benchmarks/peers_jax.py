"""The six nets in JAX, and an epoch of each: one jitted call a step, or one for all steps.

The state is donated, so that a step may write where the old state lay. Dropout draws from XLA's own generator, which
is faster here than JAX's usual one.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, nn

__all__ = ["trainer"]

Array = Any


class Pass:
    """One pass through a net. It hands out weights in the order in which they are asked for; the first makes them."""

    def __init__(self, key: Array, weights: list[Array] | None = None, averages: list[Array] | None = None) -> None:
        self.key = key
        self.given = None if weights is None else iter(weights)
        self.before = iter(averages or [])
        self.weights: list[Array] = []
        self.averages: list[Array] = []  # of BatchNorm, as they are after this pass

    def random(self) -> Array:
        self.key, key = jax.random.split(self.key)
        return key

    def weight(self, *shape: int, start: Callable[..., Array] | None = None) -> Array:
        make = start or nn.initializers.glorot_uniform()
        self.weights.append(next(self.given) if self.given else make(self.random(), shape, jnp.float32))
        return self.weights[-1]

    def average(self, now: Array, start: float) -> None:
        before = next(self.before) if self.given else jnp.full(now.shape, start)
        self.averages.append(0.99 * before + 0.01 * now)


def zeros(net: Pass, size: int) -> Array:
    return net.weight(size, start=nn.initializers.zeros)


def ones(net: Pass, size: int) -> Array:
    return net.weight(size, start=nn.initializers.ones)


def dense(net: Pass, x: Array, size: int) -> Array:
    return x @ net.weight(x.shape[-1], size) + zeros(net, size)


def dropout(net: Pass, x: Array, rate: float) -> Array:
    return jnp.where(jax.random.bernoulli(net.random(), 1 - rate, x.shape), x / (1 - rate), 0)


def batch_norm(net: Pass, x: Array) -> Array:
    axes = tuple(range(x.ndim - 1))
    mean, square = x.mean(axes), (x * x).mean(axes)
    variance = square - mean * mean
    net.average(mean, 0.0)
    net.average(variance, 1.0)
    return (x - mean) * (ones(net, x.shape[-1]) * lax.rsqrt(variance + 1e-3)) + zeros(net, x.shape[-1])


def layer_norm(net: Pass, x: Array) -> Array:
    scaled = nn.standardize(x, epsilon=1e-3)
    return scaled * ones(net, x.shape[-1]) + zeros(net, x.shape[-1])


def conv(net: Pass, x: Array, filters: int, window: int, stride: int = 1, padding: str = "SAME") -> Array:
    kernel = net.weight(window, window, x.shape[-1], filters)
    return lax.conv_general_dilated(x, kernel, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def max_pool(x: Array) -> Array:
    """Of windows of 2; as a reshape, whose gradient is much faster here than that of reduce_window."""
    n, h, w, c = len(x), x.shape[1] // 2, x.shape[2] // 2, x.shape[3]
    return x[:, : 2 * h, : 2 * w].reshape(n, h, 2, w, 2, c).max((2, 4))


def mlp(net: Pass, x: Array) -> Array:
    return dense(net, nn.relu(dense(net, x, 64)), 10)


def square(net: Pass, x: Array) -> Array:
    return dense(net, nn.relu(dense(net, x, x.shape[-1])), 10)


def tabular(net: Pass, x: Array) -> Array:
    for _ in range(2):
        x = dropout(net, nn.relu(batch_norm(net, dense(net, x, 128))), 0.2)
    return dense(net, x, 2)


def cnn(net: Pass, x: Array) -> Array:
    for filters in (32, 64):
        x = max_pool(nn.relu(conv(net, x, filters, 3, padding="VALID") + zeros(net, filters)))
    return dense(net, dropout(net, x.reshape(len(x), -1), 0.5), 10)


def lstm(net: Pass, x: Array) -> Array:
    x = net.weight(2000, 64)[x]
    inputs, recurrent = dense(net, x, 256), net.weight(64, 256)

    def cell(state: tuple[Array, Array], x: Array) -> tuple[tuple[Array, Array], None]:
        hidden, carried = state
        i, f, g, o = jnp.split(x + hidden @ recurrent, 4, -1)
        carried = nn.sigmoid(f) * carried + nn.sigmoid(i) * jnp.tanh(g)
        return (nn.sigmoid(o) * jnp.tanh(carried), carried), None

    nothing = jnp.zeros((len(x), 64))
    (last, _), _ = lax.scan(cell, (nothing, nothing), inputs.swapaxes(0, 1))
    return dense(net, last, 2)


def attention(x: Array) -> Array:
    """Of 4 heads, causal; here as fast as nn.dot_product_attention, or faster."""
    batch, places, width = x.shape
    q, k, v = x.reshape(batch, places, 3, 4, width // 12).transpose(2, 0, 3, 1, 4)
    scores = jnp.where(jnp.tri(places, dtype=bool), q @ k.mT / np.sqrt(width // 12), -jnp.inf)
    return (nn.softmax(scores) @ v).swapaxes(1, 2).reshape(batch, places, width // 3)


def gpt(net: Pass, x: Array) -> Array:
    x = net.weight(65, 128)[x] + net.weight(64, 128)
    for _ in range(4):
        x = x + dense(net, attention(dense(net, layer_norm(net, x), 384)), 128)
        x = x + dense(net, nn.gelu(dense(net, layer_norm(net, x), 512)), 128)
    return dense(net, layer_norm(net, x), 65)


def convolved(net: Pass, x: Array, filters: int, window: int, stride: int) -> Array:
    return batch_norm(net, conv(net, x, filters, window, stride))


def resnet18(net: Pass, x: Array) -> Array:
    x = nn.relu(convolved(net, x, 64, 3, 1))
    for filters, first in [(64, 1), (128, 2), (256, 2), (512, 2)]:
        for stride in (first, 1):
            y = convolved(net, nn.relu(convolved(net, x, filters, 3, stride)), filters, 3, 1)
            x = nn.relu(y + (convolved(net, x, filters, 1, stride) if x.shape != y.shape else x))
    return dense(net, x.mean((1, 2)), 10)


NETS = {"square": square, "mlp": mlp, "tabular": tabular, "cnn": cnn, "lstm": lstm, "gpt": gpt, "resnet18": resnet18}
DECAY = {"tabular": 4e-3, "gpt": 0.1}


def sgd(w: Array, g: Array, slots: tuple[Array, Array], count: Array) -> tuple[Array, tuple[Array, Array]]:
    speed = 0.9 * slots[0] + g + 5e-4 * w
    return w - 0.1 * speed, (speed, slots[1])


def adam(decay: float, b1: float, b2: float) -> Callable[..., tuple[Array, tuple[Array, Array]]]:
    """Adam at a rate of 1e-3, with AdamW's decay."""

    def change(w: Array, g: Array, slots: tuple[Array, Array], count: Array) -> tuple[Array, tuple[Array, Array]]:
        m, v = b1 * slots[0] + (1 - b1) * g, b2 * slots[1] + (1 - b2) * g * g
        rate = 1e-3 * jnp.sqrt(1 - b2**count) / (1 - b1**count)
        return w - rate * m / (jnp.sqrt(v) + 1e-7) - 1e-3 * decay * w, (m, v)

    return change


def stepper(name: str) -> Callable[..., tuple[Any, Array]]:
    """One step: the state, the rows of the batch and the data to the new state and the loss."""
    change = sgd if name == "resnet18" else adam(DECAY.get(name, 0.0), 0.9, 0.99 if name == "gpt" else 0.999)

    def step(state: Any, rows: Array, x: Array, y: Array) -> tuple[Any, Array]:
        weights, averages, slots, count = state

        def loss(weights: list[Array]) -> tuple[Array, list[Array]]:
            net = Pass(jax.random.fold_in(jax.random.key(0, impl="rbg"), count), weights, averages)
            chances = nn.log_softmax(NETS[name](net, x[rows]))
            return -jnp.take_along_axis(chances, y[rows][..., None], -1).mean(), net.averages

        (value, averages), slopes = jax.value_and_grad(loss, has_aux=True)(weights)
        count = count + 1
        new = [change(w, g, s, count.astype(jnp.float32)) for w, g, s in zip(weights, slopes, slots, strict=True)]
        return ([w for w, _ in new], averages, [s for _, s in new], count), value

    return step


def first_state(name: str, x: Array) -> Any:
    net = Pass(jax.random.key(0))
    NETS[name](net, x[:1])
    slots = [(jnp.zeros_like(w), jnp.zeros_like(w)) for w in net.weights]
    return net.weights, net.averages, slots, jnp.zeros((), jnp.int32)


def trainer(name: str, x: Any, y: Any, batch: int, whole: bool = False) -> tuple[Callable[[], float], int]:
    """An epoch in a new order, which returns the mean loss, and how many numbers the net has; ``whole`` is one call."""
    step, data, rng = stepper(name), (jnp.asarray(x), jnp.asarray(y)), np.random.default_rng(0)
    state = first_state(name, data[0])
    count = sum(w.size for w in [*state[0], *state[1]])
    one = jax.jit(step, donate_argnums=0)
    scanned = jax.jit(lambda s, order, *data: lax.scan(lambda s, r: step(s, r, *data), s, order), donate_argnums=0)

    def epoch() -> float:
        nonlocal state
        order, losses = rng.permutation(len(x)).reshape(-1, batch), []
        if whole:
            state, losses = scanned(state, order, *data)
            return float(losses.mean())
        for rows in order:
            state, loss = one(state, rows, *data)
            losses.append(loss)
        return float(np.mean(losses))

    return epoch, count
