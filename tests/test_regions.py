"""Regions, balloons, strokes and masks on drawn pages."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mangaclean import bubbles, credits, overlooked, panels, regions, strokes
from mangaclean.blocks import group
from mangaclean.config import SegmentConfig
from mangaclean.types import Box, Finding, Line, Wish
from tests import drawn

CFG = SegmentConfig()


def detect(image, *lines, **settings):
    return regions.detect(image, Finding(lines=tuple(lines)), SegmentConfig(**settings))


def test_balloon_is_cleaned_to_the_last_stroke_and_its_outline_stays():
    image = drawn.page()
    drawn.hatched(image)
    drawn.balloon(image, (200, 200), (90, 110))
    blank = image.copy()
    lines = [drawn.column(image, 210, 130, 5), drawn.column(image, 180, 130, 5)]
    made = detect(image, *lines)
    lettering = (image != blank).any(2)
    assert made.mask[lettering].all()
    outline = strokes.ink_of(blank, np.array([255] * 3, np.uint8)) > strokes.INK
    assert not (made.mask & outline & ~lettering).any()
    (region,) = made.regions
    assert (region.kind, region.action, region.vertical) == ("speech", "fill", True)
    assert region.reason.startswith("flat balloon, σ ")
    assert region.bubble is not None
    assert region.bubble.overlap(region.box) == region.box.area


def test_joined_balloons_hold_two_regions():
    image = drawn.page()
    drawn.hatched(image)
    drawn.joined(image, (250, 180), (160, 260))
    right = [drawn.column(image, 255, 130, 4), drawn.column(image, 229, 130, 4)]
    left = [drawn.column(image, 165, 215, 4), drawn.column(image, 139, 215, 4)]
    made = detect(image, *right, *left)
    assert [len(region.lines) for region in made.regions] == [2, 2]
    assert made.regions[0].box.left > made.regions[1].box.left  # right to left


def test_drawn_letters_on_art_are_kept_and_said_so():
    image = drawn.page()
    drawn.hatched(image)
    line = drawn.column(image, 180, 100, 4, em=40)
    made = detect(image, Line(line.polygon, 0.9, "ドドド", 0.4))
    assert not made.mask.any()
    assert [(r.kind, r.action, r.reason) for r in made.regions] == [("sfx", "keep", "kept: sound effect")]
    cleaned = detect(image, Line(line.polygon, 0.9, "ドドド", 0.4), keep=())
    assert cleaned.mask.any()
    assert cleaned.regions[0].action == "inpaint"


def test_an_eye_in_a_white_is_not_speech():
    image = drawn.page(tone=120)
    cv2.circle(image, (200, 200), 40, (255, 255, 255), -1)
    cv2.circle(image, (200, 200), 12, (0, 0, 0), -1)
    made = detect(image, Line(((184, 184), (216, 184), (216, 216), (184, 216)), 0.7, "O", 0.9))
    assert not made.mask.any()
    assert made.regions[0].action == "keep"


def test_an_eye_that_the_network_does_not_see_stays_where_effects_go():
    image = drawn.page(tone=120)
    cv2.circle(image, (200, 200), 40, (255, 255, 255), -1)
    cv2.circle(image, (200, 200), 12, (0, 0, 0), -1)
    line = Line(((184, 184), (216, 184), (216, 216), (184, 216)), 0.7, "O", 0.65)
    none = np.zeros(image.shape[:2], np.uint8)
    made = regions.detect(image, Finding((line,), none, none, none), SegmentConfig(keep=("other",)))
    assert not made.mask.any()
    assert detect(image, line, keep=("other",)).mask.any()  # without a network nobody knows better


def test_art_that_reaches_into_a_line_stays_and_its_letters_go():
    image = drawn.page()
    blank = image.copy()
    line = drawn.column(image, 200, 60, 6, em=30)
    lettering = (image != blank).any(2)
    art = np.zeros_like(lettering)
    art[40:110, 212:330] = True
    art &= ~cv2.dilate(lettering.astype(np.uint8), np.ones((5, 5))).astype(bool)
    art[75:77, 226:232] = ~lettering[75:77, 226:232]  # a letter touches it
    image[art] = 130
    made = detect(image, line)
    assert made.mask[lettering].all()
    assert (made.mask & art)[:, 224:].sum() < 0.02 * art.sum()


def sloping(angle, top, width, turn=0.0):
    """A row 20 px high, `top` px below the others of a page turned by `angle`, and turned by `turn` more itself."""
    corners = np.array([[0, 0], [width, 0], [width, 20], [0, 20]], float)
    for degrees, shift in ((turn, top), (angle, 0)):
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        corners = corners @ np.array([[cos, sin], [-sin, cos]]) + (0, shift)
    a, b, c, d = ((round(float(x)), round(float(y))) for x, y in corners + 300)
    return Line((a, b, c, d), 0.9, "text", 0.9)


@pytest.mark.parametrize("angle", [0, 5, 12])
@pytest.mark.parametrize(("width", "turn", "blocks"), [(200, 0, 1), (50, 0, 1), (40, 9, 1), (200, 1, 1), (200, 9, 2)])
def test_lines_of_one_text_on_open_ground_have_one_slope(angle, width, turn, blocks):
    assert len(group([sloping(angle, 0, 200), sloping(angle, 22, width, turn)], [None, None])) == blocks


NAMES = "Anna Berg Carl Dahl Eva Falk Jan Holm "


def test_a_page_of_names_is_left_alone():
    image = drawn.page()
    line = drawn.column(image, 200, 60, 8, text=NAMES * 12)
    made = detect(image, line)
    assert not made.mask.any()
    assert made.regions[0].reason == regions.KEPT_NAMES


def test_an_afterword_goes():
    image = drawn.page()
    lines = [drawn.column(image, 200, 60, 8, text="あとがきです。" * 60), drawn.column(image, 100, 60, 2, text="BY")]
    made = detect(image, *lines)
    assert made.mask[:, 195:].any()
    assert regions.KEPT_NAMES not in [region.reason for region in made.regions]


def test_names_at_the_foot_of_a_page_leave_its_balloons_to_be_cleaned():
    image = drawn.page()
    drawn.balloon(image, (200, 130), (90, 110))
    speech = drawn.column(image, 190, 60, 6, text="あ" * 150)
    foot = drawn.column(image, 200, 300, 9, em=16, text=NAMES * 8)
    made = detect(image, speech, foot)
    assert {region.kind: region.action for region in made.regions} == {"speech": "fill", "other": "keep"}
    assert made.mask[60:190].any()
    assert not made.mask[290:].any()


def test_names_on_a_strip_stay_and_its_panels_are_cleaned():
    image = np.full((1400, 400, 3), 255, np.uint8)
    drawn.balloon(image, (200, 130), (90, 110))
    speech = drawn.column(image, 190, 60, 6)
    near = drawn.column(image, 200, 1120, 3, text="BY")
    names = drawn.column(image, 200, 1200, 9, em=16, text=NAMES * 12)
    made = detect(image, speech, near, names)
    assert [region.reason for region in made.regions if region.box.top > 1000] == [regions.KEPT_NAMES] * 2
    assert made.mask[60:190].any()
    assert not made.mask[1000:].any()


def test_sentences_among_names_go_and_the_names_beside_them_stay_whole():
    image = np.full((600, 400, 3), 235, np.uint8)
    lines = []
    for top, high, above, text in ((100, 24, 2, "Thank you to all of our patrons"), (124, 14, 7, NAMES * 20)):
        for x in range(60, 340, high):
            cv2.putText(image, "H", (x, top + high - above), cv2.FONT_HERSHEY_SIMPLEX, high / 23, (0, 0, 0), 1)
        lines.append(Line(((50, top), (350, top), (350, top + high), (50, top + high)), 0.9, text, 0.95))
    made = detect(image, *lines)
    assert [region.action for region in made.regions] == ["fill", "keep"]
    ink = image[:, :, 0] < 100
    assert made.mask[:116][ink[:116]].all()
    soft = cv2.dilate(ink[129:].astype(np.uint8), np.ones((3, 3))) > 0
    assert not made.mask[129:][soft].any()


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("Thank you to the patrons of this episode", True),
        ("Anna Berg Carl DahlEva Falk freeculture", False),
        ("このエピソードのPepper&Carrotに感謝します", True),
        ("田中太郎鈴木一郎佐藤花子" * 3, False),
        ("我们走吧。今天天气很好！你觉得呢？", True),
        ("Спасибо всем, кто помог", True),
        ("BY", False),
        (NAMES * 12 + "さくら", False),
        ("Nguyễn Văn Đạt Trần Thị Hạnh Lê Quốc Ổn", False),
        ("THANK YOU TO ALL OF OUR READERS. SEE YOU SOON!", True),
        (NAMES.upper() * 3, False),
        ("안녕하세요. 오늘은 날씨가 좋네요.", True),
        ("김철수 이영희 박민수", False),
        ("", False),
    ],
)
def test_prose_is_told_from_names(text, prose):
    assert credits.is_prose(text) is prose


def test_white_on_black_is_found_and_erased():
    image = drawn.page(tone=255)
    cv2.ellipse(image, (200, 200), (90, 110), 0, 0, 360, (0, 0, 0), -1)
    blank = image.copy()
    made = detect(image, drawn.column(image, 190, 140, 5, ink=255))
    assert made.mask[(image != blank).any(2)].all()
    assert made.regions[0].color == "#ffffff"


def test_furigana_is_erased_but_not_read():
    image = drawn.page()
    drawn.balloon(image, (200, 200), (90, 110))
    base = drawn.column(image, 190, 130, 5, em=24, text="漢字漢字漢")
    ruby = drawn.column(image, 216, 135, 6, em=9, text="かなかなかな")
    blank = drawn.page()
    drawn.balloon(blank, (200, 200), (90, 110))
    made = detect(image, base, ruby)
    assert [region.text for region in made.regions] == ["漢字漢字漢"]
    assert made.mask[(image != blank).any(2)].all()


def test_rows_are_read_downwards_and_columns_leftwards():
    image = drawn.page()
    rows = [Line(((60, y), (300, y), (300, y + 24), (60, y + 24)), 0.9, str(y), 0.9) for y in (140, 100, 120)]
    (block,) = group(rows, bubbles.find(image, rows)) if len(group(rows, [None] * 3)) == 1 else group(rows, [None] * 3)
    assert [line.text for line in block.lines] == ["100", "120", "140"]
    columns = [drawn.column(image, x, 100, 6, text=str(x)) for x in (100, 148, 124)]
    (block,) = group(columns, [None] * 3)
    assert [line.text for line in block.lines] == ["148", "124", "100"]


def test_no_lines_make_no_regions():
    made = detect(drawn.page())
    assert made.regions == ()
    assert not made.mask.any()


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (33, 47)])
def test_tiny_pages(size):
    image = np.zeros((*size, 3), np.uint8)
    assert detect(image).mask.shape == size
    assert overlooked.find(image, []) == []


def test_dots_are_told_from_other_marks():
    image = drawn.page(120, 120)
    for y in (30, 42, 54, 66, 78, 90):
        cv2.circle(image, (60, y), 2, (0, 0, 0), -1)
    line = Line(((50, 20), (70, 20), (70, 100), (50, 100)))
    assert overlooked.dots(image, line) == 6
    cv2.line(image, (55, 36), (65, 36), (0, 0, 0), 2)
    assert overlooked.dots(image, line) == 0


def test_a_mark_alone_in_a_balloon_is_proposed():
    image = drawn.page()
    drawn.hatched(image)
    drawn.balloon(image, (100, 120), (50, 60))
    drawn.column(image, 90, 105, 1, em=22)
    known = drawn.column(image, 300, 300, 4)
    (mark,) = overlooked.find(image, [known])
    assert strokes.box_of(mark).overlap(Box(92, 107, 110, 125)) > 200


@pytest.mark.parametrize("seen", [0, 128, 129])
def test_a_mark_in_a_balloon_that_is_not_closed_is_proposed_where_a_network_sees_that(seen: int):
    """Dots in an outline with a gap, through which its ground is the page's paper."""
    image = drawn.page()
    cv2.ellipse(image, (200, 200), (60, 80), 0, 0, 330, (0, 0, 0), 2)
    drawn.column(image, 190, 190, 1, em=22)
    balloons = np.zeros(image.shape[:2], np.uint8)
    cv2.ellipse(balloons, (200, 200), (58, 78), 0, 0, 360, (seen,), -1)
    found = overlooked.find(image, [drawn.column(image, 330, 400, 4)], balloons)
    assert len(found) == (seen > 128)


