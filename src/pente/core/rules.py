"""Shape and dtype rules: what comes out of an operation, told from what goes in, without computing.

Each rule takes the Specs of the inputs and the parameters, and returns the Spec of the output (a tuple of them where
there are several) or raises with what was expected and what came.
"""

from math import prod
from typing import Any

from pente import dtypes
from pente.core.node import Spec, spec_of
from pente.errors import DTypeError, ShapeError
from pente.shapes import Shape, broadcast, reduced, resolve, window_length

__all__: list[str] = []

KINDS = {"b": "bool", "i": "integer", "u": "unsigned integer", "f": "float", "c": "complex"}


def need_kind(spec: Spec, kinds: str) -> None:
    if spec.dtype.kind not in kinds:
        wanted = ", ".join(KINDS[k] for k in kinds)
        raise DTypeError(f"wants {wanted} numbers, and got {spec.dtype.name}. {_cast_hint(spec, kinds)}")


def _cast_hint(spec: Spec, kinds: str) -> str:
    if spec.dtype.kind == "c":
        return "Leave the graph for the parts of complex numbers: x.numpy().real, x.numpy().imag."
    return f"Cast first: x.astype('{'float32' if 'f' in kinds else 'int64' if 'i' in kinds else 'bool'}')."


def same_dtype(*specs: Spec) -> dtypes.DType:
    first = specs[0].dtype
    for spec in specs:
        if spec.dtype is not first and spec.dtype != first:
            raise DTypeError(f"wants inputs of one dtype, and got {', '.join(s.dtype.name for s in specs)}.")
    return first


def elementwise(kinds: str) -> Any:
    """Same dtype in and out, shapes broadcast."""

    def rule(*specs: Spec) -> Spec:
        dtype = same_dtype(*specs)
        need_kind(specs[0], kinds)
        return Spec(broadcast(*[s.shape for s in specs]), dtype)

    return rule


def comparison(a: Spec, b: Spec) -> Spec:
    same_dtype(a, b)
    return Spec(broadcast(a.shape, b.shape), dtypes.bool_)


def select(condition: Spec, a: Spec, b: Spec) -> Spec:
    need_kind(condition, "b")
    return Spec(broadcast(condition.shape, a.shape, b.shape), same_dtype(a, b))


def cast(x: Spec, dtype: dtypes.DType) -> Spec:
    return Spec(x.shape, dtype)


def identity(x: Spec) -> Spec:
    return x


def reduce(kinds: str, nonempty: bool = False) -> Any:
    def rule(x: Spec, axes: tuple[int, ...], keepdims: bool) -> Spec:
        need_kind(x, kinds)
        if nonempty and prod(x.shape[a] for a in axes) == 0 and prod(reduced(x.shape, axes, False)) > 0:
            raise ShapeError(f"the largest or smallest of nothing does not exist: shape {x.shape}, axes {axes}.")
        return Spec(reduced(x.shape, axes, keepdims), x.dtype)

    return rule


def arg_reduce(x: Spec, axis: int) -> Spec:
    if x.shape[axis] == 0:
        raise ShapeError(
            f"the place of the largest or smallest of nothing does not exist: shape {x.shape}, axis {axis}."
        )
    return Spec(reduced(x.shape, (axis,), False), dtypes.int64)


def cumulative(x: Spec, axis: int, reverse: bool) -> Spec:
    need_kind(x, "iufc")
    return x


def reshape(x: Spec, shape: Shape) -> Spec:
    return Spec(resolve(shape, x.shape), x.dtype)


def transpose(x: Spec, axes: tuple[int, ...]) -> Spec:
    if sorted(axes) != list(range(x.ndim)):
        raise ShapeError(f"axes {axes} is no order of the {x.ndim} axes of shape {x.shape}.")
    return Spec(tuple(x.shape[a] for a in axes), x.dtype)


def broadcast_to(x: Spec, shape: Shape) -> Spec:
    if broadcast(x.shape, shape) != shape:
        raise ShapeError(f"shape {x.shape} cannot be repeated to {shape}.")
    return Spec(shape, x.dtype)


def strided_slice(x: Spec, starts: Shape, stops: Shape, steps: Shape) -> Spec:
    sizes = [len(range(*bounds)) for bounds in zip(starts, stops, steps, strict=True)]
    return Spec(tuple(sizes), x.dtype)


