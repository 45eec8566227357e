"""Lines on flat ground: outlines beside lettering and lines behind it go on; nothing else of what is painted stays."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from mangaclean import fill
from mangaclean.config import InpaintConfig
from mangaclean.types import Image, Mask
from tests.test_fill import CFG, blank, grown, lettered, toned


def bitten(gap: int) -> tuple[Image, Image, Mask]:
    """A clean page with a balloon's outline, the page with letters near it, and a mask that ends `gap` px from it."""
    clean = blank()
    page, mask = lettered(clean, (40, 100))
    right = int(np.nonzero(mask.any(0))[0].max())
    for picture in (clean, page):
        picture[:, right + 1 + gap : right + 6 + gap] = 0
    return clean, page, mask


def test_an_outline_that_a_mask_bites_into_is_painted_whole() -> None:
    clean, page, mask = bitten(-3)
    assert (clean[mask] == 0).any()
    seen = []

    def knows(image: Image, holes: Mask) -> Image:
        seen.append(holes.sum() / mask.sum())
        return clean if image.shape == clean.shape else np.full_like(image, 0)

    whole = InpaintConfig(core=512, context=256, lines=False)
    np.testing.assert_array_equal(fill.remove(page, mask, knows, whole), clean)
    assert 0 < sum(seen) < 0.5  # the rest of the letters stands on paper


def test_no_smudge_is_left_beside_an_outline() -> None:
    clean, page, mask = bitten(0)
    grey = fill.remove(page, mask, lambda image, holes: np.full_like(image, 215), CFG)
    np.testing.assert_array_equal(grey, clean)


@pytest.mark.parametrize(("words", "frame"), [(1, False), (4, False), (4, True)])
def test_letters_on_paper_that_lines_cross_leave_lines_and_no_smudge(words: int, frame: bool) -> None:
    """Whatever is grey in what was painted, the paper is white; the lines that were painted stay."""
    clean = blank()
    clean[180:] = 128  # what has no greys gets none
    if frame:  # a field so narrow that its middle shows little but its frame
        cv2.rectangle(clean, (0, 77), (239, 112), (0, 0, 0), 2)
    for x in range(36, 240, 45):
        cv2.line(clean, (x, 0), (x, 199), (0, 0, 0), 2, cv2.LINE_AA)
    page, mask = lettered(clean, *((20 + 45 * n, 105) for n in range(words)), size=1.2)
    assert (clean[mask] < 100).any()
    smudged = np.where(clean == 255, np.uint8(225), clean)
    whole = InpaintConfig(core=512, context=256, lines=False)
    out = fill.remove(page, mask, lambda image, holes: smudged if image.shape == clean.shape else image, whole)
    line = (clean < 255).any(2)
    np.testing.assert_array_equal(out[line], clean[line])
    assert (out[~grown(line, fill.EDGE)] == 255).all()


def striped() -> Image:
    page = blank()
    for top in range(0, 200, 30):
        page[top : top + 10] = 0
    return page


@pytest.mark.parametrize(("pattern", "tone"), [(toned, 225), (toned, 180), (toned, 0), (striped, 225)])
def test_a_tone_is_no_smudge(pattern: Callable[[], Image], tone: int) -> None:
    clean = np.where(pattern() < 255, np.uint8(tone), np.uint8(255))
    clean[190:] = 128
    page, mask = lettered(clean, (20, 105))
    whole = InpaintConfig(core=512, context=256, lines=False)
    np.testing.assert_array_equal(fill.remove(page, mask, lambda image, holes: clean, whole), clean)


@pytest.mark.parametrize(("place", "radius", "tone"), [((19, 80), 2, 190), ((48, 92), 9, 190)])
def test_painted_spots_are_no_lines(place: tuple[int, int], radius: int, tone: int) -> None:
    """Neither the one that is nowhere dark, nor the wide one beside a line."""
    clean = blank()
    clean[180:] = 128  # what has no greys gets none
    for x in (26, 38, 66):
        cv2.line(clean, (x, 0), (x, 199), (0, 0, 0), 2)
    page, mask = clean.copy(), np.zeros(clean.shape[:2], bool)
    mask[75:110, 18:72] = True
    page[mask] = 0
    made = clean.copy()
    cv2.circle(made, place, radius, (tone,) * 3, -1)
    made = np.minimum(made, clean)
    assert (made != clean)[mask].any()
    whole = InpaintConfig(core=512, context=256, lines=False)
    out = fill.remove(page, mask, lambda image, holes: made, whole)
    line = (clean == 0).any(2)
    np.testing.assert_array_equal(out[line], clean[line])
    far = ~grown(line, fill.EDGE)
    np.testing.assert_array_equal(out[far], clean[far])
