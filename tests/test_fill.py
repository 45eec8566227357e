"""Flat grounds get their own tone, art goes to the inpainter, and nothing outside the mask changes."""

import cv2
import numpy as np
import pytest

from mangaclean import fill, strokes
from mangaclean.config import InpaintConfig
from mangaclean.grounds import ground
from mangaclean.types import Image, Mask

CFG = InpaintConfig(lines=False)  # test_ruled.py has these


def grown(mask: Mask, radius: int = 3) -> Mask:
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)) > 0


def lettered(page: Image, *at: tuple[int, int], size: float = 1.5, tone: int = 0) -> tuple[Image, Mask]:
    """The page with letters on it, and their dilated strokes."""
    ink = np.zeros(page.shape[:2], np.uint8)
    for x, y in at:
        cv2.putText(ink, "HO", (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, 255, 4, cv2.LINE_AA)
    page = np.where(ink[..., None] > 0, (page * (1 - ink[..., None] / 255) + tone * (ink[..., None] / 255)), page)
    return page.astype(np.uint8), grown(ink > 0)


def blank(tone: int = 255, height: int = 200, width: int = 240) -> Image:
    return np.full((height, width, 3), tone, np.uint8)


def toned(pitch: int = 6, radius: int = 2, height: int = 200, width: int = 240) -> Image:
    page = blank(255, height, width)
    for y in range(0, height, pitch):
        for x in range((y // pitch % 2) * pitch // 2, width, pitch):
            cv2.circle(page, (x, y), radius, (0, 0, 0), -1)
    return page


def never(image: Image, mask: Mask) -> Image:
    raise AssertionError("a flat ground went to the inpainter")


def red(image: Image, mask: Mask) -> Image:
    return np.full_like(image, (255, 0, 0))


@pytest.mark.parametrize("tone", [255, 254, 128, 0])
def test_paper_keeps_its_exact_tone(tone: int) -> None:
    clean = blank(tone)
    page, mask = lettered(clean, (30, 80), (60, 150), tone=255 - tone if tone != 128 else 0)
    np.testing.assert_array_equal(fill.remove(page, mask, never, CFG), clean)


def test_coloured_paper_keeps_its_colour() -> None:
    clean = np.full((200, 240, 3), (250, 230, 190), np.uint8)
    page, mask = lettered(clean, (30, 80))
    np.testing.assert_array_equal(fill.remove(page, mask, never, CFG), clean)


def test_jpeg_dirt_goes_with_the_lettering() -> None:
    page, mask = lettered(blank(), (30, 80), (60, 150))
    dirty = cv2.imdecode(cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    out = fill.remove(np.asarray(dirty, np.uint8), mask, never, CFG)
    assert out[mask].min() >= 253


def test_specks_on_paper_are_not_copied() -> None:
    clean = blank()
    specks = np.random.default_rng(4).random((200, 240)) < 0.2
    page, mask = lettered(np.where(specks[..., None], np.uint8(246), clean), (30, 80), (60, 150))
    assert (fill.remove(page, mask, never, CFG)[mask] == 255).all()


def test_a_gradient_goes_on() -> None:
    ramp = np.linspace(120, 240, 240)[None, :, None] + np.linspace(0, 15, 200)[:, None, None]
    clean = np.broadcast_to(ramp, (200, 240, 3)).round().astype(np.uint8)
    page, mask = lettered(clean, (30, 80), (60, 150))
    out = fill.remove(page, mask, never, CFG).astype(int)
    assert np.abs(out - clean).max() <= 3
    assert np.abs(out - clean)[mask].mean() < 0.8


def test_noisy_paper_keeps_its_grain() -> None:
    noise = np.random.default_rng(3).normal(220, 3, (200, 240, 1)).round()
    clean = np.repeat(noise, 3, 2).astype(np.uint8)
    page, mask = lettered(clean, (30, 80), (60, 150))
    out = fill.remove(page, mask, never, CFG)
    filled = out[mask].astype(float)
    assert abs(filled.mean() - 220) < 0.6
    assert 2 < filled.std() < 4
    assert (out == out[..., :1]).all()


def test_dirt_in_some_places_of_a_ground_is_no_grain() -> None:
    clean = np.full((200, 240, 3), 128, np.uint8)
    clean[::2] = 127  # no tone that more than half of it has
    page, mask = lettered(clean, (30, 80), (60, 150))
    ring = strokes.grown(mask, 5) & ~mask
    rows, columns = ring.nonzero()
    page[rows[::15], columns[::15]] = np.where(np.arange(len(rows[::15])) % 2, 139, 116)[:, None]
    filled = fill.remove(page, mask, never, CFG)[mask].astype(float)
    assert abs(filled.mean() - 127.5) < 1
    assert filled.std() < 1


@pytest.mark.parametrize("gap", [6, 9, 14])
def test_a_balloon_outline_beside_letters_does_not_make_it_art(gap: int) -> None:
    clean = blank()
    page, mask = lettered(clean, (40, 100))
    right = int(np.nonzero(mask.any(0))[0].max())
    for picture in (clean, page):
        cv2.line(picture, (right + gap, 0), (right + gap, 199), (0, 0, 0), 4)
    np.testing.assert_array_equal(fill.remove(page, mask, never, CFG), clean)


def test_tone_and_lines_behind_letters_are_art() -> None:
    page, mask = lettered(toned(), (40, 100))
    out = fill.remove(page, mask, red, CFG)
    # A page without colour stays without, whatever the engine paints
    assert (out[mask] == 85).all()
    striped = blank()
    striped[::9] = 0
    page, mask = lettered(striped, (40, 100))
    assert (fill.remove(page, mask, red, CFG)[mask] == 85).mean() > 0.9


def test_a_line_that_runs_behind_a_letter_is_art() -> None:
    clean = blank()
    cv2.line(clean, (0, 85), (239, 85), (0, 0, 0), 3)
    page, mask = lettered(clean, (60, 100))
    out = fill.remove(page, mask, red, CFG)
    assert (out[85][mask[85]] == 85).mean() > 0.9


def test_half_in_a_balloon_half_on_tone() -> None:
    clean = np.concatenate([blank(width=180), toned(width=180)], 1)
    page, mask = lettered(clean, (60, 100), (220, 100))
    out = fill.remove(page, mask, red, CFG)
    left, right = mask.copy(), mask.copy()
    left[:, 180:] = False
    right[:, :180] = False
    assert (out[left] == 255).all()
    assert (out[right] == 85).all()


def test_one_stroke_half_in_a_balloon_half_on_tone() -> None:
    clean = np.concatenate([blank(width=320), toned(width=320)], 1)
    mask = np.zeros(clean.shape[:2], bool)
    mask[90:104, 20:620] = True
    page = np.where(grown(mask, 0)[..., None], np.uint8(0), clean)
    out = fill.remove(page, mask, red, CFG)
    assert (out[90:104, 64:256] == 255).all()
    assert (out[90:104, 400:620] == 0).all()  # red, as a page in black and white has it


def test_the_inpainter_sees_flat_grounds_already_filled() -> None:
    clean = np.concatenate([blank(width=120), toned(width=180)], 1)
    page, mask = lettered(clean, (20, 100), (170, 100))
    seen = []

    def look(image: Image, hole: Mask) -> Image:
        seen.append((image[:, :90], hole[:, :90]))
        return image

    fill.remove(page, mask, look, InpaintConfig(context=400, lines=False))
    (image, hole), *_ = seen
    assert (image == 255).all()
    assert not hole.any()


def test_colour_pages_may_be_painted_in_colour() -> None:
    page, mask = lettered(toned(), (40, 100))
    page[0, 0] = (10, 20, 30)
    assert (fill.remove(page, mask, red, CFG)[mask] == (255, 0, 0)).all()


def test_pixels_outside_the_mask_are_untouched() -> None:
    rng = np.random.default_rng(1)
    page = rng.integers(0, 256, (150, 130, 3), np.uint8)
    mask = np.zeros((150, 130), bool)
    mask[40:60, 30:90] = mask[100:110, :20] = True
    kept = page.copy()
    out = fill.remove(page, mask, red, CFG)
    np.testing.assert_array_equal(out[~mask], kept[~mask])
    np.testing.assert_array_equal(page, kept)


def test_empty_and_full_masks() -> None:
    page = toned()
    np.testing.assert_array_equal(fill.remove(page, np.zeros(page.shape[:2], bool), never, CFG), page)
    assert (fill.remove(page, np.ones(page.shape[:2], bool), red, CFG) == 0).all()
    tiny = blank(7, 1, 1)
    assert fill.remove(tiny, np.ones((1, 1), bool), red, CFG).tolist() == [[[0, 0, 0]]]


def test_the_same_bytes_twice() -> None:
    noise = np.random.default_rng(3).normal(200, 4, (200, 240, 3)).round().astype(np.uint8)
    page, mask = lettered(noise, (30, 80))
    np.testing.assert_array_equal(fill.remove(page, mask, red, CFG), fill.remove(page, mask, red, CFG))


def test_the_flat_setting_moves_the_border() -> None:
    noise = np.random.default_rng(3).normal(200, 4, (200, 240, 1)).round().astype(np.uint8)
    page, mask = lettered(np.repeat(noise, 3, 2), (30, 80))
    fill.remove(page, mask, never, InpaintConfig(flat=6))
    assert (fill.remove(page, mask, red, InpaintConfig(flat=2))[mask] == 85).all()


def test_ground_of_paper_and_of_tone() -> None:
    page, mask = lettered(blank(250), (40, 100))
    found = ground(page, mask, CFG.flat)
    assert (found.flat, found.tone, found.sigma) == (True, (250, 250, 250), 0.0)
    page, mask = lettered(toned(), (40, 100))
    found = ground(page, mask, CFG.flat)
    assert not found.flat
    assert found.sigma > 60


def test_hidden_pixels_are_no_ground() -> None:
    page, mask = lettered(toned(), (40, 100))
    hidden = (page[..., 0] < 255) & ~mask
    assert ground(page, mask, CFG.flat, grown(hidden, 0)).flat


def test_a_ground_that_cannot_be_seen_is_not_flat() -> None:
    found = ground(blank(), np.ones((200, 240), bool), CFG.flat)
    assert not found.flat
    assert found.sigma == pytest.approx(99)


@pytest.mark.parametrize(("outline", "radius"), [(0, 32), (0, 34), (3, 36), (3, 38)])
def test_a_balloon_close_round_its_lettering_stays_white(outline: int, radius: int) -> None:
    clean = np.full((200, 240, 3), (150, 60, 40), np.uint8)
    cv2.ellipse(clean, (118, 84), (72, radius), 0, 0, 360, (255, 255, 255), -1)
    if outline:
        cv2.ellipse(clean, (118, 84), (72, radius), 0, 0, 360, (0, 0, 0), outline)
    inside = cv2.erode((clean.min(2) == 255).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    page, mask = lettered(clean, (78, 102), size=1.8)
    mask = grown(mask, 5) & inside
    assert (fill.remove(page, mask, never, CFG)[mask] == 255).all()


def test_lines_that_go_on_behind_lettering_are_left_to_the_inpainter() -> None:
    page = blank()
    for x in (40, 110):
        cv2.line(page, (x, 0), (x, 199), (0, 0, 0), 3)
    page, mask = lettered(page, (20, 100), size=2.5)
    assert (fill.remove(page, mask, red, CFG)[mask] == 85).all()  # red, but the page has no colour


def test_brushwork_goes_to_the_inpainter() -> None:
    noise = np.random.default_rng(3).normal(0, 1, (200, 240)).astype(np.float32)
    brushed = cv2.GaussianBlur(noise, (0, 0), 4)
    clean = np.repeat((200 + 5 * brushed / brushed.std())[..., None], 3, 2).round().astype(np.uint8)
    page, mask = lettered(clean, (30, 80), (60, 150))
    assert (fill.remove(page, mask, red, CFG)[mask] == 85).mean() > 0.9


@pytest.mark.parametrize("reach", [-6, 0, 6])
def test_letters_over_the_edge_of_an_area_are_not_filled_with_the_ground_beside_it(reach: int) -> None:
    """The area goes on from the mask with no outline between: its edge may be hidden. One farther off is not."""
    clean = blank()
    page, mask = lettered(clean, (60, 110))
    left = int(np.nonzero(mask.any(0))[0].min()) - reach
    for picture in (clean, page):
        picture[60:140, max(left - 40, 0) : left] = 205
    page[mask] = 0
    whole = InpaintConfig(core=512, context=256, lines=False)
    out = fill.remove(page, mask, lambda image, holes: clean, whole)
    np.testing.assert_array_equal(out, clean)
    first, art, _ = fill.flatten(page, mask, CFG.flat)
    assert art.any() == (reach <= 0)
    assert (first[mask & ~art] == 255).all()


@pytest.mark.parametrize(("width", "art"), [(6, False), (40, True)])
def test_a_line_along_letters_is_no_area(width: int, art: bool) -> None:
    page, mask = lettered(blank(), (60, 110))
    low = int(np.nonzero(mask.any(1))[0].max()) + 2
    page[low : low + width] = 0
    assert (fill.flatten(page, mask, CFG.flat)[1].mean() > mask.mean() / 2) == art
