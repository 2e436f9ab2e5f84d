"""The normal distribution turned around: from a probability to the number below which it lies."""

from pente import dtypes
from pente.core.tensor import Tensor
from pente.ops.elementwise import abs, divide, less_equal, log, multiply, negative, sign, sqrt, subtract, where

__all__ = ["normal_quantile"]

# M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37 (1988),
# highest power first. PPND7 is right to 7 digits, PPND16 to 16.
_PPND7 = (
    (5.9109374720e1, 1.5929113202e2, 5.0434271938e1, 3.3871327179),
    (6.7187563600e1, 7.8757757664e1, 1.7895169469e1, 1.0),
    (1.7023821103e-1, 1.3067284816, 2.7568153900, 1.4234372777),
    (1.2021132975e-1, 7.3700164250e-1, 1.0),
)
_PPND16 = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258,
     3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940, 2.05319162663775882187, 1.0),
)  # fmt: skip


def normal_quantile(q: Tensor) -> Tensor:
    """The z with Φ(z) = 1/2 + q, for floats q with 1/2 - |q| > 10⁻¹⁰.

    With s = 0.425² - q² and r = √(-log(1/2 - |q|)) - 1.6: z = q·A(s)/B(s) where |q| ≤ 0.425, else ±C(r)/D(r).
    """
    a, b, c, d = _PPND16 if q.dtype == dtypes.float64 else _PPND7
    size = abs(q)
    s = subtract(0.425 * 0.425, multiply(q, q))
    r = subtract(sqrt(negative(log(subtract(0.5, size)))), 1.6)
    middle = multiply(q, divide(_polynomial(a, s), _polynomial(b, s)))
    tail = multiply(sign(q), divide(_polynomial(c, r), _polynomial(d, r)))
    return where(less_equal(size, 0.425), middle, tail)


def _polynomial(coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    """By Horner's rule."""
    out = x * coefficients[0] + coefficients[1]
    for coefficient in coefficients[2:]:
        out = out * x + coefficient
    return out
