"""Matrices: products, inverses, systems. Leading axes are batches and broadcast."""

import string
from typing import Any

from pente.core import primitives as p
from pente.core.dispatch import bind
from pente.core.tensor import UFUNCS, Tensor, attach
from pente.errors import ShapeError
from pente.ops.elementwise import abs, multiply, pow, sqrt
from pente.ops.lifting import as_float, lift, pair, refuse
from pente.ops.reduce import max, sum
from pente.ops.shape import matrix_transpose, permute_dims, reshape
from pente.shapes import normal_axis

__all__ = ["cholesky", "einsum", "inv", "matmul", "matrix_transpose", "norm", "outer", "solve", "tensordot", "vecdot"]


def matmul(x1: Any, x2: Any, /) -> Tensor:
    """The matrix product: out[i, j] = Σ_k a[i, k]·b[k, j]; a single vector is a row on the left, a column on the right.

    Shapes: (..., n, k) and (..., k, m) give (..., n, m).

    >>> import pente
    >>> pente.matmul([[1, 2], [3, 4]], [1, 1]).tolist()
    [3, 7]
    """
    a, b = pair(x1, x2)
    if a.data.ndim > 1 and b.data.ndim > 1:
        return bind(p.matmul, (a, b))
    if not a.ndim or not b.ndim:
        raise ShapeError(
            f"matmul() wants matrices or vectors, and got shapes {a.shape} and {b.shape}: use * for numbers."
        )
    left = reshape(a, (1, -1)) if a.ndim == 1 else a
    right = reshape(b, (-1, 1)) if b.ndim == 1 else b
    if left.shape[-1] != right.shape[-2]:
        raise ShapeError(
            f"shapes {a.shape} and {b.shape} cannot be multiplied: {left.shape[-1]} numbers meet {right.shape[-2]}."
        )
    product = bind(p.matmul, (left, right))
    rows = () if a.ndim == 1 else (a.shape[-2],)
    columns = () if b.ndim == 1 else (b.shape[-1],)
    return reshape(product, (*product.shape[:-2], *rows, *columns))


