"""Straight lines on both sides of a hole go on in it; what only looks like one does not."""

import cv2
import numpy as np
import pytest

from mangaclean import fill, ruled
from mangaclean.config import InpaintConfig
from mangaclean.types import Image, Mask

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def paper() -> Image:
    return np.full((640, 720, 3), 255, np.uint8)


def hole(left: int = 130, right: int = 190) -> Mask:
    mask = np.zeros((640, 720), bool)
    mask[40:200, left:right] = True
    return mask


def through(clean: Image, mask: Mask, holes: Mask | None = None) -> tuple[Image, Mask]:
    """A page on which the hole is grey, with its lines drawn; and what was drawn."""
    page = clean.copy()
    page[mask] = 128
    holes = mask if holes is None else holes
    before = holes.copy()
    left = ruled.draw(page, mask, holes)
    np.testing.assert_array_equal(holes, before)
    assert not (left & ~holes).any()
    return page, holes & ~left


def outline(clean: Image) -> Mask:
    """Pixels of lines but for what black encloses, which anybody can paint."""
    line = (clean[..., 0] < 100).astype(np.uint8)
    return (line - cv2.erode(line, np.ones((5, 5), np.uint8))) > 0


@pytest.mark.parametrize("thick", [2, 3, 6])
@pytest.mark.parametrize("ends", [((0, 120), (719, 120)), ((0, 90), (719, 151)), ((0, 160), (719, 77))])
def test_a_line_goes_on_behind_a_hole(ends: tuple[tuple[int, int], tuple[int, int]], thick: int) -> None:
    clean = paper()
    cv2.line(clean, *ends, BLACK, thick, cv2.LINE_AA)
    mask = hole()
    page, drawn = through(clean, mask)
    assert not drawn[~mask].any()
    assert drawn[outline(clean) & mask].mean() > 0.95
    assert np.abs(page[drawn].astype(int) - clean[drawn]).mean() < 14  # half a pixel off would be 30
    np.testing.assert_array_equal(page[mask & ~drawn], 128)
    np.testing.assert_array_equal(page[~mask], clean[~mask])


def test_an_edge_between_colours_goes_on_in_its_colours() -> None:
    clean = paper()
    clean[:] = (200, 40, 40)
    cv2.fillPoly(clean, [np.array([(0, 100), (719, 140), (719, 239), (0, 239)])], (30, 60, 190), cv2.LINE_AA)
    page, drawn = through(clean, hole())
    assert drawn.sum() > 100
    assert np.abs(page[drawn].astype(int) - clean[drawn]).mean() < 14


def broken(clean: Image) -> Image:
    """The same, but nothing is drawn beyond the hole."""
    clean[:, 160:] = 255
    return clean


def test_a_line_that_ends_behind_the_hole_is_not_drawn() -> None:
    clean = paper()
    cv2.line(clean, (0, 120), (719, 120), BLACK, 3)
    assert through(clean, hole())[1].any()
    assert not through(broken(clean), hole())[1].any()


@pytest.mark.parametrize("close", [0, 20])
@pytest.mark.parametrize("other", [(132, 3, BLACK), (120, 15, BLACK), (120, 3, (170, 170, 170))])
def test_another_line_beyond_the_hole_is_not_taken_for_it(
    other: tuple[int, int, tuple[int, int, int]], close: int
) -> None:
    clean = paper()
    cv2.line(clean, (0, 120), (719, 120), BLACK, 3)
    clean = broken(clean)
    height, thick, tone = other
    cv2.line(clean, (170, height), (719, height), tone, thick)
    mask = hole()
    mask[100:117, 130 - close : 190 + close] = True  # letters close beside both lines
    assert not through(clean, mask)[1].any()


def beside(close: int, left: int = 130, right: int = 190) -> Mask:
    """A hole, and letters so many px on, before it and behind it, that stand close to the line on both of its sides."""
    mask = hole(left, right)
    mask[100:116, left - close : right + close] = True
    mask[125:140, left - close : right + close] = True
    return mask


@pytest.mark.parametrize(("close", "drawn"), [(3, True), (20, True), (30, True), (45, False)])
def test_letters_close_beside_a_line_do_not_hide_what_it_looks_like(close: int, drawn: bool) -> None:
    clean = paper()
    cv2.line(clean, (0, 120), (719, 120), BLACK, 3)
    mask = beside(close)
    page, lines = through(clean, mask)
    assert lines.any() == drawn
    if drawn:
        assert lines[outline(clean) & hole()].mean() > 0.95
        assert np.abs(page[lines].astype(int) - clean[lines]).mean() < 14


def test_a_slanting_line_that_letters_stand_close_to_goes_on_along_them() -> None:
    clean = paper()
    cv2.line(clean, (0, 120), (719, 156), BLACK, 3, cv2.LINE_AA)
    mask = hole()
    mask[122:160, 110:130] = True  # on the line's lower half, before the hole
    mask[100:130, 190:210] = True  # and on its upper half, behind it
    page, lines = through(clean, mask)
    assert lines[:, 112:128].any()
    assert lines[:, 192:208].any()
    assert lines[outline(clean) & mask].mean() > 0.9
    assert np.abs(page[lines].astype(int) - clean[lines]).mean() < 14


@pytest.mark.parametrize("tone", [60, 128, 200])
def test_letters_beside_a_line_are_no_evidence_for_it(tone: int) -> None:
    clean = paper()
    cv2.line(clean, (0, 120), (719, 120), BLACK, 3)
    mask = beside(20, 120, 200)
    mask[:, 157:162] = False  # less than what ends a hole
    assert through(clean, mask)[1].any()
    clean[119:122, 150:170] = tone
    assert through(clean, mask)[1].any() == (tone < 100)


