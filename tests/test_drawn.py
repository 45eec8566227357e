"""Lettering that a network marks: which marks count, which belong together, what becomes of them."""

import cv2
import numpy as np
import pytest

from mangaclean import drawn, letters, regions
from mangaclean.config import SegmentConfig
from mangaclean.types import Box, Detection, Finding, Image, Kind, Line, Mask

SIZE = (600, 400)


def seen(*boxes: tuple[int, int, int, int], level: int = 240) -> drawn.Levels:
    """A map on which these boxes (left, top, right, bottom) are marked."""
    levels = np.zeros(SIZE, np.uint8)
    for left, top, right, bottom in boxes:
        levels[top:bottom, left:right] = level
    return levels


def nothing() -> Mask:
    return np.zeros(SIZE, bool)


def test_marks_reach_from_sure_pixels_to_all_that_hang_together() -> None:
    levels = seen((50, 50, 60, 80), level=100)
    levels[55:78, 50:60] = 250
    assert drawn.marks(levels)[50:80, 50:60].all()
    assert drawn.marks(levels).sum() == 300


def test_marks_of_which_the_network_is_nowhere_sure_do_not_count() -> None:
    assert not drawn.marks(seen((50, 50, 90, 90), level=120)).any()


@pytest.mark.parametrize(
    ("box", "sure", "goes"),
    [
        ((84, 50, 114, 90), 0.45, True),
        ((84, 50, 114, 90), 0.3, False),  # it hesitates too much
        ((150, 50, 180, 90), 0.45, False),  # far off
        ((84, 50, 134, 130), 0.45, False),  # much larger
    ],
)
def test_of_a_letter_beside_a_sure_one_less_is_enough(box: tuple[int, int, int, int], sure: float, goes: bool) -> None:
    left, top, right, bottom = box
    levels = (
        seen((50, 50, 80, 90)) | seen(box, level=120) | seen((left, top, right, top + round(sure * (bottom - top))))
    )
    assert drawn.marks(levels)[top:bottom, left:right].all() == goes
    levels[:, :82] = 0
    assert not drawn.marks(levels).any()  # by itself it is not enough


def test_letters_side_by_side_are_one_effect_and_far_ones_another() -> None:
    levels = seen((50, 50, 80, 90), (50, 100, 82, 140), (300, 400, 330, 440))
    found = drawn.find(drawn.marks(levels), levels, nothing())
    assert sorted(tuple(effect.window) for effect in found) == [(50, 50, 82, 140), (300, 400, 330, 440)]
    assert next(effect.vertical for effect in found if effect.window.top == 50)


def test_letter_of_another_size_is_no_part_of_an_effect() -> None:
    levels = seen((50, 50, 150, 150), (170, 80, 190, 100))
    assert len(drawn.find(drawn.marks(levels), levels, nothing())) == 2


def test_an_effect_is_as_large_as_its_letters_whatever_dots_stand_beside() -> None:
    levels = seen((50, 50, 110, 130), (50, 140, 62, 152), (72, 140, 84, 152), (94, 140, 106, 152))
    (effect,) = drawn.find(drawn.marks(levels), levels, nothing())
    assert effect.em == 80


def test_what_a_line_has_taken_is_not_found_again() -> None:
    levels = seen((50, 50, 80, 90))
    taken = nothing()
    taken[40:100, 40:100] = True
    assert drawn.find(drawn.marks(levels), levels, taken) == []


def test_of_a_mark_that_a_line_has_taken_for_the_most_part_the_rest_is_found_unless_it_is_a_rim() -> None:
    levels = seen((50, 50, 80, 150))
    taken = nothing()
    taken[40:118, 40:100] = True
    assert [tuple(effect.window) for effect in drawn.find(drawn.marks(levels), levels, taken)] == [(50, 118, 80, 150)]
    taken[40:148, 40:100] = True
    assert drawn.find(drawn.marks(levels), levels, taken) == []


def test_specks_are_no_effects() -> None:
    levels = seen((50, 50, 52, 52))
    assert drawn.find(drawn.marks(levels), levels, nothing()) == []


def test_line_round_an_effect_covers_it() -> None:
    levels = seen((50, 50, 80, 90))
    (effect,) = drawn.find(drawn.marks(levels), levels, nothing())
    covered = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(covered, [np.array(effect.line.polygon, np.int32)], 1)
    assert covered[51:89, 51:79].all()
    assert effect.line.score == pytest.approx(240 / 255, abs=1e-3)


def detected(levels: drawn.Levels, *lines: Line, bubbles: drawn.Levels | None = None, **settings: object) -> Detection:
    rng = np.random.default_rng(1)
    page = rng.integers(100, 256, (*SIZE, 1)).astype(np.uint8).repeat(3, axis=2)
    page[levels > 0] = 0
    none = np.zeros(SIZE, np.uint8)
    finding = Finding(lines, none, levels, none if bubbles is None else bubbles)
    return regions.detect(page, finding, SegmentConfig.model_validate(settings))


