"""Strokes of lettering and their masks, on drawn pages: what of the ink goes, and what stays."""

import cv2
import numpy as np
import pytest

from mangaclean import masks, regions, strokes, traces
from mangaclean.blocks import Place
from mangaclean.config import SegmentConfig
from mangaclean.types import Finding, Image, Line, Mask
from tests import drawn

CFG = SegmentConfig()


def test_small_mark_beside_a_line_is_erased_and_a_line_of_art_is_not():
    image = drawn.page()
    drawn.hatched(image)
    drawn.balloon(image, (200, 200), (100, 120))
    line = drawn.column(image, 200, 120, 5)
    cv2.circle(image, (190, 240), 2, (0, 0, 0), -1)  # a full stop that the detector left out
    cv2.line(image, (130, 150), (130, 250), (0, 0, 0), 2)  # art inside the balloon, longer than a letter
    mask = regions.detect(image, Finding((line,)), CFG).mask
    assert mask[240, 190]
    assert not mask[150:250, 130].any()


@pytest.mark.parametrize("goes", ["a heart", "a face"])
def test_a_blot_of_one_colour_beside_a_text_is_part_of_it_and_a_drawing_is_not(goes: str):
    image = drawn.page()
    drawn.balloon(image, (200, 200), (100, 120))
    line = drawn.column(image, 200, 120, 5)
    cv2.circle(image, (190, 200), 6, (255, 160, 160), -1)
    if goes == "a face":  # two colours
        cv2.circle(image, (190, 200), 2, (120, 40, 40), -1)
    mask = regions.detect(image, Finding((line,)), CFG).mask
    assert bool(mask[200, 188]) == (goes == "a heart")


@pytest.mark.parametrize("shown", [250, 60, 0], ids=["surely", "faintly", "not at all"])
def test_letters_of_a_text_that_runs_out_of_its_balloon_go_if_the_network_shows_them(shown: int):
    image = drawn.page(tone=170)
    drawn.balloon(image, (200, 200), (100, 120))
    cv2.line(image, (100, 345), (300, 345), (0, 0, 0), 2)  # art that crosses the line
    blank = image.copy()
    line = drawn.column(image, 190, 104, 11)
    ink = (image != blank).any(2)
    seen = np.where(ink, np.uint8(shown), np.uint8(0))
    mask = regions.detect(image, Finding((line,), seen, np.zeros_like(seen), np.zeros_like(seen)), CFG).mask
    last = slice(325, 343), slice(188, 212)  # below the balloon
    assert mask[last][ink[last]].all() if shown else not mask[last].any()
    assert not mask[345, 100:180].any()


@pytest.mark.parametrize("shown", [250, 0], ids=["seen", "by pen, which the network does not see"])
def test_strokes_beside_a_text_that_the_network_sees_stay_unless_it_shows_them(shown: int):
    """A flash's strokes stand as near to letters as a dash of theirs does, and are as thick."""
    image = drawn.page()
    drawn.balloon(image, (200, 200), (120, 140))
    blank = image.copy()
    line = drawn.column(image, 200, 150, 5)
    letters = (image != blank).any(2)
    for top in (150, 170, 190):
        cv2.line(image, (187, top), (194, top + 10), (0, 0, 0), 3)
    seen = np.where(letters, np.uint8(shown), np.uint8(0))
    finding = Finding((line,), seen, np.zeros_like(seen), np.full_like(seen, 250))
    mask = regions.detect(image, finding, CFG).mask
    assert mask[letters].all()
    assert mask[145:210, 186:193].any() == (shown == 0)


@pytest.mark.parametrize("shown_to", [60, 40], ids=["to its end", "in part"])
def test_a_torn_dash_longer_than_a_letter_goes_whole_if_the_network_shows_it_to_its_end(shown_to: int):
    own, other, shown = np.zeros((3, 80, 40), bool)
    own[10:25, 20] = other[25:60, 20] = shown[10:shown_to, 20] = True
    rest = traces._torn(own, other, np.ones_like(own), shown, em=20)
    assert (rest == (other if shown_to == 60 else np.zeros_like(other))).all()


def test_a_speck_in_the_lines_goes_with_letters_that_the_network_sees():
    image = drawn.page()
    drawn.balloon(image, (200, 200), (120, 140))
    blank = image.copy()
    line = drawn.column(image, 200, 150, 5)
    seen = np.where((image != blank).any(2), np.uint8(250), np.uint8(0))
    image[176:178, 202:204] = 100
    finding = Finding((line,), seen, np.zeros_like(seen), np.full_like(seen, 250))
    assert regions.detect(image, finding, CFG).mask[176:178, 202:204].all()


