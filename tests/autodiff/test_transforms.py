"""Functions of functions against torch's, and against each other."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch.autograd import functional as F  # noqa: N812

import pente
from pente.errors import GradientError, ShapeError, UsageError

X, Y = np.array([0.5, -1.2, 2.0]), np.array([1.5, 0.3, -0.7])
A, B = pente.tensor(X), pente.tensor(Y)


def _curve(x: Any, y: Any) -> Any:
    """One number, with every second derivative different from zero."""
    return (x.sin() * y * y).sum() + (x * x * x).sum() * y.exp().sum()


def _map(x: Any) -> Any:
    """Three numbers to two, which are made of all three."""
    return pente.stack([(x * x).sum() * x[0], x.sin().sum()])


def _torch_map(x: Any) -> Any:
    return torch.stack([(x * x).sum() * x[0], x.sin().sum()])


def _close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-10, atol=1e-12)


def test_grad_and_value_and_grad_agree_with_torch() -> None:
    x, y = (torch.tensor(v, requires_grad=True) for v in (X, Y))
    _curve(x, y).backward()
    _close(pente.grad(_curve)(A, B), x.grad)
    _close(pente.grad(_curve, argnums=1)(A, B), y.grad)
    _close(pente.grad(_curve, argnums=-1)(A, B), y.grad)
    both = pente.grad(_curve, argnums=(1, 0))(A, B)
    assert isinstance(both, tuple)
    _close(both[0], y.grad)
    _close(both[1], x.grad)
    value, slope = pente.value_and_grad(_curve)(A, B)
    _close(value, _curve(x, y).detach())
    _close(slope, x.grad)


class Pair(NamedTuple):
    first: Any
    second: Any


def test_arguments_may_be_trees_and_the_gradient_is_built_alike() -> None:
    tree = {"w": X, "rest": [Y, Pair(X * 2, (Y + 1.0,))]}

    def f(t: Any, scale: float) -> Any:
        pair = t["rest"][1]
        return scale * ((t["w"] * t["rest"][0]).sum() + (pair.first * pair.second[0]).sin().sum())

    slope = pente.grad(f)(tree, 3.0)
    assert isinstance(slope["rest"][1], Pair)
    _close(slope["w"], 3.0 * Y)
    _close(slope["rest"][0], 3.0 * X)
    _close(slope["rest"][1].second[0], 3.0 * np.cos(2 * X * (Y + 1)) * 2 * X)


def test_a_function_may_give_more_than_its_value() -> None:
    (value, more), slope = pente.value_and_grad(lambda x: ((x * x).sum(), {"half": x / 2.0}), has_aux=True)(X)
    _close(value, (X * X).sum())
    _close(more["half"], X / 2)
    _close(slope, 2 * X)
    slope, more = pente.grad(lambda x: ((x * x).sum(), "text"), has_aux=True)(X)
    assert more == "text"
    _close(slope, 2 * X)


def test_keywords_are_handed_on_and_not_differentiated() -> None:
    _close(pente.grad(lambda x, *, power: (x**power).sum())(X, power=2), 2 * X)


def test_an_argument_that_is_not_used_has_the_gradient_zero() -> None:
    _, second = pente.grad(lambda x, y: (x * x).sum(), argnums=(0, 1))(X, Y)
    _close(second, np.zeros(3))
    _close(pente.grad(lambda x: pente.tensor(1.0))(X), np.zeros(3))


@pytest.mark.parametrize(
    "gradient", [np.ones(2), np.ones((2, 3)), 2.0], ids=["shorter", "would be summed", "would be repeated"]
)
def test_vjp_takes_no_gradient_of_another_shape(gradient: Any) -> None:
    with pytest.raises(ShapeError, match=r"gradient of a result of shape \(3,\)"):
        pente.vjp(lambda x: x * x, X)[1](gradient)


def test_jvp_and_hvp_take_a_tangent_for_each_argument() -> None:
    with pytest.raises(ShapeError, match="2 tensors in the primals, and 1 tangents"):
        pente.jvp(lambda x, y: x * y, (X, Y), (X,))
    for transform in (pente.jvp, pente.hvp):
        with pytest.raises(UsageError, match=r"write \(x,\), \(t,\)"):
            transform(lambda x: (x * x).sum(), X, Y)


def test_vjp_takes_one_gradient_for_each_result() -> None:
    with pytest.raises(ShapeError, match=r"2 tensors.* 1 gradients"):
        pente.vjp(lambda x: (x, x), X)[1]([np.ones(3)])


def test_a_gradient_with_respect_to_variables_is_built_as_they_are_given() -> None:
    v, w = pente.Variable(X), pente.Variable(Y)

    def f(scale: float) -> Any:
        return scale * (v * v * w).sum()

    _close(pente.grad(f, wrt=v)(2.0), 4.0 * X * Y)
    found = pente.grad(f, wrt=[v, w])(2.0)
    assert isinstance(found, list)
    _close(found[1], 2.0 * X * X)
    value, named = pente.value_and_grad(f, wrt={"a": v, "b": w})(1.0)
    _close(value, (X * X * Y).sum())
    _close(named["b"], X * X)


def test_wrt_takes_whatever_has_trainable_variables() -> None:
    class Net:
        def __init__(self) -> None:
            self.w = pente.Variable(X)
            self.trainable_variables = [self.w]

    net = Net()
    (found,) = pente.grad(lambda: (net.w * net.w).sum(), wrt=net)()
    _close(found, 2 * X)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pente.grad(lambda x: x, argnums=2)(X, Y), UsageError, "given 2"),
        (lambda: pente.grad(lambda x: x)(X), ShapeError, "jacobian"),
        (lambda: pente.grad(lambda: 1.0, wrt=3)(), UsageError, "Variable"),
        (lambda: pente.grad(lambda x: None)(X), GradientError, "NoneType"),
        (lambda: pente.jacobian(lambda x: 3)(X), GradientError, "int"),
        (lambda: pente.jvp(lambda x: x, (X,), (X[:2],)), ShapeError, "tangent"),
    ],
)
def test_what_cannot_be_differentiated_raises_and_says_why(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_vjp_jvp_and_jacobian_agree_with_torch() -> None:
    x, u, v = torch.tensor(X), torch.tensor([0.7, -1.1], dtype=torch.float64), torch.tensor(Y)
    value, back = pente.vjp(_map, X)
    _close(value, _torch_map(x))
    _close(back(u.numpy())[0], F.vjp(_torch_map, x, u)[1])
    _close(back([1.0, 0.0])[0], F.jacobian(_torch_map, x)[0])
    value, pushed = pente.jvp(_map, (X,), (Y,))
    _close(value, _torch_map(x))
    _close(pushed, F.jvp(_torch_map, x, v)[1])
    _close(pente.jacobian(_map)(X), F.jacobian(_torch_map, x))


def test_hessian_and_hvp_agree_with_torch() -> None:
    x, y = torch.tensor(X), torch.tensor(Y)
    wanted = F.hessian(_curve, (x, y))
    _close(pente.hessian(_curve)(A, B), wanted[0][0])
    _close(pente.hessian(_curve, argnums=1)(A, B), wanted[1][1])
    found = pente.hvp(_curve, (X, Y), (Y, X))
    for a, b in zip(found, F.hvp(_curve, (x, y), (y, x))[1], strict=True):
        _close(a, b)


def test_a_jacobian_has_the_shape_of_the_result_and_then_of_the_argument() -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    found = pente.jacobian(lambda x: x.T @ x)(matrix)
    assert found.shape == (3, 3, 2, 3)
    _close(found, F.jacobian(lambda x: x.T @ x, torch.tensor(matrix)))


def test_a_jacobian_of_a_tree_and_of_nothing() -> None:
    found = pente.jacobian(lambda t: t["a"] * t["b"])({"a": X, "b": Y})
    _close(found["a"], np.diag(Y))
    assert pente.jacobian(lambda x: x[:0])(X).shape == (0, 3)


def test_vjp_of_several_outputs_and_arguments() -> None:
    _, back = pente.vjp(lambda x, y: (x * y, (x + y).sum()), X, Y)
    dx, dy = back((np.ones(3), 2.0))
    _close(dx, Y + 2.0)
    _close(dy, X + 2.0)
    _close(back((np.zeros(3), 0.0))[0], np.zeros(3))


def test_jvp_of_several_outputs_and_of_a_constant() -> None:
    _, (da, db) = pente.jvp(lambda x: (x * x, pente.tensor(7.0)), (X,), (np.ones(3),))
    _close(da, 2 * X)
    _close(db, 0.0)


@pytest.mark.parametrize("order", range(1, 6))
def test_derivatives_of_any_order_of_sin(order: int) -> None:
    f = pente.sin
    for _ in range(order):
        f = pente.grad(f)
    wanted = [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)][order % 4](0.7)
    _close(f(np.float64(0.7)), np.float32(wanted) if f(np.float64(0.7)).dtype == np.float32 else wanted)


def test_a_derivative_inside_a_function_does_not_confuse_the_one_outside() -> None:
    """d/dx (x · d/dy (x + y)) = 1; a derivative that took one move for the other would say 2."""
    one = np.array(1.0)
    _close(pente.grad(lambda x: x * pente.grad(lambda y: x + y)(one))(one), 1.0)
    _close(pente.jvp(lambda x: x * pente.jvp(lambda y: x + y, (one,), (one,))[1], (one,), (one,))[1], 1.0)
    _close(pente.grad(lambda x: x * pente.jvp(lambda y: x + y, (one,), (one,))[1])(one), 1.0)
    _close(pente.jvp(lambda x: x * pente.grad(lambda y: x + y)(one), (one,), (one,))[1], 1.0)


def test_a_derivative_at_a_point_that_depends_on_the_outer_argument() -> None:
    """f(x) = g'(x²) with g = sin has the derivative -sin(x²)·2x."""
    x = np.array(0.9)
    wanted = -np.sin(x * x) * 2 * x
    _close(pente.grad(lambda x: pente.grad(pente.sin)(x * x))(x), wanted)
    one = pente.tensor(np.array(1.0))
    _close(pente.grad(lambda x: pente.jvp(pente.sin, (x * x,), (one,))[1])(x), wanted)
    _close(pente.jvp(lambda x: pente.grad(pente.sin)(x * x), (x,), (one,))[1], wanted)
    _close(pente.jvp(lambda x: pente.jvp(pente.sin, (x * x,), (one,))[1], (x,), (one,))[1], wanted)


