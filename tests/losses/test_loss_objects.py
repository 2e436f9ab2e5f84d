"""Loss objects: reduction, weights, ignored labels, names."""

import inspect

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
from pente.errors import ShapeError, UnknownNameError, UsageError

CLASSES = [
    thing
    for name in losses.__all__
    if inspect.isclass(thing := getattr(losses, name)) and name not in ("Loss", "LossFunctionWrapper")
]
seeds = st.integers(0, 2**32 - 1)


def drawn(seed, rows=5, columns=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)), rng.normal(size=(rows, columns)), rng.uniform(0, 2, rows)


@given(seed=seeds, rows=st.integers(1, 6))
def test_each_reduction_is_what_it_says(seed, rows):
    y, p, w = drawn(seed, rows)
    each = ((y - p) ** 2).mean(-1)
    expected = {
        "sum_over_batch_size": (each.mean(), (w * each).mean()),
        "mean": (each.mean(), (w * each).mean()),
        "mean_with_sample_weight": (each.mean(), (w * each).sum() / w.sum()),
        "sum": (each.sum(), (w * each).sum()),
        "none": (each, w * each),
    }
    for reduction, (plain, weighted) in expected.items():
        loss = losses.MeanSquaredError(reduction=reduction)
        np.testing.assert_allclose(loss(y, p).numpy(), plain, rtol=1e-12)
        np.testing.assert_allclose(loss(y, p, sample_weight=w).numpy(), weighted, rtol=1e-12)


def test_a_reduction_that_is_not_known():
    with pytest.raises(UnknownNameError, match="Did you mean 'sum'"):
        losses.MeanSquaredError(reduction="summ")
    assert losses.MeanSquaredError(reduction="sum").reduction == "sum"
    assert losses.MeanSquaredError(reduction=None).reduction == "none"


@pytest.mark.parametrize("shape", [(), (4,), (4, 1), (4, 2), (4, 2, 1)])
def test_a_weight_holds_for_all_that_follows(shape):
    y, p = np.zeros((4, 2, 3)), np.ones((4, 2, 3))
    w = np.random.default_rng(0).uniform(size=shape)
    wide = w.reshape(shape + (1,) * (2 - w.ndim)) if w.ndim < 3 else w[..., 0]
    found = losses.MeanSquaredError(reduction="none")(y, p, sample_weight=w)
    np.testing.assert_allclose(found.numpy(), np.broadcast_to(wide, (4, 2)))


@pytest.mark.parametrize("shape", [(3,), (1,), (4, 3), (1, 4)])
def test_weights_that_fit_no_sample(shape):
    with pytest.raises(ShapeError, match=r"one weight for each sample is expected, shape \(4,\)"):
        losses.MeanSquaredError()(np.zeros((4, 2)), np.ones((4, 2)), sample_weight=np.ones(shape))
    assert losses.MeanSquaredError()(np.zeros((4, 2)), np.ones((4, 2)), sample_weight=np.ones(4)).item() == 1.0


def test_a_row_of_numbers_is_as_many_samples():
    y, p, w = np.array([0.0, 0.0, 0.0]), np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 2.0])
    assert losses.MeanSquaredError()(y, p, sample_weight=w).item() == pytest.approx(19 / 3)
    np.testing.assert_allclose(losses.MeanSquaredError(reduction="none")(y, p).numpy(), [1.0, 4.0, 9.0])
    bits = np.array([0.0, 1.0])
    assert losses.BinaryCrossentropy(reduction="none")(bits, [0.5, 0.5]).shape == (2,)
    assert losses.CategoricalCrossentropy(reduction="none")(bits, [0.5, 0.5]).shape == ()


@given(seed=seeds)
def test_ignored_labels_do_not_count_for_the_mean(seed):
    rng = np.random.default_rng(seed)
    z, y = rng.normal(size=(2, 6, 4)), rng.integers(-1, 4, (2, 6))
    y[0, 0] = 2
    x = torch.tensor(z, requires_grad=True)
    expected = functional.cross_entropy(x.permute(0, 2, 1), torch.tensor(y), ignore_index=-1)
    expected.backward()
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    assert loss(y, z).item() == pytest.approx(expected.item(), rel=1e-9)
    gradient = pente.grad(lambda z: loss(y, z))(pente.tensor(z))
    np.testing.assert_allclose(gradient.numpy(), x.grad.numpy(), rtol=1e-6, atol=1e-9)


