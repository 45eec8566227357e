"""Looking over translations."""

from pathlib import Path

import pytest
import reportlab
from hypothesis import given
from hypothesis import strategies as st

from mangaclean import textcheck
from mangaclean.errors import InputError, MissingError
from mangaclean.interchange.figures import differing, in_words
from mangaclean.textfile import PageModel, RegionModel, TextFile

FONT = Path(reportlab.__file__).parent / "fonts/Vera.ttf"
BUBBLE = (0, 0, 100, 200)


def file(*pairs, language="ja", **fields):
    """A text.json with these source texts and translations."""
    values = {"box": (20, 20, 80, 180), "bubble": BUBBLE, "font_size": 20.0, "action": "fill"} | fields
    regions = [RegionModel(text=text, translation=words, **values) for text, words in pairs]
    return TextFile(language=language, pages=[PageModel(page="001.jpg", width=100, height=200, regions=regions)])


def problems(*pairs, lacks=None, **fields):
    return [(finding.order, finding.problem) for finding in textcheck.check(file(*pairs, **fields), lacks)]


FINE = ("行くぞ！", "Let's go!"), ("うん…", "Yeah…"), ("え？", "Eh?")


def test_good_translations_are_left_alone():
    assert problems(*FINE, ("OK！", "OK!"), ("…", "…"), ("３人だ", "Three of them.")) == []


def test_missing_ones():
    assert problems(("行くぞ", ""), ("うん", " \n"), ("", "")) == [(1, "empty"), (2, "empty"), (3, "empty")]
    assert problems(("ドン", ""), action="keep") == []


def test_untranslated_ones():
    assert problems(*FINE, ("行くぞ", "行くぞ")) == [(4, "same")]
    assert problems(*FINE, ("行くぞ", "Go ぞ!")) == [(4, "untranslated")]
    assert problems(("一", "一"), ("二", "二")) == [(1, "same"), (2, "same")]
    assert problems(("Off we go then", "Off we go then"), ("Bob!", "Bob!"), ("Why?", "Warum?"), language="en") == [
        (1, "same")
    ]


def test_letters_that_both_languages_have_tell_nothing():
    assert problems(("行くぞ", "走吧"), ("十年前", "十年前"), ("うん", "嗯")) == []
    assert problems(("走吧", "行くぞ"), ("好", "良い"), ("十年前", "十年前"), language="zh") == []


def test_long_ones():
    assert problems(("行くぞ", "word " * 10)) == []
    assert problems(("行くぞ", "word " * 60)) == [(1, "long")]
    assert problems(("行くぞ", "word " * 60), bubble=None, box=(0, 0, 300, 300)) == []
    assert problems(("行くぞ", "word " * 60), font_size=0.0) == []


def test_how_long_is_told_as_it_is_reckoned():
    room = 100 * 200 * textcheck.USABLE
    (region,) = file(("あ", "語" * 10)).pages[0].regions
    assert textcheck.crowding(region) == pytest.approx(10 * textcheck.LINE * (20 * textcheck.SMALLEST) ** 2 / room)
    for figure in (textcheck.NARROW, textcheck.LINE):
        assert str(figure) in textcheck.HOW_LONG


@pytest.mark.parametrize(
    ("source", "translation", "missing", "extra"),
    [
        ("３人で12:30に", "3 people at 12:30", [], []),
        ("3人", "three people", [], []),
        ("21歳", "Twenty-one!", [], []),
        ("1000円", "1,000 yen", [], []),
        ("1000円", "A thousand yen", [], []),
        ("3万円", "30,000 yen", [], []),
        ("3万円", "40,000 yen", [], ["40,000"]),
        ("三十分", "30 minutes", [], []),
        ("三十分", "half an hour", [], []),
        ("三十分", "40 minutes", [], ["40"]),
        ("二〇二四年", "In 2024", [], []),
        ("一緒に", "together", [], []),
        ("9時に", "at 9:00", [], []),
        ("9時に", "at 10:00", ["9"], ["10"]),
        ("第1話", "Episode 1", [], []),
        ("5 5", "5", ["5"], []),
        ("3", "三", [], []),
        ("two of us", "2人", [], []),
        ("1.5倍", "1.5 times", [], []),
        ("007", "7", [], []),
        ("", "1", [], ["1"]),
    ],
)
def test_numbers(source, translation, missing, extra):
    assert differing(source, translation) == (missing, extra)
    assert (problems((source or "え", translation)) == [(1, "numbers")]) == bool(missing or extra)


def test_numbers_in_words():
    assert {"300"} <= in_words("Three hundred!")
    assert {"2020"} <= in_words("two thousand and twenty")
    assert {"105", "7"} <= in_words("a hundred and five, or seven")


@given(st.text(), st.text())
def test_no_text_is_too_odd_to_be_looked_over(source, translation):
    textcheck.check(file((source, translation)))
    assert differing(source, source)[1] == []


@given(st.integers(0, 99_999_999))
def test_any_number_is_the_same_in_all_digits(number):
    wide = str(number).translate({ord("0") + n: chr(ord("０") + n) for n in range(10)})
    kanji = str(number).translate({ord("0") + n: digit for n, digit in enumerate("〇一二三四五六七八九")})
    for other in (wide, kanji, f"{number:,}"):
        assert differing(str(number), other) == ([], [])


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        ("(a [b] {c})", ""),
        ("「あ『い』」", ""),
        ('"a" “b” „c“ »d« «e» it\'s', ""),
        ("(a", "("),
        ("a)", ")"),
        ("「a』", "』 「"),
        ('say "a', '"'),
        ("“a", "“"),
    ],
)
def test_brackets(text, loose):
    assert textcheck.unbalanced(text) == loose
    assert problems(("え", text), language="") == ([(1, "brackets")] if loose else [])


def test_a_quote_over_two_balloons_is_open_in_both_languages():
    assert problems(("「行くぞ", '"Let us go')) == []
    assert problems(("行くぞ", '"Let us go')) == [(1, "brackets")]


def test_glyphs_that_a_font_lacks():
    lacks = textcheck.lacking(FONT)
    assert not any(map(lacks, "Aé…?!\"'ß"))
    assert all(map(lacks, "あ漢ő"))
    found = textcheck.check(file(("行くぞ", "Gő \u200b\n!")), lacks)
    assert [(finding.problem, finding.said) for finding in found] == [("glyphs", "the font lacks ő (U+0151)")]


def test_fonts_that_are_none(tmp_path):
    with pytest.raises(MissingError, match="no such file"):
        textcheck.lacking(tmp_path / "no.ttf")
    (tmp_path / "no.ttf").write_text("no font")
    with pytest.raises(InputError, match="cannot be read"):
        textcheck.lacking(tmp_path / "no.ttf")
