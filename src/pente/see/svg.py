"""A description and its layout, written as SVG."""

import re
from math import ceil
from xml.etree.ElementTree import Element, SubElement, tostring

from pente.see.description import Box, Description
from pente.see.geometry import Point, Rect, Size, Way
from pente.see.layout import arrange
from pente.see.style import CSS
from pente.see.textwidth import shortened, text_width

__all__ = ["box_size", "draw_svg"]

MARGIN = 26.0
CAPTION_LINE = 34.0
PADDING = 13.0
NAME, CAPTION, TEXT = 19.0, 17.0, 12.5  # the type sizes of the style sheet
NAME_LINE, ROW_LINE = 26.0, 19.0
LEAST_WIDTH, WIDTH_STEP = 118.0, 14.0  # boxes come in a few widths, which is calmer than as many as there are numbers
BETWEEN = 18.0  # a row's label and its number
OP_HEIGHT, CONSTANT_HEIGHT = 32.0, 26.0
LONGEST = 28  # characters of a name or a number; the note under the pointer has them all
SPOKEN = 40  # boxes
TIP = 4.0
FLAT = 0.05  # less than this is not seen


def draw_svg(description: Description) -> str:
    """The drawing as one SVG document."""
    layout = arrange(description, {box.id: box_size(box) for box in description.boxes})
    top = MARGIN + CAPTION_LINE * bool(description.title)
    width = max(layout.width, text_width(_clean(description.title), CAPTION)) + 2 * MARGIN
    root = _root(description, width, layout.height + top + MARGIN)
    drawing = SubElement(root, "g", transform=_translate(MARGIN, top))
    ops = {box.id for box in description.boxes if box.kind == "op"}
    for edge, way in zip(description.edges, layout.ways, strict=True):
        # Into an op no tip is needed, and two tips on one small circle would be a thicket.
        path = _path(way) if edge.target in ops else _path(way) + _tip(way[-1])
        SubElement(drawing, "path", {"class": "edge", "d": path})
    for box in description.boxes:
        _draw_box(drawing, box, layout.rects[box.id])
    return tostring(root, encoding="unicode") + "\n"


def box_size(box: Box) -> Size:
    """The width and height that a box needs for its text."""
    if box.kind in ("op", "constant"):
        height = OP_HEIGHT if box.kind == "op" else CONSTANT_HEIGHT
        return (height if len(box.name) == 1 else text_width(_fit(box.name), TEXT) + 2 * PADDING), height
    rows = [
        text_width(row.label, TEXT) + BETWEEN + text_width(_fit(row.text), TEXT, bold=row.gradient) for row in box.rows
    ]
    needed = max([text_width(_fit(box.name), NAME), *rows]) + 2 * PADDING
    steps = max(0, ceil((needed - LEAST_WIDTH) / WIDTH_STEP))
    return LEAST_WIDTH + steps * WIDTH_STEP, _header(box) + ROW_LINE * len(box.rows) + PADDING * 0.8


def _header(box: Box) -> float:
    return NAME_LINE + 3.0 if box.name else PADDING * 0.6


def _root(description: Description, width: float, height: float) -> Element:
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    root.set("class", "pente")
    root.set("viewBox", f"0 0 {_short(width)} {_short(height)}")
    root.set("width", _short(width))
    root.set("height", _short(height))
    root.set("style", "max-width:100%;height:auto")
    SubElement(root, "title").text = _clean(description.title) or "Computation graph"
    SubElement(root, "desc").text = _clean(_in_words(description))
    SubElement(root, "style").text = CSS
    card = {"class": "card", "x": ".5", "y": ".5", "width": _short(width - 1), "height": _short(height - 1), "rx": "12"}
    SubElement(root, "rect", card)
    if description.title:
        _text(root, "caption", (MARGIN, MARGIN + 8), description.title)
    return root


def _in_words(description: Description) -> str:
    """What a screen reader says of the drawing; of a large one only the results, for nobody listens to thousands."""
    boxes = [box for box in description.boxes if box.rows and box.name]
    shown = boxes if len(boxes) <= SPOKEN else [box for box in boxes if box.kind == "result"]
    return "; ".join(f"{box.name}: " + ", ".join(f"{row.label} {row.text}" for row in box.rows) for box in shown)


def _draw_box(parent: Element, box: Box, rect: Rect) -> None:
    group = SubElement(parent, "g", {"class": box.kind, "transform": _translate(rect.x, rect.y)})
    if box.note:
        SubElement(group, "title").text = _clean(box.note)
    radius = rect.height / 2 if box.kind == "op" else 8.0
    SubElement(group, "rect", width=_short(rect.width), height=_short(rect.height), rx=_short(radius))
    if box.kind in ("op", "constant"):
        symbol = box.kind == "op" and len(box.name) == 1
        middle = (rect.width / 2, rect.height / 2 + (5.5 if symbol else 4.3))
        _text(group, "symbol" if symbol else "word", middle, _fit(box.name))
    else:
        _draw_rows(group, box, rect.width)


def _draw_rows(group: Element, box: Box, width: float) -> None:
    if box.name:
        _text(group, "name", (PADDING, NAME_LINE - 3.0), _fit(box.name))
    for i, row in enumerate(box.rows):
        line = _header(box) + (i + 0.75) * ROW_LINE
        _text(group, "key", (PADDING, line), row.label)
        _text(group, "gradient" if row.gradient else "number", (width - PADDING, line), _fit(row.text))


def _text(parent: Element, role: str, place: Point, text: str) -> None:
    SubElement(parent, "text", {"class": role, "x": _short(place[0]), "y": _short(place[1])}).text = _clean(text)


def _path(way: Way) -> str:
    """Cubic curves that are level at both ends, and straight stretches between them."""
    path, here = f"M{_pair(way[0])}", way[0]
    for x, y in way[1:]:
        if abs(y - here[1]) > FLAT:
            middle = (here[0] + x) / 2
            path += f"C{_pair((middle, here[1]))} {_pair((middle, y))} {_pair((x, y))}"
        elif x - here[0] > FLAT:
            path += f"L{_pair((x, y))}"
        here = x, y
    return path


def _tip(end: Point) -> str:
    x, y = end[0] - 0.75, end[1]
    return f"M{_pair((x - TIP, y - TIP))}L{_pair((x, y))}L{_pair((x - TIP, y + TIP))}"


def _translate(x: float, y: float) -> str:
    return f"translate({_pair((x, y))})"


def _pair(point: Point) -> str:
    return f"{_short(point[0])} {_short(point[1])}"


def _short(number: float) -> str:
    return f"{round(number, 1) + 0.0:g}"


def _fit(text: str) -> str:
    return shortened(_clean(text), LONGEST)


# XML 1.0 has no place for these characters, not even escaped.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", " ".join(text.split()))
