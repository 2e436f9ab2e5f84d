"""Run as a program: the bits that compiled code gives, for everything that could depend on the machine.

With ``small`` the operations and sizes around the width of registers, with ``large`` what is worth several threads.
Prints one line for each program: its name and a digest of its results. NaN is NaN, whichever bits it has.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import pente
from pente.compiler import jit
from tests.compiler.agreement import CALLABLE, HOLD_PROGRAMS, KINDS, OPERATIONS, calls, numbers, slopes

LENGTHS = [1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 100]


def _rows(x: Any) -> Any:
    """Sums and means along and across, whose bits are a matter of the order of additions."""
    centred = x - x.mean(axis=0, keepdims=True)
    return x.sum(), x.sum(axis=0), x.sum(axis=1), x.prod(axis=1), x.T.sum(axis=0), pente.softmax(x), centred.sum()


def _products(x: Any) -> Any:
    return x @ x.T, x.T @ x, (x @ x.T).sum(axis=0), pente.tanh(x) @ pente.exp(-x.T)


def _functions(x: Any) -> Any:
    y = abs(x) + 0.1
    return pente.exp(x), pente.log(y), pente.sqrt(y) / y, pente.gelu(x), pente.sigmoid(x), pente.sin(x) * pente.erf(x)


def _curves(x: Any) -> Any:
    """Every function that is a polynomial inside, near and far out."""
    size, part = abs(x), pente.tanh(x) * 0.999
    grown = [f(x) for f in (pente.expm1, pente.sinh, pente.cosh, pente.tanh, pente.erf, pente.atan, pente.asinh)]
    inside = [f(part) for f in (pente.asin, pente.acos, pente.atanh)]
    beyond = [pente.log1p(size), pente.acosh(size + 1), pente.atan2(x, part), pente.pow(size, 30 * x), x**3]
    turned = [f(x * far) for f in (pente.sin, pente.cos, pente.tan) for far in (1, 1e5, 1e20)]
    return [*grown, *inside, *beyond, *turned]


def _learning(x: Any) -> Any:
    return pente.value_and_grad(lambda x: (pente.relu(x @ x.T) * pente.log_softmax(x @ x.T)).mean())(x)


def _odd(x: Any) -> Any:
    """Infinities, NaN and numbers near the ends among the others."""
    odd = pente.asarray(np.resize([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e38, -1e-38], x.shape).astype(x.dtype))
    return odd + x, odd * x, x / odd, odd.sum(axis=0), odd.max(axis=1), pente.exp(odd), pente.log(odd), odd @ x.T


Program = tuple[str, Callable[..., Any], list[Any]]
PROGRAMS: list[Callable[[Any], Any]] = [_rows, _products, _functions, _learning, _odd]


def _convolution(x: Any) -> Any:
    image, kernel = pente.reshape(x, (4, 20, -1, 8)), pente.reshape(x[0, :72], (3, 3, 8, 1)) * np.ones(24, x.dtype)
    convolved = lambda image, kernel: (pente.relu(pente.conv(image, kernel)) ** 2).mean()  # noqa: E731
    return pente.value_and_grad(convolved, (0, 1))(image, kernel)


def _winograd(x: Any) -> Any:
    """A convolution with enough channels, and both its gradients."""
    image = pente.reshape(x, (-1, 10, 10, 32))
    kernel = pente.reshape(image[0, 0, :9], (3, 3, 32, 1)) * np.ones(64, x.dtype)
    squares = lambda image, kernel, padding: (pente.conv(image, kernel, padding=padding) ** 2).mean()  # noqa: E731
    return [pente.value_and_grad(squares, (0, 1))(image, kernel, padding) for padding in ("same", "valid")]


def _pooling(x: Any) -> Any:
    image = pente.reshape(x, (4, 20, -1, 16))
    pooled = lambda x: (pente.max_pool(x, 2) ** 2).mean() + (pente.avg_pool(x, 3, strides=2) ** 2).mean()  # noqa: E731
    return pente.value_and_grad(pooled)(image)


def _places(x: Any) -> Any:
    chosen = pente.take(x, np.arange(3 * x.shape[0]) * 7 % x.shape[0], axis=0)
    return chosen, chosen.argmax(axis=1), pente.concat([x, chosen]), x.at[np.arange(5)].add(x[:5]), pente.flip(x) * 2


def _random(x: Any) -> Any:
    key = pente.random.key(5)
    return x + pente.random.uniform(x.shape, key=key, dtype=x.dtype), pente.random.normal(x.shape, key=key)


LARGE = [*PROGRAMS, _curves, _convolution, _winograd, _pooling, _places, _random]
WINDOWS = [_convolution, _winograd, _pooling]


def large() -> Iterator[Program]:
    """Programs with rows that are worth several threads."""
    for kind in KINDS:
        for function in LARGE:
            for shape in [(400, 400), (160, 1601), (1600, 160)]:
                if function not in WINDOWS or shape != (160, 1601):
                    x = np.random.default_rng(0).normal(size=shape).astype(kind)
                    yield f"{function.__name__} {kind} {shape}", function, [x]


def small() -> Iterator[Program]:
    """Every operation and its gradients, and sums and products of all lengths around the width of registers."""
    for kind in KINDS:
        for name in CALLABLE:
            if kind == "float64" or name not in HOLD_PROGRAMS:
                yield f"{name} {kind}", *calls(OPERATIONS[name], kind)
                yield f"slopes of {name} {kind}", *slopes(OPERATIONS[name], kind)
        for function in WINDOWS:
            for rows in (20, 160):
                x = np.random.default_rng(rows).normal(size=(rows, 320)).astype(kind)
                yield f"{function.__name__} {kind} {x.shape}", function, [x]
        for function in PROGRAMS:
            for i, n in enumerate(LENGTHS):
                x = np.random.default_rng(i).normal(size=(LENGTHS[-1 - i] % 35 + 1, n)).astype(kind)
                yield f"{function.__name__} {kind} {x.shape}", function, [x]
        yield f"curves {kind}", _curves, [3 * np.random.default_rng(0).normal(size=100).astype(kind)]


def digest(results: list[Any]) -> str:
    """Of the bits of all results, with one NaN for all."""
    found = hashlib.sha256()
    for x in results:
        found.update(
            np.where(np.isnan(x), np.abs(x.dtype.type(np.nan)), x).tobytes() if x.dtype.kind == "f" else x.tobytes()
        )
    return found.hexdigest()[:16]


if __name__ == "__main__":
    for name, function, args in {"small": small, "large": large}[sys.argv[1]]():
        if args:
            print(f"{name}\t{digest(numbers(jit(function)(*args)))}")
