"""vmap: how each primitive treats a whole batch at once, the batch being the first axis of whatever is batched.

A row takes the call on tensors and tells which of its inputs are batched; its output is batched.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from pente import tree
from pente.core import primitives as p
from pente.core.graph import Graph
from pente.core.node import Node, Spec, is_abstract
from pente.core.primitives import COMPOSITES, Composite
from pente.core.tensor import Tensor
from pente.core.tracer import Tracer, trace
from pente.errors import BoundsError, ShapeError
from pente.ops import control, conv, neural
from pente.ops.lifting import lift
from pente.ops.shape import moveaxis, stack

__all__ = ["BATCHING", "vmap"]


class Batched(NamedTuple):
    """A call as a batching row sees it."""

    op: Any
    inputs: tuple[Any, ...]
    params: dict[str, Any]
    flags: tuple[bool, ...]
    size: int

    def own_specs(self) -> list[Spec]:
        """What one example sees of the inputs."""
        return [Spec(x.shape[batched:], x.dtype) for x, batched in zip(self.inputs, self.flags, strict=True)]

    def whole(self, i: int) -> Any:
        """Input i with a batch axis, repeated where it had none."""
        x = self.inputs[i]
        return x if self.flags[i] else p.broadcast_to(x, shape=(self.size, *x.shape))


def _aligned(call: Batched, ranks: Sequence[int]) -> list[Any]:
    """The inputs with axes of length 1 put behind the batch axis, so that the rest broadcasts as it did alone."""
    most = max(ranks)
    return [
        p.reshape(x, shape=(call.size, *(1,) * (most - rank), *x.shape[1:])) if batched and rank < most else x
        for x, batched, rank in zip(call.inputs, call.flags, ranks, strict=True)
    ]


def _ranks(call: Batched) -> list[int]:
    return [x.ndim - batched for x, batched in zip(call.inputs, call.flags, strict=True)]


def elementwise(call: Batched) -> Any:
    return call.op(*_aligned(call, _ranks(call)), **call.params)


def shifted(*names: str) -> Callable[[Batched], Any]:
    """One input, whose axes in these parameters all move up by one."""

    def row(call: Batched) -> Any:
        moved = {
            k: v if k not in names else v + 1 if isinstance(v, int) else tuple(a + 1 for a in v)
            for k, v in call.params.items()
        }
        return call.op(*call.inputs, **moved)

    return row


def framed(**first: Any) -> Callable[[Batched], Any]:
    """One input, with these entries for the batch axis put before the parameters."""

    def row(call: Batched) -> Any:
        entry = {name: call.size if value == "size" else value for name, value in first.items()}
        params = {name: (entry[name], *value) if name in entry else value for name, value in call.params.items()}
        return call.op(*call.inputs, **params)

    return row


def looped(call: Batched) -> Any:
    """One after the other, for operations that have no batched form."""
    if call.size == 0:
        return _none_of(call.op.spec(*call.own_specs(), **call.params))
    outs = [
        call.op(*[x[i] if batched else x for x, batched in zip(call.inputs, call.flags, strict=True)], **call.params)
        for i in range(call.size)
    ]
    return [stack(group) for group in zip(*outs, strict=True)] if isinstance(outs[0], tuple) else stack(outs)


def _none_of(spec: Any) -> Any:
    """A batch without an example."""
    if isinstance(spec, tuple):
        return [_none_of(s) for s in spec]
    return Tensor(np.zeros((0, *spec.shape), spec.dtype))


def _transpose(call: Batched) -> Any:
    return p.transpose(call.inputs[0], axes=(0, *[a + 1 for a in call.params["axes"]]))


def _broadcast_to(call: Batched) -> Any:
    shape = call.params["shape"]
    (x,) = _aligned(Batched(call.op, call.inputs, {}, call.flags, call.size), [call.inputs[0].ndim - 1])
    x = p.reshape(x, shape=(call.size, *(1,) * (len(shape) - x.ndim + 1), *x.shape[1:]))
    return p.broadcast_to(x, shape=(call.size, *shape))


def _concatenate(call: Batched) -> Any:
    return p.concatenate(*map(call.whole, range(len(call.inputs))), axis=call.params["axis"] + 1)


def _matrices(call: Batched) -> Any:
    return call.op(*_aligned(call, _ranks(call)))


def _gather(call: Batched) -> Any:
    (x, places), (own, picked), axis = call.inputs, call.flags, call.params["axis"]
    if not picked:
        return p.gather(x, places, axis=axis + 1)
    if not own:
        return moveaxis(p.gather(x, places, axis=axis), axis, 0)
    flat, index = _joined(x, axis), _offset(places, x.shape[axis + 1])
    return _placed_back(p.gather(flat, index, axis=0), axis, places.ndim - 1)


def _scatter(call: Batched) -> Any:
    """All batched: the batch and the axis become one, every example writing to its own part."""
    x, places, updates = map(call.whole, range(3))
    axis, count = call.params["axis"], places.ndim - 1
    order = (0, *range(axis + 1, axis + 1 + count), *range(1, axis + 1), *range(axis + 1 + count, updates.ndim))
    written = call.op(_joined(x, axis), _offset(places, x.shape[axis + 1]), p.transpose(updates, axes=order), axis=0)
    split = p.reshape(written, shape=(call.size, x.shape[axis + 1], *written.shape[1:]))
    return moveaxis(split, 1, axis + 1)


def _joined(x: Any, axis: int) -> Any:
    """(batch, ..., n, ...) as (batch·n, ...)."""
    moved = moveaxis(x, axis + 1, 1)
    return p.reshape(moved, shape=(moved.shape[0] * moved.shape[1], *moved.shape[2:]))


def _offset(places: Any, length: int) -> Any:
    """Places in the joined axis; one outside of its own part would reach into another example's."""
    values = np.asarray(places.data) if not is_abstract(places.data) else np.zeros(1, int)
    if values.size and (values.min() < 0 or values.max() >= length):
        raise BoundsError(f"an index is outside of an axis with {length} places (0 to {length - 1}).")
    start = np.arange(places.shape[0], dtype=places.dtype) * length
    return places + start.reshape(-1, *(1,) * (places.ndim - 1))


