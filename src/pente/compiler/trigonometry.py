"""Sine, cosine, tangent and the functions that undo them, as vector code for float32 and float64.

The polynomials are the minimax ones on their intervals (Remez' exchange with 60 digits, coefficients rounded one after
another). Errors are in units of the last place of the result. Numbers below the smallest normal one are 0.
"""

from pente.compiler.arithmetic import Both, Number, Whole, absolute, copysign, fma, sqrt, where
from pente.compiler.quadrants import reduced

__all__ = ["acos", "asin", "atan", "atan2", "cos", "sin", "tan"]

QUARTER = Both((1.5707964, -4.371139e-8), (1.5707963267948966, 6.123233995736766e-17))  # ½π, and what is left of it

# (sin r - r) / r³ and (cos r - 1 + ½r²) / r⁴ for |r| ≤ ¼π, (atan t - t) / t³ for t ≤ 1, (asin t - t) / t³ for t ≤ ½:
# all of the square.
_SIN = Both(
    (-0.00019507889, 0.008332106, -0.16666654),
    (
        1.5895433001050482e-10, -2.5050734385862254e-8, 2.7557313538502477e-6, -0.00019841269829358517,
        0.00833333333332184, -0.1666666666666663,
    ),
)  # fmt: skip
_COS = Both(
    (2.4430978e-5, -0.0013887302, 0.041666646),
    (
        -1.1358732560291471e-11, 2.087570511198147e-9, -2.755731421528539e-7, 2.480158728899746e-5,
        -0.0013888888888873338, 0.041666666666666595,
    ),
)  # fmt: skip
_ATAN = Both(
    (
        -0.0018122757, 0.010979207, -0.031259857, 0.05799938, -0.08403563, 0.10951545, -0.14264043, 0.1999853,
        -0.333333,
    ),
    (
        -8.663141958431882e-6, 0.00010396766443328795, -0.0005933704973952753, 0.0021530561477706655,
        -0.005615508610598932, 0.011322516316093038, -0.018619957780217106, 0.02615695280388719,
        -0.03278923997541327, 0.03821223635495153, -0.042864889595934874, 0.04744961053273525, -0.05259443550095063,
        0.058817182675305564, -0.0666658407124981, 0.07692299754438879, -0.09090908550998009, 0.11111111086670616,
        -0.14285714285044976, 0.19999999999990617, -0.33333333333333287,
    ),
)  # fmt: skip
_ASIN = Both(
    (0.042158313, 0.024184778, 0.04546915, 0.074953094, 0.16666752),
    (
        0.03262641118144292, -0.02099535970921478, 0.02170469615330735, 0.0037076039068564587, 0.01077991614979967,
        0.011398976623600445, 0.013980812025184695, 0.01735161279354563, 0.022372214939142585, 0.030381942709757026,
        0.0446428571745629, 0.07499999999970865, 0.1666666666666676,
    ),
)  # fmt: skip


def sin(x: Number) -> Number:
    """±sin r or ±cos r with x = n·½π + r; at most 1.7 ulp."""
    r, n = reduced(x)
    s, c = _both(r)
    return _turned(where((n & 1).equals(0), s, c), n)


def cos(x: Number) -> Number:
    """±cos r or ±sin r with x = n·½π + r; at most 1.7 ulp."""
    r, n = reduced(x)
    s, c = _both(r)
    return _turned(where((n & 1).equals(0), c, s), n + 1)


def tan(x: Number) -> Number:
    """sin r / cos r or -cos r / sin r with x = n·½π + r; at most 4 ulp."""
    r, n = reduced(x)
    s, c = _both(r)
    even = (n & 1).equals(0)
    return _turned(where(even, s, c) / where(even, c, s), n + n)


def _both(r: Number) -> tuple[Number, Number]:
    """sin r and cos r for |r| ≤ ¼π."""
    u = r * r
    s = copysign(fma(u.polynomial(_SIN), u * r, r), r)
    c = fma(u.polynomial(_COS), u * u, fma(u, -0.5, 1.0))
    return s, c


def _turned(y: Number, n: Whole) -> Number:
    """-y where the second bit of n is set, else y."""
    places = 8 * y.kind.itemsize - 2
    return (y.bits ^ ((n & 2) << places)).as_float(y.kind)


def atan(x: Number) -> Number:
    """A polynomial of |x| or, above 1, ½π less one of 1 / |x|; at most 1.5 ulp."""
    size = absolute(x)
    above = size > 1.0
    y = _arc(where(above, 1.0, size) / where(above, size, 1.0))
    return copysign(where(above, _from(y, 1.0), y), x)


def atan2(y: Number, x: Number) -> Number:
    """The angle of (x, y), from the smaller of |x| and |y| over the larger; at most 2 ulp."""
    height, width = absolute(y), absolute(x)
    above = height > width
    low, high = where(above, width, height), where(above, height, width)
    ratio = where(low.equals(high), 1.0, low / high)  # two infinities
    angle = _arc(where(high.equals(0.0), low, ratio))
    angle = where(above, _from(angle, 1.0), angle)
    back = copysign(x.constant(1.0), x) < 0.0
    angle = where(back, _from(angle, 2.0), angle)
    return copysign(angle, y)


def _arc(t: Number) -> Number:
    """atan t for 0 ≤ t ≤ 1."""
    u = t * t
    return fma(u.polynomial(_ATAN), u * t, t)


def _from(y: Number, quarters: float) -> Number:
    """So many times ½π, less y."""
    high, low = (quarters * float(part) for part in y.of(QUARTER))
    return high - (y - low)


def asin(x: Number) -> Number:
    """A polynomial of |x| up to ½, above it ½π - 2·asin √(½(1 - |x|)); at most 2.5 ulp."""
    size = absolute(x)
    y = _half_angle(size)
    return copysign(where(size > 0.5, _from(y + y, 1.0), y), x)


def acos(x: Number) -> Number:
    """½π - asin x up to ½, above it 2·asin √(½(1 - |x|)), and π less that for negative x; at most 1.5 ulp."""
    size = absolute(x)
    y = _half_angle(size)
    far = where(x < 0.0, _from(y + y, 2.0), y + y)
    return where(size > 0.5, far, _from(copysign(y, x), 1.0))


def _half_angle(size: Number) -> Number:
    """asin of |x| up to ½, and of √(½(1 - |x|)) above."""
    far = size > 0.5
    half = fma(size, -0.5, 0.5)
    t, u = where(far, sqrt(half), size), where(far, half, size * size)
    return fma(u.polynomial(_ASIN), u * t, t)