def test_a_mark_that_two_grounds_show_is_proposed_once():
    image = drawn.page()
    drawn.hatched(image)
    drawn.balloon(image, (100, 120), (50, 60))
    drawn.column(image, 90, 105, 1, em=22)
    known = [drawn.column(image, 300, 300, 4)]
    (mark,) = overlooked.find(image, known, np.full(image.shape[:2], 255, np.uint8))
    assert [mark] == overlooked.find(image, known)


GRID = [Box(0, 0, 190, 260), Box(210, 0, 400, 260), Box(0, 300, 400, 560)]


@pytest.mark.parametrize(("direction", "order"), [("rtl", [1, 0, 2]), ("ltr", [0, 1, 2])])
def test_panels_are_read_in_rows(direction, order):
    assert panels.sort(GRID, direction) == order


def test_panels_are_found():
    image = drawn.page(420, 600)
    for box in GRID:
        cv2.rectangle(image, (box.left + 10, box.top + 10), (box.right + 8, box.bottom + 8), (90, 90, 90), -1)
    found = panels.find(image)
    assert len(found) == 3
    for box in GRID:
        moved = Box(box.left + 10, box.top + 10, box.right + 10, box.bottom + 10)
        assert max(f.overlap(moved) for f in found) > 0.95 * moved.area