def _placed_back(x: Any, axis: int, count: int) -> Any:
    """(batch, places, before, after) as (batch, before, places, after)."""
    places, before = range(1, 1 + count), range(1 + count, 1 + count + axis)
    return p.transpose(x, axes=(0, *before, *places, *range(1 + count + axis, x.ndim)))


def _conv(call: Batched) -> Any:
    """Images of all examples side by side; a kernel of its own for each example is a loop."""
    if call.flags[1] or not call.flags[0]:
        return looped(call)
    x, kernel = call.inputs
    out = call.op(p.reshape(x, shape=(x.shape[0] * x.shape[1], *x.shape[2:])), kernel, **call.params)
    return p.reshape(out, shape=(x.shape[0], x.shape[1], *out.shape[1:]))


def _window_argmax(call: Batched) -> Any:
    """Flat places of the whole batch, counted anew for each example."""
    found = framed(window=1, strides=1, padding=(0, 0))(call)
    size = int(np.prod(call.inputs[0].shape[1:], dtype=np.int64))
    return found - (np.arange(call.size) * size).reshape(-1, *(1,) * (found.ndim - 1))


def _max_pool(call: Batched) -> Any:
    return framed(window=1, strides=1, padding=(0, 0))(call)


def _remat(call: Batched) -> Any:
    return _every_output(run_batched(call.params["body"], call.inputs, call.flags, call.size), call.size)


def _cond(call: Batched) -> Any:
    """A predicate for all is a branch; one for each example computes both sides and selects."""
    predicate, operands, flags = call.inputs[0], call.inputs[1:], call.flags[1:]

    def side(name: str) -> Callable[..., Any]:
        graph = call.params[name]
        return lambda *xs: _every_output(run_batched(graph, xs, flags, call.size), call.size)

    if not call.flags[0]:
        return control.cond(predicate, side("on_true"), side("on_false"), *operands)
    both = zip(side("on_true")(*operands), side("on_false")(*operands), strict=True)
    return [p.select(p.reshape(predicate, shape=(-1, *(1,) * (a.ndim - 1))), a, b) for a, b in both]


def _scan(call: Batched) -> Any:
    """A scan whose carry is a batch; rows are batched behind the steps."""
    carries, sequences, body = call.params["carries"], call.params["sequences"], call.params["body"]
    rows = [moveaxis(call.whole(i), 0, 1) for i in range(carries, carries + sequences)]
    constants, own = call.inputs[carries + sequences :], call.flags[carries + sequences :]
    flags = (*(True,) * (carries + sequences), *own)

    def step(carry: Any, row: Any) -> Any:
        outs = _every_output(run_batched(body, (*carry, *row, *constants), flags, call.size), call.size)
        return outs[:carries], outs[carries:]

    start = [call.whole(i) for i in range(carries)]
    last, stacked = control.scan(step, start, rows, call.params["length"], call.params["reverse"])
    return [*last, *[moveaxis(y, 1, 0) for y in stacked]]


def _every_output(outs: Sequence[tuple[Any, bool]], size: int) -> list[Any]:
    return [x if batched else p.broadcast_to(x, shape=(size, *x.shape)) for x, batched in outs]


def _expanded(call: Batched) -> Any:
    """A composite without a row is batched through its body."""
    graph, _ = trace(lambda *xs: call.op.body(*xs, **call.params), call.own_specs())
    return _every_output(run_batched(graph, call.inputs, call.flags, call.size), call.size)[0]


_ELEMENTWISE = """
add subtract multiply divide power negative maximum minimum floor_divide remainder atan2 absolute exp expm1 log log1p
sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf sign floor ceil trunc rint equal not_equal less
less_equal greater greater_equal bitwise_and bitwise_or bitwise_xor bitwise_invert left_shift right_shift select cast
identity stop_gradient
""".split()

