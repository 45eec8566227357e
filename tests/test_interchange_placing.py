"""Which region an entry of a file means, and what becomes of the translation that is there."""

import pytest

from mangaclean.interchange import Entry, placing
from mangaclean.types import Box
from tests.test_interchange import sample


def test_a_page_worked_on_at_another_size_is_scaled():
    entry = Entry("001.jpg", 7, "Yes", box=Box(80, 20, 160, 180), size=(200, 400))
    assert placing.place(sample(), [entry]).text.pages[0].regions[0].translation == "Yes"


def test_ids_come_before_place_and_place_before_numbers():
    text = sample()
    first, second = (region.id for region in text.pages[0].regions)
    swapped = [
        Entry("001.jpg", 1, "second", id=second, box=Box(40, 10, 80, 90)),
        Entry("001.jpg", 2, "first", id=first, box=Box(0, 150, 50, 190)),
    ]
    assert [r.translation for r in placing.place(text, swapped).text.pages[0].regions] == ["first", "second"]
    moved = [
        Entry("001.jpg", 1, "second", id="gone", box=Box(2, 148, 52, 191)),
        Entry("001.jpg", 2, "first", box=Box(44, 12, 78, 80)),
    ]
    assert [r.translation for r in placing.place(text, moved).text.pages[0].regions] == ["first", "second"]


def test_a_place_that_is_none_is_no_number():
    astray = Entry("001.jpg", 1, "?", box=Box(90, 100, 95, 110))
    assert placing.place(sample(), [astray]).lost == [astray]
    other_scan = [astray, Entry("001.jpg", 2, "!", box=Box(90, 120, 95, 130))]
    assert [r.translation for r in placing.place(sample(), other_scan).text.pages[0].regions] == ["?", "!"]


@pytest.mark.parametrize("name", ["001.jpg", "cleaned\\001.PNG", "vol/001.jpg", "001", " 001.jpg "])
def test_pages_are_known_under_other_names(name):
    placed = placing.place(sample(), [Entry(name, 1, "Yes")])
    assert placed.text.pages[0].regions[0].translation == "Yes"


def test_two_texts_for_one_region_are_told():
    twice = [Entry("001.jpg", 1, words, point=(0.6, 0.25)) for words in ("Yes", "No")]
    placed = placing.place(sample(), twice)
    assert placed.text.pages[0].regions[0].translation == "Yes"
    assert placed.lost == [twice[1]]


def test_nothing_takes_a_translation_away():
    placed = placing.place(sample(), [Entry("001.jpg", 2, "  "), Entry("001.jpg", 1, "")])
    assert placed.text == sample()
    assert placed.empty == 2


def test_source_text_left_in_a_plain_file_is_no_translation():
    placed = placing.place(
        sample(), [Entry("001.jpg", 1, "はい！ ", plain=True), Entry("001.jpg", 2, "ドン", plain=True)]
    )
    assert placed.text == sample()
