"""A balloon's outline, a text's own part of it, and the largest box within."""

import cv2
import numpy as np
import pytest

from mangaclean import outlines, regions
from mangaclean.bubbles import Bubble
from mangaclean.config import SegmentConfig
from mangaclean.types import Box, Finding
from tests import drawn

AT = Box(100, 50, 300, 250)


def ellipse():
    mask = np.zeros((200, 200), np.uint8)
    cv2.ellipse(mask, (100, 100), (95, 80), 0, 0, 360, 1, -1)
    return mask > 0


def filled(corners, shape, at):
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.array(corners) - (at.left, at.top)], 1)
    return mask > 0


def test_polygon_follows_the_outline():
    inside = ellipse()
    corners = outlines.polygon(inside, AT)
    again = filled(corners, inside.shape, AT)
    assert 8 <= len(corners) <= 40
    assert (again & inside).sum() > 0.95 * (again | inside).sum()


def test_room_is_the_largest_box_within():
    inside = ellipse()
    box = outlines.room(inside, AT)
    assert box is not None
    assert inside[box.top - 50 : box.bottom - 50, box.left - 100 : box.right - 100].all()
    assert box.area > 0.93 * 2 * 95 * 80  # of an ellipse: twice the product of its half axes


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (700, 40)])
def test_room_of_a_box_is_nearly_all_of_it(size):
    box = outlines.room(np.ones(size, bool), Box(0, 0, size[1], size[0]))
    assert box is not None
    assert box.area >= 0.95 * size[0] * size[1]


def test_nothing_inside():
    assert outlines.room(np.zeros((20, 20), bool), AT) is None
    assert outlines.polygon(np.zeros((20, 20), bool), AT) == ()


def test_texts_share_a_balloon():
    bubble = Bubble(AT, np.ones((200, 200), bool), 1.0)
    upper, lower = Box(150, 70, 250, 110), Box(150, 190, 250, 230)
    mine, yours = outlines.own(bubble, upper, [lower]), outlines.own(bubble, lower, [upper])
    assert mine[20].all()
    assert not mine[180].any()
    assert (mine | yours).all()


def test_regions_have_the_outline_of_their_part():
    image = drawn.page()
    drawn.hatched(image)
    drawn.joined(image, (250, 180), (160, 260))
    lines = [drawn.column(image, x, y, 4) for x, y in ((255, 130), (229, 130), (165, 215), (139, 215))]
    right, left = regions.detect(image, Finding(lines=tuple(lines)), SegmentConfig()).regions
    assert right.bubble == left.bubble
    assert right.room is not None
    assert left.room is not None
    assert right.room.overlap(left.room) == 0
    for region in (right, left):
        inside = filled(region.balloon, image.shape[:2], Box(0, 0, 0, 0))
        text = inside[region.box.top : region.box.bottom, region.box.left : region.box.right]
        assert text.mean() > 0.98


def star(points, outer, inner):
    """A balloon with spikes."""
    mask = np.zeros((300, 300), np.uint8)
    turns = np.arange(2 * points) * np.pi / points
    reach = np.where(np.arange(2 * points) % 2, outer, inner)
    corners = np.stack([150 + reach * np.cos(turns), 150 + 0.8 * reach * np.sin(turns)], 1)
    cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    return mask > 0


def cloud(lobes):
    mask = np.zeros((300, 300), np.uint8)
    cv2.ellipse(mask, (150, 150), (90, 70), 0, 0, 360, 1, -1)
    for turn in np.arange(lobes) * 2 * np.pi / lobes:
        cv2.circle(mask, (int(150 + 90 * np.cos(turn)), int(150 + 70 * np.sin(turn))), 360 // lobes, 1, -1)
    return mask > 0


@pytest.mark.parametrize(
    ("inside", "thought"),
    [
        (cloud(12), True),
        (cloud(14), True),
        (cloud(5), False),  # speech may have soft corners
        (star(12, 130, 100), False),
        (star(20, 140, 110), False),
        (ellipse(), False),
        (np.ones((40, 60), bool), False),
        (np.ones((1, 1), bool), False),
    ],
)
def test_thoughts_are_clouds(inside, thought):
    assert outlines.is_thought(inside) == thought