BATCHING: dict[p.Primitive, Callable[[Batched], Any] | None] = {
    **{p.PRIMITIVES[name]: elementwise for name in _ELEMENTWISE},
    p.reduce_sum: shifted("axes"),
    p.reduce_max: shifted("axes"),
    p.reduce_min: shifted("axes"),
    p.reduce_prod: shifted("axes"),
    p.argmax: shifted("axis"),
    p.argmin: shifted("axis"),
    p.cumulative_sum: shifted("axis"),
    p.reshape: framed(shape="size"),
    p.transpose: _transpose,
    p.broadcast_to: _broadcast_to,
    p.strided_slice: framed(starts=0, stops="size", steps=1),
    p.pad: framed(widths=(0, 0, 0)),
    p.concatenate: _concatenate,
    p.flip: shifted("axes"),
    p.gather: _gather,
    p.scatter_add: _scatter,
    p.scatter_set: _scatter,
    p.matmul: _matrices,
    p.inverse: _matrices,
    p.solve: _matrices,
    p.cholesky: _matrices,
    p.conv: _conv,
    p.conv_input: _conv,
    p.conv_kernel: looped,
    p.window_sum: framed(window=1, strides=1, padding=(0, 0)),
    p.window_spread: framed(shape="size", window=1, strides=1, padding=(0, 0)),
    p.window_argmax: _window_argmax,
    p.random_bits: looped,
    p.scan: _scan,
    p.cond: _cond,
    p.remat: _remat,
    p.custom: looped,
    p.part: None,  # picks one of the outputs, which are batched already
    **dict.fromkeys(COMPOSITES.values(), _expanded),
    **dict.fromkeys(
        [neural.relu_, neural.sigmoid_, neural.softplus_, neural.logaddexp_, neural.gelu_, neural.elu_], elementwise
    ),
    neural.leaky_relu_: elementwise,
    neural.softmax_: shifted("axis"),
    neural.log_softmax_: shifted("axis"),
    neural.logsumexp_: shifted("axes"),
    conv.max_windows: _max_pool,
}


def run_batched(graph: Graph, inputs: Sequence[Any], flags: Sequence[bool], size: int) -> list[tuple[Any, bool]]:
    """Run a program with some of its inputs batched; every output with whether it is batched."""
    env: dict[Node, tuple[Any, bool]] = dict(zip(graph.inputs, zip(inputs, flags, strict=True), strict=True))
    env.update((node, (Tensor(node.value, node), False)) for node in graph.captured)
    for node in graph.nodes:
        env[node] = _step(node, [env[x] for x in node.inputs], size)
    return [env[node] for node in graph.outputs]


def _step(node: Node, given: list[tuple[Any, bool]], size: int) -> tuple[Any, bool]:
    if node.op is p.part:
        return given[0][0][node.params["index"]], given[0][1]
    inputs, flags = tuple(lift(x) for x, _ in given), tuple(batched for _, batched in given)
    op: Any = node.op
    if not any(flags):
        return op(*inputs, **node.params), False
    row = BATCHING.get(op, _expanded if isinstance(op, Composite) else None)
    if row is None:
        raise ShapeError(f"{op} cannot be batched.")
    return row(Batched(op, inputs, dict(node.params), flags, size)), True


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: int = 0) -> Callable[..., Any]:
    """The function that does f for a whole batch at once: f is written for one example and never sees the batch.

    ``in_axes`` is the batch axis of all arguments, or a tuple with one for each, None for what all examples share.
    f is traced: it may not ask for values, and may not assign Variables.

    >>> import pente
    >>> pente.vmap(lambda a, b: (a * b).sum(), in_axes=(0, None))(pente.ones((3, 2)), pente.ones(2)).tolist()
    [2.0, 2.0, 2.0]
    """

    @functools.wraps(f)
    def wrapped(*args: Any) -> Any:
        axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ShapeError(f"in_axes={in_axes} wants {len(axes)} arguments, and the function was given {len(args)}.")
        mapped = [
            _first(x, axis) for arg, axis in zip(args, axes, strict=True) if axis is not None for x in tree.leaves(arg)
        ]
        size = _batch_size(mapped)

        def single(*examples: Any) -> Any:
            supply = iter(examples)
            own = [
                a if axis is None else tree.map_leaves(lambda _: next(supply), a)
                for a, axis in zip(args, axes, strict=True)
            ]
            return f(*own)

        specs = [Spec(x.shape[1:], x.dtype) for x in mapped]
        refusal = "vmap: every example would assign its own value. Return the value instead."
        graph, structure = trace(single, specs, Tracer(assigns=refusal))
        outs = _every_output(run_batched(graph, mapped, (True,) * len(mapped), size), size)
        return tree.unflatten(structure, [x if out_axes == 0 else moveaxis(x, 0, out_axes) for x in outs])

    return wrapped


def _first(x: Any, axis: int) -> Tensor:
    x = lift(x)
    return x if axis == 0 and x.ndim else moveaxis(x, axis, 0)


def _batch_size(mapped: list[Tensor]) -> int:
    sizes = {x.shape[0] for x in mapped}
    if len(sizes) != 1:
        raise ShapeError(f"vmap wants one batch size, and the arguments have {sorted(sizes) or 'no batch axis'}.")
    return sizes.pop()
