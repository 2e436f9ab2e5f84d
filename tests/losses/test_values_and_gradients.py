"""Every loss function against torch in float64, value and gradient, and against central differences."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

import pente
from pente import losses
from pente.core.node import spec_of
from pente.core.tracer import trace

EPSILON = 1e-7


def normal(rng, shape):
    return rng.normal(size=shape)


def positive(rng, shape):
    return rng.uniform(0.1, 3.0, size=shape)


def bits(rng, shape):
    return rng.integers(0, 2, shape).astype(float)


def inside(rng, shape):
    return rng.uniform(0.05, 0.95, shape)


def distribution(rng, shape):
    e = np.exp(rng.normal(size=shape))
    return e / e.sum(-1, keepdims=True)


def signs(rng, shape):
    return rng.choice([-1.0, 1.0], shape)


def one_hot(rng, shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def labels(rng, shape):
    return rng.integers(0, shape[-1], shape[:-1])


def by_row(function, **settings):
    return lambda y, p: function(p, y, reduction="none", **settings).mean(-1)


def torch_bce(y, p):
    return functional.binary_cross_entropy(p, y, reduction="none").mean(-1)


def torch_smoothed_bce(y, z):
    return functional.binary_cross_entropy_with_logits(z, y * 0.8 + 0.1, reduction="none").mean(-1)


def torch_soft_ce(y, z):
    return -(y * functional.log_softmax(z, -1)).sum(-1)


def torch_sparse(y, z):
    return functional.nll_loss(functional.log_softmax(z, -1).flatten(0, -2), y.flatten(), reduction="none").view(
        y.shape
    )


def torch_hinge(y, p):
    return torch.clamp(1 - y * p, min=0).mean(-1)


def torch_categorical_hinge(y, p):
    return torch.clamp(1 + ((1 - y) * p).amax(-1) - (y * p).sum(-1), min=0)


LOGITS = {"from_logits": True}
SMOOTH = {"label_smoothing": 0.2}
CASES = {
    "mse": (losses.mean_squared_error, normal, normal, by_row(functional.mse_loss), {}),
    "mae": (losses.mean_absolute_error, normal, normal, by_row(functional.l1_loss), {}),
    "mape": (losses.mape, positive, positive, lambda y, p: 100 * (abs(y - p) / y).mean(-1), {}),
    "msle": (losses.msle, positive, positive, lambda y, p: ((p.log1p() - y.log1p()) ** 2).mean(-1), {}),
    "huber": (losses.huber, normal, normal, by_row(functional.huber_loss), {}),
    "huber of 0.3": (losses.huber, normal, normal, by_row(functional.huber_loss, delta=0.3), {"delta": 0.3}),
    "log cosh": (losses.log_cosh, normal, normal, lambda y, p: torch.log(torch.cosh(p - y)).mean(-1), {}),
    "poisson": (
        losses.poisson,
        positive,
        positive,
        by_row(functional.poisson_nll_loss, log_input=False, eps=EPSILON),
        {},
    ),
    "cosine": (losses.cosine_similarity, normal, normal, lambda y, p: -functional.cosine_similarity(y, p, -1), {}),
    "bce": (losses.binary_crossentropy, bits, inside, torch_bce, {}),
    "bce of soft targets": (losses.binary_crossentropy, inside, inside, torch_bce, {}),
    "bce from logits": (
        losses.binary_crossentropy,
        bits,
        normal,
        by_row(functional.binary_cross_entropy_with_logits),
        LOGITS,
    ),
    "bce smoothed": (losses.binary_crossentropy, bits, normal, torch_smoothed_bce, LOGITS | SMOOTH),
    "ce": (
        losses.categorical_crossentropy,
        one_hot,
        distribution,
        lambda y, p: -(y * torch.log(p / p.sum(-1, keepdim=True))).sum(-1),
        {},
    ),
    "ce from logits": (losses.categorical_crossentropy, one_hot, normal, torch_soft_ce, LOGITS),
    "ce of soft targets": (losses.categorical_crossentropy, distribution, normal, torch_soft_ce, LOGITS),
    "ce smoothed": (
        losses.categorical_crossentropy,
        one_hot,
        normal,
        lambda y, z: torch_soft_ce(y * 0.8 + 0.2 / y.shape[-1], z),
        LOGITS | SMOOTH,
    ),
    "sparse ce": (
        losses.sparse_categorical_crossentropy,
        labels,
        distribution,
        lambda y, p: torch_sparse(y, torch.log(p)),
        {},
    ),
    "sparse ce from logits": (losses.sparse_categorical_crossentropy, labels, normal, torch_sparse, LOGITS),
    "likelihood": (
        losses.negative_log_likelihood,
        labels,
        lambda rng, shape: np.log(distribution(rng, shape)),
        lambda y, z: -torch.gather(z, -1, y[..., None])[..., 0],
        {},
    ),
    "kl": (
        losses.kl_divergence,
        distribution,
        distribution,
        lambda y, p: functional.kl_div(torch.log(p), y, reduction="none").sum(-1),
        {},
    ),
    "hinge": (losses.hinge, signs, normal, torch_hinge, {}),
    "hinge of bits": (losses.hinge, bits, normal, lambda y, p: torch_hinge(2 * y - 1, p), {}),
    "squared hinge": (
        losses.squared_hinge,
        signs,
        normal,
        lambda y, p: (torch.clamp(1 - y * p, min=0) ** 2).mean(-1),
        {},
    ),
    "categorical hinge": (losses.categorical_hinge, one_hot, normal, torch_categorical_hinge, {}),
}
shapes = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(2, 5)) | st.tuples(
    st.integers(1, 6), st.integers(2, 6)
)


@pytest.mark.parametrize("name", CASES)
@given(shape=shapes, seed=st.integers(0, 2**32 - 1))
def test_a_loss_has_torchs_value_and_gradient(name, shape, seed):
    function, draw_true, draw_pred, reference, settings = CASES[name]
    rng = np.random.default_rng(seed)
    y, p = draw_true(rng, shape), draw_pred(rng, shape)
    x = torch.tensor(p, requires_grad=True)
    expected = reference(torch.tensor(y), x)
    expected.sum().backward()
    values = function(y, p, **settings)
    assert values.shape == shape[:-1]
    assert values.dtype == np.float64
    np.testing.assert_allclose(values.numpy(), expected.detach().numpy(), rtol=1e-6, atol=1e-6)
    gradient = pente.grad(lambda p: function(y, p, **settings).sum())(pente.tensor(p))
    np.testing.assert_allclose(gradient.numpy(), x.grad.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_a_gradient_agrees_with_central_differences(name):
    function, draw_true, draw_pred, _, settings = CASES[name]
    rng = np.random.default_rng(3)
    y, p = draw_true(rng, (4, 3)), draw_pred(rng, (4, 3))
    pente.gradcheck(lambda p: function(y, p, **settings).sum(), (pente.tensor(p),))


@pytest.mark.parametrize(
    ("function", "y"),
    [(losses.categorical_crossentropy, np.eye(3)), (losses.sparse_categorical_crossentropy, np.arange(3))],
)
@pytest.mark.parametrize("from_logits", [False, True])
def test_classes_may_stand_on_any_axis(function, y, from_logits):
    rng = np.random.default_rng(0)
    p = normal(rng, (3, 3)) if from_logits else distribution(rng, (3, 3))
    along = function(y, p, from_logits=from_logits)
    turned = function(y.T, p.T, from_logits=from_logits, axis=0)
    np.testing.assert_allclose(turned.numpy(), along.numpy(), rtol=1e-12)


def test_binary_crossentropy_takes_its_mean_along_any_axis():
    y, p = np.array([[1.0, 0.0, 1.0]]), np.array([[0.9, 0.2, 0.6]])
    along = losses.binary_crossentropy(y, p, axis=0)
    np.testing.assert_allclose(along.numpy(), -np.log([0.9, 0.8, 0.6]))


def test_targets_take_the_dtype_of_the_predictions():
    y, p = np.eye(3), pente.tensor(np.eye(3), dtype="float32")
    assert losses.mean_squared_error(y, p).dtype == np.float32
    assert losses.mean_squared_error([[1, 2]], [[1, 3]]).dtype == np.float32


@pytest.mark.parametrize("kind", ["uint8", "int8", "int32", "int64", "float32"])
def test_labels_may_be_of_any_dtype_and_a_column(kind):
    z = np.random.default_rng(0).normal(size=(3, 100))
    y = np.array([0, 99, 50])
    expected = losses.sparse_categorical_crossentropy(y, z, from_logits=True).numpy()
    for given_labels in (y.astype(kind), y.astype(kind)[:, None]):
        found = losses.sparse_categorical_crossentropy(given_labels, z, from_logits=True)
        np.testing.assert_array_equal(found.numpy(), expected)


def test_more_classes_than_a_small_label_can_count():
    z = np.zeros((2, 300))
    y = np.array([0, 255], np.uint8)
    expected = [np.log(300.0)] * 2
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy(y, z, from_logits=True).numpy(), expected)
    np.testing.assert_allclose(losses.negative_log_likelihood(y, z - np.log(300.0)).numpy(), expected)


@pytest.mark.parametrize("name", CASES)
def test_a_traced_loss_is_the_eager_one(name):
    function, draw_true, draw_pred, _, settings = CASES[name]
    rng = np.random.default_rng(3)
    y, p = draw_true(rng, (4, 3)), draw_pred(rng, (4, 3))
    graph, _ = trace(lambda y, p: function(y, p, **settings), [spec_of(y), spec_of(p)])
    np.testing.assert_array_equal(graph(y, p)[0], function(y, p, **settings).numpy())


# Far out: no overflow, no NaN, and a gradient that still points somewhere.


@pytest.mark.parametrize("far", [1e2, 1e4, 1e30])
def test_crossentropy_from_logits_is_finite_far_out(far):
    z = pente.tensor([[far, 0.0], [-far, 0.0]], dtype="float32")
    loss = losses.categorical_crossentropy([[0.0, 1.0], [1.0, 0.0]], z, from_logits=True)
    np.testing.assert_allclose(loss.numpy(), [far, far], rtol=1e-6)
    loss = losses.sparse_categorical_crossentropy([1, 0], z, from_logits=True)
    np.testing.assert_allclose(loss.numpy(), [far, far], rtol=1e-6)
    loss = losses.binary_crossentropy([[0.0], [1.0]], z[:, :1], from_logits=True)
    np.testing.assert_allclose(loss.numpy(), [far, far], rtol=1e-6)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_a_probability_of_0_or_1_gives_a_finite_loss(kind):
    p = pente.tensor([[0.0, 1.0]], dtype=kind)
    for y in ([[1.0, 0.0]], [[0.0, 1.0]]):
        assert np.isfinite(losses.binary_crossentropy(y, p).numpy()).all()
        assert np.isfinite(losses.categorical_crossentropy(y, p).numpy()).all()


def test_probabilities_are_held_at_the_known_epsilon():
    loss = losses.categorical_crossentropy([[1.0, 0.0]], np.array([[0.0, 1.0]]))
    assert loss.item() == pytest.approx(-np.log(1e-7))
    loss = losses.binary_crossentropy([[1.0]], np.array([[0.0]]))
    assert loss.item() == pytest.approx(-np.log(1e-7))


def test_log_cosh_keeps_its_digits_near_and_far():
    near = losses.log_cosh([[0.0]], np.array([[1e-4]], np.float32)).item()
    assert near == pytest.approx(0.5e-8, rel=1e-2)
    assert losses.log_cosh([[0.0]], np.array([[1e30]], np.float32)).item() == pytest.approx(1e30)


def test_cosine_of_a_zero_vector_is_0_and_so_is_its_gradient():
    gradient = pente.grad(lambda p: losses.cosine_similarity([[1.0, 0.0]], p).sum())(pente.zeros((1, 2)))
    assert losses.cosine_similarity([[1.0, 0.0]], [[0.0, 0.0]]).item() == 0.0
    assert np.isfinite(gradient.numpy()).all()


def test_a_forbidden_class_of_minus_infinity_stays_out_of_the_likelihood():
    logs = np.array([[0.0, -np.inf]])
    assert losses.negative_log_likelihood([0], logs).item() == 0.0
