"""Tones that a painting has levelled."""

import cv2
import numpy as np
import pytest

from mangaclean.engines import texture
from mangaclean.types import Image, Mask


def _toned(pitch: float, fade: float = 0.0) -> tuple[Image, Mask]:
    """A scan of an even screentone, roughened by JPEG and darker downwards by `fade`, and a hole of letters in it."""
    rows, columns = np.mgrid[0:140, 0:120].astype(np.float32)
    wave = np.cos(2 * np.pi * (rows + columns) / pitch) + np.cos(2 * np.pi * (rows - columns) / pitch)
    page = (200 - fade * rows + 22 * wave).clip(0, 255).round().astype(np.uint8)
    page = cv2.imdecode(cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, 85])[1], cv2.IMREAD_GRAYSCALE)
    hole = np.zeros(page.shape, np.uint8)
    for top in (35, 65, 95):
        cv2.circle(hole, (60, top), 13, 1, -1)
    return page[..., None], hole > 0


def _square(top: int, bottom: int, left: int, right: int) -> Mask:
    """One hole in a page of `_toned`."""
    hole = np.zeros((140, 120), bool)
    hole[top:bottom, left:right] = True
    return hole


def _levelled(page: Image, hole: Mask, level: int = 200) -> Image:
    """A page whose hole was painted without any dots."""
    return np.where(hole[..., None], np.uint8(level), page)


@pytest.mark.parametrize("fade", [0.0, 0.5], ids=["even", "fading"])
@pytest.mark.parametrize("pitch", [2.7, 4.0])
def test_a_levelled_tone_goes_on_in_its_dots(pitch: float, fade: float):
    page, hole = _toned(pitch, fade)
    painted = page.copy()
    painted[hole] = (200 - fade * np.mgrid[0:140, 0:120][0][..., None])[hole].astype(np.uint8)
    made = texture.restored(painted, hole)
    assert (made[~hole] == page[~hole]).all()
    for top in (35, 65, 95):
        inside, there = made[top - 9 : top + 9, 51:69].astype(float), page[top - 9 : top + 9, 51:69].astype(float)
        assert abs(inside.mean() - there.mean()) < 4
        assert inside.std() > 0.75 * there.std()


@pytest.mark.parametrize("pitch", [9.0, 14.0])
def test_coarse_dots_are_left_to_the_painter(pitch: float):
    page, hole = _toned(pitch)
    painted = _levelled(page, hole)
    assert texture.restored(painted, hole) is painted


def test_a_hole_beside_art_has_dots_as_far_as_its_tone_reaches():
    """Squares among other holes come last, and a sliver beyond a square's edge goes with the rest."""
    page, _ = _toned(4.0)
    hole = _square(20, 120, 30, 66)
    painted = _levelled(page, hole)
    made = texture.restored(painted, hole)
    assert all(made[top : top + 10, 32:66].std() > 15 for top in range(22, 110, 10))
    assert made[22:118, 64:66].std() > 12


def test_what_is_painted_in_dots_stays():
    page, hole = _toned(4.0)
    assert texture.restored(page, hole) is page


def test_art_and_plain_paper_stay_as_they_were_painted():
    """A tone that ends at the hole does not run on over the paper beside it, but for the px of its edge."""
    page, hole = _toned(4.0)
    page[:, 50:] = 255
    painted = _levelled(page, hole, 250)
    assert (texture.restored(painted, hole)[:, 53:] == painted[:, 53:]).all()
    blank = np.full_like(page, 255)
    assert texture.restored(blank, hole) is blank


def test_where_a_painting_says_that_something_else_is_there_no_dots_cover_it():
    """A star in a sky is neither the tone round it, nor does it cost the rest of its square the tone."""
    page, _ = _toned(4.0)
    hole = _square(34, 62, 34, 62)
    painted = _levelled(page, hole)
    painted[45:53, 45:53] = 255
    made = texture.restored(painted, hole)
    assert (made[47:51, 47:51] == 255).all()
    assert made[34:62, 56:62].std() > 12
    assert made[56:62, 34:62].std() > 12


def test_lines_and_dirt_beside_a_tone_are_not_copied_into_it():
    page, hole = _toned(4.0)
    page[:, 82:85] = 0
    page[20:120, 30:40] = 255
    painted = _levelled(page, hole)
    tone = texture._tone(painted, hole, hole)
    assert tone is not None
    assert not tone.shown[:, 82:85].any()
    assert not tone.shown[25:115, 33:37].any()
    assert texture.restored(painted, hole)[hole].min() > 90
