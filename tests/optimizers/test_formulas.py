"""Every optimizer follows Keras's formula, and torch's where the two agree: ten steps, several weights, float64."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lamb,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
)
from tests.optimizers import reference

# Rates are kept as float32; a power of two is the same number there.
LR, DECAY = 2.0**-5, 2.0**-3
SHAPES = [(4, 3), (3,), (), (2, 2, 2)]
Arrays = list[np.ndarray]


def problem(dtype: str = "float64", steps: int = 10) -> tuple[Arrays, list[Arrays]]:
    """Weights and the gradients of each step; a sixth of the gradients is exactly 0."""
    rng = np.random.default_rng(0)

    def draw(shape: tuple[int, ...]) -> np.ndarray:
        return np.asarray(rng.normal(size=shape), dtype)

    weights = [draw(shape) for shape in SHAPES]
    return weights, [[np.where(draw(s) > -1, draw(s), 0.0).astype(dtype) for s in SHAPES] for _ in range(steps)]


def trajectory(optimizer: Optimizer, weights: Arrays, gradients: list[Arrays]) -> Iterator[Arrays]:
    variables = [pente.Variable(w, name=f"w{i}") for i, w in enumerate(weights)]
    for given in gradients:
        optimizer.apply([pente.tensor(g) for g in given], variables)
        yield [v.numpy() for v in variables]


def assert_same(ours: Iterator[Arrays], theirs: Iterator[Arrays], rtol: float = 1e-12) -> None:
    for step, (a, b) in enumerate(zip(ours, theirs, strict=True), 1):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-14, err_msg=f"step {step}")


RULES: list[tuple[type[Optimizer], Any, dict[str, Any]]] = [
    (SGD, reference.sgd, {}),
    (SGD, reference.sgd, {"momentum": 0.9}),
    (SGD, reference.sgd, {"momentum": 0.9, "nesterov": True}),
    (RMSprop, reference.rmsprop, {}),
    (RMSprop, reference.rmsprop, {"rho": 0.8, "epsilon": 1e-3}),
    (RMSprop, reference.rmsprop, {"momentum": 0.5}),
    (RMSprop, reference.rmsprop, {"momentum": 0.5, "centered": True}),
    (Adam, reference.adam, {}),
    (Adam, reference.adam, {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    (Adam, reference.adam, {"beta_2": 0.5, "amsgrad": True}),
    (Adagrad, reference.adagrad, {}),
    (Adagrad, reference.adagrad, {"initial_accumulator_value": 0.0, "epsilon": 1e-3}),
    (Adadelta, reference.adadelta, {}),
    (Adadelta, reference.adadelta, {"rho": 0.5, "epsilon": 1e-2}),
    (Adamax, reference.adamax, {}),
    (Adamax, reference.adamax, {"beta_1": 0.8, "beta_2": 0.5, "epsilon": 1e-2}),
    (Nadam, reference.nadam, {}),
    (Nadam, reference.nadam, {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-2}),
    (Lion, reference.lion, {}),
    (Lion, reference.lion, {"beta_1": 0.5, "beta_2": 0.8}),
    (Lamb, reference.lamb, {}),
    (Lamb, reference.lamb, {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-2}),
]


@pytest.mark.parametrize("decay", [None, DECAY])
@pytest.mark.parametrize(("ours", "theirs", "settings"), RULES)
def test_keras_formula(ours: type[Optimizer], theirs: Any, settings: dict[str, Any], decay: float | None) -> None:
    def make() -> reference.Step:
        step: reference.Step = theirs(LR, **settings)
        return step if decay is None else reference.decayed(step, LR, decay)

    assert_same(
        trajectory(ours(LR, weight_decay=decay, **settings), *problem()), reference.trajectory(make, *problem())
    )


def test_adamw_is_adam_that_decays_by_default() -> None:
    exact = float(np.float32(0.004))
    assert_same(
        trajectory(AdamW(LR), *problem()),
        reference.trajectory(lambda: reference.decayed(reference.adam(LR), LR, exact), *problem()),
    )


def torch_trajectory(make: Callable[[list[Any]], Any], weights: Arrays, gradients: list[Arrays]) -> Iterator[Arrays]:
    parameters = [torch.nn.Parameter(torch.tensor(w)) for w in weights]
    optimizer = make(parameters)
    for given in gradients:
        for parameter, g in zip(parameters, given, strict=True):
            parameter.grad = torch.tensor(g)
        optimizer.step()
        yield [parameter.detach().numpy().copy() for parameter in parameters]


# With a vanishing epsilon it does not matter where it stands, and the formulas are one.
TINY = 1e-200
TORCH = [
    (SGD(LR), partial(torch.optim.SGD, lr=LR)),
    (SGD(LR, 0.9), partial(torch.optim.SGD, lr=LR, momentum=0.9)),
    (SGD(LR, 0.9, True), partial(torch.optim.SGD, lr=LR, momentum=0.9, nesterov=True)),
    (RMSprop(LR, 0.8, epsilon=TINY), partial(torch.optim.RMSprop, lr=LR, alpha=0.8, eps=TINY)),
    (
        RMSprop(LR, 0.8, 0.5, TINY, centered=True),
        partial(torch.optim.RMSprop, lr=LR, alpha=0.8, momentum=0.5, eps=TINY, centered=True),
    ),
    (Adam(LR, epsilon=TINY), partial(torch.optim.Adam, lr=LR, eps=TINY)),
    (
        Adam(LR, 0.8, 0.5, TINY, amsgrad=True),
        partial(torch.optim.Adam, lr=LR, betas=(0.8, 0.5), eps=TINY, amsgrad=True),
    ),
    (AdamW(LR, DECAY, epsilon=TINY), partial(torch.optim.AdamW, lr=LR, weight_decay=DECAY, eps=TINY)),
    (
        Adagrad(LR, 0.25, TINY),
        partial(torch.optim.Adagrad, lr=LR, initial_accumulator_value=0.25, eps=TINY),
    ),
    (Adadelta(LR, 0.9, 1e-6), partial(torch.optim.Adadelta, lr=LR, rho=0.9, eps=1e-6)),
    (Adamax(LR, epsilon=TINY), partial(torch.optim.Adamax, lr=LR, eps=TINY)),
]


@pytest.mark.parametrize(("ours", "theirs"), TORCH, ids=lambda x: type(x).__name__)
def test_torch_formula_where_it_is_the_same(ours: Optimizer, theirs: Any) -> None:
    weights, gradients = problem()
    gradients = [[np.where(g == 0, 0.5, g) for g in given] for given in gradients]  # 0 / TINY would be 0 / 0
    assert_same(trajectory(ours, weights, gradients), torch_trajectory(theirs, weights, gradients), rtol=1e-10)


def test_the_epsilon_of_adam_stands_outside_of_the_bias_correction() -> None:
    """After one step Keras's epsilon is torch's divided by √(1 - β₂); one placed as torch has it would differ."""
    weights, gradients = problem(steps=1)
    epsilon, beta_2 = 0.25, 0.75
    make = partial(torch.optim.Adam, lr=LR, betas=(0.9, beta_2), eps=epsilon / np.sqrt(1 - beta_2))
    assert_same(
        trajectory(Adam(LR, beta_2=beta_2, epsilon=epsilon), weights, gradients),
        torch_trajectory(make, weights, gradients),
        rtol=1e-10,
    )


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(0.1, 0.9),
        RMSprop(0.01),
        Adam(0.01),
        AdamW(0.01, clipnorm=1.0),
        Adagrad(0.01),
        Adadelta(0.01),
        Adamax(0.01),
        Nadam(0.01),
        Lion(0.01),
        Lamb(0.01),
    ],
)
def test_float32_stays_float32_and_near_the_float64_path(optimizer: Optimizer) -> None:
    again = type(optimizer).from_config(optimizer.get_config())
    ours, exact = trajectory(optimizer, *problem("float32")), trajectory(again, *problem())
    for a, b in zip(ours, exact, strict=True):
        assert all(x.dtype == np.float32 for x in a)
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=2e-5, atol=2e-6)
    assert {v.dtype.name for v in optimizer.variables} == {"int64", "float32"}


def test_the_first_steps_of_adam_are_exact_in_float32() -> None:
    """The first step is the learning rate itself; with 1 - 0.999 in float32 it would be wrong in the fifth digit."""
    w = pente.Variable(0.0, name="w")
    Adam(1.0, epsilon=1e-30).apply([pente.tensor(3.0)], [w])
    assert abs(w.numpy().item() + 1.0) < 1e-6


def test_the_momentum_of_nadam_is_right_after_many_steps() -> None:
    """Its product of all momenta is told by a series: here as the product that it is."""
    product = 1.0
    for t in range(1, 2001):
        product *= 0.99 * (1 - 0.5 * 0.96**t)
        if t in (1, 2, 10, 100, 1000, 2000):
            later = 0.99 * (1 - 0.5 * 0.96 ** (t + 1))
            by_m, by_g, _ = Nadam(0.1, 0.99).pace(np.float64(1.0), np.int64(t))
            assert by_m == pytest.approx(later / (1 - product * later), rel=1e-13)
            assert by_g == pytest.approx((1 - 0.99 * (1 - 0.5 * 0.96**t)) / (1 - product), rel=1e-13)


def test_a_weight_of_zeros_takes_the_plain_step_of_lamb() -> None:
    w, g = pente.Variable([0.0, 0.0], name="w"), pente.tensor([1.0, -1.0])
    optimizer = Lamb(0.125)
    pente.jit(lambda g: optimizer.apply([g], [w]))(g)
    assert w.numpy() == pytest.approx([-0.125, 0.125])
    optimizer.apply([pente.tensor([0.0, 0.0])], [pente.Variable([1.0, 1.0], name="still")])


def test_a_centered_rmsprop_survives_rounding_below_zero() -> None:
    """With equal gradients v - a² goes to 0, and large ones round it to below."""
    w, g = pente.Variable(np.zeros(100, "float32"), name="w"), pente.tensor(np.linspace(1e4, 2e4, 100, dtype="float32"))
    optimizer = RMSprop(1e-3, centered=True)
    for _ in range(300):
        optimizer.apply([g], [w])
    assert np.all(np.isfinite(w.numpy()))


def clipped(settings: dict[str, float]) -> tuple[Arrays, Arrays]:
    """Gradients as they were, and as they are after clipping: plain descent with rate 1 shows them."""
    _, (gradients, *_) = problem()
    variables = [pente.Variable(np.zeros(s), name=f"w{i}") for i, s in enumerate(SHAPES)]
    SGD(1.0, **settings).apply([pente.tensor(g) for g in gradients], variables)
    return gradients, [-v.numpy() for v in variables]


def test_clipvalue_holds_each_number() -> None:
    before, after = clipped({"clipvalue": 0.5})
    for x, y in zip(before, after, strict=True):
        np.testing.assert_array_equal(y, np.clip(x, -0.5, 0.5))


def test_clipnorm_holds_each_gradient_and_leaves_small_ones_untouched() -> None:
    before, after = clipped({"clipnorm": 1.5})
    norms = [np.linalg.norm(x) for x in before]
    assert min(norms) < 1.5 < max(norms)
    for x, y, norm in zip(before, after, norms, strict=True):
        np.testing.assert_allclose(y, x if norm <= 1.5 else x * 1.5 / norm, rtol=1e-14)


def test_global_clipnorm_is_that_of_torch() -> None:
    before, after = clipped({"global_clipnorm": 1.5})
    parameters = [torch.nn.Parameter(torch.tensor(x)) for x in before]
    for parameter, x in zip(parameters, before, strict=True):
        parameter.grad = torch.tensor(x)
    torch.nn.utils.clip_grad_norm_(parameters, 1.5)
    for parameter, y in zip(parameters, after, strict=True):
        assert parameter.grad is not None
        np.testing.assert_allclose(y, parameter.grad.numpy(), rtol=1e-5)  # torch adds 1e-6 to the norm
    assert np.sqrt(sum(np.sum(y**2) for y in after)) == pytest.approx(1.5)


def test_a_gradient_of_zeros_is_clipped_to_zeros() -> None:
    for settings in [{"clipnorm": 1.0}, {"global_clipnorm": 1.0}]:
        w = pente.Variable([1.0, 2.0], name="w")
        SGD(1.0, **settings).apply([pente.tensor([0.0, 0.0])], [w])
        assert w.numpy().tolist() == [1.0, 2.0]