def test_a_wish_decides_and_the_region_tells_what_the_program_would_do():
    image = drawn.page()
    drawn.balloon(image, (110, 200), (70, 110))
    drawn.balloon(image, (290, 200), (70, 110))
    lines = [drawn.column(image, 280, 130, 5), drawn.column(image, 100, 130, 5)]
    finding = Finding(lines=tuple(lines))
    plain = regions.detect(image, finding, CFG)
    right, left = plain.regions
    wished = regions.detect(image, finding, CFG, [Wish("right", right.box, "keep")])
    assert not wished.mask[right.box.slices].any()
    assert (wished.mask[left.box.slices] == plain.mask[left.box.slices]).all()
    assert wished.regions == plain.regions
    kept = SegmentConfig(keep=("speech",))
    erased = regions.detect(image, finding, kept, [Wish("left", left.box, "fill")])
    assert erased.mask[left.box.slices].any()
    assert not erased.mask[right.box.slices].any()


@pytest.mark.parametrize(("confidence", "whole"), [(0.9, True), (0.5, False)])
def test_an_effect_that_reads_well_stays_whole_beside_a_text_that_goes(monkeypatch, confidence, whole):
    image = drawn.page()
    text = drawn.column(image, 150, 60, 10, text="これは本文です本文で")
    bare = image.copy()
    effect = replace(drawn.column(image, 180, 90, 2, em=60, text="ドン"), confidence=confidence)
    spare = regions._spare

    def reaching(mask, pairs, wishes):  # as if what goes had taken all that stands near it
        mask[:] = True
        spare(mask, pairs, wishes)

    monkeypatch.setattr(regions, "_spare", reaching)
    made = detect(image, text, effect)
    assert {region.text: region.action for region in made.regions} == {"ドン": "keep", text.text: "fill"}
    assert made.mask[(bare != 255).any(2)].all()
    assert made.mask[(image != bare).any(2)].any() != whole
    assert made.mask[80:120, 260:].all()