def test_a_tangent_that_depends_on_the_outer_argument_is_differentiated() -> None:
    """d/dx of J(2)·x for f = y² is 4."""
    two = pente.tensor(np.array(2.0))
    _close(pente.grad(lambda x: pente.jvp(lambda y: y * y, (two,), (x,))[1])(np.array(3.0)), 4.0)
    _close(pente.grad(lambda x: pente.vjp(lambda y: y * y, two)[1](x)[0])(np.array(3.0)), 4.0)


def test_a_second_derivative_through_an_outer_loop_is_that_of_the_whole_loop() -> None:
    """Three steps of descent on x⁴, differentiated in the rate."""

    def after(rate: Any) -> Any:
        x = pente.tensor(np.array(1.0))
        for _ in range(3):
            x = x - rate * pente.grad(lambda x: x * x * x * x)(x)
        return x

    assert pente.gradcheck(after, (np.array(0.03),), order=2) < 1e-6


def test_a_gradient_penalty_reaches_the_weights() -> None:
    w = pente.Variable(np.array([0.4, -0.3, 0.9]))

    def penalty() -> Any:
        slope = pente.grad(lambda x: (x * w).sin().sum())(X)
        return (slope * slope).sum()

    x = torch.tensor(X, requires_grad=True)
    v = torch.tensor(w.numpy(), requires_grad=True)
    (slope,) = torch.autograd.grad((x * v).sin().sum(), x, create_graph=True)
    (slope * slope).sum().backward()
    _close(pente.grad(penalty, wrt=w)(), v.grad)
    penalty_value = None
    with pente.GradientTape() as tape:
        penalty_value = penalty()
    _close(tape.gradient(penalty_value, w), v.grad)


