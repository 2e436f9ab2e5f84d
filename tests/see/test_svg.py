import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pente.errors import GraphError
from pente.see.description import Box, Description, Edge, Row
from pente.see.layers import layered
from pente.see.svg import draw_svg
from tests.see.drawings import SVG, Drawing, overlapping

SOURCE = Path(__file__).parents[2] / "src"
KINDS = ["leaf", "inner", "result", "constant", "op"]
texts = st.text(max_size=40)
readable = st.text("".join(map(chr, range(32, 127))) + "αβγδεηθλμπσφψω∂√·×−…", max_size=40)


@st.composite
def descriptions(draw, text=readable):
    """Any kinds in any order, edges from earlier to later boxes, often several between the same two."""
    n = draw(st.integers(1, 14))
    row = st.builds(Row, st.sampled_from(["value", "grad", "shape"]), text, st.booleans())
    boxes = [Box(i, draw(st.sampled_from(KINDS)), draw(text), tuple(draw(st.lists(row, max_size=3)))) for i in range(n)]
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda pair: pair[0] < pair[1])
    edges = [Edge(*pair, order=draw(st.integers(0, 1))) for pair in draw(st.lists(pairs, max_size=20))] if n > 1 else []
    return Description(tuple(boxes), tuple(edges), draw(text))


def value(i, kind, name, data, grad):
    return Box(i, kind, name, (Row("value", data), Row("grad", grad, gradient=True)))


def chain_rule():
    """L = (a·b + c)·f."""
    boxes = (
        value(0, "leaf", "a", "2.0", "6.0"),
        value(1, "leaf", "b", "−3.0", "−4.0"),
        Box(2, "op", "×"),
        value(3, "inner", "e", "−6.0", "−2.0"),
        value(4, "leaf", "c", "10.0", "−2.0"),
        Box(5, "op", "+"),
        value(6, "inner", "d", "4.0", "−2.0"),
        value(7, "leaf", "f", "−2.0", "4.0"),
        Box(8, "op", "×"),
        value(9, "result", "L", "−8.0", "1.0"),
    )
    pairs = [(0, 2), (1, 2), (2, 3), (3, 5), (4, 5), (5, 6), (6, 8), (7, 8), (8, 9)]
    return Description(boxes, tuple(Edge(*pair) for pair in pairs), "L = (a·b + c)·f")


def test_every_box_shows_its_name_and_its_rows():
    drawing = Drawing(draw_svg(chain_rule()))
    shown = [[text.text for text in box.texts] for box in drawing.boxes if box.kind != "op"]
    assert shown[0] == ["a", "value", "2.0", "grad", "6.0"]
    assert shown[-1] == ["L", "value", "−8.0", "grad", "1.0"]
    assert [box.texts[0].text for box in drawing.boxes if box.kind == "op"] == ["×", "+", "×"]
    assert [text.text for text in drawing.caption] == ["L = (a·b + c)·f"]


def test_gradients_have_a_colour_of_their_own():
    drawing = Drawing(draw_svg(chain_rule()))
    assert [t.text for t in drawing.boxes[0].texts if t.role == "gradient"] == ["6.0"]


def test_the_drawing_is_accessible_and_needs_nothing_from_elsewhere():
    svg = draw_svg(chain_rule())
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "L = (a·b + c)·f"
    assert "prefers-color-scheme:dark" in root.find(f"{SVG}style").text
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert len(svg) < 8_000


TANGLE = """
from pente.see.description import Box, Description, Edge
from pente.see.svg import draw_svg
boxes = tuple(Box(i, "leaf", f"x{i}") for i in range(40))
edges = tuple(Edge(i * i % j, j) for j in range(1, 40) for i in (1, j // 2, j + 3))
print(draw_svg(Description(boxes, edges)))
"""


def test_every_process_draws_the_same_bytes():
    def run(seed):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(SOURCE), "PYTHONUTF8": "1"}
        return subprocess.run([sys.executable, "-c", TANGLE], env=environment, capture_output=True, check=True).stdout

    assert run("1") == run("2")


def test_a_value_used_twice_by_one_op_has_two_edges_apart():
    boxes = (value(0, "leaf", "a", "3.0", "2.0"), Box(1, "op", "+"), value(2, "result", "b", "6.0", "1.0"))
    upper, lower, _ = Drawing(draw_svg(Description(boxes, (Edge(0, 1), Edge(0, 1), Edge(1, 2))))).curves
    assert np.all(lower[:, 1] - upper[:, 1] > 6)


def test_arguments_with_an_order_arrive_in_it_from_top_to_bottom():
    for order in [(0, 1), (1, 0)]:
        edges = (Edge(0, 2, order[0]), Edge(1, 2, order[1]), Edge(2, 3))
        boxes = (Box(0, "leaf", "a"), Box(1, "leaf", "b"), Box(2, "op", "−"), Box(3, "result", "c"))
        a, b, _ = Drawing(draw_svg(Description(boxes, edges))).curves
        assert (a[-1, 1] < b[-1, 1]) == (order[0] < order[1])


