"""Where lines may end."""

import pytest

from mangaclean import bidi, markup
from mangaclean.breaking import breaks, hyphenation
from mangaclean.markup import parse


def lines(text, language="en", hyphens=False):
    """The pieces between all breaks, blanks left out."""
    copy = parse(text, language)
    at, made = 0, []
    for place in breaks(copy, language, hyphens):
        made.append(copy.text[at : place.at].strip() + "-" * place.hyphen)
        at = place.at
    return made


def test_between_words_and_after_hyphens_and_dots():
    assert lines("A well-known thing... maybe...not") == ["A", "well-", "known", "thing...", "maybe...", "not"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Quoi ?!", "Quoi ?!"),
        ("« Non »", "« Non »"),
        ("Wait ...", "Wait..."),  # letterers set no blank there
        ("Wait ...!", "Wait ...!"),
        ("Stop !", "Stop !"),
        ("a\u00a0b", "a\u00a0b"),
        ("- Hello", "- Hello"),
    ],
)
def test_no_mark_stands_alone(text, kept):
    assert lines(text) == [kept]


def test_line_breaks_of_a_person_are_kept():
    copy = parse("One two\nthree")
    assert [place.at for place in breaks(copy) if place.forced] == [8, 13]


def test_long_words_may_be_divided_names_and_short_words_not():
    assert lines("The recommendation", hyphens=True) != lines("The recommendation")
    assert lines("a letter for Constantinople", hyphens=True) == ["a", "letter", "for", "Constantinople"]
    assert hyphenation("letter", "en") == ()
    assert all(3 <= at <= len("recommendation") - 3 for at in hyphenation("recommendation", "en"))
    assert hyphenation("recommendation", "xx") == ()


def test_kinsoku():
    for text in ("「そうですか。」と、言った！？", "ちょっとまって……", "（笑）だよー"):
        for line in lines(text, "xx"):
            assert line[0] not in "。、」）！？っゃゅょー…"
            assert line[-1] not in "「（"


def test_japanese_phrases_cost_less_than_breaks_within_them():
    copy = parse("今日は天気です。")
    costs = {place.at: place.cost for place in breaks(copy, "ja")}
    assert costs[3] < costs[4]


def test_readings_are_not_divided():
    copy = parse("これは{漢字|かんじ}だ")
    assert copy.text == "これは漢字だ"
    assert 4 not in {place.at for place in breaks(copy, "ja")}


def test_markup():
    copy = parse(r"I *really* mean 3*4 and \*this\*")
    assert copy.text == "I really mean 3*4 and *this*"
    assert "".join(c for c, loud in zip(copy.text, copy.loud, strict=True) if loud) == "really"
    assert parse("straße ist", "de", capitals=True).text == "STRASSE IST"
    assert len(parse("straße ist", "de", capitals=True).loud) == len("STRASSE IST")
    assert parse("istanbul", "tr", capitals=True).text == "İSTANBUL"


def test_bars_only_on_an_i_that_stands_alone():
    assert markup.barless(parse("I think it's I. I'm in IT", capitals=True)).text == "I THiNK iT'S I. I'M iN iT"


def test_mixed_directions():
    def seen(text, rtl):
        return "".join(text[r.start : r.end][:: -1 if r.rtl else 1] for r in bidi.runs(text, rtl))

    assert seen("abc", False) == "abc"
    assert seen("אבג 123", True) == "123 גבא"
    assert seen("אבג abc דהו", True) == "והד abc גבא"
    assert seen("say אבג!", False) == "say גבא!"
    assert seen("אבג!", True) == "!גבא"
    assert [bidi.is_rtl(text) for text in ("… אב", "a אב", "…")] == [True, False, False]
