"""Deep holes are painted small first; what is left for the tiles is a belt along their edges."""

import cv2
import numpy as np
import pytest

from mangaclean import coarse, fill
from mangaclean.config import InpaintConfig
from mangaclean.engines.inpaint import telea
from mangaclean.types import Image, Mask


def page() -> Image:
    """Soft blobs of many tones, which can be told from round a hole only roughly."""
    blobs = np.random.default_rng(3).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(blobs, (800, 600), interpolation=cv2.INTER_CUBIC), np.uint8)


def never(image: Image, mask: Mask) -> None:
    raise AssertionError("there is no deep hole")


def test_thin_holes_are_left_alone() -> None:
    mask = np.zeros((600, 800), bool)
    mask[20:580, 100:190] = mask[10:40] = True
    image = page()
    assert coarse.deepen(image, mask, never) is mask
    assert (image == page()).all()


@pytest.mark.parametrize("box", [(100, 150, 500, 650), (0, 0, 400, 500), (0, 0, 600, 640)])
def test_the_middle_of_a_deep_hole_is_painted_and_a_belt_is_left(box: tuple[int, int, int, int]) -> None:
    top, left, bottom, right = box
    image, mask = page(), np.zeros((600, 800), bool)
    mask[top:bottom, left:right] = True
    seen: list[tuple[int, int]] = []

    def paint(small: Image, hole: Mask) -> None:
        seen.append(hole.shape)
        assert cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5).max() <= coarse.DEEP
        small[hole] = 77

    out = image.copy()
    belt = coarse.deepen(out, mask, paint)
    assert len(seen) == 1
    assert max(seen[0]) < 400
    middle = mask & ~belt
    off = np.abs(out[middle].astype(int) - 77)
    assert np.percentile(off, 90) == 0
    assert off.max() <= 25  # pixels of art beside it are enlarged with it
    assert middle.sum() > 0.4 * mask.sum()
    assert cv2.distanceTransform(belt.astype(np.uint8), cv2.DIST_L2, 5).max() <= coarse.DEEP
    assert (out[~middle] == image[~middle]).all()


def test_a_hole_larger_than_a_tile_is_filled_without_a_seam() -> None:
    ramp = np.linspace(40, 220, 900)[None, :, None] * np.ones((700, 1, 3))
    wave = 30 * np.sin(np.arange(700) / 20)[:, None, None]
    clean = np.clip(ramp + wave, 0, 255).astype(np.uint8)
    mask = np.zeros(clean.shape[:2], bool)
    mask[100:600, 150:750] = True
    cfg = InpaintConfig(core=128, context=32)
    out = fill.remove(np.where(mask[..., None], np.uint8(255), clean), mask, telea(cfg), cfg).astype(int)
    inside = np.s_[110:590, 160:740]
    assert np.abs(np.diff(out[inside], axis=1)).max() < 25
    assert np.abs(np.diff(out[inside], axis=0)).max() < 25
    assert np.abs(out - clean)[mask].mean() < 45
    assert (out[~mask] == clean[~mask]).all()


def test_black_and_white_pages_stay_so() -> None:
    dots = np.full((200, 240, 3), 255, np.uint8)
    for y in range(0, 200, 6):
        for x in range(0, 240, 6):
            cv2.circle(dots, (x, y), 2, (0, 0, 0), -1)
    mask = np.zeros(dots.shape[:2], bool)
    mask[60:140, 70:90] = True
    cfg = InpaintConfig()
    out = fill.remove(dots, mask, telea(cfg), cfg)
    assert set(np.unique(out)) == {0, 255}
    grey = np.where(np.indices(dots.shape)[1] % 9 == 0, np.uint8(128), dots)
    assert len(np.unique(fill.remove(grey, mask, telea(cfg), cfg))) > 3
