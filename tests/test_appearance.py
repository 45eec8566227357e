"""Slant, em, spacing and colours, measured on drawn lettering."""

import cv2
import numpy as np
import pytest

from mangaclean import appearance, regions
from mangaclean.blocks import group
from mangaclean.config import SegmentConfig
from mangaclean.types import Box, Finding, Line
from tests import drawn

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def block_of(*lines):
    (block,) = group(lines, [None] * len(lines))
    return block


def looks(image, *lines):
    height, width = image.shape[:2]
    strokes = (np.abs(image.astype(int) - image[0, 0]).max(2) > 40).astype(bool)
    return appearance.of(image, block_of(*lines), Box(0, 0, width, height), strokes)


def turned(image, lines, degrees):
    """A page and the lines on it, turned anticlockwise about the page's middle."""
    matrix = cv2.getRotationMatrix2D((image.shape[1] / 2, image.shape[0] / 2), degrees, 1)
    page = cv2.warpAffine(image, matrix, image.shape[1::-1], flags=cv2.INTER_CUBIC, borderValue=WHITE)
    moved = [np.rint(np.array(line.polygon) @ matrix[:, :2].T + matrix[:, 2]).astype(int) for line in lines]
    return page, [Line(tuple(map(tuple, p.tolist())), 0.9, o.text, 0.9) for p, o in zip(moved, lines, strict=True)]


@pytest.mark.parametrize("degrees", [-20, -6, 0, 6, 20])
@pytest.mark.parametrize("rows", [False, True])
def test_slant_em_and_spacing(degrees, rows):
    image = drawn.page(500, 500)
    em, step = 24, 34
    lines = [drawn.column(image, 270 - step * n, 150, 8, em=em) for n in range(3)]
    if rows:
        image = np.ascontiguousarray(image.transpose(1, 0, 2))
        lines = [
            Line(tuple((line.polygon[k][1], line.polygon[k][0]) for k in (0, 3, 2, 1)), 0.9, "あ" * 8, 0.9)
            for line in lines
        ]
    page, moved = turned(image, lines, degrees)
    made = looks(page, *moved)
    assert made.angle == pytest.approx(degrees, abs=1.0)
    assert made.em == pytest.approx(em + 2, rel=0.08)  # letters are drawn with 2 px of air between
    assert made.spacing == pytest.approx(step, abs=1.5)


def test_noise_of_the_detector_turns_nothing():
    image = drawn.page()
    line = drawn.column(image, 200, 100, 8)
    (a, b, c, d) = line.polygon
    made = looks(image, Line((a, b, (c[0] - 5, c[1]), (d[0] - 5, d[1])), 0.9, line.text, 0.9))
    assert made.angle == 0.0


def test_black_on_white_has_no_outline():
    image = drawn.page()
    made = looks(image, drawn.column(image, 200, 100, 6))
    assert (made.color, made.outline) == ("#000000", None)


def test_halo_on_grey_is_an_outline():
    image = drawn.page(tone=128)
    line = drawn.column(image, 200, 100, 6, em=30)
    dark = image[:, :, 0] < 64
    image[cv2.dilate(dark.astype(np.uint8), np.ones((7, 7))).astype(bool) & ~dark] = 255
    made = looks(image, line)
    assert (made.color, made.outline) == ("#000000", "#ffffff")


def test_halo_that_is_no_part_of_the_strokes():
    image = drawn.page()
    drawn.hatched(image, 5)
    before = image.copy()
    line = drawn.column(image, 200, 100, 6, em=30)
    strokes = (image != before).any(2)
    image[cv2.dilate(strokes.astype(np.uint8), np.ones((11, 11))).astype(bool) & ~strokes] = 255
    made = appearance.of(image, block_of(line), Box(0, 0, 400, 560), strokes)
    assert made.outline == "#ffffff"


def test_no_strokes():
    image = drawn.page()
    line = drawn.column(drawn.page(), 200, 100, 6)
    made = looks(image, line)
    assert (made.angle, made.color, made.outline) == (0.0, "#000000", None)


def test_furigana_is_kept_apart():
    image = drawn.page()
    drawn.balloon(image, (200, 200), (90, 110))
    base = drawn.column(image, 190, 130, 5, em=24, text="漢字漢字漢")
    ruby = drawn.column(image, 216, 135, 6, em=9, text="かなかなかな")
    (region,) = regions.detect(image, Finding(lines=(base, ruby)), SegmentConfig()).regions
    assert region.text == "漢字漢字漢"
    assert [line.text for line in region.ruby] == ["かなかなかな"]
    assert region.font_size == pytest.approx(26, rel=0.08)
