"""Numbers as people read them: short, and no shorter than they are true."""

__all__ = ["number"]

DIGITS = 5


def number(x: complex, minus: str = "−") -> str:
    """A number in five significant digits, or four below one; a whole float keeps its ``.0``, extremes are scientific.

    >>> number(-8.0), number(0.1 + 0.2), number(1234567.0), number(3e-9), number(float("-inf")), number(7)
    ('−8.0', '0.3', '1.2346e6', '3e−9', '−inf', '7')
    """
    if isinstance(x, bool):
        return str(x)
    text = _int(x) if isinstance(x, int) else _float(x) if isinstance(x, float) else _complex(x)
    return text.replace("-", minus)


def _int(x: int) -> str:
    return str(x) if abs(x) < 10 ** (DIGITS + 2) else _float(float(x))


def _float(x: float) -> str:
    digits = DIGITS if abs(x) >= 1 else DIGITS - 1
    mantissa, _, exponent = format(x, f".{digits}g").partition("e")
    if exponent:
        return f"{mantissa}e{int(exponent)}"
    return mantissa + ".0" * (x.is_integer() and "." not in mantissa)


def _complex(x: complex) -> str:
    sign = "-" if format(x.imag, "g").startswith("-") else "+"
    return f"{_float(x.real)} {sign} {_float(abs(x.imag))}i"
