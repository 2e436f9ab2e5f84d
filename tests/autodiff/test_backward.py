"""backward(): adds up, goes deep, is linear in the graph, and keeps what the user holds."""

import gc
import math
import time
import weakref

import numpy as np
import pytest
import torch

import pente
from pente.autodiff.reverse import walk_back
from pente.core.dispatch import node_of
from pente.errors import GradientError, ShapeError, UsageError


def _leaf(*values: float) -> pente.Tensor:
    return pente.tensor(np.array(values), requires_grad=True)


def test_a_value_that_is_used_twice_gets_both_gradients() -> None:
    a = _leaf(3.0)
    (a + a).sum().backward()
    assert a.grad.tolist() == [2.0]
    b = _leaf(3.0)
    (b * b * b + b).sum().backward()
    assert b.grad.tolist() == [28.0]


def test_doubling_sixty_times_takes_no_longer_than_sixty_operations() -> None:
    x = pente.tensor(np.array(1.0), requires_grad=True)
    y = x
    for _ in range(60):
        y = y + y
    start = time.perf_counter()
    y.backward()
    assert time.perf_counter() - start < 0.5
    assert x.grad.item() == 2.0**60


@pytest.mark.parametrize("depth", [10, 20, 40])
def test_each_call_is_passed_once(depth: int) -> None:
    x = pente.tensor(np.array(1.0), requires_grad=True)
    y = x
    for _ in range(depth):
        y = y * y + y
    passed = list(walk_back({node_of(y): np.ones(())}, None, False))
    assert len(passed) == 2 * depth + 1
    assert len({node for node, _ in passed}) == len(passed)


def test_a_chain_of_a_hundred_thousand_operations_goes_back_without_recursion() -> None:
    x = pente.tensor(np.array(1.0), requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.backward()
    assert x.grad.item() == 1.0
    del y
    gc.collect()


def test_a_deep_chain_is_let_go_of_without_recursion() -> None:
    x = pente.tensor(np.array(1.0), requires_grad=True)
    first = y = -x
    for _ in range(100_000):
        y = -y
    alive = weakref.ref(first)
    del first, y
    gc.collect()
    assert alive() is None


def test_backward_twice_adds_up_as_in_torch() -> None:
    x, t = _leaf(2.0, 3.0), torch.tensor([2.0, 3.0], dtype=torch.float64, requires_grad=True)
    y, u = (x * x).exp(), (t * t).exp()
    for _ in range(3):
        y.sum().backward()
        u.sum().backward(retain_graph=True)
    np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), rtol=1e-14)


def test_backward_twice_through_the_same_loss_does_not_count_old_inner_gradients_again() -> None:
    """The fault of the first micrograd: the second pass went out from gradients that the first had left inside."""
    x = _leaf(2.0)
    y = x * x
    z = (y * y).sum()
    z.backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([32.0], [8.0])
    z.backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([64.0], [16.0])


def test_two_losses_that_share_a_part_add_up() -> None:
    x = _leaf(2.0)
    shared = x * x
    (shared * 3.0).sum().backward()
    (shared * 4.0).sum().backward()
    assert x.grad.tolist() == [28.0]
    assert shared.grad.tolist() == [7.0]


def test_gradients_stay_at_inner_tensors_for_as_long_as_they_are_held() -> None:
    x = _leaf(1.0, 2.0)
    inner = x * 3.0
    (inner.sin() * inner).sum().backward()
    wanted = np.cos([3.0, 6.0]) * [3.0, 6.0] + np.sin([3.0, 6.0])
    np.testing.assert_allclose(inner.grad.numpy(), wanted)


def test_a_graph_is_let_go_of_with_its_last_tensor() -> None:
    x = _leaf(1.0)
    y = x * 2.0
    inner = weakref.ref(y)
    z = y.sum()
    z.backward()
    del y, z
    gc.collect()
    assert inner() is None


def test_grad_is_none_before_any_backward_and_after_it_was_cleared() -> None:
    x = _leaf(1.0)
    pente.core.state.state.backward = None
    assert x.grad is None
    (x * 2.0).sum().backward()
    x.grad = None
    assert x.grad is None
    (x * 2.0).sum().backward()
    assert x.grad.tolist() == [2.0]


def test_what_flows_in_may_be_given() -> None:
    x = _leaf(1.0, 2.0)
    y = x * x
    y.backward(pente.tensor(np.array([10.0, 100.0])))
    assert x.grad.tolist() == [20.0, 400.0]
    y.backward([1.0, 1.0])
    assert x.grad.tolist() == [22.0, 404.0]