def test_ignored_labels_with_weights():
    z, y, w = np.zeros((3, 2)), np.array([0, 255, 1]), np.array([1.0, 5.0, 3.0])
    settings = {"from_logits": True, "ignore_class": 255}
    plain = losses.SparseCategoricalCrossentropy(**settings)
    shared = losses.SparseCategoricalCrossentropy(**settings, reduction="mean_with_sample_weight")
    assert plain(y, z, sample_weight=w).item() == pytest.approx(4 * np.log(2) / 2)
    assert shared(y, z, sample_weight=w).item() == pytest.approx(np.log(2))


def test_nothing_but_ignored_labels_give_0_and_no_gradient():
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    z = pente.tensor(np.zeros((2, 3)), requires_grad=True)
    value = loss([-1, -1], z)
    value.backward()
    assert value.item() == 0.0
    np.testing.assert_array_equal(z.grad.numpy(), np.zeros((2, 3)))


def test_weights_of_nothing_but_0_give_0_and_no_gradient():
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    p = pente.tensor([[1.0], [2.0]], requires_grad=True)
    value = loss([[0.0], [0.0]], p, sample_weight=[0.0, 0.0])
    value.backward()
    assert value.item() == 0.0
    assert p.grad.tolist() == [[0.0], [0.0]]


def test_a_loss_object_traces():
    y, z, w = np.array([0, 2, -1]), np.random.default_rng(0).normal(size=(3, 3)), np.array([1.0, 2.0, 3.0])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    graph, _ = trace(lambda y, z, w: loss(y, z, sample_weight=w), [spec_of(y), spec_of(z), spec_of(w)])
    assert graph(y, z, w)[0] == loss(y, z, sample_weight=w).item()


# Names.


@pytest.mark.parametrize("kind", CLASSES)
def test_every_loss_is_found_by_its_names_its_function_and_its_class(kind):
    loss = kind()
    assert getattr(losses, loss.fn.__name__) is loss.fn
    for identifier in (kind.__name__, loss.fn.__name__, loss.fn, kind):
        assert type(losses.get(identifier)) is kind
    assert losses.get(loss) is loss


@pytest.mark.parametrize("kind", CLASSES)
def test_a_loss_can_be_made_again_from_its_config(kind):
    loss = kind(reduction="sum", name="mine")
    again = losses.get({"class_name": kind.__name__, "config": loss.get_config()})
    assert type(again) is kind
    assert again.get_config() == loss.get_config()
    assert (again.reduction, again.name) == ("sum", "mine")
    assert repr(again) == repr(loss)


def test_settings_survive_in_the_config():
    loss = losses.Huber.from_config(losses.Huber(delta=3.0).get_config())
    assert loss([0.0], [10.0]).item() == losses.huber([[0.0]], [[10.0]], delta=3.0).item() == 25.5
    wrapped = losses.LossFunctionWrapper(losses.huber, delta=3.0)
    assert losses.LossFunctionWrapper(**wrapped.get_config())([0.0], [10.0]).item() == 25.5


@pytest.mark.parametrize("alias", ["mse", "MSE", "mae", "mape", "msle", "bce", "kld", "nll", "logcosh"])
def test_short_names(alias):
    assert isinstance(losses.get(alias), losses.Loss)


def test_a_function_of_ones_own():
    def fourth(y_true, y_pred):
        return ((y_pred - y_true) ** 4).mean(axis=-1)

    loss = losses.get(fourth)
    assert loss.name == "fourth"
    assert loss(pente.zeros((2, 1)), pente.tensor([[1.0], [2.0]])).item() == 8.5


def test_a_name_that_is_not_known():
    with pytest.raises(UnknownNameError, match="Did you mean 'mean_squared_error'"):
        losses.get("mean_square_error")
    assert losses.get("mean_squared_error").name == "mean_squared_error"


def test_what_is_no_loss():
    with pytest.raises(UsageError, match="expected one loss or its name"):
        losses.get(3)


def test_a_loss_without_call_says_what_is_missing():
    with pytest.raises(NotImplementedError, match=r"Loss needs a method call\(self, y_true, y_pred\)"):
        losses.Loss()([1.0], [1.0])


def test_huber_wants_a_place_where_lines_begin():
    with pytest.raises(UsageError, match="must be above 0"):
        losses.Huber(delta=0.0)
    assert losses.Huber(delta=0.5).delta == 0.5