def pad(x: Spec, widths: tuple[tuple[int, int, int], ...], value: float) -> Spec:
    shape = tuple(n + low + high + max(n - 1, 0) * inner for n, (low, high, inner) in zip(x.shape, widths, strict=True))
    if min(shape, default=0) < 0:
        raise ShapeError(f"padding {widths} leaves a negative length of shape {x.shape}.")
    return Spec(shape, x.dtype)


def concatenate(*xs: Spec, axis: int) -> Spec:
    first = xs[0]
    for x in xs:
        if x.ndim != first.ndim or any(
            n != m for i, (n, m) in enumerate(zip(x.shape, first.shape, strict=True)) if i != axis
        ):
            raise ShapeError(
                f"shapes {first.shape} and {x.shape} differ in more than axis {axis}: cannot be joined there."
            )
    return Spec((*first.shape[:axis], sum(x.shape[axis] for x in xs), *first.shape[axis + 1 :]), same_dtype(*xs))


def flip(x: Spec, axes: tuple[int, ...]) -> Spec:
    return x


def gather(x: Spec, indices: Spec, axis: int) -> Spec:
    need_kind(indices, "iu")
    return Spec((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)


def scatter(x: Spec, indices: Spec, updates: Spec, axis: int) -> Spec:
    same_dtype(x, updates)
    wanted = gather(x, indices, axis).shape
    if updates.shape != wanted:
        raise ShapeError(
            f"places {indices.shape} on axis {axis} of {x.shape} want updates of {wanted}, got {updates.shape}."
        )
    return x


def matmul(a: Spec, b: Spec) -> Spec:
    dtype = same_dtype(a, b)
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"shapes {a.shape} and {b.shape} cannot be multiplied as matrices: the last axis of the first "
            f"({a.shape[-1] if a.shape else 'none'}) must be the second to last of the second "
            f"({b.shape[-2] if b.ndim > 1 else 'none'}).{_turned(a.shape, b.shape)}"
        )
    return Spec((*broadcast(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]), dtype)


def _turned(a: Shape, b: Shape) -> str:
    return " To multiply rows with rows write x @ y.mT." if len(b) > 1 and a[-1:] == b[-1:] else ""


def conv(x: Spec, kernel: Spec, strides: Shape, padding: tuple[Shape, ...], dilation: Shape, groups: int) -> Spec:
    dtype = same_dtype(x, kernel)
    need_kind(x, "f")
    if x.ndim != kernel.ndim or x.shape[-1] != kernel.shape[-2] * groups or kernel.shape[-1] % groups:
        raise ShapeError(
            f"input {x.shape} and kernel {kernel.shape} with groups={groups} do not fit: wanted input (batch, *places, "
            f"channels) and kernel (*window, channels / groups, filters), filters a multiple of groups."
        )
    window = kernel.shape[:-2]
    places = [
        window_length(n, k, s, d, *pads)
        for n, k, s, d, pads in zip(x.shape[1:-1], window, strides, dilation, padding, strict=True)
    ]
    if min(places) < 1 and prod(x.shape) > 0:
        raise ShapeError(f"a window of {window} (dilation {dilation}) does not fit into the places {x.shape[1:-1]}.")
    return Spec((x.shape[0], *places, kernel.shape[-1]), dtype)


def conv_input(
    grad: Spec, kernel: Spec, places: Shape, strides: Shape, padding: tuple[Shape, ...], dilation: Shape, groups: int
) -> Spec:
    x = Spec((grad.shape[0], *places, kernel.shape[-2] * groups), same_dtype(grad, kernel))
    _match(conv(x, kernel, strides, padding, dilation, groups), grad)
    return x