def test_a_gradient_has_the_dtype_of_its_tensor() -> None:
    narrow = pente.tensor([1.0, 2.0], requires_grad=True)
    wide = pente.tensor(np.array([3.0, 4.0]), requires_grad=True)
    (narrow * wide).sum().backward()
    assert (narrow.grad.dtype, wide.grad.dtype) == (np.float32, np.float64)


def test_backward_from_several_numbers_raises_and_shows_the_ways_out() -> None:
    with pytest.raises(ShapeError, match=r"y\.sum\(\)\.backward\(\)"):
        (_leaf(1.0, 2.0) * 2.0).backward()
    with pytest.raises(ShapeError, match="has shape"):
        (_leaf(1.0, 2.0) * 2.0).backward([1.0])


def test_backward_from_a_constant_raises_and_shows_requires_grad() -> None:
    with pytest.raises(GradientError, match="requires_grad=True"):
        pente.tensor(1.0).backward()
    with pente.no_grad():
        y = _leaf(1.0).sum()
    with pytest.raises(GradientError, match="no_grad"):
        y.backward()


def test_retain_graph_is_answered() -> None:
    y = _leaf(1.0).sum()
    with pytest.raises(UsageError, match="retain_graph"):
        y.backward(retain_graph=True)
    with pytest.raises(UsageError, match="foo"):
        y.backward(foo=1)


def test_create_graph_leaves_gradients_that_can_be_differentiated() -> None:
    x = _leaf(2.0)
    (x * x * x).sum().backward(create_graph=True)
    first = x.grad
    assert first.tolist() == [12.0]
    x.grad = None
    first.sum().backward()
    assert x.grad.tolist() == [12.0]


def test_without_create_graph_a_gradient_is_a_constant() -> None:
    x = _leaf(2.0)
    (x * x).sum().backward()
    assert not x.grad.requires_grad


def test_a_gradient_of_a_user_is_not_written_to_by_a_later_backward() -> None:
    x = _leaf(1.0, 2.0)
    (x * 2.0).sum().backward()
    kept = x.grad
    (x * 5.0).sum().backward()
    assert kept.tolist() == [2.0, 2.0]
    assert x.grad.tolist() == [7.0, 7.0]


def test_gradients_of_two_leaves_do_not_share_memory_that_could_change() -> None:
    a, b = _leaf(1.0), _leaf(2.0)
    (a + b).sum().backward()
    with pytest.raises(ValueError, match="read-only"):
        a.grad.numpy()[0] = 5.0
    assert b.grad.tolist() == [1.0]


def test_no_gradient_flows_through_detach_and_stop_gradient() -> None:
    x = _leaf(3.0)
    (x * x.detach() + pente.stop_gradient(x)).sum().backward()
    assert x.grad.tolist() == [3.0]


def test_inside_no_grad_nothing_is_recorded_and_after_it_everything_again() -> None:
    x = _leaf(3.0)

    @pente.no_grad()
    def quiet() -> pente.Tensor:
        return x * 2.0

    assert not quiet().requires_grad
    assert (x * 2.0).requires_grad
    with pytest.raises(KeyError), pente.no_grad():
        raise KeyError
    assert (x * 2.0).requires_grad


def test_two_threads_differentiate_at_once() -> None:
    import threading

    found: dict[int, float] = {}

    def work(i: int) -> None:
        x = pente.tensor(np.array(float(i)), requires_grad=True)
        for _ in range(200):
            (x * x).backward()
        found[i] = x.grad.item()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {i: 400.0 * i for i in range(4)}


def test_a_net_of_two_layers_agrees_with_torch() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in [(8, 5), (5, 7), (7,), (7, 3), (3,)]]
    labels = rng.integers(0, 3, 8)
    mine = [pente.tensor(a, requires_grad=True) for a in arrays]
    other = [torch.tensor(a, requires_grad=True) for a in arrays]
    x, w, b, v, c = mine
    pente.cross_entropy(pente.relu(x @ w + b) @ v + c, labels).mean().backward()
    x, w, b, v, c = other
    torch.nn.functional.cross_entropy(torch.relu(x @ w + b) @ v + c, torch.tensor(labels)).backward()
    for m, o in zip(mine, other, strict=True):
        np.testing.assert_allclose(m.grad.numpy(), o.grad.numpy(), rtol=1e-10, atol=1e-13)


def test_the_gradient_of_a_long_sum_is_as_exact_as_torchs() -> None:
    x = pente.tensor(np.linspace(0.1, 1.0, 1000), requires_grad=True)
    (x.log().sum() / x.size).exp().backward()
    mean = math.exp(np.log(x.numpy()).mean())
    np.testing.assert_allclose(x.grad.numpy(), mean / 1000 / x.numpy(), rtol=1e-12)
