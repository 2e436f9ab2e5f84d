"""Seeing: the graph as a picture, the derivative as a formula."""

from pente.see.draw import draw
from pente.see.explain import Explanation, explain
from pente.see.picture import Picture

__all__ = ["Explanation", "Picture", "draw", "explain"]
