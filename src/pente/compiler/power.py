"""xʸ as vector code, with the logarithm in two floats: the high one and what it leaves out.

The products and sums of such pairs are those of T. J. Dekker, "A floating-point technique for extending the available
precision" (1971), with a fused multiply-add for the error of a product.
"""

import numpy as np

from pente.compiler.arithmetic import Both, Number, absolute, copysign, fma, trunc, unless, where, whole
from pente.compiler.functions import ATANH, EXP, HIGHEST, LOG2, LOWEST, TINY, parts

__all__ = ["power"]

TWO_THIRDS = Both((0.6666667, -1.9868216e-8), (0.6666666666666666, 3.700743415417188e-17))

Pair = tuple[Number, Number]


def power(x: Number, y: Number) -> Number:
    """xʸ, where the common exponents 1, 2 and 3 take products, and no more if all have one of them.

    A cube is within 1.5 ulp, any other power within 1.
    """
    square = x * x
    product = where(y.equals(1.0), x, where(y.equals(2.0), square, square * x))
    plain = y.equals(1.0) | y.equals(2.0) | y.equals(3.0)
    result: Number
    (result,) = unless(plain, (product,), lambda: (where(plain, product, _any_power(x, y)),))
    return result


def _any_power(x: Number, y: Number) -> Number:
    """exp(y·log|x|) with the sign of x for an odd y, and the special cases of IEEE 754's pow."""
    size = absolute(x)
    high, low = _log(size)
    product = y * high
    result = _exp(product, fma(y, high, -product) + y * low)
    return _special(x, y, where(size.equals(1.0), 1.0, result))


def _exp(x: Number, low: Number) -> Number:
    """exp(x + low) = 2ⁿ·eʳ, where what the float r leaves out is kept, and what 1 + r leaves out.

    It is scaled in two steps, since at the ends x alone does not tell whether the result is a normal number.
    """
    n, places = whole(x, 1.0 / float(np.log(2.0)))
    first, second = x.of(LOG2)
    high = fma(n, -first, x)
    near = fma(n, -second, high)
    low = fma(n, -second, high - near) + low
    r = near + low
    left = low - (r - near)
    one = r + 1.0
    rest = fma(r.polynomial(EXP), r * r, fma(left, r, left))
    y = one + ((r - (one - 1.0)) + rest)
    grows = x > 0.0
    scaled = ((y * where(grows, x.constant(0.25), 4.0)).bits + (places << x.digits)).as_float(x.kind)
    inside = scaled * where(grows, x.constant(4.0), 0.25)
    return where(x < x.of(LOWEST) - 0.5, 0.0, where(x <= x.of(HIGHEST) + 0.5, inside, x + np.inf))


def _special(x: Number, y: Number, result: Number) -> Number:
    """Signs: a negative x wants a whole y, an odd one keeps the sign; x⁰ and 1ʸ are 1 also for NaN."""
    half = y * 0.5
    is_whole, is_even = trunc(y).equals(y), trunc(half).equals(half)
    signed = where(is_even, result, copysign(result, x))
    broken = (x < 0.0) & (x > -np.inf)
    outside = where(broken, np.nan, result)
    result = where(is_whole, signed, outside)
    return where(x.equals(1.0) | y.equals(0.0), 1.0, result)


def _log(x: Number) -> Pair:
    """log x as e·log 2 + 2·atanh(s) with s = (m - 1) / (m + 1), in two floats; its ends are infinite."""
    m, e, _ = parts(x)
    (s, s_low), (w, w_low) = _atanh_of_ratio(m - 1.0)
    high, low = x.of(LOG2)
    first = e * high
    first_low = fma(e, high, -first) + e * low
    one = first + s
    two = one + w
    rest = ((s - (one - first)) + (w - (two - one))) + (first_low + (s_low + w_low))
    total = two + rest
    left = rest - (total - two)
    total = where(x < x.of(TINY), -np.inf, where(x < np.inf, total, x))
    return total, left


def _atanh_of_ratio(r: Number) -> tuple[Pair, Pair]:
    """2s and 2·atanh(s) - 2s for s = r / (2 + r), each in two floats."""
    below = r + 2.0
    below_low = r - (below - 2.0)
    inverse = 1.0 / below
    s = r * inverse
    s_low = fma(-s, below_low, fma(-s, below, r)) * inverse
    u = s * s
    u_low = fma(s, s, -u) + (s + s) * s_low
    third, third_low = u.of(TWO_THIRDS)
    more = u.polynomial(ATANH) * u
    c = more + third
    c_low = (more - (c - third)) + third_low
    cube = s * u
    cube_low = fma(s, u, -cube) + fma(s, u_low, s_low * u)
    w = cube * c
    w_low = fma(cube, c, -w) + fma(cube, c_low, cube_low * c)
    return (s + s, s_low + s_low), (w, w_low)
