"""Plain shapes that stand alone, on drawn pages: they are no letters, whatever a network makes of them."""

import cv2
import numpy as np
import pytest

from mangaclean import plain, regions
from mangaclean.config import SegmentConfig
from mangaclean.types import Finding, Image, Mask
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
        elif what == "letter beside":
            drawn.column(image, 250, 180, 1, em=60)
        elif what == "bar beyond":
            cv2.line(image, (130, 180), (160, 240), (0, 0, 0), 12)
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


@pytest.mark.parametrize("what", ["cross", "rimmed letters"])
def test_what_has_notches_within_or_without_is_lettering(what: str):
    assert _kinds(*_page(what)) == ["sfx"]


def test_a_plain_stroke_beside_a_letter_is_lettering():
    """A `ー`, or a stroke of a letter; and one more beside that, however far off the letter is."""
    image, marks = _page("bar", "letter beside", "bar beyond")
    assert "other" not in _kinds(image, marks)
    seen, none = np.where(marks, np.uint8(230), np.uint8(0)), np.zeros(marks.shape, np.uint8)
    assert regions.detect(image, Finding((), none, seen, none), CFG).mask[marks].all()


def test_no_strokes_are_no_shape():
    image, marks = _page()
    assert not plain.is_plain(image, marks)
