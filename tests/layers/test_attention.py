"""Attention of several heads: torch's numbers and slopes, masks, dropout, and what does not fit."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente import Input, Model, layers
from pente.errors import DTypeError, ShapeError, UsageError
from tests.layers.twins import agrees_compiled, agrees_with_torch, numbers

X, OTHER = numbers(2, 5, 6), numbers(2, 7, 4)
PADDED = np.arange(7)[None, None] < np.array([7, 4])[:, None, None]  # (batch, 1, keys): the second has 4 places


def attended(mask: Any = None, scores: bool = False) -> Any:
    """The formula in torch, head by head; ``mask`` is True where a place may be seen."""

    def run(query: Any, value: Any, *weights: Any) -> Any:
        kernels, biases = weights[::2], weights[1::2] or [0.0] * 4
        q, k, v = (
            torch.einsum("bnd,dhk->bhnk", x, w) + (b if isinstance(b, float) else b[:, None])
            for x, w, b in zip((query, value, value), kernels, biases, strict=False)
        )
        logits = q @ k.mT / q.shape[-1] ** 0.5
        share = (logits if mask is None else logits.masked_fill(~torch.tensor(mask), -torch.inf)).softmax(-1)
        y = torch.einsum("bhnv,hvd->bnd", share @ v, kernels[3]) + biases[3]
        return [y, share] if scores else y

    return run


@pytest.mark.parametrize("settings", [{}, {"value_dim": 2}], ids=str)
def test_attention_to_another_sequence_is_torchs(settings: dict[str, Any]) -> None:
    agrees_with_torch(layers.MultiHeadAttention(2, 3, dtype="float64", **settings), attended(), X, OTHER)
    agrees_compiled(layers.MultiHeadAttention(2, 3, **settings), X, OTHER)


@pytest.mark.parametrize("length", [5, 7])
def test_a_place_sees_nothing_behind_it_under_a_causal_mask(length: int) -> None:
    other = OTHER[:, :length]
    theirs = attended(np.tri(5, length, dtype=bool))
    agrees_with_torch(layers.MultiHeadAttention(2, 3, dtype="float64"), theirs, X, other, use_causal_mask=True)
    agrees_compiled(layers.MultiHeadAttention(2, 3), X, other, use_causal_mask=True)


def test_a_mask_of_the_keys_and_the_scores_behind_the_result() -> None:
    settings = {"attention_mask": PADDED, "return_attention_scores": True}
    theirs = attended(PADDED[:, None], scores=True)
    agrees_with_torch(layers.MultiHeadAttention(2, 3, dtype="float64"), theirs, X, OTHER, **settings)
    agrees_compiled(layers.MultiHeadAttention(2, 3), X, OTHER, **settings)


def test_both_masks_hold_together_and_a_mask_may_be_zeros_and_ones() -> None:
    layer = layers.MultiHeadAttention(2, 3, dtype="float64")
    theirs = attended((PADDED & np.tri(5, 7, dtype=bool))[:, None])
    agrees_with_torch(layer, theirs, X, OTHER, attention_mask=PADDED.astype(np.int32), use_causal_mask=True)


def test_a_place_that_may_see_nothing_gives_a_number_all_the_same() -> None:
    layer = layers.MultiHeadAttention(2, 3)
    assert np.isfinite(layer(X, OTHER, attention_mask=np.zeros((5, 7), bool)).numpy()).all()


def test_it_is_torchs_own_layer() -> None:
    layer = layers.MultiHeadAttention(2, 3, dtype="float64")
    layer(X, X)
    weights = [torch.tensor(v.numpy()) for v in layer.weights]
    twin = torch.nn.MultiheadAttention(6, 2, batch_first=True, dtype=torch.float64)
    twin.in_proj_weight.data = torch.cat([w.reshape(6, 6).T for w in weights[0:6:2]])
    twin.in_proj_bias.data = torch.cat([b.reshape(6) for b in weights[1:6:2]])
    twin.out_proj.weight.data, twin.out_proj.bias.data = weights[6].reshape(6, 6).T, weights[7]
    x = torch.tensor(X)
    np.testing.assert_allclose(layer(X, X).numpy(), twin(x, x, x)[0].detach(), rtol=1e-9)


def test_the_key_comes_last_and_is_the_value_where_there_is_none() -> None:
    layer = layers.MultiHeadAttention(2, 3)
    key = numbers(2, 7, 3)
    assert layer(X, OTHER, key).shape == (2, 5, 6)
    assert layer.key.kernel.shape == (3, 2, 3)
    assert layer.value.kernel.shape == (4, 2, 3)
    np.testing.assert_array_equal(layer(query=X, value=OTHER, key=key).numpy(), layer(X, OTHER, key).numpy())
    alone = layers.MultiHeadAttention(2, 3)
    np.testing.assert_array_equal(alone(X, OTHER).numpy(), alone(X, OTHER, OTHER).numpy())


def test_weights_have_kerass_names_order_and_shapes() -> None:
    x, other = Input((5, 6)), Input((7, 4))
    model = Model([x, other], layers.MultiHeadAttention(2, 3, value_dim=8, name="mha")(x, other))
    assert {v.name: v.shape for v in model.weights} == {
        "mha/query/kernel": (6, 2, 3),
        "mha/query/bias": (2, 3),
        "mha/key/kernel": (4, 2, 3),
        "mha/key/bias": (2, 3),
        "mha/value/kernel": (4, 2, 8),
        "mha/value/bias": (2, 8),
        "mha/attention_output/kernel": (2, 8, 6),
        "mha/attention_output/bias": (6,),
    }
    names = [v.name.split("/", 1)[1] for v in model.weights]
    assert [name for name in names if name.endswith("kernel")] == [
        f"{part}/kernel" for part in ("query", "key", "value", "attention_output")
    ]
    bare = layers.MultiHeadAttention(2, 3, use_bias=False)
    bare(X, X)
    assert len(bare.weights) == 4


def test_the_shape_that_comes_out_is_known_before_the_data() -> None:
    x = Input((None, 6))
    layer = layers.MultiHeadAttention(2, 3)
    assert layer(x, x, use_causal_mask=True).shape == layer.output_shape == (None, None, 6)
    y, scores = layers.MultiHeadAttention(2, 3)(Input((5, 6)), Input((7, 4)), return_attention_scores=True)
    assert (y.shape, scores.shape) == ((None, 5, 6), (None, 2, 5, 7))
    assert repr(layers.MultiHeadAttention.from_config(layer.get_config())) == repr(layer)


def test_dropout_takes_scores_away_in_training_only() -> None:
    layer = layers.MultiHeadAttention(2, 3, dropout=0.5)
    still = layer(X, OTHER).numpy()
    np.testing.assert_array_equal(layer(X, OTHER).numpy(), still)
    first, second = (layer(X, OTHER, training=True).numpy() for _ in range(2))
    assert not np.array_equal(first, second)
    for p in (layer.query, layer.key):
        p.kernel.assign(np.zeros(p.kernel.shape))  # every place the same share: what is left tells how many were kept
    layer.value.kernel.assign(np.zeros(layer.value.kernel.shape))
    layer.value.bias.assign(np.ones(layer.value.bias.shape))
    layer.attention_output.kernel.assign(np.ones(layer.attention_output.kernel.shape))
    kept = layer(X, OTHER, training=True).numpy() * 7 / (3 * 2)
    np.testing.assert_allclose(kept, np.round(kept), atol=1e-4)
    assert 0 <= kept.min() < kept.max() <= 14


def test_what_does_not_fit_is_told() -> None:
    layer = layers.MultiHeadAttention(2, 3)
    layer(X, OTHER)
    with pytest.raises(ShapeError, match=r"layer\(x, x\)"):
        layers.MultiHeadAttention(2, 3)(X[0], X[0])
    with pytest.raises(ShapeError, match="expects 4 features"):
        layer(X, X)
    with pytest.raises(ShapeError, match=r"here \(2, 5, 7\).*mask\[:, None, :\]"):
        layer(X, OTHER, attention_mask=np.ones((2, 7), bool))
    with pytest.raises(DTypeError, match=r"attention_mask=\(mask == 0\)"):
        layer(X, OTHER, attention_mask=np.zeros((5, 7), np.float32))
    with pytest.raises(UsageError, match="num_heads is a whole number of at least 1"):
        layers.MultiHeadAttention(0, 3)
    with pytest.raises(UsageError, match="dropout is the share that is dropped"):
        layers.MultiHeadAttention(2, 3, dropout=2)
    assert pente.keras.layers.MultiHeadAttention is layers.MultiHeadAttention
