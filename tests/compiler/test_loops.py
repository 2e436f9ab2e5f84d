"""What the passes do to loops: what a step carries, reads, gives and computes, and that it is right all the same."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit, llvm
from pente.compiler.rows import HostRow, LoopRow
from pente.compiler.runner import Runner
from pente.core.graph import Graph
from pente.core.node import Node
from pente.core.verify import verify
from tests.compiler.agreement import agree, assert_agree, passes_keep_bits

pytestmark = pytest.mark.skipif(not llvm.available(), reason="what is done for native code only")

RNG = np.random.default_rng(0)
XS, W, B = RNG.normal(size=(6, 3, 4)), RNG.normal(size=(4, 4)) / 2, RNG.normal(size=4)
START = np.zeros((3, 4))


def loops(function: Any, *args: Any) -> list[Node]:
    """The loops of the compiled function, in order."""
    return [node for node in jit(function).lower(*args).nodes if node.op.name == "scan"]


def inside(loop: Node) -> Counter[str]:
    """How often each operation stands in the body."""
    return Counter(node.op.name for node in loop.params["body"].nodes)


def slopes(loss: Callable[..., Any], count: int) -> Callable[..., Any]:
    return lambda *args: pente.value_and_grad(loss, tuple(range(count)))(*args)


def recurrent(xs: Any, w: Any, b: Any) -> Any:
    return (pente.scan(lambda c, x: (pente.tanh(c @ w + x + b), c), START, xs)[1] ** 2).sum()


def gated(xs: Any, w: Any, b: Any) -> Any:
    """A step that splits, looks at one weight twice, at different pieces of it, and carries two things."""

    def step(state: Any, x: Any) -> Any:
        c, d = state
        left, right = pente.split(x + c @ w[:, :2] @ w[:2], 2, axis=-1)
        gate = pente.sigmoid(pente.concat([right, left], axis=-1) + b)
        after = gate * c + (1.0 - gate) * pente.tanh(d @ w)
        return (after, pente.exp(-after)), after

    (c, d), ys = pente.scan(step, (START, START), xs)
    return (c * d).sum() + (ys**2).sum()


def normalized(xs: Any, w: Any, b: Any) -> Any:
    def step(c: Any, x: Any) -> Any:
        h = pente.relu(c @ w) + x
        return (h - h.mean(axis=-1, keepdims=True)) * b, ()

    return (pente.scan(step, START, xs, reverse=True)[0] ** 2).sum()


def stacked(xs: Any, w: Any, b: Any) -> Any:
    """A loop over what a loop gives, backwards."""
    ys = pente.scan(lambda c, x: (pente.tanh(c @ w + x), c), START, xs)[1]
    return (pente.scan(lambda c, y: (pente.tanh(c @ w.T + y * b), c * y), START, ys, reverse=True)[1] ** 2).sum()


def nested(xs: Any, w: Any, b: Any) -> Any:
    def outer(c: Any, x: Any) -> Any:
        return pente.scan(lambda d, row: (pente.tanh(row + d @ w), d * b), c, pente.stack([x, -x]))

    return (pente.scan(outer, START, xs)[1] ** 2).sum()


LOSSES = [recurrent, gated, normalized, stacked, nested]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradients_of_loops_agree(loss: Any) -> None:
    agree(slopes(loss, 3), XS, W, B)


def all_legal(graph: Graph) -> bool:
    """The program is legal, and so are the bodies of its loops, which hold nothing from outside."""
    bodies = [node.params["body"] for node in verify(graph).nodes if node.op.name == "scan"]
    return all(not body.captured and all_legal(body) for body in bodies)


@pytest.mark.parametrize("loss", LOSSES)
def test_after_every_pass_a_program_with_loops_is_legal_and_right(loss: Any) -> None:
    passes_keep_bits(slopes(loss, 3), [XS, W, B])
    compiled = jit(slopes(loss, 3))
    compiled.lower(XS, W, B)
    (program,) = compiled.programs.values()
    assert all(all_legal(graph) for _, graph in program.stages)


def test_the_second_derivative_of_a_loop_agrees() -> None:
    def slope(w: Any) -> Any:
        return (pente.grad(lambda w: recurrent(XS, w, B))(w) ** 2).sum()

    agree(lambda w: pente.value_and_grad(slope)(w), W, check=lambda got, wanted: assert_agree(got, wanted, 10.0))


def test_a_loop_of_no_steps_agrees() -> None:
    agree(slopes(gated, 3), XS[:0], W, B)


# Sums leave the loop.


def test_the_gradient_of_a_weight_is_one_product_after_the_loop() -> None:
    _, back = loops(slopes(recurrent, 3), XS, W, B)
    assert back.params["carries"] == 1  # of the carry alone; w and b had totals
    assert inside(back)["matmul"] == 1
    products = [node.shape for node in jit(slopes(recurrent, 3)).lower(XS, W, B).nodes if node.op.name == "matmul"]
    assert products == [(4, 4)]


def test_a_sum_of_products_of_pieces_leaves_the_loop() -> None:
    _, back = loops(slopes(gated, 3), XS, W, B)
    carried = back.params["body"].inputs[: back.params["carries"]]
    assert W.shape not in [node.shape for node in carried]


@pytest.mark.parametrize("start", [np.zeros((4, 4)), np.ones((4, 4))])
def test_a_sum_of_outer_products_has_no_loop(start: Any) -> None:
    def total(xs: Any) -> Any:
        return pente.scan(lambda c, x: (c + x.T @ (x * 2.0), ()), start, xs)[0]

    agree(total, XS)
    (loop,) = loops(total, XS)
    assert loop.params["carries"] == 0


def test_a_sum_of_rows_is_a_sum() -> None:
    def total(xs: Any) -> Any:
        return pente.scan(lambda c, x: (c + x, ()), START, xs)[0]

    agree(total, XS)
    assert loops(total, XS) == []


@pytest.mark.parametrize(
    "step",
    [
        lambda c, x: (c + x.T @ x, c),
        lambda c, x: (c + x.T @ x, c.sum()),
        lambda c, x: (c + c @ c, ()),
        lambda c, x: (c + pente.asarray(W) @ pente.asarray(W), ()),
        lambda c, x: (c + (x.T @ x) ** 2, ()),
    ],
)
def test_a_sum_that_a_step_looks_at_stays(step: Any) -> None:
    def total(xs: Any) -> Any:
        return pente.scan(step, np.zeros((4, 4)), xs)

    agree(total, XS)
    (loop,) = loops(total, XS)
    assert loop.params["carries"] == 1


def test_whole_numbers_are_added_up_step_by_step() -> None:
    agree(lambda xs: pente.scan(lambda c, x: (c + x, ()), np.int8(0), xs)[0], np.full(7, 100, np.int8))


# What was computed is read.


@pytest.mark.parametrize("loss", [recurrent, normalized])
def test_the_gradient_computes_no_forward_product(loss: Any) -> None:
    forward, back = loops(slopes(loss, 3), XS, W, B)
    assert inside(forward)["matmul"] == 1
    assert inside(back)["matmul"] == 1


def test_the_gradient_computes_no_function_again() -> None:
    forward, back = loops(slopes(gated, 3), XS, W, B)
    assert inside(forward)["exp"] == 2
    assert inside(forward)["tanh"] == 1
    assert inside(back)["exp"] == inside(back)["tanh"] == 0


def test_what_is_cheap_is_computed_again_and_not_kept() -> None:
    """Of tanh(c @ w), its half and its double only one is kept, and of the product its factors."""

    def loss(xs: Any, w: Any) -> Any:
        def step(c: Any, x: Any) -> Any:
            h = pente.tanh(c @ w)
            return pente.sin(h * 2.0) * pente.sin(h * 0.5) * x, ()

        return pente.scan(step, START, xs)[0].sum()

    agree(slopes(loss, 2), XS, W)
    forward, _ = loops(slopes(loss, 2), XS, W)
    carries = forward.params["carries"]
    kept = Counter(node.op.name if node.op else "carry" for node in forward.params["body"].outputs[carries:])
    assert kept == {"carry": 1, "tanh": 1, "sin": 2}


def test_the_carry_before_each_step_is_still_an_input_that_is_given() -> None:
    """So it is recorded without a copy."""
    forward, _ = loops(slopes(recurrent, 3), XS, W, B)
    body = forward.params["body"]
    assert body.inputs[0] in body.outputs[1:]


def test_what_remat_computes_again_is_computed_again() -> None:
    def loss(xs: Any, w: Any) -> Any:
        cell = pente.remat(lambda c, x: pente.tanh(pente.tanh(c @ w) + x))
        return (pente.scan(lambda c, x: (cell(c, x), ()), START, xs)[0] ** 2).sum()

    agree(slopes(loss, 2), XS, W)
    forward, back = loops(slopes(loss, 2), XS, W)
    assert inside(forward)["tanh"] == inside(back)["tanh"] == 2
    assert len(forward.params["body"].outputs) == 2  # the carry, and the carry before


def test_what_remat_holds_is_native() -> None:
    """In a loop, in a loop in it, and beside them."""

    def loss(xs: Any, w: Any) -> Any:
        cell = pente.remat(lambda c, x: pente.remat(lambda h: pente.tanh(h))(c @ w) + pente.softmax(x))

        def outer(c: Any, x: Any) -> Any:
            return pente.scan(lambda c, x: (cell(c, x), ()), c, pente.stack([x, x]))[0], ()

        return (pente.remat(lambda xs: pente.scan(outer, START, xs)[0] ** 2)(xs) * cell(START, xs[0])).sum()

    agree(slopes(loss, 2), XS, W)
    compiled = jit(slopes(loss, 2))
    compiled(XS, W)
    assert not [row for row in compiled.recent.table.rows if isinstance(row, HostRow)]


def test_a_loop_over_other_rows_computes_its_own() -> None:
    def both(xs: Any) -> Any:
        c, ys = pente.scan(lambda c, x: (c + x, (c, pente.exp(x))), START, xs)
        return c, pente.scan(lambda c, row: (c + row[0], pente.exp(row[1])), START, (ys[0], xs[::-1]))

    agree(both, XS)
    _, second = loops(both, XS)
    assert inside(second)["exp"] == 1


# What a loop does not need.


def test_nobody_carries_what_nobody_asks_for() -> None:
    def first(xs: Any) -> Any:
        return pente.scan(lambda c, x: ((c[0] * x, c[1] * c[0], c[2] * x), (c[0], c[2])), (START,) * 3, xs)[1][0]

    agree(first, XS)
    (loop,) = loops(first, XS)
    assert (loop.params["carries"], len(loop.value)) == (1, 2)


def test_what_is_the_same_in_all_steps_is_computed_before() -> None:
    def run(xs: Any, w: Any) -> Any:
        return pente.scan(lambda c, x: (c @ pente.exp(w.T) * x, ()), START, xs)[0]

    agree(run, XS, W)
    (loop,) = loops(run, XS, W)
    assert inside(loop) == {"matmul": 1, "multiply": 1}


def test_a_loop_of_no_steps_computes_nothing_before() -> None:
    def run(xs: Any, w: Any) -> Any:
        return pente.scan(lambda c, x: (c @ pente.linalg.inv(w), ()), START, xs)[0]

    assert jit(run)(XS[:0], np.zeros((4, 4))).tolist() == START.tolist()


# Pieces that were cut apart.


def gradient_of_pieces(cut: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: pente.grad(lambda x: sum(pente.sin(piece).sum() for piece in cut(x)))(x)


def names(function: Any, *args: Any) -> Counter[str]:
    return Counter(node.op.name for node in jit(function).lower(*args).nodes)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_gradient_of_a_split_is_a_concatenation(axis: int) -> None:
    pieces = gradient_of_pieces(lambda x: pente.split(x, x.shape[axis], axis=axis))
    agree(pieces, XS)
    found = names(pieces, XS)
    assert found["concatenate"] == 1
    assert found["pad"] == found["add"] == 0


def test_pieces_come_in_any_order_and_other_terms_stay() -> None:
    pieces = gradient_of_pieces(lambda x: (x[:, 2:], x, x[:, :1], x[:, 1:2]))
    agree(pieces, XS)
    found = names(pieces, XS)
    assert found["concatenate"] == found["add"] == 1
    assert found["pad"] == 0


@pytest.mark.parametrize(
    "cut",
    [
        lambda x: (x[:, :1], x[:, 2:]),
        lambda x: (x[:, :2], x[:, 1:]),
        lambda x: (x[::2], x[1::2]),
        lambda x: (x[:1, :1], x[1:, 1:]),
        lambda x: (x[:3], x[:, 1:]),
    ],
)
def test_pieces_that_do_not_fit_are_added_up(cut: Any) -> None:
    pieces = gradient_of_pieces(cut)
    agree(pieces, XS)
    assert names(pieces, XS)["concatenate"] == 0


# Where things lie.


def labels(function: Any, *args: Any) -> list[str]:
    """What the rows of the compiled function do; those of a loop stand in its place."""
    compiled = jit(function)
    compiled(*args)
    rows = [inner for row in compiled.recent.table.rows for inner in (row.rows if isinstance(row, LoopRow) else [row])]
    return [row.label for row in rows]


def test_what_only_a_concatenation_reads_is_written_where_it_belongs() -> None:
    def joined(x: Any, y: Any) -> Any:
        return pente.concat([pente.exp(x), y, pente.sin(x).sum(axis=1, keepdims=True)], axis=1)

    agree(joined, XS[0], XS[1])
    assert labels(joined, XS[0], XS[1]) == ["exp", "sin → sum", "identity"]


def test_what_others_read_too_is_also_there() -> None:
    def joined(x: Any) -> Any:
        y, z = pente.exp(x), pente.sin(x)
        return pente.concat([y, y, z], axis=0), z, pente.concat([z * 2.0, y], axis=1) @ pente.concat([y.T, z.T], axis=0)

    agree(joined, XS[0])


@pytest.mark.parametrize("parts", [lambda a: (a[:2] * 2.0, a[:2] + 1.0), lambda a: (a[2:] + 1.0, a[:2] * 2.0)])
def test_new_state_is_not_written_over_old_one_that_another_piece_still_reads(parts: Any) -> None:
    state = pente.Variable(np.arange(4.0))

    @jit
    def step(x: Any) -> Any:
        state.assign(pente.concat(parts(state.read())))
        return x

    step(np.zeros(1))
    runner = Runner(step.recent)
    runner.begin([np.zeros(3)])
    runner.run(np.arange(3))
    runner.commit()
    expected = np.arange(4.0)
    for _ in range(4):
        expected = np.concatenate(parts(expected))
    assert state.numpy().tolist() == expected.tolist()


@pytest.mark.parametrize("reverse", [False, True])
def test_all_states_of_a_loop_are_given_without_a_copy(reverse: bool) -> None:
    def states(xs: Any) -> Any:
        def step(c: Any, x: Any) -> Any:
            after = (pente.exp(-c[0]) * x, c[1] + c[0])
            return after, (after[0], c[1], after[1])

        return [ys.sum() for ys in pente.scan(step, (START, START), xs, reverse=reverse)[1]]

    agree(states, XS)
    starts, sums = ["identity"] * 2, ["sum"] * 3
    assert labels(states, XS) == [*starts, "negative → exp → multiply", "add", *sums]


def test_a_transposed_weight_is_put_in_order_once() -> None:
    def run(xs: Any, w: Any) -> Any:
        return pente.scan(lambda c, x: (c @ w.T + x, ()), START, xs)[0]

    agree(run, XS, W)
    compiled = jit(run)
    compiled(XS, W)
    before = [row for row in compiled.recent.table.rows if not isinstance(row, LoopRow)]
    assert [row.writes[0].shape for row in before if row.writes[0].shape == W.shape] == [W.shape]


def test_results_that_nobody_waits_for_are_computed_where_what_they_read_is() -> None:
    """A choice between new state and old: the new is never written, and all goes over memory once."""

    def step(g: Any, m: Any, w: Any, full: Any) -> Any:
        new = m * 0.9 + g * g
        moved = w - new / (pente.sqrt(new) + 1.0)
        return pente.where(full, moved, w), pente.where(full, new, m), pente.where(full, g, new)

    for full in (True, False):
        given = [*(np.random.default_rng(i).uniform(1, 2, 100).astype("float32") for i in range(3)), np.array(full)]
        agree(step, *given)
        assert len(labels(step, *given)) == 1


def test_a_result_that_reads_what_comes_later_is_computed_later() -> None:
    def step(x: Any) -> Any:
        new = x * x + pente.sin(x)
        total = (new / (x + 1.0)).sum()
        return new - pente.cos(new), new * total

    agree(step, np.random.default_rng(0).uniform(1, 2, 100).astype("float32"))
