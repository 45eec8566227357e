"""Exemplar-based inpainting: what is copied, from where, and when a fill is believed."""

import cv2
import numpy as np
import pytest

from mangaclean.engines import exemplar, fsr
from mangaclean.types import Image, Mask


def dots(height: int = 96, width: int = 96) -> Image:
    """A screen of black dots, 6 px apart, turned by 45 degrees: (H, W, 1)."""
    y, x = np.mgrid[:height, :width]
    wave = np.cos((x + y) * 2 * np.pi / 6) + np.cos((x - y) * 2 * np.pi / 6)
    return np.where(wave > 0.8, 0, 255).astype(np.uint8)[..., None]


def bar(top: int, bottom: int, shape: tuple[int, int] = (96, 96)) -> Mask:
    """A hole from one side to the other, but for 20 px of each."""
    mask = np.zeros(shape, bool)
    mask[top:bottom, 20:-20] = True
    return mask


def error(made: Image, clean: Image, mask: Mask) -> float:
    return float(np.sqrt(((made.astype(float) - clean)[mask] ** 2).mean()))


@pytest.mark.parametrize("search", [exemplar.SHARP, exemplar.BROAD])
def test_dots_that_waves_blur_come_out_whole(search: exemplar.Search) -> None:
    mask = bar(40, 52)
    page = np.where(mask[..., None], 0, dots()).astype(np.uint8)
    fill = fsr.reconstruct(page, mask)
    made = exemplar.refined(page, mask, fill, search)
    assert error(fill, dots(), mask) > 20
    assert error(made, dots(), mask) < error(fill, dots(), mask) / 4


def test_what_is_hidden_does_not_matter_and_what_is_seen_stays() -> None:
    mask, fill = bar(30, 37), np.full((96, 96, 1), 128, np.uint8)
    pages = [np.where(mask[..., None], level, dots()).astype(np.uint8) for level in (0, 255)]
    made = [exemplar.refined(page, mask, fill) for page in pages]
    np.testing.assert_array_equal(*made)
    np.testing.assert_array_equal(made[0][~mask], dots()[~mask])


def test_a_fill_that_nothing_is_like_is_believed() -> None:
    page, mask = np.zeros((80, 80, 1), np.uint8), np.zeros((80, 80), bool)
    mask[20:60, 20:60] = True
    fill = np.where(mask[..., None], 220, page).astype(np.uint8)
    made = exemplar.refined(page, mask, fill)
    assert (made[34:46, 34:46] > 215).all()


def test_patches_are_looked_for_farther_off_where_none_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    clean, mask, far = dots(120, 160), np.zeros((120, 160), bool), np.zeros((120, 160), bool)
    mask[:, 30:] = True
    far[:, 80:] = True  # 50 px from what is seen
    blurred = cv2.GaussianBlur(clean, (0, 0), 1)[..., None]
    fill = np.where(mask[..., None], blurred, clean).astype(np.uint8)
    assert error(exemplar.refined(clean, mask, fill), clean, far) < error(fill, clean, far) / 2
    monkeypatch.setattr(exemplar, "FARTHEST", 0)
    np.testing.assert_array_equal(exemplar.refined(clean, mask, fill)[far], fill[far])


def test_channels_that_are_alike_come_out_as_one_alone() -> None:
    mask, fill = bar(30, 37), np.full((96, 96, 1), 128, np.uint8)
    one = exemplar.refined(dots(), mask, fill)
    three = exemplar.refined(np.repeat(dots(), 3, axis=2), mask, np.repeat(fill, 3, axis=2))
    assert np.abs(three.astype(int) - one).max() <= 1


def test_paper_keeps_its_tone() -> None:
    page, mask = np.full((60, 70, 3), (250, 240, 230), np.uint8), bar(20, 40, (60, 70))
    assert (exemplar.refined(page, mask, page) == page).all()


@pytest.mark.parametrize("shape", [(1, 2), (3, 5), (9, 40), (40, 4), (31, 33)])
def test_any_size_of_image(shape: tuple[int, int]) -> None:
    page = np.full((*shape, 3), 90, np.uint8)
    mask = np.zeros(shape, bool)
    mask[0, 0] = True
    assert (exemplar.refined(page, mask, page) == 90).all()


def test_holes_without_end_are_left_to_the_fill() -> None:
    page = np.full((50, 50, 1), 10, np.uint8)
    mask = np.ones((50, 50), bool)
    mask[0] = False  # not one patch is shown well enough; one of page alone would be much like the fill
    fill = np.where(mask[..., None], 20, page).astype(np.uint8)
    np.testing.assert_array_equal(exemplar.refined(page, mask, fill), fill)
