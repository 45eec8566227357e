"""Formats of translators' tools: what is written comes back."""

import re

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from mangaclean import interchange
from mangaclean.interchange import Entry, Volume, placing, tables
from mangaclean.interchange.plaintext import guard, unbroken, unguard
from mangaclean.textfile import LineModel, PageModel, RegionModel, TextFile

VOLUME = Volume("Work", "ch01")
PLAIN = {"labelplus", "script"}
PIECES = [
    *("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "'=x", "''", "\t=1", "％", "＝1", "|", "%0a"),
    *(">>>>>>>>[001.jpg]<<<<<<<<", "----------------[1]----------------[0.5,0.5,1]", ">>>>>>>>[", "----------------["),
    *(
        "### 001.jpg",
        "### ",
        "###",
        "1. ",
        "12.",
        "１. x",
        "1.",
        " 3. x",
        "[1]",
        "(",
        "-",
        "a,b",
        'a"b',
        '"',
        ";",
        "\\",
    ),
    *("\n", "\n\n", "\r\n", "\r", " ", "\u3000", "\t", "\u2060", "\u2060\u2060", "\u2060 1.", "\u2028", "\x85", "\x0b"),
    *(
        "_x000A_",
        "_x0041_",
        "_",
        "\x00",
        "\x07",
        "\x1f",
        "\ufeff",
        "\ufffe",
        "\uffff",
        "😀",
        "👨‍👩‍👧",
        "あ",
        "「",
        "e\u0301",
    ),
    *("null", "0", "1e5", "001-0105", "1/2", "TRUE", "<b>&amp;</b>", "{", "[", "-- 1 --", "#N/A"),
]
words = st.one_of(
    st.just(""),
    st.sampled_from(PIECES),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=5).map("".join),
)
names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=6) | st.sampled_from(
    ["]<<<<<<<<", ",", '"', "### ", "=", " a", "vol 1/0"]
)


@st.composite
def regions(draw):
    left, top = draw(st.tuples(st.integers(0, 900), st.integers(0, 1300)) | st.just((5, 5)))
    box = left, top, left + draw(st.integers(1, 90)), top + draw(st.integers(1, 90) | st.just(7))
    corner = st.tuples(st.integers(0, 999), st.integers(0, 1399))
    lines = draw(
        st.lists(st.builds(LineModel, polygon=st.tuples(corner, corner, corner, corner), text=words), max_size=2)
    )
    kind = draw(st.sampled_from(["speech", "caption", "sfx"]))
    return RegionModel(box=box, text=draw(words), translation=draw(words), kind=kind, lines=lines, order=draw(orders))


orders = st.integers(0, 3)


@st.composite
def texts(draw):
    pages = [
        PageModel(page=f"p{name}{i}.png", width=1000, height=1400, regions=draw(st.lists(regions(), max_size=4)))
        for i, name in enumerate(draw(st.lists(names, max_size=3)))
    ]
    return TextFile(pages=pages)


def there_and_back(form, text):
    made = interchange.load(form)
    return made.read(made.write(text, VOLUME), "file")


def each(text, change):
    pages = [
        page.model_copy(update={"regions": [region.model_copy(update=change(region)) for region in page.regions]})
        for page in text.pages
    ]
    return text.model_copy(update={"pages": pages})


def arrives(form, region):
    """The translation that a region without one gets from a file."""
    words = unbroken(region.translation)
    plain = Entry("", 1, words, plain=form in PLAIN)
    untouched = plain.plain and placing._same(plain, region.text)
    return "" if untouched or not words.strip() else words


def sample():
    line = LineModel(polygon=((60, 10), (80, 10), (80, 90), (60, 90)), text="はい!")
    both = [
        RegionModel(box=(40, 10, 80, 90), text="はい！", kind="speech", lines=[line], vertical=True, font_size=20.0),
        RegionModel(box=(0, 150, 50, 190), text="ドン", translation="BOOM\nBOOM", kind="sfx", color="#102030"),
    ]
    return TextFile(pages=[PageModel(page="001.jpg", width=100, height=200, regions=both)])


ONE = TextFile(pages=[PageModel(page="001.jpg", width=100, height=200, regions=[RegionModel(box=(1, 2, 30, 40))])])
SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("form", interchange.FORMATS)
@given(text=texts())
@example(text=TextFile())
@example(text=ONE)
@SLOW
def test_a_file_that_comes_back_as_it_was_changes_nothing(form, text):
    assume(text.pages or form not in PLAIN)  # a file of either that names no page is taken for something else
    placed = placing.place(text, there_and_back(form, text))
    assert placed.text == text
    assert (placed.added, placed.changed, placed.lost, placed.notes) == (0, [], [], [])


@pytest.mark.parametrize("form", interchange.FORMATS)
@given(text=texts())
@SLOW
def test_every_translation_arrives(form, text):
    assume(text.pages or form not in PLAIN)
    bare = each(text, lambda region: {"translation": ""})
    placed = placing.place(bare, there_and_back(form, text))
    assert placed.lost == []
    for page, made in zip(text.pages, placed.text.pages, strict=True):
        wanted = [arrives(form, region) for region in page.regions]
        assert [unbroken(region.translation) for region in made.regions] == wanted


@pytest.mark.parametrize("form", ["bt", "mokuro", "csv"])
@given(text=texts())
@SLOW
def test_without_ids_it_goes_by_place(form, text):
    entries = there_and_back(form, each(text, lambda region: {"id": ""}))
    placed = placing.place(each(text, lambda region: {"translation": ""}), entries)
    wanted = [[arrives(form, region) for region in page.regions] for page in text.pages]
    assert [[unbroken(region.translation) for region in page.regions] for page in placed.text.pages] == wanted


@given(words, st.sampled_from([r"###\s|\d+\.", r">>>>>>>>\["]))
def test_guarded_lines_are_no_marks(text, mark):
    lines = guard(text, mark).split("\n")
    assert not any(re.match(mark, line.strip()) for line in lines)
    assert unguard(lines, mark) == unbroken(text)


@given(words)
@example(" \r\n")
def test_no_cell_is_a_formula(text):
    tamed = tables.tame(text)
    assert tables.untame(tamed) == text
    assert not re.match(r"[=+\-@\t\r]", tamed.lstrip(" "))
