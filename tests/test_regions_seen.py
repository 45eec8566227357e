"""Regions whose strokes and kind a network's maps decide, on drawn pages."""

import cv2
import numpy as np
import pytest

from mangaclean import judging, regions
from mangaclean.config import SegmentConfig
from mangaclean.strokes import Levels
from mangaclean.types import Finding, Image, Line, Mask
from tests import drawn

CFG = SegmentConfig()


def _in_a_balloon(text: str, confidence: float) -> tuple[Image, Line, Levels, Levels]:
    """A page with a column of letters in a balloon, the line, and maps: of its letters, and of the balloon."""
    image = drawn.page()
    drawn.hatched(image)
    drawn.balloon(image, (200, 200), (90, 110))
    blank = image.copy()
    line = drawn.column(image, 210, 130, 5)
    letters = np.where((image != blank).any(2), np.uint8(220), np.uint8(0))
    balloon = np.zeros_like(letters)
    cv2.ellipse(balloon, (200, 200), (90, 110), 0, 0, 360, 230, -1)
    return image, Line(line.polygon, 0.9, text, confidence), letters, balloon


def _levels(letters: Mask, *levels: int) -> list[Levels]:
    """Maps that show letters (H, W) at these levels."""
    return [np.where(letters, np.uint8(level), np.uint8(0)) for level in levels]


@pytest.mark.parametrize(
    ("drawn_by_hand", "housed", "kind"), [(False, True, "speech"), (True, True, "sfx"), (False, False, "sfx")]
)
def test_text_in_a_balloon_that_nobody_can_read_is_what_the_network_takes_it_for(drawn_by_hand, housed, kind):
    """What it takes for no balloon may be a bare room."""
    image, line, seen, balloon = _in_a_balloon("早本星", 0.4)
    none = np.zeros_like(seen)
    maps = (none, seen) if drawn_by_hand else (seen, none)
    (region,) = regions.detect(image, Finding((line,), *maps, balloon if housed else none), CFG).regions
    assert region.kind == kind


@pytest.mark.parametrize(
    ("text", "confidence", "faint", "housed", "kind"),
    [
        ("女由", 0.8, 60, False, "sfx"),
        ("女由", 0.8, 60, True, "speech"),
        ("", 0.0, 220, False, "sfx"),
        ("ふL", 0.1, 140, False, "sfx"),
        ("ふL", 0.1, 115, False, "other"),
        ("ぶん", 0.7, 220, False, "sfx"),
        ("ぶん", 0.95, 220, False, "speech"),
        ("ヘンな女", 0.8, 60, False, "speech"),
        ("女由", 0.95, 60, False, "speech"),
        ("仁", 0.97, 0, False, "other"),
        ("仁", 0.97, 0, True, "speech"),
        ("仁本", 0.97, 0, False, "speech"),
        ("く", 0.97, 0, False, "speech"),
        ("？", 0.97, 0, False, "speech"),
        ("￥", 0.4, 100, False, "other"),
        ("￥", 0.4, 140, False, "sfx"),
        ("エ", 0.4, 100, False, "sfx"),
    ],
)
def test_effects_and_pictograms_in_a_bare_room_are_no_speech(text, confidence, faint, housed, kind):
    image, line, seen, balloon = _in_a_balloon(text, confidence)
    none = np.zeros_like(seen)
    maps = none, np.minimum(seen, np.uint8(faint)), balloon if housed else none
    (region,) = regions.detect(image, Finding((line,), *maps), CFG).regions
    assert region.kind == kind


@pytest.mark.parametrize(
    ("text", "confidence", "kind"),
    [("？", 0.88, "other"), ("！", 0.88, "speech"), ("っっn", 0.84, "other"), ("へっn", 0.84, "speech")],
    ids=["an ear", "as thin", "motion lines", "by pen"],
)
def test_lines_of_art_that_read_as_a_letter_are_none(text, confidence, kind):
    """Where the network sees neither letters nor a balloon, and the letters have no such shape or are marks alone."""
    image, line, seen, _ = _in_a_balloon(text, confidence)
    none = np.zeros_like(seen)
    (region,) = regions.detect(image, Finding((line,), none, none, none), CFG).regions
    assert region.kind == kind


