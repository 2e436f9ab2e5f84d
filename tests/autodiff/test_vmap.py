"""vmap: a function of one example does the whole batch."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente.errors import BoundsError, ShapeError, TraceError, UsageError
from tests.ops.oracle import normal

X, W = normal(4, 3), normal(4, 3, 2)


def _close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-11, atol=1e-13)


FUNCTIONS: dict[str, Any] = {
    "a number": lambda x: (x * x).sum(),
    "a vector": lambda x: x * x.mean(),
    "a matrix": lambda x: pente.linalg.outer(x, x),
    "indices": lambda x: x[::-1][1:] + x[np.array([0, 2])],
    "a choice": lambda x: pente.where(x > 0, x, 0.1 * x),
    "places that depend on values": lambda x: x[pente.argmax(x)],
    "writing": lambda x: x.at[np.array([0, 0, 1])].add(x),
    "writing where values say": lambda x: pente.zeros(3, dtype="float64").at[pente.argmin(x)].set(x.sum()),
    "a softmax": pente.softmax,
    "a system": lambda x: pente.linalg.solve(pente.linalg.outer(x, x) + np.eye(3), x),
    "norms and products": lambda x: pente.linalg.norm(x) * x.prod(),
    "sorted by shape": lambda x: pente.concat([x, pente.reshape(x, (3, 1)).T[0], pente.stack([x[0], x[1]])]),
    "a loop": lambda x: pente.scan(lambda c, r: (c * r + 1.0, c), pente.tensor(np.array(1.0)), x)[1],
    "a branch": lambda x: pente.cond(x.sum() > 0, lambda x: x.sin(), lambda x: x * 2.0, x),
    "a loop without rows": lambda x: pente.scan(lambda c, _: (c * x, c), np.ones(3), length=3)[0],
    "a branch of constants": lambda x: pente.cond(x.sum() > 0, lambda: 1.0, lambda: 2.0),
    "a branch of one constant": lambda x: pente.cond(x.sum() > 0, lambda x: x.sum(), lambda x: x.sum() * 0.0 + 2.0, x),
    "recomputation": lambda x: pente.remat(lambda x: (x * x).sin())(x),
    "a constant": lambda x: pente.ones(2),
    "nothing of it": lambda x: x[:0],
    "einsum": lambda x: pente.einsum("i,j->", x, x),
    "layer norm": lambda x: pente.layer_norm(x, np.ones(3), np.zeros(3)),
    "cumulative": lambda x: pente.cumulative_sum(x),
    "cross entropy": lambda x: pente.cross_entropy(x, 1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_batch_gives_what_a_loop_gives(name: str) -> None:
    f = FUNCTIONS[name]
    _close(pente.vmap(f)(X), np.stack([np.asarray(f(pente.tensor(row))) for row in X]))


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in ("a constant", "a branch of constants")])
def test_the_gradient_of_a_batch_is_the_batch_of_gradients(name: str) -> None:
    f = FUNCTIONS[name]

    def one(x: Any) -> Any:
        y = f(x)
        return (y * y.sin()).sum()

    loop = np.stack([np.asarray(pente.grad(one)(row)) for row in X])
    _close(pente.vmap(pente.grad(one))(X), loop)
    _close(pente.grad(lambda x: pente.vmap(one)(x).sum())(X), loop)


@pytest.mark.parametrize("name", ["a vector", "a choice", "a softmax", "a loop", "norms and products"])
def test_second_derivatives_of_a_batch(name: str) -> None:
    f = FUNCTIONS[name]
    loop = np.stack([np.asarray(pente.hessian(lambda x: f(x).sum())(row)) for row in X])
    _close(pente.vmap(pente.hessian(lambda x: f(x).sum()))(X), loop)


def test_the_batch_may_be_any_axis_of_each_argument_and_of_the_result() -> None:
    def f(x: Any, w: Any) -> Any:
        return x @ w

    wanted = np.einsum("bi,bij->bj", X, W)
    _close(pente.vmap(f)(X, W), wanted)
    _close(pente.vmap(f, in_axes=(1, 0))(X.T, W), wanted)
    _close(pente.vmap(f, in_axes=(0, -1))(X, np.moveaxis(W, 0, -1)), wanted)
    _close(pente.vmap(f, out_axes=1)(X, W), wanted.T)
    _close(pente.vmap(f, out_axes=-1)(X, W), wanted.T)
    _close(pente.vmap(f, in_axes=(None, 0))(X[0], W), np.einsum("i,bij->bj", X[0], W))
    _close(pente.vmap(f, in_axes=(0, None))(X, W[0]), X @ W[0])


def test_batches_of_batches() -> None:
    a, b = normal(2, 3), normal(5, 3)
    every = pente.vmap(pente.vmap(pente.vecdot, in_axes=(None, 0)), in_axes=(0, None))
    _close(every(a, b), a @ b.T)
    deep = normal(2, 3, 4)
    _close(pente.vmap(pente.vmap(lambda x: x.sum()))(deep), deep.sum(axis=2))


def test_trees_go_in_and_come_out() -> None:
    found = pente.vmap(lambda t: {"sum": t["x"] + t["w"].sum(), "both": (t["x"], 1.0)})({"x": X, "w": W})
    _close(found["sum"], X + W.sum(axis=(1, 2))[:, None])
    assert found["both"][1].shape == (4,)


def test_gradients_of_each_sample_agree_with_torch() -> None:
    w, labels = normal(3, 5), np.array([0, 4, 2, 2])

    def loss(w: Any, x: Any, label: Any) -> Any:
        return pente.cross_entropy(pente.tanh(x @ w), label)

    found = pente.vmap(pente.grad(loss), in_axes=(None, 0, 0))(w, X, labels)

    def theirs(w: Any, x: Any, label: Any) -> Any:
        return torch.nn.functional.cross_entropy(torch.tanh(x @ w)[None], label[None])

    wanted = torch.vmap(torch.func.grad(theirs), in_dims=(None, 0, 0))(*map(torch.tensor, (w, X, labels)))
    _close(found, wanted)


def test_a_jacobian_by_batching_is_the_jacobian() -> None:
    def f(x: Any) -> Any:
        return pente.stack([(x * x).sum(), x.prod(), x[0]])

    _, back = pente.vjp(f, X[0])
    _close(pente.vmap(lambda u: back(u)[0])(np.eye(3)), pente.jacobian(f)(X[0]))
    columns = pente.vmap(lambda v: pente.jvp(f, (X[0],), (v,))[1], out_axes=1)(np.eye(3))
    _close(columns, pente.jacobian(f)(X[0]))


def test_a_tape_works_inside() -> None:
    def slope(x: Any) -> Any:
        with pente.GradientTape() as tape:
            tape.watch(x)
            y = (x * x * x).sum()
        return tape.gradient(y, x)

    _close(pente.vmap(slope)(X), 3 * X * X)
    _close(pente.vmap(lambda x: slope(x * 2.0))(X), 12 * X * X)


def test_a_batch_of_none_goes_through_operations_that_have_no_batched_form() -> None:
    draws = pente.vmap(lambda key: pente.random.bits((2,), key=key))(np.zeros((0, 2), np.uint64))
    assert (draws.shape, draws.dtype) == ((0, 2), np.uint64)
    assert pente.vmap(lambda k: pente.conv(np.ones((1, 4, 1)), k))(np.zeros((0, 2, 1, 1))).shape == (0, 1, 3, 1)


def test_variables_are_shared_by_all_examples_and_get_the_sum() -> None:
    v = pente.Variable(normal(3))
    _close(pente.vmap(lambda x: x * v)(X), X * v.numpy())
    _close(pente.grad(lambda: pente.vmap(lambda x: x * v)(X).sum(), wrt=v)(), X.sum(axis=0))


def test_whole_numbers_and_bools_are_batched_too() -> None:
    x = np.arange(12).reshape(4, 3)
    found = pente.vmap(lambda x: (x > 4).any())(x)
    assert found.tolist() == [False, True, True, True]
    assert pente.vmap(lambda x: x.sum())(x).dtype == np.int64


def test_an_index_outside_does_not_reach_into_another_example() -> None:
    with pytest.raises(BoundsError):
        pente.vmap(lambda x, i: pente.take(x, i, axis=0))(X, np.array([0, 1, 3, 0]))
    with pytest.raises(BoundsError):
        pente.vmap(lambda x, i: x.at[i].set(0.0))(X, np.array([0, 1, 3, 0]))


def test_an_assign_inside_raises() -> None:
    v = pente.Variable(0.0)
    with pytest.raises(UsageError, match="every example would assign its own value"):
        pente.vmap(lambda x: v.assign(x.sum()))(X)
    assert v.numpy() == 0.0


def test_asking_for_a_value_inside_raises_and_shows_the_way_out() -> None:
    with pytest.raises(TraceError, match=r"pente\.where or pente\.cond"):
        pente.vmap(lambda x: x if x.sum() > 0 else -x)(X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pente.vmap(pente.add)(X, X[:2]), "one batch size"),
        (lambda: pente.vmap(pente.add, in_axes=(0,))(X, X), "wants 1 arguments"),
        (lambda: pente.vmap(pente.exp)(np.float64(1.0)), "axis 0 does not exist|no batch axis"),
        (lambda: pente.vmap(pente.exp, in_axes=None)(X), "no batch axis"),
    ],
)
def test_arguments_without_one_batch_size_raise(call: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        call()
