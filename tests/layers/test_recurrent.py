"""Recurrent layers: torch's numbers and slopes, what they return, their state, and their dropout."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente import Input, Sequential, layers
from pente.errors import ShapeError, UnknownNameError, UsageError
from tests.layers.twins import agrees_compiled, agrees_with_torch, numbers

X = numbers(3, 6, 4)
UNITS = 5
KINDS = [layers.SimpleRNN, layers.LSTM, layers.GRU]
STATES = {layers.SimpleRNN: 1, layers.LSTM: 2, layers.GRU: 1}


def rnn_step(x: Any, state: Any, kernel: Any, recurrent: Any, bias: Any = 0.0) -> Any:
    return [torch.tanh(x @ kernel + state[0] @ recurrent + bias)]


def lstm_step(x: Any, state: Any, kernel: Any, recurrent: Any, bias: Any = 0.0) -> Any:
    i, f, c, o = (x @ kernel + state[0] @ recurrent + bias).chunk(4, -1)
    c = f.sigmoid() * state[1] + i.sigmoid() * c.tanh()
    return [o.sigmoid() * c.tanh(), c]


def gru_step(x: Any, state: Any, kernel: Any, recurrent: Any, bias: Any = (0.0, 0.0)) -> Any:
    z, r, new = (x @ kernel + bias[0]).chunk(3, -1)
    inner_z, inner_r, inner_new = (state[0] @ recurrent + bias[1]).chunk(3, -1)
    z, r = (z + inner_z).sigmoid(), (r + inner_r).sigmoid()
    return [z * state[0] + (1 - z) * torch.tanh(new + r * inner_new)]


def gru_step_before(x: Any, state: Any, kernel: Any, recurrent: Any, bias: Any = 0.0) -> Any:
    z, r, new = (x @ kernel + bias).chunk(3, -1)
    inner_z, inner_r = (state[0] @ recurrent[:, : 2 * UNITS]).chunk(2, -1)
    z, r = (z + inner_z).sigmoid(), (r + inner_r).sigmoid()
    return [z * state[0] + (1 - z) * torch.tanh(new + (r * state[0]) @ recurrent[:, 2 * UNITS :])]


STEPS = {layers.SimpleRNN: rnn_step, layers.LSTM: lstm_step, layers.GRU: gru_step}


def walked(step: Any, states: int, backwards: bool = False) -> Any:
    """What a torch step gives for a sequence: all outputs, and the last state."""

    def run(x: Any, *weights: Any) -> Any:
        state, outputs = [torch.zeros(x.shape[0], UNITS, dtype=x.dtype)] * states, []
        for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
            state = step(x[:, t], state, *weights)
            outputs.append(state[0])
        return [torch.stack(outputs, 1), *state]

    return run


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_steps_and_the_last_state_are_torchs(kind: Any, backwards: bool) -> None:
    settings = {"return_sequences": True, "return_state": True, "go_backwards": backwards}
    theirs = walked(STEPS[kind], STATES[kind], backwards)
    agrees_with_torch(kind(UNITS, dtype="float64", **settings), theirs, X)
    agrees_compiled(kind(UNITS, **settings), X)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_last_output_alone_is_torchs(kind: Any, bias: bool) -> None:
    theirs = walked(STEPS[kind], STATES[kind])
    agrees_with_torch(kind(UNITS, use_bias=bias, dtype="float64"), lambda *args: theirs(*args)[1], X)
    agrees_compiled(kind(UNITS, use_bias=bias), X)


def test_a_gru_may_reset_before_the_product_as_in_the_first_paper() -> None:
    layer = layers.GRU(UNITS, reset_after=False, dtype="float64")
    agrees_with_torch(layer, lambda *args: walked(gru_step_before, 1)(*args)[1], X)
    assert layer.bias.shape == (3 * UNITS,)
    agrees_compiled(layers.GRU(UNITS, reset_after=False), X)


def test_torchs_own_lstm_has_the_same_gates_in_another_order() -> None:
    layer = layers.LSTM(UNITS, return_sequences=True, dtype="float64")
    layer(X)
    kernel, recurrent, bias = map(torch.tensor, layer.get_weights())
    twin = torch.nn.LSTM(4, UNITS, batch_first=True, dtype=torch.float64)
    twin.weight_ih_l0.data, twin.weight_hh_l0.data = kernel.T, recurrent.T
    twin.bias_ih_l0.data, twin.bias_hh_l0.data = bias, torch.zeros_like(bias)
    np.testing.assert_allclose(layer(X).numpy(), twin(torch.tensor(X))[0].detach(), rtol=1e-9)


def test_torchs_own_gru_has_reset_and_update_exchanged() -> None:
    layer = layers.GRU(UNITS, return_sequences=True, bias_initializer="random_normal", dtype="float64")
    layer(X)
    swapped = [
        torch.tensor(w)[..., np.r_[UNITS : 2 * UNITS, :UNITS, 2 * UNITS : 3 * UNITS]] for w in layer.get_weights()
    ]
    twin = torch.nn.GRU(4, UNITS, batch_first=True, dtype=torch.float64)
    twin.weight_ih_l0.data, twin.weight_hh_l0.data = swapped[0].T, swapped[1].T
    twin.bias_ih_l0.data, twin.bias_hh_l0.data = swapped[2]
    np.testing.assert_allclose(layer(X).numpy(), twin(torch.tensor(X))[0].detach(), rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_in_two_halves_is_the_whole_when_the_state_is_handed_on(kind: Any) -> None:
    layer = kind(UNITS, return_sequences=True, return_state=True)
    whole, *end = layer(X)
    first, *middle = layer(X[:, :2])
    second, *after = layer(X[:, 2:], initial_state=middle)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, rtol=1e-5, atol=1e-6)
    for one, other in zip(after, end, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_an_encoder_hands_its_state_to_a_decoder_in_a_functional_model() -> None:
    source, target = Input((None, 4)), Input((None, 3))
    _, *state = layers.LSTM(UNITS, return_state=True)(source)
    outputs = layers.LSTM(UNITS, return_sequences=True)(target, initial_state=state)
    model = pente.Model([source, target], outputs)
    assert outputs.shape == (None, None, UNITS)
    given = X.astype(np.float32), numbers(3, 2, 3).astype(np.float32)
    assert model(list(given)).shape == (3, 2, UNITS)
    assert not np.array_equal(model([given[0], given[1]]).numpy(), model([given[0] * 2, given[1]]).numpy())


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.LSTM(UNITS), (None, UNITS)),
        (layers.GRU(UNITS, return_sequences=True), (None, None, UNITS)),
        (layers.SimpleRNN(UNITS, return_state=True), [(None, UNITS)] * 2),
        (layers.LSTM(UNITS, return_sequences=True, return_state=True), [(None, None, UNITS), *[(None, UNITS)] * 2]),
    ],
    ids=repr,
)
def test_the_shape_that_comes_out_is_known_before_the_data(layer: Any, expected: Any) -> None:
    layer(Input((None, 4)))
    assert layer.output_shape == expected
    assert repr(type(layer).from_config(layer.get_config())) == repr(layer)


def test_weights_have_kerass_names_order_shapes_and_first_values() -> None:
    def built(layer: Any) -> Any:
        return {v.name: v.shape for v in Sequential([Input((6, 4)), layer]).weights}

    for kind, gates, bias in [(layers.SimpleRNN, 1, (5,)), (layers.LSTM, 4, (20,)), (layers.GRU, 3, (2, 15))]:
        expected = [("kernel", (4, 5 * gates)), ("recurrent_kernel", (5, 5 * gates)), ("bias", bias)]
        assert list(built(kind(UNITS, name="it")).items()) == [(f"it/{name}", shape) for name, shape in expected]
    layer = layers.LSTM(UNITS)
    layer(X)
    recurrent = layer.recurrent_kernel.numpy()
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(UNITS), atol=1e-5)
    assert layer.bias.numpy().tolist() == [0.0] * 5 + [1.0] * 5 + [0.0] * 10
    plain = layers.LSTM(UNITS, unit_forget_bias=False)
    plain(X)
    assert not plain.bias.numpy().any()


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_makes_one_choice_for_all_steps_and_only_in_training(kind: Any) -> None:
    layer = kind(UNITS, dropout=0.5, recurrent_dropout=0.5, return_sequences=True)
    still = layer(X).numpy()
    np.testing.assert_array_equal(layer(X).numpy(), still)
    assert not np.array_equal(layer(X, training=True).numpy(), layer(X, training=True).numpy())
    seen = layer.input_drop(np.ones_like(X), training=True).numpy()
    assert (seen == seen[:, :1]).all()
    assert set(np.unique(seen)) == {0.0, 2.0}


def test_recurrent_dropout_drops_what_the_gates_see_of_the_state() -> None:
    layer = layers.SimpleRNN(200, activation="linear", recurrent_dropout=0.25, kernel_initializer="zeros")
    layer(X)
    layer.recurrent_kernel.assign(np.eye(200))
    out = layer(X[:, :2], initial_state=np.ones((3, 200), np.float32), training=True).numpy()
    np.testing.assert_allclose(np.unique(out), [0.0, (4 / 3) ** 2], rtol=1e-5)  # dropped, or kept in both steps
    assert abs((out == 0).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / out.size)


def test_a_penalty_of_the_outputs_and_of_the_recurrent_weights() -> None:
    layer = layers.GRU(UNITS, recurrent_regularizer="l2", activity_regularizer=pente.regularizers.L1(0.1))
    out = layer(X).numpy()
    weight, activity = (float(loss) for loss in layer.losses)
    assert weight == pytest.approx(0.01 * (layer.recurrent_kernel.numpy() ** 2).sum(), rel=1e-5)
    assert activity == pytest.approx(0.1 * abs(out).sum(), rel=1e-5)


def test_what_does_not_fit_is_told() -> None:
    layer = layers.LSTM(UNITS)
    layer(X)
    with pytest.raises(ShapeError, match=r"\(batch, steps, features\).*return_sequences=True"):
        Sequential([Input((6, 4)), layers.LSTM(3), layers.LSTM(3)])
    with pytest.raises(ShapeError, match="expects 4 features"):
        layer(pente.ones((2, 6, 3)))
    with pytest.raises(ShapeError, match=r"initial_state is a list of 2 of shape \(3, 5\), got shapes \[\(3, 4\)\]"):
        layer(X, initial_state=np.ones((3, 4), np.float32))
    with pytest.raises(UsageError, match="dropout is the share that is dropped"):
        layers.LSTM(UNITS, dropout=1.0)
    with pytest.raises(UsageError, match="recurrent_dropout is the share"):
        layers.GRU(UNITS, recurrent_dropout=-0.1)
    with pytest.raises(UsageError, match="units is a whole number of at least 1"):
        layers.SimpleRNN(0)
    with pytest.raises(UnknownNameError, match="sigmoid"):
        layers.LSTM(UNITS, recurrent_activation="sigmod")
    with pytest.raises(UnknownNameError, match="orthogonal"):
        layers.LSTM(UNITS, recurrent_initializer="ortogonal")
