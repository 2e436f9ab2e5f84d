"""x = n·½π + r with |r| ≤ ¼π, for all x.

Up to a limit ½π is taken in three parts, each as long as a float (W. J. Cody and W. Waite, "Software Manual for the
Elementary Functions", 1980). Beyond it x·2/π is computed modulo 4 in integers, from those bits of 2/π that matter there
(M. H. Payne and R. N. Hanek, "Radian reduction for trigonometric functions", 1983): lane by lane, in a branch that is
taken only where a vector has such a number, and of integer instructions that give the same bits everywhere.
"""

from itertools import pairwise

import numpy as np

from pente.compiler.arithmetic import Both, Number, Truth, Whole, absolute, fma, unless, where, whole
from pente.compiler.lanes import Lanes

__all__ = ["reduced"]

PARTS = Both(
    (1.5707963, 7.5497894e-8, 5.390303e-15),
    (1.5707963267948966, 6.123233995736765e-17, 1.082856673921914e-32),
)  # of ½π, each rounded down: with positive parts r keeps the sign of a 0
LIMIT = Both(2.0**17, 2.0**30)  # for n·½π to lose nothing, and for r to stay near ¼π
DOUBLE = np.dtype(np.float64)

Result = tuple[Number, Whole]

# 64 zeros, then the bits of 2/π.
TWO_OVER_PI = [
    0x0000000000000000, 0xA2F9836E4E441529, 0xFC2757D1F534DDC0, 0xDB6295993C439041, 0xFE5163ABDEBBC561,
    0xB7246E3A424DD2E0, 0x06492EEA09D1921C, 0xFE1DEB1CB129A73E, 0xE88235F52EBB4484, 0xE99C7026B45F7E41,
    0x3991D639835339F4, 0x9C845F8BBDF9283B, 0x1FF897FFDE05980F, 0xEF2F118B5A0A6D1F, 0x6D367ECF27CB09B7,
    0x4F463F669E5FEA2D, 0x7527BAC7EBE5F17B, 0x3D0739F78A5292EA, 0x6BFB5FB11F8D5D08, 0x56033046FC7B6BAB,
]  # fmt: skip


def reduced(x: Number) -> tuple[Number, Whole]:
    """r, and n in the two lowest bits of an integer; NaN for what is not finite."""
    near = absolute(x) <= x.of(LIMIT)
    held = where(near, x, 0.0)
    n, places = whole(held, 2.0 / np.pi)
    r = held
    for part in x.of(PARTS):
        r = fma(n, -part, r)
    r, places = unless(near, (r, places), lambda: _all_far(x, near, r, places))
    return r, places


def _all_far(x: Number, near: Truth, r: Number, n: Whole) -> Result:
    """The same lane by lane for those that are far, and NaN for what is not finite."""
    one, to = Lanes(x.lanes.to, 1), x.lanes.to

    def lane(i: str, carried: list[str]) -> list[str]:
        own = Number(one, x.kind, to.put(f"extractelement {x.full} {x.name}, i64 {i}"))
        own_r, own_n = _payne_hanek(own)
        return [
            to.put(f"insertelement {r.full} {carried[0]}, {r.plain} {own_r.name}, i64 {i}"),
            to.put(f"insertelement {n.full} {carried[1]}, {n.plain} {own_n.name}, i64 {i}"),
        ]

    if x.lanes.width == 1:
        found, turns = _payne_hanek(x)
    else:
        names = to.loop("0", str(x.lanes.width), 1, lane, [(r.full, r.name), (n.full, n.name)])
        found, turns = r.made(names[0]), n.made(names[1])
    found = where(absolute(x) < np.inf, found, np.nan)
    return where(near, r, found), n.made(x.lanes.select(n.plain, near.name, n.name, turns.name))


def _payne_hanek(x: Number) -> Result:
    """r and n of one number from x = ±m·2ᵉ and the 192 bits of 2/π that matter to m·2ᵉ·2/π modulo 4.

    With W these bits as an integer, the product is m·W·2⁻¹⁹⁰ modulo 4; its highest 128 bits are a rounded n and a
    fraction f, as 2¹²⁶·(n + f), and r is f·½π.
    """
    bits = x.cast(DOUBLE).bits
    m = ((bits & (2**52 - 1)) | 2**52).resized("i128")
    w2, w1, w0 = (word.resized("i128") for word in _window(((bits >> 52) & 2047) + (64 - 1077)))
    turns = ((m * w2) << 64) + (m * w1) + ((m * w0) >> 64)
    n = (turns + 2**125) >> 126
    f = turns - (n << 126)
    sign = f.spread_sign()
    size = (f ^ sign) - sign
    high, low = (part.resized("i64").rounded(DOUBLE) for part in (size >> 73, (size >> 10) & (2**63 - 1)))
    first, second, _ = (part * 2.0**-53 for part in PARTS.double)
    r = fma(high, first, fma(high, second, low * (first * 2.0**-63)))
    return _signed(x, r, n.resized("i64"), sign.resized("i64"))


def _signed(x: Number, r: Number, n: Whole, sign: Whole) -> Result:
    """Both for x itself, from those of |x| and the sign of r."""
    own = x.cast(DOUBLE).bits.spread_sign()
    turned = (r.bits ^ ((own ^ sign) & (-1 << 63))).as_float(DOUBLE)
    return turned.cast(x.kind), ((n ^ own) - own).resized(x.bits.plain)


def _window(first: Whole) -> list[Whole]:
    """192 bits of the table from this one on, as three words."""
    to = first.lanes.to
    to.declare("i64 @llvm.smax.i64(i64, i64)")
    to.declare("i64 @llvm.fshl.i64(i64, i64, i64)")
    place = first.made(to.put(f"call i64 @llvm.smax.i64(i64 {first.name}, i64 0)"))
    table = f"<{len(TWO_OVER_PI)} x i64> <" + ", ".join(f"i64 {word}" for word in TWO_OVER_PI) + ">"
    words = [to.put(f"extractelement {table}, i64 {((place >> 6) + i).name}") for i in range(4)]
    shift = "call i64 @llvm.fshl.i64(i64 {}, i64 {}, i64 {})"
    return [first.made(to.put(shift.format(*pair, place.name))) for pair in pairwise(words)]
