"""What every operation of the engine is held to: one check a promise, on the operation's own samples.

A check raises AssertionError or GradientError where the promise is broken; ``tests/autodiff/test_mutation.py`` breaks
rows on purpose and proves that the checks can fail.
"""

import itertools
import string
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pente
from pente.autodiff.batching import BATCHING
from pente.autodiff.forward import FORWARD
from pente.autodiff.gradients import GRADIENTS
from pente.autodiff.rows import Joint
from pente.core.graph import Graph
from pente.core.node import spec_of
from pente.core.primitives import COMPOSITES, PRIMITIVES, Primitive
from pente.core.tracer import trace
from pente.core.verify import verify
from pente.errors import GradientError

OPERATIONS: dict[str, Primitive] = {**PRIMITIVES, **COMPOSITES}
Sample = tuple[tuple[Any, ...], dict[str, Any]]

# The engine hands the gradient, the move and the batch of a part to the operation that it is a part of.
PARTS = {"part"}
BATCH = 3


def samples(op: Primitive, seed: int = 0) -> list[Sample]:
    """The samples, read-only, so that an operation that writes to its inputs is found out."""
    drawn = op.samples(np.random.default_rng(seed))
    return [(tuple(map(_frozen, inputs)), params) for inputs, params in drawn]


def _frozen(x: Any) -> Any:
    if isinstance(x, tuple):
        return tuple(map(_frozen, x))
    array = np.array(x)
    array.flags.writeable = False
    return array


def outputs(op: Primitive, inputs: Any, params: dict[str, Any]) -> tuple[Any, ...]:
    """All outputs, also of an operation that has one."""
    out = op(*inputs, **params)
    return tuple(out) if isinstance(out, (tuple, list)) else (out,)


def is_float(x: Any) -> bool:
    return not isinstance(x, tuple) and x.dtype.kind == "f"


def moving(op: Primitive, inputs: Any) -> list[int]:
    """The inputs that have a gradient."""
    row = GRADIENTS[op]
    rows = [True] * len(inputs) if row is None or isinstance(row, Joint) else [f is not None for f in row]
    return [i for i, (x, has) in enumerate(zip(inputs, rows, strict=True)) if has and is_float(x)]


def as_function(op: Primitive, inputs: Any, params: dict[str, Any]) -> Any:
    """All float outputs in one row of numbers, as a function of the inputs that have a gradient."""
    places = moving(op, inputs)

    def function(*xs: Any) -> Any:
        full = list(inputs)
        for place, x in zip(places, xs, strict=True):
            full[place] = x
        return pente.concat([pente.reshape(y, (-1,)) for y in outputs(op, full, params) if is_float(y)])

    return function


def differentiable(op: Primitive) -> Iterator[tuple[Any, list[Any]]]:
    """Each sample as a function and the float64 point at which it is differentiated."""
    for inputs, params in samples(op):
        point = [inputs[i] for i in moving(op, inputs)]
        if point and not op.stops and op.name not in PARTS:
            yield as_function(op, inputs, params), point


def check_rows(op: Primitive) -> None:
    """Every table has a row or an explicit None, and they agree with each other and with ``stops``."""
    assert op in GRADIENTS
    assert op in FORWARD
    assert op in BATCHING
    flat = bool(op.stops) or op.name in PARTS
    assert (GRADIENTS[op] is None) == flat
    assert (FORWARD[op] is None) == flat
    assert (BATCHING[op] is None) == (op.name in PARTS)
    row = GRADIENTS[op]
    if row is not None and not isinstance(row, Joint):
        assert all(len(row) == len(inputs) for inputs, _ in samples(op))


def check_formula(op: Primitive) -> None:
    """The formula names inputs that exist."""
    places = {int(name) for _, name, _, _ in string.Formatter().parse(op.formula) if name}
    assert places
    assert max(places) < max(len(inputs) for inputs, _ in samples(op))
    assert op.formula.format(*"abcdefg")


def check_rule(op: Primitive) -> None:
    """The rule tells the shape and dtype that the evaluation gives."""
    given = samples(op)
    assert given
    for inputs, params in given:
        assert op.spec(*map(spec_of, inputs), **params) == spec_of(op.evaluate(*inputs, **params))


def check_gradients(op: Primitive) -> None:
    """The gradient and the gradient of the gradient agree with central differences.

    A square follows the operation, so that the gradient that comes in varies as well.
    """
    for function, point in differentiable(op):

        def squared(*xs: Any, function: Any = function) -> Any:
            y = function(*xs)
            return y + 0.5 * y * y

        pente.gradcheck(squared, point, order=2, tolerance=2e-6)


def check_same_bits(op: Primitive) -> None:
    """A row computes the same bits on plain arrays as it does while it builds a graph."""
    for function, point in differentiable(op):
        leaves = [pente.tensor(x, requires_grad=True) for x in point]
        function(*leaves).sum().backward()
        plain = [x.grad.numpy() for x in leaves]
        with pente.GradientTape(persistent=True):
            graph = pente.grad(lambda *xs, f=function: f(*xs).sum(), tuple(range(len(point))))(*point)
        for a, b in zip(plain, graph, strict=True):
            np.testing.assert_array_equal(a, b.numpy())


