"""Plain shapes that stand alone, on drawn pages: they are no letters, whatever a network makes of them."""

import cv2
import numpy as np
import pytest

from mangaclean import plain, regions
from mangaclean.config import SegmentConfig
from mangaclean.types import Box, Finding, Image, Line, Mask
from tests import drawn

CFG = SegmentConfig(keep=("other",))


def _page(*draw: str) -> tuple[Image, Mask]:
    """A page of art with marks on it, and where they are."""
    image = drawn.page(400, 400, tone=160)
    drawn.hatched(image, 40)
    blank = image.copy()
    for what in draw:
        if what == "bar":
            cv2.line(image, (200, 180), (230, 240), (0, 0, 0), 12)
        elif what == "outlined bar":
            cv2.line(image, (200, 180), (230, 240), (0, 0, 0), 18)
            cv2.line(image, (200, 180), (230, 240), (255, 255, 255), 10)
        elif what == "ring":
            cv2.ellipse(image, (215, 210), (30, 18), 10, 0, 360, (255, 255, 255), -1)
            cv2.ellipse(image, (215, 210), (30, 18), 10, 0, 360, (0, 0, 0), 4)
        elif what == "cross":
            cv2.line(image, (185, 210), (245, 205), (0, 0, 0), 10)
            cv2.line(image, (212, 180), (216, 240), (0, 0, 0), 10)
        elif what == "rimmed letters":
            cv2.rectangle(image, (180, 180), (250, 240), (255, 255, 255), -1)
            for left in (188, 212, 236):
                cv2.rectangle(image, (left, 188), (left + 6, 232), (0, 0, 0), -1)
        elif what == "letters on a plate":
            cv2.rectangle(image, (180, 180), (250, 240), (0, 0, 0), -1)
            for left in (190, 214, 238):
                cv2.rectangle(image, (left, 190), (left + 4, 230), (255, 255, 255), -1)
        elif what == "!":
            cv2.rectangle(image, (209, 160), (221, 232), (0, 0, 0), -1)
            cv2.circle(image, (215, 243), 6, (0, 0, 0), -1)
        elif what == "corner":
            cv2.line(image, (185, 185), (245, 185), (0, 0, 0), 12)
            cv2.line(image, (245, 185), (245, 240), (0, 0, 0), 12)
        elif what == "bar beside":
            cv2.line(image, (300, 180), (300, 240), (0, 0, 0), 12)
        elif what == "bar beyond":
            cv2.line(image, (350, 180), (350, 240), (0, 0, 0), 12)
        elif what == "bar far off":
            cv2.line(image, (60, 60), (80, 120), (0, 0, 0), 12)
    return image, (image != blank).any(2)


def _kinds(image: Image, marks: Mask) -> list[str]:
    seen, none = np.where(marks, np.uint8(230), np.uint8(0)), np.zeros(marks.shape, np.uint8)
    return sorted(region.kind for region in regions.detect(image, Finding((), none, seen, none), CFG).regions)


@pytest.mark.parametrize("what", ["bar", "outlined bar", "ring"])
def test_a_plain_shape_that_stands_alone_is_no_lettering(what: str):
    image, marks = _page(what)
    assert _kinds(image, marks) == ["other"]
    assert _kinds(*_page(what, "bar far off")) == ["other", "other"]


@pytest.mark.parametrize("what", ["cross", "corner", "!", "rimmed letters", "letters on a plate"])
def test_what_has_notches_within_or_without_is_lettering(what: str):
    assert _kinds(*_page(what)) == ["sfx"]


def test_a_plain_stroke_beside_a_letter_is_lettering():
    """A `ー`, or a dot; and the next one beside that, however far the letter is. What is farther off, is none."""
    image, marks = _page("cross", "bar beside", "bar beyond", "bar far off")
    seen = np.where(marks, np.uint8(230), np.uint8(0))
    finding = Finding((), np.zeros_like(seen), seen, np.zeros_like(seen))
    effects = sorted(regions._effects(image, finding, seen, np.zeros_like(marks)), key=lambda traced: traced.window)
    assert plain.alone(image, effects, []) == [True, False, False, False]
    first, *_, bar = effects
    assert plain.alone(image, [bar], [Box(0, 0, 10, 10)]) == [True]
    assert plain.alone(image, [bar], [Box(370, 180, 390, 240)]) == [False]
    assert plain.alone(image, [first, bar], []) == [True, True]


def test_what_hardly_is_lettering_makes_no_stroke_beside_it_lettering():
    image, marks = _page("bar")
    line = Line(((262, 180), (302, 180), (302, 240), (262, 240)), 0.9, "1", 0.2)
    seen = np.where(marks, np.uint8(230), np.uint8(0))
    found = regions.detect(image, Finding((line,), np.zeros_like(seen), seen, np.zeros_like(seen)), CFG).regions
    assert [region.kind for region in found] == ["other", "other"]


def test_no_strokes_are_no_shape():
    image, marks = _page()
    assert not plain.is_plain(image, marks)