def kinds(detection: Detection) -> list[Kind]:
    return [region.kind for region in detection.regions]


def test_effect_stays_unless_effects_are_cleaned() -> None:
    levels = seen((50, 50, 60, 90), (50, 80, 80, 90))
    kept = detected(levels)
    assert (kinds(kept), kept.regions[0].action, kept.mask.any()) == (["sfx"], "keep", False)
    gone = detected(levels, keep=["other"])
    assert (kinds(gone), gone.regions[0].action) == (["sfx"], "inpaint")
    assert gone.mask[levels > 0].all()
    assert gone.mask.sum() < 50 * 60


def test_line_on_art_that_the_network_does_not_see_is_no_lettering() -> None:
    line = Line(((50, 50), (80, 50), (80, 200), (50, 200)), 0.9, "あいうえ", 0.7)
    assert kinds(detected(np.zeros(SIZE, np.uint8), line)) == ["other"]


def test_line_on_art_is_masked_by_the_strokes_that_the_network_sees() -> None:
    line = Line(((45, 45), (85, 45), (85, 205), (45, 205)), 0.9, "漢字文章", 0.97)
    levels = seen((55, 55, 65, 195))
    found = detected(levels, line, keep=[])
    assert found.mask[55:195, 55:65].all()
    assert found.mask.sum() < 3 * 10 * 140


def test_letters_are_whole_wherever_they_stand_on_the_page() -> None:
    page = np.full((*SIZE, 3), 255, np.uint8)
    boxes = [(0, 0, 14, 14), (386, 0, 400, 14), (180, 300, 194, 314), (386, 586, 400, 600)]
    for left, top, right, bottom in boxes:
        page[top:bottom, left:right] = 0
    levels = seen(*((left, top, right, bottom - 2) for left, top, right, bottom in boxes))
    marked = letters.whole(page, levels, nothing(), drawn.SEEN, drawn.SURE)
    assert np.array_equal(marked, (page == 0).all(2))


def test_a_letter_that_is_seen_for_the_most_part_is_taken_whole() -> None:
    page = np.full((*SIZE, 3), 255, np.uint8)
    page[50:150, 50:62] = page[50:62, 50:130] = 0  # two strokes that meet
    levels = seen((50, 50, 62, 150), (62, 50, 120, 62))
    levels[50:62, 90:120] = 120  # here the network hesitates, and at the end it sees nothing
    letter = page[:, :, 0] == 0
    marked = letters.whole(page, levels, nothing(), drawn.SEEN, drawn.SURE)
    assert (marked == letter).all()


def test_ink_that_is_seen_here_and_there_is_left_alone() -> None:
    page = np.full((*SIZE, 3), 255, np.uint8)
    page[50:150, 50:62] = 0
    for level, high in ((240, 120), (120, 150)):  # too little of it, or nowhere surely
        levels = seen((50, 50, 62, high), level=level)
        assert not letters.whole(page, levels, nothing(), drawn.SEEN, drawn.SURE).any()


def test_a_figure_is_no_letter() -> None:
    page = np.zeros((*SIZE, 3), np.uint8)
    assert not letters.whole(page, seen((0, 0, 400, 600)), nothing(), drawn.SEEN, drawn.SURE).any()


def left_over(page: Image, levels: drawn.Levels, erased: Mask, *kept: tuple[Box, Mask]) -> Mask:
    """What is erased once torn letters are whole."""
    made = erased.copy()
    for window, rest in letters.left_over(page, levels, erased, kept, drawn.SEEN):
        made[window.slices] |= rest
    return made


def test_of_a_dash_that_is_erased_in_part_the_rest_goes_too() -> None:
    page = np.full((*SIZE, 3), 230, np.uint8)
    page[100:106, 60:118] = 0
    levels = seen((60, 100, 85, 106))
    erased = seen((58, 98, 90, 108)) > 0
    made = left_over(page, levels, erased)
    assert made[100:106, 60:118].all()
    assert not made[:90].any()
    assert not made[116:].any()
    assert np.array_equal(left_over(page, nothing().astype(np.uint8), erased), erased)  # it sees nothing there
    strokes = np.ones((6, 58), bool)
    assert np.array_equal(left_over(page, levels, erased, (Box(60, 100, 118, 106), strokes)), erased)  # it is to stay
    page[80:130:4, 60:118] = 90
    assert np.array_equal(left_over(page, levels, erased), erased)  # art runs by


def test_ink_that_runs_on_is_no_torn_letter() -> None:
    page = np.full((*SIZE, 3), 230, np.uint8)
    page[100:106] = 0
    erased = seen((58, 98, 300, 108)) > 0
    assert np.array_equal(left_over(page, seen((60, 100, 300, 106)), erased), erased)