def test_tape_backward_and_grad_give_the_same_bits() -> None:
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(6, 4)).astype(np.float32), rng.normal(size=(4, 3)).astype(np.float32)
    labels = rng.integers(0, 3, 6)

    def f(v: Any) -> Any:
        return (pente.cross_entropy(pente.gelu(x @ v), labels) * pente.softmax(v.sum(axis=0)).max()).mean()

    leaf = pente.tensor(w, requires_grad=True)
    f(leaf).backward()
    variable = pente.Variable(w)
    with pente.GradientTape() as tape:
        loss = f(variable)
    found = [
        leaf.grad,
        tape.gradient(loss, variable),
        pente.grad(f)(w),
        pente.grad(lambda: f(variable), wrt=variable)(),
        pente.vjp(f, w)[1](np.float32(1.0))[0],
        pente.jacobian(f)(w),
    ]
    for each in found[1:]:
        np.testing.assert_array_equal(each.numpy(), found[0].numpy())


def test_a_result_is_no_part_of_a_graph_outside_of_a_transform() -> None:
    value, slope = pente.value_and_grad(lambda x: (x * x).sum())(X)
    assert not value.requires_grad
    assert not slope.requires_grad


def test_the_users_tensor_gets_no_gradient_from_a_transform() -> None:
    x = pente.tensor(X, requires_grad=True)
    pente.grad(lambda x: (x * x).sum())(x)
    pente.core.state.state.backward = None
    assert x.grad is None


