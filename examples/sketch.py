"""What the examples draw with: a piece of the plane as an SVG, in the coordinates of the data."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

import numpy as np

COLOURS = ("#2563eb", "#ea580c")
SHADES = ("#dbe7fd", "#fde3cf")
TEN_COLOURS = (
    "#2563eb", "#ea580c", "#16a34a", "#dc2626", "#9333ea", "#92400e", "#db2777", "#6b7280", "#a3a300", "#0891b2",
)  # fmt: skip
Point = tuple[float, float]


class Sketch:
    """The rectangle from ``low`` to ``high``; what is drawn later lies on top."""

    def __init__(self, low: Point, high: Point, size: tuple[int, int] = (480, 300)) -> None:
        self.low, self.high, self.size = low, high, size
        self.scale = size[0] / (high[0] - low[0]), size[1] / (high[1] - low[1])
        self.shapes: list[str] = []

    def place(self, point: Point) -> Point:
        """Where a point of the data lies in the drawing, whose y axis points down."""
        x, y = point
        return (x - self.low[0]) * self.scale[0], (self.high[1] - y) * self.scale[1]

    def box(self, low: Point, high: Point, colour: str) -> None:
        """A filled rectangle."""
        (left, bottom), (right, top) = self.place(low), self.place(high)
        where = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
        self.shapes.append(f'<rect {where} fill="{colour}"/>')

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
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
            f'\n<rect width="100%" height="100%" fill="#fff"/>\n{shapes}\n</svg>\n',
            encoding="utf-8",
        )
        return path


def shade(sketch: Sketch, class_of: Callable[[list[Point]], list[int]], side: float) -> None:
    """Colour the plane by the class that is predicted at the centre of each square; equal neighbours are one box."""
    (left, bottom), (right, top) = sketch.low, sketch.high
    across, up = round((right - left) / side), round((top - bottom) / side)
    for j in range(up):
        y = bottom + j * side
        classes = class_of([(left + (i + 0.5) * side, y + side / 2) for i in range(across)])
        for k, run in groupby(range(across), key=classes.__getitem__):
            places = list(run)
            sketch.box((left + places[0] * side, y), (left + (places[-1] + 1) * side, y + side), SHADES[k])


def image(sketch: Sketch, corner: Point, pixels: np.ndarray) -> None:
    """Grey values from 0 (paper) to 1 (ink), one unit wide each, from this top left corner."""
    left, top = corner
    for (row, column), ink in np.ndenumerate(pixels):
        grey = f"#{3 * f'{round(255 * (1 - ink * 0.9)):02x}'}" if ink else "#f6f7f8"
        x, y = left + column, top - row
        sketch.box((x, y - 1), (x + 1, y), grey)
