"""The door to drawing."""

from typing import Any

from pente.see.describe import describe
from pente.see.picture import Picture
from pente.see.svg import draw_svg

__all__ = ["draw"]


def draw(x: Any) -> Picture:
    """The graph that made ``x``, as a picture with the value and the gradient of every node.

    >>> import pente
    >>> a, b = pente.Value(2.0, name="a"), pente.Value(-3.0, name="b")
    >>> L = (a * b).named("L")
    >>> L.backward()
    >>> pente.draw(L)
    Picture('L = a · b'): shows itself in a notebook; keep it with .save("picture.svg")
    """
    description = describe(x)
    return Picture(draw_svg(description), description.title)
