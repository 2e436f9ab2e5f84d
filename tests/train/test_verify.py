"""compile(verify=True) compares the first compiled steps with eager ones."""

from typing import Any

import numpy as np
import pytest

import pente
from pente import Sequential, layers
from pente.compiler import emit, llvm, loops, rows
from pente.core import primitives as p
from pente.errors import VerificationError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 5)).astype(np.float32)
Y = RNG.integers(0, 3, 64)


def fitted(**options: Any) -> Any:
    pente.set_seed(1)
    model = Sequential([layers.Dense(8, "tanh"), layers.Dropout(0.2), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", **options)
    history = model.fit(X, Y, epochs=2, batch_size=16, verbose=0)
    return history.history["loss"], model.get_weights()


def test_a_verified_training_is_the_same_training() -> None:
    losses, weights = fitted()
    checked_losses, checked_weights = fitted(verify=True)
    assert losses == checked_losses
    for a, b in zip(weights, checked_weights, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.skipif(not llvm.available(), reason="native code only")
def test_a_wrong_kernel_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        rows, "loop_kernel", loops.loop_kernel.__wrapped__
    )  # kernels are written anew, and none is kept
    monkeypatch.setitem(emit.EMIT, p.tanh, emit.EMIT[p.sin])
    with pytest.raises(VerificationError, match=r"after a compiled step and .* after an eager one"):
        fitted(verify=True)