@pytest.mark.parametrize(
    ("text", "sfx", "typeset", "kind"),
    [("3", 220, 0, "sfx"), ("3", 90, 200, "speech"), ("バルーン", 220, 0, "sfx"), ("バルーン", 220, 160, "speech")],
)
def test_drawn_letters_on_art_are_an_effect_however_well_they_read(text, sfx, typeset, kind):
    """Letters alone always, words such as a title where the network sees no type."""
    image = drawn.page(400, 400, tone=120)
    drawn.hatched(image)
    drawn.shaded(image, 150, 120, 255, 310)
    blank = image.copy()
    line = drawn.column(image, 190, 150, 5, em=24)
    maps = _levels((image != blank).any(2), typeset, sfx, 0)
    (region,) = regions.detect(image, Finding((Line(line.polygon, 0.9, text, 0.97),), *maps), CFG).regions
    assert not region.reason.startswith("flat")
    assert region.kind == kind


@pytest.mark.parametrize(
    ("text", "typeset", "sfx", "kind"),
    [("ある", 235, 20, "caption"), ("ある", 235, 90, "sfx"), ("ある", 180, 20, "sfx"), ("FUWA", 235, 20, "sfx")],
)
def test_large_letters_on_art_are_narration_where_the_network_sees_but_type(text, typeset, sfx, kind):
    image = drawn.page(500, 500, tone=170)
    drawn.hatched(image)
    drawn.balloon(image, (400, 400), (80, 80))
    blank = image.copy()
    line = drawn.column(image, 190, 100, 2, em=60)
    body = drawn.column(image, 390, 345, 5, text="これが普通")
    maps = _levels((image != blank).any(2), typeset, sfx, 0)
    finding = Finding((Line(line.polygon, 0.9, text, 0.98), body), *maps)
    (region,) = (region for region in regions.detect(image, finding, CFG).regions if region.text == text)
    assert region.kind == kind


@pytest.mark.parametrize(
    ("text", "confidence", "typeset", "sfx", "kind"),
    [
        ("大好評にお答", 0.9, 200, 20, "caption"),
        ("大好評にお", 0.9, 200, 20, "sfx"),
        ("ドドドドドドド", 0.9, 200, 20, "sfx"),
        ("KOMONAS", 0.9, 200, 20, "sfx"),
        ("大好評にお答え", 0.8, 200, 20, "sfx"),
        ("大好評にお答え", 0.9, 160, 20, "sfx"),
        ("大好評にお答え", 0.9, 200, 90, "sfx"),
    ],
)
def test_a_line_on_a_poster_is_text_however_it_lies(text, confidence, typeset, sfx, kind):
    """Where it is as long as no effect is, reads well, and is type to the network."""
    image = drawn.page(400, 400, tone=120)
    drawn.hatched(image)
    image[100:250, 100:300] = np.linspace(160, 250, 200).astype(np.uint8)[:, None]
    blank = image.copy()
    for i in range(7):
        cv2.putText(image, "E", (130 + 20 * i, 163 + 6 * i), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 3)
    maps = _levels((image != blank).any(2), typeset, sfx, 0)
    line = Line(((125, 138), (278, 184), (270, 214), (117, 168)), 0.9, text, confidence)
    (region,) = regions.detect(image, Finding((line,), *maps), CFG).regions
    assert region.bubble is None
    assert region.kind == kind


@pytest.mark.parametrize(("confidence", "kind"), [(0.7, "caption"), (0.5, "sfx")])
def test_a_level_sentence_by_hand_on_art_is_text_though_it_reads_less_well(confidence, kind):
    image = drawn.page()
    drawn.hatched(image)
    blank = image.copy()
    lines = [
        Line(drawn.column(image, left, 130, 4, em=24).polygon, 0.9, text, confidence)
        for left, text in ((208, "大体合っ"), (180, "てるかな"))
    ]
    maps = _levels((image != blank).any(2), 240, 0, 0)
    (region,) = regions.detect(image, Finding(tuple(lines), *maps), CFG).regions
    assert region.bubble is None
    assert region.kind == kind


