"""The exponential, the logarithm, and what is made of them, as vector code for float32 and float64.

The polynomials are the minimax ones on their intervals (Remez' exchange with 60 digits, coefficients rounded one after
another). The methods are those of the literature: W. J. Cody and W. Waite, "Software Manual for the Elementary
Functions" (1980); P. T. P. Tang, "Table-driven implementation of the expm1 function" (1992); J.-M. Muller, "Elementary
Functions" (2016). Errors are in units of the last place of the result. Numbers below the smallest normal one are 0.
"""

import numpy as np

from pente.compiler.arithmetic import Both, Number, Truth, Whole, absolute, copysign, fma, sqrt, where, whole

__all__ = ["acosh", "asinh", "atanh", "cosh", "erf", "exp", "expm1", "log", "log1p", "sinh", "tanh"]

TINY = Both(2.0**-126, 2.0**-1022)  # the smallest normal number
LOG2 = Both((0.6931472, -1.9046542e-9), (0.6931471805599453, 2.3190468138462996e-17))  # log 2, and what is left of it
HIGHEST = Both(88.72283, 709.782712893384)  # above it exp is infinite
LOWEST = Both(-87.33654, -708.3964185322641)  # below it exp is 0

# (eʳ - 1 - r) / r² for |r| ≤ ½·log 2, (log(1 + r) - r + ½r²) / r³ for √½ ≤ 1 + r ≤ √2, and, with s = √u,
# ((2·atanh(s) - 2s) / s³ - ⅔) / u for u ≤ ((√2 - 1) / (√2 + 1))².
EXP = Both(
    (0.001391765, 0.008367101, 0.041666612, 0.16666539, 0.5),
    (
        2.092545068238489e-9, 2.5109050863959395e-8, 2.755723979430409e-7, 2.7557244166030826e-6,
        2.480158736366701e-5, 0.00019841269886172963, 0.0013888888888865455, 0.00833333333332161,
        0.041666666666666706, 0.16666666666666677, 0.5,
    ),
)  # fmt: skip
_LOG = Both(
    (-0.07634716, 0.1276165, -0.13160127, 0.14201742, -0.16623361, 0.20001228, -0.2500082, 0.3333333),
    (),
)  # fmt: skip
ATANH = Both(
    (0.23419574, 0.2854709, 0.40000153),
    (
        0.13196318507538377, 0.13256818996781514, 0.1538675727185836, 0.18181784368495976, 0.22222222519907228,
        0.2857142857009965, 0.40000000000002256,
    ),
)  # fmt: skip


def exp(x: Number) -> Number:
    """2ⁿ·eʳ with x = n·log 2 + r; at most 1.1 ulp."""
    scale, r = _reduced(x)
    y = ((_rise(r) + 1.0).bits + scale).as_float(x.kind)
    return where(x < x.of(LOWEST), 0.0, where(x <= x.of(HIGHEST), y, x + np.inf))


def _reduced(x: Number) -> tuple[Whole, Number]:
    """n and r of x = n·log 2 + r, with n in the exponent's bits, as Cody and Waite reduce: n·log 2 in two parts."""
    n, places = whole(x, 1.0 / float(np.log(2.0)))
    high, low = x.of(LOG2)
    return places << x.digits, fma(n, -low, fma(n, -high, x))


def _rise(r: Number) -> Number:
    """eʳ - 1 for a small r."""
    return fma(r.polynomial(EXP), r * r, r)


def expm1(x: Number) -> Number:
    """2ⁿ·(eʳ - 1) + 2ⁿ - 1 in halves, lest 2ⁿ overflows, and x where x² is nothing beside it; at most 2 ulp."""
    scale, r = _reduced(x)
    half = _power_of_two(x, scale, -1)
    y = fma(_rise(r), half, half - 0.5) * 2.0
    y = where(x < -2.0 * x.digits, -1.0, where(x <= x.of(HIGHEST), y, x + np.inf))
    return where(absolute(x) < 2.0 ** -(x.digits + 2), x, y)


def _power_of_two(x: Number, scale: Whole, more: int) -> Number:
    """2ⁿ⁺ᵐ for numbers as x, n in the exponent's bits, m known."""
    return (scale + ((x.bias + more) << x.digits)).as_float(x.kind)


def log(x: Number) -> Number:
    """e·log 2 + log(m) with x = m·2ᵉ and √½ ≤ m ≤ √2; at most 0.9 ulp."""
    m, e, _ = parts(x)
    return _ends(x, _sum(e, m - 1.0))


def parts(x: Number) -> tuple[Number, Number, Whole]:
    """m and e of x = m·2ᵉ with m around 1, and e in the exponent's bits."""
    root = int(np.sqrt(np.asarray(0.5, x.kind)).view(f"i{x.kind.itemsize}"))
    lifted = x.bits - root
    scale = lifted & (-1 << x.digits)
    one, two = x.constant(2.0**x.digits), 2.0**x.digits + x.bias
    e = (((lifted + (x.bias << x.digits)) >> x.digits) + one.bits).as_float(x.kind) - two
    return (x.bits - scale).as_float(x.kind), e, scale


def _sum(e: Number, r: Number) -> Number:
    """e·log 2 + log(1 + r); float64 takes log(1 + r) = 2·atanh(s) with s = r / (2 + r)."""
    high, low = r.of(LOG2)
    square = r * r
    if r.kind.itemsize == 4:
        y = fma(e, low, r.polynomial(_LOG) * (square * r))
        return fma(e, high, fma(square, -0.5, y) + r)
    s, half = r / (r + 2.0), square * 0.5
    u = s * s
    tail = fma(u.polynomial(ATANH), u, 2.0 / 3.0) * u
    y = fma(s, half + tail, e * low) - half
    return fma(e, high, r + y)


