"""The six nets that Pente is measured by train compiled as they do eagerly, from the same weights on the same data."""

from typing import Any

import numpy as np
import pytest

import pente
from benchmarks.workloads import WORKLOADS, Workload

# Weights whose slope is 0 in theory, because a constant before BatchNorm, and one that is added to all scores of a
# place, change nothing. What they get is the rounding of zero, which Adam makes as large as any other step.
IDLE = {"tabular": ("dense/bias", "dense_1/bias"), "gpt": ("key/bias",)}

# How far apart the first step may be, as a share of it. resnet18's slopes in float32, eager or compiled, are 6e-3 from
# those in float64: in 17 layers of relu some inputs are so near to 0 that rounding decides their side.
APART = dict.fromkeys(WORKLOADS, 1e-3) | {"resnet18": 5e-3}

SIZES = {"mlp": 50_890, "tabular": 21_762, "cnn": 34_826, "lstm": 161_154, "gpt": 818_241, "resnet18": 11_183_562}


class Told(pente.callbacks.Callback):
    """The loss of each step, and the weights after the first."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.losses: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 0:
            self.weights = [v.numpy() for v in self.model.weights]
        self.losses.append(float(logs["loss"]) * (batch + 1) - sum(self.losses))


def trained(name: str, jit: bool) -> tuple[Workload, Told, list[Any]]:
    pente.set_seed(0)
    work, told = WORKLOADS[name](jit=jit), Told()
    first = work.model.get_weights()
    work.model.fit(work.x, work.y, batch_size=work.batch, shuffle=False, verbose=0, callbacks=[told])
    return work, told, first


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n == "resnet18")) for n in WORKLOADS])
def test_three_steps_give_the_same_losses_and_the_first_the_same_weights(name: str) -> None:
    work, eager, first = trained(name, jit=False)
    _, compiled, begun = trained(name, jit=True)
    assert len(eager.losses) == 3
    np.testing.assert_allclose(compiled.losses[:2], eager.losses[:2], rtol=1e-4)
    np.testing.assert_allclose(compiled.losses[2], eager.losses[2], rtol=2e-3)  # resnet18's third has left the rails
    for variable, ours, theirs, before, same in zip(
        work.model.weights, compiled.weights, eager.weights, first, begun, strict=True
    ):
        np.testing.assert_array_equal(before, same)
        if not variable.name.endswith(IDLE.get(name, ())):
            apart, moved = np.linalg.norm(ours - theirs), np.linalg.norm(theirs - before)
            assert apart <= APART[name] * moved, f"{variable.name} is {apart / moved:.1e} of its step apart"


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_nets_are_as_large_as_their_definitions_make_them(name: str) -> None:
    assert WORKLOADS[name](steps=1).model.count_params() == SIZES[name]
