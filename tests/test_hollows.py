"""The insides of hollow letters, on drawn pages."""

import cv2
import numpy as np
import pytest

from mangaclean import hollows, regions
from mangaclean.config import SegmentConfig
from mangaclean.types import Box, Finding, Image, Mask
from tests import drawn

YELLOW = (250, 200, 80)
RING = Box(80, 80, 180, 160)  # a hollow letter, outline and all


def _hollow(tone: tuple[int, ...]) -> tuple[Image, Mask]:
    """A grey page with a hollow letter of one tone, and its outline as a mask."""
    image = drawn.page(240, 260, tone=150)
    cv2.rectangle(image, (85, 85), (174, 154), tone, -1)
    blank = image.copy()
    cv2.rectangle(image, (85, 85), (174, 154), (0, 0, 0), 9)
    return image, (image != blank).any(2)


def _insides(image: Image, outline: Mask, largest: float = 100.0) -> Mask:
    """What is the letter's of what its outline encloses, on the page."""
    out = np.zeros_like(outline)
    for window, inside in hollows.insides(image, outline, [(RING, outline[RING.slices])], largest):
        out[window.slices] |= inside
    return out


def test_the_inside_of_a_hollow_letter_goes_with_its_outline():
    image, outline = _hollow(YELLOW)
    inside = _insides(image, outline)
    assert inside[95:145, 95:165].all()
    assert not inside[outline].any()
    assert not inside[:80].any()
    assert not inside[160:].any()


def test_what_goes_on_behind_a_letter_stays():
    image, outline = _hollow((150, 150, 150))
    assert not _insides(image, outline).any()


def test_art_that_a_letter_encloses_stays():
    image, outline = _hollow(YELLOW)
    image[95:145, 95:165:2] = 30
    assert not _insides(image, outline).any()


def test_what_is_larger_than_a_letter_stays():
    image, outline = _hollow(YELLOW)
    assert not _insides(image, outline, largest=40.0).any()


def test_what_texts_enclose_stays():
    """A room between lines of text and a frame is no letter's inside."""
    image, outline = _hollow(YELLOW)
    elsewhere = Box(0, 0, 60, 60)
    assert not list(hollows.insides(image, outline, [(elsewhere, np.ones((60, 60), bool))], 100.0))
    assert not list(hollows.insides(image, outline, [], 100.0))


@pytest.mark.parametrize("keep", [("other",), ("sfx", "other")])
def test_a_hollow_effect_goes_whole_or_stays_whole(keep):
    """The network sees its outline alone, and a stroke beside it: a bar that stands alone is no letter."""
    image, outline = _hollow(YELLOW)
    image[85:155, 186:215] = 0
    outline[85:155, 186:215] = True
    none = np.zeros(outline.shape, np.uint8)
    seen = np.where(outline, np.uint8(230), np.uint8(0))
    mask = regions.detect(image, Finding((), none, seen, none), SegmentConfig(keep=keep)).mask
    assert (mask[95:145, 95:165].all(), mask.any()) == ("sfx" not in keep,) * 2
