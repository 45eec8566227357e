"""Regions whose strokes and kind a network's maps decide, on drawn pages."""

import cv2
import numpy as np
import pytest

from mangaclean import regions
from mangaclean.config import SegmentConfig
from mangaclean.types import Finding, Line
from tests import drawn

CFG = SegmentConfig()


@pytest.mark.parametrize(("drawn_by_hand", "kind"), [(False, "speech"), (True, "sfx")])
def test_text_in_a_balloon_that_nobody_can_read_is_what_the_network_takes_it_for(drawn_by_hand, kind):
    image = drawn.page()
    drawn.hatched(image)
    drawn.balloon(image, (200, 200), (90, 110))
    blank = image.copy()
    line = drawn.column(image, 210, 130, 5)
    seen = np.where((image != blank).any(2), np.uint8(220), np.uint8(0))
    none = np.zeros_like(seen)
    maps = (none, seen) if drawn_by_hand else (seen, none)
    unread = Line(line.polygon, 0.9, "早本星", 0.4)
    (region,) = regions.detect(image, Finding((unread,), *maps, none), CFG).regions
    assert region.kind == kind


@pytest.mark.parametrize(
    ("typeset", "confidence", "falls", "kind"),
    [(220, 0.7, 0, "speech"), (220, 0.5, 0, "sfx"), (150, 0.7, 0, "sfx"), (220, 0.7, 10, "sfx")],
)
def test_a_name_on_a_card_is_text_where_the_network_and_the_reader_agree(typeset, confidence, falls, kind):
    """On a card of parchment, that is, and level; else it is an effect."""
    image = drawn.page(400, 400, tone=120)
    drawn.hatched(image)
    drawn.sheet(image, 120, 120, 290, 180)
    blank = image.copy()
    cv2.putText(image, "IIII", (150, 163), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 4)
    seen = np.where((image != blank).any(2), np.uint8(typeset), np.uint8(0))
    none = np.zeros_like(seen)
    card = Line(((148, 132), (256, 132 + falls), (256, 168 + falls), (148, 168)), 0.9, "ベッバー", confidence)
    (region,) = regions.detect(image, Finding((card,), seen, none, none), CFG).regions
    assert region.bubble is not None
    assert region.kind == kind


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