def test_a_transform_works_inside_no_grad() -> None:
    with pente.no_grad():
        _close(pente.grad(lambda x: (x * x).sum())(X), 2 * X)


def test_gradcheck_returns_the_worst_error_and_raises_with_the_place_and_both_numbers() -> None:
    assert pente.gradcheck(_map, (X,), order=2) < 1e-7

    @pente.custom_gradient
    def wrong(x: Any) -> Any:
        return x * x, lambda g: g * x * 1.9

    with pytest.raises(GradientError, match=r"order 1, argument 0, place \(0,\).*got .*central differences give"):
        pente.gradcheck(wrong, (X,))


def test_gradcheck_finds_a_gradient_that_is_wrong_in_second_order_only() -> None:
    @pente.custom_gradient
    def cut(x: Any) -> Any:
        return x * x, lambda g: g * pente.stop_gradient(x) * 2.0

    assert pente.gradcheck(cut, (X,)) < 1e-7
    with pytest.raises(GradientError, match="order 2"):
        pente.gradcheck(cut, (X,), order=2)


def test_gradcheck_finds_nan() -> None:
    with pytest.raises(GradientError, match="nan"):
        pente.gradcheck(pente.sqrt, (np.array([-1.0]),))


def test_a_gradient_of_ones_own_is_used_and_may_take_several_inputs() -> None:
    @pente.custom_gradient
    def scaled(x: Any, y: Any) -> Any:
        return x * y, lambda g: (g * 10.0, g * 100.0)

    a, b = pente.grad(lambda x, y: scaled(x, y).sum(), argnums=(0, 1))(X, Y)
    _close(a, np.full(3, 10.0))
    _close(b, np.full(3, 100.0))
    leaf = pente.tensor(X, requires_grad=True)
    scaled(leaf, Y).sum().backward()
    _close(leaf.grad, np.full(3, 10.0))


def test_a_gradient_of_ones_own_of_the_wrong_number_is_refused() -> None:
    @pente.custom_gradient
    def wrong(x: Any, y: Any) -> Any:
        return x * y, lambda g: g

    with pytest.raises(GradientError, match="1 gradients for 2 inputs"):
        pente.grad(lambda x: wrong(x, Y).sum())(X)


def test_a_gradient_of_ones_own_goes_backward_only() -> None:
    own = pente.custom_gradient(lambda x: (x * x, lambda g: g * 2.0 * x))
    with pytest.raises(GradientError, match="backward only"):
        pente.jvp(own, (X,), (X,))
    _close(pente.hessian(lambda x: own(x).sum())(X), 2 * np.eye(3))


def test_remat_gives_the_same_gradients_of_every_order() -> None:
    def block(x: Any, y: Any) -> Any:
        return (x * y).sin() + x.exp()

    saved = pente.remat(block)
    _close(saved(X, Y), block(pente.tensor(X), Y))
    for argnum in (0, 1):
        _close(
            pente.grad(lambda x, y: saved(x, y).sum(), argnum)(A, B),
            pente.grad(lambda x, y: block(x, y).sum(), argnum)(A, B),
        )
    _close(pente.hessian(lambda x: saved(x, Y).sum())(X), pente.hessian(lambda x: block(x, Y).sum())(X))
    _close(pente.jvp(saved, (X, Y), (Y, X))[1], pente.jvp(block, (X, Y), (Y, X))[1])


def test_remat_takes_trees_and_reaches_variables_and_captured_tensors() -> None:
    w, captured = pente.Variable(Y), pente.tensor(X * 3, requires_grad=True)
    block = pente.remat(lambda t: {"out": t["x"] * w * captured, "same": t["x"]})
    found = block({"x": X})
    (found["out"].sum() + found["same"].sum()).backward()
    _close(w.grad, X * X * 3)
    _close(captured.grad, X * Y)


def test_a_variable_that_is_assigned_inside_remat_is_assigned_once() -> None:
    count, w = pente.Variable(0.0, trainable=False), pente.Variable(Y)

    @pente.remat
    def block(x: Any) -> Any:
        count.assign_add(1.0)
        return x * w * count

    def loss() -> Any:
        return block(X).sum()

    _close(pente.grad(loss, wrt=w)(), X)
    assert count.numpy() == 1.0
    assert block(X).shape == (3,)
    assert count.numpy() == 2.0
