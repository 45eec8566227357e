"""Where a text may be broken into lines, and what each break costs."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from mangaclean.markup import Copy

LONG = 9  # letters from which a word may be hyphenated
STUB = 3  # letters that stay together at either end of it
HYPHEN = 1.0  # costs, in squares of the room's width
INSIDE = 0.12  # within a phrase of Chinese or Japanese
AFTER = 0.2  # after a dash or dots within a word
SMALL = 0.03  # after "a", "the", "à": they belong to what follows

# Japanese Industrial Standard X 4051 and its Chinese counterpart: what never begins, and what never ends a line
CLOSERS = frozenset(
    "、。，．・：；？！゛゜´｀¨＾￣＿々〻ゝゞヽヾーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
    "’”）〕］｝〉》」』】°′″℃％‰〟–〜～…‥,.!?:;)]}»›%‼⁇⁈⁉♪♡♥★☆"
)
OPENERS = frozenset("‘“（〔［｛〈《「『【＄￥£€$([{«‹¿¡〝")
PAIRS = frozenset(("……", "——", "――", "‥‥", "──", "！！", "？！", "！？", "？？"))
_DASH = re.compile(r"(?<=[^\W\d_])(?:[-‐–—―/]|\.{2,}|…+)(?=[^\W_])")


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a line may end: before character `at`; `forced`: has to. With `hyphen` the line gets one."""

    at: int
    cost: float = 0.0
    hyphen: bool = False
    forced: bool = False


def breaks(copy: Copy, language: str = "", hyphens: bool = False) -> tuple[Break, ...]:
    """All places where lines may end, the end of the text last. Blanks about them belong to no line."""
    text = copy.text
    inside = {i for ruby in copy.rubies for i in range(ruby.start + 1, ruby.end)}
    found: dict[int, Break] = {}
    for match in re.finditer(r"\S+", text.replace("\u00a0", "\u2060").replace("\u202f", "\u2060")):
        start, end = match.span()
        if start:
            found[start] = _between(text, start)
        for place in _within(copy, start, end, language, hyphens):
            if start < place.at < end:
                found.setdefault(place.at, place)
    made = [place for at, place in sorted(found.items()) if at not in inside and (place.forced or _allowed(text, at))]
    return (*made, Break(len(text), forced=True))


def is_ideographic(char: str) -> bool:
    """Chinese and Japanese letters, between any two of which a line may end."""
    code = ord(char)
    return 0x2E80 <= code <= 0x2FDF or 0x3005 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or code >= 0x20000 or (
        0x31F0 <= code <= 0x31FF or 0xF900 <= code <= 0xFAFF or 0xFF01 <= code <= 0xFF9F or 0x3000 <= code <= 0x3004
    )  # fmt: skip


def _between(text: str, start: int) -> Break:
    """The break in the white space before `start`."""
    blank = text[:start]
    gap = blank[len(blank.rstrip()) :]
    word = re.search(r"(\w+)\s*$", blank)
    small = word is not None and len(word[1]) <= 2 and word[1].isalpha() and not any(map(is_ideographic, word[1]))
    return Break(start, SMALL if small and "\n" not in gap else 0.0, forced="\n" in gap)


def _allowed(text: str, at: int) -> bool:
    """No line begins with a mark that closes, or ends with one that opens; a mark alone stays with its word."""
    before = text[:at].rstrip()
    after = re.match(r"\S*", text[at:])
    word = after[0] if after else ""
    if not word or not before:
        return False
    alone = all(_is_mark(char) for char in word) and not any(char in OPENERS for char in word)
    last = re.search(r"\S+$", before)
    opening = last is not None and all(char in OPENERS or char in "-–—" for char in last[0])
    spaced = before != text[:at]
    if spaced:
        return not alone and not opening
    return word[0] not in CLOSERS and before[-1] not in OPENERS and before[-1] + word[0] not in PAIRS


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "P" or char in "~～♪♡♥"


def _within(copy: Copy, start: int, end: int, language: str, hyphens: bool) -> list[Break]:
    word = copy.text[start:end]
    if any(is_ideographic(char) for char in word):
        phrases = _phrases(word, language)
        return [
            Break(start + i, 0.0 if i in phrases else INSIDE)
            for i in range(1, len(word))
            if is_ideographic(word[i - 1]) or is_ideographic(word[i])
        ]
    found = [Break(start + match.end(), AFTER) for match in _DASH.finditer(word)]
    if hyphens:
        for match in re.finditer(r"[^\W\d_]+", word):
            if match[0].upper() in copy.names:
                continue
            first = start + match.start()
            found += [Break(first + i, HYPHEN, hyphen=True) for i in hyphenation(match[0], language)]
    return found


def hyphenation(word: str, language: str) -> tuple[int, ...]:
    """Where a long word may be hyphenated; nowhere in a short one."""
    dictionary = _dictionary(language)
    if dictionary is None or len(word) < LONG:
        return ()
    return tuple(i for i in dictionary.positions(word.lower()) if STUB <= i <= len(word) - STUB)


@cache
def _dictionary(language: str) -> Any:
    import pyphen

    code = pyphen.language_fallback(language or "en")
    return pyphen.Pyphen(lang=code) if code else None


@cache
def _phraser(language: str) -> Any:
    import budoux

    makers = {"ja": budoux.load_default_japanese_parser, "zh": budoux.load_default_simplified_chinese_parser}
    if language[:2] == "zh" and any(mark in language.lower() for mark in ("hant", "tw", "hk")):
        return budoux.load_default_traditional_chinese_parser()
    maker = makers.get(language[:2])
    return maker() if maker else None


def _phrases(text: str, language: str) -> frozenset[int]:
    """Where phrases end, as budoux finds them; everywhere for languages that it does not know."""
    parser = _phraser(language)
    if parser is None:
        return frozenset(range(len(text)))
    ends, at = set(), 0
    for phrase in parser.parse(text):
        at += len(phrase)
        ends.add(at)
    return frozenset(ends)
