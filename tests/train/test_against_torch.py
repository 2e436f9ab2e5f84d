"""A whole training gives the losses and weights that PyTorch gives, from the same weights on the same batches."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente import Sequential, layers

RNG = np.random.default_rng(1)
X = RNG.normal(size=(50, 7)).astype(np.float32)
LABELS = RNG.integers(0, 4, 50)
TARGETS = RNG.normal(size=(50, 2)).astype(np.float32)


def torch_twin(model: Any, *activations: Any) -> Any:
    """A torch network with the same Dense layers."""
    parts = []
    dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    for layer, activation in zip(dense, (*activations, None), strict=True):
        kernel, bias = layer.get_weights()
        linear = torch.nn.Linear(*kernel.shape)
        linear.weight.data, linear.bias.data = torch.tensor(kernel.T.copy()), torch.tensor(bias)
        parts += [linear] if activation is None else [linear, activation]
    return torch.nn.Sequential(*parts)


def losses_of_torch(net: Any, optimizer: Any, loss: Any, y: Any, steps: int, size: int = 10) -> list[float]:
    seen = []
    for step in range(steps):
        rows = slice(step * size % 50, step * size % 50 + size)
        value = loss(net(torch.tensor(X[rows])), torch.tensor(y[rows]))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        seen.append(value.item())
    return seen


class BatchLosses(pente.callbacks.Callback):
    """The loss of each batch, from the running mean that the callback is told."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.total = 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append(logs["loss"] * (batch + 1) - self.total)
        self.total = logs["loss"] * (batch + 1)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: pente.optimizers.SGD(0.1), lambda p: torch.optim.SGD(p, 0.1)),
        (lambda: pente.optimizers.SGD(0.05, momentum=0.9), lambda p: torch.optim.SGD(p, 0.05, momentum=0.9)),
        (lambda: pente.optimizers.Adam(0.01), lambda p: torch.optim.Adam(p, 0.01, eps=1e-7)),
    ],
    ids=["sgd", "momentum", "adam"],
)
@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "eager"])
def test_a_classifier_trains_as_in_torch(ours: Any, theirs: Any, jit: bool) -> None:
    model = Sequential([layers.Dense(16, "tanh"), layers.Dense(8, "relu"), layers.Dense(4, "softmax")])
    model.compile(ours(), "sparse_categorical_crossentropy", jit=jit)
    model(X)
    net = torch_twin(model, torch.nn.Tanh(), torch.nn.ReLU())
    told = BatchLosses()
    model.fit(X, LABELS, batch_size=10, epochs=2, shuffle=False, callbacks=[told], verbose=0)
    expected = losses_of_torch(net, theirs(net.parameters()), torch.nn.functional.cross_entropy, LABELS, 10)
    # Keras's Adam adds epsilon before the correction of the second moment, torch's after it: that shows in weights
    # whose gradient is almost 0.
    np.testing.assert_allclose(told.seen, expected, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[0].T, net[0].weight.detach().numpy(), rtol=1e-3, atol=1e-3)


def test_a_regression_with_weight_penalty_trains_as_in_torch() -> None:
    model = Sequential([layers.Dense(6, "sigmoid", kernel_regularizer=pente.regularizers.L2(0.01)), layers.Dense(2)])
    model.compile(pente.optimizers.SGD(0.1), "mse")
    model(X)
    net = torch_twin(model, torch.nn.Sigmoid())
    told = BatchLosses()
    model.fit(X, TARGETS, batch_size=10, shuffle=False, callbacks=[told], verbose=0)

    def loss(predictions: Any, y: Any) -> Any:
        return torch.nn.functional.mse_loss(predictions, y) + 0.01 * (net[0].weight ** 2).sum()

    expected = losses_of_torch(net, torch.optim.SGD(net.parameters(), 0.1), loss, TARGETS, 5)
    np.testing.assert_allclose(told.seen, expected, rtol=2e-5)


def test_the_last_smaller_batch_counts_by_its_rows() -> None:
    model = Sequential([layers.Dense(2)])
    model.compile(pente.optimizers.SGD(1e-30), "mse", ["mae"])
    history = model.fit(X, TARGETS, batch_size=32, verbose=0)
    predictions = model.predict(X)
    np.testing.assert_allclose(history.history["loss"], [np.mean((predictions - TARGETS) ** 2)], rtol=1e-6)
    np.testing.assert_allclose(history.history["mae"], [np.mean(abs(predictions - TARGETS))], rtol=1e-6)
    np.testing.assert_allclose(
        model.evaluate(X, TARGETS, batch_size=7), [history.history[k][0] for k in ("loss", "mae")], rtol=1e-6
    )


def test_sample_and_class_weights_weigh_as_in_torch() -> None:
    model = Sequential([layers.Dense(4, "softmax")])
    model.compile(pente.optimizers.SGD(1e-30), "sparse_categorical_crossentropy")
    shares = RNG.uniform(0.5, 2.0, 50).astype(np.float32)
    by_class = {0: 1.0, 1: 0.5, 2: 2.0, 3: 0.0}
    told = model.fit(X, LABELS, batch_size=50, sample_weight=shares, class_weight=by_class, verbose=0).history["loss"]
    each = -np.log(model.predict(X)[np.arange(50), LABELS])
    np.testing.assert_allclose(told, [np.mean(each * shares * [by_class[k] for k in LABELS])], rtol=1e-5)