@pytest.mark.parametrize(("housed", "kind"), [(True, "speech"), (False, "sfx")])
def test_a_large_text_in_an_open_balloon_is_speech_where_the_network_sees_both(housed, kind):
    """Beside one small text in a closed balloon, that is; else large letters on open ground are an effect."""
    image = drawn.page(500, 500)
    drawn.hatched(image)
    drawn.balloon(image, (400, 400), (60, 60))
    image[:320, :] = 255  # white paper to the page's edge
    blank = image.copy()
    aside = [drawn.column(image, left, 380, 2, em=12, text="ですね") for left in (390, 406)]
    line = Line(drawn.column(image, 120, 40, 4, em=30).polygon, 0.9, "おおい", 0.9)
    seen = np.where((image != blank).any(2), np.uint8(230), np.uint8(0))
    balloons = np.zeros_like(seen)
    balloons[:320] = 250 if housed else 0
    finding = Finding((line, *aside), seen, np.zeros_like(seen), balloons)
    (region,) = (region for region in regions.detect(image, finding, CFG).regions if region.text == "おおい")
    assert region.bubble is None
    assert region.kind == kind


def test_body_size_is_that_of_most_letters(monkeypatch: pytest.MonkeyPatch):
    """Dots in balloons do not make the texts of a page large."""
    bodies = []
    monkeypatch.setattr(judging, "by_reading", lambda traced, legible, body: bodies.append(body) or "speech")
    image = drawn.page(500, 700, tone=170)
    drawn.hatched(image)
    dots = []
    for left in (90, 240, 400):
        drawn.balloon(image, (left, 600), (20, 30))
        dots.append(drawn.column(image, left - 5, 585, 2, em=10, text="…"))
    drawn.balloon(image, (150, 300), (110, 150))
    texts = [drawn.column(image, left, 220, 6, em=24) for left in (120, 150)]
    found = regions.detect(image, Finding((*dots, *texts)), CFG).regions
    assert sum(region.bubble is not None for region in found) == 4
    assert all(20 < body < 30 for body in bodies)


def test_dots_of_marks_in_a_balloon_go_with_them():
    """They are smaller than what the network alone may take for letters."""
    image = drawn.page(1000, 1400)
    drawn.hatched(image)
    drawn.balloon(image, (300, 300), (60, 70))
    blank = image.copy()
    for left in (280, 300, 320):
        cv2.rectangle(image, (left, 280), (left + 6, 310), (0, 0, 0), -1)
        cv2.rectangle(image, (left + 1, 318), (left + 4, 321), (0, 0, 0), -1)
    letters = (image != blank).any(2)
    seen = np.where(letters, np.uint8(250), np.uint8(0))
    seen[225:229, 300:304] = 250  # a drop in the art
    balloon = np.zeros_like(seen)
    cv2.ellipse(balloon, (300, 300), (60, 70), 0, 0, 360, 250, -1)
    detected = regions.detect(image, Finding((), seen, np.zeros_like(seen), balloon), CFG)
    assert [region.kind for region in detected.regions] == ["speech"]
    assert detected.mask[letters].all()
    assert not detected.mask[:230].any()


@pytest.mark.parametrize("housed", [True, False])
def test_marks_belong_to_a_balloon_as_far_as_the_network_sees_one(housed):
    """A thought's trail stands in the panel, and where the balloon is not closed, so does its text."""
    image, line, seen, balloon = _in_a_balloon("あのですね", 0.98)
    for left, size in ((130, 3), (150, 6)):
        cv2.circle(image, (left, 250), size, (0, 0, 0), 2)
        cv2.circle(seen, (left, 250), size + 1, 220, -1)
    none = np.zeros_like(seen)
    if not housed:
        balloon[:, :170] = 0
    mask = regions.detect(image, Finding((line,), none, seen, balloon), CFG).mask
    assert mask[243:258, 120:160].any() == housed


@pytest.mark.parametrize(
    ("typeset", "confidence", "falls", "kind"),
    [(220, 0.7, 0, "speech"), (220, 0.5, 0, "sfx"), (150, 0.7, 0, "sfx"), (220, 0.7, 10, "sfx")],
)
@pytest.mark.parametrize("text", ["ベッバー", "18:06"])
def test_a_name_on_a_card_is_text_where_the_network_and_the_reader_agree(typeset, confidence, falls, kind, text):
    """On a card of parchment, that is, and level; else it is an effect, and so are figures, as windows are read."""
    image = drawn.page(400, 400, tone=120)
    drawn.hatched(image)
    drawn.sheet(image, 120, 120, 290, 180)
    blank = image.copy()
    cv2.putText(image, "IIII", (150, 163), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 4)
    seen = np.where((image != blank).any(2), np.uint8(typeset), np.uint8(0))
    none = np.zeros_like(seen)
    card = Line(((148, 132), (256, 132 + falls), (256, 168 + falls), (148, 168)), 0.9, text, confidence)
    (region,) = regions.detect(image, Finding((card,), seen, none, none), CFG).regions
    assert region.bubble is not None
    assert region.kind == (kind if text == "ベッバー" else "sfx")


