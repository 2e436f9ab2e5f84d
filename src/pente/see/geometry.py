"""Places on the drawing, in pixels; y grows downwards."""

from dataclasses import dataclass

__all__ = ["Point", "Rect", "Size", "Way"]

Point = tuple[float, float]
Size = tuple[float, float]
Way = tuple[Point, ...]
"""The points of an edge: it is level between points 0 and 1, bends to point 2, is level to point 3, and so on."""


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    def moved(self, dx: float, dy: float) -> "Rect":
        return Rect(self.x + dx, self.y + dy, self.width, self.height)