def inv(x: Any, /) -> Tensor:
    """The inverse matrix A⁻¹; raises where there is none.

    >>> import pente
    >>> pente.linalg.inv([[2.0, 0.0], [0.0, 4.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    return bind(p.inverse, (as_float(x),))


def solve(x1: Any, x2: Any, /) -> Tensor:
    """The X of A X = B.

    Shapes: A (..., n, n), B (n,) or (..., n, k).

    >>> import pente
    >>> pente.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).tolist()
    [1.0, 0.5]
    """
    a, b = pair(as_float(x1), as_float(x2))
    if b.ndim == 1:
        out: Tensor = bind(p.solve, (a, reshape(b, (-1, 1))))
        return reshape(out, out.shape[:-1])
    return bind(p.solve, (a, b))


def cholesky(x: Any, /, *, upper: bool = False) -> Tensor:
    """The lower triangular L with L Lᵀ = A, of a symmetric positive definite matrix.

    >>> import pente
    >>> pente.linalg.cholesky([[4.0, 0.0], [0.0, 9.0]]).tolist()
    [[2.0, 0.0], [0.0, 3.0]]
    """
    lower = bind(p.cholesky, (as_float(x),))
    return matrix_transpose(lower) if upper else lower


def outer(x1: Any, x2: Any, /) -> Tensor:
    """out[i, j] = a[i]·b[j].

    >>> import pente
    >>> pente.linalg.outer([1, 2], [3, 4]).tolist()
    [[3, 4], [6, 8]]
    """
    return multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1, **habits: Any) -> Tensor:
    """Σ a·b along an axis.

    >>> import pente
    >>> pente.vecdot([1, 2], [3, 4]).item()
    11
    """
    if habits:
        refuse("vecdot", habits)
    return sum(multiply(x1, x2), axis=axis)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Tensor:
    """The sum of products over ``axes``: the last of a with the first of b, or two lists of axes.

    >>> import pente
    >>> pente.tensordot([[1, 2]], [[3], [4]], axes=1).tolist()
    [[11]]
    """
    a, b = pair(x1, x2)
    if isinstance(axes, int):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    left = [normal_axis(i, a.ndim) for i in axes[0]]
    right = [normal_axis(i, b.ndim) for i in axes[1]]
    letters = iter(string.ascii_letters)
    names = [next(letters) for _ in range(a.ndim)]
    other = [names[left[right.index(i)]] if i in right else next(letters) for i in range(b.ndim)]
    kept = [n for i, n in enumerate(names) if i not in left] + [n for i, n in enumerate(other) if i not in right]
    return einsum(f"{''.join(names)},{''.join(other)}->{''.join(kept)}", a, b)


def einsum(subscripts: str, /, *operands: Any) -> Tensor:
    """Einstein's sum: axes with one letter are aligned, letters that the result lacks are summed over.

    Two operands at a time are brought to one batched matrix product. A letter stands once in an operand; ``...`` is all
    axes without a letter, which broadcast.

    >>> import pente
    >>> pente.einsum("ij,jk->ik", [[1, 2]], [[3], [4]]).tolist()
    [[11]]
    """
    terms, arrow, result = subscripts.replace(" ", "").partition("->")
    names, tensors = terms.split(","), [lift(x) for x in operands]
    if len(names) != len(operands) or any(len(set(n) - {"."}) < len(n.replace("...", "")) for n in names):
        raise ShapeError(
            f"einsum {subscripts!r} wants {len(names)} operands without repeated letters, got {len(operands)}."
        )
    if not arrow:
        result = "..." * ("..." in terms) + "".join(sorted(c for c in set(terms) - {*",."} if terms.count(c) == 1))
    if "..." in terms:
        names, tensors, result = _dots_as_letters(subscripts, names, tensors, result)
    unknown = [c for c in result if c not in "".join(names)]
    if unknown:
        raise ShapeError(f"einsum {subscripts!r}: no operand has the letter {unknown[0]!r} of the result.")
    for name, x in zip(names, tensors, strict=True):
        if len(name) != x.ndim:
            raise ShapeError(
                f"einsum {subscripts!r} gives {len(name)} letters, {name!r}, to an operand of shape {x.shape}."
            )
    name, x = names[0], tensors[0]
    for i in range(1, len(names)):
        later = result + "".join(names[i + 1 :])
        name, x = _contract(name, x, names[i], tensors[i], later)
    return _arranged(name, x, result)


def _dots_as_letters(
    subscripts: str, names: list[str], tensors: list[Tensor], result: str
) -> tuple[list[str], list[Tensor], str]:
    """Letters in place of ``...``, counted from the last axis; an axis that would be repeated is left out instead."""
    counts = [x.ndim - len(n) + 3 if "..." in n else 0 for n, x in zip(names, tensors, strict=True)]
    free = "".join(c for c in string.ascii_letters if c not in subscripts)[: max(counts)]
    if min(counts) < 0 or (free and "..." not in result):
        raise ShapeError(
            f"einsum {subscripts!r}: the axes of ... must be there, and stand in the result; the operands have shapes "
            f"{', '.join(str(x.shape) for x in tensors)}."
        )
    names = [n.replace("...", free[len(free) - count :]) for n, count in zip(names, counts, strict=True)]
    long = {c for n, x in zip(names, tensors, strict=True) for c, size in zip(n, x.shape, strict=False) if size != 1}
    for i, (name, x) in enumerate(zip(names, tensors, strict=True)):
        kept = [c not in free or c not in long or size != 1 for c, size in zip(name, x.shape, strict=False)]
        if not all(kept):
            names[i] = "".join(c for c, keep in zip(name, kept, strict=True) if keep)
            tensors[i] = reshape(x, [size for size, keep in zip(x.shape, kept, strict=True) if keep])
    return names, tensors, result.replace("...", free)


def _arranged(name: str, x: Tensor, result: str) -> Tensor:
    gone = tuple(i for i, c in enumerate(name) if c not in result)
    x = sum(x, axis=gone) if gone else x
    name = "".join(c for c in name if c in result)
    return x if name == result else permute_dims(x, [name.index(c) for c in result])


def _contract(left: str, a: Tensor, right: str, b: Tensor, later: str) -> tuple[str, Tensor]:
    """Two operands: letters in both and later are batches, in both and not later are summed over."""
    a, left = _arranged(left, a, alone := "".join(c for c in left if c in later + right)), alone
    b, right = _arranged(right, b, alone := "".join(c for c in right if c in later + left)), alone
    batch = [c for c in left if c in right and c in later]
    summed = [c for c in left if c in right and c not in later]
    rows, columns = [c for c in left if c not in right], [c for c in right if c not in left]
    size = {**dict(zip(right, b.shape, strict=True)), **dict(zip(left, a.shape, strict=True))}
    clash = [c for i, c in enumerate(right) if b.shape[i] != size[c]]
    if clash:
        raise ShapeError(f"einsum: letter {clash[0]!r} is {size[clash[0]]} in {a.shape} and differs in {b.shape}.")
    x = _grouped(left, a, batch, rows, summed, size)
    y = _grouped(right, b, batch, summed, columns, size)
    out = matmul(x, y)
    name = "".join(batch + rows + columns)
    return name, reshape(out, tuple(size[c] for c in name))


def _grouped(name: str, x: Tensor, batch: list[str], first: list[str], second: list[str], size: Any) -> Tensor:
    order = [name.index(c) for c in batch + first + second]
    joined = [_product(size[c] for c in first), _product(size[c] for c in second)]
    return reshape(permute_dims(x, order), (*[size[c] for c in batch], *joined))


def _product(sizes: Any) -> int:
    out = 1
    for n in sizes:
        out *= n
    return out


def norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: float = 2, **habits: Any) -> Tensor:
    """(Σ |x|ᵖ)^(1/p) along the axes; the largest |x| for p = inf. The gradient at 0 is NaN for p = 2.

    >>> import pente
    >>> pente.linalg.norm([3.0, 4.0]).item()
    5.0
    """
    if habits:
        refuse("norm", habits)
    x = as_float(x)
    if ord == float("inf"):
        return max(abs(x), axis=axis, keepdims=keepdims)
    if ord == 2:
        return sqrt(sum(multiply(x, x), axis=axis, keepdims=keepdims))
    return pow(sum(pow(abs(x), float(ord)), axis=axis, keepdims=keepdims), 1.0 / ord)


attach(__matmul__=matmul, __rmatmul__=lambda x, other: matmul(other, x), dot=matmul)
UFUNCS["matmul"] = matmul  # array @ tensor
