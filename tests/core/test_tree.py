"""Trees of tensors: None is a place without leaves."""

from typing import Any, NamedTuple

import numpy as np
import pytest

import pente
from pente import tree
from pente.errors import DataError, GradientError


class Pair(NamedTuple):
    first: Any
    second: Any


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, []),
        (1, [1]),
        ([1, None, (2, {"b": 3, "a": None})], [1, 2, 3]),
        (Pair(None, [1, 2]), [1, 2]),
        ({"b": 1, "a": 2}, [2, 1]),
    ],
)
def test_a_tree_is_taken_apart_and_put_together_again(given: Any, found: list[int]) -> None:
    leaves, structure = tree.flatten(given)
    assert leaves == found
    assert tree.unflatten(structure, leaves) == given
    assert tree.map_leaves(lambda x: x, given) == given


def test_none_stays_where_it_stands() -> None:
    assert tree.map_leaves(lambda a, b: a + b, [1, None, 2], [10, None, 20]) == [11, None, 22]
    assert tree.leaves([1, None], gaps=True) == [1, None]
    assert tree.flatten([None])[1] != tree.flatten([1])[1]
    with pytest.raises(DataError, match="more leaves"):
        tree.unflatten([None], [1])


def test_a_scan_may_give_nothing_for_its_steps() -> None:
    carry, ys = pente.scan(lambda c, x: (c * x, None), 1.0, pente.tensor([2.0, 3.0]))
    assert carry.item() == 6.0
    assert ys is None
    carry, ys = pente.scan(lambda c, _: ((c[0] + 1.0, None), {"y": c[0], "none": None}), (0.0, None), length=3)
    assert carry[0].item() == 3.0
    assert carry[1] is ys["none"] is None
    assert ys["y"].tolist() == [0.0, 1.0, 2.0]


def test_the_branches_of_a_cond_may_give_nothing_at_a_place() -> None:
    def choose(x: Any) -> Any:
        return pente.cond((x > 0).any(), lambda a: (a * 2, None), lambda a: (-a, None), x)

    doubled, nothing = pente.vmap(choose)(pente.tensor([1.0, -1.0]))
    assert doubled.tolist() == [2.0, 1.0]
    assert nothing is None
    assert choose(pente.tensor(3.0))[1] is None


def test_arguments_and_results_of_transforms_may_hold_none() -> None:
    params = {"w": pente.tensor([1.0, 2.0]), "bias": None}
    slope = pente.grad(lambda p, mask: (p["w"] ** 2).sum())(params, None)
    assert slope["w"].tolist() == [2.0, 4.0]
    assert slope["bias"] is None
    out, back = pente.vjp(lambda x: (x * 2, None), pente.tensor(1.0))
    assert out[1] is None
    assert back((1.0, None))[0].item() == 2.0
    pushed, moved = pente.jvp(lambda x, _: (x * x, None), (3.0, None), (1.0, None))
    assert (pushed[1], moved[1], moved[0].item()) == (None, None, 6.0)
    assert pente.vmap(lambda x, mask: x * 2)(np.ones(2), None).tolist() == [2.0, 2.0]
    assert pente.remat(lambda x, mask: x * 2)(pente.tensor(2.0), None).item() == 4.0


def test_a_jitted_function_tells_none_from_a_tensor() -> None:
    step = pente.jit(lambda x, mask=None: (x if mask is None else x * mask, None))
    x = pente.tensor([1.0, 2.0])
    assert [step(x)[0].tolist(), step(x, x)[0].tolist(), step(x, None)[0].tolist()] == [[1, 2], [1, 4], [1, 2]]
    assert step(x)[1] is None


def test_a_gradient_that_is_none_is_still_missed_by_name() -> None:
    v, w = pente.Variable(1.0, name="v"), pente.Variable(2.0, name="w")
    with pytest.raises(GradientError, match="no gradient for w"):
        pente.optimizers.SGD(0.1).apply([pente.tensor(1.0), None], [v, w])


def test_some_of_the_gradients_that_flow_in_may_be_left_out() -> None:
    x = pente.Variable([1.0, 2.0])
    with pente.GradientTape() as tape:
        a, b = x * 2, x * 3
    assert tape.gradient([a, b], x, output_gradients=[None, pente.tensor([10.0, 10.0])]).tolist() == [32.0, 32.0]
