"""Lines joined and marks normalised as a translator expects."""

import pytest

from mangaclean import wording


@pytest.mark.parametrize(
    ("lines", "language", "text"),
    [
        (["夢の", "翼は"], "ja", "夢の翼は"),
        (["NO", "WAY"], "ja", "NO WAY"),
        (["HELLO", "THERE"], "en", "HELLO THERE"),
        (["won-", "derful"], "en", "wonderful"),
        (["WON-", "DERFUL"], "en", "WONDERFUL"),
        (["Jean-", "Luc"], "en", "Jean-Luc"),
        (["wait--", "no"], "en", "wait-- no"),
        (["나는", "", "학생"], "ko", "나는 학생"),
        ([], "ja", ""),
    ],
)
def test_joined(lines: list[str], language: str, text: str) -> None:
    assert wording.joined(lines, language) == text


@pytest.mark.parametrize(
    ("read", "text"),
    [
        ("え...", "え…"),
        ("え・・・・・・", "え……"),
        ("え….…", "え……"),
        ("ジョン・スミス", "ジョン・スミス"),
        ("そう。", "そう。"),
        ("なに!?", "なに！？"),
        ("‼", "！！"),
        ("OK!", "OK!"),
        ("ｱｲｳ", "アイウ"),
        ("夢 の 翼", "夢の翼"),
        ("Yes sir", "Yes sir"),
        ("メニュ一", "メニュー"),
        ("第一話", "第一話"),
        ("ケーキ一個", "ケーキ一個"),
        ("カ一ド", "カード"),
        ("わー-", "わーー"),
        ("シ口ップ", "シロップ"),
        ("スープを口に", "スープを口に"),
        ("コーヒー二杯", "コーヒー二杯"),
        ("そっちヘいく", "そっちへいく"),
        ("ペット", "ペット"),
    ],
)
def test_normal_japanese(read: str, text: str) -> None:
    assert wording.normal(read, "ja") == text
    assert wording.normal(text, "ja") == text


def test_other_languages_keep_their_own_marks() -> None:
    assert wording.normal(".…. let's see. . . so..", "en") == "... let's see... so..."
    assert wording.normal("Mr. X is 3.5 m", "en") == "Mr. X is 3.5 m"
    assert wording.normal("  What?!   | am... ", "en") == "What?! I am..."
    assert wording.normal("什么!", "zh") == "什么！"


@pytest.mark.parametrize(
    ("text", "language"),
    [("すごい！", "ja"), ("東京タワー", "ja"), ("안녕하세요", "ko"), ("你好", "zh"), ("HELLO", "en"), ("…", "en")],
)
def test_mixed_texts_are_known_by_their_letters(text: str, language: str) -> None:
    assert wording.spoken(text, "mixed") == language
    assert wording.spoken(text, "fr") == "fr"


def test_the_language_of_a_book_of_mixed_text_is_that_of_most_texts():
    texts = ["こんにちは", "Hello", "안녕", "Good-bye", ""]
    assert wording.commonest(texts, "mixed") == "en"
    assert wording.commonest(texts, "ja") == "ja"
    assert wording.commonest([], "mixed") == ""
