"""Text as translators expect it: lines joined, marks in one form, letters that look alike put right."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

KATAKANA = "ァ-ヺー"
HIRAGANA = "ぁ-ゖ"
KANJI = "々〇㐀-䶿一-鿿"
# What a reader takes for a katakana, when it stands among katakana
TWINS = dict(zip("口力二夕工卜八へべぺ", "ロカニタエトハヘベペ", strict=True))
_AMONG_KATAKANA = re.compile(
    f"(?<=[{KATAKANA}])[口力二夕工卜八](?=[{KATAKANA}]|$)|(?<=[{KATAKANA}])[へべぺ](?=[{KATAKANA}])"
)
_AMONG_HIRAGANA = re.compile(f"(?<=[{HIRAGANA}])[ヘベペ](?=[{HIRAGANA}])")
_LONG = re.compile(
    f"(?<=[{KATAKANA}])[一―—–-](?![{KANJI}])|(?<=[{HIRAGANA}])[―—–-](?=[{HIRAGANA}{KATAKANA}！？。、…っッ]|$)"
)
_HALFWIDTH = re.compile("[｡-ﾟ]+")
_DOTS = re.compile(r"[.．・･‥…]{2,}|。{2,}|‥")
_LATIN_DOTS = re.compile(r"[.·…‥](?:\s?[.·…‥])+")
_WIDE = str.maketrans({"!": "！", "?": "？", "~": "〜", "～": "〜", "(": "（", ")": "）"})
_EAST = re.compile(f"[{HIRAGANA}{KATAKANA}{KANJI}]")
_LATIN_END, _LATIN_START = re.compile(r"[A-Za-z,.;:]$"), re.compile(r"^[A-Za-z]")


_HANGUL = re.compile("[가-힣ᄀ-ᇿ]")
_KANA = re.compile(f"[{HIRAGANA}{KATAKANA}]")
_HAN = re.compile(f"[{KANJI}]")
MIXED = "mixed"  # stands for a language where each text may be in another one


def spoken(text: str, language: str) -> str:
    """The language of one text: `language`, or what the text's letters say where that is `mixed`."""
    if language != MIXED:
        return language
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    return "zh" if _HAN.search(text) else "en"


def commonest(texts: Iterable[str], language: str) -> str:
    """The language code of a book: `language`, or what most of its texts are in where that is `mixed`; "" for none."""
    if language != MIXED:
        return language
    counts = Counter(spoken(text, MIXED) for text in texts if text.strip())
    return counts.most_common(1)[0][0] if counts else ""


def spaced(language: str) -> bool:
    """Whether words are written apart."""
    return language not in ("ja", "zh")


def joined(lines: Sequence[str], language: str) -> str:
    """The lines of one region as one text; words that a hyphen divides at a line's end are made whole."""
    text = ""
    for line in filter(None, (line.strip() for line in lines)):
        if not text:
            text = line
        elif spaced(language):
            if re.search(r"[A-Za-z]-$", text) and line[0].isalpha():
                # A hyphen goes with the break, unless the second half begins anew with a capital: Jean-|Luc.
                keep = line[0].isupper() and not text[-2].isupper()
                text = (text if keep else text[:-1]) + line
            else:
                text += " " + line
        else:
            text += (" " if _LATIN_END.search(text) and _LATIN_START.match(line) else "") + line
    return text


def normal(text: str, language: str) -> str:
    """A text with dots, marks and spaces in the form that its language uses, and with letters among their kind."""
    text = text.strip()
    if spaced(language):
        text = _LATIN_DOTS.sub("...", re.sub(r"\s+", " ", text))
        return text.replace("|", "I")
    text = _HALFWIDTH.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _DOTS.sub(_dots, text)
    if _EAST.search(text) or not re.search("[A-Za-z]", text):
        text = text.translate(_WIDE).replace("⁉", "！？").replace("‼", "！！").replace("⁈", "？！")
    text = re.sub(r"(?<![A-Za-z,.])\s+|\s+(?![A-Za-z])", "", text)
    if language == "ja":
        text = _LONG.sub("ー", text)
        text = _AMONG_KATAKANA.sub(lambda match: TWINS[match[0]], text)
        text = _AMONG_HIRAGANA.sub(lambda match: chr(ord(match[0]) - 0x60), text)
    return text


def _dots(match: re.Match[str]) -> str:
    """One ellipsis for three dots or fewer; as many as were drawn for more."""
    marks = match[0]
    dots = sum({"…": 3, "‥": 2}.get(mark, 1) for mark in marks)
    return "…" * max(round(dots / 3), 1)