def test_text_in_a_cloud_is_a_thought_and_may_be_kept():
    image = drawn.page(tone=128)
    for turn in np.arange(14) * 2 * np.pi / 14:
        cv2.circle(image, (int(200 + 100 * np.cos(turn)), int(230 + 130 * np.sin(turn))), 36, (0, 0, 0), 3)
    for turn in np.arange(14) * 2 * np.pi / 14:
        cv2.circle(image, (int(200 + 100 * np.cos(turn)), int(230 + 130 * np.sin(turn))), 34, (255, 255, 255), -1)
    cv2.ellipse(image, (200, 230), (100, 130), 0, 0, 360, (255, 255, 255), -1)
    line = drawn.column(image, 190, 160, 6)
    (region,) = detect(image, line).regions
    assert (region.kind, region.action) == ("thought", "fill")
    assert detect(image, line, keep=("thought",)).regions[0].action == "keep"


def test_two_texts_side_by_side_on_open_ground_are_two():
    def row(left, y):
        return Line(((left, y), (left + 150, y), (left + 150, y + 24), (left, y + 24)), 0.9, "あいうえお", 0.9)

    both = [row(left, y) for left in (30, 195) for y in (100, 126)]  # 15 px apart: more than letters of one line are
    assert len(group(both, [None] * 4)) == 2