@pytest.mark.parametrize(
    ("right", "bottom", "em", "kind"),
    [(290, 180, 40, "speech"), (385, 240, 40, "sfx"), (290, 180, 14, "sfx")],
)
def test_an_effect_in_a_room_or_larger_than_the_texts_is_no_name_on_a_card(right, bottom, em, kind):
    image = drawn.page(400, 700, tone=120)
    drawn.hatched(image)
    drawn.balloon(image, (200, 560), (120, 120))
    drawn.sheet(image, 120, 120, right, bottom)
    blank = image.copy()
    body = [drawn.column(image, left, 490, 3, em=em, text="ですね") for left in (130, 230)]
    cv2.putText(image, "IIII", (150, 163), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 4)
    seen = np.where((image != blank).any(2), np.uint8(220), np.uint8(0))
    none = np.zeros_like(seen)
    card = Line(((148, 132), (256, 132), (256, 168), (148, 168)), 0.9, "ベッバー", 0.7)
    finding = Finding((card, *body), seen, none, none)
    (region,) = (region for region in regions.detect(image, finding, CFG).regions if region.text == "ベッバー")
    assert region.bubble is not None
    assert region.kind == kind


@pytest.mark.parametrize("reach", [6, 20])
def test_a_letter_that_runs_into_its_frame_leaves_no_stub_and_the_frame_stays(reach):
    image = drawn.page(500, 500, tone=120)
    drawn.hatched(image)
    cv2.rectangle(image, (150, 100), (350, 400), (255, 255, 255), -1)
    line = drawn.column(image, 175, 160, 5)
    image[219:222, 150:190] = 0  # a dash from the frame into the third letter
    cv2.rectangle(image, (150, 100), (350, 400), (0, 0, 0), 4)
    seen = np.where((image < 60).all(2), np.uint8(230), np.uint8(0))
    seen[:105] = seen[395:] = seen[:, : 153 + reach] = seen[:, 345:] = 0
    none = np.zeros_like(seen)
    mask = regions.detect(image, Finding((line,), seen, none, none), CFG).mask
    assert mask[219:222, 175:190].all()
    assert mask[219:222, 155:175].all() == (reach < 10)  # a long one may be a line of art
    assert not mask[150:350, 148:152].any()


def test_a_large_effect_in_a_patch_of_paper_is_no_speech():
    image = drawn.page(600, 600)
    drawn.hatched(image)
    drawn.balloon(image, (400, 400), (150, 150))
    drawn.joined(image, (100, 120), (100, 400))
    blank = image.copy()
    line = drawn.column(image, 450, 300, 2, em=100)
    seen = np.where((image != blank).any(2), np.uint8(220), np.uint8(0))
    none = np.zeros_like(seen)
    body = [drawn.column(image, 90, y, 4) for y in (70, 350)]
    finding = Finding((Line(line.polygon, 0.9, "カッ", 0.7), *body), none, seen, none)
    kinds = {region.text: region.kind for region in regions.detect(image, finding, CFG).regions}
    assert kinds["カッ"] == "sfx"