def _ends(x: Number, y: Number) -> Number:
    """y = log(x) with its ends: -∞ for 0, ∞ for ∞, NaN below 0 and for NaN."""
    y = where(x < x.of(TINY), -np.inf, where(x.equals(np.inf), x, y))
    return where(x >= 0.0, y, np.nan)


def log1p(x: Number) -> Number:
    """log(u) with u = 1 + x = m·2ᵉ and m - 1 = x·2⁻ᵉ + (2⁻ᵉ - 1), which is x itself where e is 0; at most 1.5 ulp."""
    return copysign(_log1p(x), x)


def _log1p(x: Number, doubled: Truth | None = None) -> Number:
    """log(1 + x), where ``doubled`` holds log(2 + 2x), with a 0 that may have either sign."""
    u = x + 1.0
    m, e, scale = parts(u)
    inverse = (x.constant(1.0).bits - scale).as_float(x.kind)
    r = where(u > 2.0**30, m - 1.0, fma(x, inverse, inverse - 1.0))
    return _ends(u, _sum(e if doubled is None else where(doubled, e + 1.0, e), r))


def tanh(x: Number) -> Number:
    """With t = exp(2|x|) - 1 it is t / (t + 2) near 0 and 1 - 2 / (t + 2) beyond; at most 2.6 ulp."""
    size = absolute(x)
    scale, r = _reduced(size + size)
    power = _power_of_two(x, scale, 0)
    t = fma(_rise(r), power, power - 1.0)
    near = size < 0.55
    ratio = where(near, t, 2.0) / (t + 2.0)
    y = where(size > 0.5 * x.digits, 1.0, where(near, ratio, 1.0 - ratio))
    return copysign(y, x)


def sinh(x: Number) -> Number:
    """½·(t + t / (t + 1)) with t = exp(|x|) - 1, in quarters so that nothing overflows early; at most 2.5 ulp."""
    size = absolute(x)
    rest, quarter = _quarter(size)
    h = fma(rest, quarter, quarter - 0.25)
    y = (h + h / fma(h, 4.0, 1.0)) * 2.0
    y = copysign(where(size <= size.of(HIGHEST) + 1.0, y, size + np.inf), x)
    return where(size < 2.0 ** -(x.digits // 2 + 1), x, y)


def cosh(x: Number) -> Number:
    """½·(eˣ + e⁻ˣ); at most 1.6 ulp."""
    size = absolute(x)
    rest, quarter = _quarter(size)
    e = fma(rest, quarter, quarter)
    return where(size <= size.of(HIGHEST) + 1.0, fma(e, 2.0, 0.125 / e), size + np.inf)


def _quarter(x: Number) -> tuple[Number, Number]:
    """eʳ - 1 and ¼·2ⁿ."""
    scale, r = _reduced(x)
    return _rise(r), _power_of_two(x, scale, -2)


def asinh(x: Number) -> Number:
    """log(1 + a + a² / (1 + √(1 + a²))) with a = |x|, and log(2a) for a large one; at most 2 ulp."""
    a = absolute(x)
    large, square = a > 2.0**28, a * a
    w = where(large, a - 1.0, a + square / (sqrt(square + 1.0) + 1.0))
    return copysign(_log1p(w, large), x)


def acosh(x: Number) -> Number:
    """log(1 + t + √(2t + t²)) with t = x - 1, and log(2x) for a large one; at most 2.1 ulp."""
    t = x - 1.0
    large = t > 2.0**28
    y = _log1p(where(large, t, t + sqrt(fma(t, t, t + t))), large)
    return where(x >= 1.0, y, np.nan)


def atanh(x: Number) -> Number:
    """½·log(1 + 2a / (1 - a)) with a = |x|; at most 2.5 ulp."""
    a = absolute(x)
    return copysign(_log1p((a + a) / (1.0 - a)) * 0.5, x)


# 1 + log(1 - erf(x)) / x for x ≤ 3.95 and x ≤ 5.95, behind which erf is 1.
_ERF = Both(
    (
        9.386749e-6, -0.00011885348, 0.0006373445, -0.0016756554, 0.0001694937, 0.019147824, -0.102776304,
        -0.63661957, -0.12837917,
    ),
    (
        -7.834338055696853e-16, 3.8505816971658696e-14, -8.845665676708803e-13, 1.2611091061889898e-11,
        -1.2484164282366327e-10, 9.082264578538979e-10, -4.997722705725832e-9, 2.0962731103888565e-8,
        -6.573377291438108e-8, 1.4176276563425813e-7, -1.3718390511360326e-7, -3.3636173182205745e-7,
        1.7415440711032835e-6, -2.8351375147000305e-6, -3.4072667816079224e-6, 2.972404628036495e-5,
        -6.449186054271032e-5, -2.587860453711136e-5, 0.0005901255530063951, -0.001696206385775949,
        0.00020919469484785563, 0.019128447005069788, -0.10277260330178874, -0.6366197723675836,
        -0.12837916709551256,
    ),
)  # fmt: skip
_ONE = Both(3.95, 5.95)


def erf(x: Number) -> Number:
    """1 - exp(-y) with y = -log(1 - erf|x|), a polynomial times |x|; at most 2 ulp."""
    top = x.of(_ONE)
    size = absolute(x)
    size = where(size > top, top, size)
    scale, r = _reduced(fma(size.polynomial(_ERF), size, -size))
    power = _power_of_two(x, scale, 0)
    return copysign(fma(_rise(r), -power, 1.0 - power), x)
