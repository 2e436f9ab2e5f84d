"""How far the functions of native code lie from the truth, over all of their range.

The truth of float32 is float64 of NumPy, that of float64 the long double of NumPy. One ulp is the distance of
neighbouring floats at the true result; below the smallest normal number a result is 0, or that number.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pente
from pente.compiler import jit, llvm

pytestmark = pytest.mark.skipif(not llvm.available(), reason="the functions of native code")

LONG = np.longdouble
KINDS = ["float32", "float64"]
TINY = {kind: float(np.finfo(kind).tiny) for kind in KINDS}
MOST = {kind: float(np.finfo(kind).max) for kind in KINDS}
HIGHEST = {"float32": 88.72283, "float64": 709.782712893384}  # exp of it is finite
LOWEST = {"float32": -87.33654, "float64": -708.3964185322641}  # exp of it is normal
BELOW_ONE = {kind: 1.0 - float(np.finfo(kind).epsneg) for kind in KINDS}

# For each function the largest error in ulp, for float32 and for float64.
ERRORS: dict[str, tuple[float, float]] = {
    "exp": (1.1, 1.1), "expm1": (2.0, 2.0), "log": (0.9, 0.9), "log1p": (1.5, 1.5), "tanh": (2.6, 2.6),
    "sinh": (2.5, 2.5), "cosh": (1.6, 1.6), "erf": (2.0, 2.0), "sin": (1.7, 1.7), "cos": (1.7, 1.7), "tan": (4.0, 4.0),
    "asin": (2.5, 2.5), "acos": (1.5, 1.5), "atan": (1.5, 1.5), "asinh": (2.0, 2.0), "acosh": (2.1, 2.1),
    "atanh": (2.5, 2.5),
}  # fmt: skip
NUMPY = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "pow": "power"}
NUMPY |= {"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"}
ODD = ["expm1", "log1p", "tanh", "sinh", "erf", "sin", "tan", "asin", "atan", "asinh", "atanh"]  # or 0 at 0, at least
FAR = ["sin", "cos", "tan"]

long_doubles = pytest.mark.skipif(np.finfo(LONG).nmant <= 52, reason="a long double that is longer than a double")
PAIRS = [pytest.param(name, kind, marks=long_doubles if kind == "float64" else ()) for name in ERRORS for kind in KINDS]


def _compiled(name: str) -> Callable[..., Any]:
    compiled = jit(getattr(pente, name))
    return lambda *xs: compiled(*xs).numpy()


def _erf(x: Any) -> Any:
    """2/√π·e^(-x²)·(x + 2x³/3 + 4x⁵/15 + …), all terms of one sign."""
    size = np.minimum(np.abs(x), 7)
    total = term = size
    for n in range(1, 260):
        term = term * (2 * size * size) / (2 * n + 1)
        total = total + term
    pi = 4 * np.arctan(x.dtype.type(1))
    return np.copysign(np.where(size > 6.9, 1, 2 / np.sqrt(pi) * np.exp(-size * size) * total), x)


def _truth(name: str, xs: list[Any]) -> Any:
    wide = [x.astype(np.float64 if x.dtype == np.float32 else LONG) for x in xs]
    with np.errstate(all="ignore"):
        return _erf(wide[0]) if name == "erf" else getattr(np, NUMPY.get(name, name))(*wide)


def _errors(got: Any, wanted: Any) -> Any:
    """In ulp; a number too small to be normal is as good as 0."""
    finfo = np.finfo(got.dtype)
    with np.errstate(over="ignore"):
        ulp = np.spacing(np.maximum(np.abs(wanted), finfo.tiny).astype(got.dtype)).astype(wanted.dtype)
    error = np.abs(got - wanted) / ulp
    return np.where((np.abs(wanted) < finfo.tiny) & (np.abs(got) <= finfo.tiny), 0, error)


def _by_size(low: float, high: float, kind: str, count: int = 200_000) -> Any:
    """Positive numbers from low to high, evenly in the order of their bits."""
    whole = np.int32 if kind == "float32" else np.int64
    first, last = (int(np.array(end, kind).view(whole)) for end in (low, high))
    steps = np.random.default_rng(0).random(count)
    places = first + (np.sort(steps) * (last - first)).astype(whole)
    return np.concatenate([[low], places.astype(whole).view(kind), [high]]).astype(kind)


def _by_value(low: float, high: float, kind: str, count: int = 200_000) -> Any:
    return np.append(np.random.default_rng(1).uniform(low, high, count), [low, high]).astype(kind)


def _both(x: Any) -> Any:
    return np.concatenate([x, -x])


def _points(name: str, kind: str) -> Any:
    """Where the function is tried: all over its domain, and densely where it bends."""
    tiny, most = TINY[kind], MOST[kind]
    everywhere = _by_size(tiny, most, kind)
    if name in ("exp", "expm1"):
        low, high = LOWEST[kind], HIGHEST[kind]
        return np.concatenate([_by_value(low, high, kind), _by_value(-1, 1, kind), _both(_by_size(tiny, 80, kind))])
    if name == "log":
        return np.concatenate([everywhere, _by_value(0.5, 2, kind), _by_value(0.99, 1.01, kind)])
    if name == "log1p":
        return np.concatenate([everywhere, -_by_size(tiny, BELOW_ONE[kind], kind), _by_value(-0.9, 3, kind)])
    if name in ("sinh", "cosh"):
        return _both(np.concatenate([_by_size(tiny, HIGHEST[kind] + 0.69, kind), _by_value(0, 3, kind)]))
    if name in ("asin", "acos", "atanh"):
        end = BELOW_ONE[kind] if name == "atanh" else 1.0
        return _both(np.concatenate([_by_size(tiny, end, kind), _by_value(0, end, kind)]))
    if name == "acosh":
        return np.concatenate([_by_size(1, most, kind), _by_value(1, 4, kind)])
    if name in FAR:
        near = [_by_value(0, end, kind) for end in (4, 1e5, 1e7)]
        return _both(np.concatenate([everywhere, *near, _multiples_of_half_pi(kind)]))
    return _both(np.concatenate([everywhere, _by_value(0, 4, kind)]))


def _multiples_of_half_pi(kind: str) -> Any:
    """The numbers nearest to them, at which a sine or a cosine is nearly 0."""
    n = np.unique(np.concatenate([np.arange(1, 100_000), np.logspace(5, 12, 50_000).astype(np.int64)]))
    return (n * (2 * np.arctan(LONG(1)))).astype(kind)


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_a_function_is_as_near_to_the_truth_as_it_says(name: str, kind: str) -> None:
    x = _points(name, kind)
    assert _errors(_compiled(name)(x), _truth(name, [x])).max() <= ERRORS[name][KINDS.index(kind)]


@pytest.mark.parametrize("kind", ["float32", pytest.param("float64", marks=long_doubles)])
def test_a_power_is_within_one_ulp(kind: str) -> None:
    """Small and large bases, those near 1 with large exponents, and whole exponents."""
    rng, count, largest = np.random.default_rng(0), 300_000, math.log(MOST[kind])
    power = _compiled("pow")
    for spread in (80.0, 0.4, 0.01):
        x = np.exp(rng.uniform(-spread, spread, count)).astype(kind)
        y = (rng.uniform(-1.1, 1.1, count) * largest / np.log(x.astype(np.float64))).astype(kind)
        wanted = _truth("pow", [x, y])
        inside = np.abs(wanted) <= MOST[kind]
        got = power(x, y)
        assert _errors(got[inside], wanted[inside]).max() <= 1.0
        assert np.isinf(got[~inside]).all()
    x, y = rng.integers(-20, 20, count).astype(kind), rng.integers(0, 6, count).astype(kind)
    np.testing.assert_array_equal(power(x, y), np.power(x, y))  # small whole results are exact


@pytest.mark.parametrize("kind", ["float32", pytest.param("float64", marks=long_doubles)])
def test_an_angle_is_within_two_ulp(kind: str) -> None:
    rng = np.random.default_rng(0)
    for spread in (1.0, 20.0, 80.0):
        y, x = (rng.choice([-1, 1], 300_000) * np.exp(rng.uniform(-spread, spread, 300_000)) for _ in range(2))
        y, x = y.astype(kind), x.astype(kind)
        assert _errors(_compiled("atan2")(y, x), _truth("atan2", [y, x])).max() <= 2.0


def _without_denormals(x: Any) -> Any:
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, np.copysign(0, x), x).astype(x.dtype)


def _assert_like_numpy(name: str, *xs: Any) -> None:
    """Infinities, NaN and zeros with their signs, as NumPy gives them, with denormals as 0."""
    wanted = _truth(name, [_without_denormals(x) for x in xs])
    with np.errstate(over="ignore"):
        narrow = _without_denormals(wanted.astype(xs[0].dtype))
    got = _without_denormals(_compiled(name)(*xs))
    np.testing.assert_array_equal(np.isnan(got), np.isnan(narrow))
    known = ~np.isnan(narrow)
    np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(narrow[known]))
    odd = known & ((narrow == 0) | np.isinf(narrow))
    np.testing.assert_array_equal(got[odd], narrow[odd])
    assert _errors(got[known & ~odd], wanted[known & ~odd]).max(initial=0) <= 4.0


def _special(kind: str) -> Any:
    finfo = np.finfo(kind)
    sizes = [0.0, finfo.smallest_subnormal, finfo.tiny / 2, finfo.tiny, 2 * finfo.tiny, 1e-20, 0.5, 1.0, 1.5, 2.0, 3.0]
    sizes += [BELOW_ONE[kind], 1 + finfo.eps, 20.0, 100.0, 1e5, 2.0**30, 1e10, 1e30, finfo.max, np.inf, np.nan]
    sizes += [HIGHEST[kind], np.nextafter(np.array(HIGHEST[kind], kind), np.inf, dtype=kind), -LOWEST[kind] - 0.01, 750]
    return _both(np.array(sizes, kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ERRORS)
def test_the_ends_of_a_function_are_those_of_numpy(name: str, kind: str) -> None:
    _assert_like_numpy(name, _special(kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["pow", "atan2"])
def test_the_special_cases_of_two_numbers_are_those_of_numpy(name: str, kind: str) -> None:
    numbers = np.append(_special(kind), np.array([-2.5, 4, -4, 2.0**24 + 1, -(2.0**53) - 1], kind))
    first, second = (x.ravel() for x in np.meshgrid(numbers, numbers))
    _assert_like_numpy(name, first, second)


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("kind", KINDS)
def test_a_common_exponent_gives_the_same_bits_alone_and_among_others(exponent: float, kind: str) -> None:
    """Alone they are products, and nothing else is computed."""
    x = np.append(_special(kind), _by_value(-100, 100, kind, 1000))
    alone = _compiled("pow")(x, np.full_like(x, exponent))
    mixed = np.full_like(x, exponent)
    mixed[::5] = 2.5
    among = _compiled("pow")(x, mixed)
    np.testing.assert_array_equal(np.delete(alone, np.s_[::5]), np.delete(among, np.s_[::5]))
    _assert_like_numpy("pow", x, np.full_like(x, exponent))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*ERRORS, "pow", "atan2"])
def test_any_nan_stays_one(name: str, kind: str) -> None:
    """Whatever stands in its lower bits, and its sign."""
    whole = np.uint32 if kind == "float32" else np.uint64
    bits = np.random.default_rng(0).integers(1, 2 ** np.finfo(kind).nmant, 100, dtype=whole)
    x = (_both(np.full(100, np.inf, kind)).view(whole) | np.tile(bits, 2)).view(kind)
    given = (x, np.full_like(x, 3.0)) if name in ("pow", "atan2") else (x,)
    assert np.isnan(_compiled(name)(*given)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ODD)
def test_a_function_that_is_0_at_0_keeps_small_numbers_and_their_signs(name: str, kind: str) -> None:
    x = _both(np.append(_by_size(TINY[kind], np.finfo(kind).eps / 64, kind, 1000), np.array([0.0], kind)))
    if name != "erf":
        np.testing.assert_array_equal(_compiled(name)(x), x)
    np.testing.assert_array_equal(np.signbit(_compiled(name)(x)), np.signbit(x))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["exp", "log", "erf", "tanh"])
def test_a_function_that_grows_never_steps_back(name: str, kind: str) -> None:
    """Where its argument goes up by many ulp."""
    low, high = {"exp": (-87, 88), "log": (0.001, 1e30)}.get(name, (-4.0, 4.0))
    space = np.geomspace if name == "log" else np.linspace
    got = _compiled(name)(space(low, high, 2**18).astype(kind))
    assert (np.diff(got) >= -4 * np.spacing(np.abs(got[1:])) * (name in ("erf", "tanh"))).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*ERRORS, "pow", "atan2"])
def test_one_by_one_gives_the_same_bits_as_sixteen_at_a_time(name: str, kind: str) -> None:
    """Also where one of sixteen is far out and the others are near."""
    x = np.random.default_rng(0).uniform(1e-3, 0.999, 47).astype(kind)
    if name == "acosh":
        x += 1
    if name in FAR:
        x[5::7] *= np.array(1e12, kind)
        x[20] = np.inf
    given = (x, x[::-1].copy()) if name in ("pow", "atan2") else (x,)
    function = _compiled(name)
    single = np.concatenate([function(*[one[i : i + 1] for one in given]) for i in range(len(x))])
    np.testing.assert_array_equal(function(*given), single)


def _blocks(low: float, high: float, every: int = 1, size: int = 2**20) -> Iterator[Any]:
    """All positive float32 numbers from low to high in blocks of one length."""
    first, last = (int(np.array(end, np.float32).view(np.int32)) for end in (low, high))
    for start in range(first, last + 1, size * every):
        yield np.minimum(start + np.arange(size) * every, last).astype(np.int32).view(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sign", "low", "high"),
    [
        ("exp", 1, 2.0**-26, HIGHEST["float32"]),
        ("exp", -1, 2.0**-26, -LOWEST["float32"]),
        ("log", 1, 0.25, 4.0),
        ("log1p", 1, 2.0**-13, 16.0),
        ("tanh", 1, 2.0**-13, 10.0),
        ("cosh", 1, 2.0**-13, 10.0),
        ("erf", 1, 2.0**-13, 4.0),
        ("sin", 1, 2.0**-13, 100.0),
        ("tan", 1, 2.0**-13, 100.0),
        ("asin", 1, 2.0**-13, 1.0),
        ("acosh", 1, 1.0, 100.0),
    ],
)
def test_a_function_is_as_accurate_on_every_single_float(name: str, sign: int, low: float, high: float) -> None:
    function = _compiled(name)
    for x in _blocks(low, high):
        assert _errors(function(sign * x), _truth(name, [sign * x])).max() <= ERRORS[name][0]
