"""The same mathematics under a trace: a program that does what the eager step does."""

from typing import Any

import numpy as np
import pytest

import pente
from pente.core.graph import graph_of
from pente.core.node import Spec
from pente.core.tracer import Tracer, placeholder, tracing
from pente.optimizers import (
    EMA,
    SGD,
    Accumulation,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Grouped,
    Lamb,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
    Segment,
)
from pente.schedules import CosineDecayRestarts, OneCycle


def weights() -> list[pente.Variable]:
    rng = np.random.default_rng(0)
    return [pente.Variable(rng.normal(size=s), name=f"w{i}", dtype="float32") for i, s in enumerate([(3, 2), (2,), ()])]


def given(step: int) -> list[np.ndarray]:
    rng = np.random.default_rng(step + 1)
    return [rng.normal(size=v.shape).astype("float32") for v in weights()]


def program(optimizer: Optimizer, variables: list[pente.Variable]) -> Any:
    """The optimizer's step as a function of the gradients: state goes in as inputs and comes out as assigns."""
    optimizer.build(variables)
    cells = [*variables, *optimizer.variables]
    inputs = [placeholder(Spec(v.shape, v.dtype)) for v in cells]
    grads = [placeholder(Spec(v.shape, v.dtype)) for v in variables]
    with tracing(Tracer(dict(zip(cells, inputs, strict=True)))) as tracer:
        optimizer.apply(grads, variables)
    nodes = [x.node for x in [*inputs, *grads]]
    assigned = {v: x.node for v, x in tracer.assigned.items()}
    graph = graph_of(tuple(nodes), tuple(assigned.values()), assigned, nodes[0].serial)

    def run(arrays: list[np.ndarray]) -> None:
        results = graph(*[v.numpy() for v in cells], *arrays)
        for variable, result in zip(assigned, results, strict=True):
            variable.replace(np.asarray(result))

    return graph, run


OPTIMIZERS = [
    lambda: SGD(0.1),
    lambda: SGD(0.1, 0.9, True, weight_decay=0.1),
    lambda: SGD(lambda step: 0.1 / (step + 1.0), clipnorm=0.5),
    lambda: RMSprop(0.1, momentum=0.5, centered=True, clipvalue=0.5),
    lambda: Adam(0.1, amsgrad=True, global_clipnorm=0.5),
    lambda: AdamW(0.1, segments={"w0": Segment(rate=0.5), "w1": Segment(decay=0.0)}),
    lambda: Adagrad(0.1),
    lambda: Adadelta(0.1),
    lambda: Adamax(0.1),
    lambda: Nadam(0.1),
    lambda: Lion(0.1),
    lambda: Lamb(0.1),
    lambda: SGD(OneCycle(0.1, 20), momentum=OneCycle(0.1, 20).momentum),
    lambda: AdamW(CosineDecayRestarts(0.1, 2), 0.1, beta_1=OneCycle(0.1, 20).momentum),
    lambda: EMA(Accumulation(Adam(0.1), 2), 0.9, warmup=True),
    lambda: Accumulation(EMA(SGD(0.1, 0.9), 0.9), 2),
    lambda: Grouped({"w0": SGD(0.1, 0.9), "*": Nadam(0.1)}),
]


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_a_traced_step_has_the_bits_of_the_eager_one(make: Any) -> None:
    eager, traced = weights(), weights()
    optimizer, other = make(), make()
    _, run = program(other, traced)
    for step in range(3):
        optimizer.apply([pente.tensor(g) for g in given(step)], eager)
        run(given(step))
    for a, b in zip([*eager, *optimizer.variables], [*traced, *other.variables], strict=True):
        assert a.dtype == b.dtype
        assert np.array_equal(a.numpy(), b.numpy()), a.name


def test_a_trace_touches_nothing_and_reads_the_rate_as_an_input() -> None:
    variables, optimizer = weights(), Adam(0.1)
    before = [v.numpy() for v in variables]
    _, run = program(optimizer, variables)
    assert optimizer.iterations.numpy() == 0
    assert all(np.array_equal(v.numpy(), old) for v, old in zip(variables, before, strict=True))
    optimizer.learning_rate = 1e-30
    run(given(0))
    assert all(np.array_equal(v.numpy(), old) for v, old in zip(variables, before, strict=True))


def test_the_nodes_of_a_step_know_that_they_are_the_optimizers() -> None:
    graph, _ = program(Adam(0.1), weights())
    assert {node.path for node in graph.nodes} == {"optimizer"}


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_arrays_of_float32_are_never_widened(make: Any) -> None:
    graph, _ = program(make(), weights())
    wide = {node.shape for node in graph.nodes if node.dtype == np.float64}
    assert not wide & {v.shape for v in weights() if v.shape}
