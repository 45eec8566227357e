"""Regions that a person adds: what of them is erased, and how that is told."""

import cv2
import numpy as np

from mangaclean import added
from mangaclean.types import Box, Wish
from tests import drawn


def wish(box, outline=()):
    corners = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
    return Wish("a", box, "fill", outline or corners)


def on_page(found, image):
    mask = np.zeros(image.shape[:2], bool)
    mask[found.window.slices] = found.mask
    return mask


def test_what_the_network_sees_is_taken_and_other_ink_is_not():
    image = drawn.page()
    drawn.column(image, 100, 100, 4)
    cv2.circle(image, (160, 140), 15, (0, 0, 0), -1)
    seen = np.zeros(image.shape[:2], np.uint8)
    seen[100:190, 98:122] = np.where(image[100:190, 98:122, 0] < 128, 230, 0)
    found = added.find(image, wish(Box(90, 90, 190, 200)), seen)
    mask = on_page(found, image)
    assert "what the network sees" in found.how
    assert mask[image[..., 0] < 128][: (image[:, :122, 0] < 128).sum()].any()
    assert not mask[:, 140:].any()
    assert (mask[:, :130] | (image[:, :130, 0] > 128)).all()


def test_without_the_network_the_ink_inside_goes_but_not_what_runs_through():
    image = drawn.page()
    drawn.column(image, 100, 100, 4)
    cv2.line(image, (0, 195), (399, 195), (0, 0, 0), 3)
    found = added.find(image, wish(Box(90, 90, 140, 200)), np.zeros(image.shape[:2], np.uint8))
    mask = on_page(found, image)
    assert "erased the ink inside" in found.how
    assert mask[100:180, 100:120].any()
    assert not mask[195].any()


def test_nothing_outside_the_outline_is_marked():
    image = drawn.page(tone=0)
    cv2.rectangle(image, (50, 50), (300, 300), (255, 255, 255), -1)
    drawn.column(image, 100, 100, 4)
    triangle = ((90, 90), (140, 90), (90, 200))
    mask = on_page(added.find(image, wish(Box(90, 90, 140, 200), triangle), None), image)
    allowed = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(allowed, [np.array(triangle, np.int32)], 1)
    assert mask.any()
    assert not (mask & (allowed == 0)).any()


def test_where_there_is_no_ink_nothing_goes_and_that_is_said():
    image = drawn.page()
    for box in (Box(90, 90, 140, 200), Box(900, 900, 990, 990)):
        found = added.find(image, wish(box), None)
        assert not found.mask.any()
        assert "nothing was erased" in found.how
