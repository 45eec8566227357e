"""Frequency-selective reconstruction: lines and tones that run on, what is left alone, plain ground that stays so."""

import numpy as np
import pytest

from mangaclean.engines import fsr
from mangaclean.types import Mask


def waves(height: int = 96, width: int = 96) -> np.ndarray:
    """A tone of two crossing waves, as a screen of dots is one: (H, W, 1)."""
    y, x = np.mgrid[:height, :width]
    return np.rint(128 + 60 * np.sin((x + y) / 1.9) + 50 * np.sin((x - y) / 1.9)).astype(np.uint8)[..., None]


def bar(top: int, bottom: int, shape: tuple[int, int] = (96, 96)) -> Mask:
    """A hole from one side to the other, but for 20 px of each."""
    mask = np.zeros(shape, bool)
    mask[top:bottom, 20:-20] = True
    return mask


def error(made: np.ndarray, clean: np.ndarray, mask: Mask) -> float:
    return float(np.sqrt(((made.astype(float) - clean)[mask] ** 2).mean()))


@pytest.mark.parametrize("thick", [3, 9, 14])
def test_a_tone_of_dots_goes_on_behind_a_letter(thick: int) -> None:
    mask = bar(40, 40 + thick)
    made = fsr.reconstruct(np.where(mask[..., None], 0, waves()).astype(np.uint8), mask)
    assert error(made, waves(), mask) < waves().std() / 4


def test_a_slanting_line_comes_out_on_the_other_side() -> None:
    y, x = np.mgrid[:96, :96]
    clean = (255 - 255 * np.exp(-(((x - y) / 3.0) ** 2))).astype(np.uint8)[..., None]
    mask = bar(44, 53)
    made = fsr.reconstruct(np.where(mask[..., None], 0, clean).astype(np.uint8), mask)
    middle = np.argmin(made[44:53, :, 0], axis=1)
    assert np.abs(middle - np.arange(44, 53)).max() <= 1


def test_what_is_hidden_does_not_matter_and_what_is_seen_stays() -> None:
    mask = bar(30, 37)
    pages = [np.where(mask[..., None], level, waves()).astype(np.uint8) for level in (0, 255)]
    made = [fsr.reconstruct(page, mask) for page in pages]
    np.testing.assert_array_equal(*made)
    np.testing.assert_array_equal(made[0][~mask], waves()[~mask])


def test_channels_that_are_alike_come_out_as_one_alone() -> None:
    mask = bar(30, 37)
    one = fsr.reconstruct(waves(), mask)
    three = fsr.reconstruct(np.repeat(waves(), 3, axis=2), mask)
    assert np.abs(three.astype(int) - one).max() <= 1


def test_flat_paper_is_filled_with_its_tone() -> None:
    page = np.full((50, 70, 3), (250, 240, 230), np.uint8)
    mask = np.zeros((50, 70), bool)
    mask[5:45, 5:65] = True  # more than a block sees: what was made first is seen by the next
    page[mask] = 0
    assert (fsr.reconstruct(page, mask) == np.array([250, 240, 230])).all()


@pytest.mark.parametrize("shape", [(1, 2), (3, 5), (31, 33), (40, 4)])
def test_any_size_of_image(shape: tuple[int, int]) -> None:
    page = np.full((*shape, 3), 90, np.uint8)
    mask = np.zeros(shape, bool)
    mask[0, 0] = True
    page[mask] = 200
    assert (fsr.reconstruct(page, mask) == 90).all()


def test_waves_are_found_where_weights_are_high() -> None:
    """A part that is known on its left half alone is explained by one wave, which goes on to the right."""
    x = np.arange(fsr.SUPPORT)
    wave = np.cos(2 * np.pi * 4 * x / fsr.SUPPORT).astype(np.float32)
    part = np.broadcast_to(wave, (1, 1, fsr.SUPPORT, fsr.SUPPORT)).copy()
    weights = np.zeros((1, fsr.SUPPORT, fsr.SUPPORT), np.float32)
    weights[:, :, : fsr.SUPPORT // 2] = 1
    made = fsr.waves(part * 100, weights)
    assert np.abs(made[0, 0, 16] - 100 * wave).max() < 10


def test_an_outline_that_is_not_far_is_not_carried_into_plain_ground() -> None:
    clean = np.full((90, 120, 3), (60, 160, 170), np.uint8)
    clean[20:70, 15:105] = (254, 248, 222)  # a balloon, 7 px wider than its text on each side
    mask = np.zeros((90, 120), bool)
    mask[27:63, 22:98] = True
    made = fsr.reconstruct(np.where(mask[..., None], 0, clean).astype(np.uint8), mask)
    assert np.abs(made.astype(int) - clean).max() <= 2