def check_forward(op: Primitive) -> None:
    """Forward and reverse mode are transposes of each other, u·(J v) = (Jᵀ u)·v, and so are their derivatives."""
    rng = np.random.default_rng(1)
    for function, point in differentiable(op):
        moves = [pente.tensor(rng.normal(size=x.shape)) for x in point]
        if op.name == "custom":
            with pytest.raises(GradientError, match="backward only"):
                pente.jvp(function, point, moves)
            continue
        value, pushed = pente.jvp(function, point, moves)
        weights = pente.tensor(rng.normal(size=value.shape))
        pulled = pente.vjp(function, *point)[1](weights)
        reverse = sum(float((g * v).sum()) for g, v in zip(pulled, moves, strict=True))
        np.testing.assert_allclose(float((weights * pushed).sum()), reverse, rtol=1e-9, atol=1e-11)
        _check_forward_again(function, point, moves, weights)


def _check_forward_again(function: Any, point: list[Any], moves: list[Any], weights: Any) -> None:
    """∇ₓ of u·(J v), through the forward rows, against the second derivative in reverse mode alone."""
    places = tuple(range(len(point)))

    def forward(*xs: Any) -> Any:
        return (weights * pente.jvp(function, xs, moves)[1]).sum()

    def reverse(*xs: Any) -> Any:
        slopes = pente.grad(lambda *ys: (weights * function(*ys)).sum(), places)(*xs)
        return pente.stack([(g * v).sum() for g, v in zip(slopes, moves, strict=True)]).sum()

    for a, b in zip(pente.grad(forward, places)(*point), pente.grad(reverse, places)(*point), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-8, atol=1e-10)


def check_batching(op: Primitive) -> None:
    """vmap gives what a loop over the batch gives, whichever inputs are batched."""
    if op.name in PARTS:
        return
    draws = [samples(op, seed) for seed in range(BATCH)]
    for group in zip(*draws, strict=True):
        params = group[0][1]
        columns = [_stacked([inputs[i] for inputs, _ in group]) for i in range(len(group[0][0]))]
        for flags in _subsets(len(columns)):
            _check_batch(op, columns, flags, params)


def _stacked(column: list[Any]) -> Any:
    """Draws of one input side by side; single bools alternate, so that both branches are in one batch."""
    whole = np.stack(column)
    return np.arange(BATCH) % 2 == 0 if whole.dtype.kind == "b" and whole.ndim == 1 else whole


def _subsets(count: int) -> Iterator[tuple[bool, ...]]:
    for flags in itertools.product((True, False), repeat=count):
        if any(flags):
            yield flags


def _check_batch(op: Primitive, columns: list[Any], flags: tuple[bool, ...], params: dict[str, Any]) -> None:
    given = [x if batched else x[0] for x, batched in zip(columns, flags, strict=True)]
    axes = tuple(0 if batched else None for batched in flags)
    found = pente.vmap(lambda *xs: outputs(op, xs, params), in_axes=axes)(*given)
    loop = [
        outputs(op, [x[i] if batched else x for x, batched in zip(given, flags, strict=True)], params)
        for i in range(BATCH)
    ]
    for got, wanted in zip(found, zip(*loop, strict=True), strict=True):
        assert got.dtype == spec_of(wanted[0]).dtype
        np.testing.assert_allclose(got.numpy(), np.stack(wanted), rtol=1e-12, atol=1e-14)


def check_trace(op: Primitive) -> None:
    """A traced call is a legal program, and running it gives what the evaluation gives, on arrays and on tensors."""
    if op.name in PARTS:
        return
    for inputs, params in samples(op):
        graph, _ = trace(lambda *xs, params=params: outputs(op, xs, params), [spec_of(x) for x in inputs])
        verify(graph)
        wanted = outputs(op, inputs, params)
        for found in (graph(*inputs), graph(*map(pente.tensor, inputs))):
            for got, expected in zip(found, wanted, strict=True):
                np.testing.assert_array_equal(np.asarray(got), np.asarray(expected))


def check_float32(op: Primitive) -> None:
    """float32 goes in, float32 comes out, and float32 are the gradients, of first and second order."""
    for inputs, params in samples(op):
        if any(isinstance(value, Graph) for value in params.values()) or op.name in PARTS:
            continue  # these programs are written for float64
        narrow = [x.astype(np.float32) if is_float(x) else x for x in inputs]
        wanted = op.spec(*map(spec_of, narrow), **params)
        assert spec_of(op.evaluate(*narrow, **params)) == wanted
        assert wanted.dtype != np.float64 or params.get("dtype") == np.float64
        if moving(op, narrow) and not op.stops:
            _check_float32_gradients(as_function(op, narrow, params), [narrow[i] for i in moving(op, narrow)])


def _check_float32_gradients(function: Any, point: list[Any]) -> None:
    places = tuple(range(len(point)))
    slope = pente.grad(lambda *xs: (function(*xs) * function(*xs)).sum(), places)

    def again(*xs: Any) -> Any:
        return pente.stack([(g * g).sum() for g in slope(*xs)]).sum()

    for found in (slope(*point), pente.grad(again, places)(*point)):
        assert [g.dtype for g in found] == [x.dtype for x in point]


CHECKS = [
    check_rows,
    check_formula,
    check_rule,
    check_gradients,
    check_same_bits,
    check_forward,
    check_batching,
    check_trace,
    check_float32,
]
