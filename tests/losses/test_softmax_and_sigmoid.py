"""Where predictions come straight from a softmax or a sigmoid, the loss is computed from what went in."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch.nn import functional

import pente
from pente import losses
from pente.compiler.jit import jit
from pente.core.node import spec_of
from pente.core.tracer import trace

FAR = np.array([[60.0, 0.0, -60.0], [200.0, 0.0, 0.0]], np.float32)
ONE_HOT = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], np.float32)


def of_classes(z):
    return losses.categorical_crossentropy(ONE_HOT, pente.softmax(z))


def of_labels(z):
    return losses.sparse_categorical_crossentropy([2, 1], pente.softmax(z))


def of_units(z):
    return losses.binary_crossentropy(ONE_HOT, pente.sigmoid(z))


def of_divergence(z):
    return losses.kl_divergence(ONE_HOT, pente.softmax(z))


def torch_classes(z):
    return functional.cross_entropy(z, torch.tensor([2, 1]), reduction="none")


def torch_units(z):
    return functional.binary_cross_entropy_with_logits(z, torch.tensor(ONE_HOT), reduction="none").mean(-1)


def of_reshaped_units(z):
    return losses.binary_crossentropy(ONE_HOT, pente.sigmoid(z.reshape(-1)).reshape(ONE_HOT.shape))


PAIRS = [
    (of_reshaped_units, torch_units),
    (of_classes, torch_classes),
    (of_labels, torch_classes),
    (of_units, torch_units),
]


@pytest.mark.parametrize(("loss", "reference"), PAIRS)
def test_value_and_gradient_are_exact_where_the_probability_has_vanished(loss, reference):
    x = torch.tensor(FAR, requires_grad=True)
    expected = reference(x)
    expected.sum().backward()
    z = pente.tensor(FAR, requires_grad=True)
    values = loss(z)
    values.sum().backward()
    np.testing.assert_allclose(values.numpy(), expected.detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(z.grad.numpy(), x.grad.numpy(), rtol=1e-5, atol=1e-7)
    assert abs(z.grad.numpy()).max() > 0.3


def test_a_divergence_from_a_softmax_keeps_its_gradient():
    gradient = pente.grad(lambda z: of_divergence(z).sum())(pente.tensor(FAR))
    np.testing.assert_allclose(gradient.numpy(), pente.softmax(FAR).numpy() - ONE_HOT, atol=1e-5)


@pytest.mark.parametrize("loss", [of_classes, of_labels, of_units, of_reshaped_units, of_divergence])
@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("recorded", [True, False])
def test_the_meaning_is_the_same_when_compiled(loss, trainable, recorded):
    z = pente.Variable(FAR, trainable=trainable)

    def call():
        with nullcontext() if recorded else pente.no_grad():
            return loss(z)

    np.testing.assert_allclose(jit(call)().numpy(), call().numpy(), rtol=1e-6)


@pytest.mark.parametrize("loss", [of_classes, of_labels, of_units, of_divergence])
def test_the_meaning_of_plain_numbers_is_the_same_when_traced(loss):
    graph, _ = trace(loss, [spec_of(FAR)])
    np.testing.assert_array_equal(graph(FAR)[0], loss(pente.tensor(FAR)).numpy())


@pytest.mark.parametrize("loss", [of_classes, of_labels, of_units])
def test_the_gradient_is_the_same_when_traced(loss):
    def step(z):
        return pente.grad(lambda z: loss(z).sum())(z)

    graph, _ = trace(step, [spec_of(FAR)])
    np.testing.assert_allclose(graph(FAR)[0], step(pente.tensor(FAR)).numpy(), rtol=1e-6, atol=1e-7)


def test_where_the_graph_does_not_remember_the_known_epsilon_holds():
    plain = losses.categorical_crossentropy(ONE_HOT, pente.softmax(FAR).numpy())
    np.testing.assert_allclose(plain.numpy(), -np.log(1e-7), rtol=1e-6)


def test_probabilities_inside_give_the_same_number_either_way():
    z = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    y = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1]]
    known = losses.categorical_crossentropy(y, pente.softmax(pente.tensor(z, requires_grad=True)))
    plain = losses.categorical_crossentropy(y, pente.softmax(z).numpy())
    np.testing.assert_allclose(known.numpy(), plain.numpy(), rtol=1e-5)


def test_a_softmax_over_another_axis_is_not_taken_for_the_classes():
    even = np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.3, 0.2, 0.5]])  # rows and columns sum to 1
    z = pente.tensor(np.log(even) + [0.0, 1.0, 2.0], requires_grad=True)
    loss = losses.categorical_crossentropy(np.eye(3), pente.softmax(z, axis=0))
    np.testing.assert_allclose(loss.numpy(), -np.log(0.5))


def test_smoothing_and_soft_targets_work_from_a_softmax_as_from_logits():
    z = pente.tensor(np.random.default_rng(0).normal(size=(2, 3)), requires_grad=True)
    settings = {"label_smoothing": 0.1}
    from_softmax = losses.categorical_crossentropy(ONE_HOT, pente.softmax(z), **settings)
    from_logits = losses.categorical_crossentropy(ONE_HOT, z, from_logits=True, **settings)
    np.testing.assert_array_equal(from_softmax.numpy(), from_logits.numpy())
