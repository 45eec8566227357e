"""Masks on art: as far as a letter's edge shows on the page, and no farther."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mangaclean import masks, regions
from mangaclean.config import SegmentConfig
from mangaclean.strokes import grown
from mangaclean.types import Box, Finding

EM = 90  # px; letters of this size have masks that grow by 6 px on quiet ground
TONES = {
    "black on light art": ((0, 0, 0), 150),
    "white on dark art": ((255, 255, 255), 90),
    "red": ((200, 30, 30), 150),
}


def art(height: int) -> NDArray[np.float64]:
    """Brushwork in colour, in levels off its ground: no flat spot, and no lines."""
    rough = np.random.default_rng(1).normal(0, 1, (height, 220, 3))
    return np.asarray(cv2.GaussianBlur(rough, (0, 0), 5) * 250 + cv2.GaussianBlur(rough, (0, 0), 1.2) * 40)


def lettered(
    tones: str, softness: float, height: int = 200
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    """A page, the same without its letters, and the strokes that are found of them: what is inked for the most part."""
    ink, ground = TONES[tones]
    clean = np.clip(art(height) + ground, 0, 255)
    drawn = np.zeros(clean.shape[:2])
    for top in range(40, height - 60, 110):
        cv2.ellipse(drawn, (110, top + 30), (50, 30), 20, 0, 300, 1, 9)
        cv2.line(drawn, (60, top + 60), (160, top), 1, 9)
    cover = cv2.GaussianBlur(drawn, (0, 0), softness)[..., None]
    page = clean + cover * (np.array(ink) - clean)
    return page.astype(np.uint8), clean.astype(np.uint8), cover[..., 0] > 0.5


@pytest.mark.parametrize("tones", TONES)
def test_a_mask_on_art_follows_an_edge_as_far_as_it_shows(tones: str):
    reaches = []
    for softness in (0.5, 1.2, 2.2):
        page, clean, strokes = lettered(tones, softness)
        mask = masks.on_art(page, strokes, np.zeros_like(strokes), EM)
        contrast = np.abs(np.array(TONES[tones][0]) - clean.astype(float)).max(2)
        left = np.abs(page.astype(float) - clean).max(2) > masks.TRACE * contrast
        assert not (left & ~mask).any()
        reaches.append(masks.edge(page, strokes, 6))
    assert reaches == sorted(reaches)
    assert reaches[0] <= 2
    assert reaches[2] >= 4


def test_a_mask_on_art_never_grows_beyond_that_of_quiet_ground():
    page, _, strokes = lettered("black on light art", 4.0)
    none = np.zeros_like(strokes)
    mask = masks.on_art(page, strokes, ~none, EM)
    assert np.array_equal(mask, masks.dilated(strokes, none, EM))


def test_what_the_network_sees_faintly_goes_with_letters_that_it_stands_beside():
    page, _, strokes = lettered("black on light art", 0.5)
    faint = np.zeros_like(strokes)
    beside = grown(strokes, 5) & ~grown(strokes, 3)
    beside[:100] = False
    faint |= beside
    faint[5:10, 5:10] = True  # far from all letters
    mask = masks.on_art(page, strokes, faint, EM)
    assert mask[beside].all()
    assert not mask[5:10, 5:10].any()
    assert not (mask & ~grown(strokes, 3))[:95].any()


def test_lines_of_art_that_pass_under_letters_do_not_lengthen_their_reach():
    page, _, strokes = lettered("black on light art", 0.5)
    lines = np.zeros(strokes.shape, np.uint8)
    for x in range(-200, 220, 9):
        cv2.line(lines, (x, 0), (x + 120, 200), 1, 2)
    page[(lines > 0) & ~strokes] = (20, 10, 10)
    assert masks.edge(page, strokes, 6) <= 2


def test_what_strokes_close_in_within_their_reach_goes_and_a_wide_inside_stays():
    page, _, strokes = lettered("black on light art", 0.5)
    strokes = np.zeros_like(strokes)
    for centre, radius in (((60, 100), 7), ((150, 100), 25)):
        ring = cv2.circle(np.zeros(strokes.shape, np.uint8), centre, radius, 1, 4) > 0
        page[ring] = 0
        strokes |= ring
    mask = masks.on_art(page, strokes, np.zeros_like(strokes), EM)
    assert mask[100, 60]
    assert not mask[100, 150]
    assert not grown(strokes, 2)[100, 60]


@pytest.mark.parametrize("quality", [60, 80])
def test_dirt_of_jpeg_round_letters_goes_with_them(quality: int):
    clean = np.full((200, 220, 3), 250, np.uint8)
    for y in range(0, 200, 40):  # no flat ground, though most of it is paper
        cv2.line(clean, (0, y), (219, y + 15), (0, 0, 0), 2)
    page, _, strokes = lettered("black on light art", 0.5)
    page = np.where(grown(strokes, 1)[..., None], np.minimum(page, clean), clean)
    dirty = cv2.imdecode(cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    assert masks.edge(page, strokes, 6) <= 2
    assert masks.edge(np.asarray(dirty, np.uint8), strokes, 6) >= 4


def test_letters_with_a_white_rim_have_all_of_the_reach():
    page, _, strokes = lettered("black on light art", 0.5)
    none = np.zeros_like(strokes)
    page = page.copy()
    page[grown(strokes, 5) & ~grown(strokes, 1)] = 255
    assert np.array_equal(masks.on_art(page, strokes, none, EM), masks.dilated(strokes, none, EM))


def test_the_reach_is_the_same_however_the_window_is_parted(monkeypatch: pytest.MonkeyPatch):
    page, _, strokes = lettered("red", 1.6, height=700)
    parted = masks.edge(page, strokes, 6)
    monkeypatch.setattr(masks, "STRIP", 64)
    assert masks.edge(page, strokes, 6) == parted
    monkeypatch.setattr(masks, "STRIP", 10_000)
    assert masks.edge(page, strokes, 6) == parted


def test_nothing_grows_where_there_are_no_strokes():
    page, _, strokes = lettered("red", 0.5)
    assert not masks.on_art(page, np.zeros_like(strokes), ~strokes, EM).any()


def _dirty_places(page: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is dirt beside a mask, looked for in two windows that overlap."""
    found = np.zeros_like(mask)
    height, width = mask.shape
    for place, specks in masks.dirty_places(page, mask, [Box(0, 0, 130, height), Box(60, 0, width, height)]):
        assert not found[place.slices].any()  # each place is looked at once
        found[place.slices] |= specks
    return found


