import xml.etree.ElementTree as ET

import pytest

from pente.errors import UnknownNameError
from pente.see.description import Box, Description
from pente.see.picture import Picture
from pente.see.svg import draw_svg

SVG = draw_svg(Description((Box(0, "leaf", "a"),), (), "a < b"))


@pytest.fixture
def picture():
    return Picture(SVG, "a < b")


def test_svg_is_saved_as_it_is(picture, tmp_path):
    path = picture.save(tmp_path / "L.svg")
    assert path.read_text(encoding="utf-8") == SVG
    assert ET.parse(path).getroot().tag.endswith("svg")


def test_html_is_a_page_of_its_own(picture, tmp_path):
    page = picture.save(str(tmp_path / "L.HTML")).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert SVG in page
    assert "<title>a &lt; b</title>" in page
    assert "src=" not in page
    assert "href=" not in page


@pytest.mark.parametrize("name", ["L.png", "L", "L.svg.gz"])
def test_another_suffix_is_refused_with_those_that_work(picture, tmp_path, name):
    with pytest.raises(UnknownNameError, match=r"Known: \.html, \.svg"):
        picture.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file_and_no_other(picture, tmp_path, monkeypatch):
    path = picture.save(tmp_path / "L.svg")
    with pytest.raises(UnicodeEncodeError):
        Picture("\ud800").save(path)
    assert path.read_text(encoding="utf-8") == SVG
    assert list(tmp_path.iterdir()) == [path]


def test_a_notebook_shows_the_drawing(picture):
    assert picture._repr_svg_() == SVG
    assert SVG in picture._repr_html_()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing' to save L\.svg in"):
        Picture("<svg/>").save(tmp_path / "missing" / "L.svg")