@pytest.mark.parametrize("seen_by", [0.9, 0.2], ids=["most of it", "little of it"])
def test_of_a_text_in_a_room_that_art_runs_through_the_network_says_what_is_lettering(seen_by: float):
    """Where it sees most of what stands in the lines, no ink beside the letters goes; else ink decides."""
    image = drawn.page(400, 400, tone=120)
    drawn.hatched(image)
    drawn.shaded(image, 165, 70, 265, 310)
    blank = image.copy()
    line = drawn.column(image, 205, 100, 8)
    letters = (image != blank).any(2)
    for top in range(110, 280, 20):
        cv2.line(image, (231, top), (238, top + 8), (150, 150, 150), 3)
    seen = np.where(letters, np.uint8(250), np.uint8(0))
    seen[100 + int(176 * seen_by) :] = 0
    beside = cv2.dilate(seen, np.ones((1, 31), np.uint8)) // 10  # hatching blurs what it sees
    none = np.zeros_like(seen)
    detected = regions.detect(image, Finding((line,), np.maximum(seen, beside), none, none), CFG)
    assert detected.regions[0].bubble is not None
    assert detected.regions[0].action == "inpaint"
    assert detected.mask[seen > 0].all()
    assert detected.mask[110:280, 234:239].any() == (seen_by < 0.5)


def test_dilation_grows_with_the_letters_and_spares_other_ink():
    own, other = np.zeros((60, 60), bool), np.zeros((60, 60), bool)
    own[28:32, 28:32] = True
    other[:, 34] = True
    small = masks.dilated(own, other, 12)
    large = masks.dilated(own, other, 60)
    assert small.sum() < large.sum()
    assert not (large & other).any()
    assert not large[:, 33].any()
    assert large[own].all()


def test_dirt_is_not_followed_to_the_edge_of_a_balloon():
    own = np.zeros((60, 60), bool)
    own[28:32, 28:32] = True
    inside = np.zeros_like(own)
    inside[20:40, 10:50] = True
    mask = masks.dilated(own, np.zeros_like(own), 12, inside)
    assert np.flatnonzero(mask.any(1))[[0, -1]].tolist() == [20 + masks.RIM, 39 - masks.RIM]
    assert mask.any(0).sum() > mask.any(1).sum()
    tight = np.zeros_like(own)
    tight[27:33] = True
    assert np.array_equal(masks.dilated(own, np.zeros_like(own), 12, tight), masks.dilated(own, np.zeros_like(own), 12))


def test_a_mask_in_a_balloon_grows_no_further_than_a_block_of_jpeg():
    own = np.zeros((90, 90), bool)
    own[40:50, 40:50] = True
    for em in (12, 30, 200):
        mask = masks.dilated(own, np.zeros_like(own), em, np.ones_like(own))
        assert 40 - np.flatnonzero(mask.any(0))[0] <= masks.BLOCK


def test_what_little_is_left_inside_of_letters_goes_and_what_lies_at_a_windows_edge_stays():
    mask = np.ones((60, 60), bool)
    small, large, edge = (slice(10, 14), slice(10, 14)), (slice(20, 50), slice(20, 50)), (slice(0, 3), slice(40, 43))
    for island in (small, large, edge):
        mask[island] = False
    without = masks.without_islands(mask, 40)
    assert without[small].all()
    assert not without[large].any()
    assert not without[edge].any()
    assert not masks.without_islands(mask, 20)[small].any(), "letters half as large"


def test_growing_far_is_as_growing_by_a_disc():
    mask = np.random.default_rng(0).random((300, 260)) < 0.0002
    radius = strokes.SMALL + 5
    disc = cv2.dilate(mask.astype(np.uint8), strokes.disc(radius)) > 0
    assert (strokes.grown(mask, radius) != disc).mean() < 0.02
    assert np.array_equal(strokes.shrunk(~mask, radius), ~strokes.grown(mask, radius))
    assert not strokes.grown(np.zeros_like(mask), radius).any()
    assert np.array_equal(strokes.shrunk(mask, 0), mask)


def test_letters_that_touch_the_outline_go_where_the_network_is_sure_of_them():
    image = drawn.page()
    drawn.hatched(image)
    drawn.balloon(image, (200, 200), (100, 120))
    blank = image.copy()
    lines = [drawn.column(image, x, 140, 5, em=24) for x in (230, 190, 150)]
    letter = np.zeros(image.shape[:2], bool)
    letter[190:196, 101:122] = letter[180:210, 112:118] = True
    image[letter] = 0
    seen = np.where((image != blank).any(2), np.uint8(250), np.uint8(0))
    none = np.zeros_like(seen)
    made = regions.detect(image, Finding(tuple(lines), seen, none, none), CFG)
    assert made.mask[:, 110:][letter[:, 110:]].all()
    outline = (blank < 60).all(2) & ~letter
    outline[170:220, 80:110] = False  # where they touch
    assert not made.mask[outline].any()
    assert regions.detect(image, Finding(tuple(lines)), CFG).mask[letter].mean() < 0.5


