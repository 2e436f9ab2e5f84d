"""What was repeated on the way in is summed on the way back, for every pair of shapes."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import pente
from tests.ops.oracle import agree, normal

pytestmark = pytest.mark.filterwarnings("ignore::pente.errors.BroadcastingWarning")

FUNCTIONS: dict[str, Any] = {
    "add": (pente.add, torch.add),
    "multiply": (pente.multiply, torch.multiply),
    "divide": (pente.divide, torch.divide),
    "pow": (pente.pow, torch.pow),
    "maximum": (pente.maximum, torch.maximum),
    "where": (lambda a, b: pente.where(a > b, a, b * b), lambda a, b: torch.where(a > b, a, b * b)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3))
@settings(max_examples=60)
def test_gradients_of_every_pair_of_shapes_agree_with_torch(name: str, shapes: Any) -> None:
    a, b = (np.abs(normal(*shape, seed=i)) + 0.3 for i, shape in enumerate(shapes.input_shapes))
    agree(*FUNCTIONS[name], a, b, dtype=np.float64)


@given(mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3))
@settings(max_examples=60)
def test_gradients_of_three_shapes_in_one_formula_agree_with_torch(shapes: Any) -> None:
    xs = [normal(*shape, seed=i) for i, shape in enumerate(shapes.input_shapes)]
    agree(lambda a, b, c: a * b + c * a.sin(), lambda a, b, c: a * b + c * a.sin(), *xs, dtype=np.float64)


@given(mutually_broadcastable_shapes(signature="(m,k),(k,n)->(m,n)", max_dims=2, max_side=3))
@settings(max_examples=60)
def test_gradients_of_every_batch_of_matrices_agree_with_torch(shapes: Any) -> None:
    a, b = (normal(*shape, seed=i) for i, shape in enumerate(shapes.input_shapes))
    agree(pente.matmul, torch.matmul, a, b, dtype=np.float64)


@given(st.data())
@settings(max_examples=60)
def test_second_derivatives_of_every_pair_of_shapes_agree_with_central_differences(data: Any) -> None:
    shapes = data.draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=2)).input_shapes
    a, b = (np.abs(normal(*shape, seed=i)) + 0.5 for i, shape in enumerate(shapes))
    pente.gradcheck(lambda a, b: a * b + a / b, (a, b), order=2, tolerance=1e-5)


def test_a_number_that_met_a_whole_tensor_gets_one_number_back() -> None:
    x = pente.tensor(2.0, requires_grad=True)
    (x * pente.ones((3, 4, 5))).sum().backward()
    assert x.grad.shape == ()
    assert x.grad.item() == 60.0


def test_axes_in_front_and_inside_are_summed_at_once() -> None:
    x = pente.tensor(np.ones((3, 1)), requires_grad=True)
    (x + np.zeros((4, 5, 3, 7))).sum().backward()
    assert x.grad.tolist() == [[140.0]] * 3
