"""Paintings in patches of the page where holes are deep: no fog, and nothing else changes."""

import cv2
import numpy as np
import pytest

from mangaclean.engines import painters
from mangaclean.types import Image, Mask


def foggy() -> tuple[Image, Mask, Image]:
    """Broad stripes, black and white, with a hole of 40 px; and a painting of it that hedges where they are."""
    stripes = np.where(np.arange(160) // 12 % 2, 255, 0).astype(np.uint8)
    page = np.repeat(np.tile(stripes, (160, 1))[..., None], 3, axis=2)
    mask = np.zeros((160, 160), bool)
    mask[60:100, 60:100] = True
    blurred = cv2.GaussianBlur(page, (0, 0), 4)
    return page, mask, np.where(mask[..., None], blurred, page)


def between(image: Image, where: Mask) -> float:
    """Share of pixels that are neither black nor white."""
    return float(((image[where] > 40) & (image[where] < 215)).mean())


def test_fog_deep_in_a_hole_becomes_ink_and_paper() -> None:
    page, mask, painted = foggy()
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    deep, shallow = depth > painters.DEEP, depth <= painters.SHALLOW
    made = painters.crisp(page, mask, painted)
    assert between(painted, deep) > 0.5
    assert between(made, deep) < between(painted, deep) / 2
    np.testing.assert_array_equal(made[shallow], painted[shallow])


def test_a_painting_of_strokes_stays() -> None:
    page, mask, painted = foggy()
    mask[:, 66:] = False
    assert painters.crisp(page, mask, painted) is painted


def test_a_painting_in_colour_stays() -> None:
    page, mask, painted = foggy()
    page[:4, :40] = 255, 0, 0
    assert painters.crisp(page, mask, painted) is painted


def test_fog_goes_from_a_scan_of_yellowed_paper() -> None:
    page, mask, painted = foggy()
    noise = np.random.default_rng(3).normal(0, 3, page.shape)
    ink, paper = np.array([30, 28, 40]), np.array([250, 243, 220])
    page, painted = (np.clip(ink + (paper - ink) * (each / 255) + noise, 0, 255) for each in (page, painted))
    page, painted = page.astype(np.uint8), painted.astype(np.uint8)
    made = painters.crisp(page, mask, painted)
    deep = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) > painters.DEEP
    assert between(made, deep) < between(painted, deep) / 2
    assert abs(made[deep].mean(0) - painted[deep].mean(0)).max() < 12  # in the paper's tint


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (9, 9)])
def test_any_size_of_painting(size: tuple[int, int]) -> None:
    page = np.full((*size, 3), 200, np.uint8)
    mask = np.zeros(size, bool)
    mask[:, size[1] // 2 :] = size[1] > 1
    np.testing.assert_array_equal(painters.crisp(page, mask, page.copy()), page)