@pytest.mark.parametrize(("size", "kind"), [(50, "speech"), (90, "sfx")])
def test_what_the_network_alone_sees_in_a_balloon_is_speech_up_to_some_times_the_size_of_the_texts(size, kind):
    """A thing that somebody speaks of may be drawn in the balloon."""
    image = drawn.page(600, 600)
    drawn.hatched(image)
    drawn.balloon(image, (130, 150), (80, 100))
    drawn.balloon(image, (420, 380), (90, 100))
    line = drawn.column(image, 120, 100, 4)
    blank = image.copy()
    drawn.column(image, 420 - size // 2, 380 - size // 2, 1, em=size)
    seen = np.where((image != blank).any(2), np.uint8(240), np.uint8(0))
    balloon = np.zeros_like(seen)
    cv2.ellipse(balloon, (420, 380), (90, 100), 0, 0, 360, 230, -1)
    finding = Finding((line,), np.zeros_like(seen), seen, balloon)
    drawing = next(region for region in regions.detect(image, finding, CFG).regions if region.box.left > 300)
    assert drawing.kind == kind


@pytest.mark.parametrize(
    ("balloon", "effect", "kind"), [(250, 0, "speech"), (250, 120, "sfx"), (150, 0, "sfx"), (0, 0, "sfx")]
)
def test_handwriting_in_a_balloon_that_is_not_closed_is_speech_where_the_network_sees_but_type(balloon, effect, kind):
    """It reads badly, so that the network alone knows."""
    image = drawn.page(500, 500)
    blank = image.copy()
    columns = [Line(drawn.column(image, left, 140, 4, em=30).polygon, 0.9, "欠陥品か", 0.5) for left in (120, 160)]
    letters = (image != blank).any(2)
    maps = _levels(letters, 220, effect)
    (region,) = regions.detect(image, Finding(tuple(columns), *maps, np.full_like(maps[0], balloon)), CFG).regions
    assert region.bubble is None
    assert region.kind == kind


@pytest.mark.parametrize(
    ("balloon", "hatching", "kind"), [(245, False, "speech"), (200, False, "sfx"), (245, True, "sfx")]
)
def test_marks_in_a_balloon_that_is_not_closed_are_speech_where_the_network_is_sure_of_it(balloon, hatching, kind):
    """`!!!` in a burst that a panel's edge cuts, say; on art it is an effect."""
    image = drawn.page(500, 500)
    if hatching:
        drawn.hatched(image)
    blank = image.copy()
    drawn.column(image, 200, 200, 2, em=30)
    seen = np.where((image != blank).any(2), np.uint8(240), np.uint8(0))
    finding = Finding((), seen, np.zeros_like(seen), np.full_like(seen, balloon))
    assert {region.kind for region in regions.detect(image, finding, CFG).regions} == {kind}


@pytest.mark.parametrize(
    ("level", "left", "top", "goes"),
    [(150, 240, 150, False), (230, 240, 150, True), (150, 224, 150, True), (150, 213, 262, True)],
)
def test_beside_an_effect_goes_what_the_network_is_sure_of_and_what_stands_in_its_lines(level, left, top, goes):
    """A hand or an ear beside drawn letters is taken for lettering now and then, but never surely.

    A line may end before its last letter does.
    """
    image = drawn.page(400, 400, tone=150)
    drawn.hatched(image)
    blank = image.copy()
    line = drawn.column(image, 200, 100, 4, em=40, text="ドカーン")
    seen = np.where((image != blank).any(2), np.uint8(220), np.uint8(0))
    image[top : top + 20, left : left + 14] = 0
    seen[top : top + 20, left : left + 14] = level
    none = np.zeros_like(seen)
    mask = regions.detect(image, Finding((line,), none, seen, none), SegmentConfig(keep=())).mask
    assert mask[105:250, 205:225].any()
    assert mask[top + 2 : top + 6, left + 2 : left + 12].all() == goes


@pytest.mark.parametrize("flat", [False, True])
def test_lines_of_art_that_show_under_an_effects_mask_stay(monkeypatch, flat):
    image = drawn.page()
    if not flat:
        drawn.hatched(image)
    letters = np.zeros(image.shape[:2], bool)
    letters[150:250, 120:140] = letters[150:250, 168:188] = True
    image[letters] = 0
    seen, none = np.where(letters, np.uint8(230), np.uint8(0)), np.zeros(letters.shape, np.uint8)
    finding, cfg = Finding((), none, seen, none), SegmentConfig(keep=("other",))
    before = regions.detect(image, finding, cfg).mask
    asked = []

    def shown(page, mask, lettering):
        asked.append((page.shape[:2], mask.shape, lettering.shape))
        return mask.copy()

    monkeypatch.setattr(regions.ruled, "shown", shown)
    after = regions.detect(image, finding, cfg).mask
    assert before[letters].all()
    np.testing.assert_array_equal(after, before & flat)
    assert bool(asked) != flat
    assert all(len(set(shapes)) == 1 for shapes in asked)
