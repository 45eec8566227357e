"""Numbers in a text, whichever digits they are written in, and whether a translation has the same."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")} | {"零": 0}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "億": 10**8, "兆": 10**12, "萬": 10**4, "亿": 10**8}
_KANJI = "".join([*_DIGITS, *_SMALL, *_LARGE])
# 1,000 and 1.000 are one number; 1.5 is one; 12:30 and 1, 2 are two
_ARABIC = r"[0-9]{1,3}(?:[.,][0-9]{3})+(?![0-9])|[0-9]+(?:\.[0-9]+)?"
_SHARP = re.compile("(?<=[0-9]):00(?![0-9])")  # 9:00 is what 9時 says
_NUMBER = re.compile(rf"(?P<arabic>{_ARABIC})(?P<unit>[{''.join([*_SMALL, *_LARGE])}]*)|(?P<kanji>[{_KANJI}]+)")
_UNITS = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NAMED = {word: n for n, word in enumerate(_UNITS)} | {word: n * 10 for n, word in enumerate(_TENS, 2)}
_NAMED |= {"first": 1, "once": 1, "second": 2, "twice": 2, "third": 3, "dozen": 12}
_TIMES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}


class Figure(NamedTuple):
    """A number in a text: what it may be written as, and whether a translation has to have it in some form."""

    values: frozenset[str]
    firm: bool
    shown: str


def differing(source: str, translation: str) -> tuple[list[str], list[str]]:
    """The numbers that only the source has, and those that only the translation has.

    Numbers in words are known in English alone. Those with kanji (一人, 十分, 3万) often mean no amount, or are said in
    another way: a translation may leave them out, and one that has digits may have them from there.
    """
    wanted, found = list(figures(source)), list(figures(translation))
    spoken = in_words(translation)
    missing = [
        figure.shown for figure in wanted if figure.firm and not _take(found, figure) and not figure.values & spoken
    ]
    spare, told = [figure for figure in wanted if not figure.firm], in_words(source)
    extra = [figure.shown for figure in found if figure.firm and not _take(spare, figure) and not figure.values & told]
    return missing, extra


def _take(among: list[Figure], figure: Figure) -> bool:
    for other in among:
        if other.values & figure.values:
            among.remove(other)
            return True
    return False


def figures(text: str) -> Iterator[Figure]:
    """The numbers of a text in Arabic (ASCII or full-width) and kanji digits."""
    text = _SHARP.sub("", unicodedata.normalize("NFKC", text))
    for match in _NUMBER.finditer(text):
        if kanji := match["kanji"]:
            yield Figure(frozenset({str(_value(kanji)), "".join(str(_DIGITS.get(k, "")) for k in kanji)}), False, kanji)
            continue
        digits = re.sub("[.,]", "", match["arabic"])
        plain = digits.lstrip("0") or "0"
        values = {plain}
        if match["unit"] and "." not in match["arabic"]:
            values.add(str(_value(digits + match["unit"])))
        yield Figure(frozenset(values), not match["unit"], match[0])


def in_words(text: str) -> set[str]:
    """The numbers that an English text says in words: twenty-one, three hundred, a million."""
    found: set[str] = set()
    total = part = 0
    for word in [*re.findall("[a-z]+", text.lower()), ""]:
        if word in _NAMED:
            found |= {str(part), str(_NAMED[word])}
            goes_on = part >= 100 or (part >= 20 and _NAMED[word] < 10)
            part = part + _NAMED[word] if goes_on else _NAMED[word]
        elif word in _TIMES:
            part = max(part, 1) * _TIMES[word]
            if _TIMES[word] >= 1000:
                total, part = total + part, 0
        elif word != "and":
            found.add(str(total + part))
            total = part = 0
            continue
        found |= {str(part), str(total + part)}
    return found - {"0"}


def _value(text: str) -> int:
    """What 三百二十, 二〇二四 or 3万5千 amounts to."""
    total = part = 0
    digits = ""
    for letter in text:
        if letter in _LARGE:
            total += max(part + int(digits or 0), 1) * _LARGE[letter]
            part, digits = 0, ""
        elif letter in _SMALL:
            part += int(digits or 1) * _SMALL[letter]
            digits = ""
        else:
            digits += str(_DIGITS.get(letter, letter))
    return total + part + int(digits or 0)
