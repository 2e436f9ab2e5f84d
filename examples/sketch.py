"""What the examples draw with: a piece of the plane as an SVG, in the coordinates of the data."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

COLOURS = ("#2563eb", "#ea580c")
SHADES = ("#dbe7fd", "#fde3cf")
Point = tuple[float, float]


class Sketch:
    """The rectangle from ``low`` to ``high``; what is drawn later lies on top."""

    def __init__(self, low: Point, high: Point, width: int = 480) -> None:
        self.low, self.high = low, high
        self.scale = width / (high[0] - low[0])
        self.size = width, round((high[1] - low[1]) * self.scale)
        self.shapes: list[str] = []

    def place(self, point: Point) -> Point:
        """Where a point of the data lies in the drawing, whose y axis points down."""
        return (float(point[0]) - self.low[0]) * self.scale, (self.high[1] - float(point[1])) * self.scale

    def cell(self, corner: Point, side: float, colour: str) -> None:
        """A filled square; ``corner`` is its top left one."""
        x, y = self.place(corner)
        length = side * self.scale
        self.shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{length:.1f}" height="{length:.1f}" fill="{colour}"/>')

    def points(self, points: Iterable[Point], colours: Iterable[str]) -> None:
        """A dot for each point."""
        for point, colour in zip(points, colours, strict=True):
            x, y = self.place(point)
            self.shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" stroke="#fff"/>')

    def curve(self, points: Sequence[Point], colour: str) -> None:
        """A line through the points."""
        path = " ".join("{:.1f},{:.1f}".format(*self.place(point)) for point in points)
        self.shapes.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')

    def text(self, point: Point, words: str, colour: str = "#1c2026") -> None:
        """Words that are centred on the point."""
        x, y = self.place(point)
        style = f'text-anchor="middle" font-family="sans-serif" font-size="13" fill="{colour}"'
        self.shapes.append(f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>')

    def save(self, path: Path) -> Path:
        """Write the drawing as an SVG file."""
        width, height = self.size
        shapes = "\n".join(self.shapes)
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'shape-rendering="geometricPrecision">\n<rect width="100%" height="100%" fill="#fff"/>\n{shapes}\n</svg>\n',
            encoding="utf-8",
        )
        return path


def grid(low: Point, high: Point, side: float) -> list[Point]:
    """The centres of the cells that cover the rectangle."""
    across, up = (round((high[axis] - low[axis]) / side) for axis in (0, 1))
    return [(low[0] + (i + 0.5) * side, low[1] + (j + 0.5) * side) for j in range(up) for i in range(across)]


def shade(sketch: Sketch, centres: Iterable[Point], classes: Iterable[int], side: float) -> None:
    """Colour each cell by the class that was predicted at its centre."""
    for (x, y), k in zip(centres, classes, strict=True):
        sketch.cell((x - side / 2, y + side / 2), side, SHADES[k])
