"""Reading a drawing back: the boxes, the edges and the texts of an SVG, with their places."""

import re
from dataclasses import dataclass
from functools import cache
from xml.etree.ElementTree import Element, fromstring

import numpy as np
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

SVG = "{http://www.w3.org/2000/svg}"
FONTS = {  # matplotlib brings DejaVu, the widest of the common fonts
    "name": (font_manager.findfont("DejaVu Serif:style=italic"), 19.0),
    "caption": (font_manager.findfont("DejaVu Serif:style=italic"), 17.0),
    "gradient": (font_manager.findfont("DejaVu Sans:bold"), 12.5),
}
SANS = (font_manager.findfont("DejaVu Sans"), 12.5)


@dataclass(frozen=True)
class Text:
    role: str
    text: str
    x: float
    baseline: float

    @property
    def left(self) -> float:
        return self.x - self.width * {"number": 1, "gradient": 1, "symbol": 0.5, "word": 0.5}.get(self.role, 0)

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def width(self) -> float:
        font = font_of(self.role)
        font.set_text(self.text)
        return font.get_width_height()[0] / 64


@dataclass(frozen=True)
class Frame:
    kind: str
    left: float
    top: float
    right: float
    bottom: float
    texts: tuple[Text, ...]

    def overlaps(self, other, slack=0.0):
        return (
            self.left < other.right - slack
            and other.left < self.right - slack
            and self.top < other.bottom - slack
            and other.top < self.bottom - slack
        )


class Drawing:
    def __init__(self, svg: str) -> None:
        self.root = fromstring(svg)
        _, _, self.width, self.height = map(float, self.root.get("viewBox").split())
        self.caption = [text_of(e) for e in self.root.findall(f"{SVG}text")]
        (inside,) = self.root.findall(f"{SVG}g")
        self.shift = shift_of(inside)
        self.boxes = [self.box(g) for g in inside.findall(f"{SVG}g")]
        self.curves = [points_of(path.get("d")) + self.shift for path in inside.findall(f"{SVG}path")]

    def box(self, group: Element) -> Frame:
        x, y = self.shift + shift_of(group)
        rect = group.find(f"{SVG}rect")
        texts = tuple(text_of(e) for e in group.findall(f"{SVG}text"))
        return Frame(group.get("class"), x, y, x + float(rect.get("width")), y + float(rect.get("height")), texts)


def text_of(element: Element) -> Text:
    return Text(element.get("class"), element.text or "", float(element.get("x")), float(element.get("y")))


@cache
def font_of(role: str) -> FT2Font:
    path, size = FONTS.get(role, SANS)
    font = FT2Font(path)
    font.set_size(size, 72)
    return font


def shift_of(element: Element) -> np.ndarray:
    return np.array([float(n) for n in re.findall(r"[-\d.]+", element.get("transform"))])


def points_of(path: str) -> np.ndarray:
    """Many points along a path of M, L and C."""
    points: list[np.ndarray] = []
    for letter, numbers in re.findall(r"([MLC])([^MLC]*)", path):
        corners = np.array([float(n) for n in numbers.split()]).reshape(-1, 2)
        t = np.linspace(0, 1, 25)[:, None]
        if letter == "M":
            points.append(corners)
        elif letter == "L":
            points.append((1 - t) * points[-1][-1] + t * corners[0])
        else:
            a, (b, c, d) = points[-1][-1], corners
            points.append((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d)
    return np.concatenate(points)


def overlapping(boxes: list[Frame]) -> list[tuple[Frame, Frame]]:
    """Pairs that overlap, found by a sweep from left to right."""
    found, active = [], []
    for box in sorted(boxes, key=lambda b: b.left):
        active = [other for other in active if other.right > box.left]
        found += [(other, box) for other in active if other.overlaps(box)]
        active.append(box)
    return found