def test_dots_before_a_line_go_where_the_network_sees_them_and_those_of_art_stay():
    image = drawn.page()
    line = drawn.column(image, 200, 160, 6, em=24)
    for y in (122, 138):
        cv2.circle(image, (212, y), 3, (0, 0, 0), -1)
    cv2.circle(image, (180, 130), 3, (0, 0, 0), -1)
    cv2.circle(image, (240, 200), 3, (0, 0, 0), -1)  # the network sees it, but no line goes on there
    seen = np.where((image == 0).all(2), np.uint8(250), np.uint8(0))
    seen[:, :190] = 0
    none = np.zeros_like(seen)
    mask = regions.detect(image, Finding((line,), seen, none, none), CFG).mask
    assert mask[120:142, 210:215][image[120:142, 210:215, 0] == 0].all()
    assert not mask[126:135, 176:185].any()
    assert not mask[196:205, 236:245].any()


def test_strokes_of_another_text_in_the_balloon_are_left_to_it():
    image = drawn.page()
    drawn.joined(image, (250, 180), (160, 260))
    blank = image.copy()
    lines = [drawn.column(image, x, y, 4) for x, y in ((250, 130), (224, 130), (186, 215), (160, 215))]
    for line in lines:  # a dot in each line, small beside its letters
        left, top = line.polygon[0]
        cv2.circle(image, (left + 4, top + 26), 1, (0, 0, 0), -1)
    seen = np.where((image != blank).any(2), np.uint8(250), np.uint8(0))
    none = np.zeros_like(seen)
    right, left = regions.detect(image, Finding(tuple(lines), seen, none, none), CFG).regions
    assert right.box.left >= 220
    assert left.box.right <= 210


@pytest.mark.parametrize(
    ("mark", "half_width", "erased"),
    [
        (((212, 236), (208, 246)), 1, True),  # the stroke of an exclamation mark, a letter below the line
        (((212, 226), (212, 246)), 1, True),  # a dash that begins in the line
        (((212, 238), (212, 318)), 1, False),  # one that runs into the outline
        (((210, 241), (210, 242)), 5, False),  # thrice as thick as the letters: a drawing
    ],
)
def test_letters_that_a_detector_left_out_go_and_drawings_beside_a_text_stay(mark, half_width, erased):
    image = drawn.page()
    drawn.hatched(image)
    drawn.balloon(image, (200, 200), (100, 120))
    line = drawn.column(image, 200, 120, 5)
    lines = [line, drawn.column(image, 172, 120, 5)]
    before = image.copy()
    cv2.line(image, *mark, (0, 0, 0), 2 * half_width + 1)
    ink = (image != before).any(2)
    mask = regions.detect(image, Finding(tuple(lines)), CFG).mask
    assert mask[ink].all() if erased else not mask[ink].any()


def test_a_heart_that_the_network_sees_half_goes_whole():
    image = drawn.page()
    drawn.hatched(image)
    drawn.balloon(image, (200, 200), (100, 120))
    line = drawn.column(image, 200, 120, 5, em=24)
    cv2.circle(image, (212, 259), 7, (0, 0, 0), -1)
    heart = np.zeros(image.shape[:2], bool)
    heart[250:270, 200:225] = (image[250:270, 200:225] == 0).all(2)
    seen = np.zeros(image.shape[:2], np.uint8)
    seen[110:259, 195:230] = np.where(image[110:259, 195:230, 0] == 0, 250, 0)
    none = np.zeros_like(seen)
    assert regions.detect(image, Finding((line,), seen, none, none), CFG).mask[heart].all()


def _in_a_bare_room(letters: int, em: int) -> tuple[Image, Line, Mask]:
    """A page with a column of letters in a round room of paper among art, its line, and the letters' ink."""
    image = drawn.page(600, 600)
    drawn.hatched(image)
    drawn.balloon(image, (400, 400), (150, 150))
    blank = image.copy()
    line = drawn.column(image, 450, 300, letters, em=em)
    return image, line, (image != blank).any(2)