def test_a_line_is_not_sought_behind_a_second_hole_farther_off_than_a_guess_goes() -> None:
    clean = paper()
    cv2.line(clean, (0, 120), (719, 120), BLACK, 3)
    mask = beside(20, 130, 220)
    assert through(clean, mask)[1].any()
    mask[:, 227:257] = True
    assert not through(clean, mask)[1].any()


@pytest.mark.parametrize(("wide", "drawn"), [(95, True), (130, False)])
def test_a_short_piece_of_a_line_tells_of_no_wide_hole(wide: int, drawn: bool) -> None:
    clean = np.full((1200, 1300, 3), 255, np.uint8)
    cv2.line(clean, (118, 120), (142 + wide, 120), BLACK, 3)
    mask = np.zeros((1200, 1300), bool)
    mask[40:200, 130 : 130 + wide] = True
    assert through(clean, mask)[1].any() == drawn


def test_a_hole_near_the_edge_of_the_page() -> None:
    clean = paper()
    cv2.line(clean, (0, 120), (719, 120), BLACK, 3)
    assert through(clean, hole(640, 711))[1].any()
    assert not through(clean, hole(640, 720))[1].any()


def test_what_is_seen_between_letters_speaks_for_a_line_or_against_it() -> None:
    mask = hole(120, 200)
    mask[:, 157:162] = False  # less than what ends a hole
    line = paper()
    cv2.line(line, (0, 120), (719, 120), BLACK, 3)
    assert through(line, mask)[1].any()
    line[:, 150:170] = 255
    assert not through(line, mask)[1].any()


@pytest.mark.parametrize(("left", "right"), [(150, 160), (60, 270)])
def test_small_holes_are_the_painters_and_wide_ones_nobodys(left: int, right: int) -> None:
    clean = paper()
    cv2.line(clean, (0, 120), (719, 120), BLACK, 3)
    assert not through(clean, hole(left, right))[1].any()


def test_what_is_masked_but_no_hole_is_neither_looked_at_nor_drawn_on() -> None:
    clean = paper()
    cv2.line(clean, (0, 120), (719, 120), BLACK, 3)
    mask = hole()
    holes = mask.copy()
    holes[:, 150:165] = False  # filled flat already, line and all
    page, drawn = through(clean, mask, holes)
    assert drawn.any()
    assert not drawn[~holes].any()
    np.testing.assert_array_equal(page[mask & ~holes], 128)


def test_noise_and_an_empty_page_have_no_lines() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (640, 720, 3)).astype(np.uint8)
    assert not through(noise, hole())[1].any()
    assert not through(paper(), hole())[1].any()
    assert not through(paper(), np.ones((640, 720), bool))[1].any()
    mask = hole()
    assert ruled.draw(paper(), mask, mask) is mask


def test_the_same_page_gives_the_same_lines() -> None:
    clean = paper()
    for x in range(20, 300, 17):
        cv2.line(clean, (x, 0), (x + 30, 239), BLACK, 2, cv2.LINE_AA)
    mask = hole(40, 90)
    mask[130:] = False
    first, second = through(clean, mask), through(clean, mask)
    assert first[1].any()
    np.testing.assert_array_equal(first[0], second[0])


@pytest.mark.parametrize(
    ("cfg", "drawn"),
    [(InpaintConfig(), True), (InpaintConfig(lines=False), False), (InpaintConfig(engine="white"), False)],
)
def test_an_inpainter_leaves_lines_as_they_were_drawn_if_settings_let_them(cfg: InpaintConfig, drawn: bool) -> None:
    clean = paper()
    cv2.line(clean, (0, 90), (719, 211), BLACK, 4, cv2.LINE_AA)
    page, mask = clean.copy(), hole()
    page[mask] = 0

    def inpainter(image: Image, holes: Mask) -> Image:
        return np.where(holes[..., None], np.uint8(255), image)

    out = fill.remove(page, mask, inpainter, cfg)
    line = outline(clean) & mask
    assert (out[line] < 128).mean() > 0.95 if drawn else (out[line] == 255).all()
    np.testing.assert_array_equal(out[~mask], page[~mask])


def behind_letters() -> tuple[Image, Mask, Mask]:
    """A border that runs on between two letters, the letters, and a mask that takes them and what is between."""
    page = paper()
    cv2.line(page, (0, 120), (719, 120), BLACK, 4)
    lettering = np.zeros((640, 720), bool)
    lettering[80:160, 130:150] = lettering[80:160, 190:210] = True
    page[lettering] = 0
    mask = np.zeros((640, 720), bool)
    mask[75:165, 125:215] = True
    return page, lettering, mask


def test_a_border_that_shows_between_letters_is_no_lettering() -> None:
    page, lettering, mask = behind_letters()
    shown = ruled.shown(page, mask, lettering)
    border = (page[..., 0] == 0) & ~lettering & mask
    assert shown[:, 155:185][border[:, 155:185]].all()
    assert not (shown & (lettering | ~mask)).any()
    assert not shown[:112].any()
    assert not shown[130:].any()


def test_what_does_not_come_from_beyond_the_mask_is_lettering() -> None:
    page, lettering, mask = behind_letters()
    page[~mask] = 255
    assert not ruled.shown(page, mask, lettering).any()


def test_a_short_or_faint_line_is_left_to_the_mask() -> None:
    page, lettering, mask = behind_letters()
    short = page.copy()
    short[:, :110] = short[:, 230:] = 255
    faint = np.where(lettering[..., None], np.uint8(0), page // 2 + 128)
    assert not ruled.shown(short, mask, lettering).any()
    assert not ruled.shown(faint, mask, lettering).any()