def test_a_small_line_with_words_is_no_furigana():
    image = drawn.page()
    drawn.balloon(image, (200, 200), (90, 110))
    base = drawn.column(image, 190, 130, 5, em=24, text="漢字漢字漢")
    small = drawn.column(image, 216, 135, 6, em=9, text="小声で言う声")
    made = detect(image, base, small).regions
    assert {region.text for region in made} >= {"小声で言う声"} or "小声で言う声" in made[0].text
    assert all(not region.ruby for region in made)


def test_columns_above_a_row_are_no_furigana():
    row = Line(((70, 160), (550, 160), (550, 280), (70, 280)), 0.9, "つづかない！", 0.9)
    columns = [Line(((x, 50), (x + 50, 50), (x + 50, 170), (x, 170)), 0.9, "めでたし", 0.9) for x in (147, 101)]
    above = Line(((150, 130), (350, 130), (350, 165), (150, 165)), 0.9, "めでたし", 0.9)
    assert {block.text for block in group([row, *columns], [None] * 3)} == {"つづかない！", "めでたしめでたし"}
    (block,) = group([row, above], [None] * 2)
    assert block.ruby == (above,)


@pytest.mark.parametrize(("size", "aids"), [(40, False), (90, True)])
def test_what_is_far_smaller_than_an_effect_is_no_furigana_of_it(size: int, aids: bool):
    effect = Line(((20, 200), (900, 200), (900, 400), (20, 400)), 0.9, "ドドド", 0.9)
    small = Line(((100, 195 - size), (100 + size, 195 - size), (100 + size, 195), (100, 195)), 0.9, "マ", 0.9)
    blocks = group([effect, small], [None] * 2)
    assert [block.ruby for block in blocks] == ([(small,)] if aids else [(), ()])


@pytest.mark.parametrize(("degrees", "kind"), [(3, "speech"), (15, "sfx")])
def test_letters_askew_on_a_sheet_of_paper_are_part_of_the_picture(degrees, kind):
    image = drawn.page(900, 900, tone=120)
    drawn.hatched(image)
    drawn.sheet(image, 100, 100, 500, 500)
    line = drawn.column(image, 290, 150, 14)
    turn = cv2.getRotationMatrix2D((300, 300), -degrees, 1.0)
    turned = cv2.warpAffine(image, turn, (900, 900), borderMode=cv2.BORDER_REPLICATE)
    image[115:485, 115:485] = turned[115:485, 115:485]
    corners = cv2.transform(np.array([line.polygon], np.float32), turn)[0].round().astype(int)
    (region,) = detect(image, Line(tuple((int(x), int(y)) for x, y in corners), 0.95, "本" * 14, 0.98)).regions
    assert region.bubble is not None
    assert region.kind == kind