@pytest.mark.parametrize("balloon", [False, True])
def test_a_line_beside_an_effect_in_a_bare_room_is_art_to_the_network(balloon):
    image, line, ink = _in_a_bare_room(2, 100)
    seen = np.where(ink, np.uint8(220), np.uint8(0))
    left, top, *_ = strokes.box_of(line)
    art = slice(top + 101, top + 104), slice(left + 20, left + 60)
    image[art] = 0
    none = np.zeros_like(seen)
    lines = (Line(line.polygon, 0.9, "カッ", 0.7),)
    finding = Finding(lines, none, seen, np.full_like(none, 255) if balloon else none)
    made = regions.detect(image, finding, SegmentConfig(keep=("other",)))
    assert [region.bubble is not None for region in made.regions] == [True]
    assert made.mask[seen > 0].mean() > 0.9
    assert made.mask[art].all() == balloon


@pytest.mark.parametrize("quality", [50, 75])
def test_no_jpeg_dirt_is_left_of_letters_on_open_paper(quality):
    image = drawn.page(300, 300)
    line = drawn.column(image, 130, 90, 4, em=30)
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    dirty = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
    assert (dirty[image.min(2) == 255] < 255 - masks.TONE).any()
    mask = regions.detect(dirty, Finding((line,)), CFG).mask
    assert (dirty[~mask] >= 255 - masks.TONE).all()


def test_an_effect_in_a_bare_room_goes_with_its_dirt():
    image, line, ink = _in_a_bare_room(2, 100)
    seen = np.where(ink, np.uint8(220), np.uint8(0))
    none = np.zeros_like(seen)
    lines = (Line(line.polygon, 0.9, "カッ", 0.7),)
    made = regions.detect(image, Finding(lines, none, seen, none), SegmentConfig(keep=("other",)))
    assert made.regions[0].bubble is not None
    outermost = strokes.grown(ink, masks.BLOCK) & ~strokes.grown(ink, masks.BLOCK - 1)
    assert made.mask[outermost].mean() > 0.8


def test_the_soft_edge_of_art_near_letters_is_no_dirt_of_theirs():
    page = drawn.page(120, 120)
    letter = np.zeros((120, 120), bool)
    letter[40:80, 50:60] = True
    page[letter] = 0
    page[44:76:8, 64:66] = 230  # specks
    mask, none = masks.dilated(letter, np.zeros_like(letter), 12), np.zeros_like(letter)
    page[:, 36:38], page[:, :36] = 235, 90  # art on the other side, and its edge
    assert not masks.dirty(page, letter, mask, none)[:, :40].any()
    assert masks.dirty(page, letter, mask, none)[44:76:8, 64:66].all()


def test_what_goes_on_beyond_the_letters_is_no_dirt_of_theirs():
    page = drawn.page(120, 120)
    page[::6, ::6] = 240  # a light screentone
    letter = np.zeros((120, 120), bool)
    letter[40:80, 50:60] = True
    page[letter] = 0
    mask, none = masks.dilated(letter, np.zeros_like(letter), 40), np.zeros_like(letter)
    assert not masks.dirty(page, letter, mask, none).any()
    page[::6, ::6] = 255
    page[36:84:6, 44:66:6][mask[36:84:6, 44:66:6] == 0] = 240
    found = masks.dirty(page, letter, mask, none)
    assert found.any()
    assert not found[page.min(2) == 255].any()


@pytest.mark.parametrize(("shown", "confidence", "goes"), [(0.6, 0.5, False), (0.42, 0.5, True)])
def test_beside_an_effect_in_a_bare_room_art_stays_where_the_network_sees_half_of_the_letters(shown, confidence, goes):
    """A star beside letters that read badly; what the network does not see, goes by its ink."""
    image, line, letters = _in_a_bare_room(5, 28)
    seen = np.where(letters, np.uint8(220), np.uint8(0))
    seen[300 + int(150 * shown) :] = 0
    star = slice(360, 372), slice(482, 494)
    image[star] = 0
    none = np.zeros_like(seen)
    lines = (Line(line.polygon, 0.9, "ドカーン", confidence),)
    made = regions.detect(image, Finding(lines, none, seen, none), SegmentConfig(keep=()))
    assert made.regions[0].bubble is not None
    assert made.mask[(seen > 0) & letters].all()
    assert made.mask[star].all() == goes


@pytest.mark.parametrize("bottom", [40, 50, 90, 140])
def test_a_mark_that_only_reaches_into_a_texts_lines_is_not_its(bottom: int) -> None:
    seen = np.zeros((160, 200), bool)
    seen[20:bottom, 60:64] = True
    lines = np.zeros_like(seen)
    lines[15:45, 5:150] = True
    there = Place(np.where(seen, np.uint8(250), np.uint8(0)), None, lines, np.zeros_like(lines), 20.0, True)
    marked = traces._marked(there)
    assert marked[25:40, 60:64].all() == (bottom < 140)
    assert marked.any() == (bottom < 140)
    assert not marked[50:].any()
