"""scan and cond against unrolled loops, Python's own branches and torch."""

from typing import Any

import numpy as np
import pytest
import torch

import pente
from pente.core.node import spec_of
from pente.core.tracer import trace
from pente.core.verify import verify
from pente.errors import DTypeError, ShapeError
from tests.ops.oracle import normal

XS, W, START = normal(5, 3), normal(3, 3) * 0.4, normal(3)


def _close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-10, atol=1e-12)


def _cell(w: Any) -> Any:
    def step(carry: Any, x: Any) -> Any:
        after = pente.tanh(carry @ w + x)
        return after, after * x

    return step


def _unrolled(start: Any, xs: Any, w: Any, reverse: bool = False) -> Any:
    carry, ys = start, []
    for i in reversed(range(len(xs))) if reverse else range(len(xs)):
        carry, y = _cell(w)(carry, xs[i])
        ys.append(y)
    return carry, pente.stack(ys[::-1] if reverse else ys)


def _scanned(start: Any, xs: Any, w: Any, reverse: bool = False) -> Any:
    return pente.scan(_cell(w), start, xs, reverse=reverse)


def _loss(run: Any) -> Any:
    def loss(start: Any, xs: Any, w: Any, reverse: bool = False) -> Any:
        carry, ys = run(start, xs, w, reverse)
        return (carry * carry).sum() + (ys.sin() * pente.arange(15).reshape(5, 3)).sum()

    return loss


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_gives_what_the_unrolled_loop_gives(reverse: bool) -> None:
    xs = pente.tensor(XS)
    for found, wanted in zip(_scanned(START, XS, W, reverse), _unrolled(START, xs, W, reverse), strict=True):
        _close(found, wanted)


@pytest.mark.parametrize("reverse", [False, True])
def test_the_gradients_of_a_scan_are_those_of_the_unrolled_loop(reverse: bool) -> None:
    given = tuple(map(pente.tensor, (START, XS, W)))
    found = pente.grad(_loss(_scanned), (0, 1, 2))(*given, reverse=reverse)
    for a, b in zip(found, pente.grad(_loss(_unrolled), (0, 1, 2))(*given, reverse=reverse), strict=True):
        _close(a, b)


def test_the_gradients_of_a_scan_agree_with_torch() -> None:
    leaves = [torch.tensor(a, requires_grad=True) for a in (START, XS, W)]
    carry, ys = leaves[0], []
    for x in leaves[1]:
        carry = torch.tanh(carry @ leaves[2] + x)
        ys.append(carry * x)
    ((carry * carry).sum() + (torch.stack(ys).sin() * torch.arange(15).reshape(5, 3)).sum()).backward()
    mine = [pente.tensor(a, requires_grad=True) for a in (START, XS, W)]
    _loss(_scanned)(*mine).backward()
    for a, b in zip(mine, leaves, strict=True):
        _close(a.grad, b.grad)


def test_a_scan_is_right_to_second_order_and_in_forward_mode() -> None:
    assert pente.gradcheck(_loss(_scanned), (START, XS[:5], W), order=2, tolerance=1e-5) < 1e-5
    given = tuple(map(pente.tensor, (START, XS, W)))
    moves = tuple(normal(*a.shape, seed=9) for a in given)
    _close(pente.jvp(_loss(_scanned), given, moves)[1], pente.jvp(_loss(_unrolled), given, moves)[1])
    for a, b in zip(pente.hvp(_loss(_scanned), given, moves), pente.hvp(_loss(_unrolled), given, moves), strict=True):
        _close(a, b)


def test_only_the_last_carry_or_only_the_rows_may_be_used() -> None:
    for pick in (0, 1):
        found = pente.grad(lambda w, p=pick: _scanned(START, XS, w)[p].sum())(W)
        _close(found, pente.grad(lambda w, p=pick: _unrolled(pente.tensor(START), pente.tensor(XS), w)[p].sum())(W))


def test_a_carry_may_be_a_tree_with_whole_numbers_in_it() -> None:
    def step(carry: Any, x: Any) -> Any:
        total, count = carry["total"], carry["count"]
        return {"total": total + x * count, "count": count + 1}, total

    def last(xs: Any) -> Any:
        carry, before = pente.scan(step, {"total": np.zeros(()), "count": 0}, xs)
        assert carry["count"].item() == 4
        return carry["total"] + before.sum()

    xs = normal(4)
    found = pente.scan(step, {"total": np.zeros(()), "count": 0}, xs)[0]
    assert found["count"].dtype == np.int64
    _close(found["total"], (xs * np.arange(4)).sum())
    _close(pente.grad(last)(xs), [0.0, 1.0 * 3, 2.0 * 2, 3.0 * 1])