@pytest.mark.parametrize("ground", ["paper", "brushwork", "stripes"])
def test_dirt_beside_letters_on_art_goes_where_the_ground_is_paper(ground: str):
    clean = np.full((200, 220, 3), 250, np.uint8)
    if ground == "brushwork":
        clean = np.clip(art(200) / 8 + 225, 0, 255).astype(np.uint8)
    page = clean.copy()
    cv2.line(page, (0, 190), (219, 150), (0, 0, 0), 2)
    cv2.line(page, (60, 60), (150, 90), (0, 0, 0), 12)
    if ground == "stripes":  # of two tones, both of them clean, but for the specks
        page[:, ::3] = np.where(page[:, ::3] == 250, 190, page[:, ::3])
    letter = np.zeros(page.shape[:2], np.uint8)
    cv2.line(letter, (60, 60), (150, 90), 1, 18)
    mask = letter > 0
    specks = [(71, 50), (97, 58), (100, 84), (60, 71)]
    far = [(20, 20), (200, 100), (166, 90)]
    for x, y in (*specks, *far):
        page[y : y + 2, x : x + 2] -= 14
    page[55:57, 82:95] -= 14  # a light line, longer than any speck
    found = _dirty_places(page, mask)
    assert [bool(found[y : y + 2, x : x + 2].all()) for x, y in specks] == [ground == "paper"] * 4
    assert not any(found[y, x] for x, y in far)
    assert not (found & mask).any()
    if ground == "paper":
        assert found.sum() == 16


def test_dirt_beside_an_effect_on_art_goes_with_it():
    image = np.full((400, 400, 3), 250, np.uint8)
    image[::40] = 60
    image[140:260, 195:203] = image[170:178, 150:250] = 0
    seen = np.where(image[..., 0] == 0, np.uint8(230), np.uint8(0))
    specks = [(206, 148), (190, 215), (206, 230)]
    for x, y in specks:
        image[y : y + 2, x : x + 2] -= 14
    none = np.zeros_like(seen)
    made = regions.detect(image, Finding((), none, seen, none), SegmentConfig(keep=()))
    assert [region.action for region in made.regions] == ["inpaint"]
    assert all(made.mask[y, x] for x, y in specks)
    assert not made.mask[40, :100].any()
