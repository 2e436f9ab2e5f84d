"""Functions that move numbers without changing them, against NumPy and torch."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente.errors import ShapeError
from tests.ops.oracle import agree, close, normal

X = normal(2, 3, 4)

MOVES: dict[str, tuple[Any, Any]] = {
    "reshape": (lambda x: x.reshape(4, -1), lambda x: x.reshape(4, -1)),
    "reshape to a number of axes in a tuple": (lambda x: x.reshape((6, 4)), lambda x: x.reshape(6, 4)),
    "flatten": (lambda x: x.flatten(), lambda x: x.flatten()),
    "T": (lambda x: x[0].T, lambda x: x[0].T),
    "mT": (lambda x: x.mT, lambda x: x.mT),
    "transpose": (lambda x: x.transpose(2, 0, 1), lambda x: x.permute(2, 0, 1)),
    "permute_dims": (lambda x: pente.permute_dims(x, (1, -1, 0)), lambda x: x.permute(1, -1, 0)),
    "moveaxis": (lambda x: pente.moveaxis(x, 0, -1), lambda x: torch.moveaxis(x, 0, -1)),
    "matrix_transpose": (pente.matrix_transpose, lambda x: x.mT),
    "expand_dims": (lambda x: pente.expand_dims(x, axis=-1), lambda x: x.unsqueeze(-1)),
    "squeeze": (lambda x: x[:, :1].squeeze(), lambda x: x[:, :1].squeeze()),
    "squeeze an axis": (lambda x: x[:1, :1].squeeze(axis=1), lambda x: x[:1, :1].squeeze(1)),
    "broadcast_to": (lambda x: pente.broadcast_to(x, (5, 2, 3, 4)), lambda x: x.broadcast_to(5, 2, 3, 4)),
    "broadcast one axis": (lambda x: pente.broadcast_to(x[:1], (5, 3, 4)), lambda x: x[:1].broadcast_to(5, 3, 4)),
    "concat": (lambda x: pente.concat([x, 2 * x, x], axis=1), lambda x: torch.concat([x, 2 * x, x], 1)),
    "concat flat": (lambda x: pente.concat([x, x], axis=None), lambda x: torch.concat([x.flatten(), x.flatten()])),
    "stack": (lambda x: pente.stack([x, 3 * x], axis=-1), lambda x: torch.stack([x, 3 * x], -1)),
    "unstack": (lambda x: pente.unstack(x, axis=1)[2], lambda x: torch.unbind(x, 1)[2]),
    "split": (lambda x: pente.split(x, 2, axis=2)[1], lambda x: torch.split(x, 2, 2)[1]),
    "split at places": (lambda x: pente.split(x, [1, 2], axis=2)[2], lambda x: torch.tensor_split(x, [1, 2], 2)[2]),
    "flip": (lambda x: pente.flip(x), lambda x: torch.flip(x, (0, 1, 2))),
    "flip axes": (lambda x: pente.flip(x, axis=(0, -1)), lambda x: torch.flip(x, (0, -1))),
    "roll": (lambda x: pente.roll(x, 5), lambda x: torch.roll(x, 5)),
    "roll axes": (lambda x: pente.roll(x, (1, -2), axis=(0, 2)), lambda x: torch.roll(x, (1, -2), (0, 2))),
    "repeat": (lambda x: pente.repeat(x, 3, axis=1), lambda x: torch.repeat_interleave(x, 3, 1)),
    "repeat flat": (lambda x: pente.repeat(x, 2), lambda x: torch.repeat_interleave(x, 2)),
    "tile": (lambda x: pente.tile(x, (2, 1, 3)), lambda x: torch.tile(x, (2, 1, 3))),
    "tile more axes": (lambda x: pente.tile(x, (2, 1, 1, 2)), lambda x: torch.tile(x, (2, 1, 1, 2))),
    "tile fewer axes": (lambda x: pente.tile(x, (2,)), lambda x: torch.tile(x, (2,))),
    "tril": (lambda x: pente.tril(x, k=1), lambda x: torch.tril(x, 1)),
    "triu": (lambda x: pente.triu(x, k=-1), lambda x: torch.triu(x, -1)),
    "pad": (
        lambda x: pente.pad(x, [(0, 0), (1, 2), (3, 0)], value=7.0),
        lambda x: torch.nn.functional.pad(x, (3, 0, 1, 2), value=7.0),
    ),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", MOVES)
def test_a_move_and_its_way_back_agree_with_torch(name: str, dtype: Any) -> None:
    agree(*MOVES[name], X, dtype=dtype)


@pytest.mark.parametrize("name", [name for name in MOVES if "concat" not in name and name != "stack"])  # they multiply
@pytest.mark.parametrize("dtype", [np.int32, np.bool_, np.uint8])
def test_a_move_keeps_whole_numbers(name: str, dtype: Any) -> None:
    x = (np.arange(24).reshape(2, 3, 4) % 3).astype(dtype)
    ours, theirs = MOVES[name]
    close(ours(pente.tensor(x)).numpy(), theirs(torch.tensor(x)).numpy())


def test_broadcast_arrays_gives_all_one_shape() -> None:
    found = pente.broadcast_arrays(np.ones((3, 1)), np.ones(4), np.ones(()))
    assert [x.shape for x in found] == [(3, 4)] * 3


def test_concat_brings_all_to_one_dtype_and_shares_out_the_gradient() -> None:
    a, b = pente.tensor([1.0, 2.0], requires_grad=True), pente.tensor(np.zeros(3), requires_grad=True)
    y = pente.concat([a, b, [1, 2]])
    assert y.dtype == np.float64
    (y * np.arange(7.0)).sum().backward()
    assert (a.grad.tolist(), a.grad.dtype) == ([0.0, 1.0], np.float32)
    assert (b.grad.tolist(), b.grad.dtype) == ([2.0, 3.0, 4.0], np.float64)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
def test_meshgrid_agrees_with_numpy(indexing: str) -> None:
    arrays = [np.arange(2.0), np.arange(3.0), np.arange(4.0)]
    for found, wanted in zip(
        pente.meshgrid(*arrays, indexing=indexing), np.meshgrid(*arrays, indexing=indexing), strict=True
    ):
        close(found.numpy(), wanted)


MISTAKES: dict[str, tuple[Any, str]] = {
    "another number of elements": (lambda x: x.reshape(5, 5), r"24 elements.*25 elements"),
    "two unknown axes": (lambda x: x.reshape(-1, -1), "only one axis may be -1"),
    "no multiple": (lambda x: x.reshape(7, -1), "no multiple"),
    "order of axes": (lambda x: x.transpose(0, 0, 1), r"\(0, 0, 1\)"),
    "squeeze of a long axis": (lambda x: x.squeeze(axis=1), "only length 1 can go"),
    "broadcast of a long axis": (lambda x: pente.broadcast_to(x, (2, 3, 8)), "broadcast"),
    "concat of other shapes": (lambda x: pente.concat([x, x[:, :1]], axis=0), "cannot be joined"),
    "concat of nothing": (lambda x: pente.concat([]), "nothing to join"),
    "concat of numbers": (lambda x: pente.concat([1.0, 2.0]), "stack"),
    "stack of other shapes": (lambda x: pente.stack([x, x[0]]), "one shape"),
    "uneven split": (lambda x: pente.split(x, 2, axis=1), "equal parts"),
    "pad of too few axes": (lambda x: pente.pad(x, [(1, 1)]), "3 axes"),
    "negative pad": (lambda x: pente.pad(x, [(-1, 0)] * 3), "not negative"),
    "shapes that do not broadcast": (lambda x: x + np.ones((2, 4)), "axis -2 is 3 and 2"),
    "transpose of a vector": (lambda x: x[0, 0].mT, "two axes"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_shapes_that_do_not_fit_raise_and_say_why(name: str) -> None:
    mistake, message = MISTAKES[name]
    with pytest.raises(ShapeError, match=message):
        mistake(pente.tensor(X))


@pytest.mark.parametrize(("axis", "counts"), [(0, [1, 2]), (1, [0, 2, 1]), (None, [1, 0, 2, 1, 1, 3]), (1, [2])])
def test_each_place_is_repeated_by_its_own_count(axis: Any, counts: Any) -> None:
    x = np.arange(6.0).reshape(2, 3)
    found = pente.repeat(x, counts, axis=axis)
    assert found.tolist() == np.repeat(x, counts, axis=axis).tolist()
    assert pente.gradcheck(lambda t: pente.repeat(t, counts, axis=axis) ** 2, (pente.tensor(x),)) < 1e-6


@pytest.mark.parametrize("counts", [[1, 2], [1.0, 2.0, 3.0], [1, -1, 2], -1, 1.5])
def test_counts_that_fit_no_place_are_refused(counts: Any) -> None:
    with pytest.raises(ShapeError, match="one whole number ≥ 0, or one for each of the 3 places"):
        pente.repeat([1.0, 2.0, 3.0], counts)


def test_an_axis_may_be_given_by_its_place_as_in_numpy_and_torch() -> None:
    x = np.arange(6.0).reshape(2, 3)
    for ours, theirs in (
        (pente.expand_dims(x, 1), np.expand_dims(x, 1)),
        (pente.concat([x, x], 1), np.concatenate([x, x], 1)),
        (pente.stack([x, x], 2), np.stack([x, x], 2)),
        (pente.flip(x, 1), np.flip(x, 1)),
        (pente.roll(x, 1, 1), np.roll(x, 1, 1)),
        (pente.repeat(x, 2, 1), np.repeat(x, 2, 1)),
        (pente.take(x, [2, 0], 1), np.take(x, [2, 0], 1)),
    ):
        np.testing.assert_array_equal(ours.numpy(), theirs)