def test_a_scan_without_sequences_counts_steps() -> None:
    doubled, ys = pente.scan(lambda c, _: (c * 2.0, c), 1.0, length=10)
    assert doubled.item() == 1024.0
    assert ys.tolist() == [2.0**i for i in range(10)]
    _close(pente.grad(lambda x: pente.scan(lambda c, _: (c * x, c), 1.0, length=3)[0])(2.0), 12.0)


def test_a_scan_of_length_zero_hands_the_carry_through() -> None:
    def run(start: Any, w: Any) -> Any:
        return pente.scan(_cell(w), start, np.zeros((0, 3)))

    carry, ys = run(START, W)
    _close(carry, START)
    assert ys.shape == (0, 3)
    start, w = pente.grad(lambda s, w: run(s, w)[0].sum(), (0, 1))(START, W)
    _close(start, np.ones(3))
    _close(w, np.zeros((3, 3)))


def test_a_scan_keeps_float32() -> None:
    start, xs, w = (a.astype(np.float32) for a in (START, XS, W))
    carry, ys = _scanned(start, xs, w)
    assert (carry.dtype, ys.dtype) == (np.float32, np.float32)
    found = pente.grad(_loss(_scanned), (0, 1, 2))(start, xs, w)
    assert {g.dtype for g in found} == {np.dtype(np.float32)}


def test_scans_nest() -> None:
    def outer(carry: Any, row: Any) -> Any:
        inner, _ = pente.scan(lambda c, x: (c * x.cos() + x, c), carry, row)
        return inner, inner

    def looped(xs: Any) -> Any:
        c = pente.tensor(np.array(0.5))
        for i in range(2):
            for j in range(3):
                c = c * xs[i, j].cos() + xs[i, j]
        return c

    xs = pente.tensor(normal(2, 3))
    _close(pente.scan(outer, np.array(0.5), xs)[0], looped(xs))
    _close(pente.grad(lambda x: pente.scan(outer, np.array(0.5), x)[0])(xs), pente.grad(looped)(xs))
    _close(pente.hessian(lambda x: pente.scan(outer, np.array(0.5), x)[0])(xs), pente.hessian(looped)(xs))


def test_a_variable_that_is_read_inside_has_its_gradient() -> None:
    w = pente.Variable(W)
    loss = pente.grad(lambda: _loss(lambda s, x, _, r: _scanned(s, x, w, r))(START, XS, None), wrt=w)()
    _close(loss, pente.grad(lambda w: _loss(_scanned)(START, XS, w))(W))


def test_a_variable_that_is_assigned_inside_is_carried_along() -> None:
    count, mean = pente.Variable(0, trainable=False), pente.Variable(np.zeros(3), trainable=False)

    def step(carry: Any, x: Any) -> Any:
        count.assign_add(1)
        mean.assign(mean * 0.9 + x * 0.1)
        return carry + mean.sum(), count.read() * 1

    total, counts = pente.scan(step, np.array(0.0), XS)
    wanted, sums = np.zeros(3), 0.0
    for x in XS:
        wanted = wanted * 0.9 + x * 0.1
        sums += wanted.sum()
    assert counts.tolist() == [1, 2, 3, 4, 5]
    assert count.numpy() == 5
    _close(mean.numpy(), wanted)
    _close(total, sums)


def test_the_gradient_goes_through_a_variable_that_a_scan_assigns() -> None:
    held = pente.Variable(np.array(1.0))

    def loss(xs: Any) -> Any:
        held.assign(np.array(1.0))

        def step(carry: Any, x: Any) -> Any:
            held.assign(held * x)
            return carry + held, held.read() + 0.0

        return pente.scan(step, np.array(0.0), xs)[0]

    xs = np.array([0.5, 2.0, 3.0])
    _close(pente.grad(loss)(xs), [1 + 2 + 6, 0.5 + 1.5, 1.0])