@given(descriptions())
def test_boxes_never_overlap_and_lie_inside_the_drawing(description):
    drawing = Drawing(draw_svg(description))
    assert overlapping(drawing.boxes) == []
    assert len(drawing.boxes) == len(description.boxes)
    for box in drawing.boxes:
        assert 0 < box.left < box.right < drawing.width
        assert 0 < box.top < box.bottom < drawing.height


@given(descriptions())
def test_edges_run_from_box_to_box_and_cross_none(description):
    drawing = Drawing(draw_svg(description))
    for edge, curve in zip(description.edges, drawing.curves, strict=True):
        source, target = drawing.boxes[edge.source], drawing.boxes[edge.target]
        assert source.left < curve[0, 0] <= source.right + 0.15  # both are rounded to tenths
        assert target.left - 1 <= curve[:, 0].max() < target.right
        for i, box in enumerate(drawing.boxes):
            if i not in (edge.source, edge.target):
                inside = (curve > [box.left, box.top]) & (curve < [box.right, box.bottom])
                assert not inside.all(axis=1).any()


@given(descriptions())
def test_text_stays_inside_its_box_in_the_widest_font(description):
    for box in Drawing(draw_svg(description)).boxes:
        for text in box.texts:
            assert text.left >= 0
            assert text.right <= box.right - box.left
            assert text.baseline <= box.bottom - box.top


@given(descriptions(text=texts))
def test_any_text_leaves_the_drawing_well_formed(description):
    drawing = Drawing(draw_svg(description))
    assert len(drawing.curves) == len(description.edges)


def test_markup_in_a_name_is_text():
    name = "<script>alert('x')</script>&\"\x00"
    svg = draw_svg(Description((Box(0, "leaf", name, (), note=name),), (), name))
    assert "<script" not in svg
    assert ET.fromstring(svg).find(f"{SVG}title").text == name.replace("\x00", "\ufffd")


def test_a_single_box_and_none_at_all_are_drawings():
    assert len(Drawing(draw_svg(Description((Box(0, "leaf", "a"),)))).boxes) == 1
    assert Drawing(draw_svg(Description(()))).boxes == []


def test_unconnected_parts_are_packed_and_not_in_one_line():
    drawing = Drawing(draw_svg(Description(tuple(Box(i, "leaf", f"x{i}") for i in range(100)))))
    assert drawing.width < 4 * drawing.height < 16 * drawing.width
    assert overlapping(drawing.boxes) == []


def test_two_thousand_boxes_are_drawn_without_overlap():
    rng = np.random.default_rng(0)
    boxes = tuple(value(i, "inner", f"x{i}", "1.0", "2.0") for i in range(2000))
    edges = tuple(Edge(int(rng.integers(max(0, i - 30), i)), i) for i in range(1, 2000) for _ in range(2))
    drawing = Drawing(draw_svg(Description(boxes, edges)))
    assert len(drawing.boxes) == 2000
    assert overlapping(drawing.boxes) == []


def test_a_very_deep_graph_is_laid_out_and_a_tangled_one_refused():
    chain = [(i, i + 1) for i in range(20_000)]
    (part,) = layered(range(20_001), chain, 100.0, 14.0)
    assert part.column == {i: i for i in range(20_001)}
    with pytest.raises(GraphError, match="Draw a part of it"):
        layered(range(20_001), chain + [(0, i) for i in range(2, 20_001)], 100.0, 14.0)


@given(st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)).filter(lambda pair: pair[0] < pair[1]), max_size=60))
def test_each_link_passes_every_column_between_its_ends(links):
    parts = layered(range(25), links, 100.0, 14.0)
    assert sorted(v for part in parts for v in part.column if v >= 0) == list(range(25))
    assert {link for part in parts for link in part.bends} == set(links)
    for part in parts:
        for (tail, head), bends in part.bends.items():
            columns = [part.column[v] for v in (tail, *bends, head)]
            assert columns == list(range(columns[0], columns[-1] + 1))


@pytest.mark.parametrize(
    ("boxes", "edges", "message"),
    [
        ((Box(0, "leaf"), Box(0, "leaf")), (), "0 is given twice"),
        ((Box(0, "leaf"),), (Edge(0, 7),), "ends at 7"),
        ((Box(0, "leaf"), Box(1, "leaf")), (Edge(0, 1), Edge(1, 0)), "come back"),
        ((Box(0, "leaf"),), (Edge(0, 0),), "come back"),
    ],
)
def test_a_description_that_cannot_be_drawn_says_why(boxes, edges, message):
    with pytest.raises(GraphError, match=message):
        Description(boxes, edges)