@pytest.mark.parametrize(("pen", "goes"), [(1, False), (8, True)])
def test_the_corner_of_a_frame_is_too_thin_for_a_torn_letter(pen: int, goes: bool) -> None:
    page = np.full((*SIZE, 3), 230, np.uint8)
    page[100 : 100 + pen, 60:160] = page[100:200, 60 : 60 + pen] = 0
    ink = page[:, :, 0] == 0
    part = seen((60, 100, 160, 190)) > 0
    erased = left_over(page, np.where(part, 255, 0).astype(np.uint8), part)
    assert erased[ink].all() == goes
    assert np.array_equal(erased, part) != goes


@pytest.mark.parametrize(
    ("left", "width", "level", "erased"),
    [(82, 5, 60, True), (82, 5, 10, False), (120, 5, 60, False), (82, 2, 60, False)],
)
def test_the_other_stroke_of_a_letter_goes_too(left: int, width: int, level: int, erased: bool) -> None:
    """`い` of two strokes; not what the network shows nothing of, what is far off, and what is far thinner."""
    page = np.full((*SIZE, 3), 250, np.uint8)
    page[100:140, 64:69] = 0
    other = page[102:134, left : left + width]
    other[...] = 0
    levels = seen((64, 100, 69, 140)) | seen((left, 110, left + width, 112), level=level)
    mask = left_over(page, levels, seen((61, 97, 72, 143)) > 0)
    assert mask[102:134, left : left + width].all() == erased


@pytest.mark.parametrize(("level", "goes"), [(120, True), (60, False)])
def test_the_dot_of_a_mark_goes_with_it_where_it_is_seen(level: int, goes: bool) -> None:
    page = np.full((*SIZE, 3), 250, np.uint8)
    page[100:140, 64:76] = page[148:160, 64:76] = 0
    levels = seen((64, 100, 76, 140)) | seen((64, 148, 76, 160), level=level)
    mask = left_over(page, levels, seen((61, 97, 79, 143)) > 0)
    assert mask[148:160, 64:76].all() == goes


@pytest.mark.parametrize(("low", "goes"), [(115, True), (106, False)])
def test_a_torn_letter_beside_a_wall_goes_where_most_of_it_is_seen(low: int, goes: bool) -> None:
    page = np.full((*SIZE, 3), 250, np.uint8)
    page[100:118, 64:70] = page[:, 50:61] = 0
    mask = left_over(page, seen((64, 100, 70, low)), seen((64, 100, 70, 110)) > 0)
    assert mask[100:118, 64:70].all() == goes
    assert not mask[:, 50:61].any()


def test_of_half_a_letter_on_art_the_rest_goes_where_the_network_shows_a_trace_of_it() -> None:
    page = np.full((*SIZE, 3), 250, np.uint8)
    page[:, ::6] = 150
    page[100:140, 64:70] = 0
    levels = seen((64, 100, 70, 126))
    erased = seen((62, 98, 72, 126)) > 0
    assert np.array_equal(left_over(page, levels, erased), erased)
    made = left_over(page, levels | seen((64, 126, 70, 136), level=60), erased)
    assert made[100:140, 64:70].all()


@pytest.mark.parametrize(("beyond", "goes"), [(150, True), (250, False)])
def test_of_half_a_letter_on_art_the_rest_goes_where_it_has_a_white_rim(beyond: int, goes: bool) -> None:
    page = np.full((*SIZE, 3), beyond, np.uint8)
    page[:, ::8] = 120
    page[97:143, 61:73] = 250
    page[100:140, 64:70] = 0
    erased = seen((62, 98, 72, 126)) > 0
    assert left_over(page, seen((64, 100, 70, 126)), erased)[100:140, 64:70].all() == goes


@pytest.mark.parametrize(("level", "goes"), [(60, True), (0, False)])
@pytest.mark.parametrize(("ink", "ground"), [(255, 90), (0, 90)])
def test_half_a_white_letter_or_a_black_one_on_dark_art_goes_whole_where_its_rest_is_hinted(
    ink: int, ground: int, level: int, goes: bool
) -> None:
    page = np.full((*SIZE, 3), ground, np.uint8)
    page[:, ::6] = 60
    page[100:140, 64:70] = ink
    levels = seen((64, 100, 70, 126)) | seen((64, 126, 70, 136), level=level)
    made = left_over(page, levels, seen((62, 98, 72, 126)) > 0)
    assert made[128:140, 64:70].all() == goes
    assert not made[:, 90:].any()


def test_a_torn_white_letter_goes_with_its_thick_black_outline() -> None:
    page = np.full((*SIZE, 3), 150, np.uint8)
    page[:, ::6] = 120
    page[92:148, 56:78] = 0
    page[100:140, 64:70] = 255
    levels = seen((64, 100, 70, 126)) | seen((64, 126, 70, 136), level=60)
    made = left_over(page, levels, seen((62, 98, 72, 126)) > 0)
    assert made[100:140, 58:76].all()
    assert not made[:, 90:].any()