MISTAKES: dict[str, tuple[Any, type[Exception], str]] = {
    "no length": (lambda: pente.scan(lambda c, x: (c, c), 1.0), ShapeError, "one length"),
    "two lengths": (lambda: pente.scan(lambda c, x: (c, c), 1.0, (XS, XS[:2])), ShapeError, "one length"),
    "another carry": (lambda: pente.scan(lambda c, x: ((c, c), c), 1.0, XS), ShapeError, "built like"),
    "a carry of another shape": (lambda: pente.scan(lambda c, x: (x, x), 1.0, XS), ShapeError, "the carry was"),
    "a carry of another dtype": (lambda: pente.scan(lambda c, x: (c > 0, c), 1.0, XS), ShapeError, "the carry was"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_scan_that_does_not_fit_raises_and_says_why(name: str) -> None:
    call, error, message = MISTAKES[name]
    with pytest.raises(error, match=message):
        call()


def _branches(x: Any, y: Any) -> Any:
    return pente.cond(x.sum() > 0, lambda x, y: (x * y).sin(), lambda x, y: y * 2.0, x, y)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_known_branch_is_pythons_own(sign: float) -> None:
    ran = []
    found = pente.cond(pente.tensor(sign) > 0, lambda x: ran.append("yes") or x, lambda x: ran.append("no") or -x, 3.0)
    assert ran == ["yes" if sign > 0 else "no"]
    assert found.item() == 3.0 * sign


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_traced_branch_gives_and_differentiates_what_pythons_own_does(sign: float) -> None:
    x, y = sign * abs(normal(3)), normal(3, seed=4)
    (graph, _) = trace(_branches, [spec_of(x), spec_of(y)])
    verify(graph)
    _close(graph(x, y)[0], _branches(pente.tensor(x), pente.tensor(y)))

    def traced(x: Any, y: Any) -> Any:
        return graph(x, y)[0]

    for function in (traced, _branches):
        pente.gradcheck(function, (x, y), order=2)
    places = (0, 1)
    weights = pente.tensor(np.array([1.0, -2.0, 3.0]))
    for a, b in zip(
        pente.grad(lambda *v: (traced(*v) * weights).sum(), places)(x, y),
        pente.grad(lambda *v: (_branches(*v) * weights).sum(), places)(x, y),
        strict=True,
    ):
        _close(a, b)
    _close(pente.jvp(traced, (x, y), (y, x))[1], pente.jvp(_branches, (x, y), (y, x))[1])


def test_traced_branches_that_return_what_stood_outside_choose_when_they_run() -> None:
    two, three = pente.tensor(2.0), pente.tensor(3.0)
    graph, _ = trace(lambda x: pente.cond(x > 0, lambda: two, lambda: three), [spec_of(np.array(1.0))])
    assert [graph(np.array(sign))[0].item() for sign in (1.0, -1.0)] == [2.0, 3.0]
    held, _ = trace(lambda x: pente.scan(lambda c, _: (two, c), x, length=2), [spec_of(np.float32(1.0))])
    last, before = held(np.float32(7.0))
    assert (last.item(), before.tolist()) == (2.0, [7.0, 2.0])


def test_a_scan_without_sequences_is_differentiated_forward_too() -> None:
    _, moved = pente.jvp(lambda x: pente.scan(lambda c, _: (c * x, c), 1.0, length=3)[0], (2.0,), (1.0,))
    assert moved.item() == 12.0


def test_branches_inside_a_scan_capture_tensors_and_assign_variables() -> None:
    hits, scale = pente.Variable(0, trainable=False), pente.tensor(np.array(3.0), requires_grad=True)

    def step(carry: Any, x: Any) -> Any:
        def up(c: Any) -> Any:
            hits.assign_add(1)
            return c + x * scale

        return pente.cond(x > 0, up, lambda c: c * 0.5, carry), carry

    xs = np.array([1.0, -1.0, 2.0, 3.0, -2.0])
    total, _ = pente.scan(step, np.array(0.0), xs)
    total.backward()
    assert hits.numpy() == 3
    _close(total, ((1 * 3 * 0.5) + 2 * 3 + 3 * 3) * 0.5)
    _close(scale.grad, (0.5 + 2 + 3) * 0.5)


def test_a_branch_that_assigns_outside_of_a_trace_assigns_once_and_only_on_its_side() -> None:
    v = pente.Variable(1.0)
    for sign, wanted in ((1.0, 2.0), (-1.0, 2.0)):
        pente.cond(pente.tensor(sign) > 0, lambda: v.assign(v * 2.0) or v.read(), lambda: v.read() * 1.0)
        assert v.numpy() == wanted


def test_branches_must_be_built_alike() -> None:
    x = spec_of(normal(3))
    with pytest.raises(ShapeError, match="built alike"):
        trace(lambda x: pente.cond(x.sum() > 0, lambda x: (x, x), lambda x: x, x), [x])
    with pytest.raises(ShapeError, match="expected"):
        trace(lambda x: pente.cond(x.sum() > 0, lambda x: x, lambda x: x[:2], x), [x])


@pytest.mark.parametrize("predicate", [1.0, 3, np.array([True, False])])
def test_a_predicate_is_one_bool(predicate: Any) -> None:
    with pytest.raises(DTypeError, match="one bool"):
        pente.cond(predicate, lambda: 1.0, lambda: 2.0)
