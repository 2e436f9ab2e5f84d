"""The neural set against torch, numbers and gradients."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

import pente
from tests.ops.oracle import DTYPES, agree, close, normal

ACTIVATIONS: dict[str, tuple[Any, Any]] = {
    "relu": (pente.relu, F.relu),
    "relu6": (pente.relu6, F.relu6),
    "sigmoid": (pente.sigmoid, torch.sigmoid),
    "softplus": (pente.softplus, F.softplus),
    "log_sigmoid": (pente.log_sigmoid, F.logsigmoid),
    "gelu": (pente.gelu, F.gelu),
    "gelu, approximately": (lambda x: pente.gelu(x, True), lambda x: F.gelu(x, approximate="tanh")),
    "leaky_relu": (lambda x: pente.leaky_relu(x, 0.1), lambda x: F.leaky_relu(x, 0.1)),
    "elu": (lambda x: pente.elu(x, 1.3), lambda x: F.elu(x, 1.3)),
    "celu": (lambda x: pente.celu(x, 1.3), lambda x: torch.where(x > 0, x, 1.3 * torch.expm1(x / 1.3))),
    "selu": (pente.selu, F.selu),
    "silu": (pente.silu, F.silu),
    "mish": (pente.mish, F.mish),
    "softsign": (pente.softsign, F.softsign),
    "hard_sigmoid": (pente.hard_sigmoid, lambda x: torch.clip(x + 3, 0, 6) / 6),
    "hard_silu": (pente.hard_silu, F.hardswish),
    "hard_tanh": (pente.hard_tanh, F.hardtanh),
    "tanh": (pente.tanh, torch.tanh),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_agrees_with_torch(name: str, dtype: Any) -> None:
    agree(*ACTIVATIONS[name], np.linspace(-7.3, 7.4, 60).reshape(3, 20), dtype=dtype)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_has_a_finite_gradient_far_out_and_at_zero(name: str) -> None:
    x = pente.tensor([-1e30, -300.0, -90.0, 0.0, 90.0, 300.0, 1e30], requires_grad=True)
    y = ACTIVATIONS[name][0](x)
    y.sum().backward()
    assert not np.isnan(y.numpy()).any()
    if name not in ("gelu, approximately", "softsign"):
        assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_softmax_agrees_with_torch(name: str, axis: int, dtype: Any) -> None:
    x = 5 * normal(3, 4, 5)
    agree(lambda x: getattr(pente, name)(x, axis), lambda x: getattr(torch, name)(x, axis), x, dtype=dtype)


def test_the_gradient_of_a_log_softmax_is_exact_where_the_softmax_is_zero() -> None:
    agree(pente.log_softmax, lambda x: torch.log_softmax(x, -1), np.array([0.0, -1000.0, 500.0]), dtype=np.float64)


@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm_agrees_with_torch(dtype: Any) -> None:
    for shape in [(5,), (4, 5)]:
        agree(
            lambda x, s, b: pente.layer_norm(x, s, b, epsilon=1e-5),
            lambda x, s, b, shape=shape: F.layer_norm(x, shape, s, b, 1e-5),
            normal(3, 4, 5),
            normal(*shape),
            normal(*shape, seed=1),
            dtype=dtype,
            loose=5,
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_batch_norm_agrees_with_torch(dtype: Any) -> None:
    scale, bias, mean, variance = normal(4), normal(4, seed=1), normal(4, seed=2), np.abs(normal(4, seed=3)) + 0.1
    agree(
        lambda x, s, b: pente.normalize_batch(x, s, b, epsilon=1e-3),
        lambda x, s, b: F.batch_norm(x.movedim(-1, 1), None, None, s, b, True, eps=1e-3).movedim(1, -1),
        normal(6, 3, 4),
        scale,
        bias,
        dtype=dtype,
        loose=5,
    )
    agree(
        lambda x, s, b: pente.batch_norm(x, mean.astype(dtype), variance.astype(dtype), s, b, epsilon=1e-3),
        lambda x, s, b: F.batch_norm(
            x.movedim(-1, 1), torch.tensor(mean.astype(dtype)), torch.tensor(variance.astype(dtype)), s, b, eps=1e-3
        ).movedim(1, -1),
        normal(6, 3, 4),
        scale,
        bias,
        dtype=dtype,
        loose=5,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(6, 4), (2, 3, 5)])
def test_cross_entropy_agrees_with_torch(shape: Any, dtype: Any) -> None:
    labels = np.random.default_rng(0).integers(0, shape[-1], shape[:-1])

    def theirs(x: Any) -> Any:
        flat = F.cross_entropy(x.reshape(-1, shape[-1]), torch.tensor(labels.ravel()), reduction="none")
        return flat.reshape(labels.shape)

    agree(lambda x: pente.cross_entropy(x, labels), theirs, 3 * normal(*shape), dtype=dtype)


def test_cross_entropy_of_a_sure_mistake_is_large_and_not_infinite() -> None:
    x = pente.tensor([[1000.0, -1000.0]], requires_grad=True)
    loss = pente.cross_entropy(x, [1])
    assert loss.item() == 2000.0
    loss.sum().backward()
    assert x.grad.tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("causal", [False, True])
def test_attention_agrees_with_torch(causal: bool, dtype: Any) -> None:
    agree(
        lambda q, k, v: pente.attention(q, k, v, causal=causal),
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal),
        normal(2, 3, 5, 4),
        normal(2, 3, 5, 4, seed=1),
        normal(2, 3, 5, 6, seed=2),
        dtype=dtype,
        loose=5,
    )


def test_attention_with_more_keys_than_queries_lets_the_last_query_see_all() -> None:
    q, k, v = normal(2, 4), normal(5, 4), normal(5, 3)
    whole = pente.attention(normal(5, 4) * 0 + np.concatenate([np.zeros((3, 4)), q]), k, v, causal=True)
    np.testing.assert_allclose(pente.attention(q, k, v, causal=True).numpy(), whole.numpy()[3:], rtol=1e-12)


def test_labels_in_small_integers_are_not_mixed_up_with_classes_beyond_their_range() -> None:
    x, labels = normal(3, 300), np.array([1, 0, 255])
    small = labels.astype(np.uint8)
    np.testing.assert_array_equal(pente.one_hot(small, 300).numpy(), pente.one_hot(labels, 300).numpy())
    np.testing.assert_array_equal(pente.cross_entropy(x, small).numpy(), pente.cross_entropy(x, labels).numpy())


def test_one_hot_agrees_with_torch_and_gives_zeros_outside() -> None:
    labels = np.array([[0, 2], [1, 1]])
    close(pente.one_hot(labels, 3, dtype="int64").numpy(), F.one_hot(torch.tensor(labels), 3).numpy())
    assert pente.one_hot([-1, 3], 3).tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize("labels", [np.array([0.0, 1.0]), np.array([True, False])])
def test_labels_that_are_no_whole_numbers_raise(labels: Any) -> None:
    with pytest.raises(pente.errors.DTypeError, match="integer labels"):
        pente.cross_entropy(np.zeros((2, 3)), labels)
    with pytest.raises(pente.errors.DTypeError, match="integer labels"):
        pente.one_hot(labels, 3)


def test_labels_of_another_shape_raise_and_name_both_shapes() -> None:
    with pytest.raises(pente.errors.ShapeError, match=r"shape \(2,\).*shape \(2, 1\)"):
        pente.cross_entropy(np.zeros((2, 3)), np.zeros((2, 1), np.int64))


@pytest.mark.parametrize("label", [3, -1])
def test_a_label_outside_of_the_classes_is_infinitely_wrong(label: int) -> None:
    x = pente.tensor(np.zeros((2, 3)), requires_grad=True)
    loss = pente.cross_entropy(x, [label, 1])
    assert loss.numpy()[0] == np.inf
    assert np.isfinite(loss.numpy()[1])


def test_functions_of_one_number_take_lists_and_whole_numbers() -> None:
    for name, (function, _) in ACTIVATIONS.items():
        assert function([1, 2]).dtype == np.float32, name


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_the_word_dim_is_answered_with_axis(name: str) -> None:
    with pytest.raises(pente.errors.UsageError, match="axis=1"):
        getattr(pente, name)(np.zeros((2, 3)), dim=1)