def conv_kernel(
    x: Spec, grad: Spec, window: Shape, strides: Shape, padding: tuple[Shape, ...], dilation: Shape, groups: int
) -> Spec:
    kernel = Spec((*window, x.shape[-1] // groups, grad.shape[-1]), same_dtype(x, grad))
    _match(conv(x, kernel, strides, padding, dilation, groups), grad)
    return kernel


def _match(wanted: Spec, got: Spec) -> None:
    if wanted.shape != got.shape:
        raise ShapeError(f"a convolution of these settings gives {wanted.shape}, and got {got.shape}.")


def windows(x: Spec, window: Shape, strides: Shape, padding: tuple[Shape, ...]) -> Spec:
    need_kind(x, "iuf")
    places = [window_length(n, k, s, 1, *pads) for n, k, s, pads in zip(x.shape, window, strides, padding, strict=True)]
    if min(places, default=1) < 1 and prod(x.shape) > 0:
        raise ShapeError(f"a window of {window} does not fit into shape {x.shape}.")
    return Spec(tuple(places), x.dtype)


def window_argmax(x: Spec, window: Shape, strides: Shape, padding: tuple[Shape, ...]) -> Spec:
    return Spec(windows(x, window, strides, padding).shape, dtypes.int64)


def window_spread(x: Spec, shape: Shape, window: Shape, strides: Shape, padding: tuple[Shape, ...]) -> Spec:
    _match(windows(Spec(shape, x.dtype), window, strides, padding), x)
    return Spec(shape, x.dtype)


def random_bits(key: Spec, counter: Spec, shape: Shape, dtype: dtypes.DType) -> Spec:
    if key.shape != (2,) or key.dtype != dtypes.uint64:
        raise DTypeError(f"a random key is two uint64 numbers, got {key}. Make one with pente.random.key(seed).")
    if counter.shape != () or counter.dtype != dtypes.uint64:
        raise DTypeError(f"the counter of a random draw is one uint64 number, got {counter}.")
    return Spec(shape, dtype)


def square_matrix(a: Spec) -> Spec:
    need_kind(a, "f")
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"wants square matrices (..., n, n), and got {a.shape}.")
    return a


def solve(a: Spec, b: Spec) -> Spec:
    square_matrix(a)
    if b.ndim < 2 or b.shape[-2] != a.shape[-1]:
        raise ShapeError(f"a system of {a.shape} wants a right side (..., {a.shape[-1]}, k), and got {b.shape}.")
    return Spec((*broadcast(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]), same_dtype(a, b))


def scan(*specs: Spec, body: Any, carries: int, sequences: int, length: int, reverse: bool) -> tuple[Spec, ...]:
    step = [Spec(s.shape[1:], s.dtype) for s in specs[carries : carries + sequences]]
    for index, sequence in enumerate(specs[carries : carries + sequences]):
        if not sequence.shape or sequence.shape[0] != length:
            raise ShapeError(f"sequence {index} of a scan over {length} steps has shape {sequence.shape}.")
    given = [*specs[:carries], *step, *specs[carries + sequences :]]
    need_specs(given, _specs(body.inputs))
    outs = _specs(body.outputs)
    need_specs(outs[:carries], list(specs[:carries]))
    return (*outs[:carries], *[Spec((length, *s.shape), s.dtype) for s in outs[carries:]])


def cond(predicate: Spec, *specs: Spec, on_true: Any, on_false: Any) -> tuple[Spec, ...]:
    if predicate.shape != () or predicate.dtype != dtypes.bool_:
        raise DTypeError(f"cond wants a single bool, and got {predicate}.")
    for branch in (on_true, on_false):
        need_specs(list(specs), _specs(branch.inputs))
    outs = _specs(on_true.outputs)
    need_specs(_specs(on_false.outputs), outs)
    return tuple(outs)


def remat(*specs: Spec, body: Any) -> tuple[Spec, ...]:
    need_specs(list(specs), _specs(body.inputs))
    return tuple(_specs(body.outputs))


def custom(*specs: Spec, function: Any) -> Spec:
    from pente.core.tracer import output_spec

    spec: Spec = output_spec(lambda *xs: function(*xs)[0], specs, {})
    return spec


def _specs(nodes: Any) -> list[Spec]:
    """What is known of inputs and outputs of a program; one that was captured has a value, which is no promise."""
    return [spec_of(node.value) for node in nodes]


def need_specs(given: list[Spec], wanted: list[Spec]) -> None:
    if [(s.shape, s.dtype) for s in given] != [(s.shape, s.dtype) for s in wanted]:
        raise ShapeError(f"expected {', '.join(map(str, wanted))}, and got {', '.join(map(str, given))}.")


def part(values: tuple[Spec, ...], index: int) -> Spec:
    return values[index]
